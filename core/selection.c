#include "core/selection.h"

#include "core/event_rules.h"

#include <stdlib.h>

/* A compiled pattern: "*" has an empty text and is_prefix, "order.*" the text "order." and is_prefix. */
struct type_pattern {
    struct hb_str text;
    bool is_prefix;
};

struct hb_selection {
    size_t types_count;
    size_t changed_count;
    struct type_pattern *types;
    struct hb_str *changed;
    char *texts; /* what the views above point into */
};

static bool is_wildcard(struct hb_str pattern)
{
    return pattern.len > 0 && pattern.ptr[pattern.len - 1] == '*';
}

/* "order." of "order.*" as a type, made complete with a word so that the rule of types can be asked. */
static bool is_prefix_pattern(struct hb_str pattern)
{
    char type[HB_TYPE_MAX];
    if (pattern.len < 3 || pattern.len > sizeof(type) || pattern.ptr[pattern.len - 2] != '.')
        return false;
    memcpy(type, pattern.ptr, pattern.len);
    type[pattern.len - 1] = 'x';
    return hb_event_is_type(hb_str_n(type, pattern.len)) && !hb_event_is_notice(pattern);
}

bool hb_selection_is_pattern(struct hb_str pattern)
{
    if (!is_wildcard(pattern))
        return hb_event_is_type(pattern);
    return pattern.len == 1 || is_prefix_pattern(pattern);
}

static enum hb_err check_lists(const struct hb_str *types, size_t types_count, const struct hb_str *changed,
                               size_t changed_count, struct hb_error *reterr)
{
    if (types_count == 0)
        return hb_fail(reterr, HB_ERR_INVALID,
                       "events: name at least one event type, such as \"order.created\", or \"*\"");
    for (size_t i = 0; i < types_count; i++)
        if (!hb_selection_is_pattern(types[i]))
            return hb_fail(reterr, HB_ERR_INVALID,
                           "events: \"%.*s\" is not an event type such as \"order.created\", \"order.*\" or \"*\"%s",
                           (int)(types[i].len > 80 ? 80 : types[i].len), types[i].ptr ? types[i].ptr : "",
                           hb_event_is_notice(types[i]) ? "; name notices one by one" : "");
    for (size_t i = 0; i < changed_count; i++)
        if (!hb_event_is_path(changed[i]))
            return hb_fail(reterr, HB_ERR_INVALID,
                           "changed: \"%.*s\" is not a path such as \"price\" or \"stock.quantity\"",
                           (int)(changed[i].len > 80 ? 80 : changed[i].len), changed[i].ptr ? changed[i].ptr : "");
    return HB_OK;
}

static size_t total_bytes(const struct hb_str *list, size_t count)
{
    size_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += list[i].len;
    return total;
}

/* Copies s to *at, which moves behind it. */
static struct hb_str keep(struct hb_str s, char **at)
{
    struct hb_str copy = hb_str_n(*at, s.len);
    memcpy(*at, s.ptr, s.len);
    *at += s.len;
    return copy;
}

static struct hb_selection *allocate(size_t types_count, size_t changed_count, size_t text_bytes)
{
    struct hb_selection *selection = calloc(1, sizeof(*selection));
    if (!selection)
        return NULL;
    selection->types = calloc(types_count, sizeof(selection->types[0]));
    selection->changed = calloc(changed_count + 1, sizeof(selection->changed[0]));
    selection->texts = malloc(text_bytes);
    if (!selection->types || !selection->changed || !selection->texts)
        hb_selection_free(&selection);
    return selection;
}

enum hb_err hb_selection_new(const struct hb_str *types, size_t types_count, const struct hb_str *changed,
                             size_t changed_count, struct hb_selection **ret_selection, struct hb_error *reterr)
{
    enum hb_err err = check_lists(types, types_count, changed, changed_count, reterr);
    if (err)
        return err;
    struct hb_selection *selection =
        allocate(types_count, changed_count, total_bytes(types, types_count) + total_bytes(changed, changed_count));
    if (!selection)
        return hb_fail(reterr, HB_ERR_MEMORY, "out of memory");
    char *at = selection->texts;
    for (size_t i = 0; i < types_count; i++) {
        struct hb_str text = keep(types[i], &at);
        bool is_prefix = is_wildcard(text);
        selection->types[i] = (struct type_pattern){hb_str_n(text.ptr, text.len - is_prefix), is_prefix};
    }
    for (size_t i = 0; i < changed_count; i++)
        selection->changed[i] = keep(changed[i], &at);
    selection->types_count = types_count;
    selection->changed_count = changed_count;
    *ret_selection = selection;
    return HB_OK;
}

void hb_selection_free(struct hb_selection **selection)
{
    if (!*selection)
        return;
    free((*selection)->types);
    free((*selection)->changed);
    free((*selection)->texts);
    free(*selection);
    *selection = NULL;
}

static bool matches_type(const struct hb_selection *selection, struct hb_str type)
{
    bool is_notice = hb_event_is_notice(type);
    for (size_t i = 0; i < selection->types_count; i++) {
        const struct type_pattern *pattern = &selection->types[i];
        if (pattern->is_prefix ? !is_notice && hb_str_has_prefix(type, pattern->text) : hb_str_eq(type, pattern->text))
            return true;
    }
    return false;
}

/* Whether `below` is path or a part of it: "price.amount" and "price[0]" of "price". */
static bool is_at_or_below(struct hb_str below, struct hb_str path)
{
    if (!hb_str_has_prefix(below, path))
        return false;
    return below.len == path.len || below.ptr[path.len] == '.' || below.ptr[path.len] == '[';
}

static bool matches_path(const struct hb_selection *selection, struct hb_str path)
{
    for (size_t i = 0; i < selection->changed_count; i++)
        if (is_at_or_below(path, selection->changed[i]) || is_at_or_below(selection->changed[i], path))
            return true;
    return false;
}

bool hb_selection_matches(const struct hb_selection *selection, const struct hb_event *event)
{
    if (!matches_type(selection, event->type))
        return false;
    if (selection->changed_count == 0 || event->changed.len == 0)
        return true;
    struct hb_str rest = event->changed, path;
    while (hb_str_split(&rest, ',', &path))
        if (matches_path(selection, path))
            return true;
    return false;
}
