#include "core/filter_program.h"

#include "core/json_cursor.h"
#include "core/json_scan.h"

#include <stdlib.h>

#define PATH_BYTES_MAX 96 /* of a path in a message */
#define NODES_FIRST 8

struct compiler {
    struct hb_filter *filter;
    size_t nodes_count; /* node 0 included */
    size_t nodes_capacity;
    int depth;
    char path[PATH_BYTES_MAX];
    size_t path_bytes;
    struct hb_error *reterr;
};

/* A list of nodes that is being made: its head is kept by whoever owns it. */
struct list {
    uint16_t first;
    uint16_t last;
};

static enum hb_err compile_pattern(struct compiler *c, struct hb_cursor object, uint16_t *ret_first);

static enum hb_err refuse(struct compiler *c, const char *should)
{
    return hb_fail(c->reterr, HB_ERR_INVALID, "filter: %.*s%s%s", (int)c->path_bytes, c->path,
                   c->path_bytes ? ": " : "", should);
}

/* Adds ".name" to the path as far as there is room; the caller takes it off by setting path_bytes back. */
static void enter(struct compiler *c, struct hb_str name)
{
    if (c->path_bytes > 0 && c->path_bytes < PATH_BYTES_MAX)
        c->path[c->path_bytes++] = '.';
    for (size_t i = 0; i < name.len && c->path_bytes < PATH_BYTES_MAX; i++)
        c->path[c->path_bytes++] = name.ptr[i];
}

static enum hb_err add_node(struct compiler *c, enum hb_filter_kind kind, struct list *list)
{
    if (c->nodes_count > HB_FILTER_RULES_MAX)
        return hb_fail(c->reterr, HB_ERR_TOO_LARGE, "filter: more than %d members and alternatives",
                       HB_FILTER_RULES_MAX);
    if (c->nodes_count == c->nodes_capacity) {
        size_t capacity = c->nodes_capacity ? c->nodes_capacity * 2 : NODES_FIRST;
        struct hb_filter_node *nodes = realloc(c->filter->nodes, capacity * sizeof(*nodes));
        if (!nodes)
            return hb_fail(c->reterr, HB_ERR_MEMORY, "out of memory");
        c->filter->nodes = nodes;
        c->nodes_capacity = capacity;
    }
    uint16_t made = (uint16_t)c->nodes_count++;
    c->filter->nodes[made] = (struct hb_filter_node){.kind = kind};
    if (list->last)
        c->filter->nodes[list->last].next = made;
    else
        list->first = made;
    list->last = made;
    return HB_OK;
}

/* The unescaped text, kept. There is room: it is never longer than the pattern. */
static struct hb_str keep_text(struct compiler *c, struct hb_str raw)
{
    struct hb_buf *strings = &c->filter->strings;
    size_t start = strings->len;
    enum hb_err err = hb_cursor_unescape(raw, strings);
    HB_ASSERT(err == HB_OK);
    return hb_str_n(strings->ptr + start, strings->len - start);
}

static enum hb_err add_text(struct compiler *c, enum hb_filter_kind kind, struct hb_cursor value, struct list *list)
{
    enum hb_err err = add_node(c, kind, list);
    if (!err)
        c->filter->nodes[list->last].text = keep_text(c, hb_cursor_text(value));
    return err;
}

static enum hb_err add_exact(struct compiler *c, struct hb_cursor value, struct list *list)
{
    if (value.kind == HB_CURSOR_STRING)
        return add_text(c, HB_FILTER_TEXT, value, list);
    enum hb_err err = add_node(c, value.kind == HB_CURSOR_NUMBER ? HB_FILTER_NUMBER : HB_FILTER_LITERAL, list);
    if (!err)
        c->filter->nodes[list->last].text = value.raw;
    return err;
}

static bool is_scalar(struct hb_cursor value)
{
    return value.kind != HB_CURSOR_ARRAY && value.kind != HB_CURSOR_OBJECT;
}

