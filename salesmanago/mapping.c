#include "salesmanago/mapping_internal.h"

#include "core/json_scan.h"
#include "core/text_cut.h"
#include "core/words.h"

#include <stdio.h>
#include <stdlib.h>

#define PLACE_MAX 160

/* A mapping while it is read. */
struct reading {
    struct hb_sm_mapping *mapping;
    struct hb_error *reterr;
    char place[PLACE_MAX]; /* of what is being read: "fields.season" */
};

typedef enum hb_err read_fn(struct reading *r, struct hb_str name, struct hb_cursor value);

/* What a member may be, in words. */
static const char what_a_field_is[] =
    "must be a path into the product, such as \"attributes.season\", or null: not sent";

struct hb_str hb_sm_mapping_default(void)
{
    static const char text[] =
#include "salesmanago/mapping_default.def"
        ;
    return hb_str_n(text, sizeof(text) - 1);
}

static void set_place(struct reading *r, const char *member, struct hb_str name)
{
    (void)snprintf(r->place, sizeof(r->place), "%s%s%.*s", member, *member && name.len > 0 ? "." : "",
                   (int)(name.len > 80 ? 80 : name.len), name.ptr ? name.ptr : "");
}

static enum hb_err refuse(struct reading *r, const char *should)
{
    return hb_fail(r->reterr, HB_ERR_INVALID, "%s %s", r->place, should);
}

/* The plain text of a raw string body, kept as long as the mapping. */
static struct hb_str keep(struct hb_sm_mapping *mapping, struct hb_str raw)
{
    size_t before = mapping->texts.len;
    const char *place = mapping->texts.ptr;
    enum hb_err err = hb_cursor_unescape(raw, &mapping->texts);
    HB_ASSERT(!err && mapping->texts.ptr == place); /* there is room for all of it: nothing moves */
    return hb_str_n(place + before, mapping->texts.len - before);
}

/* ---- fields ---- */

static bool is_mappable(int field)
{
    return field >= 0 && hb_sm_limit((enum hb_sm_field)field)->place != HB_SM_PLACE_CATALOG &&
           field != HB_SM_FIELD_AVAILABLE && field != HB_SM_FIELD_ACTIVE && field != HB_SM_FIELD_PRICE &&
           field != HB_SM_FIELD_DETAILS;
}

static enum hb_err refuse_field(struct reading *r, int field)
{
    if (field == HB_SM_FIELD_PRICE || field == HB_SM_FIELD_AVAILABLE || field == HB_SM_FIELD_ACTIVE)
        return refuse(r, "is not mapped: the price comes from the catalog's currency, the rest from stock and status");
    if (field == HB_SM_FIELD_DETAILS)
        return refuse(r, "is not mapped as one: write \"details\": {\"detail1\": \"attributes.fabric\"}");
    char names[HB_ERROR_TEXT_MAX] = "";
    size_t len = 0;
    for (int i = 0; i < HB_SM_FIELD_COUNT; i++)
        if (is_mappable(i) && len < sizeof(names))
            len += (size_t)snprintf(names + len, sizeof(names) - len, "%s%s", len ? ", " : "",
                                    hb_sm_limit((enum hb_sm_field)i)->name);
    return hb_fail(r->reterr, HB_ERR_INVALID, "%s is no field; there are %s", r->place, names);
}

/* Fields that may come from certain members only: what the reader of paths cannot know. */
static enum hb_err check_field(struct reading *r, int field, struct hb_str text)
{
    bool is_id =
        hb_str_eq(text, HB_STR("id")) || hb_str_eq(text, HB_STR("reference")) || hb_str_eq(text, HB_STR("ean"));
    if (field == HB_SM_FIELD_PRODUCT_ID && !is_id)
        return refuse(r, "must be id, reference or ean: a product and its variants are told apart by it");
    if (field == HB_SM_FIELD_DISCOUNT_PRICE && !hb_str_eq(text, HB_STR("sale_price")))
        return refuse(r, "must be sale_price, or null: not sent; it goes with the price of the catalog's currency");
    if (field == HB_SM_FIELD_QUANTITY && !hb_str_eq(text, HB_STR("stock.quantity")))
        return refuse(r, "must be stock.quantity, or null: not sent; it is the newer of product and inventory");
    return HB_OK;
}

