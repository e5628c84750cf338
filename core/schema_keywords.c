/* What each keyword of a schema puts into its node. */
#include "core/schema_load.h"

#include "core/words.h"

#include <stdlib.h>

#define DIALECT "https://json-schema.org/draft/2020-12/schema"
#define DEFS "#/$defs/"

/* The schema's own copy. */
static enum hb_err keep(struct hb_schema_loader *loader, struct hb_str raw, struct hb_str *ret_text)
{
    struct hb_buf *strings = &loader->schema->strings;
    size_t start = strings->len;
    enum hb_err err = hb_cursor_unescape(raw, strings);
    *ret_text = hb_str_n(strings->ptr + start, strings->len - start);
    return err;
}

/* A schema inside this one. */
static enum hb_err load_inner(struct hb_schema_loader *loader, struct hb_cursor value, hb_schema_index *ret_index)
{
    enum hb_err err = hb_schema_add_nodes(loader, 1, ret_index);
    return err ? err : hb_schema_load_node(loader, *ret_index, value);
}

/* ---- keywords of a value by itself ---- */

static enum hb_err add_type(struct hb_schema_loader *loader, hb_schema_index at, struct hb_cursor value)
{
    static const char *const NAMES[] = {"null", "boolean", "integer", "number", "string", "array", "object"};
    for (size_t i = 0; value.kind == HB_CURSOR_STRING && i < sizeof(NAMES) / sizeof(NAMES[0]); i++)
        if (hb_cursor_text_eq(hb_cursor_text(value), hb_str_c(NAMES[i]))) {
            hb_schema_node_at(loader, at)->types |= 1u << i;
            return HB_OK;
        }
    return hb_schema_refuse(loader, value, "type is none of the seven");
}

static enum hb_err load_type(struct hb_schema_loader *loader, hb_schema_index at, struct hb_cursor value)
{
    if (value.kind != HB_CURSOR_ARRAY)
        return add_type(loader, at, value);
    struct hb_cursor item;
    enum hb_err err = hb_schema_count(value) > 0 ? HB_OK : hb_schema_refuse(loader, value, "type is an empty list");
    for (size_t state = 0; !err && hb_cursor_next(value, &state, NULL, &item);)
        err = add_type(loader, at, item);
    return err;
}

static enum hb_err load_enum(struct hb_schema_loader *loader, hb_schema_index at, struct hb_cursor value)
{
    size_t count = value.kind == HB_CURSOR_ARRAY ? hb_schema_count(value) : 0;
    struct hb_schema_node *node = hb_schema_node_at(loader, at);
    struct hb_cursor item;
    if (count == 0)
        return hb_schema_refuse(loader, value, "enum is no list of strings");
    node->words = calloc(count, sizeof(*node->words));
    enum hb_err err = node->words ? HB_OK : hb_fail(loader->reterr, HB_ERR_MEMORY, "out of memory");
    for (size_t state = 0; !err && hb_cursor_next(value, &state, NULL, &item);)
        err = item.kind == HB_CURSOR_STRING ? keep(loader, hb_cursor_text(item), &node->words[node->words_count++])
                                            : hb_schema_refuse(loader, item, "enum is no list of strings");
    return err;
}

static enum hb_err load_count(const struct hb_schema_loader *loader, struct hb_cursor value, uint64_t *ret_count)
{
    bool is_count = value.kind == HB_CURSOR_NUMBER && hb_str_to_u64(value.raw, ret_count);
    return is_count ? HB_OK : hb_schema_refuse(loader, value, "a limit is no whole number");
}

static enum hb_err load_min_length(struct hb_schema_loader *loader, hb_schema_index at, struct hb_cursor value)
{
    return load_count(loader, value, &hb_schema_node_at(loader, at)->length_min);
}

static enum hb_err load_max_length(struct hb_schema_loader *loader, hb_schema_index at, struct hb_cursor value)
{
    return load_count(loader, value, &hb_schema_node_at(loader, at)->length_max);
}

