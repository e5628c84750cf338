#include "history/query.h"

#include "core/event_rules.h"
#include "core/json_cursor.h"
#include "core/json_scan.h"
#include "core/selection.h"
#include "history/found.h"
#include "hookbus/topics.h"
#include "platform/crypto/crypto.h"
#include "platform/kafka/kafka_event.h"

#include <stdlib.h>

#define REQUEST_MS 5000
#define POLL_RECORDS 500
#define POLL_WAIT_MS 100
#define STARTS_MAX 1024
#define PARTITIONS_MAX (STARTS_MAX / HB_EVENT_TOPIC_COUNT) /* of one topic */

/* Where one partition is read: from `since` to the end it had when the query began. */
struct range {
    struct hb_kafka_start start;
    int64_t end;
};

/* Reads some partitions of one or more topics to the ends they had at the beginning: one that is written to all the
 * time has an end, too. */
struct scan {
    struct hb_kafka_reader *reader;
    size_t open; /* partitions not read to their end */
    bool is_ended[HB_EVENT_TOPIC_COUNT][PARTITIONS_MAX];
    int64_t ends[HB_EVENT_TOPIC_COUNT][PARTITIONS_MAX];
    bool has_failed;
    void (*take)(struct scan *scan, struct hb_kafka_message *message);
    struct query *query;
};

struct query {
    const struct hb_query_spec *spec;
    struct hb_kafka_admin *admin;
    struct hb_selection *selection;  /* of the type asked for */
    char topics[HB_EVENT_TOPIC_COUNT][HB_TOPIC_NAME_MAX];
    const char *names[HB_EVENT_TOPIC_COUNT];
    int topic_of[HB_EVENT_TOPIC_COUNT];
    size_t names_count;
    struct hb_found *found[HB_QUERY_EVENTS_MAX]; /* newest last */
    size_t found_count;
    struct hb_map by_id;
    uint64_t scanned;
    struct hb_mono ends_at;
    bool is_complete;
};

/* Once a partition: the end comes again when more was written meanwhile, and must not stand for another one's. */
static void ended(struct scan *scan, int topic, int32_t partition)
{
    HB_ASSERT(topic >= 0 && topic < HB_EVENT_TOPIC_COUNT && partition >= 0 && partition < PARTITIONS_MAX);
    if (scan->is_ended[topic][partition])
        return;
    scan->is_ended[topic][partition] = true;
    scan->open--;
}

static void on_message(void *user, struct hb_kafka_message *message)
{
    struct scan *scan = user;
    int64_t end = scan->ends[message->topic][message->partition];
    if (message->offset < end) {
        scan->query->scanned++;
        scan->take(scan, message);
    }
    if (message->offset + 1 >= end)
        ended(scan, message->topic, message->partition);
    hb_kafka_message_free(message);
}

static void on_end(void *user, int topic, int32_t partition, int64_t offset)
{
    (void)offset;
    ended(user, topic, partition);
}

static void on_error(void *user, enum hb_err err, int topic, int32_t partition, const char *text)
{
    struct scan *scan = user;
    (void)text;
    if (err == HB_ERR_NOT_FOUND && partition >= 0)
        ended(scan, topic, partition); /* what was there is gone meanwhile */
    else if (err != HB_ERR_AWAY)
        scan->has_failed = true;
}

static const struct hb_kafka_reader_events scan_events = {on_message, on_end, on_error};

static enum hb_err scan_run(struct query *query, struct scan *scan, const char *const *topics, size_t topics_count,
                            const struct range *ranges, size_t ranges_count, struct hb_error *reterr)
{
    struct hb_kafka_start starts[STARTS_MAX];
    scan->query = query;
    for (size_t i = 0; i < ranges_count; i++) {
        if (ranges[i].start.offset >= ranges[i].end)
            continue; /* nothing was there */
        scan->ends[ranges[i].start.topic][ranges[i].start.partition] = ranges[i].end;
        starts[scan->open++] = ranges[i].start;
    }
    if (scan->open == 0)
        return HB_OK;
    const struct hb_kafka_reader_options options = {.cluster = query->spec->cluster,
                                                    .topics = topics,
                                                    .topics_count = topics_count,
                                                    .is_committed_only = true,
                                                    .queued_records_min = 20000,
                                                    .events = &scan_events,
                                                    .user = scan};
    enum hb_err err = hb_kafka_reader_new(&options, &scan->reader, reterr);
    if (!err)
        err = hb_kafka_reader_assign(scan->reader, starts, scan->open);
    while (!err && scan->open > 0 && !scan->has_failed) {
        if (query->spec->now().us >= query->ends_at.us) {
            query->is_complete = false;
            break;
        }
        (void)hb_kafka_reader_poll(scan->reader, POLL_RECORDS, POLL_WAIT_MS);
    }
    hb_kafka_reader_free(&scan->reader);
    if (!err && scan->has_failed)
        err = hb_fail(reterr, HB_ERR_BROKER, "Kafka refused to read the history");
    return err;
}

