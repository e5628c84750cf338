#include "component/http_client/rig.h"

struct tls_row {
    enum fake_tls tls;
    enum hb_failure failure;
    int status;
};

static const struct tls_row rows[] = {
    {FAKE_TLS_GOOD, HB_FAILURE_NONE, 200},
    {FAKE_TLS_EXPIRED, HB_FAILURE_TLS_EXPIRED, 0},
    {FAKE_TLS_SELF_SIGNED, HB_FAILURE_TLS_UNTRUSTED, 0},
    {FAKE_TLS_WRONG_HOST, HB_FAILURE_TLS_WRONG_HOST, 0},
    {FAKE_TLS_STALL, HB_FAILURE_CONNECT_TIMEOUT, 0},
};

static void each_tls_trouble_has_its_own_reason_and_nothing_is_sent(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fake_receiver *receiver = fake_receiver_new(&(struct fake_receiver_options){.tls = rows[i].tls});
        struct rig rig;
        struct rig_answer answer;
        rig_open(&rig, &(struct rig_options){.connect_timeout_ms = 500});
        int64_t began_ms = rig_now_ms();
        rig_post(&rig, fake_receiver_url(receiver), 5000, &answer);
        rig_expect(&answer, rows[i].failure, rows[i].status);
        assert_true(rig_now_ms() - began_ms < 1000); /* the connect limit includes the handshake */
        assert_int_equal(fake_receiver_requests(receiver), rows[i].status == 200 ? 1 : 0);
        rig_close(&rig);
        fake_receiver_free(receiver);
    }
}

static void a_plain_receiver_behind_https_gets_no_request(void **state)
{
    (void)state;
    struct fake_receiver *receiver = fake_receiver_new(&(struct fake_receiver_options){.tls = FAKE_PLAIN});
    struct rig rig;
    struct rig_answer answer;
    char url[64];
    (void)snprintf(url, sizeof(url), "https://127.0.0.1:%d/hooks", fake_receiver_port(receiver));
    rig_open(&rig, &(struct rig_options){.connect_timeout_ms = 500});
    rig_post(&rig, url, 5000, &answer);
    assert_true(answer.answer.failure == HB_FAILURE_TLS_FAILED || answer.answer.failure == HB_FAILURE_CONNECT_TIMEOUT);
    assert_int_equal(fake_receiver_requests(receiver), 0);
    rig_close(&rig);
    fake_receiver_free(receiver);
}

static void a_name_is_checked_against_the_certificate_though_the_address_is_pinned(void **state)
{
    (void)state;
    static const struct fake_dns_step here[] = {{FAKE_DNS_ADDRESS, "127.0.0.1", 60}};
    static const struct fake_dns_name names[] = {{"good.example", here, 1}, {"bad.example", here, 1}};
    struct fake_dns *dns = fake_dns_new(names, 2);
    struct fake_receiver *receiver =
        fake_receiver_new(&(struct fake_receiver_options){.tls = FAKE_TLS_GOOD, .name = "good.example"});
    struct rig rig;
    struct rig_answer answer;
    char url[64];
    rig_open(&rig, &(struct rig_options){.servers = fake_dns_servers(dns)});
    (void)snprintf(url, sizeof(url), "https://good.example:%d/", fake_receiver_port(receiver));
    rig_post(&rig, url, 5000, &answer);
    rig_expect(&answer, HB_FAILURE_NONE, 200);
    (void)snprintf(url, sizeof(url), "https://bad.example:%d/", fake_receiver_port(receiver));
    rig_post(&rig, url, 5000, &answer);
    rig_expect(&answer, HB_FAILURE_TLS_WRONG_HOST, 0);
    assert_int_equal(fake_receiver_requests(receiver), 1);
    rig_close(&rig);
    fake_receiver_free(receiver);
    fake_dns_free(dns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_tls_trouble_has_its_own_reason_and_nothing_is_sent),
        cmocka_unit_test(a_plain_receiver_behind_https_gets_no_request),
        cmocka_unit_test(a_name_is_checked_against_the_certificate_though_the_address_is_pinned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
