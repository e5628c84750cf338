#include "core/schema.h"

#include "core/schema_internal.h"

struct check {
    const struct hb_schema *schema;
    struct hb_schema_fault *fault; /* NULL: nobody wants to know */
};

static bool fits(const struct check *check, hb_schema_index index, struct hb_cursor value,
                 const struct hb_schema_place *place);

static bool fail(const struct check *check, const struct hb_schema_node *node, enum hb_schema_rule rule,
                 const struct hb_schema_place *place)
{
    if (check->fault)
        hb_schema_say(check->schema, node, rule, place, check->fault);
    return false;
}

/* ---- a value by itself ---- */

/* Every type the value has: a number may be an integer as well. */
static unsigned types_of_value(struct hb_cursor value, unsigned wanted)
{
    switch (value.kind) {
    case HB_CURSOR_NULL:
        return HB_SCHEMA_NULL;
    case HB_CURSOR_BOOL:
        return HB_SCHEMA_BOOLEAN;
    case HB_CURSOR_NUMBER:
        if ((wanted & HB_SCHEMA_INTEGER) && hb_cursor_number_is_integer(value.raw))
            return HB_SCHEMA_NUMBER | HB_SCHEMA_INTEGER;
        return HB_SCHEMA_NUMBER;
    case HB_CURSOR_STRING:
        return HB_SCHEMA_STRING;
    case HB_CURSOR_ARRAY:
        return HB_SCHEMA_ARRAY;
    case HB_CURSOR_OBJECT:
        return HB_SCHEMA_OBJECT;
    case HB_CURSOR_NONE:
        break;
    }
    HB_ASSERT(false && "a value that is none");
    return 0;
}

static bool is_word(const struct hb_schema_node *node, struct hb_cursor value)
{
    for (size_t i = 0; value.kind == HB_CURSOR_STRING && i < node->words_count; i++)
        if (hb_cursor_text_eq(hb_cursor_text(value), node->words[i]))
            return true;
    return false;
}

/* Characters, not bytes; counting ends where the answer is known. */
static bool is_length_right(const struct hb_schema_node *node, struct hb_str raw)
{
    if (node->length_min <= 1 && node->length_max >= raw.len)
        return raw.len >= node->length_min;
    uint64_t count = 0;
    for (size_t at = 0; at < raw.len && count <= node->length_max; count++)
        (void)hb_cursor_text_point(raw, &at);
    return count >= node->length_min && count <= node->length_max;
}

static bool text_fits(const struct check *check, const struct hb_schema_node *node, struct hb_str raw,
                      const struct hb_schema_place *place)
{
    if (!is_length_right(node, raw))
        return fail(check, node, HB_SCHEMA_RULE_LENGTH, place);
    if (node->pattern && !hb_pattern_matches(node->pattern, raw))
        return fail(check, node, HB_SCHEMA_RULE_PATTERN, place);
    if (node->format && !node->format->fits(raw))
        return fail(check, node, HB_SCHEMA_RULE_FORMAT, place);
    return true;
}

/* ---- what has others inside ---- */

static bool items_fit(const struct check *check, const struct hb_schema_node *node, struct hb_cursor array,
                      const struct hb_schema_place *place)
{
    if (!node->items && node->items_min == 0)
        return true;
    struct hb_schema_place inner = {.up = place};
    struct hb_cursor item;
    for (size_t state = 0; hb_cursor_next(array, &state, NULL, &item); inner.index++)
        if (node->items && !fits(check, node->items, item, &inner))
            return false;
    return inner.index >= node->items_min || fail(check, node, HB_SCHEMA_RULE_ITEMS, place);
}

/* The name as a string value: its quotes stand around it. */
static struct hb_cursor name_value(struct hb_str raw_name)
{
    return (struct hb_cursor){HB_CURSOR_STRING, hb_str_n(raw_name.ptr - 1, raw_name.len + 2)};
}

static bool member_fits(const struct check *check, const struct hb_schema_node *node, struct hb_cursor value,
                        const struct hb_schema_place *place, uint64_t *seen)
{
    const struct check silent = {check->schema, NULL};
    hb_schema_index schema = node->additional;
    for (size_t i = 0; i < node->members_count; i++)
        if (hb_cursor_text_eq(place->name, node->members[i].name)) {
            *seen |= UINT64_C(1) << i;
            schema = node->members[i].schema ? node->members[i].schema : schema;
            break;
        }
    if (node->names && !fits(&silent, node->names, name_value(place->name), place))
        return fail(check, &check->schema->nodes[node->names], HB_SCHEMA_RULE_NAME, place);
    return !schema || fits(check, schema, value, place);
}