static enum hb_err add_affix(struct compiler *c, enum hb_filter_kind kind, struct hb_cursor value, struct list *list)
{
    if (value.kind != HB_CURSOR_STRING || value.raw.len == 2)
        return refuse(c, "prefix and suffix take a string that is not empty");
    return add_text(c, kind, value, list);
}

static int comparison_kind(struct hb_cursor op)
{
    static const struct {
        const char *text;
        enum hb_filter_kind kind;
    } ops[] = {{"=", HB_FILTER_EQUAL},
               {"<", HB_FILTER_LESS},
               {"<=", HB_FILTER_LESS_EQUAL},
               {">", HB_FILTER_GREATER},
               {">=", HB_FILTER_GREATER_EQUAL}};
    for (size_t i = 0; op.kind == HB_CURSOR_STRING && i < sizeof(ops) / sizeof(ops[0]); i++)
        if (hb_cursor_text_eq(hb_cursor_text(op), hb_str_c(ops[i].text)))
            return (int)ops[i].kind;
    return -1;
}

static enum hb_err add_numeric(struct compiler *c, struct hb_cursor value, struct list *list)
{
    static const char should[] = "numeric takes pairs of = < <= > >= and a number, such as [\">=\", 10, \"<\", 20]";
    struct list comparisons = {0, 0};
    struct hb_cursor op, number;
    size_t state = 0;
    if (value.kind != HB_CURSOR_ARRAY)
        return refuse(c, should);
    enum hb_err err = add_node(c, HB_FILTER_NUMERIC, list);
    while (!err && hb_cursor_next(value, &state, NULL, &op)) {
        int kind = comparison_kind(op);
        if (kind < 0 || !hb_cursor_next(value, &state, NULL, &number) || number.kind != HB_CURSOR_NUMBER)
            return refuse(c, should);
        err = add_node(c, (enum hb_filter_kind)kind, &comparisons);
        if (!err)
            c->filter->nodes[comparisons.last].text = number.raw;
    }
    if (!err && comparisons.first == 0)
        return refuse(c, should);
    if (!err)
        c->filter->nodes[list->last].child = comparisons.first;
    return err;
}

static enum hb_err add_exists(struct compiler *c, struct hb_cursor value, struct list *list)
{
    if (value.kind != HB_CURSOR_BOOL)
        return refuse(c, "exists takes true or false");
    return add_node(c, value.raw.ptr[0] == 't' ? HB_FILTER_EXISTS : HB_FILTER_ABSENT, list);
}

/* One thing it must not be: a scalar, or {"prefix": …} or {"suffix": …}. */
static enum hb_err add_exception(struct compiler *c, struct hb_cursor value, struct list *list)
{
    struct hb_str name;
    struct hb_cursor affix;
    size_t state = 0;
    if (is_scalar(value))
        return add_exact(c, value, list);
    if (value.kind == HB_CURSOR_OBJECT && hb_cursor_next(value, &state, &name, &affix)) {
        bool is_prefix = hb_cursor_text_eq(name, HB_STR("prefix")),
             is_suffix = hb_cursor_text_eq(name, HB_STR("suffix"));
        struct hb_cursor more;
        if ((is_prefix || is_suffix) && !hb_cursor_next(value, &state, &name, &more))
            return add_affix(c, is_prefix ? HB_FILTER_PREFIX : HB_FILTER_SUFFIX, affix, list);
    }
    return refuse(c, "anything-but takes a value, a list of values, {\"prefix\": \"..\"} or {\"suffix\": \"..\"}");
}

static enum hb_err add_but(struct compiler *c, struct hb_cursor value, struct list *list)
{
    struct list exceptions = {0, 0};
    struct hb_cursor item;
    size_t state = 0;
    enum hb_err err = add_node(c, HB_FILTER_BUT, list);
    if (!err && value.kind != HB_CURSOR_ARRAY)
        err = add_exception(c, value, &exceptions);
    while (!err && value.kind == HB_CURSOR_ARRAY && hb_cursor_next(value, &state, NULL, &item))
        err = add_exception(c, item, &exceptions);
    if (!err && exceptions.first == 0)
        return refuse(c, "anything-but needs at least one value");
    if (!err)
        c->filter->nodes[list->last].child = exceptions.first;
    return err;
}

