#include "salesmanago/items_internal.h"

#include <stdio.h>

static void note_empty(struct hb_sm_making *making, struct hb_sm_one *one, enum hb_sm_field field)
{
    if (making->settings->mapping->fields[field].count > 0)
        one->empty |= HB_SM_NULL_BIT(field);
}

/* One field by its row of the table. */
static void write_field(struct hb_sm_making *making, struct hb_sm_one *one, enum hb_sm_field field)
{
    const struct hb_sm_limit *limit = hb_sm_limit(field);
    struct hb_str name = hb_str_c(limit->name), value;
    if (making->settings->mapping->fields[field].count == 0)
        return;
    if (limit->count_max > 0) {
        if (!hb_sm_field_list(making, one, field))
            note_empty(making, one, field);
        return;
    }
    bool is_text = limit->kind == HB_SM_KIND_TEXT || limit->kind == HB_SM_KIND_HTML || limit->kind == HB_SM_KIND_URL;
    value = is_text ? hb_sm_field_text(making, one, field) : hb_sm_field_word(making, one, field);
    if (value.len == 0)
        note_empty(making, one, field);
    else if (is_text)
        hb_sm_json_text(&one->out, name, value);
    else
        hb_sm_json_word(&one->out, name, value);
}

/* Without it the product is refused; what is turned off makes do with `instead`. */
static void write_required(struct hb_sm_making *making, struct hb_sm_one *one, enum hb_sm_field field,
                           struct hb_str instead)
{
    const struct hb_sm_limit *limit = hb_sm_limit(field);
    struct hb_str value = hb_sm_field_text(making, one, field);
    if (value.len == 0)
        value = instead;
    if (value.len > 0)
        hb_sm_json_text(&one->out, hb_str_c(limit->name), value);
    else if (!one->is_refused)
        hb_sm_refuse(making, one, limit->name, "is missing");
}

static void write_url(struct hb_sm_making *making, struct hb_sm_one *one)
{
    write_required(making, one, HB_SM_FIELD_PRODUCT_URL, hb_str_n(NULL, 0));
    /* The text between the last quotes: an address has none within. */
    size_t end = one->out.buf->len, at = end;
    if (one->is_refused || one->out.err)
        return;
    while (one->out.buf->ptr[at - 2] != '"')
        at--;
    one->at.url_at = at - 1;
    one->at.url_len = end - at;
}

static void write_stock(struct hb_sm_making *making, struct hb_sm_one *one)
{
    const struct hb_catalog_stock *stock = &one->stock;
    bool is_available = stock->is_known ? stock->is_available : making->is_active;
    char number[24];
    hb_sm_json_bool(&one->out, HB_STR("available"), is_available && !one->is_off);
    hb_sm_json_bool(&one->out, HB_STR("active"), making->is_active && !one->is_off);
    if (making->settings->mapping->fields[HB_SM_FIELD_QUANTITY].count == 0)
        return;
    bool has_quantity = stock->is_known && stock->has_quantity && !one->is_off; /* of what is gone there are none */
    bool fits = stock->quantity >= INT32_MIN && stock->quantity <= INT32_MAX;
    if (has_quantity && fits) {
        (void)snprintf(number, sizeof(number), "%lld", (long long)stock->quantity);
        hb_sm_json_word(&one->out, HB_STR("quantity"), hb_str_c(number));
        return;
    }
    note_empty(making, one, HB_SM_FIELD_QUANTITY);
    if (has_quantity)
        hb_sm_warn(making, one, "quantity", "left out: it is beyond 32 bits");
}

static void write_prices(struct hb_sm_making *making, struct hb_sm_one *one)
{
    char bytes[HB_DECIMAL_TEXT_MAX];
    struct hb_str price = hb_sm_price(making, one, HB_SM_FIELD_PRICE, bytes);
    hb_sm_json_word(&one->out, HB_STR("price"), price.len > 0 ? price : HB_STR("0.00"));
    if (making->settings->mapping->fields[HB_SM_FIELD_DISCOUNT_PRICE].count == 0)
        return;
    struct hb_str discount = hb_sm_price(making, one, HB_SM_FIELD_DISCOUNT_PRICE, bytes);
    if (discount.len > 0)
        hb_sm_json_word(&one->out, HB_STR("discountPrice"), discount);
    else
        note_empty(making, one, HB_SM_FIELD_DISCOUNT_PRICE);
}

/* An object that is not there if it would be empty: what was written for it is taken back. */
static void close_object(struct hb_sm_one *one, size_t before, bool had_item)
{
    if (!one->out.err && one->out.buf->ptr[one->out.buf->len - 1] == '{') {
        one->out.buf->len = before;
        one->out.has_item = had_item;
        return;
    }
    hb_sm_json_close(&one->out, '}');
}

