/* Makes a schema from its text: every keyword is known here, or the schema is refused. */
#include "core/json_scan.h"
#include "core/schema_internal.h"
#include "core/words.h"

#include <stdlib.h>

#define DIALECT "https://json-schema.org/draft/2020-12/schema"
#define DEFS "#/$defs/"
#define NODES_FIRST 32

struct loader {
    struct hb_schema *schema;
    struct hb_cursor defs;      /* of $defs; kind NONE: none */
    hb_schema_index defs_first; /* their nodes stand in a row, in their order */
    struct hb_error *reterr;
};

/* A keyword: its value goes into the node. */
struct keyword {
    const char *name;
    enum hb_err (*load)(struct loader *loader, hb_schema_index at, struct hb_cursor value);
    bool is_for_top;
};

static enum hb_err load_node(struct loader *loader, hb_schema_index at, struct hb_cursor value);

static enum hb_err refuse(const struct loader *loader, struct hb_cursor at, const char *why)
{
    size_t shown = at.raw.len < 80 ? at.raw.len : 80;
    return hb_fail(loader->reterr, HB_ERR_INVALID, "schema: %s, at %.*s", why, (int)shown, at.raw.ptr);
}

/* Nodes move when there are more of them: hold one by its index across this. */
static enum hb_err add_nodes(struct loader *loader, size_t count, hb_schema_index *ret_first)
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

static struct hb_schema_node *node_at(struct loader *loader, hb_schema_index at)
{
    return &loader->schema->nodes[at];
}

/* The schema's own copy. */
static enum hb_err keep(struct loader *loader, struct hb_str raw, struct hb_str *ret_text)
{
    struct hb_buf *strings = &loader->schema->strings;
    size_t start = strings->len;
    enum hb_err err = hb_cursor_unescape(raw, strings);
    *ret_text = hb_str_n(strings->ptr + start, strings->len - start);
    return err;
}

static size_t count_of(struct hb_cursor container)
{
    struct hb_cursor item;
    size_t count = 0;
    for (size_t state = 0; hb_cursor_next(container, &state, NULL, &item);)
        count++;
    return count;
}

/* A schema inside this one. */
static enum hb_err load_inner(struct loader *loader, struct hb_cursor value, hb_schema_index *ret_index)
{
    enum hb_err err = add_nodes(loader, 1, ret_index);
    return err ? err : load_node(loader, *ret_index, value);
}

/* ---- keywords of a value by itself ---- */

static enum hb_err add_type(struct loader *loader, hb_schema_index at, struct hb_cursor value)
{
    static const char *const NAMES[] = {"null", "boolean", "integer", "number", "string", "array", "object"};
    for (size_t i = 0; value.kind == HB_CURSOR_STRING && i < sizeof(NAMES) / sizeof(NAMES[0]); i++)
        if (hb_cursor_text_eq(hb_cursor_text(value), hb_str_c(NAMES[i]))) {
            node_at(loader, at)->types |= 1u << i;
            return HB_OK;
        }
    return refuse(loader, value, "type is none of the seven");
}

static enum hb_err load_type(struct loader *loader, hb_schema_index at, struct hb_cursor value)
{
    if (value.kind != HB_CURSOR_ARRAY)
        return add_type(loader, at, value);
    struct hb_cursor item;
    enum hb_err err = count_of(value) > 0 ? HB_OK : refuse(loader, value, "type is an empty list");
    for (size_t state = 0; !err && hb_cursor_next(value, &state, NULL, &item);)
        err = add_type(loader, at, item);
    return err;
}

static enum hb_err load_enum(struct loader *loader, hb_schema_index at, struct hb_cursor value)
{
    size_t count = value.kind == HB_CURSOR_ARRAY ? count_of(value) : 0;
    struct hb_schema_node *node = node_at(loader, at);
    struct hb_cursor item;
    if (count == 0)
        return refuse(loader, value, "enum is no list of strings");
    node->words = calloc(count, sizeof(*node->words));
    enum hb_err err = node->words ? HB_OK : hb_fail(loader->reterr, HB_ERR_MEMORY, "out of memory");
    for (size_t state = 0; !err && hb_cursor_next(value, &state, NULL, &item);)
        err = item.kind == HB_CURSOR_STRING ? keep(loader, hb_cursor_text(item), &node->words[node->words_count++])
                                            : refuse(loader, item, "enum is no list of strings");
    return err;
}

