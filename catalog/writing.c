/* A batch into Kafka, with the offsets of what it was made of, and then into the state file. */
#include "catalog/session.h"

#include "core/catalog_record.h"

#include <poll.h>
#include <stdlib.h>

#define STEP_WAIT_MS 200
#define WAIT_FACTOR 4 /* a job ends within about twice its limit; Kafka aborts it in any case */

bool hb_writing_has_room(const struct hb_session *session, size_t *ret_events)
{
    size_t most = (size_t)session->options->catalog->config->catalog_batch_events;
    *ret_events = session->filling->events < most ? most - session->filling->events : 0;
    return *ret_events > 0 && session->filling->bytes < HB_BATCH_BYTES_MAX;
}

/* ---- written: into the file ---- */

static enum hb_err put_row(struct hb_session *session, const struct hb_batch_entry *entry)
{
    const struct hb_state_row row = {.partition = entry->partition,
                                     .key = hb_str_n(entry->key, entry->key_len),
                                     .value = entry->is_gone ? hb_str_n(NULL, 0) : hb_buf_str(&entry->value),
                                     .state = entry->state,
                                     .idle_since = entry->idle_since};
    return hb_state_file_put(session->file, &row);
}

/* The records stand in the order of the entries. */
static void keep(struct hb_session *session, const struct hb_kafka_written *written)
{
    const struct hb_wall now = session->options->catalog->wall();
    int64_t last[HB_CATALOG_PARTITIONS_MAX];
    enum hb_err err = HB_OK;
    size_t i = 0;
    memset(last, 0xff, sizeof(last)); /* -1 */
    for (const struct hb_batch_entry *entry = session->writing->first; !err && entry; entry = entry->next, i++) {
        if (written->offsets[i] > last[entry->partition])
            last[entry->partition] = written->offsets[i];
        err = put_row(session, entry);
    }
    for (int32_t p = 0; !err && p < HB_CATALOG_PARTITIONS_MAX; p++)
        if (last[p] >= 0)
            err = hb_state_file_set_offset(session->file, p, last[p] + 1, now);
    if (err)
        hb_session_fail(session, err, "the state file cannot be written", hb_state_file_trouble(session->file));
}

static void on_written(void *user, const struct hb_kafka_written *written)
{
    struct hb_session *session = user;
    const struct hb_catalog_options *o = session->options->catalog;
    session->is_writing = false;
    hb_metric_observe_us(o->metrics, HB_METRIC_CATALOG_TRANSACTION_TIME, o->now().us - session->written_since.us);
    if (written->err) {
        hb_metric_add(o->metrics, HB_METRIC_CATALOG_ABORTED, 1);
        hb_session_fail(session, written->err == HB_ERR_FATAL ? HB_ERR_BROKER : written->err,
                        "a transaction of the catalog", written->text);
        return;
    }
    hb_metric_add(o->metrics, HB_METRIC_CATALOG_RECORDS, session->writing->count);
    keep(session, written);
    hb_batch_clear(session->writing);
    session->is_good = true;
}

/* ---- writing ---- */

static size_t list_offsets(const struct hb_session *session, struct hb_kafka_group_offset *ret_offsets)
{
    size_t count = 0;
    for (int32_t p = 0; p < HB_CATALOG_PARTITIONS_MAX; p++)
        for (int topic = 0; session->writing->is_touched[p] && topic < HB_SESSION_TOPICS; topic++)
            if (session->next[topic][p] >= 0)
                ret_offsets[count++] =
                    (struct hb_kafka_group_offset){session->topics[topic], p, session->next[topic][p]};
    return count;
}

static void list_records(const struct hb_session *session, struct hb_kafka_record *ret_records)
{
    size_t i = 0;
    for (const struct hb_batch_entry *entry = session->writing->first; entry; entry = entry->next, i++)
        ret_records[i] = (struct hb_kafka_record){.topic = session->catalog_topic,
                                                  .partition = entry->partition,
                                                  .key = hb_str_n(entry->key, entry->key_len),
                                                  .value = entry->is_gone ? hb_str_n(NULL, 0)
                                                                          : hb_buf_str(&entry->value),
                                                  .headers = &hb_catalog_header,
                                                  .headers_count = 1};
}

static void write_batch(struct hb_session *session)
{
    struct hb_kafka_record *records = calloc(session->writing->count + 1, sizeof(*records));
    struct hb_kafka_group_offset *offsets =
        calloc((size_t)HB_SESSION_TOPICS * HB_CATALOG_PARTITIONS_MAX, sizeof(*offsets));
    enum hb_err err = records && offsets ? HB_OK : HB_ERR_MEMORY;
    if (!err) {
        list_records(session, records);
        const struct hb_kafka_transaction transaction = {.records = records,
                                                         .records_count = session->writing->count,
                                                         .membership = session->membership,
                                                         .offsets = offsets,
                                                         .offsets_count = list_offsets(session, offsets)};
        err = hb_kafka_writer_write_offsets(session->writer, &transaction, on_written, session);
    }
    free(records);
    free(offsets);
    session->is_writing = err == HB_OK;
    session->written_since = session->options->catalog->now();
    if (err)
        hb_session_fail(session, err, "a transaction of the catalog", NULL);
}

void hb_writing_pump(struct hb_session *session, bool is_now)
{
    const struct hb_catalog_options *o = session->options->catalog;
    size_t room;
    if (session->is_writing || hb_batch_is_empty(session->filling))
        return;
    int64_t age_us = o->now().us - session->filling->since.us;
    if (!is_now && hb_writing_has_room(session, &room) && age_us < o->config->catalog_linger_ms * HB_US_PER_MS)
        return;
    struct hb_batch *batch = session->filling;
    session->filling = session->writing; /* empty: nothing is under way */
    session->writing = batch;
    write_batch(session);
}

void hb_writing_wait(struct hb_session *session)
{
    int64_t limit_us =
        session->options->catalog->config->catalog_transaction_timeout_ms * HB_US_PER_MS * WAIT_FACTOR;
    const struct hb_mono since = session->options->catalog->now();
    while (session->is_writing) {
        struct pollfd fd = {.fd = hb_kafka_writer_fd(session->writer), .events = POLLIN};
        (void)poll(&fd, 1, STEP_WAIT_MS);
        hb_kafka_writer_poll(session->writer);
        if (session->is_writing && session->options->catalog->now().us - since.us > limit_us) {
            hb_session_fail(session, HB_ERR_AWAY, "a transaction of the catalog", "it does not end");
            return;
        }
    }
}