static void write_system_details(struct hb_sm_making *making, struct hb_sm_one *one)
{
    size_t before = one->out.buf->len;
    hb_sm_json_begin(&one->out, HB_STR("systemDetails"), '{');
    if (making->settings->mapping->is_brand_in_system)
        write_field(making, one, HB_SM_FIELD_BRAND);
    for (int i = 0; i < HB_SM_FIELD_COUNT; i++)
        if (hb_sm_limit((enum hb_sm_field)i)->place == HB_SM_PLACE_SYSTEM)
            write_field(making, one, (enum hb_sm_field)i);
    close_object(one, before, true);
}

static void write_custom_details(struct hb_sm_making *making, struct hb_sm_one *one)
{
    const struct hb_sm_mapping *mapping = making->settings->mapping;
    size_t before = one->out.buf->len;
    if (mapping->details_count == 0)
        return;
    hb_sm_json_begin(&one->out, HB_STR("customDetails"), '{');
    for (size_t i = 0; i < mapping->details_count; i++) {
        struct hb_str value = hb_sm_field_detail(making, one, &mapping->details[i]);
        if (value.len > 0)
            hb_sm_json_text(&one->out, mapping->details[i].name, value);
        else
            one->empty |= HB_SM_NULL_BIT_DETAIL(i);
    }
    close_object(one, before, true);
}

/* What is omitted is kept by SALESmanago: what is empty now is cleared by its name. */
static void write_set_as_null(struct hb_sm_making *making, struct hb_sm_one *one)
{
    const struct hb_sm_mapping *mapping = making->settings->mapping;
    uint32_t empty = one->empty & ~making->settings->kept;
    if (empty == 0)
        return;
    hb_sm_json_begin(&one->out, HB_STR("setAsNull"), '[');
    for (int i = 0; i < HB_SM_FIELD_COUNT; i++)
        if (empty & HB_SM_NULL_BIT(i))
            hb_sm_json_text(&one->out, hb_str_n(NULL, 0), hb_str_c(hb_sm_limit((enum hb_sm_field)i)->name));
    for (size_t i = 0; i < mapping->details_count; i++)
        if (empty & HB_SM_NULL_BIT_DETAIL(i))
            hb_sm_json_text(&one->out, hb_str_n(NULL, 0), mapping->details[i].name);
    hb_sm_json_close(&one->out, ']');
}

static void write_object(struct hb_sm_making *making, struct hb_sm_one *one, struct hb_str id)
{
    hb_sm_json_open(&one->out, '{');
    hb_sm_json_text(&one->out, HB_STR("productId"), id);
    write_required(making, one, HB_SM_FIELD_NAME, one->is_off ? id : hb_str_n(NULL, 0));
    write_required(making, one, HB_SM_FIELD_MAIN_CATEGORY, making->settings->mapping->main_category);
    write_field(making, one, HB_SM_FIELD_CATEGORY_EXTERNAL_ID);
    write_field(making, one, HB_SM_FIELD_CATEGORIES);
    write_field(making, one, HB_SM_FIELD_DESCRIPTION);
    write_url(making, one);
    write_field(making, one, HB_SM_FIELD_MAIN_IMAGE_URL);
    write_field(making, one, HB_SM_FIELD_IMAGE_URLS);
    write_stock(making, one);
    write_prices(making, one);
    if (!making->settings->mapping->is_brand_in_system)
        write_field(making, one, HB_SM_FIELD_BRAND);
    write_system_details(making, one);
    write_custom_details(making, one);
    write_set_as_null(making, one);
    hb_sm_json_close(&one->out, '}');
}

void hb_sm_item_write(struct hb_sm_making *making, struct hb_sm_one *one)
{
    struct hb_buf *bytes = &making->items->bytes;
    char id_bytes[HB_SM_ITEM_ID_MAX];
    size_t before = bytes->len;
    one->out = (struct hb_sm_json){bytes, HB_OK, false};
    one->at = (struct hb_sm_item_at){.id_at = before};
    struct hb_str id = hb_sm_field_text(making, one, HB_SM_FIELD_PRODUCT_ID);
    if (id.len == 0 && !one->is_refused && !making->err)
        hb_sm_refuse(making, one, "productId", "is missing");
    if (!one->is_refused && !making->err) {
        HB_ASSERT(id.len <= sizeof(id_bytes)); /* by the limit of the field */
        memcpy(id_bytes, id.ptr, id.len);      /* the scratch it stands in is used again */
        hb_sm_json_raw(&one->out, id);
        one->at.id_len = id.len;
        one->at.json_at = bytes->len;
        write_object(making, one, hb_str_n(id_bytes, id.len));
        one->at.json_len = bytes->len - one->at.json_at;
    }
    if (one->out.err == HB_ERR_FULL)
        hb_sm_refuse(making, one, "productId", "the product's items are larger than %zu MiB together",
                     HB_SM_ITEMS_BYTES_MAX >> 20);
    else if (one->out.err)
        making->err = one->out.err;
    if (one->is_refused || making->err)
        bytes->len = before;
}