static enum hb_err load_count(const struct loader *loader, struct hb_cursor value, uint64_t *ret_count)
{
    bool is_count = value.kind == HB_CURSOR_NUMBER && hb_str_to_u64(value.raw, ret_count);
    return is_count ? HB_OK : refuse(loader, value, "a limit is no whole number");
}

static enum hb_err load_min_length(struct loader *loader, hb_schema_index at, struct hb_cursor value)
{
    return load_count(loader, value, &node_at(loader, at)->length_min);
}

static enum hb_err load_max_length(struct loader *loader, hb_schema_index at, struct hb_cursor value)
{
    return load_count(loader, value, &node_at(loader, at)->length_max);
}

static enum hb_err load_min_items(struct loader *loader, hb_schema_index at, struct hb_cursor value)
{
    return load_count(loader, value, &node_at(loader, at)->items_min);
}

static enum hb_err load_minimum(struct loader *loader, hb_schema_index at, struct hb_cursor value)
{
    if (value.kind != HB_CURSOR_NUMBER)
        return refuse(loader, value, "minimum is no number");
    return keep(loader, value.raw, &node_at(loader, at)->minimum);
}

static enum hb_err load_pattern(struct loader *loader, hb_schema_index at, struct hb_cursor value)
{
    struct hb_schema_node *node = node_at(loader, at);
    if (value.kind != HB_CURSOR_STRING)
        return refuse(loader, value, "pattern is no string");
    enum hb_err err = keep(loader, hb_cursor_text(value), &node->pattern_text);
    node->pattern = malloc(sizeof(*node->pattern));
    if (err || !node->pattern)
        return hb_fail(loader->reterr, HB_ERR_MEMORY, "out of memory");
    return hb_pattern_make(node->pattern_text, node->pattern)
               ? refuse(loader, value, "pattern is not of the form core/pattern.h tells")
               : HB_OK;
}

static enum hb_err load_format(struct loader *loader, hb_schema_index at, struct hb_cursor value)
{
    struct hb_schema_node *node = node_at(loader, at);
    node->format = value.kind == HB_CURSOR_STRING ? hb_text_format_find(hb_cursor_text(value)) : NULL;
    return node->format ? HB_OK : refuse(loader, value, "format is none that is known here");
}

/* ---- keywords with schemas inside ---- */

/* The place of a name among the members, a new one if it has none yet. */
static enum hb_err find_member(struct loader *loader, hb_schema_index at, struct hb_cursor where, struct hb_str raw,
                               size_t *ret_place)
{
    struct hb_schema_node *node = node_at(loader, at);
    if (raw.len > 0 && memchr(raw.ptr, '\\', raw.len))
        return refuse(loader, where, "a member's name has an escape");
    for (*ret_place = 0; *ret_place < node->members_count; (*ret_place)++)
        if (hb_str_eq(node->members[*ret_place].name, raw))
            return HB_OK;
    if (node->members_count == HB_SCHEMA_MEMBERS_MAX)
        return refuse(loader, where, "too many members");
    if (!node->members)
        node->members = calloc(HB_SCHEMA_MEMBERS_MAX, sizeof(*node->members));
    if (!node->members)
        return hb_fail(loader->reterr, HB_ERR_MEMORY, "out of memory");
    return keep(loader, raw, &node->members[node->members_count++].name);
}

