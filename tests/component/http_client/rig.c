#include "component/http_client/rig.h"

#include <string.h>
#include <time.h>

#define WAIT_MS 20000

int64_t rig_now_ms(void)
{
    struct timespec at;
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec * 1000 + at.tv_nsec / 1000000;
}

static int or_default(int value, int otherwise)
{
    return value != 0 ? value : otherwise;
}

void rig_open(struct rig *rig, const struct rig_options *options)
{
    const char *allow = options->allow != NULL ? options->allow : "127.0.0.0/8";
    assert_int_equal(hb_loop_new(&rig->loop), HB_OK);
    assert_int_equal(hb_egress_new(hb_str_c(allow), &rig->egress, NULL), HB_OK);
    struct hb_resolver_options names = {
        .loop = rig->loop,
        .servers = options->servers,
        .timeout_ms = 1000,
        .cache_entries_max = 64,
        .ttl_min_s = 1,
        .ttl_max_s = 60,
        .negative_ttl_s = 1,
    };
    assert_int_equal(hb_resolver_new(&names, &rig->resolver, NULL), HB_OK);
    struct hb_http_client_options http = {
        .loop = rig->loop,
        .resolver = rig->resolver,
        .egress = rig->egress,
        .user_agent = "hookbus/test",
        .ca_file = fake_ca_file(),
        .shards = 4,
        .in_flight_max = or_default(options->in_flight_max, 64),
        .kept_connections_max = or_default(options->kept_max, 64),
        .kept_idle_s = or_default(options->kept_idle_s, 20),
        .connect_timeout_ms = or_default(options->connect_timeout_ms, 1000),
        .answer_read_bytes_max = 65536,
        .answer_kept_bytes_max = 4096,
        .answer_headers_bytes_max = 32768,
    };
    assert_int_equal(hb_http_client_new(&http, &rig->client, NULL), HB_OK);
}

void rig_close(struct rig *rig)
{
    hb_http_client_free(&rig->client);
    hb_resolver_free(&rig->resolver);
    hb_egress_free(&rig->egress);
    hb_loop_free(&rig->loop);
}

struct hb_http_target *rig_target(struct rig *rig, const char *url)
{
    struct hb_http_target *target = NULL;
    struct hb_error error = {.text = ""};
    if (hb_http_target_new(rig->client, hb_str_c(url), NULL, 0, &target, &error) != HB_OK) {
        fail_msg("%s: %s", url, error.text);
    }
    return target;
}

static void copy(char *to, size_t bytes, struct hb_str from)
{
    size_t len = from.len < bytes - 1 ? from.len : bytes - 1;
    if (len > 0) {
        memcpy(to, from.ptr, len);
    }
    to[len] = '\0';
}

static void on_done(void *user, const struct hb_answer *answer)
{
    struct rig_answer *to = user;
    to->count++;
    to->answer = *answer;
    copy(to->body, sizeof(to->body), answer->body);
    copy(to->location, sizeof(to->location), answer->location);
    copy(to->detail, sizeof(to->detail), answer->detail);
}

struct hb_http_request *rig_start(struct rig *rig, struct hb_http_target *target, int timeout_ms,
                                  struct rig_answer *answer)
{
    static const struct hb_name_value headers[] = {
        {{"webhook-id", 10}, {"evt_1", 5}},
        {{"Content-Type", 12}, {"application/json", 16}},
    };
    *answer = (struct rig_answer){.count = 0};
    hb_loop_update_time(rig->loop);
    struct hb_http_request *request = NULL;
    struct hb_http_request_spec spec = {
        .target = target,
        .method = "POST",
        .headers = headers,
        .headers_count = 2,
        .body = HB_STR("{\"a\":1}"),
        .timeout_ms = timeout_ms,
        .done = on_done,
        .user = answer,
    };
    assert_int_equal(hb_http_send(rig->client, &spec, &request), HB_OK);
    assert_int_equal(answer->count, 0); /* never from inside */
    return request;
}

void rig_wait(struct rig *rig, struct rig_answer *answers, size_t count)
{
    int64_t until_ms = rig_now_ms() + WAIT_MS;
    for (size_t i = 0; i < count; i++) {
        while (answers[i].count == 0) {
            hb_loop_run_once(rig->loop, 20);
            if (rig_now_ms() > until_ms) {
                fail_msg("answer %zu of %zu did not come", i, count);
            }
        }
    }
}

void rig_post(struct rig *rig, const char *url, int timeout_ms, struct rig_answer *answer)
{
    struct hb_http_target *target = rig_target(rig, url);
    (void)rig_start(rig, target, timeout_ms, answer);
    hb_http_target_unref(&target);
    rig_wait(rig, answer, 1);
}

void rig_expect(const struct rig_answer *answer, enum hb_failure failure, int status)
{
    if (answer->count != 1 || answer->answer.failure != failure || answer->answer.status != status) {
        fail_msg("callbacks %d, %s, status %d, \"%s\"; expected %s, status %d", answer->count,
                 hb_failure_text(answer->answer.failure), answer->answer.status, answer->detail,
                 hb_failure_text(failure), status);
    }
}

void rig_run(struct rig *rig, int64_t ms)
{
    int64_t until_ms = rig_now_ms() + ms;
    while (rig_now_ms() < until_ms) {
        hb_loop_run_once(rig->loop, 5);
    }
}
