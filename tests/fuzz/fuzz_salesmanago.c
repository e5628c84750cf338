/* Any bytes as what SALESmanago answers, as an address, as a mapping, and as a product's data: an answer has a verdict
 * with words; an address that passes, passes again as it is; a mapping that is taken can be shown and taken again;
 * items are JSON. */
#include "fuzz.h"

#include "core/json_scan.h"
#include "core/text_cut.h"
#include "salesmanago/answer.h"
#include "salesmanago/web_url.h"

static void check_answer(struct hb_str body)
{
    static const int statuses[] = {200, 400, 403, 500};
    struct hb_sm_item items[] = {{HB_STR("1"), HB_STR("{}")}, {HB_STR("2"), HB_STR("{}")}};
    bool confirmed[2];
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        struct hb_answer http = {.status = statuses[i], .body = body, .retry_after_ms = HB_NO_RETRY_AFTER};
        struct hb_sm_answer answer;
        hb_sm_answer_read(&http, (enum hb_sm_call)(i % HB_SM_CALL_COUNT), &answer);
        HB_ASSERT(answer.outcome < HB_SM_OUTCOME_COUNT);
        HB_ASSERT(memchr(answer.words, '\0', sizeof(answer.words)) && memchr(answer.field, '\0', sizeof(answer.field)));
        HB_ASSERT(answer.outcome != HB_SM_ACCEPTED || (statuses[i] < 300 || answer.warnings > 0));
        HB_ASSERT(answer.ids.len == 0 || (answer.ids.ptr >= body.ptr && answer.ids.ptr < body.ptr + body.len));
        HB_ASSERT(hb_sm_answer_confirm(&answer, items, NULL, 2, confirmed) == (size_t)!confirmed[0] + !confirmed[1]);
    }
}

static void check_catalogs(struct hb_str body)
{
    struct hb_sm_catalogs catalogs;
    char id[HB_SM_CATALOG_ID_BYTES_MAX];
    struct hb_error error;
    if (hb_sm_catalogs_read(body, &catalogs, &error) == HB_OK)
        hb_sm_catalogs_deinit(&catalogs);
    if (hb_sm_catalog_id_read(body, id, &error) == HB_OK)
        HB_ASSERT(id[0] != '\0');
}

static void check_address(struct hb_str text)
{
    struct hb_buf once = hb_buf_make(4 * HB_SM_URL_BYTES_MAX), twice = hb_buf_make(4 * HB_SM_URL_BYTES_MAX);
    const char *why = NULL;
    if (hb_sm_web_url(text, &once, &why) != HB_OK) {
        HB_ASSERT(why && once.len == 0);
    } else if (once.len <= HB_SM_URL_BYTES_MAX) {
        HB_ASSERT(hb_sm_web_url(hb_buf_str(&once), &twice, &why) == HB_OK);
        HB_ASSERT(hb_str_eq(hb_buf_str(&once), hb_buf_str(&twice)));
        HB_ASSERT(!memchr(once.ptr, ' ', once.len) && !memchr(once.ptr, '"', once.len));
    }
    hb_buf_deinit(&once);
    hb_buf_deinit(&twice);
}

static struct hb_sm_mapping *check_mapping(struct hb_str text)
{
    struct hb_sm_mapping *mapping = NULL, *again = NULL;
    struct hb_error error = {HB_OK, ""};
    struct hb_buf shown = hb_buf_make(4 * HB_SM_MAPPING_BYTES_MAX);
    size_t at;
    if (hb_sm_mapping_read(text, &mapping, &error) != HB_OK) {
        HB_ASSERT(error.text[0] != '\0');
        return NULL;
    }
    HB_ASSERT(hb_sm_mapping_write(mapping, &shown) == HB_OK && hb_json_scan(hb_buf_str(&shown), &at) == HB_OK);
    if (shown.len <= HB_SM_MAPPING_BYTES_MAX)
        HB_ASSERT(hb_sm_mapping_read(hb_buf_str(&shown), &again, &error) == HB_OK);
    hb_sm_mapping_free(&again);
    hb_buf_deinit(&shown);
    return mapping;
}

static void check_items(struct hb_str data, const struct hb_sm_mapping *mapping)
{
    struct hb_catalog_product product = {.product = HB_STR("1"), .state = HB_CATALOG_ACTIVE, .data = data};
    struct hb_sm_settings settings = {.mapping = mapping, .currency = HB_STR("PLN"), .language = HB_STR("en")};
    struct hb_sm_items items = HB_SM_ITEMS_EMPTY;
    size_t at;
    for (int state = HB_CATALOG_ACTIVE; state <= HB_CATALOG_DELETED; state++) {
        product.state = (enum hb_catalog_state)state;
        HB_ASSERT(hb_sm_items_make(&product, &settings, &items) == HB_OK);
        HB_ASSERT((items.refused > 0) == (items.refusal.field != NULL));
        HB_ASSERT((items.trimmed > 0) == (items.warning.field != NULL));
        for (size_t i = 0; i < items.count; i++) {
            struct hb_sm_item item = hb_sm_item(&items, i);
            HB_ASSERT(hb_json_scan(item.json, &at) == HB_OK && item.id.len > 0 && hb_text_units(item.id) <= 255);
        }
    }
    hb_sm_items_deinit(&items);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct hb_sm_mapping *given; /* made once: it is what takes long */
    struct hb_str text = fuzz_text(data, size);
    size_t at;
    if (!given)
        given = check_mapping(HB_STR("{\"details\":{\"detail1\":\"attributes.fabric\",\"d2\":\"variants[1:].id\"}}"));
    check_answer(text);
    check_catalogs(text);
    check_address(text);
    if (size == 0 || text.ptr[0] != '{' || hb_json_scan(text, &at) != HB_OK)
        return 0;
    struct hb_sm_mapping *mapping = check_mapping(text);
    check_items(text, mapping ? mapping : given);
    hb_sm_mapping_free(&mapping);
    return 0;
}
