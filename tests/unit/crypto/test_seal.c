#include "platform/crypto/crypto.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define KEY_A "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define KEY_B "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="

static struct hb_seal_place place(void)
{
    return (struct hb_seal_place){HB_STR("store1"), HB_STR("webhook"), HB_STR("wh_1"), HB_STR("secret.0")};
}

static struct hb_keyring *ring(const char *text)
{
    struct hb_keyring *keyring = NULL;
    struct hb_error error = {0};
    if (hb_keyring_parse(hb_str_c(text), &keyring, &error))
        fail_msg("%s", error.text);
    return keyring;
}

static void what_is_sealed_opens_in_its_place(void **state)
{
    (void)state;
    struct hb_keyring *keyring = ring("k1 " KEY_A "\n");
    static const struct hb_str secrets[] = {HB_STR_INIT("whsec_xyz"), HB_STR_INIT(""), HB_STR_INIT("\0\1\2")};
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
        struct hb_buf sealed = hb_buf_make(4096), opened = hb_buf_make(4096);
        assert_int_equal(hb_seal(keyring, place(), secrets[i], &sealed), HB_OK);
        assert_true(hb_str_has_prefix(hb_buf_str(&sealed), HB_STR("v1.k1.")));
        assert_int_equal(hb_unseal(keyring, place(), hb_buf_str(&sealed), &opened), HB_OK);
        assert_true(hb_str_eq(hb_buf_str(&opened), secrets[i]));
        hb_buf_deinit(&sealed);
        hb_buf_deinit(&opened);
    }
    hb_keyring_free(&keyring);
    assert_null(keyring);
}

static void two_seals_of_one_secret_differ(void **state)
{
    (void)state;
    struct hb_keyring *keyring = ring("k1 " KEY_A);
    struct hb_buf a = hb_buf_make(4096), b = hb_buf_make(4096);
    assert_int_equal(hb_seal(keyring, place(), HB_STR("x"), &a), HB_OK);
    assert_int_equal(hb_seal(keyring, place(), HB_STR("x"), &b), HB_OK);
    assert_false(hb_str_eq(hb_buf_str(&a), hb_buf_str(&b)));
    hb_buf_deinit(&a);
    hb_buf_deinit(&b);
    hb_keyring_free(&keyring);
}

static void what_is_sealed_opens_nowhere_else(void **state)
{
    (void)state;
    struct hb_keyring *keyring = ring("k1 " KEY_A);
    struct hb_buf sealed = hb_buf_make(4096), opened = hb_buf_make(4096);
    assert_int_equal(hb_seal(keyring, place(), HB_STR("secret"), &sealed), HB_OK);
    struct hb_seal_place others[6] = {place(), place(), place(), place(), place(), place()};
    others[0].store = HB_STR("store2");
    others[1].kind = HB_STR("connector");
    others[2].id = HB_STR("wh_2");
    others[3].field = HB_STR("secret.1");
    others[4].store = HB_STR("store");
    others[4].kind = HB_STR("1webhook");
    others[5].id = HB_STR("");
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(hb_unseal(keyring, others[i], hb_buf_str(&sealed), &opened), HB_ERR_SEALED);
    assert_int_equal(opened.len, 0);
    hb_buf_deinit(&sealed);
    hb_buf_deinit(&opened);
    hb_keyring_free(&keyring);
}

static void damage_anywhere_is_noticed(void **state)
{
    (void)state;
    struct hb_keyring *keyring = ring("k1 " KEY_A "\nk2 " KEY_A);
    struct hb_buf sealed = hb_buf_make(4096), opened = hb_buf_make(4096);
    assert_int_equal(hb_buf_add(&opened, HB_STR("before")), HB_OK);
    assert_int_equal(hb_seal(keyring, place(), HB_STR("8 bytes."), &sealed), HB_OK); /* no padding to cut off */
    for (size_t i = 0; i < sealed.len; i++) {
        char kept = sealed.ptr[i];
        sealed.ptr[i] = kept == 'A' ? 'B' : 'A';
        assert_int_not_equal(hb_unseal(keyring, place(), hb_buf_str(&sealed), &opened), HB_OK);
        sealed.ptr[i] = kept;
        assert_int_not_equal(hb_unseal(keyring, place(), hb_str_n(sealed.ptr, i), &opened), HB_OK);
    }
    sealed.ptr[4] = '1'; /* the other key id, although its key is the same */
    assert_int_equal(hb_unseal(keyring, place(), hb_buf_str(&sealed), &opened), HB_ERR_SEALED);
    assert_string_equal(opened.ptr, "before");
    hb_buf_deinit(&sealed);
    hb_buf_deinit(&opened);
    hb_keyring_free(&keyring);
}