static enum hb_err read_path(struct reading *r, struct hb_cursor value, struct hb_sm_path *ret_path)
{
    if (value.kind != HB_CURSOR_STRING)
        return refuse(r, what_a_field_is);
    return hb_sm_path_read(keep(r->mapping, hb_cursor_text(value)), r->place, ret_path, r->reterr);
}

static enum hb_err read_field(struct reading *r, struct hb_str raw, struct hb_cursor value)
{
    struct hb_str name = keep(r->mapping, raw);
    int field = hb_sm_limit_find(name);
    set_place(r, "fields", name);
    if (!is_mappable(field))
        return refuse_field(r, field);
    struct hb_sm_path *path = &r->mapping->fields[field];
    if (value.kind == HB_CURSOR_NULL) {
        if (hb_sm_limit((enum hb_sm_field)field)->is_required && field != HB_SM_FIELD_MAIN_CATEGORY)
            return refuse(r, "cannot be null: SALESmanago takes no product without it");
        *path = (struct hb_sm_path){.count = 0};
        return HB_OK;
    }
    enum hb_err err = read_path(r, value, path);
    return err ? err : check_field(r, field, path->text);
}

/* ---- the rest ---- */

static enum hb_err read_detail(struct reading *r, struct hb_str raw, struct hb_cursor value)
{
    struct hb_sm_mapping *mapping = r->mapping;
    struct hb_str name = keep(mapping, raw);
    set_place(r, "details", name);
    if (name.len == 0 || hb_text_units(name) > hb_sm_limit(HB_SM_FIELD_DETAILS)->limit)
        return refuse(r, "needs a name of 1 to 255 characters, such as detail1");
    if (mapping->details_count == HB_SM_DETAILS_MAX)
        return refuse(r, "is one too many: SALESmanago takes 5 details");
    for (size_t i = 0; i < mapping->details_count; i++)
        if (hb_str_eq(mapping->details[i].name, name))
            return refuse(r, "is there twice");
    if (hb_sm_limit_find(name) >= 0)
        return refuse(r, "has the name of another field: setting one to null would be the other");
    struct hb_sm_detail *detail = &mapping->details[mapping->details_count];
    enum hb_err err = read_path(r, value, &detail->path);
    if (err)
        return err;
    detail->name = name;
    mapping->details_count++;
    return HB_OK;
}

static enum hb_err read_gender(struct reading *r, struct hb_str raw, struct hb_cursor value)
{
    static const struct {
        const char *text;
        int number;
    } numbers[] = {{"-1", -1}, {"0", 0}, {"1", 1}, {"2", 2}, {"4", 4}};
    struct hb_sm_mapping *mapping = r->mapping;
    struct hb_str word = keep(mapping, raw);
    size_t at = 0;
    set_place(r, "genders", word);
    while (at < mapping->genders_count && !hb_str_eq_nocase(mapping->genders[at].word, word))
        at++;
    if (word.len == 0 || at == HB_SM_GENDER_WORDS_MAX)
        return refuse(r, "is no word, or one too many: at most 64 with those of the default");
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (value.kind != HB_CURSOR_NUMBER || !hb_str_eq(value.raw, hb_str_c(numbers[i].text)))
            continue;
        mapping->genders[at] = (struct hb_sm_gender){word, numbers[i].number};
        mapping->genders_count += at == mapping->genders_count;
        return HB_OK;
    }
    return refuse(r, "must be -1 (undefined), 0 (female), 1 (male), 2 (other) or 4 (unisex)");
}

static enum hb_err read_own_member(struct reading *r, struct hb_str raw, struct hb_cursor value)
{
    (void)raw;
    struct hb_sm_mapping *mapping = r->mapping;
    set_place(r, "own_members", hb_str_n(NULL, 0));
    if (value.kind != HB_CURSOR_STRING || mapping->own_members_count == HB_SM_OWN_MEMBERS_MAX)
        return refuse(r, "must be a list of at most 16 names of members that your products have beyond the schema");
    mapping->own_members[mapping->own_members_count++] = keep(mapping, hb_cursor_text(value));
    return HB_OK;
}

