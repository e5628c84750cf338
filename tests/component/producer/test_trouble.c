/* Publishing while Kafka or Redis is away, stopped, or the process is killed: nothing is lost, nothing
 * half said. */
#include "component/producer/fixture.h"

#include "platform/loop/loop.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define EVENT(id) "{\"id\":\"" id "\",\"type\":\"order.created\",\"subject\":\"1\",\"data\":{\"n\":1}}"

static void expect_post(struct fixture *f, const char *body, int status, const char *part, const char *head_part)
{
    struct reply reply = fixture_post(f, HEADERS_JSON, body);
    if (reply.status != status || !strstr(reply.body, part) || !strstr(reply.head, head_part)) {
        fail_msg("%s gave %s\n%s", body, reply.head, reply.body);
    }
    reply_free(&reply);
}

static void without_redis_publishing_goes_on_and_says_so(void **state)
{
    (void)state;
    struct record records[2];
    struct fixture *f = fixture_new(NULL);
    strcpy(f->config.redis_address, "127.0.0.1:1");
    fixture_start(f);
    expect_post(f, EVENT("a"), 202, "\"deduplication\":\"off\"", "Hookbus-Deduplication: off");
    expect_post(f, "[" EVENT("a") "]", 202, "\"deduplication\":\"off\",\"results\":[{\"status\":202,\"id\":\"a\"}]",
                "");
    fixture_read(f, records, 2);
    record_free(&records[0]);
    record_free(&records[1]);
    fixture_free(f);
}

static void a_redis_that_hangs_costs_a_bounded_wait_and_comes_back_by_itself(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(NULL);
    f->config.redis_command_timeout_ms = 200;
    f->config.redis_connect_timeout_ms = 200;
    fixture_start(f);
    expect_post(f, EVENT("before"), 202, "{\"status\":202,\"id\":\"before\"}", "");
    if (!fixture_signal("redis", SIGSTOP)) {
        fixture_free(f);
        skip();
    }
    int64_t began = fixture_now_ms();
    struct reply reply = fixture_post(f, HEADERS_JSON, EVENT("hung"));
    int64_t took = fixture_now_ms() - began;
    fixture_signal("redis", SIGCONT);
    assert_int_equal(reply.status, 202);
    assert_non_null(strstr(reply.body, "\"deduplication\":\"off\""));
    reply_free(&reply);
    assert_in_range(took, 100, 3000);
    /* It reconnects by itself; from then on ids are remembered again, also those from before. */
    int64_t until = fixture_now_ms() + FIXTURE_WAIT_MS;
    bool is_back = false;
    while (!is_back && fixture_now_ms() < until) {
        reply = fixture_post(f, HEADERS_JSON, EVENT("before"));
        assert_int_equal(reply.status, 202);
        is_back = strstr(reply.body, "\"duplicate\":true") != NULL;
        reply_free(&reply);
        hb_loop_run_once(f->loop, 20);
    }
    assert_true(is_back);
    fixture_free(f);
}

static void without_kafka_the_answer_is_503_in_bounded_time_and_no_mark_stands(void **state)
{
    (void)state;
    char command[128], answer[64];
    struct fixture *f = fixture_new(NULL);
    f->config.kafka_message_timeout_ms = 1500;
    strcpy(f->config.kafka_brokers, "127.0.0.1:1");
    fixture_start(f);
    int64_t began = fixture_now_ms();
    expect_post(f, EVENT("k"), 503, "problems/kafka_timeout", "Retry-After: ");
    assert_in_range(fixture_now_ms() - began, 500, 6000);
    expect_post(f, "[" EVENT("k") ",17]", 503,
                "{\"status\":503,\"id\":\"k\",\"problem\":{\"type\":\"https://hookbus.dev/problems/kafka_timeout\"",
                "Retry-After: ");
    assert_string_equal(hb_ingest_trouble(f->ingest), "no Kafka broker is connected");
    snprintf(command, sizeof(command), "EXISTS '%saccepted:{shop}:k'", f->prefix);
    fixture_redis(command, answer, sizeof(answer));
    assert_string_equal(answer, "0");
    fixture_free(f);
}

static void a_full_queue_is_503_at_once_and_what_was_taken_is_published(void **state)
{
    (void)state;
    struct record *records = calloc(1000, sizeof(*records));
    struct fixture *f = fixture_new(NULL);
    f->config.publish_queue_records_max = 1000;
    f->config.publish_linger_ms = 100;
    f->config.publish_batch_events_max = 2000;
    fixture_start(f);
    char *text = malloc(1500 * 80), *at = text;
    for (int i = 0; i < 1500; i++) {
        at += sprintf(at, "%c{\"type\":\"order.created\",\"subject\":\"1\",\"data\":%d}", i ? ',' : '[', i);
    }
    strcpy(at, "]");
    struct reply reply = fixture_post(f, HEADERS_JSON, text);
    assert_int_equal(reply.status, 202);
    assert_non_null(strstr(reply.body, "\"accepted\":1000,\"refused\":500"));
    assert_non_null(strstr(reply.body, "problems/overloaded"));
    fixture_read(f, records, 1000);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(atoi(records[i].value), i);
        record_free(&records[i]);
    }
    fixture_expect_no_more(f);
    reply_free(&reply);
    free(records);
    free(text);
    fixture_free(f);
}

