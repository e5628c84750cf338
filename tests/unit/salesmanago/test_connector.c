#include "salesmanago/connector.h"
#include "salesmanago/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct hb_connector sample(void)
{
    static struct hb_str products[2];
    products[0] = HB_STR("1001");
    products[1] = HB_STR("kubek \"żółty\"");
    return (struct hb_connector){
        .id = HB_STR(HB_CONNECTOR_ID),
        .store = HB_STR("demo"),
        .name = HB_STR("Sklep Łódź"),
        .base_url = HB_STR(HB_CONNECTOR_BASE_URL),
        .revision = 7,
        .enabled_revision = 4,
        .status = HB_CONNECTOR_PAUSED,
        .sealed_key = HB_STR("v1.k1.abc"),
        .catalog = {HB_STR("21c2-3266"), HB_STR("Example.com"), HB_STR("PLN"), HB_STR("examplecom")},
        .language = HB_STR("pl"),
        .mapping = HB_STR("{\"name\":\"title\",\"n\":1.50}"),
        .sync = {HB_STR("syn_1"), {1700000000123}},
        .replay = {HB_STR("dea_1"), {1700000000456}},
        .products = products,
        .products_count = 2,
        .created = {1690000000000},
        .updated = {1700000000789},
    };
}

static void a_connector_is_read_as_it_was_written(void **state)
{
    struct hb_connector connector = sample(), read;
    struct hb_buf value = hb_buf_make(HB_CONNECTOR_RECORD_BYTES_MAX);
    (void)state;
    assert_int_equal(hb_connector_write(&connector, &value), HB_OK);
    assert_true(hb_str_has_prefix(hb_buf_str(&value), HB_STR("{\"v\":1,")));
    assert_int_equal(hb_connector_read(hb_buf_str(&value), &read), HB_OK);
    hb_buf_deinit(&value); /* nothing of it may be pointed to */
    const struct hb_str *was[] = {&connector.id,
                                  &connector.store,
                                  &connector.name,
                                  &connector.base_url,
                                  &connector.sealed_key,
                                  &connector.catalog.id,
                                  &connector.catalog.name,
                                  &connector.catalog.currency,
                                  &connector.catalog.location,
                                  &connector.language,
                                  &connector.mapping,
                                  &connector.sync.id,
                                  &connector.replay.id,
                                  &connector.products[1]};
    const struct hb_str *is[] = {&read.id,
                                 &read.store,
                                 &read.name,
                                 &read.base_url,
                                 &read.sealed_key,
                                 &read.catalog.id,
                                 &read.catalog.name,
                                 &read.catalog.currency,
                                 &read.catalog.location,
                                 &read.language,
                                 &read.mapping,
                                 &read.sync.id,
                                 &read.replay.id,
                                 &read.products[1]};
    for (size_t i = 0; i < sizeof was / sizeof *was; i++)
        assert_true(hb_str_eq(*was[i], *is[i]));
    assert_int_equal(read.revision, 7);
    assert_int_equal(read.enabled_revision, 4);
    assert_int_equal(read.status, HB_CONNECTOR_PAUSED);
    assert_int_equal(read.products_count, 2);
    assert_int_equal(read.sync.at.ms, connector.sync.at.ms);
    assert_int_equal(read.replay.at.ms, connector.replay.at.ms);
    assert_int_equal(read.created.ms, connector.created.ms);
    assert_int_equal(read.updated.ms, connector.updated.ms);
    hb_connector_deinit(&read);
    hb_connector_deinit(&read);
}

static void what_was_not_asked_for_is_absent(void **state)
{
    struct hb_connector connector = sample(), read;
    struct hb_buf value = hb_buf_make(HB_CONNECTOR_RECORD_BYTES_MAX);
    (void)state;
    connector.language = connector.mapping = connector.sync.id = connector.replay.id = hb_str_c(NULL);
    assert_int_equal(hb_connector_write(&connector, &value), HB_OK);
    assert_null(strstr(value.ptr, "mapping"));
    assert_null(strstr(value.ptr, "sync"));
    assert_null(strstr(value.ptr, "products"));
    assert_int_equal(hb_connector_read(hb_buf_str(&value), &read), HB_OK);
    assert_true(read.mapping.len == 0 && read.sync.id.len == 0 && read.products_count == 0);
    hb_connector_deinit(&read);
    hb_buf_deinit(&value);
}

