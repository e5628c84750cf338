#include "component/http_client/rig.h"

#include <sys/resource.h>

static void connections_are_kept_and_used_again(void **state)
{
    (void)state;
    struct fake_receiver *receiver = fake_receiver_new(&(struct fake_receiver_options){.tls = FAKE_TLS_GOOD});
    struct rig rig;
    struct rig_answer answer;
    rig_open(&rig, &(struct rig_options){.allow = NULL});
    for (int i = 0; i < 20; i++) {
        rig_post(&rig, fake_receiver_url(receiver), 3000, &answer);
        rig_expect(&answer, HB_FAILURE_NONE, 200);
        assert_int_equal(answer.answer.is_kept_connection, i > 0);
    }
    assert_int_equal(fake_receiver_connections(receiver), 1);
    rig_close(&rig);
    fake_receiver_free(receiver);
}

/* server-closes-keepalive-under-us: libcurl posts again by itself; it is one attempt, and the receiver saw at most two.
 */
static void a_kept_connection_that_dies_costs_no_attempt(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {{FAKE_ANSWER, 200, NULL, NULL},
                                             {FAKE_CLOSE, 0, NULL, NULL},
                                             {FAKE_ANSWER, 200, NULL, NULL},
                                             {FAKE_CLOSE_AFTER, 200, NULL, NULL},
                                             {FAKE_ANSWER, 200, NULL, NULL}};
    struct fake_receiver *receiver = fake_receiver_new(&(struct fake_receiver_options){steps, 5, FAKE_PLAIN, NULL});
    struct rig rig;
    struct rig_answer answer;
    rig_open(&rig, &(struct rig_options){.allow = NULL});
    for (int i = 0; i < 4; i++) {
        rig_post(&rig, fake_receiver_url(receiver), 3000, &answer);
        rig_expect(&answer, HB_FAILURE_NONE, 200);
        assert_int_equal(answer.answer.requests, 1);
    }
    assert_int_equal(fake_receiver_requests(receiver), 5);
    rig_close(&rig);
    fake_receiver_free(receiver);
}

static void idle_connections_are_capped_and_closed_in_time(void **state)
{
    (void)state;
    struct fake_receiver *receiver = fake_receiver_new(&(struct fake_receiver_options){.tls = FAKE_PLAIN});
    struct rig rig;
    struct rig_answer answer;
    struct hb_http_client_stats stats;
    /* A shard that has its share still takes one while another, which got there first, holds more: the port decides who. */
    enum { KEPT = 8, SHARDS = 4, BOUND = KEPT + SHARDS * (KEPT / SHARDS + 1) };
    rig_open(&rig, &(struct rig_options){.kept_max = KEPT, .kept_idle_s = 1});
    for (int i = 1; i <= 60; i++) {
        char url[64];
        (void)snprintf(url, sizeof(url), "http://127.0.0.%d:%d/", i, fake_receiver_port(receiver));
        rig_post(&rig, url, 3000, &answer);
        rig_expect(&answer, HB_FAILURE_NONE, 200);
        hb_http_client_read_stats(rig.client, &stats);
        assert_in_range(stats.kept_connections, 0, BOUND);
    }
    int64_t until_ms = rig_now_ms() + 15000;
    while (stats.kept_connections > 0 && rig_now_ms() < until_ms) {
        rig_run(&rig, 100);
        hb_http_client_read_stats(rig.client, &stats);
    }
    assert_int_equal(stats.kept_connections, 0);
    rig_close(&rig);
    fake_receiver_free(receiver);
}

static void never(void *user, const struct hb_answer *answer)
{
    (void)user;
    (void)answer;
    fail_msg("called back though refused");
}

static void requests_beyond_the_limit_are_refused_at_once(void **state)
{
    (void)state;
    static const struct fake_step hang = {.kind = FAKE_HANG};
    struct fake_receiver *receiver = fake_receiver_new(&(struct fake_receiver_options){&hang, 1, FAKE_PLAIN, NULL});
    struct rig rig;
    static struct rig_answer answers[3];
    rig_open(&rig, &(struct rig_options){.in_flight_max = 2});
    struct hb_http_target *target = rig_target(&rig, fake_receiver_url(receiver));
    struct hb_http_request *first = rig_start(&rig, target, 3000, &answers[0]);
    (void)rig_start(&rig, target, 3000, &answers[1]);
    struct hb_http_request_spec spec = {.target = target, .method = "POST", .timeout_ms = 10, .done = never};
    assert_int_equal(hb_http_send(rig.client, &spec, NULL), HB_ERR_FULL);
    hb_http_cancel(rig.client, first);
    assert_int_equal(answers[0].count, 0);
    rig_wait(&rig, answers, 1);
    rig_expect(&answers[0], HB_FAILURE_ENDED_BY_US, 0);
    (void)rig_start(&rig, target, 3000, &answers[2]);
    hb_http_target_unref(&target);
    rig_close(&rig); /* with two in flight */
    rig_expect(&answers[1], HB_FAILURE_ENDED_BY_US, 0);
    rig_expect(&answers[2], HB_FAILURE_ENDED_BY_US, 0);
    fake_receiver_free(receiver);
}

static void no_descriptors_is_our_own_trouble(void **state)
{
    (void)state;
    struct fake_receiver *receiver = fake_receiver_new(&(struct fake_receiver_options){.tls = FAKE_PLAIN});
    struct rig rig;
    struct rig_answer answer;
    rig_open(&rig, &(struct rig_options){.allow = NULL});
    struct rlimit before;
    (void)getrlimit(RLIMIT_NOFILE, &before);
    struct rlimit none = {3, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    rig_post(&rig, fake_receiver_url(receiver), 3000, &answer);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    rig_expect(&answer, HB_FAILURE_OURS, 0);
    rig_post(&rig, fake_receiver_url(receiver), 3000, &answer);
    rig_expect(&answer, HB_FAILURE_NONE, 200);
    rig_close(&rig);
    fake_receiver_free(receiver);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connections_are_kept_and_used_again),
        cmocka_unit_test(a_kept_connection_that_dies_costs_no_attempt),
        cmocka_unit_test(idle_connections_are_capped_and_closed_in_time),
        cmocka_unit_test(requests_beyond_the_limit_are_refused_at_once),
        cmocka_unit_test(no_descriptors_is_our_own_trouble),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
