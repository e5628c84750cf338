#include "component/retry/rig.h"

#include "platform/crypto/crypto.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

bool rig_is_there(void)
{
    const char *address = getenv("HOOKBUS_TEST_REDIS");

    if (address && *address)
        return true;
    printf("skipped: HOOKBUS_TEST_REDIS=host:port names no Redis (tests/run component starts one)\n");
    return false;
}

static void on_connected(void *user, bool is_connected)
{
    ((struct rig *)user)->is_connected = is_connected;
}

void rig_open_at(struct rig *rig, const char *address)
{
    uint32_t random;
    struct hb_error error = {HB_OK, ""};

    memset(rig, 0, sizeof(*rig));
    hb_random_bytes(&random, sizeof(random));
    (void)snprintf(rig->prefix, sizeof(rig->prefix), "test-%08" PRIx32, random);
    assert_int_equal(hb_loop_new(&rig->loop), HB_OK);
    struct hb_redis_options options = {.loop = rig->loop,
                                       .address = address,
                                       .connect_timeout_ms = 2000,
                                       .command_timeout_ms = 10000,
                                       .commands_max = 10000,
                                       .jitter_seed = 1,
                                       .connected = on_connected,
                                       .user = rig};
    if (hb_redis_new(&options, &rig->redis, &error))
        fail_msg("%s", error.text);
    assert_int_equal(hb_scripts_new(rig->redis, &rig->scripts), HB_OK);
    rig->view = rig_second_view(rig);
    int64_t end_us = hb_loop_mono(rig->loop).us + RIG_WAIT_MS * HB_US_PER_MS;
    while (!rig->is_connected && hb_loop_mono(rig->loop).us < end_us)
        hb_loop_run_once(rig->loop, 50);
    assert_true(rig->is_connected);
}

void rig_open(struct rig *rig)
{
    rig_open_at(rig, getenv("HOOKBUS_TEST_REDIS"));
}

struct hb_view *rig_second_view(struct rig *rig)
{
    const struct hb_view_options options = {
        .scripts = rig->scripts, .prefix = hb_str_c(rig->prefix), .shard = 7};
    struct hb_view *view = NULL;

    assert_int_equal(hb_view_new(&options, &view), HB_OK);
    return view;
}

void rig_close(struct rig *rig)
{
    hb_view_free(&rig->view);
    hb_scripts_free(&rig->scripts);
    hb_redis_free(&rig->redis);
    hb_loop_free(&rig->loop);
}

void rig_until(struct rig *rig, const int *value, int wanted)
{
    int64_t end_us = hb_loop_mono(rig->loop).us + RIG_WAIT_MS * HB_US_PER_MS;

    while (*value != wanted && hb_loop_mono(rig->loop).us < end_us)
        hb_loop_run_once(rig->loop, 50);
    assert_int_equal(*value, wanted);
}

static void on_reply(void *user, enum hb_err err, const struct hb_redis_reply *reply)
{
    struct rig *rig = user;

    assert_int_equal(err, HB_OK);
    rig->is_error = reply->kind == HB_REDIS_ERROR;
    rig->integer = reply->integer;
    (void)snprintf(rig->reply, sizeof(rig->reply), "%.*s", HB_ARG(reply->text));
    rig->replies++;
}

void rig_redis(struct rig *rig, const char *const *words)
{
    struct hb_buf made[16];
    struct hb_str arguments[16];
    char tag[48];
    size_t count = 0;

    (void)snprintf(tag, sizeof(tag), "{%s:7}", rig->prefix);
    for (; words[count]; count++) {
        const char *mark = strstr(words[count], "{}");
        made[count] = hb_buf_make(8192);
        struct hb_str all = hb_str_c(words[count]);
        size_t before = mark ? (size_t)(mark - words[count]) : all.len;
        assert_int_equal(hb_buf_add(&made[count], hb_str_n(all.ptr, before)), HB_OK);
        if (mark) {
            assert_int_equal(hb_buf_add(&made[count], hb_str_c(tag)), HB_OK);
            assert_int_equal(hb_buf_add(&made[count], hb_str_c(mark + 2)), HB_OK);
        }
        arguments[count] = hb_buf_str(&made[count]);
    }
    rig->replies = 0;
    assert_int_equal(hb_redis_command(rig->redis, arguments, count, on_reply, rig), HB_OK);
    rig_until(rig, &rig->replies, 1);
    for (size_t i = 0; i < count; i++)
        hb_buf_deinit(&made[i]);
}

