/* Job: the node of a YAML tree.
 * Place: within platform/yaml: built by yaml_build.c, read and freed by yaml_read.c.
 * Owns: a node owns its name, text and items.
 * Threads: no shared state. */
#ifndef PLATFORM_YAML_YAML_NODE_H
#define PLATFORM_YAML_YAML_NODE_H

#include "platform/yaml/yaml.h"

struct hb_yaml {
    enum hb_yaml_kind kind;
    int line;
    bool is_plain; /* a scalar without quotes */
    char *name;    /* NULL unless a map's item */
    char *text;    /* NULL unless a scalar */
    struct hb_yaml *first, *last, *next;
};

#endif