static void a_store_over_its_quota_is_told_when_to_come_back(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(NULL);
    f->config.publish_store_events_per_s = 1;
    fixture_start(f);
    expect_post(f, "[" EVENT("q1") "," EVENT("q2") "," EVENT("q3") "]", 202, "\"accepted\":3", "");
    expect_post(f, EVENT("q4"), 429, "problems/quota_exceeded", "Retry-After: 2");
    fixture_free(f);
}

/* ---- a broker that is away, and one that stops ---- */

/* A process of its own that publishes until it is killed: says its port, then turns. Made before this process has any
 * Kafka handle, because such a handle does not survive a fork. */
static pid_t start_process(const char *prefix, int *ret_port)
{
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    if (child == 0) {
        struct fixture *f = fixture_new(prefix);
        fixture_start(f);
        int port = fixture_port(f);
        if (write(pipes[1], &port, sizeof(port)) != sizeof(port)) {
            _exit(1);
        }
        hb_loop_run(f->loop);
        _exit(0);
    }
    assert_int_equal(read(pipes[0], ret_port, sizeof(*ret_port)), sizeof(*ret_port));
    close(pipes[0]);
    close(pipes[1]);
    return child;
}

static void a_process_killed_between_publishing_and_its_acknowledgement_loses_nothing(void **state)
{
    (void)state;
    char command[128], answer[64], prefix[32];
    int port, status;
    /* Topics by a process that ends, so that no handle is open here when we fork. */
    snprintf(prefix, sizeof(prefix), "k%d.", (int)getpid());
    pid_t maker = fork();
    if (maker == 0) {
        fixture_make_topics(prefix);
        _exit(0);
    }
    waitpid(maker, &status, 0);
    assert_int_equal(status, 0);

    pid_t child = start_process(prefix, &port);
    int warm = fixture_send_to(port, EVENT("warm"));
    assert_int_equal(fixture_status_of(warm), 202);
    if (!fixture_signal("kafka", SIGSTOP)) {
        kill(child, SIGKILL);
        waitpid(child, &status, 0);
        skip();
    }
    int pending = fixture_send_to(port, EVENT("43f"));
    /* Long past the check in Redis and the linger: the record is on its way to a broker that does not answer. */
    struct timespec wait = {0, 300000000};
    nanosleep(&wait, NULL); /* the time in which a wrong mark would be written; nothing can be waited for */
    snprintf(command, sizeof(command), "EXISTS '%saccepted:{shop}:43f'", prefix);
    fixture_redis(command, answer, sizeof(answer));
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    close(pending);
    fixture_signal("kafka", SIGCONT);
    assert_string_equal(answer, "0");

    struct record records[3];
    struct fixture *f = fixture_new(prefix);
    fixture_start(f);
    expect_post(f, EVENT("43f"), 202, "{\"status\":202,\"id\":\"43f\"}", "");
    expect_post(f, EVENT("warm"), 202, "\"duplicate\":true", "");
    /* One or two of 43f: the killed process's record may have arrived; never none. */
    fixture_read(f, records, 2);
    assert_non_null(strstr(records[0].headers, "ce_id=warm\n"));
    assert_non_null(strstr(records[1].headers, "ce_id=43f\n"));
    record_free(&records[0]);
    record_free(&records[1]);
    fixture_free(f);
}

static void a_broker_that_stops_and_goes_on_delays_the_answer_and_nothing_else(void **state)
{
    (void)state;
    struct record records[2];
    struct fixture *f = fixture_new(NULL);
    fixture_start(f);
    expect_post(f, EVENT("first"), 202, "first", "");
    if (!fixture_signal("kafka", SIGSTOP)) {
        fixture_free(f);
        skip();
    }
    int connection = fixture_send(f, HEADERS_JSON, EVENT("s"), strlen(EVENT("s")));
    int64_t until = fixture_now_ms() + 500;
    while (fixture_now_ms() < until) {
        hb_loop_run_once(f->loop, 10);
    }
    size_t open = hb_ingest_open_calls(f->ingest);
    fixture_signal("kafka", SIGCONT);
    assert_int_equal(open, 1);
    struct reply reply = fixture_receive(f, connection);
    assert_int_equal(reply.status, 202);
    reply_free(&reply);
    fixture_read(f, records, 2);
    fixture_expect_no_more(f);
    record_free(&records[0]);
    record_free(&records[1]);
    fixture_free(f);
}

/* Whatever failed: nobody after us meets a stopped service. */
static int wake_services(void **state)
{
    (void)state;
    fixture_signal("kafka", SIGCONT);
    fixture_signal("redis", SIGCONT);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_process_killed_between_publishing_and_its_acknowledgement_loses_nothing), /* forks: first */
        cmocka_unit_test(a_broker_that_stops_and_goes_on_delays_the_answer_and_nothing_else),
        cmocka_unit_test(without_redis_publishing_goes_on_and_says_so),
        cmocka_unit_test(a_redis_that_hangs_costs_a_bounded_wait_and_comes_back_by_itself),
        cmocka_unit_test(without_kafka_the_answer_is_503_in_bounded_time_and_no_mark_stands),
        cmocka_unit_test(a_full_queue_is_503_at_once_and_what_was_taken_is_published),
        cmocka_unit_test(a_store_over_its_quota_is_told_when_to_come_back),
    };
    return fixture_is_missing() ? 0 : cmocka_run_group_tests(tests, NULL, wake_services);
}
