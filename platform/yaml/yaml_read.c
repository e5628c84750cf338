#include "platform/yaml/yaml.h"

#include "platform/yaml/yaml_node.h"

#include <stdlib.h>

/* Recursion is bounded by HB_YAML_DEPTH_MAX: nothing deeper is ever built. */
void hb_yaml_free(struct hb_yaml **root)
{
    if (!root || !*root)
        return;
    struct hb_yaml *item = (*root)->first;
    while (item) {
        struct hb_yaml *next = item->next;
        hb_yaml_free(&item);
        item = next;
    }
    free((*root)->name);
    free((*root)->text);
    free(*root);
    *root = NULL;
}

enum hb_yaml_kind hb_yaml_kind(const struct hb_yaml *node)
{
    return node->kind;
}

int hb_yaml_line(const struct hb_yaml *node)
{
    return node->line;
}

struct hb_str hb_yaml_text(const struct hb_yaml *node)
{
    return hb_str_c(node->text);
}

bool hb_yaml_is_null(const struct hb_yaml *node)
{
    struct hb_str text = hb_yaml_text(node);
    return node->kind == HB_YAML_SCALAR && node->is_plain &&
           (text.len == 0 || hb_str_eq(text, HB_STR("~")) || hb_str_eq(text, HB_STR("null")));
}

const struct hb_yaml *hb_yaml_first(const struct hb_yaml *node)
{
    return node ? node->first : NULL;
}

const struct hb_yaml *hb_yaml_next(const struct hb_yaml *item)
{
    return item ? item->next : NULL;
}

struct hb_str hb_yaml_name(const struct hb_yaml *item)
{
    return hb_str_c(item->name);
}

const struct hb_yaml *hb_yaml_get(const struct hb_yaml *node, const char *name)
{
    for (const struct hb_yaml *item = hb_yaml_first(node); item; item = item->next)
        if (item->name && strcmp(item->name, name) == 0)
            return item;
    return NULL;
}