static enum hb_err load_required(struct loader *loader, hb_schema_index at, struct hb_cursor value)
{
    struct hb_cursor item;
    size_t place = 0;
    enum hb_err err = value.kind == HB_CURSOR_ARRAY ? HB_OK : refuse(loader, value, "required is no list");
    for (size_t state = 0; !err && hb_cursor_next(value, &state, NULL, &item);) {
        err = item.kind == HB_CURSOR_STRING ? find_member(loader, at, value, hb_cursor_text(item), &place)
                                            : refuse(loader, item, "required is no list of names");
        if (!err)
            node_at(loader, at)->required |= UINT64_C(1) << place;
    }
    return err;
}

static enum hb_err load_properties(struct loader *loader, hb_schema_index at, struct hb_cursor value)
{
    struct hb_cursor item;
    struct hb_str name;
    size_t place = 0;
    enum hb_err err = value.kind == HB_CURSOR_OBJECT ? HB_OK : refuse(loader, value, "properties is no object");
    for (size_t state = 0; !err && hb_cursor_next(value, &state, &name, &item);) {
        hb_schema_index inner = 0;
        err = find_member(loader, at, value, name, &place);
        if (!err && node_at(loader, at)->members[place].schema)
            err = refuse(loader, value, "a name stands twice");
        err = err ? err : load_inner(loader, item, &inner);
        if (!err)
            node_at(loader, at)->members[place].schema = inner;
    }
    return err;
}

#define HB_LOAD_ONE(function, member)                                                                                  \
    static enum hb_err function(struct loader *loader, hb_schema_index at, struct hb_cursor value)                     \
    {                                                                                                                  \
        hb_schema_index inner = 0;                                                                                     \
        enum hb_err err = load_inner(loader, value, &inner);                                                           \
        node_at(loader, at)->member = err ? 0 : inner;                                                                 \
        return err;                                                                                                    \
    }
HB_LOAD_ONE(load_additional, additional)
HB_LOAD_ONE(load_names, names)
HB_LOAD_ONE(load_items, items)
HB_LOAD_ONE(load_if, condition)
HB_LOAD_ONE(load_then, consequence)
#undef HB_LOAD_ONE

static enum hb_err load_one_of(struct loader *loader, hb_schema_index at, struct hb_cursor value)
{
    size_t count = value.kind == HB_CURSOR_ARRAY ? count_of(value) : 0;
    if (count == 0)
        return refuse(loader, value, "oneOf is no list of schemas");
    hb_schema_index *one_of = calloc(count, sizeof(*one_of));
    if (!one_of)
        return hb_fail(loader->reterr, HB_ERR_MEMORY, "out of memory");
    node_at(loader, at)->one_of = one_of;
    struct hb_cursor item;
    enum hb_err err = HB_OK;
    for (size_t state = 0; !err && hb_cursor_next(value, &state, NULL, &item);)
        err = load_inner(loader, item, &one_of[node_at(loader, at)->one_of_count++]);
    return err;
}

static enum hb_err load_ref(struct loader *loader, hb_schema_index at, struct hb_cursor value)
{
    struct hb_str text = value.kind == HB_CURSOR_STRING ? hb_cursor_text(value) : HB_STR("");
    struct hb_str prefix = HB_STR(DEFS), name;
    struct hb_cursor item;
    if (!hb_str_has_prefix(text, prefix) || loader->defs.kind == HB_CURSOR_NONE)
        return refuse(loader, value, "$ref leads nowhere in #/$defs/");
    hb_schema_index found = loader->defs_first;
    for (size_t state = 0; hb_cursor_next(loader->defs, &state, &name, &item); found++)
        if (hb_str_eq(name, hb_str_n(text.ptr + prefix.len, text.len - prefix.len))) {
            node_at(loader, at)->ref = found;
            return HB_OK;
        }
    return refuse(loader, value, "$ref leads nowhere in #/$defs/");
}

/* ---- keywords without meaning for a check ---- */

static enum hb_err load_nothing(struct loader *loader, hb_schema_index at, struct hb_cursor value)
{
    (void)loader;
    (void)at;
    (void)value;
    return HB_OK;
}