static enum hb_err load_min_items(struct hb_schema_loader *loader, hb_schema_index at, struct hb_cursor value)
{
    return load_count(loader, value, &hb_schema_node_at(loader, at)->items_min);
}

static enum hb_err load_minimum(struct hb_schema_loader *loader, hb_schema_index at, struct hb_cursor value)
{
    if (value.kind != HB_CURSOR_NUMBER)
        return hb_schema_refuse(loader, value, "minimum is no number");
    return keep(loader, value.raw, &hb_schema_node_at(loader, at)->minimum);
}

static enum hb_err load_pattern(struct hb_schema_loader *loader, hb_schema_index at, struct hb_cursor value)
{
    struct hb_schema_node *node = hb_schema_node_at(loader, at);
    if (value.kind != HB_CURSOR_STRING)
        return hb_schema_refuse(loader, value, "pattern is no string");
    enum hb_err err = keep(loader, hb_cursor_text(value), &node->pattern_text);
    node->pattern = malloc(sizeof(*node->pattern));
    if (err || !node->pattern)
        return hb_fail(loader->reterr, HB_ERR_MEMORY, "out of memory");
    return hb_pattern_make(node->pattern_text, node->pattern)
               ? hb_schema_refuse(loader, value, "pattern is not of the form core/pattern.h tells")
               : HB_OK;
}

static enum hb_err load_format(struct hb_schema_loader *loader, hb_schema_index at, struct hb_cursor value)
{
    struct hb_schema_node *node = hb_schema_node_at(loader, at);
    node->format = value.kind == HB_CURSOR_STRING ? hb_text_format_find(hb_cursor_text(value)) : NULL;
    return node->format ? HB_OK : hb_schema_refuse(loader, value, "format is none that is known here");
}

/* ---- keywords with schemas inside ---- */

/* The place of a name among the members, a new one if it has none yet. */
static enum hb_err find_member(struct hb_schema_loader *loader, hb_schema_index at, struct hb_cursor where,
                               struct hb_str raw, size_t *ret_place)
{
    struct hb_schema_node *node = hb_schema_node_at(loader, at);
    if (raw.len > 0 && memchr(raw.ptr, '\\', raw.len))
        return hb_schema_refuse(loader, where, "a member's name has an escape");
    for (*ret_place = 0; *ret_place < node->members_count; (*ret_place)++)
        if (hb_str_eq(node->members[*ret_place].name, raw))
            return HB_OK;
    if (node->members_count == HB_SCHEMA_MEMBERS_MAX)
        return hb_schema_refuse(loader, where, "too many members");
    if (!node->members)
        node->members = calloc(HB_SCHEMA_MEMBERS_MAX, sizeof(*node->members));
    if (!node->members)
        return hb_fail(loader->reterr, HB_ERR_MEMORY, "out of memory");
    return keep(loader, raw, &node->members[node->members_count++].name);
}

static enum hb_err load_required(struct hb_schema_loader *loader, hb_schema_index at, struct hb_cursor value)
{
    struct hb_cursor item;
    size_t place = 0;
    enum hb_err err = value.kind == HB_CURSOR_ARRAY ? HB_OK : hb_schema_refuse(loader, value, "required is no list");
    for (size_t state = 0; !err && hb_cursor_next(value, &state, NULL, &item);) {
        err = item.kind == HB_CURSOR_STRING ? find_member(loader, at, value, hb_cursor_text(item), &place)
                                            : hb_schema_refuse(loader, item, "required is no list of names");
        if (!err)
            hb_schema_node_at(loader, at)->required |= UINT64_C(1) << place;
    }
    return err;
}

