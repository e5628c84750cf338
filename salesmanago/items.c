#include "salesmanago/items_internal.h"

#include "core/catalog_record.h"
#include "core/text_cut.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* What a product and all its variants may read of its data, each what it shares again: a second of all stores' time is
 * no one product's. */
#define READ_BYTES_MAX ((size_t)64 << 20)
#define SCRATCH_BYTES_MAX (HB_CATALOG_VALUE_MAX + HB_SM_ITEMS_BYTES_MAX) /* no value becomes longer than that */

/* ---- remarks ---- */

/* The id is the text behind id_at if it has been written, else nothing tells the item from its product. */
static void remark(struct hb_sm_making *making, const struct hb_sm_one *one, struct hb_sm_remark *remark,
                   const char *field, const char *words)
{
    struct hb_str id = {NULL, 0};
    if (remark->field)
        return; /* the first is kept */
    if (one->at.id_len > 0)
        id = hb_str_n(making->items->bytes.ptr + one->at.id_at, one->at.id_len);
    id = id.len > HB_SM_ITEM_ID_MAX ? hb_str_n(NULL, 0) : id;
    (void)snprintf(remark->item, sizeof(remark->item), "%.*s", HB_ARG(id));
    struct hb_str kept = hb_text_cut_bytes(hb_str_c(words), sizeof(remark->words) - 1);
    (void)snprintf(remark->words, sizeof(remark->words), "%.*s", HB_ARG(kept));
    remark->field = field;
}

void hb_sm_warn(struct hb_sm_making *making, const struct hb_sm_one *one, const char *field, const char *format, ...)
{
    char words[2 * HB_SM_WORDS_MAX];
    va_list args;
    if (one->is_off)
        return; /* what is turned off is not looked at any more */
    va_start(args, format);
    (void)vsnprintf(words, sizeof(words), format, args);
    va_end(args);
    making->items->trimmed++;
    remark(making, one, &making->items->warning, field, words);
}

void hb_sm_refuse(struct hb_sm_making *making, struct hb_sm_one *one, const char *field, const char *format, ...)
{
    char words[2 * HB_SM_WORDS_MAX];
    va_list args;
    bool is_first = !one->is_refused;
    one->is_refused = true;
    if (one->is_off || !is_first)
        return; /* off: it was refused as long as it was on, so SALESmanago does not have it */
    va_start(args, format);
    (void)vsnprintf(words, sizeof(words), format, args);
    va_end(args);
    making->items->refused++;
    remark(making, one, &making->items->refusal, field, words);
}

/* ---- which items there are ---- */

static bool add_item(struct hb_sm_making *making, const struct hb_sm_one *one)
{
    struct hb_sm_items *items = making->items;
    if (items->count == items->capacity) {
        size_t capacity = items->capacity ? 2 * items->capacity : 4;
        struct hb_sm_item_at *at = realloc(items->at, capacity * sizeof(*at));
        if (!at) {
            making->err = HB_ERR_MEMORY;
            return false;
        }
        items->at = at;
        items->capacity = capacity;
    }
    items->at[items->count++] = one->at;
    return true;
}

static struct hb_str url_of(const struct hb_sm_items *items, const struct hb_sm_item_at *at)
{
    return hb_str_n(items->bytes.ptr + at->url_at, at->url_len);
}

/* Whether another item stands for that address already. */
static bool is_taken(const struct hb_sm_items *items, const struct hb_sm_item_at *at)
{
    for (size_t i = 0; i < items->count; i++)
        if (hb_str_eq(url_of(items, &items->at[i]), url_of(items, at)))
            return true;
    return false;
}

/* The product's own id stays the product's, also when that is refused. */
static bool is_products_id(const struct hb_sm_making *making, const struct hb_sm_one *one)
{
    const struct hb_sm_items *items = making->items;
    struct hb_str id = hb_str_n(items->bytes.ptr + one->at.id_at, one->at.id_len);
    if (!making->has_product)
        return hb_str_eq(id, making->product->product);
    return hb_str_eq(id, hb_str_n(items->bytes.ptr + items->at[0].id_at, items->at[0].id_len));
}

/* A variant that is no item of its own (SM-55). */
static void fold(struct hb_sm_making *making, struct hb_sm_one *one, struct hb_str raw_id, const char *why)
{
    struct hb_buf *bytes = &making->items->bytes;
    size_t before = bytes->len;
    one->at = (struct hb_sm_item_at){.id_at = before};
    making->err = hb_cursor_unescape(raw_id, bytes); /* for the remark */
    one->at.id_len = bytes->len - before;
    if (!making->err)
        hb_sm_warn(making, one, "productUrl", "the variant is folded into its product: %s", why);
    bytes->len = before;
}