static enum hb_err load_dialect(struct loader *loader, hb_schema_index at, struct hb_cursor value)
{
    (void)at;
    bool is_ours = value.kind == HB_CURSOR_STRING && hb_cursor_text_eq(hb_cursor_text(value), HB_STR(DIALECT));
    return is_ours ? HB_OK : refuse(loader, value, "$schema is not " DIALECT);
}

/* ---- a schema ---- */

static const struct keyword *find_keyword(struct hb_str name)
{
    static const struct keyword KEYWORDS[] = {
        {"type", load_type, false},
        {"enum", load_enum, false},
        {"minLength", load_min_length, false},
        {"maxLength", load_max_length, false},
        {"minItems", load_min_items, false},
        {"minimum", load_minimum, false},
        {"pattern", load_pattern, false},
        {"format", load_format, false},
        {"required", load_required, false},
        {"properties", load_properties, false},
        {"additionalProperties", load_additional, false},
        {"propertyNames", load_names, false},
        {"items", load_items, false},
        {"if", load_if, false},
        {"then", load_then, false},
        {"oneOf", load_one_of, false},
        {"$ref", load_ref, false},
        {"title", load_nothing, false},
        {"description", load_nothing, false},
        {"examples", load_nothing, true},
        {"$schema", load_dialect, true},
        {"$id", load_nothing, true},
        {"$defs", load_nothing, true}, /* loaded before all else */
    };
    int keyword = HB_WORDS_FIND_ROW(KEYWORDS, name, name);
    return keyword >= 0 ? &KEYWORDS[keyword] : NULL;
}

/* The keyword, if it may stand here and did not before; else NULL, and it is refused. */
static const struct keyword *take_keyword(const struct loader *loader, hb_schema_index at, struct hb_cursor value,
                                          struct hb_str name)
{
    const struct keyword *keyword = find_keyword(name);
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
static enum hb_err load_node(struct loader *loader, hb_schema_index at, struct hb_cursor value)
{
    struct hb_cursor item;
    struct hb_str name;
    enum hb_err err = value.kind == HB_CURSOR_OBJECT ? HB_OK : refuse(loader, value, "a schema is no object");
    for (size_t state = 0; !err && hb_cursor_next(value, &state, &name, &item);) {
        const struct keyword *keyword = take_keyword(loader, at, value, name);
        err = keyword ? keyword->load(loader, at, item) : HB_ERR_INVALID;
    }
    const struct hb_schema_node *node = node_at(loader, at);
    if (!err && !node->condition != !node->consequence)
        err = refuse(loader, value, "if and then go together");
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

static enum hb_err load_defs(struct loader *loader, struct hb_cursor top)
{
    struct hb_cursor item;
    loader->defs = hb_cursor_member(top, HB_STR("$defs"));
    if (loader->defs.kind == HB_CURSOR_NONE)
        return HB_OK;
    if (loader->defs.kind != HB_CURSOR_OBJECT)
        return refuse(loader, loader->defs, "$defs is no object");
    enum hb_err err = add_nodes(loader, count_of(loader->defs), &loader->defs_first);
    hb_schema_index at = loader->defs_first;
    for (size_t state = 0; !err && hb_cursor_next(loader->defs, &state, NULL, &item); at++)
        err = load_node(loader, at, item);
    return err;
}

static enum hb_err load(struct loader *loader, struct hb_str text)
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
    err = add_nodes(loader, 1, &top);
    err = err ? err : load_defs(loader, root);
    err = err ? err : load_node(loader, top, root);
    if (!err && depth_of(loader->schema, top, depths) > HB_SCHEMA_DEPTH_MAX)
        return hb_fail(loader->reterr, HB_ERR_INVALID, "schema: more than %d schemas deep, or a circle of $ref",
                       HB_SCHEMA_DEPTH_MAX);
    return err;
}

enum hb_err hb_schema_new(struct hb_str text, struct hb_schema **ret_schema, struct hb_error *reterr)
{
    struct hb_schema *schema = calloc(1, sizeof(*schema));
    struct loader loader = {.schema = schema, .reterr = reterr};
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
