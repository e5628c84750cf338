#include "history/deep.h"

#include "core/selection.h"
#include "history/model_line.h"
#include "hookbus/topics.h"

#include <stdlib.h>

#define REQUEST_MS 5000
#define POLL_RECORDS 500
#define POLL_WAIT_MS 100
#define PARTITIONS_MAX 512
#define PIECE_BYTES ((size_t)64 * 1024)
#define PIECE_BYTES_MAX ((size_t)2 * 1024 * 1024)
#define SAY_US (HB_MS_PER_S * HB_US_PER_MS)

struct deep {
    const struct hb_deep_ask *ask;
    int64_t starts[PARTITIONS_MAX], next[PARTITIONS_MAX], ends[PARTITIONS_MAX];
    bool is_ended[PARTITIONS_MAX];
    int partitions;
    size_t open;
    uint64_t scanned, found;
    struct hb_buf piece, scratch;
    bool is_unwanted, has_failed;
    int64_t said_us;
};

/* ---- lines ---- */

/* The state a line's outcome speaks of; -1: of none. */
static bool is_state(struct hb_str outcome, int state)
{
    if (hb_str_eq(outcome, HB_STR("failed"))) {
        return state == HB_DELIVERY_PARKED;
    }
    return hb_delivery_state_find(outcome) == state;
}

static bool is_type(struct hb_str pattern, struct hb_str type)
{
    if (hb_str_eq(pattern, HB_STR("*"))) {
        return true;
    }
    bool is_family = pattern.len >= 2 && pattern.ptr[pattern.len - 1] == '*';
    return is_family ? hb_str_has_prefix(type, hb_str_n(pattern.ptr, pattern.len - 1)) : hb_str_eq(type, pattern);
}

static bool is_same(struct hb_str wanted, struct hb_str text) { return wanted.len == 0 || hb_str_eq(wanted, text); }

bool hb_deep_matches(const struct hb_model_filter *filter, struct hb_str text, struct hb_buf *scratch)
{
    struct hb_model_line line;
    return hb_model_line_read(text, scratch, &line) && line.delivery.len > 0 && hb_str_eq(line.store, filter->store) &&
           is_same(filter->webhook, line.webhook) && is_same(filter->event, line.event) &&
           is_same(filter->reason, line.reason) && is_same(filter->subject, line.subject) &&
           (filter->type.len == 0 || is_type(filter->type, line.type)) &&
           (filter->state < 0 || is_state(line.outcome, filter->state)) && line.at.ms >= filter->since.ms &&
           line.at.ms < filter->until.ms;
}

static void flush(struct deep *deep)
{
    if (deep->piece.len > 0 && !deep->is_unwanted) {
        deep->is_unwanted = !deep->ask->say(deep->ask->user, hb_buf_str(&deep->piece));
    }
    hb_buf_clear(&deep->piece);
}

static void add_line(struct deep *deep, struct hb_str text)
{
    if (deep->found >= deep->ask->filter->limit || !hb_deep_matches(deep->ask->filter, text, &deep->scratch)) {
        return;
    }
    deep->found++;
    if (hb_buf_addf(&deep->piece, "{\"kind\":\"line\",\"line\":%.*s}\n", HB_ARG(text))) {
        deep->has_failed = true;
    }
    if (deep->piece.len >= PIECE_BYTES) {
        flush(deep);
    }
}

/* ---- reading ---- */

static void end_partition(struct deep *deep, int32_t partition)
{
    if (!deep->is_ended[partition]) {
        deep->is_ended[partition] = true;
        deep->next[partition] = deep->ends[partition];
        deep->open--;
    }
}

static void on_message(void *user, struct hb_kafka_message *message)
{
    struct deep *deep = user;
    struct hb_str rest = message->value, text;
    while (message->offset < deep->ends[message->partition] && hb_str_split(&rest, '\n', &text)) {
        deep->scanned += text.len > 0;
        if (text.len > 0) {
            add_line(deep, text);
        }
    }
    deep->next[message->partition] = message->offset + 1;
    if (message->offset + 1 >= deep->ends[message->partition]) {
        end_partition(deep, message->partition);
    }
    hb_kafka_message_free(message);
}

static void on_end(void *user, int topic, int32_t partition, int64_t offset)
{
    (void)topic, (void)offset;
    end_partition(user, partition);
}

static void on_error(void *user, enum hb_err err, int topic, int32_t partition, const char *text)
{
    struct deep *deep = user;
    (void)topic, (void)text;
    if (err == HB_ERR_NOT_FOUND && partition >= 0) {
        end_partition(deep, partition); /* what was there is gone meanwhile */
    } else if (err != HB_ERR_AWAY) {
        deep->has_failed = true;
    }
}