static enum hb_err load_properties(struct hb_schema_loader *loader, hb_schema_index at, struct hb_cursor value)
{
    struct hb_cursor item;
    struct hb_str name;
    size_t place = 0;
    enum hb_err err =
        value.kind == HB_CURSOR_OBJECT ? HB_OK : hb_schema_refuse(loader, value, "properties is no object");
    for (size_t state = 0; !err && hb_cursor_next(value, &state, &name, &item);) {
        hb_schema_index inner = 0;
        err = find_member(loader, at, value, name, &place);
        if (!err && hb_schema_node_at(loader, at)->members[place].schema)
            err = hb_schema_refuse(loader, value, "a name stands twice");
        err = err ? err : load_inner(loader, item, &inner);
        if (!err)
            hb_schema_node_at(loader, at)->members[place].schema = inner;
    }
    return err;
}

#define HB_LOAD_ONE(function, member)                                                                                  \
    static enum hb_err function(struct hb_schema_loader *loader, hb_schema_index at, struct hb_cursor value)           \
    {                                                                                                                  \
        hb_schema_index inner = 0;                                                                                     \
        enum hb_err err = load_inner(loader, value, &inner);                                                           \
        hb_schema_node_at(loader, at)->member = err ? 0 : inner;                                                       \
        return err;                                                                                                    \
    }
HB_LOAD_ONE(load_additional, additional)
HB_LOAD_ONE(load_names, names)
HB_LOAD_ONE(load_items, items)
HB_LOAD_ONE(load_if, condition)
HB_LOAD_ONE(load_then, consequence)
#undef HB_LOAD_ONE

static enum hb_err load_one_of(struct hb_schema_loader *loader, hb_schema_index at, struct hb_cursor value)
{
    size_t count = value.kind == HB_CURSOR_ARRAY ? hb_schema_count(value) : 0;
    if (count == 0)
        return hb_schema_refuse(loader, value, "oneOf is no list of schemas");
    hb_schema_index *one_of = calloc(count, sizeof(*one_of));
    if (!one_of)
        return hb_fail(loader->reterr, HB_ERR_MEMORY, "out of memory");
    hb_schema_node_at(loader, at)->one_of = one_of;
    struct hb_cursor item;
    enum hb_err err = HB_OK;
    for (size_t state = 0; !err && hb_cursor_next(value, &state, NULL, &item);)
        err = load_inner(loader, item, &one_of[hb_schema_node_at(loader, at)->one_of_count++]);
    return err;
}

static enum hb_err load_ref(struct hb_schema_loader *loader, hb_schema_index at, struct hb_cursor value)
{
    struct hb_str text = value.kind == HB_CURSOR_STRING ? hb_cursor_text(value) : HB_STR("");
    struct hb_str prefix = HB_STR(DEFS), name;
    struct hb_cursor item;
    if (!hb_str_has_prefix(text, prefix) || loader->defs.kind == HB_CURSOR_NONE)
        return hb_schema_refuse(loader, value, "$ref leads nowhere in #/$defs/");
    hb_schema_index found = loader->defs_first;
    for (size_t state = 0; hb_cursor_next(loader->defs, &state, &name, &item); found++)
        if (hb_str_eq(name, hb_str_n(text.ptr + prefix.len, text.len - prefix.len))) {
            hb_schema_node_at(loader, at)->ref = found;
            return HB_OK;
        }
    return hb_schema_refuse(loader, value, "$ref leads nowhere in #/$defs/");
}

/* ---- keywords without meaning for a check ---- */

static enum hb_err load_nothing(struct hb_schema_loader *loader, hb_schema_index at, struct hb_cursor value)
{
    (void)loader;
    (void)at;
    (void)value;
    return HB_OK;
}

static enum hb_err load_dialect(struct hb_schema_loader *loader, hb_schema_index at, struct hb_cursor value)
{
    (void)at;
    bool is_ours = value.kind == HB_CURSOR_STRING && hb_cursor_text_eq(hb_cursor_text(value), HB_STR(DIALECT));
    return is_ours ? HB_OK : hb_schema_refuse(loader, value, "$schema is not " DIALECT);
}

/* ---- all of them ---- */

const struct hb_schema_keyword *hb_schema_keyword_find(struct hb_str name)
{
    static const struct hb_schema_keyword KEYWORDS[] = {
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