/* ---- events ---- */

static bool is_wanted(const struct query *query, const struct hb_event *event)
{
    const struct hb_query_spec *spec = query->spec;
    return hb_str_eq(event->store, spec->store) && (spec->event.len == 0 || hb_str_eq(event->id, spec->event)) &&
           (spec->subject.len == 0 || hb_str_eq(event->subject, spec->subject)) &&
           (!query->selection || hb_selection_matches(query->selection, event));
}

/* Keeps the newest `limit`, sorted by append time. */
static void keep(struct query *query, struct hb_found *found)
{
    size_t limit = query->spec->limit;
    if (query->found_count == limit) {
        if (found->appended.ms < query->found[0]->appended.ms) {
            hb_found_free(&found);
            return;
        }
        hb_map_remove(&query->by_id, hb_str_c(query->found[0]->id));
        hb_found_free(&query->found[0]);
        memmove(query->found, query->found + 1, (limit - 1) * sizeof *query->found);
        query->found_count--;
    }
    size_t at = query->found_count;
    while (at > 0 && query->found[at - 1]->appended.ms > found->appended.ms) {
        query->found[at] = query->found[at - 1];
        at--;
    }
    query->found[at] = found;
    query->found_count++;
    (void)!hb_map_put(&query->by_id, hb_str_c(found->id), found);
}

static void take_event(struct scan *scan, struct hb_kafka_message *message)
{
    struct query *query = scan->query;
    char id_scratch[HB_ID_MAX];
    struct hb_event event;
    struct hb_event_problem problem;
    if (hb_kafka_read_event(message, hb_sha256_pair, id_scratch, &event, &problem) != HB_EVENT_READ_OK ||
        !is_wanted(query, &event))
        return;
    const struct hb_position position = {query->topic_of[message->topic], message->partition, message->offset,
                                         message->appended};
    struct hb_found *found = NULL;
    if (hb_map_get(&query->by_id, event.id) ||
        hb_found_new(&event, &position, query->names[message->topic], query->spec->has_data, &found))
        return; /* a second record of the id was not delivered: its line stands at the first */
    keep(query, found);
}

/* All partitions of a topic from `since` on, or the subject's own. */
static enum hb_err add_ranges(struct query *query, int index, const char *topic, int partitions, int32_t only,
                              struct range *ranges, size_t *count, struct hb_error *reterr)
{
    static const struct hb_wall NEVER = {INT64_MAX}; /* nothing is appended then: the end */
    int64_t offsets[PARTITIONS_MAX], ends[PARTITIONS_MAX];
    if (partitions > PARTITIONS_MAX)
        return hb_fail(reterr, HB_ERR_TOO_LARGE, "%s has %d partitions, more than can be searched", topic, partitions);
    size_t all = (size_t)partitions;
    enum hb_err err =
        hb_kafka_admin_offsets_at(query->admin, topic, query->spec->since, REQUEST_MS, offsets, all, reterr);
    if (!err)
        err = hb_kafka_admin_offsets_at(query->admin, topic, NEVER, REQUEST_MS, ends, all, reterr);
    for (int32_t p = 0; !err && p < partitions; p++)
        if (only < 0 || p == only)
            ranges[(*count)++] = (struct range){{index, p, offsets[p]}, ends[p]};
    return err;
}

static enum hb_err scan_events_of(struct query *query, struct hb_error *reterr)
{
    const struct hb_query_spec *spec = query->spec;
    struct range ranges[STARTS_MAX];
    size_t count = 0;
    char key[HB_EVENT_KEY_MAX];
    size_t key_len = 0;
    if (spec->subject.len > 0) {
        const struct hb_event of_key = {.store = spec->store, .subject = spec->subject};
        key_len = hb_event_key(&of_key, key);
    }
    for (size_t i = 0; i < query->names_count; i++) {
        int partitions = 0, replication = 0;
        enum hb_err err =
            hb_kafka_admin_topic(query->admin, query->names[i], REQUEST_MS, &partitions, &replication, reterr);
        int32_t only = key_len > 0 && !err ? hb_kafka_partition_of(hb_str_n(key, key_len), partitions) : -1;
        if (!err)
            err = add_ranges(query, (int)i, query->names[i], partitions, only, ranges, &count, reterr);
        if (err)
            return err;
    }
    struct scan scan = {.take = take_event};
    return scan_run(query, &scan, query->names, query->names_count, ranges, count, reterr);
}

/* ---- attempt lines ---- */

