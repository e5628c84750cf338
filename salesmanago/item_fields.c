#include "salesmanago/items_internal.h"

#include "core/html_text.h"
#include "core/text_cut.h"
#include "salesmanago/web_url.h"

#include <stdio.h>

/* The first value of a path. */
static bool keep_first(struct hb_cursor value, void *ctx)
{
    *(struct hb_cursor *)ctx = value;
    return false;
}

/* What tells a variant from its product is never the product's. */
static enum hb_sm_level last_level(const struct hb_sm_making *making, enum hb_sm_field field)
{
    bool is_own = field == HB_SM_FIELD_PRODUCT_ID || field == HB_SM_FIELD_PRODUCT_URL;
    return making->source.is_variant && is_own ? HB_SM_VARIANT : HB_SM_PRODUCT;
}

static struct hb_cursor value_of(const struct hb_sm_making *making, enum hb_sm_field field)
{
    struct hb_cursor value = {HB_CURSOR_NONE, {NULL, 0}};
    hb_sm_source_values(&making->source, &making->settings->mapping->fields[field], HB_SM_VARIANT_TRANSLATION,
                        last_level(making, field), keep_first, &value);
    return value;
}

bool hb_sm_field_is_own(const struct hb_sm_making *making, enum hb_sm_field field)
{
    return value_of(making, field).kind != HB_CURSOR_NONE;
}

static void blank_controls(struct hb_buf *text)
{
    for (size_t i = 0; i < text->len; i++)
        if ((unsigned char)text->ptr[i] < 0x20 || text->ptr[i] == 0x7F)
            text->ptr[i] = ' ';
}

/* The address as it is sent. A bad one is refused where the field is required, left out elsewhere. */
static struct hb_str address_of(struct hb_sm_making *making, struct hb_sm_one *one, const struct hb_sm_limit *limit)
{
    const char *why = NULL;
    hb_buf_clear(&making->clean);
    enum hb_err err = hb_sm_web_url(hb_buf_str(&making->text), &making->clean, &why);
    if (err == HB_ERR_INVALID && limit->action == HB_SM_ACTION_REFUSE)
        hb_sm_refuse(making, one, limit->name, "%s", why);
    else if (err == HB_ERR_INVALID)
        hb_sm_warn(making, one, limit->name, "left out: %s", why);
    else if (err)
        making->err = err;
    return err ? hb_str_n(NULL, 0) : hb_buf_str(&making->clean);
}

/* One that a product shares with its many variants is cleaned once. */
static struct hb_str text_of_html(struct hb_sm_making *making, struct hb_cursor value)
{
    bool is_shared = !making->source.is_variant;
    struct hb_buf *text = is_shared ? &making->html : &making->clean;
    if (making->html_of.ptr == value.raw.ptr && making->html_of.len == value.raw.len)
        return hb_buf_str(&making->html);
    hb_buf_clear(&making->text);
    hb_buf_clear(text);
    making->err = hb_sm_source_text(value, &making->text);
    if (!making->err)
        making->err = hb_html_text(hb_buf_str(&making->text), text);
    if (is_shared)
        making->html_of = making->err ? hb_str_n(NULL, 0) : value.raw;
    return hb_buf_str(text);
}

/* The text in making->text as it is before its limit. */
static struct hb_str cleaned(struct hb_sm_making *making, struct hb_sm_one *one, const struct hb_sm_limit *limit)
{
    if (limit->kind == HB_SM_KIND_URL)
        return address_of(making, one, limit);
    blank_controls(&making->text);
    return hb_text_strip(hb_buf_str(&making->text));
}

static struct hb_str limited(struct hb_sm_making *making, struct hb_sm_one *one, const struct hb_sm_limit *limit,
                             struct hb_str text)
{
    if (hb_text_cut(text, limit->limit).len == text.len)
        return text;
    if (limit->action == HB_SM_ACTION_REFUSE)
        hb_sm_refuse(making, one, limit->name, "is longer than %u %s", limit->limit, hb_sm_unit_text(limit->unit));
    else
        hb_sm_warn(making, one, limit->name, "%s: longer than %u %s", hb_sm_action_text(limit->action), limit->limit,
                   hb_sm_unit_text(limit->unit));
    return limit->action == HB_SM_ACTION_TRIM ? hb_text_strip(hb_text_cut(text, limit->limit)) : hb_str_n(NULL, 0);
}

static struct hb_str text_of(struct hb_sm_making *making, struct hb_sm_one *one, const struct hb_sm_limit *limit,
                             struct hb_cursor value)
{
    struct hb_str none = {NULL, 0};
    if (value.kind == HB_CURSOR_NONE)
        return none;
    struct hb_str text = limit->kind == HB_SM_KIND_HTML ? text_of_html(making, value) : none;
    if (limit->kind != HB_SM_KIND_HTML) {
        hb_buf_clear(&making->text);
        making->err = hb_sm_source_text(value, &making->text);
        if (!making->err && making->text.len > 0)
            text = cleaned(making, one, limit);
    }
    return making->err || text.len == 0 ? none : limited(making, one, limit, text);
}

