/* A Redis that may not be used as it is. */
#include "retry/store_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define GOOD "# Server\r\nredis_version:7.0.15\r\n# Memory\r\nused_memory:1234\r\nmaxmemory:9999\r\n"

static void only_a_redis_of_version_7_that_never_evicts_will_do_and_the_sentence_says_what_to_set(void **state)
{
    static const struct {
        const char *info;
        enum hb_err err;
        const char *says;
    } rows[] = {
        {GOOD "maxmemory_policy:noeviction\r\nrole:master\r\nloading:0\r\n", HB_OK, ""},
        {GOOD "maxmemory_policy:allkeys-lru\r\nrole:master\r\n", HB_ERR_CONFIG, "maxmemory-policy noeviction"},
        {GOOD "maxmemory_policy:volatile-ttl\r\n", HB_ERR_CONFIG, "volatile-ttl"},
        {GOOD "role:master\r\n", HB_ERR_CONFIG, "noeviction"},
        {"redis_version:6.2.14\r\nmaxmemory_policy:noeviction\r\n", HB_ERR_CONFIG, "version 7 or newer"},
        {"redis_version:8.0.0\r\nmaxmemory_policy:noeviction\r\n", HB_OK, ""},
        {"redis_version:10.1\r\nmaxmemory_policy:noeviction\r\n", HB_OK, ""},
        {GOOD "maxmemory_policy:noeviction\r\nrole:slave\r\n", HB_ERR_AWAY, "replica"},
        {GOOD "maxmemory_policy:noeviction\r\nloading:1\r\n", HB_ERR_AWAY, "loading"},
        {"", HB_ERR_STORE, "redis.address"},
        {"HTTP/1.1 200 OK\r\n", HB_ERR_STORE, "redis.address"},
        {"redis_version:\r\n", HB_ERR_STORE, "redis.address"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct hb_store_state found = {0, 0};
        struct hb_error error = {HB_OK, ""};
        assert_int_equal(hb_store_judge(hb_str_c(rows[i].info), &found, &error), rows[i].err);
        if (rows[i].err)
            assert_non_null(strstr(error.text, rows[i].says));
    }
}

static void it_says_how_full_redis_is(void **state)
{
    struct hb_store_state found = {0, 0};

    (void)state;
    assert_int_equal(hb_store_judge(HB_STR(GOOD "maxmemory_policy:noeviction\r\n"), &found, NULL), HB_OK);
    assert_int_equal(found.used_bytes, 1234);
    assert_int_equal(found.max_bytes, 9999);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_a_redis_of_version_7_that_never_evicts_will_do_and_the_sentence_says_what_to_set),
        cmocka_unit_test(it_says_how_full_redis_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
