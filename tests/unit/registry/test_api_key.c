#include "check.h"

#include "platform/crypto/crypto.h"
#include "registry/api_key.h"
#include "registry/registry_internal.h"

static void a_token_has_its_form_and_no_two_are_alike(void **state)
{
    char a[HB_KEY_TOKEN_BYTES + 1], b[HB_KEY_TOKEN_BYTES + 1];
    (void)state;
    hb_key_token_make(a);
    hb_key_token_make(b);
    assert_string_not_equal(a, b);
    assert_int_equal(strlen(a), HB_KEY_TOKEN_BYTES);
    assert_int_equal(hb_key_token_prefix(hb_str_c(a)).len, HB_KEY_PREFIX_BYTES);
}

static void what_is_no_token_has_no_prefix(void **state)
{
    char good[HB_KEY_TOKEN_BYTES + 1];
    (void)state;
    hb_key_token_make(good);
    for (size_t i = 0; i < HB_KEY_TOKEN_BYTES; i++) {
        char bad[HB_KEY_TOKEN_BYTES + 1];
        memcpy(bad, good, sizeof(bad));
        bad[i] = '!';
        assert_int_equal(hb_key_token_prefix(hb_str_c(bad)).len, 0);
        assert_int_equal(hb_key_token_prefix(hb_str_n(good, i)).len, 0);
    }
}

/* A registry that knows one key. */
static struct hb_registry *registry_with(const char *token, int64_t expires_ms, bool is_revoked, struct hb_log_context *log)
{
    struct hb_api_key key = {.prefix = hb_key_token_prefix(hb_str_c(token)), .name = HB_STR("n"), .store = HB_STR("s1"),
                             .scopes = 1U << HB_SCOPE_READ_DATA, .expires = {expires_ms}, .is_revoked = is_revoked};
    struct hb_registry_options options = {.log = log};
    struct hb_registry *registry = NULL;
    struct hb_buf value = hb_buf_make(4096);
    char record[64];
    hb_sha256(hb_str_c(token), key.hash);
    (void)snprintf(record, sizeof(record), "key/%.*s", HB_ARG(key.prefix));
    assert_int_equal(hb_api_key_write(&key, (struct hb_wall){0}, &value), HB_OK);
    assert_null(strstr(value.ptr, token + 13));
    assert_int_equal(hb_registry_make(&options, &registry), HB_OK);
    struct registry_input input = {hb_str_c(record), hb_buf_str(&value), 0, {0}};
    assert_int_equal(hb_registry_apply(registry, &input), HB_OK);
    assert_int_equal(registry->unreadable_count, 0);
    hb_buf_deinit(&value);
    return registry;
}

static void only_the_whole_valid_key_opens(void **state)
{
    static const struct {
        int64_t expires_ms, now_ms;
        bool is_revoked, is_changed, opens;
    } ROWS[] = {
        {INT64_MAX, 5000, false, false, true}, {INT64_MAX, 5000, false, true, false}, {INT64_MAX, 5000, true, false, false},
        {5001, 5000, false, false, true},      {5000, 5000, false, false, false},
    };
    struct hb_log_context log = hb_log_root(NULL);
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
        char token[HB_KEY_TOKEN_BYTES + 1];
        hb_key_token_make(token);
        struct hb_registry *registry = registry_with(token, ROWS[i].expires_ms, ROWS[i].is_revoked, &log);
        if (ROWS[i].is_changed) {
            token[40] = token[40] == 'a' ? 'b' : 'a';
        }
        const struct hb_api_key *key = hb_registry_authenticate(registry, hb_str_c(token), (struct hb_wall){ROWS[i].now_ms});
        assert_int_equal(key != NULL, ROWS[i].opens);
        if (key) {
            assert_true(hb_str_eq(key->store, HB_STR("s1")) && key->scopes == 1U << HB_SCOPE_READ_DATA);
        }
        hb_registry_free(&registry);
    }
}

static void manage_includes_reading_and_publishing_but_not_the_data(void **state)
{
    (void)state;
    unsigned scopes = hb_scopes_effective(1U << HB_SCOPE_MANAGE);
    assert_true(scopes & (1U << HB_SCOPE_READ));
    assert_true(scopes & (1U << HB_SCOPE_PUBLISH));
    assert_false(scopes & (1U << HB_SCOPE_READ_DATA));
    assert_int_equal(hb_scopes_effective(1U << HB_SCOPE_READ), 1U << HB_SCOPE_READ);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_has_its_form_and_no_two_are_alike),
        cmocka_unit_test(what_is_no_token_has_no_prefix),
        cmocka_unit_test(only_the_whole_valid_key_opens),
        cmocka_unit_test(manage_includes_reading_and_publishing_but_not_the_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
