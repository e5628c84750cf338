#include "core/ids.h"

#include "check.h"

static void uuid7_matches_the_example_of_its_rfc(void **state)
{
    (void)state;
    /* RFC 9562 appendix A.6: 2022-02-22T14:22:22-05:00, rand_a CC3, rand_b 18C4DC0C0C07398F. */
    static const unsigned char random[10] = {0x0C, 0xC3, 0x18, 0xC4, 0xDC, 0x0C, 0x0C, 0x07, 0x39, 0x8F};
    char text[37];
    hb_uuid7((struct hb_wall){INT64_C(1645557742000)}, random, text);
    assert_string_equal(text, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
}

static void later_uuids_sort_later(void **state)
{
    (void)state;
    static const unsigned char high[10] = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255}, low[10] = {0};
    char before[37], after[37];
    hb_uuid7((struct hb_wall){1000}, high, before);
    hb_uuid7((struct hb_wall){1001}, low, after);
    assert_true(strcmp(before, after) < 0);
    hb_uuid7((struct hb_wall){-5}, low, before);
    assert_string_equal(before, "00000000-0000-7000-8000-000000000000");
}

static void base32_is_that_of_rfc_4648_and_comes_back(void **state)
{
    (void)state;
    char text[27];
    unsigned char back[16];
    hb_base32_16((const unsigned char *)"foobarfoobarfoob", text);
    assert_string_equal(text, "mzxw6ytbojtg633cmfzgm33pmi");
    uint64_t seed = 7;
    for (int round = 0; round < 1000; round++) {
        unsigned char bytes[16];
        for (int i = 0; i < 16; i++)
            bytes[i] = (unsigned char)next_random(&seed);
        hb_base32_16(bytes, text);
        assert_true(hb_base32_16_decode(hb_str_c(text), back));
        assert_memory_equal(bytes, back, 16);
    }
}

static void only_the_one_text_of_an_id_is_decoded(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",
                                        "mzxw6ytbojtg633cmfzgm33pm",
                                        "mzxw6ytbojtg633cmfzgm33pmia",
                                        "MZXW6YTBOJTG633CMFZGM33PMI",
                                        "mzxw6ytbojtg633cmfzgm33pm1",
                                        "mzxw6ytbojtg633cmfzgm33pmj",
                                        "mzxw6ytbojtg633cmfzgm33p\xC3\xA9"};
    unsigned char bytes[16];
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        check_row(!hb_base32_16_decode(hb_str_c(wrong[i]), bytes), wrong[i]);
    assert_false(hb_base32_16_decode(HB_STR("mzxw6ytbojtg633cmfzgm33pm\0"), bytes));
}

static void delivery_id_and_shard_come_from_the_digest(void **state)
{
    (void)state;
    unsigned char digest[32] = "foobarfoobarfoob";
    char id[HB_DELIVERY_ID_BYTES + 1];
    hb_delivery_id(digest, id);
    assert_string_equal(id, "dlv_mzxw6ytbojtg633cmfzgm33pmi");
    assert_int_equal(strlen(id), HB_DELIVERY_ID_BYTES);
    static const unsigned char big[32] = {0xFF, 0xFF, 0xFF, 0xC5};
    assert_int_equal(hb_shard_of(big), 0xC5 % 64);
    static const unsigned char order[32] = {1, 0, 0, 0};
    assert_int_equal(hb_shard_of(order), 0);
}

static void a_delivery_id_comes_back_and_nothing_else_is_one(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", "dlv_", "mzxw6ytbojtg633cmfzgm33pmi", "evt_mzxw6ytbojtg633cmfzgm33pmi",
                                        "dlv_mzxw6ytbojtg633cmfzgm33pm", "dlv_mzxw6ytbojtg633cmfzgm33pmia",
                                        "DLV_mzxw6ytbojtg633cmfzgm33pmi", "dlv_mzxw6ytbojtg633cmfzgm33pmj"};
    unsigned char bytes[16] = "untouched";
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        check_row(!hb_delivery_id_read(hb_str_c(wrong[i]), bytes), wrong[i]);
    assert_false(hb_delivery_id_read((struct hb_str){NULL, 0}, bytes));
    assert_string_equal((const char *)bytes, "untouched");
    assert_true(hb_delivery_id_read(HB_STR("dlv_mzxw6ytbojtg633cmfzgm33pmi"), bytes));
    assert_memory_equal(bytes, "foobarfoobarfoob", 16);
}

static void a_subject_is_the_beginning_of_its_digest(void **state)
{
    (void)state;
    static const unsigned char digest[32] = {0xFE, 1, 2, 3, 4, 5, 6, 0x89, 0xFF};
    assert_true(hb_subject_of(digest) == UINT64_C(0xFE01020304050689));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uuid7_matches_the_example_of_its_rfc),
        cmocka_unit_test(later_uuids_sort_later),
        cmocka_unit_test(base32_is_that_of_rfc_4648_and_comes_back),
        cmocka_unit_test(only_the_one_text_of_an_id_is_decoded),
        cmocka_unit_test(delivery_id_and_shard_come_from_the_digest),
        cmocka_unit_test(a_delivery_id_comes_back_and_nothing_else_is_one),
        cmocka_unit_test(a_subject_is_the_beginning_of_its_digest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
