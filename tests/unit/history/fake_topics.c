#include "unit/history/fake_topics.h"

#include <stdio.h>
#include <stdlib.h>

#define ROWS_MAX 2048
#define PARTITIONS 4
#define HEADERS 6

struct row {
    char topic[64];
    int32_t partition;
    int64_t offset, ms;
    char key[160], headers[HEADERS][96], *value;
    bool is_event;
};
struct hb_kafka_reader {
    const struct hb_kafka_reader_events *events;
    void *user;
    const char *topics[8];
    struct hb_kafka_start starts[64];
    size_t starts_count, at;
};
struct hb_kafka_admin {
    int unused;
};

static struct {
    struct row *rows;
    size_t count;
    int messages_out, repeats_left;
    int32_t repeated;
    int64_t slow_ms, now_us;
} k;

static const char *const NAMES[HEADERS] = {"ce_specversion", "ce_id", "ce_source", "ce_type", "ce_subject", "content-type"};

void fake_topics_open(void)
{
    memset(&k, 0, sizeof k);
    k.rows = calloc(ROWS_MAX, sizeof *k.rows);
    HB_ASSERT(k.rows);
    k.repeated = -1;
}

void fake_topics_close(void)
{
    HB_ASSERT(k.messages_out == 0);
    for (size_t i = 0; i < k.count; i++)
        free(k.rows[i].value);
    free(k.rows);
}

static struct row *add(const char *topic, int32_t partition, int64_t ms, const char *value)
{
    HB_ASSERT(k.count < ROWS_MAX && partition < PARTITIONS);
    struct row *row = &k.rows[k.count];
    (void)snprintf(row->topic, sizeof row->topic, "%s", topic);
    row->partition = partition;
    row->ms = ms;
    row->offset = (int64_t)k.count++;
    row->value = hb_str_dup(hb_str_c(value));
    return row;
}

void fake_topics_add_event(const char *topic, int32_t partition, int64_t ms, const struct fake_event_row *event)
{
    struct row *row = add(topic, partition, ms, event->data);
    row->is_event = true;
    (void)snprintf(row->key, sizeof row->key, "%s/%s", event->store, event->subject);
    (void)snprintf(row->headers[0], sizeof row->headers[0], "1.0");
    (void)snprintf(row->headers[1], sizeof row->headers[1], "%s", event->id);
    (void)snprintf(row->headers[2], sizeof row->headers[2], "/stores/%s", event->store);
    (void)snprintf(row->headers[3], sizeof row->headers[3], "%s", event->type);
    (void)snprintf(row->headers[4], sizeof row->headers[4], "%s", event->subject);
    (void)snprintf(row->headers[5], sizeof row->headers[5], "application/json");
}

void fake_topics_add_lines(int32_t partition, const char *lines) { (void)add("hookbus.attempts", partition, 0, lines); }

void fake_topics_repeat_end(int32_t partition, int times)
{
    k.repeated = partition;
    k.repeats_left = times;
}

void fake_topics_set_slow(int64_t ms) { k.slow_ms = ms; }
struct hb_mono fake_topics_now(void) { return (struct hb_mono){k.now_us}; }

enum hb_err hb_kafka_admin_new(const struct hb_kafka_cluster *cluster, struct hb_kafka_admin **ret_admin, struct hb_error *reterr)
{
    (void)cluster, (void)reterr;
    *ret_admin = calloc(1, sizeof **ret_admin);
    return *ret_admin ? HB_OK : HB_ERR_MEMORY;
}

void hb_kafka_admin_free(struct hb_kafka_admin **admin)
{
    free(*admin);
    *admin = NULL;
}

enum hb_err hb_kafka_admin_topic(struct hb_kafka_admin *admin, const char *topic, int timeout_ms, int *ret_partitions, int *ret_replication,
                                 struct hb_error *reterr)
{
    (void)admin, (void)topic, (void)timeout_ms, (void)reterr;
    *ret_partitions = PARTITIONS;
    *ret_replication = 1;
    return HB_OK;
}