static void keep_deliveries(struct rig_answer *kept, const struct hb_view_answer *answer)
{
    assert_in_range(answer->deliveries_count, 0, RIG_ROWS_MAX);
    for (size_t i = 0; i < answer->deliveries_count; i++) {
        struct rig_delivery *to = &kept->deliveries[i];
        to->it = answer->deliveries[i];
        (void)snprintf(to->webhook, sizeof(to->webhook), "%.*s", HB_ARG(to->it.webhook));
        (void)snprintf(to->job, sizeof(to->job), "%.*s", HB_ARG(to->it.job));
        to->it.webhook = hb_str_c(to->webhook);
        to->it.job = hb_str_c(to->job);
    }
}

void rig_keep(void *user, const struct hb_view_answer *answer)
{
    struct rig *rig = user;
    struct rig_answer *kept = &rig->answer;

    kept->calls++;
    kept->it = *answer;
    (void)snprintf(kept->text, sizeof(kept->text), "%.*s", HB_ARG(answer->text));
    (void)snprintf(kept->cursor, sizeof(kept->cursor), "%.*s", HB_ARG(answer->cursor));
    kept->it.cursor = hb_str_c(kept->cursor);
    keep_deliveries(kept, answer);
    assert_in_range(answer->refusals_count, 0, RIG_ROWS_MAX);
    if (answer->refusals_count)
        memcpy(kept->refusals, answer->refusals, answer->refusals_count * sizeof(kept->refusals[0]));
    assert_in_range(answer->webhooks_count, 0, RIG_ROWS_MAX);
    for (size_t i = 0; i < answer->webhooks_count; i++) {
        kept->webhooks[i] = answer->webhooks[i];
        (void)snprintf(kept->names[i], sizeof(kept->names[i]), "%.*s", HB_ARG(answer->webhooks[i].webhook));
        kept->webhooks[i].webhook = hb_str_c(kept->names[i]);
    }
    assert_in_range(answer->repairs_count, 0, RIG_ROWS_MAX);
    if (answer->repairs_count)
        memcpy(kept->repairs, answer->repairs, answer->repairs_count * sizeof(kept->repairs[0]));
    kept->it.refusals = kept->refusals;
    kept->it.webhooks = kept->webhooks;
    kept->it.deliveries = NULL; /* kept->deliveries */
}

const struct hb_view_answer *rig_wait(struct rig *rig, enum hb_err sent)
{
    assert_int_equal(sent, HB_OK);
    rig_until(rig, &rig->answer.calls, 1);
    rig->answer.calls = 0;
    return &rig->answer.it;
}

void rig_wipe(struct rig *rig)
{
    RIG_REDIS(rig, "EVAL",
              "local keys = redis.call('KEYS', KEYS[1]..'*') for _, key in ipairs(keys) do redis.call('DEL', key) end "
              "return #keys",
              "1", "{}");
    assert_false(rig->is_error);
}

void rig_snapshot(struct rig *rig)
{
    RIG_REDIS(rig, "EVAL",
              "for _, key in ipairs(redis.call('KEYS', 'copy'..KEYS[1]..'*')) do redis.call('DEL', key) end "
              "for _, key in ipairs(redis.call('KEYS', KEYS[1]..'*')) do redis.call('COPY', key, 'copy'..key) end",
              "1", "{}");
    assert_false(rig->is_error);
}

void rig_restore(struct rig *rig)
{
    RIG_REDIS(rig, "EVAL",
              "for _, key in ipairs(redis.call('KEYS', KEYS[1]..'*')) do redis.call('DEL', key) end "
              "for _, key in ipairs(redis.call('KEYS', 'copy'..KEYS[1]..'*')) do "
              "redis.call('COPY', key, string.sub(key, 5)) end",
              "1", "{}");
    assert_false(rig->is_error);
}

struct hb_view_record rig_parked(int number, const char *webhook, int64_t version, int64_t offset)
{
    struct hb_view_record record = {.rule = {.state = HB_DELIVERY_PARKED,
                                             .version = version,
                                             .offset = offset,
                                             .repairs = HB_SHARD_NONE,
                                             .position = {1, 3, 1000 + number, {1767225600000}}},
                                    .webhook = hb_str_c(webhook),
                                    .due = {1},
                                    .attempts = version,
                                    .reason = HB_REASON_TIMEOUT,
                                    .first_failed = {1767225601234}};

    memset(record.delivery, 0xd0, HB_DELIVERY_BYTES);
    memcpy(record.delivery + 4, &number, sizeof(number));
    return record;
}

const struct hb_view_answer *rig_apply(struct rig *rig, const struct hb_view_record *record)
{
    const struct hb_view_batch batch = {.records = record, .count = 1, .through = record->rule.offset};

    return rig_wait(rig, hb_view_apply(rig->view, &batch, rig_keep, rig));
}
