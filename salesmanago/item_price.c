#include "salesmanago/items_internal.h"

/* Why there is no price. */
enum lack { LACK_NONE, LACK_PRICE, LACK_CURRENCY, LACK_VARIANT };

/* The prices that go together: a sale price never stands beside another's price. */
struct pair {
    struct hb_cursor price, sale;
    enum lack lack;
};

static struct hb_cursor at(const struct hb_sm_making *making, enum hb_sm_level level, struct hb_str name)
{
    return hb_sm_source_member(&making->source, level, name);
}

/* prices[CUR] of a level, if it has a price. */
static bool in_currency(const struct hb_sm_making *making, enum hb_sm_level level, struct pair *ret_pair)
{
    struct hb_cursor all = at(making, level, HB_STR("prices"));
    struct hb_cursor found = hb_cursor_member(all, making->settings->currency);
    struct hb_cursor price = hb_cursor_member(found, HB_STR("price"));
    if (price.kind == HB_CURSOR_NONE || price.kind == HB_CURSOR_NULL)
        return false;
    *ret_pair = (struct pair){price, hb_cursor_member(found, HB_STR("sale_price")), LACK_NONE};
    return true;
}

static struct hb_str decimal_text(struct hb_cursor value)
{
    return value.kind == HB_CURSOR_STRING ? hb_cursor_text(value) : value.raw;
}

/* The product's own currency is the catalog's. */
static bool is_own_currency(const struct hb_sm_making *making)
{
    struct hb_cursor currency = at(making, HB_SM_PRODUCT, HB_STR("currency"));
    return making->settings->currency.len == 0 ||
           (currency.kind == HB_CURSOR_STRING &&
            hb_cursor_text_eq(hb_cursor_text(currency), making->settings->currency));
}

static struct pair own_pair(const struct hb_sm_making *making)
{
    struct pair pair = {at(making, HB_SM_PRODUCT, HB_STR("price")), at(making, HB_SM_PRODUCT, HB_STR("sale_price")),
                        LACK_PRICE};
    struct hb_cursor price = at(making, HB_SM_VARIANT, HB_STR("price"));
    struct hb_cursor sale = at(making, HB_SM_VARIANT, HB_STR("sale_price"));
    if (price.kind != HB_CURSOR_NONE)
        pair = (struct pair){price, sale, LACK_NONE};
    else if (sale.kind != HB_CURSOR_NONE)
        pair.sale = sale;
    return pair;
}

/* Out of `prices`. A variant that costs something else than its product needs prices of its own. */
static struct pair other_pair(const struct hb_sm_making *making)
{
    struct pair pair = {.lack = LACK_CURRENCY};
    struct hb_cursor own = at(making, HB_SM_VARIANT, HB_STR("price"));
    struct hb_cursor product = at(making, HB_SM_PRODUCT, HB_STR("price"));
    if (in_currency(making, HB_SM_VARIANT, &pair))
        return pair;
    bool is_another = own.kind != HB_CURSOR_NONE &&
                      (product.kind == HB_CURSOR_NONE || !hb_decimal_eq(decimal_text(own), decimal_text(product)));
    if (is_another)
        pair.lack = LACK_VARIANT;
    else if (!in_currency(making, HB_SM_PRODUCT, &pair) && product.kind == HB_CURSOR_NONE)
        pair.lack = LACK_PRICE;
    return pair;
}

static struct pair pair_of(const struct hb_sm_making *making)
{
    struct pair pair = {.lack = LACK_PRICE};
    bool is_own = is_own_currency(making);
    if (is_own)
        pair = own_pair(making);
    if (pair.price.kind == HB_CURSOR_NONE && making->settings->currency.len > 0)
        pair = other_pair(making);
    if (pair.price.kind == HB_CURSOR_NONE && is_own)
        pair.lack = LACK_PRICE;
    return pair;
}

static void refuse_lack(struct hb_sm_making *making, struct hb_sm_one *one, enum lack lack)
{
    struct hb_str wanted = making->settings->currency;
    struct hb_cursor own = at(making, HB_SM_PRODUCT, HB_STR("currency"));
    struct hb_str has = own.kind == HB_CURSOR_STRING ? hb_cursor_text(own) : HB_STR("unknown");
    if (lack == LACK_VARIANT)
        hb_sm_refuse(making, one, "price",
                     "there is none in %.*s: the variant costs something else than its product, whose prices therefore "
                     "are not its own, and the variant has no prices.%.*s",
                     HB_ARG(wanted), HB_ARG(wanted));
    else if (lack == LACK_CURRENCY)
        hb_sm_refuse(making, one, "price",
                     "there is none in %.*s: the product's currency is %.*s, and it has no prices.%.*s", HB_ARG(wanted),
                     (int)(has.len > 16 ? 16 : has.len), has.ptr, HB_ARG(wanted));
    else
        hb_sm_refuse(making, one, "price", "is missing");
}

static const char *fault_of(enum hb_decimal_read read)
{
    switch (read) {
    case HB_DECIMAL_NEGATIVE:
        return "is negative";
    case HB_DECIMAL_TOO_LARGE:
        return "has more than 19 digits before the point";
    case HB_DECIMAL_OK:
    case HB_DECIMAL_NO_NUMBER:
        break;
    }
    return "is no decimal number such as 19.90";
}

struct hb_str hb_sm_price(struct hb_sm_making *making, struct hb_sm_one *one, enum hb_sm_field field,
                          char bytes[HB_DECIMAL_TEXT_MAX])
{
    const struct hb_sm_limit *limit = hb_sm_limit(field);
    const struct hb_decimal_limit decimal = {limit->limit, HB_SM_MONEY_PLACES};
    struct hb_str none = {NULL, 0}, found;
    struct pair pair = pair_of(making);
    struct hb_cursor value = field == HB_SM_FIELD_PRICE ? pair.price : pair.sale;
    if (value.kind == HB_CURSOR_NONE || value.kind == HB_CURSOR_NULL) {
        if (field == HB_SM_FIELD_PRICE && !one->is_off)
            refuse_lack(making, one, pair.lack);
        return none;
    }
    enum hb_decimal_read read = hb_decimal_round(decimal_text(value), decimal, bytes, &found);
    if (read == HB_DECIMAL_OK)
        return found;
    if (!one->is_off)
        hb_sm_refuse(making, one, limit->name, "%s", fault_of(read));
    return none;
}
