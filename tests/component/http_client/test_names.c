#include "component/http_client/rig.h"

#include <dirent.h>

static size_t threads_count(void)
{
    size_t count = 0;
    DIR *tasks = opendir("/proc/self/task");
    assert_non_null(tasks);
    while (readdir(tasks) != NULL) {
        count++;
    }
    (void)closedir(tasks);
    return count;
}

static const struct fake_dns_step nothing[] = {{FAKE_DNS_NXDOMAIN, NULL, 0}};
static const struct fake_dns_step failing[] = {{FAKE_DNS_SERVFAIL, NULL, 0}};
static const struct fake_dns_step silent[] = {{FAKE_DNS_SILENT, NULL, 0}};
static const struct fake_dns_step here[] = {{FAKE_DNS_ADDRESS, "127.0.0.1", 60}};

struct name_row {
    const char *host;
    enum hb_failure failure;
    int ms_max;
};

static const struct name_row name_rows[] = {
    {"nxdomain.example", HB_FAILURE_DNS_NOT_FOUND, 500},
    {"servfail.example", HB_FAILURE_DNS_FAILED, 500},
    {"silent.example", HB_FAILURE_DNS_TIMEOUT, 1200},
};

static void each_trouble_of_names_has_its_reason_in_bounded_time_without_threads(void **state)
{
    (void)state;
    static const struct fake_dns_name names[] = {
        {"nxdomain.example", nothing, 1}, {"servfail.example", failing, 1}, {"silent.example", silent, 1}};
    struct fake_dns *dns = fake_dns_new(names, 3);
    struct rig rig;
    struct rig_answer answer;
    rig_open(&rig, &(struct rig_options){.servers = fake_dns_servers(dns)});
    size_t threads = threads_count();
    for (size_t i = 0; i < sizeof(name_rows) / sizeof(name_rows[0]); i++) {
        char url[64];
        (void)snprintf(url, sizeof(url), "http://%s/", name_rows[i].host);
        int64_t began_ms = rig_now_ms();
        rig_post(&rig, url, 5000, &answer);
        int64_t took_ms = rig_now_ms() - began_ms;
        if (answer.answer.failure != name_rows[i].failure || took_ms > name_rows[i].ms_max) {
            fail_msg("%s: %s after %d ms", url, hb_failure_text(answer.answer.failure), (int)took_ms);
        }
    }
    assert_int_equal(threads_count(), threads);
    assert_int_equal(hb_loop_stalls(rig.loop), 0);
    rig_close(&rig);
    fake_dns_free(dns);
}

static void the_total_limit_includes_resolution(void **state)
{
    (void)state;
    static const struct fake_dns_name names[] = {{"silent.example", silent, 1}};
    struct fake_dns *dns = fake_dns_new(names, 1);
    struct rig rig;
    struct rig_answer answer;
    rig_open(&rig, &(struct rig_options){.servers = fake_dns_servers(dns)});
    int64_t began_ms = rig_now_ms();
    rig_post(&rig, "http://silent.example/", 300, &answer);
    rig_expect(&answer, HB_FAILURE_DNS_TIMEOUT, 0);
    assert_true(rig_now_ms() - began_ms < 400);
    rig_close(&rig);
    fake_dns_free(dns);
}

static void lookups_of_one_name_are_joined_and_remembered(void **state)
{
    (void)state;
    static const struct fake_dns_name names[] = {{"shop.example", here, 1}, {"gone.example", nothing, 1}};
    struct fake_dns *dns = fake_dns_new(names, 2);
    struct fake_receiver *receiver = fake_receiver_new(&(struct fake_receiver_options){.tls = FAKE_PLAIN});
    struct rig rig;
    static struct rig_answer answers[10];
    char url[64];
    (void)snprintf(url, sizeof(url), "http://shop.example:%d/", fake_receiver_port(receiver));
    rig_open(&rig, &(struct rig_options){.servers = fake_dns_servers(dns)});
    struct hb_http_target *target = rig_target(&rig, url);
    struct hb_http_target *gone = rig_target(&rig, "http://GONE.example/");
    for (size_t i = 0; i < 10; i++) {
        (void)rig_start(&rig, i % 2 ? gone : target, 3000, &answers[i]);
    }
    rig_wait(&rig, answers, 10);
    rig_post(&rig, url, 3000, &answers[0]);
    rig_expect(&answers[0], HB_FAILURE_NONE, 200);
    assert_int_equal(answers[0].answer.resolve_us, 0);
    rig_post(&rig, "http://gone.example/", 3000, &answers[1]);
    rig_expect(&answers[1], HB_FAILURE_DNS_NOT_FOUND, 0);
    assert_int_equal(fake_dns_queries(dns, 0), 1);
    assert_int_equal(fake_dns_queries(dns, 1), 1);
    hb_http_target_unref(&target);
    hb_http_target_unref(&gone);
    rig_close(&rig);
    fake_receiver_free(receiver);
    fake_dns_free(dns);
}