static enum hb_err read_main_category(struct reading *r, struct hb_cursor value)
{
    const struct hb_sm_limit *limit = hb_sm_limit(HB_SM_FIELD_MAIN_CATEGORY);
    struct hb_str text = value.kind == HB_CURSOR_STRING ? keep(r->mapping, hb_cursor_text(value)) : hb_str_n(NULL, 0);
    text = hb_text_strip(text);
    if (text.len == 0 || hb_text_units(text) > limit->limit)
        return refuse(r, "must be a text of 1 to 255 characters");
    r->mapping->main_category = text;
    return HB_OK;
}

/* One of two words. */
static enum hb_err read_choice(struct reading *r, struct hb_cursor value, const char *const words[2], bool *ret_second)
{
    for (int i = 0; i < 2; i++) {
        if (value.kind == HB_CURSOR_STRING && hb_cursor_text_eq(hb_cursor_text(value), hb_str_c(words[i]))) {
            *ret_second = i == 1;
            return HB_OK;
        }
    }
    return hb_fail(r->reterr, HB_ERR_INVALID, "%s must be \"%s\" or \"%s\"", r->place, words[0], words[1]);
}

static enum hb_err read_each(struct reading *r, struct hb_cursor container, enum hb_cursor_kind kind, read_fn *fn)
{
    struct hb_str name = {NULL, 0};
    struct hb_cursor value;
    size_t state = 0;
    if (container.kind != kind)
        return refuse(r, kind == HB_CURSOR_OBJECT ? "must be an object" : "must be a list");
    while (hb_cursor_next(container, &state, &name, &value)) {
        enum hb_err err = fn(r, name, value);
        if (err)
            return err;
    }
    return HB_OK;
}

/* One member of the mapping. Those of fields and genders are laid over the default, a list or details replace it. */
static enum hb_err read_member(struct reading *r, struct hb_str raw, struct hb_cursor value)
{
    static const char *const brand_places[] = {"product", "systemDetails"}, *const names[] = {"catalogName", "name"};
    struct hb_sm_mapping *mapping = r->mapping;
    struct hb_str name = keep(mapping, raw);
    set_place(r, "", name);
    if (hb_str_eq(name, HB_STR("fields")))
        return read_each(r, value, HB_CURSOR_OBJECT, read_field);
    if (hb_str_eq(name, HB_STR("genders")))
        return read_each(r, value, HB_CURSOR_OBJECT, read_gender);
    if (hb_str_eq(name, HB_STR("details"))) {
        mapping->details_count = 0;
        return read_each(r, value, HB_CURSOR_OBJECT, read_detail);
    }
    if (hb_str_eq(name, HB_STR("own_members"))) {
        mapping->own_members_count = 0;
        return read_each(r, value, HB_CURSOR_ARRAY, read_own_member);
    }
    if (hb_str_eq(name, HB_STR("main_category")))
        return read_main_category(r, value);
    if (hb_str_eq(name, HB_STR("brand_in")))
        return read_choice(r, value, brand_places, &mapping->is_brand_in_system);
    if (hb_str_eq(name, HB_STR("catalog_name_as")))
        return read_choice(r, value, names, &mapping->is_catalog_name_short);
    return refuse(r, "is no member of a mapping; there are fields, details, genders, main_category, brand_in, "
                     "catalog_name_as, own_members");
}

/* ---- after all of it is read ---- */

static bool is_known_member(const struct hb_sm_mapping *mapping, struct hb_str name)
{
    static const char *const known[] = {"id",         "name",     "description",  "url",        "images",
                                        "categories", "price",    "sale_price",   "currency",   "prices",
                                        "stock",      "status",   "brand",        "reference",  "ean",
                                        "attributes", "variants", "translations", "created_at", "updated_at"};
    if (HB_WORDS_FIND(known, name) >= 0)
        return true;
    for (size_t i = 0; i < mapping->own_members_count; i++)
        if (hb_str_eq(name, mapping->own_members[i]))
            return true;
    return false;
}

static enum hb_err check_root(struct reading *r, const struct hb_sm_path *path, const char *member, struct hb_str name)
{
    if (path->count == 0 || is_known_member(r->mapping, path->steps[0].name))
        return HB_OK;
    set_place(r, member, name);
    struct hb_str root = path->steps[0].name;
    return hb_fail(r->reterr, HB_ERR_INVALID,
                   "%s: a product has no member \"%.*s\" (docs/schemas/product.schema.json); one of your own is to be "
                   "named in own_members",
                   r->place, (int)(root.len > 40 ? 40 : root.len), root.ptr);
}

