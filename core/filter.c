#include "core/filter.h"

#include "core/filter_program.h"
#include "core/json_cursor.h"
#include "core/json_scan.h"

#define WHY_PATH_BYTES_MAX 160
#define GROUP 8 /* members of a pattern looked up in one pass over the data */
/* What one match may cost, in bytes stepped over: every branch of the largest $or may look at the whole data, and no
 * pattern may look at lists within lists over and over. */
#define PASSES_MAX 256
#define WORK_SPARE (1024 * 1024)

/* The members on the way to where we are, on the stack. */
struct trail {
    const struct trail *above;
    struct hb_str name;
};

struct run {
    const struct hb_filter *filter;
    struct hb_error *why; /* NULL: nobody asks */
    size_t *left;         /* work that may still be done; 0: too much was asked */
};

static bool pattern_matches(const struct run *run, uint16_t first, struct hb_cursor value, const struct trail *trail);

static const struct hb_filter_node *node_at(const struct run *run, uint16_t index)
{
    return &run->filter->nodes[index];
}

static bool may_work(const struct run *run, size_t cost)
{
    *run->left = cost < *run->left ? *run->left - cost : 0;
    return *run->left > 0;
}

/* hb_cursor_next, as long as there is work left. */
static bool next(const struct run *run, struct hb_cursor container, size_t *state, struct hb_str *ret_name,
                 struct hb_cursor *ret_value)
{
    size_t before = *state;
    return *run->left > 0 && hb_cursor_next(container, state, ret_name, ret_value) && may_work(run, *state - before);
}

static size_t write_path(const struct trail *trail, char path[WHY_PATH_BYTES_MAX])
{
    if (!trail)
        return 0;
    size_t length = write_path(trail->above, path);
    if (length > 0 && length < WHY_PATH_BYTES_MAX)
        path[length++] = '.';
    for (size_t i = 0; i < trail->name.len && length < WHY_PATH_BYTES_MAX; i++)
        path[length++] = trail->name.ptr[i];
    return length;
}

/* Says once why, in a sentence, and answers false. */
static bool mismatch(const struct run *run, const struct trail *trail, const char *what)
{
    char path[WHY_PATH_BYTES_MAX];
    if (run->why)
        (void)hb_fail(run->why, HB_ERR_NOT_FOUND, "%.*s: %s", (int)write_path(trail, path), path, what);
    return false;
}

static bool literal_matches(const struct hb_filter_node *node, struct hb_cursor value)
{
    return (value.kind == HB_CURSOR_BOOL || value.kind == HB_CURSOR_NULL) && hb_str_eq(node->text, value.raw);
}

static bool comparison_holds(const struct hb_filter_node *node, struct hb_str number)
{
    int order = hb_cursor_number_cmp(number, node->text);
    switch ((int)node->kind) {
    case HB_FILTER_EQUAL:
        return order == 0;
    case HB_FILTER_LESS:
        return order < 0;
    case HB_FILTER_LESS_EQUAL:
        return order <= 0;
    case HB_FILTER_GREATER:
        return order > 0;
    default:
        return order >= 0;
    }
}

/* A number, or a string that is one as it stands ("19.90"; nobody escapes digits). */
static bool numeric_matches(const struct run *run, const struct hb_filter_node *node, struct hb_cursor value)
{
    struct hb_str number = value.raw;
    if (value.kind == HB_CURSOR_STRING) {
        number = hb_cursor_text(value);
        if (!hb_json_is_number(number))
            return false;
    } else if (value.kind != HB_CURSOR_NUMBER) {
        return false;
    }
    for (uint16_t at = node->child; at; at = node_at(run, at)->next)
        if (!comparison_holds(node_at(run, at), number))
            return false;
    return true;
}

static bool is_scalar(struct hb_cursor value)
{
    return value.kind != HB_CURSOR_ARRAY && value.kind != HB_CURSOR_OBJECT && value.kind != HB_CURSOR_NONE;
}

/* Exact values and affixes, which stand as alternatives and inside anything-but. */
static bool plain_matches(const struct hb_filter_node *node, struct hb_cursor value)
{
    bool is_text = value.kind == HB_CURSOR_STRING;
    switch ((int)node->kind) {
    case HB_FILTER_TEXT:
        return is_text && hb_cursor_text_eq(hb_cursor_text(value), node->text);
    case HB_FILTER_NUMBER:
        return value.kind == HB_CURSOR_NUMBER && hb_cursor_number_cmp(value.raw, node->text) == 0;
    case HB_FILTER_LITERAL:
        return literal_matches(node, value);
    case HB_FILTER_PREFIX:
        return is_text && hb_cursor_text_has_prefix(hb_cursor_text(value), node->text);
    case HB_FILTER_SUFFIX:
        return is_text && hb_cursor_text_has_suffix(hb_cursor_text(value), node->text);
    default:
        return false;
    }
}

static bool but_matches(const struct run *run, const struct hb_filter_node *node, struct hb_cursor value)
{
    if (!is_scalar(value))
        return false;
    for (uint16_t at = node->child; at; at = node_at(run, at)->next)
        if (plain_matches(node_at(run, at), value))
            return false;
    return true;
}