/* The record with one text exchanged for another. */
static enum hb_err read_with(const char *from, const char *to)
{
    struct hb_connector connector = sample(), read;
    struct hb_buf value = hb_buf_make(HB_CONNECTOR_RECORD_BYTES_MAX), changed = value;
    assert_int_equal(hb_connector_write(&connector, &value), HB_OK);
    char *at = strstr(value.ptr, from);
    assert_non_null(at);
    assert_int_equal(hb_buf_addf(&changed, "%.*s%s%s", (int)(at - value.ptr), value.ptr, to, at + strlen(from)), HB_OK);
    enum hb_err err = hb_connector_read(hb_buf_str(&changed), &read);
    if (!err)
        hb_connector_deinit(&read);
    hb_buf_deinit(&value);
    hb_buf_deinit(&changed);
    return err;
}

static void what_is_no_connector_is_refused(void **state)
{
    static const struct {
        const char *from, *to;
        enum hb_err err;
    } rows[] = {
        {"\"v\":1,", "\"v\":2,", HB_ERR_VERSION},
        {"\"v\":1,", "", HB_ERR_INVALID},
        {"\"v\":1,", "\"v\":0,", HB_ERR_INVALID},
        {"\"kind\":\"salesmanago\"", "\"kind\":\"slack\"", HB_ERR_INVALID},
        {"\"store\":\"demo\"", "\"store\":\"de/mo\"", HB_ERR_INVALID},
        {"\"status\":\"paused\"", "\"status\":\"asleep\"", HB_ERR_INVALID},
        {"\"sealed\":\"v1.k1.abc\"", "\"plain\":\"abc\"", HB_ERR_INVALID},
        {"\"revision\":7", "\"revision\":\"7\"", HB_ERR_INVALID},
        {"\"id\":\"syn_1\"", "\"id\":\"\"", HB_ERR_INVALID},
        {"[\"1001\",", "[1001,", HB_ERR_INVALID},
        {"\"updated\":\"", "\"updated\":\"x", HB_ERR_INVALID},
        {"{\"v\"", "[\"v\"", HB_ERR_INVALID},
    };
    struct hb_connector read;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(read_with(rows[i].from, rows[i].to), rows[i].err);
    assert_int_equal(read_with("\"v\":1,", "\"v\":1,\"of a later hookbus\":true,"), HB_OK);
    assert_int_equal(hb_connector_read(hb_str_c(""), &read), HB_ERR_NOT_FOUND);
}

