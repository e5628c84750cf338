#include "salesmanago/item_source.h"

static void look_through(struct hb_sm_view *view, struct hb_cursor object)
{
    size_t state = 0;
    view->object = object;
    view->count = 0;
    if (object.kind != HB_CURSOR_OBJECT) {
        view->object.kind = HB_CURSOR_NONE;
        return;
    }
    struct hb_str name;
    struct hb_cursor value;
    while (hb_cursor_next(object, &state, &name, &value)) {
        if (view->count == HB_SM_VIEW_MEMBERS_MAX) {
            view->count = 0;
            return;
        }
        view->names[view->count] = name;
        view->values[view->count++] = value;
    }
}

static struct hb_cursor member(const struct hb_sm_view *view, struct hb_str name, size_t *read)
{
    static const struct hb_cursor none = {HB_CURSOR_NONE, {NULL, 0}};
    struct hb_cursor found = none;
    if (view->object.kind == HB_CURSOR_NONE)
        return none;
    if (view->count == 0)
        found = hb_cursor_member(view->object, name);
    if (view->count == 0)
        *read += view->object.raw.len;
    for (size_t i = view->count; i > 0; i--) { /* of members with the same name the last counts */
        if (!hb_cursor_text_eq(view->names[i - 1], name))
            continue;
        found = view->values[i - 1];
        break;
    }
    return found.kind == HB_CURSOR_NULL ? none : found;
}

/* How well a language of the data ("pl", "pt-BR", still escaped) serves the wanted one: 3 the same, 2 it is what stands
 * before the region of the wanted, 1 the same language with a region, 0 another. */
static int fit_of(struct hb_str has, struct hb_str wanted)
{
    struct hb_str rest_has = has, rest_wanted = wanted, base_has = has, base_wanted = wanted;
    if (hb_str_eq_nocase(has, wanted))
        return 3;
    (void)hb_str_split(&rest_has, '-', &base_has);
    (void)hb_str_split(&rest_wanted, '-', &base_wanted);
    if (!hb_str_eq_nocase(base_has, base_wanted))
        return 0;
    return base_has.len == has.len ? 2 : 1;
}

static struct hb_cursor translation_of(const struct hb_sm_view *view, struct hb_str language, size_t *read)
{
    struct hb_cursor all = member(view, HB_STR("translations"), read), value, found = {HB_CURSOR_NONE, {NULL, 0}};
    struct hb_str name;
    size_t state = 0;
    int best = 0;
    if (language.len == 0 || all.kind != HB_CURSOR_OBJECT)
        return found;
    while (hb_cursor_next(all, &state, &name, &value)) {
        int fit = fit_of(name, language);
        if (fit <= best)
            continue;
        best = fit;
        found = value;
    }
    return found;
}

void hb_sm_source_product(struct hb_sm_source *source, struct hb_str data, struct hb_str language)
{
    look_through(&source->views[HB_SM_PRODUCT], hb_cursor_root(data));
    look_through(&source->views[HB_SM_TRANSLATION],
                 translation_of(&source->views[HB_SM_PRODUCT], language, source->read));
    hb_sm_source_variant(source, hb_str_n(NULL, 0), language);
}

void hb_sm_source_variant(struct hb_sm_source *source, struct hb_str data, struct hb_str language)
{
    struct hb_cursor none = {HB_CURSOR_NONE, {NULL, 0}};
    source->is_variant = data.len > 0;
    look_through(&source->views[HB_SM_VARIANT], data.len > 0 ? hb_cursor_root(data) : none);
    look_through(&source->views[HB_SM_VARIANT_TRANSLATION],
                 translation_of(&source->views[HB_SM_VARIANT], language, source->read));
}

struct hb_cursor hb_sm_source_member(const struct hb_sm_source *source, enum hb_sm_level level, struct hb_str name)
{
    return member(&source->views[level], name, source->read);
}

/* Passes on what is not empty, and notes that there was something. */
struct passing {
    hb_sm_path_fn *fn;
    void *ctx;
    bool has_any;
};

static bool pass_on(struct hb_cursor value, void *ctx)
{
    struct passing *passing = ctx;
    struct hb_cursor item;
    size_t state = 0;
    if (value.kind == HB_CURSOR_STRING && hb_cursor_text(value).len == 0)
        return true;
    if (value.kind == HB_CURSOR_ARRAY && !hb_cursor_next(value, &state, NULL, &item))
        return true;
    passing->has_any = true;
    return passing->fn(value, passing->ctx);
}

void hb_sm_source_values(const struct hb_sm_source *source, const struct hb_sm_path *path, enum hb_sm_level first,
                         enum hb_sm_level last, hb_sm_path_fn *fn, void *ctx)
{
    struct passing passing = {fn, ctx, false};
    if (path->count == 0)
        return;
    for (int level = (int)first; !passing.has_any && level <= (int)last; level++) {
        struct hb_cursor value = member(&source->views[level], path->steps[0].name, source->read);
        *source->read += value.raw.len;
        (void)hb_sm_path_follow(path, 1, value, pass_on, &passing);
    }
}

static enum hb_err add_list(struct hb_cursor list, struct hb_buf *ret_text)
{
    struct hb_cursor item;
    size_t state = 0, before = ret_text->len;
    enum hb_err err = HB_OK;
    while (!err && hb_cursor_next(list, &state, NULL, &item)) {
        if (item.kind != HB_CURSOR_STRING && item.kind != HB_CURSOR_NUMBER && item.kind != HB_CURSOR_BOOL)
            continue;
        if (ret_text->len > before)
            err = hb_buf_add(ret_text, HB_STR(", "));
        if (!err)
            err = hb_sm_source_text(item, ret_text);
    }
    return err;
}

enum hb_err hb_sm_source_text(struct hb_cursor value, struct hb_buf *ret_text)
{
    if (value.kind == HB_CURSOR_OBJECT) {
        struct hb_cursor url = hb_cursor_member(value, HB_STR("url"));
        value = url.kind == HB_CURSOR_STRING ? url : hb_cursor_member(value, HB_STR("name"));
    }
    switch (value.kind) {
    case HB_CURSOR_STRING:
        return hb_cursor_unescape(hb_cursor_text(value), ret_text);
    case HB_CURSOR_NUMBER:
    case HB_CURSOR_BOOL:
        return hb_buf_add(ret_text, value.raw);
    case HB_CURSOR_ARRAY:
        return add_list(value, ret_text);
    case HB_CURSOR_NONE:
    case HB_CURSOR_NULL:
    case HB_CURSOR_OBJECT:
        break;
    }
    return HB_OK;
}
