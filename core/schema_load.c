/* Makes a schema from its text: every keyword is known, or the schema is refused. */
#include "core/schema_load.h"

#include "core/json_scan.h"

#include <stdlib.h>

#define NODES_FIRST 32

enum hb_err hb_schema_refuse(const struct hb_schema_loader *loader, struct hb_cursor at, const char *why)
{
    size_t shown = at.raw.len < 80 ? at.raw.len : 80;
    return hb_fail(loader->reterr, HB_ERR_INVALID, "schema: %s, at %.*s", why, (int)shown, at.raw.ptr);
}

enum hb_err hb_schema_add_nodes(struct hb_schema_loader *loader, size_t count, hb_schema_index *ret_first)
{
    struct hb_schema *schema = loader->schema;
    if (schema->count + count > HB_SCHEMA_NODES_MAX)
        return hb_fail(loader->reterr, HB_ERR_INVALID, "schema: more than %d schemas inside", HB_SCHEMA_NODES_MAX);
    if (schema->count + count > schema->capacity) {
        size_t capacity = 2 * (schema->count + count) + NODES_FIRST;
        struct hb_schema_node *nodes = realloc(schema->nodes, capacity * sizeof(*nodes));
        if (!nodes)
            return hb_fail(loader->reterr, HB_ERR_MEMORY, "out of memory");
        schema->nodes = nodes;
        schema->capacity = capacity;
    }
    *ret_first = (hb_schema_index)schema->count;
    for (size_t i = 0; i < count; i++)
        schema->nodes[schema->count++] = (struct hb_schema_node){.length_max = UINT64_MAX};
    return HB_OK;
}

struct hb_schema_node *hb_schema_node_at(struct hb_schema_loader *loader, hb_schema_index at)
{
    return &loader->schema->nodes[at];
}

size_t hb_schema_count(struct hb_cursor container)
{
    struct hb_cursor item;
    size_t count = 0;
    for (size_t state = 0; hb_cursor_next(container, &state, NULL, &item);)
        count++;
    return count;
}

/* ---- a schema ---- */

/* The keyword, if it may stand here and did not before; else NULL, and it is refused. */
static const struct hb_schema_keyword *take_keyword(const struct hb_schema_loader *loader, hb_schema_index at,
                                                    struct hb_cursor value, struct hb_str name)
{
    const struct hb_schema_keyword *keyword = hb_schema_keyword_find(name);
    struct hb_cursor item;
    struct hb_str other;
    size_t count = 0;
    for (size_t state = 0; hb_cursor_next(value, &state, &other, &item);)
        count += hb_str_eq(other, name) ? 1 : 0;
    if (keyword && count == 1 && (at == 0 || !keyword->is_for_top))
        return keyword;
    (void)hb_fail(loader->reterr, HB_ERR_INVALID, "schema: the keyword \"%.*s\" %s",
                  (int)(name.len < 80 ? name.len : 80), name.ptr,
                  !keyword    ? "is not known here"
                  : count > 1 ? "stands twice"
                              : "stands only at the top");
    return NULL;
}

/* Recursion is as deep as the text, which hb_json_scan bounds. */
enum hb_err hb_schema_load_node(struct hb_schema_loader *loader, hb_schema_index at, struct hb_cursor value)
{
    struct hb_cursor item;
    struct hb_str name;
    enum hb_err err = value.kind == HB_CURSOR_OBJECT ? HB_OK : hb_schema_refuse(loader, value, "a schema is no object");
    for (size_t state = 0; !err && hb_cursor_next(value, &state, &name, &item);) {
        const struct hb_schema_keyword *keyword = take_keyword(loader, at, value, name);
        err = keyword ? keyword->load(loader, at, item) : HB_ERR_INVALID;
    }
    const struct hb_schema_node *node = hb_schema_node_at(loader, at);
    if (!err && !node->condition != !node->consequence)
        err = hb_schema_refuse(loader, value, "if and then go together");
    return err;
}

/* ---- all of it ---- */