static enum hb_err plan(struct deep *deep, const char *topic, struct hb_error *reterr)
{
    static const struct hb_wall NEVER = {INT64_MAX}; /* nothing is appended then: the end */
    struct hb_kafka_admin *admin = NULL;
    int replication = 0;
    enum hb_err err = hb_kafka_admin_new(&deep->ask->cluster, &admin, reterr);
    err = err ? err : hb_kafka_admin_topic(admin, topic, REQUEST_MS, &deep->partitions, &replication, reterr);
    if (!err && deep->partitions > PARTITIONS_MAX) {
        err = hb_fail(reterr, HB_ERR_TOO_LARGE, "%s has %d partitions", topic, deep->partitions);
    }
    size_t count = (size_t)deep->partitions;
    err = err ? err
              : hb_kafka_admin_offsets_at(admin, topic, deep->ask->filter->since, REQUEST_MS, deep->starts, count,
                                          reterr);
    err = err ? err : hb_kafka_admin_offsets_at(admin, topic, NEVER, REQUEST_MS, deep->ends, count, reterr);
    hb_kafka_admin_free(&admin);
    return err;
}

static size_t choose(struct deep *deep, struct hb_kafka_start *ret_starts)
{
    for (int32_t i = 0; i < deep->partitions; i++) {
        deep->next[i] = deep->starts[i];
        deep->is_ended[i] = deep->starts[i] >= deep->ends[i];
        if (!deep->is_ended[i]) {
            ret_starts[deep->open++] = (struct hb_kafka_start){0, i, deep->starts[i]};
        }
    }
    return deep->open;
}

/* ---- the answer ---- */

static int percent_of(const struct deep *deep)
{
    int64_t total = 0, done = 0;
    for (int i = 0; i < deep->partitions; i++) {
        total += deep->ends[i] - deep->starts[i];
        done += deep->next[i] - deep->starts[i];
    }
    return total > 0 ? (int)(100 * done / total) : 100;
}

static void say_progress(struct deep *deep)
{
    int64_t now_us = deep->ask->now().us;
    if (now_us - deep->said_us < SAY_US) {
        return;
    }
    deep->said_us = now_us;
    deep->has_failed |= hb_buf_addf(&deep->piece,
                                    "{\"kind\":\"progress\",\"percent\":%d,\"scanned\":%llu,\"found\":%llu}\n",
                                    percent_of(deep), (unsigned long long)deep->scanned,
                                    (unsigned long long)deep->found) != HB_OK;
    flush(deep);
}

static void say_end(struct deep *deep, bool is_complete, const struct hb_error *error)
{
    struct hb_buf text = hb_buf_make(4 * HB_ERROR_TEXT_MAX);
    enum hb_err err = hb_buf_add_json(&text, hb_str_c(error->text));
    err = err ? err
              : hb_buf_addf(
                    &deep->piece, "{\"kind\":\"end\",\"complete\":%s,\"scanned\":%llu,\"found\":%llu%s%.*s%s}\n",
                    is_complete ? "true" : "false", (unsigned long long)deep->scanned, (unsigned long long)deep->found,
                    text.len ? ",\"trouble\":\"" : "", HB_ARG(hb_buf_str(&text)), text.len ? "\"" : "");
    deep->has_failed |= err != HB_OK;
    flush(deep);
    hb_buf_deinit(&text);
}

static enum hb_err read_all(struct deep *deep, const char *topic, struct hb_error *reterr)
{
    static const struct hb_kafka_reader_events EVENTS = {on_message, on_end, on_error};
    struct hb_kafka_start starts[PARTITIONS_MAX];
    const char *const names[1] = {topic};
    struct hb_kafka_reader *reader = NULL;
    const struct hb_kafka_reader_options options = {.cluster = deep->ask->cluster,
                                                    .topics = names,
                                                    .topics_count = 1,
                                                    .queued_records_min = 20000,
                                                    .events = &EVENTS,
                                                    .user = deep};
    int64_t until_us = deep->ask->now().us + HB_DEEP_MS_MAX * HB_US_PER_MS;
    if (choose(deep, starts) == 0) {
        return HB_OK;
    }
    enum hb_err err = hb_kafka_reader_new(&options, &reader, reterr);
    err = err ? err : hb_kafka_reader_assign(reader, starts, deep->open);
    while (!err && deep->open > 0 && !deep->is_unwanted && !deep->has_failed &&
           deep->found < deep->ask->filter->limit) {
        (void)hb_kafka_reader_poll(reader, POLL_RECORDS, POLL_WAIT_MS);
        say_progress(deep);
        if (deep->ask->now().us >= until_us) {
            err = hb_fail(reterr, HB_ERR_TIMEOUT, "half an hour is over: name a shorter time");
        }
    }
    hb_kafka_reader_free(&reader);
    return !err && deep->has_failed ? hb_fail(reterr, HB_ERR_BROKER, "Kafka refused to read the history") : err;
}

void hb_deep_run(const struct hb_deep_ask *ask)
{
    struct deep *deep = calloc(1, sizeof(*deep));
    struct hb_error error = {HB_OK, ""};
    char topic[HB_TOPIC_NAME_MAX];
    if (!deep) {
        return;
    }
    deep->ask = ask;
    deep->piece = hb_buf_make(PIECE_BYTES_MAX);
    deep->scratch = hb_buf_make(PIECE_BYTES_MAX);
    (void)hb_topic_name(ask->topic_prefix, HB_TOPIC_ATTEMPTS, topic);
    enum hb_err err = plan(deep, topic, &error);
    err = err ? err : read_all(deep, topic, &error);
    say_end(deep, !err && deep->open == 0, &error);
    hb_buf_deinit(&deep->piece);
    hb_buf_deinit(&deep->scratch);
    free(deep);
}
