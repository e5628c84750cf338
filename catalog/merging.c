/* An event into the batch that is being filled. */
#include "catalog/session.h"

#include "core/catalog_record.h"
#include "platform/crypto/crypto.h"
#include "platform/kafka/kafka_event.h"

#include <stdio.h>
#include <stdlib.h>

#define REFUSALS_LOGGED_A_SECOND 10

static bool read_value(struct hb_session *session, struct hb_str key, struct hb_str value,
                       struct hb_catalog_product *ret_product)
{
    const struct hb_catalog_source source = {key, value, NULL, 0};
    const char *problem = NULL;
    if (hb_catalog_read(&source, ret_product, &problem) == HB_CATALOG_READ_OK)
        return true;
    /* What stands in the file was read before it got there. */
    hb_session_fail(session, HB_ERR_INVALID, "the state file has a damaged product", problem);
    return false;
}

bool hb_merging_find(struct hb_session *session, struct hb_str key, struct hb_catalog_product *ret_product)
{
    const struct hb_batch_entry *entry = hb_batch_find(session->filling, key);
    bool is_found = false;
    entry = entry ? entry : hb_batch_find(session->writing, key);
    if (entry)
        return !entry->is_gone && read_value(session, key, hb_buf_str(&entry->value), ret_product);
    enum hb_err err = hb_state_file_get(session->file, key, &session->current, &is_found);
    if (err)
        hb_session_fail(session, err, "the state file cannot be read", hb_state_file_trouble(session->file));
    return !err && is_found && read_value(session, key, hb_buf_str(&session->current), ret_product);
}

static void put(struct hb_session *session, const struct hb_kafka_message *message, struct hb_str key,
                const struct hb_catalog_product *next)
{
    const struct hb_batch_record record = {message->partition, key, next->state, hb_catalog_idle_since(next)};
    hb_buf_clear(&session->value);
    enum hb_err err = hb_catalog_write(next, &session->value);
    err = err ? err
              : hb_batch_put(session->filling, &record, &session->value, session->options->catalog->now());
    if (err)
        hb_session_fail(session, err, "a product cannot be merged", NULL);
}

/* Some lines a second; the metric counts them all. */
static void say_refused(struct hb_session *session, const struct hb_kafka_message *message, const char *problem)
{
    const struct hb_mono now = session->options->catalog->now();
    struct hb_note note = HB_NOTE(HB_LOG_CATALOG_REFUSED);
    if (now.us - session->refusals_since.us >= HB_MS_PER_S * HB_US_PER_MS) {
        session->refusals_since = now;
        session->refusals = 0;
    }
    if (++session->refusals > REFUSALS_LOGGED_A_SECOND)
        return;
    (void)snprintf(note.reason, sizeof(note.reason), "%s", problem);
    (void)snprintf(note.key, sizeof(note.key), "%.*s", HB_ARG(message->key));
    (void)snprintf(note.topic, sizeof(note.topic), "%s", session->topics[message->topic]);
    note.partition = message->partition;
    note.offset = message->offset;
    hb_session_note(session, &note);
}

static void merge(struct hb_session *session, const struct hb_kafka_message *message, const struct hb_event *event)
{
    const struct hb_catalog_input input = {
        event, message->topic == HB_SESSION_PRODUCT ? HB_TOPIC_EVENTS_PRODUCT : HB_TOPIC_EVENTS_INVENTORY,
        message->appended, message->offset};
    struct hb_catalog_product current;
    struct hb_catalog_result result;
    bool is_known = hb_merging_find(session, message->key, &current);
    if (session->err)
        return;
    enum hb_err err = hb_catalog_merge(is_known ? &current : NULL, &input, &session->scratch, &result);
    if (err) {
        hb_session_fail(session, err, "a product cannot be merged", NULL);
        return;
    }
    static const unsigned LABELS[] = {[HB_CATALOG_IGNORED] = HB_LABEL_CATALOG_EVENTS_IGNORED,
                                      [HB_CATALOG_REFUSED] = HB_LABEL_CATALOG_EVENTS_REFUSED,
                                      [HB_CATALOG_OLDER] = HB_LABEL_CATALOG_EVENTS_OLDER,
                                      [HB_CATALOG_CHANGED] = HB_LABEL_CATALOG_EVENTS_MERGED};
    hb_metric_add_label(session->options->catalog->metrics, HB_METRIC_CATALOG_EVENTS, LABELS[result.effect], 1);
    if (result.effect == HB_CATALOG_REFUSED)
        say_refused(session, message, result.problem);
    if (result.effect == HB_CATALOG_CHANGED)
        put(session, message, message->key, &result.next);
}

void hb_merging_take(struct hb_session *session, const struct hb_kafka_message *message)
{
    struct hb_event_problem problem;
    struct hb_event event;
    char id_scratch[HB_ID_MAX];
    if (session->is_stopped[message->partition])
        return;
    enum hb_event_read read = hb_kafka_read_event(message, hb_sha256_pair, id_scratch, &event, &problem);
    if (read == HB_EVENT_READ_NEWER) {
        session->is_stopped[message->partition] = true;
        for (int topic = 0; topic < HB_SESSION_TOPICS; topic++)
            hb_kafka_consumer_pause(session->consumer, topic, message->partition);
        hb_session_refuse(session, message->topic, message->partition,
                          "an event was written by a newer hookbus: update this process");
        return;
    }
    hb_batch_count(session->filling, message->partition, session->options->catalog->now());
    session->next[message->topic][message->partition] = message->offset + 1;
    if (message->topic == HB_SESSION_PRODUCT && message->appended.ms > session->told_until[message->partition].ms)
        session->told_until[message->partition] = message->appended;
    if (read == HB_EVENT_READ_OK)
        merge(session, message, &event);
    else /* the dispatcher writes its line of history */
        hb_metric_add_label(session->options->catalog->metrics, HB_METRIC_CATALOG_EVENTS,
                            HB_LABEL_CATALOG_EVENTS_UNREADABLE, 1);
}
