/* Job: a YAML document written by a person, as a small tree whose nodes know their line.
 *
 * Place: the only includer of libyaml. Used by the configuration.
 * Owns / borrows: a document is freed whole with its root; views live as the document.
 * Fails: HB_ERR_INVALID (not YAML, or one of what we leave out: anchors, aliases, tags, several documents, keys that
 * are no scalars, duplicate keys, NUL in a text), HB_ERR_TOO_LARGE, HB_ERR_MEMORY. Messages begin "name:line: ".
 * Limits: 1 MiB, 16 levels, 100,000 nodes.
 * Threads: no shared state. Scalars stay text: what they mean, the reader of a key knows (so `no` is a country if the
 * key says so).
 *
 * Example:
 *     struct hb_yaml *root;
 *     err = hb_yaml_parse("hookbus.yaml", text, &root, &error);
 *     for (const struct hb_yaml *section = hb_yaml_first(root); section; section = hb_yaml_next(section)) … */
#ifndef PLATFORM_YAML_YAML_H
#define PLATFORM_YAML_YAML_H

#include "hookbus/bytes.h"

#define HB_YAML_BYTES_MAX (1024 * 1024)
#define HB_YAML_DEPTH_MAX 16
#define HB_YAML_NODES_MAX 100000

struct hb_yaml; /* a node; the root is the document */
enum hb_yaml_kind { HB_YAML_SCALAR, HB_YAML_LIST, HB_YAML_MAP };

/* Parses one document; an empty one is an empty map. `name` stands in messages. */
HB_MUST_USE enum hb_err hb_yaml_parse(const char *name, struct hb_str text, struct hb_yaml **ret_root,
                                      struct hb_error *reterr);
/* Frees a root; NULL is allowed; sets the pointer to NULL. */
void hb_yaml_free(struct hb_yaml **root);
enum hb_yaml_kind hb_yaml_kind(const struct hb_yaml *node);
/* Where it stands (a map's value: where its key stands), counted from 1. */
int hb_yaml_line(const struct hb_yaml *node);
/* The text of a scalar, without NUL inside; empty for other kinds. */
struct hb_str hb_yaml_text(const struct hb_yaml *node);
/* True for a scalar that says "nothing": an empty value, ~ or null, not quoted. */
bool hb_yaml_is_null(const struct hb_yaml *node);
/* Of a map's or list's first item and the next; NULL at the end, or if node is NULL or a scalar. */
const struct hb_yaml *hb_yaml_first(const struct hb_yaml *node);
const struct hb_yaml *hb_yaml_next(const struct hb_yaml *item);
/* The key of a map's item; empty otherwise. */
struct hb_str hb_yaml_name(const struct hb_yaml *item);
/* The item of that key, or NULL (also if node is NULL or no map). */
const struct hb_yaml *hb_yaml_get(const struct hb_yaml *node, const char *name);

#endif
