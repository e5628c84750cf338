/* Any interleaving of the same events gives the same product, byte for byte. */
#include "unit/catalog/folds.h"

#define ROUNDS 1500
#define EVENTS_MAX 12 /* of each topic */
#define ORDERS 6
#define TEXT_MAX 512

/* ---- chance, the same on every machine ---- */

static uint64_t seed;

static unsigned any(unsigned below)
{
    return next_random(&seed) % below;
}

/* ---- random events ---- */

struct story {
    struct told told[EVENTS_MAX];
    char data[EVENTS_MAX][TEXT_MAX], sequence[EVENTS_MAX][8], time[EVENTS_MAX][40];
    bool has_stock[EVENTS_MAX]; /* of the product itself */
    size_t count;
};

static void add_variants(char *data, bool must_tell)
{
    size_t at = strlen(data);
    const char *comma = "";
    at += (size_t)snprintf(data + at, TEXT_MAX - at, ",\"variants\":[");
    for (unsigned id = 0; id < 4; id++) {
        if (any(2))
            continue;
        at += (size_t)snprintf(data + at, TEXT_MAX - at, "%s{\"id\":\"v%u\"", comma, id);
        if (must_tell)
            at += (size_t)snprintf(data + at, TEXT_MAX - at, ",\"available\":%s", any(2) ? "true" : "false");
        else if (any(3) == 0)
            at += (size_t)snprintf(data + at, TEXT_MAX - at, ",\"stock\":{\"available\":true,\"quantity\":%u}", any(9));
        at += (size_t)snprintf(data + at, TEXT_MAX - at, "}");
        comma = ",";
    }
    (void)snprintf(data + at, TEXT_MAX - at, "]");
}

/* True: a product event that tells about the product's own stock. */
static bool make_data(char *data, bool is_inventory, unsigned mark)
{
    bool has_stock = !is_inventory && any(2);
    if (is_inventory) {
        (void)snprintf(data, TEXT_MAX, "{\"product_id\":\"1001\",\"available\":%s,\"quantity\":%u", any(2) ? "true" : "false",
                       mark);
    } else {
        (void)snprintf(data, TEXT_MAX, "{\"id\":\"1001\",\"name\":\"n%u\"", mark);
        size_t at = strlen(data);
        if (has_stock)
            (void)snprintf(data + at, TEXT_MAX - at, ",\"stock\":{\"available\":true,\"quantity\":%u}", mark);
    }
    if (any(2))
        add_variants(data, is_inventory);
    (void)strcat(data, "}");
    return has_stock;
}

static bool is_end(const struct told *told)
{
    return strcmp(told->type, "product.deleted") == 0;
}

/* Versions of every kind and few values, so that equal ones and circles come often. */
static void make_story(struct story *story, bool is_inventory)
{
    static const char *const PRODUCT[] = {"product.created", "product.updated", "product.updated", "product.deleted"};
    story->count = 1 + any(EVENTS_MAX);
    int64_t appended = 0;
    for (size_t i = 0; i < story->count; i++) {
        struct told *told = &story->told[i];
        appended += any(3);
        *told = (struct told){.data = story->data[i], .appended = appended, .offset = (int64_t)i * 2};
        told->type = is_inventory ? "inventory.updated" : PRODUCT[any(4)];
        story->has_stock[i] = make_data(story->data[i], is_inventory, (unsigned)i) && !is_end(told);
        unsigned kind = any(5);
        (void)snprintf(story->sequence[i], sizeof(story->sequence[i]), kind == 4 ? "b%u" : "%u", any(12));
        (void)snprintf(story->time[i], sizeof(story->time[i]), "2023-11-14T22:13:%02u.000Z", any(12) + 15);
        told->sequence = kind == 0 || kind >= 3 ? story->sequence[i] : NULL;
        told->time = kind <= 1 || kind == 3 ? story->time[i] : NULL;
    }
}

static void play(struct fold *fold, const struct story *products, const struct story *inventory, unsigned order)
{
    size_t p = 0, i = 0;
    while (p < products->count || i < inventory->count) {
        bool is_product = order == 0 || (order > 1 && any(2));
        if (p == products->count || (i < inventory->count && !is_product))
            fold_tell(fold, &inventory->told[i++]);
        else
            fold_tell(fold, &products->told[p++]);
    }
}

static void any_interleaving_gives_the_same_bytes(void **state)
{
    static struct story products, inventory;
    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct fold first = fold_make();
        seed = round;
        make_story(&products, false);
        make_story(&inventory, true);
        play(&first, &products, &inventory, 0);
        for (unsigned order = 1; order < ORDERS; order++) {
            struct fold other = fold_make();
            play(&other, &products, &inventory, order);
            if (!hb_str_eq(hb_buf_str(&first.value), hb_buf_str(&other.value)))
                fail_msg("round %u, order %u:\n%.*s\n%.*s", round, order, HB_ARG(first.value), HB_ARG(other.value));
            fold_free(&other);
        }
        fold_free(&first);
    }
}

/* The rule once more, without records and without the code under test: three folds. */
static int64_t number(const char *text)
{
    return text && text[0] != 'b' ? strtol(text, NULL, 10) : -1;
}

static bool is_older(const struct told *a, const struct told *b)
{
    if (a->sequence && b->sequence) {
        if (number(a->sequence) >= 0 && number(b->sequence) >= 0)
            return number(a->sequence) < number(b->sequence);
        return strcmp(a->sequence, b->sequence) < 0;
    }
    return a->time && b->time ? strcmp(a->time, b->time) < 0 : a->appended < b->appended;
}

static const struct told *newest(const struct story *story, bool must_tell_stock)
{
    const struct told *found = NULL;
    for (size_t i = 0; i < story->count; i++)
        if ((!must_tell_stock || story->has_stock[i]) && (!found || !is_older(&story->told[i], found)))
            found = &story->told[i];
    return found;
}

static void check_story(const struct hb_catalog_product *product, const struct story *products,
                        const struct story *inventory)
{
    const struct told *last = newest(products, false), *stock = newest(products, true);
    const struct told *count = newest(inventory, false);
    assert_int_equal(product->state, is_end(last) ? HB_CATALOG_DELETED : HB_CATALOG_ACTIVE);
    assert_int_equal(product->product_version.offset, last->offset);
    if (product->state == HB_CATALOG_ACTIVE)
        check_str(product->data, last->data);
    assert_int_equal(product->product_stock_version.is_known, stock != NULL);
    if (stock)
        assert_int_equal(product->product_stock_version.offset, stock->offset);
    assert_int_equal(product->inventory_version.offset, count->offset);
    struct hb_catalog_stock shown = hb_catalog_stock(product);
    const struct told *by = stock && is_older(count, stock) ? stock : count;
    assert_int_equal(shown.quantity, by->offset / 2);
}

static void the_newest_of_each_group_stands(void **state)
{
    static struct story products, inventory;
    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct fold fold = fold_make();
        seed = round + 1000000;
        make_story(&products, false);
        make_story(&inventory, true);
        play(&fold, &products, &inventory, 2);
        struct hb_catalog_product product = fold_read(&fold);
        check_story(&product, &products, &inventory);
        fold_free(&fold);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_interleaving_gives_the_same_bytes),
        cmocka_unit_test(the_newest_of_each_group_stands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
