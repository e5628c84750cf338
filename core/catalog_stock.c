/* What a product's and its variants' stock is, of the two that tell about it. */
#include "core/catalog_record.h"
#include "core/catalog_variants.h"
#include "core/catalog_version.h"
#include "core/json_members.h"

/* One that tells about stock: what it says, and how new that is. */
struct teller {
    struct hb_catalog_stock says;
    const struct hb_catalog_version *version;
};

/* Of an object with `available` and perhaps `quantity`: the same in both families. */
static struct hb_catalog_stock read_stock(struct hb_cursor object)
{
    struct hb_catalog_stock stock = {false, false, false, 0};
    struct hb_cursor available = hb_cursor_member(object, HB_STR("available"));
    if (available.kind != HB_CURSOR_BOOL)
        return stock;
    stock.is_known = true;
    stock.is_available = hb_str_eq(available.raw, HB_STR("true"));
    stock.has_quantity = hb_json_members_whole(hb_cursor_member(object, HB_STR("quantity")), &stock.quantity);
    return stock;
}

static struct hb_catalog_stock read_text(struct hb_str json)
{
    return json.len > 0 ? read_stock(hb_cursor_root(json)) : (struct hb_catalog_stock){false, false, false, 0};
}

/* The newer of what is told; equal: inventory. */
static struct hb_catalog_stock choose(struct teller product, struct teller inventory)
{
    if (!inventory.says.is_known || !product.says.is_known)
        return inventory.says.is_known ? inventory.says : product.says;
    return hb_catalog_version_cmp(inventory.version, product.version) >= 0 ? inventory.says : product.says;
}

struct hb_catalog_stock hb_catalog_stock(const struct hb_catalog_product *product)
{
    return choose((struct teller){read_text(product->product_stock), &product->product_stock_version},
                  (struct teller){read_text(product->inventory), &product->inventory_version});
}

const char *hb_catalog_stock_by(const struct hb_catalog_product *product)
{
    if (!product->product_stock_version.is_known && !product->inventory_version.is_known)
        return NULL;
    bool is_inventory = hb_catalog_version_cmp(&product->inventory_version, &product->product_stock_version) >= 0;
    return is_inventory ? "inventory" : "product";
}

/* ---- variants ---- */

/* The list says nothing of the variant: of a product that is not available none of its variants is. */
static struct hb_catalog_stock by_whole(struct hb_str json)
{
    struct hb_catalog_stock whole = read_text(json);
    whole.is_known = whole.is_known && !whole.is_available;
    whole.has_quantity = false;
    whole.quantity = 0;
    return whole;
}

static struct hb_catalog_stock stock_of(const struct hb_catalog_product *product, struct hb_cursor own,
                                        struct hb_cursor listed)
{
    struct teller by_product = {read_stock(hb_cursor_member(own, HB_STR("stock"))), &product->product_version};
    struct teller by_inventory = {read_stock(listed), &product->inventory_version};
    if (!by_product.says.is_known)
        by_product = (struct teller){by_whole(product->product_stock), &product->product_stock_version};
    if (!by_inventory.says.is_known)
        by_inventory.says = by_whole(product->inventory);
    return choose(by_product, by_inventory);
}

/* The last of that id: plain text, so not hb_catalog_index_find's to find. */
static struct hb_cursor find_plain(struct hb_str json, struct hb_str id)
{
    struct hb_cursor list = hb_catalog_variants(json), variant, found = {HB_CURSOR_NONE, {NULL, 0}};
    struct hb_str raw;
    size_t state = 0;
    while (list.kind == HB_CURSOR_ARRAY && hb_cursor_next(list, &state, NULL, &variant))
        if (hb_catalog_variant_id(variant, &raw) && hb_cursor_text_eq(raw, id))
            found = variant;
    return found;
}

struct hb_catalog_stock hb_catalog_stock_of(const struct hb_catalog_product *product, struct hb_str variant)
{
    return stock_of(product, find_plain(product->data, variant), find_plain(product->inventory, variant));
}

bool hb_catalog_variant_next(const struct hb_catalog_product *product, struct hb_catalog_variant_walk *walk,
                             struct hb_catalog_variant *ret_variant)
{
    struct hb_cursor variant, listed = {HB_CURSOR_NONE, {NULL, 0}};
    if (!walk->is_begun) {
        walk->variants = hb_catalog_variants(product->data).raw;
        hb_catalog_index_init(&walk->listed, hb_catalog_variants(product->inventory));
        walk->is_begun = true;
    }
    if (!walk->variants.ptr)
        return false;
    do { /* one without an id is none: the merge takes no such data */
        if (!hb_cursor_next((struct hb_cursor){HB_CURSOR_ARRAY, walk->variants}, &walk->variant_at, NULL, &variant))
            return false;
    } while (!hb_catalog_variant_id(variant, &ret_variant->id));
    ret_variant->data = variant.raw;
    if (!hb_catalog_index_find(&walk->listed, ret_variant->id, &listed))
        listed.kind = HB_CURSOR_NONE;
    ret_variant->stock = stock_of(product, variant, listed);
    return true;
}

static bool read_former(struct hb_cursor former, struct hb_catalog_former *ret_former)
{
    struct hb_cursor data = hb_cursor_member(former, HB_STR("data"));
    ret_former->data = data.raw;
    return data.kind == HB_CURSOR_OBJECT && hb_catalog_variant_id(former, &ret_former->id) &&
           hb_json_members_whole(hb_cursor_member(former, HB_STR("at")), &ret_former->at.ms);
}

bool hb_catalog_former_next(const struct hb_catalog_product *product, size_t *state,
                            struct hb_catalog_former *ret_former)
{
    struct hb_cursor former;
    if (product->former_variants.len == 0)
        return false;
    do {
        if (!hb_cursor_next(hb_cursor_root(product->former_variants), state, NULL, &former))
            return false;
    } while (!read_former(former, ret_former));
    return true;
}
