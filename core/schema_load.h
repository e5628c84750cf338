/* Job: what the making of a schema is made of: schema_load.c walks the text, schema_keywords.c reads the keywords.
 *
 * Place: included by those two only. Owns / borrows: the nodes are the schema's; a loader lives for one text. Fails:
 * HB_ERR_INVALID with words in the loader's reterr, HB_ERR_MEMORY. Threads: no shared state. */
#ifndef CORE_SCHEMA_LOAD_H
#define CORE_SCHEMA_LOAD_H

#include "core/schema_internal.h"

struct hb_schema_loader {
    struct hb_schema *schema;
    struct hb_cursor defs;      /* of $defs; kind NONE: none */
    hb_schema_index defs_first; /* their nodes stand in a row, in their order */
    struct hb_error *reterr;
};

/* ---- schema_load.c ---- */
/* HB_ERR_INVALID, with what stands at `at` shown. */
HB_MUST_USE enum hb_err hb_schema_refuse(const struct hb_schema_loader *loader, struct hb_cursor at, const char *why);
/* Nodes move when there are more of them: hold one by its index across this. */
HB_MUST_USE enum hb_err hb_schema_add_nodes(struct hb_schema_loader *loader, size_t count, hb_schema_index *ret_first);
struct hb_schema_node *hb_schema_node_at(struct hb_schema_loader *loader, hb_schema_index at);
/* Items or members. */
size_t hb_schema_count(struct hb_cursor container);
/* Reads a schema into the node at `at`. */
HB_MUST_USE enum hb_err hb_schema_load_node(struct hb_schema_loader *loader, hb_schema_index at,
                                            struct hb_cursor value);

/* ---- schema_keywords.c ---- */
/* A keyword: its value goes into the node. */
struct hb_schema_keyword {
    const char *name;
    enum hb_err (*load)(struct hb_schema_loader *loader, hb_schema_index at, struct hb_cursor value);
    bool is_for_top;
};
/* NULL: not known here. */
const struct hb_schema_keyword *hb_schema_keyword_find(struct hb_str name);

#endif