static void a_key_says_whose_record_it_is(void **state)
{
    char text[HB_CONNECTOR_KEY_MAX];
    struct hb_str key = hb_connector_key(HB_CONNECTOR_RECORD, HB_STR("demo"), HB_STR(HB_CONNECTOR_ID), text);
    struct hb_str store, connector, rest;
    (void)state;
    assert_true(hb_str_eq(key, HB_STR("connector/demo/salesmanago")));
    assert_true(hb_connector_key_read(HB_CONNECTOR_RECORD, key, &store, &connector, &rest));
    assert_true(hb_str_eq(store, HB_STR("demo")) && hb_str_eq(connector, HB_STR("salesmanago")) && rest.len == 0);
    assert_false(hb_connector_key_read(HB_CONNECTOR_STATE, key, &store, &connector, &rest));
    assert_true(hb_connector_key_read(HB_CONNECTOR_DEAD, HB_STR("connector-dead/demo/salesmanago/a/b c"), &store,
                                      &connector, &rest));
    assert_true(hb_str_eq(rest, HB_STR("a/b c")));
    static const char *const none[] = {"",
                                       "connector",
                                       "connector/",
                                       "connector/demo",
                                       "connector/demo/",
                                       "connector//salesmanago",
                                       "connectors/demo/salesmanago"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_false(hb_connector_key_read(HB_CONNECTOR_RECORD, hb_str_c(none[i]), &store, &connector, &rest));
}

static void a_state_holds_until_the_connector_is_enabled_again(void **state)
{
    struct hb_connector connector = sample();
    struct hb_connector_state paused = {.revision = 7,
                                        .is_paused = true,
                                        .reason = HB_CONNECTOR_PAUSE_MAPPING_REFUSED,
                                        .code = 14,
                                        .field = HB_STR("price:float"),
                                        .words = HB_STR("price:float|Zła \"wartość\""),
                                        .at = {1700000000000},
                                        .worker = HB_STR("host-1")};
    struct hb_connector_state read;
    struct hb_buf value = hb_buf_make(4096);
    (void)state;
    assert_int_equal(hb_connector_state_write(&paused, &value), HB_OK);
    assert_int_equal(hb_connector_state_read(hb_buf_str(&value), &read), HB_OK);
    hb_buf_deinit(&value);
    assert_int_equal(read.reason, HB_CONNECTOR_PAUSE_MAPPING_REFUSED);
    assert_int_equal(read.code, 14);
    assert_true(hb_str_eq(read.field, paused.field) && hb_str_eq(read.words, paused.words));
    assert_true(hb_connector_state_holds(&read, &connector));
    connector.enabled_revision = 8;
    assert_false(hb_connector_state_holds(&read, &connector));
    hb_connector_state_deinit(&read);
    assert_int_equal(hb_connector_state_read(hb_str_c(NULL), &read), HB_OK);
    assert_false(hb_connector_state_holds(&read, &connector));
    assert_int_equal(hb_connector_state_read(HB_STR("{\"v\":1,\"status\":\"paused\",\"revision\":1,\"reason\":\"mood\","
                                                    "\"at\":\"2026-01-01T00:00:00.000Z\"}"),
                                             &read),
                     HB_ERR_INVALID);
}

static void what_an_api_key_is_sealed_to_is_its_connector(void **state)
{
    struct hb_keyring *keyring = NULL;
    struct hb_buf sealed = hb_buf_make(1024), opened = hb_buf_make(HB_SM_API_KEY_MAX);
    (void)state;
    assert_int_equal(hb_keyring_parse(HB_STR("k1 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"), &keyring, NULL),
                     HB_OK);
    struct hb_seal_place place = hb_connector_place(HB_STR("demo"), HB_STR(HB_CONNECTOR_ID));
    assert_int_equal(hb_seal(keyring, place, HB_STR("S7LOELpItz"), &sealed), HB_OK);
    assert_null(strstr(sealed.ptr, "S7LOELpItz"));
    place = hb_connector_place(HB_STR("other"), HB_STR(HB_CONNECTOR_ID));
    assert_int_equal(hb_unseal(keyring, place, hb_buf_str(&sealed), &opened), HB_ERR_SEALED);
    place = hb_connector_place(HB_STR("demo"), HB_STR(HB_CONNECTOR_ID));
    assert_int_equal(hb_unseal(keyring, place, hb_buf_str(&sealed), &opened), HB_OK);
    assert_true(hb_str_eq(hb_buf_str(&opened), HB_STR("S7LOELpItz")));
    hb_buf_deinit(&sealed);
    hb_buf_deinit(&opened);
    hb_keyring_free(&keyring);
}

static void a_key_that_is_said_back_is_hidden(void **state)
{
    static const struct {
        const char *said, *shown;
    } rows[] = {{"Key abc123 is wrong: abc123", "Key ****** is wrong: ******"},
                {"abc12", "abc12"},
                {"", ""},
                {"abc123abc123", "************"},
                {"ABC123", "ABC123"}};
    char text[64];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        (void)snprintf(text, sizeof text, "%s", rows[i].said);
        hb_connector_hide_key(text, HB_STR("abc123"));
        assert_string_equal(text, rows[i].shown);
        hb_connector_hide_key(text, hb_str_c(NULL));
        assert_string_equal(text, rows[i].shown);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connector_is_read_as_it_was_written),
        cmocka_unit_test(what_was_not_asked_for_is_absent),
        cmocka_unit_test(what_is_no_connector_is_refused),
        cmocka_unit_test(a_key_says_whose_record_it_is),
        cmocka_unit_test(a_state_holds_until_the_connector_is_enabled_again),
        cmocka_unit_test(what_an_api_key_is_sealed_to_is_its_connector),
        cmocka_unit_test(a_key_that_is_said_back_is_hidden),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