static void make_variant(struct hb_sm_making *making, struct hb_str raw_id, struct hb_str data, struct hb_sm_one one)
{
    struct hb_sm_items *items = making->items;
    hb_sm_source_variant(&making->source, data, making->settings->language);
    if (!hb_sm_field_is_own(making, HB_SM_FIELD_PRODUCT_ID)) {
        fold(making, &one, raw_id, "it has no id of its own");
        return;
    }
    if (!hb_sm_field_is_own(making, HB_SM_FIELD_PRODUCT_URL)) {
        fold(making, &one, raw_id, "it has no address of its own");
        return;
    }
    if (making->read > READ_BYTES_MAX) {
        hb_sm_refuse(making, &one, "productId",
                     "its variants share so much that more than %zu MiB had to be read for them", READ_BYTES_MAX >> 20);
        return;
    }
    if (items->count == HB_SM_ITEMS_MAX) {
        hb_sm_refuse(making, &one, "productId", "the product has more than %d variants", HB_SM_ITEMS_MAX - 1);
        return;
    }
    hb_sm_item_write(making, &one);
    if (one.is_refused || making->err)
        return;
    const char *why = is_products_id(making, &one) ? "its id is the product's"
                      : is_taken(items, &one.at)   ? "its address is the product's or another variant's"
                                                   : NULL;
    if (!why) {
        (void)add_item(making, &one);
        return;
    }
    items->bytes.len = one.at.id_at;
    fold(making, &one, raw_id, why);
}

/* A product that says nothing of its stock is there if a variant is. */
static struct hb_catalog_stock stock_of_product(const struct hb_catalog_product *product)
{
    struct hb_catalog_stock stock = hb_catalog_stock(product);
    struct hb_catalog_variant_walk walk = HB_CATALOG_VARIANT_WALK;
    struct hb_catalog_variant variant;
    if (stock.is_known)
        return stock;
    while (hb_catalog_variant_next(product, &walk, &variant)) {
        stock.is_known = stock.is_known || variant.stock.is_known;
        stock.is_available = stock.is_available || (variant.stock.is_known && variant.stock.is_available);
    }
    return stock;
}

static void make_variants(struct hb_sm_making *making, const struct hb_sm_one *of_product)
{
    struct hb_catalog_variant_walk walk = HB_CATALOG_VARIANT_WALK;
    struct hb_catalog_variant variant;
    struct hb_catalog_former former;
    size_t state = 0;
    while (!making->err && hb_catalog_variant_next(making->product, &walk, &variant)) {
        struct hb_sm_one one = {.is_off = of_product->is_off, .stock = variant.stock};
        if (!one.stock.is_known) { /* of its product it shares whether, not how many */
            one.stock = of_product->stock;
            one.stock.has_quantity = false;
        }
        make_variant(making, variant.id, variant.data, one);
    }
    while (!making->err && hb_catalog_former_next(making->product, &state, &former))
        make_variant(making, former.id, former.data, (struct hb_sm_one){.is_off = true});
}

static void make_all(struct hb_sm_making *making)
{
    const struct hb_catalog_product *product = making->product;
    hb_sm_source_product(&making->source, product->data, making->settings->language);
    struct hb_cursor status = hb_sm_source_member(&making->source, HB_SM_PRODUCT, HB_STR("status"));
    making->is_active = status.kind != HB_CURSOR_STRING || hb_cursor_text_eq(hb_cursor_text(status), HB_STR("active"));
    struct hb_sm_one one = {.is_off = product->state == HB_CATALOG_DELETED, .stock = stock_of_product(product)};
    hb_sm_item_write(making, &one);
    making->has_product = !making->err && !one.is_refused && add_item(making, &one);
    if (!making->err)
        make_variants(making, &one);
}

enum hb_err hb_sm_items_make(const struct hb_catalog_product *product, const struct hb_sm_settings *settings,
                             struct hb_sm_items *items)
{
    struct hb_sm_making making = {.product = product,
                                  .settings = settings,
                                  .items = items,
                                  .text = hb_buf_make(SCRATCH_BYTES_MAX),
                                  .clean = hb_buf_make(SCRATCH_BYTES_MAX),
                                  .html = hb_buf_make(SCRATCH_BYTES_MAX)};
    making.source.read = &making.read;
    items->count = items->trimmed = items->refused = 0;
    items->warning.field = items->refusal.field = NULL;
    hb_buf_clear(&items->bytes);
    if (product->state != HB_CATALOG_PARTIAL && product->data.len > 0)
        make_all(&making);
    hb_buf_deinit(&making.text);
    hb_buf_deinit(&making.clean);
    hb_buf_deinit(&making.html);
    return making.err;
}

void hb_sm_items_deinit(struct hb_sm_items *items)
{
    hb_buf_deinit(&items->bytes);
    free(items->at);
    *items = HB_SM_ITEMS_EMPTY;
}

struct hb_sm_item hb_sm_item(const struct hb_sm_items *items, size_t at)
{
    HB_ASSERT(at < items->count);
    const struct hb_sm_item_at *item = &items->at[at];
    return (struct hb_sm_item){hb_str_n(items->bytes.ptr + item->id_at, item->id_len),
                               hb_str_n(items->bytes.ptr + item->json_at, item->json_len)};
}
