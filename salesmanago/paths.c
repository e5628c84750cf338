#include "salesmanago/paths.h"

#define HOW "write member, member.member, member[0], member[1:] or member[\"any name\"]"

/* A path while it is read. */
struct reading {
    struct hb_str text;
    size_t at;
    struct hb_sm_path *path;
};

static bool is_name_char(char c)
{
    return (unsigned char)c > ' ' && c != '.' && c != '[' && c != ']' && c != '"' && c != 0x7F;
}

static bool add(struct reading *r, struct hb_sm_step step)
{
    if (r->path->count == HB_SM_PATH_STEPS_MAX)
        return false;
    r->path->steps[r->path->count++] = step;
    return true;
}

static bool read_name(struct reading *r)
{
    size_t start = r->at;
    while (r->at < r->text.len && is_name_char(r->text.ptr[r->at]))
        r->at++;
    struct hb_str name = hb_str_n(r->text.ptr + start, r->at - start);
    return name.len > 0 && add(r, (struct hb_sm_step){HB_SM_STEP_NAME, name, 0});
}

/* What stands between the brackets. */
static bool read_bracket(struct reading *r)
{
    const char *start = r->text.ptr + r->at + 1;
    size_t left = r->text.len - r->at - 1;
    bool is_quoted = left > 0 && start[0] == '"';
    const char *end = is_quoted ? memmem(start + 1, left - 1, "\"]", 2) : memchr(start, ']', left);
    if (!end)
        return false;
    r->at = (size_t)(end - r->text.ptr) + (is_quoted ? 2 : 1);
    if (is_quoted) {
        struct hb_str name = hb_str_n(start + 1, (size_t)(end - start) - 1);
        return name.len > 0 && add(r, (struct hb_sm_step){HB_SM_STEP_NAME, name, 0});
    }
    struct hb_str number = hb_str_n(start, (size_t)(end - start));
    bool is_from = number.len > 0 && number.ptr[number.len - 1] == ':';
    number.len -= is_from;
    uint64_t index;
    if (!hb_str_to_u64(number, &index) || index > HB_SM_PATH_INDEX_MAX)
        return false;
    return add(r, (struct hb_sm_step){is_from ? HB_SM_STEP_FROM : HB_SM_STEP_INDEX, {NULL, 0}, (unsigned)index});
}

static bool read_all(struct reading *r)
{
    if (!read_name(r))
        return false;
    while (r->at < r->text.len) {
        char c = r->text.ptr[r->at];
        if (c == '.')
            r->at++;
        else if (c != '[')
            return false;
        if (!(c == '.' ? read_name(r) : read_bracket(r)))
            return false;
    }
    return true;
}

enum hb_err hb_sm_path_read(struct hb_str text, const char *place, struct hb_sm_path *ret_path, struct hb_error *reterr)
{
    struct reading r = {text, 0, ret_path};
    *ret_path = (struct hb_sm_path){.text = text};
    if (read_all(&r))
        return HB_OK;
    ret_path->count = 0;
    return hb_fail(reterr, HB_ERR_INVALID, "%s: \"%.*s\" is no path of at most %d steps; " HOW, place,
                   (int)(text.len > 60 ? 60 : text.len), text.ptr ? text.ptr : "", HB_SM_PATH_STEPS_MAX);
}

/* Each item of a list from `first` on, at most `count` of them, by the steps from `from` on. */
static bool follow_items(const struct hb_sm_path *path, size_t from, struct hb_cursor list, size_t first, size_t count,
                         hb_sm_path_fn *fn, void *ctx);

bool hb_sm_path_follow(const struct hb_sm_path *path, size_t from, struct hb_cursor value, hb_sm_path_fn *fn, void *ctx)
{
    if (value.kind == HB_CURSOR_NONE || value.kind == HB_CURSOR_NULL)
        return true;
    if (from == path->count)
        return fn(value, ctx);
    const struct hb_sm_step *step = &path->steps[from];
    if (step->kind == HB_SM_STEP_NAME && value.kind == HB_CURSOR_ARRAY)
        return follow_items(path, from, value, 0, SIZE_MAX, fn, ctx);
    if (step->kind == HB_SM_STEP_NAME)
        return hb_sm_path_follow(path, from + 1, hb_cursor_member(value, step->name), fn, ctx);
    if (value.kind != HB_CURSOR_ARRAY)
        return true;
    return follow_items(path, from + 1, value, step->index, step->kind == HB_SM_STEP_INDEX ? 1 : SIZE_MAX, fn, ctx);
}

static bool follow_items(const struct hb_sm_path *path, size_t from, struct hb_cursor list, size_t first, size_t count,
                         hb_sm_path_fn *fn, void *ctx)
{
    struct hb_cursor item;
    size_t state = 0, at = 0;
    for (; hb_cursor_next(list, &state, NULL, &item) && (at < first || at - first < count); at++)
        if (at >= first && !hb_sm_path_follow(path, from, item, fn, ctx))
            return false;
    return true;
}