static enum hb_err check_roots(struct reading *r)
{
    enum hb_err err = HB_OK;
    const struct hb_sm_mapping *mapping = r->mapping;
    for (int i = 0; !err && i < HB_SM_FIELD_COUNT; i++)
        err = check_root(r, &mapping->fields[i], "fields", hb_str_c(hb_sm_limit((enum hb_sm_field)i)->name));
    for (size_t i = 0; !err && i < mapping->details_count; i++)
        err = check_root(r, &mapping->details[i].path, "details", mapping->details[i].name);
    return err;
}

static enum hb_err read_text(struct reading *r, struct hb_str text)
{
    size_t at;
    (void)snprintf(r->place, sizeof(r->place), "the mapping");
    if (text.len > HB_SM_MAPPING_BYTES_MAX)
        return hb_fail(r->reterr, HB_ERR_TOO_LARGE, "the mapping is larger than 32 KiB");
    if (hb_json_scan(text, &at) != HB_OK)
        return hb_fail(r->reterr, HB_ERR_INVALID, "the mapping is not JSON, at byte %zu", at);
    return read_each(r, hb_cursor_root(text), HB_CURSOR_OBJECT, read_member);
}

enum hb_err hb_sm_mapping_read(struct hb_str text, struct hb_sm_mapping **ret_mapping, struct hb_error *reterr)
{
    struct hb_str given = hb_sm_mapping_default();
    size_t texts_max = given.len + (text.len <= HB_SM_MAPPING_BYTES_MAX ? text.len : 0);
    struct hb_sm_mapping *mapping = calloc(1, sizeof(*mapping));
    if (!mapping)
        return hb_fail(reterr, HB_ERR_MEMORY, "out of memory");
    mapping->texts = hb_buf_make(texts_max);
    if (hb_buf_reserve(&mapping->texts, texts_max)) {
        hb_sm_mapping_free(&mapping);
        return hb_fail(reterr, HB_ERR_MEMORY, "out of memory");
    }
    struct reading r = {.mapping = mapping, .reterr = reterr};
    enum hb_err err = read_text(&r, given);
    HB_ASSERT(!err);
    if (text.len > 0)
        err = read_text(&r, text);
    if (!err)
        err = check_roots(&r);
    if (err)
        hb_sm_mapping_free(&mapping);
    else
        *ret_mapping = mapping;
    return err;
}

void hb_sm_mapping_free(struct hb_sm_mapping **mapping)
{
    if (!*mapping)
        return;
    hb_buf_deinit(&(*mapping)->texts);
    free(*mapping);
    *mapping = NULL;
}

/* ---- what it says ---- */

const char *hb_sm_mapping_catalog_name(const struct hb_sm_mapping *mapping)
{
    return mapping->is_catalog_name_short ? "name" : "catalogName";
}

uint32_t hb_sm_mapping_null_bit(const struct hb_sm_mapping *mapping, struct hb_str name)
{
    struct hb_str details = HB_STR("customDetails."), detail = name;
    if (hb_str_has_prefix(name, details))
        detail = hb_str_n(name.ptr + details.len, name.len - details.len);
    for (size_t i = 0; i < mapping->details_count; i++)
        if (hb_str_eq(mapping->details[i].name, detail))
            return HB_SM_NULL_BIT_DETAIL(i);
    int field = hb_sm_limit_find(name);
    bool is_nullable = is_mappable(field) && !hb_sm_limit((enum hb_sm_field)field)->is_required &&
                       field != HB_SM_FIELD_GENDER && mapping->fields[field].count > 0;
    return is_nullable ? HB_SM_NULL_BIT(field) : 0;
}

bool hb_sm_mapping_gender(const struct hb_sm_mapping *mapping, struct hb_str word, int *ret_number)
{
    for (size_t i = 0; i < mapping->genders_count; i++) {
        if (!hb_str_eq_nocase(mapping->genders[i].word, word))
            continue;
        *ret_number = mapping->genders[i].number;
        return true;
    }
    return false;
}
