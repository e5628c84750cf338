#include "component/http_client/rig.h"

static const char *const inside[] = {
    "http://127.0.0.1:%d/",
    "http://127.8.8.8:%d/",
    "http://0.0.0.0:%d/",
    "http://[::]:%d/",
    "http://[::1]:%d/",
    "http://[::ffff:127.0.0.1]:%d/",
    "http://[::ffff:7f00:1]:%d/",
    "http://[::127.0.0.1]:%d/",
    "http://[64:ff9b::127.0.0.1]:%d/",
    "http://[2002:7f00:1::]:%d/",
    "http://169.254.169.254:%d/",
    "http://localhost:%d/",
};

/* ssrf-urls: what gets past registration meets the filter where it would be dialled. */
static void nothing_inside_is_dialled_by_default(void **state)
{
    (void)state;
    struct fake_receiver *receiver = fake_receiver_new(&(struct fake_receiver_options){.tls = FAKE_PLAIN});
    struct rig rig;
    struct rig_answer answer;
    rig_open(&rig, &(struct rig_options){.allow = ""});
    for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++) {
        char url[128];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        (void)snprintf(url, sizeof(url), inside[i], fake_receiver_port(receiver));
#pragma GCC diagnostic pop
        rig_post(&rig, url, 2000, &answer);
        if (answer.answer.failure != HB_FAILURE_ADDRESS_BLOCKED) {
            fail_msg("%s: %s", url, hb_failure_text(answer.answer.failure));
        }
    }
    struct hb_http_client_stats stats;
    hb_http_client_read_stats(rig.client, &stats);
    assert_int_equal(stats.connections_opened, 0);
    assert_int_equal(stats.blocked, sizeof(inside) / sizeof(inside[0]));
    assert_int_equal(fake_receiver_connections(receiver), 0);
    rig_close(&rig);
    fake_receiver_free(receiver);
}

static const char *const odd[] = {
    "http://2130706433/", "http://0177.0.0.1/",  "http://0x7f.1/",         "http://0/",
    "http://127.1/",      "http://u@127.0.0.1/", "http://[fe80::1%25lo]/", "http://127.0.0.1:0/",
    "ftp://127.0.0.1/",   "http://a\\b/",        "file:///etc/passwd"};

static void odd_spellings_make_no_target(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, &(struct rig_options){.allow = "0.0.0.0/0"});
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        struct hb_http_target *target = NULL;
        struct hb_error error = {.text = ""};
        if (hb_http_target_new(rig.client, hb_str_c(odd[i]), NULL, 0, &target, &error) != HB_ERR_INVALID) {
            fail_msg("%s made a target", odd[i]);
        }
        assert_null(target);
    }
    rig_close(&rig);
}

static void the_allow_list_is_held_to_its_port(void **state)
{
    (void)state;
    struct fake_receiver *receiver = fake_receiver_new(&(struct fake_receiver_options){.tls = FAKE_PLAIN});
    struct rig rig;
    struct rig_answer answer;
    rig_open(&rig, &(struct rig_options){.allow = "127.0.0.0/8:1"});
    rig_post(&rig, fake_receiver_url(receiver), 2000, &answer);
    rig_expect(&answer, HB_FAILURE_ADDRESS_BLOCKED, 0);
    rig_post(&rig, "http://127.0.0.1:1/", 2000, &answer);
    rig_expect(&answer, HB_FAILURE_CONNECT_REFUSED, 0);
    assert_string_equal(answer.answer.address, "127.0.0.1:1");
    rig_close(&rig);
    fake_receiver_free(receiver);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_inside_is_dialled_by_default),
        cmocka_unit_test(odd_spellings_make_no_target),
        cmocka_unit_test(the_allow_list_is_held_to_its_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