/* {"operator": operand}, exactly one. */
static enum hb_err add_operator(struct compiler *c, struct hb_cursor object, struct list *list)
{
    struct hb_str name, another;
    struct hb_cursor value, more;
    size_t state = 0;
    if (!hb_cursor_next(object, &state, &name, &value) || hb_cursor_next(object, &state, &another, &more))
        return refuse(c, "an alternative in braces has exactly one operator");
    if (hb_cursor_text_eq(name, HB_STR("prefix")))
        return add_affix(c, HB_FILTER_PREFIX, value, list);
    if (hb_cursor_text_eq(name, HB_STR("suffix")))
        return add_affix(c, HB_FILTER_SUFFIX, value, list);
    if (hb_cursor_text_eq(name, HB_STR("numeric")))
        return add_numeric(c, value, list);
    if (hb_cursor_text_eq(name, HB_STR("exists")))
        return add_exists(c, value, list);
    if (hb_cursor_text_eq(name, HB_STR("anything-but")))
        return add_but(c, value, list);
    return refuse(c, "an operator is one of prefix, suffix, numeric, exists, anything-but");
}

static enum hb_err compile_alternatives(struct compiler *c, struct hb_cursor array, uint16_t *ret_first)
{
    struct list list = {0, 0};
    struct hb_cursor item;
    size_t state = 0;
    enum hb_err err = HB_OK;
    while (!err && hb_cursor_next(array, &state, NULL, &item)) {
        if (item.kind == HB_CURSOR_ARRAY)
            return refuse(c, "an alternative is a value or an operator in braces, not a list");
        err = item.kind == HB_CURSOR_OBJECT ? add_operator(c, item, &list) : add_exact(c, item, &list);
    }
    if (!err && list.first == 0)
        return refuse(c, "needs at least one alternative");
    *ret_first = list.first;
    return err;
}

static enum hb_err compile_or(struct compiler *c, struct hb_cursor value, uint16_t *ret_first)
{
    struct list list = {0, 0};
    struct hb_cursor item;
    size_t state = 0;
    enum hb_err err = HB_OK;
    if (value.kind != HB_CURSOR_ARRAY)
        return refuse(c, "takes a list of patterns");
    while (!err && hb_cursor_next(value, &state, NULL, &item)) {
        uint16_t child = 0;
        if (item.kind != HB_CURSOR_OBJECT)
            return refuse(c, "takes a list of patterns");
        err = add_node(c, HB_FILTER_BRANCH, &list);
        if (!err)
            err = compile_pattern(c, item, &child);
        if (!err)
            c->filter->nodes[list.last].child = child;
    }
    if (!err && list.first == 0)
        return refuse(c, "takes a list of patterns");
    *ret_first = list.first;
    return err;
}

static bool is_named_already(const struct compiler *c, uint16_t first, uint16_t last, struct hb_str name)
{
    for (uint16_t at = first; at != last; at = c->filter->nodes[at].next)
        if (hb_str_eq(c->filter->nodes[at].text, name))
            return true;
    return false;
}

/* The member that stands last in the list: its value. */
static enum hb_err compile_value(struct compiler *c, struct hb_cursor value, uint16_t member)
{
    uint16_t child = 0;
    enum hb_filter_kind kind = HB_FILTER_ANY_OF;
    enum hb_err err;
    if (hb_str_eq(c->filter->nodes[member].text, HB_STR("$or"))) {
        kind = HB_FILTER_OR;
        err = compile_or(c, value, &child);
    } else if (value.kind == HB_CURSOR_OBJECT) {
        kind = HB_FILTER_NESTED;
        err = compile_pattern(c, value, &child);
    } else if (value.kind == HB_CURSOR_ARRAY) {
        err = compile_alternatives(c, value, &child);
    } else {
        err = refuse(c, "write the value as a list of alternatives, such as [\"paid\"], or as a nested pattern");
    }
    c->filter->nodes[member].kind = kind;
    c->filter->nodes[member].child = child;
    return err;
}

