/* FAULTS 77: a mistake in the mapping is told from bad products. */
#include "salesmanago/refusals.h"

#include "unit/core/check.h"

static const struct hb_str url = HB_STR_INIT("productUrl"), season = HB_STR_INIT("season");

static void more_than_half_of_the_last_20_refused_alike_is_the_mapping(void **state)
{
    (void)state;
    struct hb_sm_refusals refusals = HB_SM_REFUSALS_EMPTY;
    for (int i = 0; i < 10; i++)
        assert_false(hb_sm_refusals_refused(&refusals, 18, url));
    assert_true(hb_sm_refusals_refused(&refusals, 18, url)); /* the eleventh */
}

static void ten_of_twenty_are_not_more_than_half(void **state)
{
    (void)state;
    struct hb_sm_refusals refusals = HB_SM_REFUSALS_EMPTY;
    for (int i = 0; i < 200; i++) {
        assert_false(hb_sm_refusals_refused(&refusals, 18, url));
        hb_sm_refusals_accepted(&refusals, 1);
    }
}

static void refusals_of_different_fields_or_codes_are_not_alike(void **state)
{
    (void)state;
    struct hb_sm_refusals refusals = HB_SM_REFUSALS_EMPTY;
    for (int i = 0; i < 30; i++) {
        assert_false(hb_sm_refusals_refused(&refusals, 18, i % 2 ? url : season));
        i++;
        assert_false(hb_sm_refusals_refused(&refusals, i % 4 ? 11 : 13, season));
    }
}

/* A shop with a bad product among each thousand, for years: never its mapping. */
static void rare_bad_products_never_add_up(void **state)
{
    (void)state;
    struct hb_sm_refusals refusals = HB_SM_REFUSALS_EMPTY;
    for (int i = 0; i < 1000; i++) {
        assert_false(hb_sm_refusals_refused(&refusals, 18, url));
        hb_sm_refusals_accepted(&refusals, 999);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(more_than_half_of_the_last_20_refused_alike_is_the_mapping),
        cmocka_unit_test(ten_of_twenty_are_not_more_than_half),
        cmocka_unit_test(refusals_of_different_fields_or_codes_are_not_alike),
        cmocka_unit_test(rare_bad_products_never_add_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