static void the_newest_key_seals_and_older_ones_still_open(void **state)
{
    (void)state;
    struct hb_keyring *old = ring("k1 " KEY_A),
                      *both = ring("# rotated in May\nk1 " KEY_A "\r\n\n  k2   " KEY_B "  \n"),
                      *new = ring("k2 " KEY_B);
    struct hb_buf sealed = hb_buf_make(4096), opened = hb_buf_make(4096);
    assert_true(hb_str_eq(hb_keyring_newest(both), HB_STR("k2")));
    assert_true(hb_keyring_has(both, HB_STR("k1")));
    assert_false(hb_keyring_has(new, HB_STR("k1")));
    assert_int_equal(hb_seal(old, place(), HB_STR("s"), &sealed), HB_OK);
    assert_int_equal(hb_unseal(both, place(), hb_buf_str(&sealed), &opened), HB_OK);
    assert_int_equal(hb_unseal(new, place(), hb_buf_str(&sealed), &opened), HB_ERR_NOT_FOUND);
    hb_buf_clear(&sealed);
    assert_int_equal(hb_seal(both, place(), HB_STR("s"), &sealed), HB_OK);
    assert_true(hb_str_has_prefix(hb_buf_str(&sealed), HB_STR("v1.k2.")));
    hb_buf_deinit(&sealed);
    hb_buf_deinit(&opened);
    hb_keyring_free(&old);
    hb_keyring_free(&both);
    hb_keyring_free(&new);
}

static void a_bad_key_file_is_refused_without_showing_its_keys(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",           "# nothing\n",   "k1",
        "k1 short",   "k1 " KEY_A "A", "k1 " KEY_A "\nk1 " KEY_B,
        "k.1 " KEY_A, KEY_A,           "k1 !!AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hb_keyring *keyring = NULL;
        struct hb_error error = {0};
        assert_int_equal(hb_keyring_parse(hb_str_c(cases[i]), &keyring, &error), HB_ERR_INVALID);
        assert_null(keyring);
        assert_null(strstr(error.text, "AAAA"));
        assert_true(strlen(error.text) > 10);
    }
}

static void a_secret_that_is_too_large_or_does_not_fit_is_refused(void **state)
{
    (void)state;
    static char large[65537];
    struct hb_keyring *keyring = ring("k1 " KEY_A);
    struct hb_buf sealed = hb_buf_make(200), opened = hb_buf_make(3);
    assert_int_equal(hb_seal(keyring, place(), hb_str_n(large, sizeof large), &sealed), HB_ERR_TOO_LARGE);
    assert_int_equal(hb_seal(keyring, place(), hb_str_n(large, 1000), &sealed), HB_ERR_FULL);
    assert_int_equal(hb_seal(keyring, place(), HB_STR("four"), &sealed), HB_OK);
    assert_int_equal(hb_unseal(keyring, place(), hb_buf_str(&sealed), &opened), HB_ERR_FULL);
    hb_buf_deinit(&sealed);
    hb_buf_deinit(&opened);
    hb_keyring_free(&keyring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sealed_opens_in_its_place),
        cmocka_unit_test(two_seals_of_one_secret_differ),
        cmocka_unit_test(what_is_sealed_opens_nowhere_else),
        cmocka_unit_test(damage_anywhere_is_noticed),
        cmocka_unit_test(the_newest_key_seals_and_older_ones_still_open),
        cmocka_unit_test(a_bad_key_file_is_refused_without_showing_its_keys),
        cmocka_unit_test(a_secret_that_is_too_large_or_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