static void take_line(struct query *query, struct hb_str line)
{
    size_t at;
    if (hb_json_scan(line, &at))
        return;
    struct hb_cursor root = hb_cursor_root(line);
    struct hb_cursor event = hb_cursor_member(root, HB_STR("event"));
    if (event.kind != HB_CURSOR_STRING || event.raw.len < 2)
        return;
    struct hb_str id = hb_str_n(event.raw.ptr + 1, event.raw.len - 2);
    struct hb_found *found = hb_map_get(&query->by_id, id);
    struct hb_cursor store = hb_cursor_member(root, HB_STR("store"));
    if (found && store.kind == HB_CURSOR_STRING && store.raw.len >= 2 &&
        hb_cursor_text_eq(hb_str_n(store.raw.ptr + 1, store.raw.len - 2), query->spec->store))
        hb_found_add_line(found, line);
}

static void take_attempts(struct scan *scan, struct hb_kafka_message *message)
{
    struct hb_str rest = message->value, line;
    while (hb_str_split(&rest, '\n', &line))
        if (line.len > 0)
            take_line(scan->query, line);
}

static enum hb_err scan_attempts_of(struct query *query, struct hb_error *reterr)
{
    if (query->found_count == 0)
        return HB_OK;
    char topic[HB_TOPIC_NAME_MAX];
    hb_topic_name(query->spec->topic_prefix, HB_TOPIC_ATTEMPTS, topic);
    const char *const names[1] = {topic};
    struct range ranges[STARTS_MAX];
    size_t count = 0;
    int partitions = 0, replication = 0;
    enum hb_err err = hb_kafka_admin_topic(query->admin, topic, REQUEST_MS, &partitions, &replication, reterr);
    if (!err)
        err = add_ranges(query, 0, topic, partitions, -1, ranges, &count, reterr);
    struct scan scan = {.take = take_attempts};
    return err ? err : scan_run(query, &scan, names, 1, ranges, count, reterr);
}

/* ---- the whole ---- */

#define RESULT_TAIL_BYTES 64 /* what is written after the events */

/* Newest first; what does not fit any more is left out, and the answer says that it is not complete. */
static enum hb_err write_result(struct query *query, struct hb_buf *ret_json)
{
    struct hb_json_writer json = hb_json_write(ret_json);
    hb_json_object(&json, NULL);
    hb_json_array(&json, "events");
    for (size_t i = query->found_count; i-- > 0;) {
        struct hb_buf one = hb_buf_make(HB_QUERY_BYTES_MAX);
        enum hb_err err = hb_buf_add(&one, hb_buf_str(&query->found[i]->json));
        if (!err)
            err = hb_buf_addf(&one, ",\"deliveries\":[%.*s]}", HB_ARG(hb_buf_str(&query->found[i]->lines)));
        bool fits = !err && ret_json->len + one.len + RESULT_TAIL_BYTES <= ret_json->max;
        if (fits)
            hb_json_add_raw(&json, NULL, hb_buf_str(&one));
        hb_buf_deinit(&one);
        if (err && err != HB_ERR_FULL)
            return err;
        if (!fits) {
            query->is_complete = false;
            break;
        }
    }
    hb_json_close_array(&json);
    hb_json_add_bool(&json, "complete", query->is_complete);
    hb_json_add_int(&json, "scanned", (int64_t)query->scanned);
    hb_json_close_object(&json);
    return hb_json_end(&json);
}

static enum hb_err choose_topics(struct query *query, struct hb_error *reterr)
{
    struct hb_str type = query->spec->type;
    int only = -1;
    if (type.len > 0 && !hb_str_eq(type, HB_STR("*"))) {
        only = (int)hb_topic_of_type(type);
        enum hb_err err = hb_selection_new(&type, 1, NULL, 0, &query->selection, reterr);
        if (err)
            return err;
    }
    for (int i = 0; i < HB_EVENT_TOPIC_COUNT; i++) {
        if (only >= 0 && i != only)
            continue;
        hb_topic_name(query->spec->topic_prefix, (enum hb_topic)i, query->topics[i]);
        query->topic_of[query->names_count] = i;
        query->names[query->names_count++] = query->topics[i];
    }
    return HB_OK;
}

enum hb_err hb_query_run(const struct hb_query_spec *spec, struct hb_buf *ret_json, struct hb_error *reterr)
{
    HB_ASSERT(spec->limit >= 1 && spec->limit <= HB_QUERY_EVENTS_MAX);
    struct query *query = calloc(1, sizeof *query);
    if (!query)
        return HB_ERR_MEMORY;
    query->spec = spec;
    query->is_complete = true;
    query->ends_at.us = spec->now().us + HB_QUERY_MS_MAX * HB_US_PER_MS;
    enum hb_err err = choose_topics(query, reterr);
    if (!err)
        err = hb_kafka_admin_new(&spec->cluster, &query->admin, reterr);
    if (!err)
        err = scan_events_of(query, reterr);
    if (!err)
        err = scan_attempts_of(query, reterr);
    if (!err)
        err = write_result(query, ret_json);
    hb_kafka_admin_free(&query->admin);
    hb_selection_free(&query->selection);
    hb_map_deinit(&query->by_id);
    for (size_t i = 0; i < query->found_count; i++)
        hb_found_free(&query->found[i]);
    free(query);
    return err;
}