static bool members_fit(const struct check *check, const struct hb_schema_node *node, struct hb_cursor object,
                        const struct hb_schema_place *place)
{
    if (node->members_count == 0 && !node->additional && !node->names)
        return true;
    struct hb_schema_place inner = {.up = place};
    struct hb_cursor value;
    uint64_t seen = 0;
    for (size_t state = 0; hb_cursor_next(object, &state, &inner.name, &value);)
        if (!member_fits(check, node, value, &inner, &seen))
            return false;
    uint64_t missing = node->required & ~seen;
    if (!missing)
        return true;
    const struct hb_schema_member *member = &node->members[__builtin_ctzll(missing)];
    inner.name = member->name;
    return fail(check, member->schema ? &check->schema->nodes[member->schema] : NULL, HB_SCHEMA_RULE_REQUIRED, &inner);
}

/* ---- schemas beside each other ---- */

/* Nothing fitted: the alternative that was meant is the one for values of this type; it says what is wrong inside. */
static bool explain_none(const struct check *check, const struct hb_schema_node *node, struct hb_cursor value,
                         const struct hb_schema_place *place)
{
    for (size_t i = 0; check->fault && i < node->one_of_count; i++) {
        unsigned types = hb_schema_types_of(check->schema, &check->schema->nodes[node->one_of[i]]);
        if (types & types_of_value(value, types))
            return fits(check, node->one_of[i], value, place);
    }
    return fail(check, node, HB_SCHEMA_RULE_NONE_OF, place);
}

static bool one_fits(const struct check *check, const struct hb_schema_node *node, struct hb_cursor value,
                     const struct hb_schema_place *place)
{
    const struct check silent = {check->schema, NULL};
    size_t count = 0;
    for (size_t i = 0; i < node->one_of_count && count < 2; i++)
        count += fits(&silent, node->one_of[i], value, place) ? 1 : 0;
    if (count == 0)
        return explain_none(check, node, value, place);
    return count == 1 || fail(check, node, HB_SCHEMA_RULE_MANY_OF, place);
}

static bool consequence_fits(const struct check *check, const struct hb_schema_node *node, struct hb_cursor value,
                             const struct hb_schema_place *place)
{
    const struct check silent = {check->schema, NULL};
    return !fits(&silent, node->condition, value, place) || fits(check, node->consequence, value, place);
}

static bool content_fits(const struct check *check, const struct hb_schema_node *node, struct hb_cursor value,
                         const struct hb_schema_place *place)
{
    switch (value.kind) {
    case HB_CURSOR_STRING:
        return text_fits(check, node, hb_cursor_text(value), place);
    case HB_CURSOR_NUMBER:
        return node->minimum.len == 0 || hb_cursor_number_cmp(value.raw, node->minimum) >= 0 ||
               fail(check, node, HB_SCHEMA_RULE_MINIMUM, place);
    case HB_CURSOR_ARRAY:
        return items_fit(check, node, value, place);
    case HB_CURSOR_OBJECT:
        return members_fit(check, node, value, place);
    case HB_CURSOR_NONE:
    case HB_CURSOR_NULL:
    case HB_CURSOR_BOOL:
        break;
    }
    return true;
}

static bool fits(const struct check *check, hb_schema_index index, struct hb_cursor value,
                 const struct hb_schema_place *place)
{
    const struct hb_schema_node *node = &check->schema->nodes[index];
    if (node->types && !(node->types & types_of_value(value, node->types)))
        return fail(check, node, HB_SCHEMA_RULE_TYPE, place);
    if (node->words_count && !is_word(node, value))
        return fail(check, node, HB_SCHEMA_RULE_ENUM, place);
    return content_fits(check, node, value, place) && (!node->ref || fits(check, node->ref, value, place)) &&
           (node->one_of_count == 0 || one_fits(check, node, value, place)) &&
           (!node->condition || consequence_fits(check, node, value, place));
}

bool hb_schema_fits(const struct hb_schema *schema, struct hb_str data, struct hb_schema_fault *ret_fault)
{
    const struct check check = {schema, ret_fault};
    return fits(&check, 0, hb_cursor_root(data), NULL);
}