static enum hb_err compile_member(struct compiler *c, struct hb_str raw_name, struct hb_cursor value, struct list *list)
{
    size_t path_before = c->path_bytes;
    enum hb_err err = add_node(c, HB_FILTER_ANY_OF, list);
    if (err)
        return err;
    struct hb_str name = keep_text(c, raw_name);
    c->filter->nodes[list->last].text = name;
    enter(c, name);
    if (is_named_already(c, list->first, list->last, name))
        return refuse(c, "named twice");
    err = compile_value(c, value, list->last);
    if (!err)
        c->path_bytes = path_before;
    return err;
}

static enum hb_err compile_pattern(struct compiler *c, struct hb_cursor object, uint16_t *ret_first)
{
    struct list list = {0, 0};
    struct hb_str name;
    struct hb_cursor value;
    size_t state = 0;
    enum hb_err err = HB_OK;
    if (c->depth == HB_FILTER_DEPTH_MAX)
        return hb_fail(c->reterr, HB_ERR_TOO_LARGE, "filter: nested more than %d levels deep", HB_FILTER_DEPTH_MAX);
    c->depth++;
    while (!err && hb_cursor_next(object, &state, &name, &value))
        err = compile_member(c, name, value, &list);
    if (!err && list.first == 0)
        return refuse(c, "a pattern names at least one member");
    c->depth--;
    *ret_first = list.first;
    return err;
}

static enum hb_err check_text(struct hb_str pattern, struct hb_error *reterr)
{
    size_t at;
    if (pattern.len > HB_FILTER_BYTES_MAX)
        return hb_fail(reterr, HB_ERR_TOO_LARGE, "filter: larger than %d bytes", HB_FILTER_BYTES_MAX);
    enum hb_err err = hb_json_scan(pattern, &at);
    if (err)
        return hb_fail(reterr, HB_ERR_INVALID, "filter: not well-formed JSON at byte %zu", at);
    if (hb_cursor_root(pattern).kind != HB_CURSOR_OBJECT)
        return hb_fail(reterr, HB_ERR_INVALID, "filter: a pattern is a JSON object, such as {\"status\": [\"paid\"]}");
    return HB_OK;
}

static enum hb_err compile(struct compiler *c, struct hb_str pattern)
{
    struct list unused = {0, 0};
    c->filter->text = hb_str_dup(pattern);
    c->filter->strings = hb_buf_make(pattern.len);
    if (!c->filter->text || hb_buf_reserve(&c->filter->strings, pattern.len))
        return hb_fail(c->reterr, HB_ERR_MEMORY, "out of memory");
    enum hb_err err = add_node(c, HB_FILTER_BRANCH, &unused); /* node 0 */
    if (!err)
        err = compile_pattern(c, hb_cursor_root(hb_str_n(c->filter->text, pattern.len)), &c->filter->first);
    return err;
}

enum hb_err hb_filter_new(struct hb_str pattern, struct hb_filter **ret_filter, struct hb_error *reterr)
{
    enum hb_err err = check_text(pattern, reterr);
    if (err)
        return err;
    struct compiler c = {.filter = calloc(1, sizeof(struct hb_filter)), .reterr = reterr};
    if (!c.filter)
        return hb_fail(reterr, HB_ERR_MEMORY, "out of memory");
    err = compile(&c, pattern);
    if (err)
        hb_filter_free(&c.filter);
    else
        *ret_filter = c.filter;
    return err;
}

void hb_filter_free(struct hb_filter **filter)
{
    if (!*filter)
        return;
    free((*filter)->nodes);
    free((*filter)->text);
    hb_buf_deinit(&(*filter)->strings);
    free(*filter);
    *filter = NULL;
}