/* How many schemas deep a check goes below this one; HB_SCHEMA_DEPTH_MAX or more when it is too deep, or has no end. */
static unsigned depth_of(const struct hb_schema *schema, hb_schema_index at, unsigned char *depths)
{
    enum { UNDER_WAY = 255 };
    const struct hb_schema_node *node = &schema->nodes[at];
    unsigned deepest = 0;
    if (depths[at])
        return depths[at];
    depths[at] = UNDER_WAY;
    const hb_schema_index inner[] = {node->additional, node->names,     node->items,
                                     node->ref,        node->condition, node->consequence};
    size_t fixed = sizeof(inner) / sizeof(inner[0]), count = fixed + node->members_count + node->one_of_count;
    for (size_t i = 0; i < count; i++) {
        hb_schema_index child = i < fixed                         ? inner[i]
                                : i < fixed + node->members_count ? node->members[i - fixed].schema
                                                                  : node->one_of[i - fixed - node->members_count];
        unsigned depth = child ? depth_of(schema, child, depths) : 0;
        deepest = depth > deepest ? depth : deepest;
    }
    deepest = deepest < UNDER_WAY - 1 ? deepest + 1 : UNDER_WAY - 1;
    depths[at] = (unsigned char)deepest;
    return deepest;
}

static enum hb_err load_defs(struct hb_schema_loader *loader, struct hb_cursor top)
{
    struct hb_cursor item;
    loader->defs = hb_cursor_member(top, HB_STR("$defs"));
    if (loader->defs.kind == HB_CURSOR_NONE)
        return HB_OK;
    if (loader->defs.kind != HB_CURSOR_OBJECT)
        return hb_schema_refuse(loader, loader->defs, "$defs is no object");
    enum hb_err err = hb_schema_add_nodes(loader, hb_schema_count(loader->defs), &loader->defs_first);
    hb_schema_index at = loader->defs_first;
    for (size_t state = 0; !err && hb_cursor_next(loader->defs, &state, NULL, &item); at++)
        err = hb_schema_load_node(loader, at, item);
    return err;
}

static enum hb_err load(struct hb_schema_loader *loader, struct hb_str text)
{
    unsigned char depths[HB_SCHEMA_NODES_MAX] = {0};
    hb_schema_index top = 0;
    size_t at;
    if (hb_json_scan(text, &at))
        return hb_fail(loader->reterr, HB_ERR_INVALID, "schema: no JSON, at byte %zu", at);
    loader->schema->strings = hb_buf_make(text.len);
    enum hb_err err = hb_buf_reserve(&loader->schema->strings, text.len);
    if (err)
        return hb_fail(loader->reterr, err, "out of memory");
    struct hb_cursor root = hb_cursor_root(text);
    err = hb_schema_add_nodes(loader, 1, &top);
    err = err ? err : load_defs(loader, root);
    err = err ? err : hb_schema_load_node(loader, top, root);
    if (!err && depth_of(loader->schema, top, depths) > HB_SCHEMA_DEPTH_MAX)
        return hb_fail(loader->reterr, HB_ERR_INVALID, "schema: more than %d schemas deep, or a circle of $ref",
                       HB_SCHEMA_DEPTH_MAX);
    return err;
}

enum hb_err hb_schema_new(struct hb_str text, struct hb_schema **ret_schema, struct hb_error *reterr)
{
    struct hb_schema *schema = calloc(1, sizeof(*schema));
    struct hb_schema_loader loader = {.schema = schema, .reterr = reterr};
    if (!schema)
        return hb_fail(reterr, HB_ERR_MEMORY, "out of memory");
    enum hb_err err = load(&loader, text);
    if (err) {
        hb_schema_free(&schema);
        return err;
    }
    *ret_schema = schema;
    return HB_OK;
}

void hb_schema_free(struct hb_schema **schema)
{
    struct hb_schema *ending = *schema;
    for (size_t i = 0; ending && i < ending->count; i++) {
        free(ending->nodes[i].words);
        free(ending->nodes[i].pattern);
        free(ending->nodes[i].members);
        free(ending->nodes[i].one_of);
    }
    if (ending) {
        hb_buf_deinit(&ending->strings);
        free(ending->nodes);
        free(ending);
    }
    *schema = NULL;
}