static bool alternative_matches(const struct run *run, const struct hb_filter_node *node, struct hb_cursor value)
{
    if (node->kind == HB_FILTER_NUMERIC)
        return numeric_matches(run, node, value);
    if (node->kind == HB_FILTER_BUT)
        return but_matches(run, node, value);
    return plain_matches(node, value);
}

/* Most comparisons end within a few bytes; these look at the whole value. */
static size_t cost_of(const struct hb_filter_node *node, struct hb_cursor value)
{
    bool is_whole = node->kind == HB_FILTER_SUFFIX || node->kind == HB_FILTER_NUMERIC || node->kind == HB_FILTER_BUT;
    return is_whole ? 1 + value.raw.len : 1;
}

/* Whether the value, or an item of it, is one of the alternatives. Nesting is bounded by hb_json_scan. */
static bool value_matches(const struct run *run, uint16_t first, struct hb_cursor value)
{
    if (value.kind == HB_CURSOR_ARRAY) {
        struct hb_cursor item;
        size_t state = 0;
        while (next(run, value, &state, NULL, &item))
            if (value_matches(run, first, item))
                return true;
        return false;
    }
    for (uint16_t at = first; at && may_work(run, cost_of(node_at(run, at), value)); at = node_at(run, at)->next)
        if (alternative_matches(run, node_at(run, at), value))
            return true;
    return false;
}

static bool any_of_matches(const struct run *run, uint16_t first, struct hb_cursor value, const struct trail *trail)
{
    bool is_there = value.kind != HB_CURSOR_NONE;
    for (uint16_t at = first; at; at = node_at(run, at)->next)
        if (node_at(run, at)->kind == (is_there ? HB_FILTER_EXISTS : HB_FILTER_ABSENT))
            return true;
    if (!is_there)
        return mismatch(run, trail, "is not in the data");
    return value_matches(run, first, value) || mismatch(run, trail, "none of the alternatives matches");
}

static bool or_matches(const struct run *run, uint16_t first, struct hb_cursor value, const struct trail *trail)
{
    const struct run quiet = {run->filter, NULL, run->left};
    for (uint16_t at = first; at; at = node_at(run, at)->next)
        if (pattern_matches(&quiet, node_at(run, at)->child, value, trail))
            return true;
    return mismatch(run, trail, "none of the patterns of $or matches");
}

static bool member_matches(const struct run *run, const struct hb_filter_node *node, struct hb_cursor value,
                           const struct trail *above)
{
    const struct trail trail = {above, node->text};
    if (node->kind == HB_FILTER_NESTED)
        return pattern_matches(run, node->child, value, &trail);
    return any_of_matches(run, node->child, value, &trail);
}

/* The data's values for up to GROUP members, found in one pass over the object (the last of a name counts). What is no
 * object has no members: they are absent. */
static void find_values(const struct run *run, uint16_t first, struct hb_cursor object,
                        struct hb_cursor ret_values[GROUP])
{
    struct hb_cursor value;
    struct hb_str name;
    size_t state = 0;
    for (int i = 0; i < GROUP; i++)
        ret_values[i].kind = HB_CURSOR_NONE;
    if (object.kind != HB_CURSOR_OBJECT)
        return;
    while (next(run, object, &state, &name, &value)) {
        uint16_t at = first;
        for (int i = 0; i < GROUP && at; i++, at = node_at(run, at)->next)
            if (hb_cursor_text_eq(name, node_at(run, at)->text))
                ret_values[i] = value;
    }
}

static bool item_matches(const struct run *run, uint16_t first, struct hb_cursor array, const struct trail *trail)
{
    const struct run quiet = {run->filter, NULL, run->left};
    struct hb_cursor item;
    size_t state = 0;
    while (next(run, array, &state, NULL, &item))
        if (pattern_matches(&quiet, first, item, trail))
            return true;
    return mismatch(run, trail, "no item of the list matches");
}

static bool pattern_matches(const struct run *run, uint16_t first, struct hb_cursor value, const struct trail *trail)
{
    if (value.kind == HB_CURSOR_ARRAY)
        return item_matches(run, first, value, trail);
    struct hb_cursor values[GROUP];
    int in_group = GROUP;
    for (uint16_t at = first; at; at = node_at(run, at)->next, in_group++) {
        const struct hb_filter_node *node = node_at(run, at);
        if (in_group == GROUP) {
            find_values(run, at, value, values);
            in_group = 0;
        }
        bool is_match = node->kind == HB_FILTER_OR
                            ? or_matches(run, node->child, value, &(struct trail){trail, node->text})
                            : member_matches(run, node, values[in_group], trail);
        if (!is_match)
            return false;
    }
    return true;
}

enum hb_filter_match hb_filter_match(const struct hb_filter *filter, struct hb_str data, struct hb_error *ret_why)
{
    size_t left = WORK_SPARE + PASSES_MAX * data.len;
    const struct run run = {filter, ret_why, &left};
    bool is_match = pattern_matches(&run, filter->first, hb_cursor_root(data), NULL);
    if (left > 0)
        return is_match ? HB_FILTER_MATCH_YES : HB_FILTER_MATCH_NO;
    /* Whatever was found on the way: members not looked at any more may have been taken for absent. */
    if (ret_why)
        (void)hb_fail(ret_why, HB_ERR_TOO_LARGE, "the filter would have to look at this data too often");
    return HB_FILTER_MATCH_TOO_COSTLY;
}