enum hb_err hb_kafka_admin_offsets_at(struct hb_kafka_admin *admin, const char *topic, struct hb_wall at, int timeout_ms, int64_t *ret_offsets,
                                      size_t count, struct hb_error *reterr)
{
    (void)admin, (void)timeout_ms, (void)reterr;
    bool is_attempts = strcmp(topic, "hookbus.attempts") == 0;
    for (size_t p = 0; p < count; p++) {
        ret_offsets[p] = is_attempts && at.ms < INT64_MAX ? 0 : ROWS_MAX;
        for (size_t i = k.count; i-- > 0 && !is_attempts;)
            if (strcmp(k.rows[i].topic, topic) == 0 && k.rows[i].partition == (int32_t)p && k.rows[i].ms >= at.ms)
                ret_offsets[p] = k.rows[i].offset;
    }
    return HB_OK;
}

enum hb_err hb_kafka_reader_new(const struct hb_kafka_reader_options *options, struct hb_kafka_reader **ret_reader, struct hb_error *reterr)
{
    (void)reterr;
    struct hb_kafka_reader *reader = calloc(1, sizeof *reader);
    HB_ASSERT(reader && options->topics_count <= 8);
    reader->events = options->events;
    reader->user = options->user;
    for (size_t i = 0; i < options->topics_count; i++)
        reader->topics[i] = options->topics[i];
    *ret_reader = reader;
    return HB_OK;
}

void hb_kafka_reader_free(struct hb_kafka_reader **reader)
{
    HB_ASSERT(k.messages_out == 0);
    free(*reader);
    *reader = NULL;
}

enum hb_err hb_kafka_reader_assign(struct hb_kafka_reader *reader, const struct hb_kafka_start *starts, size_t count)
{
    HB_ASSERT(count <= 64);
    memcpy(reader->starts, starts, count * sizeof *starts);
    reader->starts_count = count;
    return HB_OK;
}

int hb_kafka_reader_fd(const struct hb_kafka_reader *reader)
{
    (void)reader;
    return -1;
}

/* One partition a poll, then its end. */
int hb_kafka_reader_poll(struct hb_kafka_reader *reader, int max, int timeout_ms)
{
    (void)max, (void)timeout_ms;
    k.now_us += k.slow_ms * 1000;
    if (reader->at == reader->starts_count)
        return 0;
    const struct hb_kafka_start *start = &reader->starts[reader->at++];
    for (size_t i = 0; i < k.count; i++) {
        struct row *row = &k.rows[i];
        if (strcmp(row->topic, reader->topics[start->topic]) != 0 || row->partition != start->partition || row->offset < start->offset)
            continue;
        struct hb_kafka_message message = {.handle = row, .topic = start->topic, .partition = row->partition, .offset = row->offset,
                                           .appended = {row->ms}, .key = hb_str_c(row->key), .value = hb_str_c(row->value)};
        k.messages_out++;
        reader->events->message(reader->user, &message);
    }
    reader->events->end(reader->user, start->topic, start->partition, ROWS_MAX);
    for (; start->partition == k.repeated && k.repeats_left > 0; k.repeats_left--)
        reader->events->end(reader->user, start->topic, start->partition, ROWS_MAX);
    return 1;
}

void hb_kafka_message_free(struct hb_kafka_message *message)
{
    HB_ASSERT(message->handle);
    message->handle = NULL;
    k.messages_out--;
}

size_t hb_kafka_message_headers(const struct hb_kafka_message *message, struct hb_name_value *ret_headers, size_t max)
{
    const struct row *row = message->handle;
    size_t count = row->is_event ? HEADERS : 0;
    for (size_t i = 0; i < count && i < max; i++)
        ret_headers[i] = (struct hb_name_value){hb_str_c(NAMES[i]), hb_str_c(row->headers[i])};
    return count;
}

int32_t hb_kafka_partition_of(struct hb_str key, int32_t count) { return (int32_t)(key.len % (size_t)count); }
