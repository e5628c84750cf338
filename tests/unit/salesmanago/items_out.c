/* Products' data as JSON, one a line, on standard input; the upsert of each on standard output, or "refused: field
 * words". */
#include "core/json_scan.h"
#include "salesmanago/catalog_calls.h"

#include <stdio.h>
#include <stdlib.h>

static struct hb_catalog_product product_of(struct hb_str data)
{
    struct hb_catalog_product product = {.product = HB_STR("?"), .state = HB_CATALOG_ACTIVE, .data = data};
    product.product_version = (struct hb_catalog_version){.is_known = true, .appended = {1000}};
    return product;
}

static void write_one(struct hb_str data, const struct hb_sm_settings *settings)
{
    struct hb_sm_items items = HB_SM_ITEMS_EMPTY;
    struct hb_catalog_product product = product_of(data);
    struct hb_buf body = hb_buf_make(HB_SM_UPSERT_BYTES_MAX);
    struct hb_sm_item list[HB_SM_PRODUCTS_MAX];
    enum hb_err err = hb_sm_items_make(&product, settings, &items);
    HB_ASSERT(!err && items.count <= HB_SM_PRODUCTS_MAX);
    for (size_t i = 0; i < items.count; i++)
        list[i] = hb_sm_item(&items, i);
    if (items.count == 0) {
        (void)printf("refused: %s %s\n", items.refusal.field, items.refusal.words);
    } else {
        err = hb_sm_upsert_write(HB_STR("21c2-3266"), list, NULL, items.count, &body);
        HB_ASSERT(!err);
        (void)printf("%.*s\n", HB_ARG(hb_buf_str(&body)));
    }
    hb_sm_items_deinit(&items);
    hb_buf_deinit(&body);
}

int main(int argc, char **argv)
{
    struct hb_sm_settings settings = {.currency = HB_STR("PLN")};
    struct hb_sm_mapping *mapping = NULL;
    struct hb_error error;
    char *line = NULL;
    size_t room = 0, at;
    if (hb_sm_mapping_read(hb_str_c(argc > 1 ? argv[1] : ""), &mapping, &error) != HB_OK)
        return 2;
    settings.mapping = mapping;
    for (ssize_t len; (len = getline(&line, &room, stdin)) > 0;) {
        struct hb_str data = hb_str_n(line, (size_t)len);
        if (hb_json_scan(data, &at) != HB_OK)
            return 3;
        write_one(data, &settings);
    }
    free(line);
    hb_sm_mapping_free(&mapping);
    return 0;
}