struct hb_str hb_sm_field_text(struct hb_sm_making *making, struct hb_sm_one *one, enum hb_sm_field field)
{
    return text_of(making, one, hb_sm_limit(field), value_of(making, field));
}

struct hb_str hb_sm_field_detail(struct hb_sm_making *making, struct hb_sm_one *one, const struct hb_sm_detail *detail)
{
    struct hb_cursor value = {HB_CURSOR_NONE, {NULL, 0}};
    hb_sm_source_values(&making->source, &detail->path, HB_SM_VARIANT_TRANSLATION, HB_SM_PRODUCT, keep_first, &value);
    return text_of(making, one, hb_sm_limit(HB_SM_FIELD_DETAILS), value);
}

/* ---- lists ---- */

struct listing {
    struct hb_sm_making *making;
    struct hb_sm_one *one;
    const struct hb_sm_limit *limit;
    size_t count;
};

static bool add_to_list(struct hb_cursor value, void *ctx)
{
    struct listing *listing = ctx;
    struct hb_sm_making *making = listing->making;
    struct hb_cursor item;
    size_t state = 0;
    if (value.kind == HB_CURSOR_ARRAY) { /* a path that leads to the list itself */
        while (hb_cursor_next(value, &state, NULL, &item))
            if (item.kind != HB_CURSOR_ARRAY && !add_to_list(item, ctx))
                return false;
        return true;
    }
    struct hb_str text = text_of(making, listing->one, listing->limit, value);
    if (text.len == 0)
        return !making->err;
    if (listing->count == listing->limit->count_max) {
        hb_sm_warn(making, listing->one, listing->limit->name, "trimmed: more than %u of them",
                   listing->limit->count_max);
        return false;
    }
    if (listing->count++ == 0)
        hb_sm_json_begin(&listing->one->out, hb_str_c(listing->limit->name), '[');
    hb_sm_json_text(&listing->one->out, hb_str_n(NULL, 0), text);
    return true;
}

bool hb_sm_field_list(struct hb_sm_making *making, struct hb_sm_one *one, enum hb_sm_field field)
{
    struct listing listing = {making, one, hb_sm_limit(field), 0};
    hb_sm_source_values(&making->source, &making->settings->mapping->fields[field], HB_SM_VARIANT_TRANSLATION,
                        HB_SM_PRODUCT, add_to_list, &listing);
    if (listing.count > 0)
        hb_sm_json_close(&one->out, ']');
    return listing.count > 0;
}

/* ---- words ---- */

/* "-0", "1", "-12", not beyond 32 bits with a sign. */
static bool is_int(struct hb_str text)
{
    uint64_t number;
    bool is_negative = text.len > 0 && text.ptr[0] == '-';
    struct hb_str digits = hb_str_n(text.ptr + is_negative, text.len - is_negative);
    bool is_plain = digits.len == 1 || (digits.len > 1 && digits.ptr[0] != '0'); /* as JSON wants it */
    return is_plain && hb_str_to_u64(digits, &number) && number <= (uint64_t)INT32_MAX + is_negative;
}

static struct hb_str truth_of(struct hb_str text)
{
    static const char *const yes[] = {"true", "yes", "1", "tak"}, *const no[] = {"false", "no", "0", "nie"};
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
        if (hb_str_eq_nocase(text, hb_str_c(yes[i])))
            return HB_STR("true");
        if (hb_str_eq_nocase(text, hb_str_c(no[i])))
            return HB_STR("false");
    }
    return hb_str_n(NULL, 0);
}

static struct hb_str gender_of(struct hb_sm_making *making, struct hb_sm_one *one, struct hb_str word)
{
    static const char *const words[] = {"-1", "0", "1", "2", "3", "4"};
    int number = -1; /* undefined */
    if (word.len > 0 && !hb_sm_mapping_gender(making->settings->mapping, word, &number))
        hb_sm_warn(making, one, "gender", "sent as undefined: \"%.*s\" is not among the words of the mapping",
                   (int)hb_text_cut_bytes(word, 40).len, word.ptr);
    HB_ASSERT(number >= -1 && number <= 4 && number != 3);
    return hb_str_c(words[number + 1]);
}

struct hb_str hb_sm_field_word(struct hb_sm_making *making, struct hb_sm_one *one, enum hb_sm_field field)
{
    const struct hb_sm_limit *limit = hb_sm_limit(field);
    struct hb_cursor value = value_of(making, field);
    struct hb_str text = {NULL, 0};
    hb_buf_clear(&making->text);
    if (value.kind != HB_CURSOR_NONE) {
        making->err = hb_sm_source_text(value, &making->text);
        text = hb_text_strip(hb_buf_str(&making->text));
    }
    if (limit->kind == HB_SM_KIND_GENDER)
        return gender_of(making, one, text);
    struct hb_str word = limit->kind == HB_SM_KIND_BOOL ? truth_of(text) : is_int(text) ? text : hb_str_n(NULL, 0);
    if (text.len > 0 && word.len == 0)
        hb_sm_warn(making, one, limit->name, "left out: \"%.*s\" is no %s", (int)hb_text_cut_bytes(text, 40).len,
                   text.ptr, limit->kind == HB_SM_KIND_BOOL ? "truth value" : "whole number of 32 bits");
    return word;
}
