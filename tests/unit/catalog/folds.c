#include "unit/catalog/folds.h"

#include "core/event_rules.h"

#define KEY "acme/1001"

struct fold fold_make(void)
{
    return (struct fold){.value = hb_buf_make(HB_CATALOG_VALUE_MAX), .effect = HB_CATALOG_IGNORED, .problem = NULL};
}

void fold_free(struct fold *fold)
{
    hb_buf_deinit(&fold->value);
}

struct hb_catalog_product fold_read(const struct fold *fold)
{
    struct hb_catalog_product product;
    const char *problem = NULL;
    struct hb_catalog_source source = {HB_STR(KEY), hb_buf_str(&fold->value), &hb_catalog_header, 1};
    if (hb_catalog_read(&source, &product, &problem) != HB_CATALOG_READ_OK)
        fail_msg("%s: %.*s", problem, HB_ARG(source.value));
    return product;
}

void fold_tell_of(struct fold *fold, const char *subject, const struct told *told)
{
    struct hb_event event = {.id = HB_STR("evt_1"),
                             .store = HB_STR("acme"),
                             .type = hb_str_c(told->type),
                             .subject = hb_str_c(subject),
                             .time = hb_str_c(told->time),
                             .sequence = hb_str_c(told->sequence),
                             .content_type = HB_STR("application/json"),
                             .data = hb_str_c(told->data)};
    struct hb_event_problem wrong;
    struct hb_catalog_product current;
    struct hb_catalog_result result;
    struct hb_buf scratch = hb_buf_make(HB_CATALOG_SCRATCH_MAX), value = hb_buf_make(HB_CATALOG_VALUE_MAX);
    bool is_inventory = strncmp(told->type, "inventory.", 10) == 0;

    if (!hb_event_check(&event, 0, &wrong))
        fail_msg("%s: %s", wrong.field, told->data);
    struct hb_catalog_input input = {&event, is_inventory ? HB_TOPIC_EVENTS_INVENTORY : HB_TOPIC_EVENTS_PRODUCT,
                                     {FOLD_AT + told->appended}, told->offset};
    if (fold->value.len > 0)
        current = fold_read(fold);
    assert_int_equal(hb_catalog_merge(fold->value.len > 0 ? &current : NULL, &input, &scratch, &result), HB_OK);
    fold->effect = result.effect;
    fold->problem = result.problem;
    if (result.effect == HB_CATALOG_CHANGED) {
        assert_int_equal(hb_catalog_write(&result.next, &value), HB_OK);
        hb_buf_deinit(&fold->value);
        fold->value = value;
    }
    hb_buf_deinit(&scratch);
}

void fold_tell(struct fold *fold, const struct told *told)
{
    fold_tell_of(fold, "1001", told);
}
