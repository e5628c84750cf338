#include "core/decimal.h"

#include "unit/core/check.h"

static const struct hb_decimal_limit money = {19, 2};

struct row {
    const char *text;
    enum hb_decimal_read read;
    const char *made;
};

static void check_rows(const struct row *rows, size_t count, struct hb_decimal_limit limit)
{
    for (size_t i = 0; i < count; i++) {
        char bytes[HB_DECIMAL_TEXT_MAX];
        struct hb_str made = {NULL, 0};
        check_row(hb_decimal_round(hb_str_c(rows[i].text), limit, bytes, &made) == rows[i].read, rows[i].text);
        if (rows[i].made)
            check_str(made, rows[i].made);
    }
}

static void money_has_two_digits_behind_the_point_and_is_never_a_double(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"0", HB_DECIMAL_OK, "0.00"},
        {"0.00", HB_DECIMAL_OK, "0.00"},
        {"19.9", HB_DECIMAL_OK, "19.90"},
        {"19.90", HB_DECIMAL_OK, "19.90"},
        {"19.900000", HB_DECIMAL_OK, "19.90"},
        {"12.5", HB_DECIMAL_OK, "12.50"},
        {"1.15", HB_DECIMAL_OK, "1.15"},
        {"9007199254740993", HB_DECIMAL_OK, "9007199254740993.00"}, /* no double holds it */
        {"9007199254740993.01", HB_DECIMAL_OK, "9007199254740993.01"},
        {"9999999999999999999.99", HB_DECIMAL_OK, "9999999999999999999.99"},
        {"007", HB_DECIMAL_OK, "7.00"},
    };
    check_rows(rows, sizeof(rows) / sizeof(rows[0]), money);
}

static void half_is_rounded_up_and_less_is_not(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"0.005", HB_DECIMAL_OK, "0.01"},    {"0.004999", HB_DECIMAL_OK, "0.00"},
        {"0.994", HB_DECIMAL_OK, "0.99"},    {"0.995", HB_DECIMAL_OK, "1.00"},
        {"9.995", HB_DECIMAL_OK, "10.00"},   {"99.999999", HB_DECIMAL_OK, "100.00"},
        {"1.004999", HB_DECIMAL_OK, "1.00"}, {"2.675", HB_DECIMAL_OK, "2.68"}, /* as a double it would be 2.67 */
        {"1.005", HB_DECIMAL_OK, "1.01"},
    };
    static const struct row whole[] = {
        {"0.4", HB_DECIMAL_OK, "0"}, {"0.5", HB_DECIMAL_OK, "1"}, {"9.5", HB_DECIMAL_OK, "10"}};
    check_rows(rows, sizeof(rows) / sizeof(rows[0]), money);
    check_rows(whole, 3, (struct hb_decimal_limit){3, 0});
}

static void too_many_digits_are_too_many_also_by_a_carry(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"9999999999999999999.994", HB_DECIMAL_OK, "9999999999999999999.99"},
        {"9999999999999999999.995", HB_DECIMAL_TOO_LARGE, NULL},
        {"10000000000000000000", HB_DECIMAL_TOO_LARGE, NULL},
        {"00000000000000000000000000000000000000000000000000000001", HB_DECIMAL_OK, "1.00"},
    };
    check_rows(rows, sizeof(rows) / sizeof(rows[0]), money);
}

static void what_is_negative_or_no_number_is_said_so(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"-0.01", HB_DECIMAL_NEGATIVE, NULL},      {"-1", HB_DECIMAL_NEGATIVE, NULL},
        {"-0.001", HB_DECIMAL_NEGATIVE, NULL},     {"-0", HB_DECIMAL_OK, "0.00"},
        {"-0.000", HB_DECIMAL_OK, "0.00"},         {"", HB_DECIMAL_NO_NUMBER, NULL},
        {"-", HB_DECIMAL_NO_NUMBER, NULL},         {".", HB_DECIMAL_NO_NUMBER, NULL},
        {".5", HB_DECIMAL_NO_NUMBER, NULL},        {"5.", HB_DECIMAL_NO_NUMBER, NULL},
        {"1,50", HB_DECIMAL_NO_NUMBER, NULL},      {"1e3", HB_DECIMAL_NO_NUMBER, NULL},
        {"+1", HB_DECIMAL_NO_NUMBER, NULL},        {" 1", HB_DECIMAL_NO_NUMBER, NULL},
        {"1 ", HB_DECIMAL_NO_NUMBER, NULL},        {"1.2.3", HB_DECIMAL_NO_NUMBER, NULL},
        {"12.50 PLN", HB_DECIMAL_NO_NUMBER, NULL}, {"NaN", HB_DECIMAL_NO_NUMBER, NULL},
    };
    check_rows(rows, sizeof(rows) / sizeof(rows[0]), money);
}

static void equal_numbers_are_equal_however_they_are_written(void **state)
{
    (void)state;
    assert_true(hb_decimal_eq(HB_STR("5"), HB_STR("5.000")));
    assert_true(hb_decimal_eq(HB_STR("05.10"), HB_STR("5.1")));
    assert_true(hb_decimal_eq(HB_STR("-0"), HB_STR("0.0")));
    assert_false(hb_decimal_eq(HB_STR("-5"), HB_STR("5")));
    assert_false(hb_decimal_eq(HB_STR("5"), HB_STR("50")));
    assert_false(hb_decimal_eq(HB_STR("0.10"), HB_STR("0.01")));
    assert_false(hb_decimal_eq(HB_STR("x"), HB_STR("x")));
}

/* Against whole numbers: thousandths of a random amount, rounded by hand. */
static void rounding_agrees_with_whole_thousandths(void **state)
{
    (void)state;
    uint64_t seed = 7;
    for (int i = 0; i < 20000; i++) {
        char text[48], wanted[48], bytes[HB_DECIMAL_TEXT_MAX];
        uint64_t thousandths = ((uint64_t)next_random(&seed) << 16 | next_random(&seed) % 65536) % 100000000000ull;
        uint64_t cents = (thousandths + 5) / 10;
        struct hb_str made;
        (void)snprintf(text, sizeof(text), "%llu.%03llu", (unsigned long long)(thousandths / 1000),
                       (unsigned long long)(thousandths % 1000));
        (void)snprintf(wanted, sizeof(wanted), "%llu.%02llu", (unsigned long long)(cents / 100),
                       (unsigned long long)(cents % 100));
        assert_int_equal(hb_decimal_round(hb_str_c(text), money, bytes, &made), HB_DECIMAL_OK);
        check_str(made, wanted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(money_has_two_digits_behind_the_point_and_is_never_a_double),
        cmocka_unit_test(half_is_rounded_up_and_less_is_not),
        cmocka_unit_test(too_many_digits_are_too_many_also_by_a_carry),
        cmocka_unit_test(what_is_negative_or_no_number_is_said_so),
        cmocka_unit_test(equal_numbers_are_equal_however_they_are_written),
        cmocka_unit_test(rounding_agrees_with_whole_thousandths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