/* dns-rebinding: the name is allowed first and leads inside next; the kept connection of before is no way around. */
static void a_name_that_turns_inside_is_refused(void **state)
{
    (void)state;
    static const struct fake_dns_step loopback[] = {{FAKE_DNS_ADDRESS, "127.0.0.1", 0},
                                                    {FAKE_DNS_ADDRESS, "127.9.9.9", 0}};
    static const struct fake_dns_step metadata[] = {{FAKE_DNS_ADDRESS, "127.0.0.1", 0},
                                                    {FAKE_DNS_ADDRESS, "169.254.169.254", 0}};
    static const struct fake_dns_name names[] = {{"rebind.example", loopback, 2}, {"metadata.example", metadata, 2}};
    struct fake_dns *dns = fake_dns_new(names, 2);
    struct fake_receiver *receiver = fake_receiver_new(&(struct fake_receiver_options){.tls = FAKE_PLAIN});
    struct rig rig;
    struct rig_answer answer;
    rig_open(&rig, &(struct rig_options){.servers = fake_dns_servers(dns), .allow = "127.0.0.1"});
    for (size_t i = 0; i < 2; i++) {
        char url[64];
        (void)snprintf(url, sizeof(url), "http://%s:%d/", names[i].name, fake_receiver_port(receiver));
        rig_post(&rig, url, 3000, &answer);
        rig_expect(&answer, HB_FAILURE_NONE, 200);
        rig_run(&rig, 1050); /* the shortest time an address is kept */
        rig_post(&rig, url, 3000, &answer);
        rig_expect(&answer, HB_FAILURE_ADDRESS_BLOCKED, 0);
    }
    assert_int_equal(fake_receiver_requests(receiver), 2);
    struct hb_http_client_stats stats;
    hb_http_client_read_stats(rig.client, &stats);
    assert_int_equal(stats.blocked, 2);
    rig_close(&rig);
    fake_receiver_free(receiver);
    fake_dns_free(dns);
}

static void a_dead_first_address_costs_no_attempt_and_the_living_one_is_kept_to(void **state)
{
    (void)state;
    static const struct fake_dns_step both[] = {{FAKE_DNS_ADDRESS, "10.1.1.1 127.0.0.2 127.0.0.1", 60}};
    static const struct fake_dns_name names[] = {{"two.example", both, 1}};
    struct fake_dns *dns = fake_dns_new(names, 1);
    struct fake_receiver *receiver = fake_receiver_new(&(struct fake_receiver_options){.tls = FAKE_PLAIN});
    struct rig rig;
    struct rig_answer answer;
    char url[64];
    (void)snprintf(url, sizeof(url), "http://two.example:%d/", fake_receiver_port(receiver));
    rig_open(&rig, &(struct rig_options){.servers = fake_dns_servers(dns)});
    for (int i = 0; i < 3; i++) {
        rig_post(&rig, url, 3000, &answer);
        rig_expect(&answer, HB_FAILURE_NONE, 200);
    }
    assert_int_equal(fake_receiver_connections(receiver), 1); /* sticky: one connection for all three */
    assert_true(answer.answer.is_kept_connection);
    assert_int_equal(answer.answer.requests, 1);
    rig_close(&rig);
    fake_receiver_free(receiver);
    fake_dns_free(dns);
}

static void a_resolver_that_is_down_is_our_own_trouble(void **state)
{
    (void)state;
    struct rig rig;
    struct rig_answer answer;
    rig_open(&rig, &(struct rig_options){.servers = "127.0.0.1:1"});
    rig_post(&rig, "http://shop.example/", 3000, &answer);
    rig_expect(&answer, HB_FAILURE_OURS, 0);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_trouble_of_names_has_its_reason_in_bounded_time_without_threads),
        cmocka_unit_test(the_total_limit_includes_resolution),
        cmocka_unit_test(lookups_of_one_name_are_joined_and_remembered),
        cmocka_unit_test(a_name_that_turns_inside_is_refused),
        cmocka_unit_test(a_dead_first_address_costs_no_attempt_and_the_living_one_is_kept_to),
        cmocka_unit_test(a_resolver_that_is_down_is_our_own_trouble),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
