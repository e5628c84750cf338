#include "core/journal_record.h"
#include "replay/scan_internal.h"

#include <stdlib.h>

/* ---- one record ---- */

static bool read_record(const struct hb_kafka_message *message, struct hb_name_value *headers,
                        struct hb_journal_record *ret_record, enum hb_journal_read *ret_read)
{
    const char *problem = NULL;
    size_t count = hb_kafka_message_headers(message, headers, HB_KAFKA_HEADERS_MAX);
    count = count < HB_KAFKA_HEADERS_MAX ? count : HB_KAFKA_HEADERS_MAX;
    const struct hb_journal_source source = {message->key, message->value, headers, count};
    *ret_read = hb_journal_read(&source, ret_record, &problem);
    return *ret_read == HB_JOURNAL_READ_OK && ret_record->kind != HB_JOURNAL_TAKEOVER;
}

/* A record of another webhook is not worth reading. */
static bool is_of_webhook(const struct hb_scan *scan, const struct hb_kafka_message *message)
{
    struct hb_name_value raw[HB_KAFKA_HEADERS_MAX];
    size_t count = hb_kafka_message_headers(message, raw, HB_KAFKA_HEADERS_MAX);
    for (size_t i = 0; i < count && i < HB_KAFKA_HEADERS_MAX; i++)
        if (hb_str_eq(raw[i].name, HB_STR("webhook")))
            return hb_str_eq(raw[i].value, scan->spec->job->webhook);
    return false;
}

/* ---- the view ---- */

static struct hb_shard_ruling rule_on(const struct hb_candidate *candidate, const struct hb_shard_record *record)
{
    const struct hb_shard_entry entry = {(enum hb_delivery_state)candidate->journal, candidate->version,
                                         candidate->journal_offset, candidate->position};
    const struct hb_shard_memory memory = {entry.state, entry.version, entry.offset};
    bool is_known = candidate->journal != HB_REPLAY_NO_ENTRY;
    bool is_done = is_known && hb_delivery_state_is_done(entry.state);
    return hb_shard_rule_run(is_known && !is_done ? &entry : NULL, is_done ? &memory : NULL, record);
}

static void take_place(struct hb_candidate *candidate, const struct hb_journal_record *record)
{
    if (record->kind == HB_JOURNAL_TOMBSTONE)
        return;
    candidate->position = record->position;
    candidate->flags |= HB_CANDIDATE_HAS_POSITION | HB_CANDIDATE_HAS_APPENDED;
    if (record->subject != HB_JOURNAL_NO_SUBJECT && !(candidate->flags & HB_CANDIDATE_HAS_SUBJECT)) {
        candidate->subject = record->subject;
        candidate->flags |= HB_CANDIDATE_HAS_SUBJECT;
    }
}

/* As the owner would apply it to its view; of what was done the memory here has no end. */
static enum hb_err apply(struct hb_scan *scan, const struct hb_journal_record *record, int64_t offset)
{
    unsigned char delivery[HB_REPLAY_DELIVERY_BYTES];
    struct hb_candidate *candidate = NULL;
    if (!hb_delivery_id_read(record->id, delivery))
        return HB_OK;
    enum hb_err err = hb_candidates_put(scan->candidates, delivery, &candidate);
    if (err)
        return err;
    const struct hb_shard_record rule = hb_journal_to_rule(record, offset);
    struct hb_shard_ruling ruling = rule_on(candidate, &rule);
    if (ruling.verdict != HB_SHARD_APPLIED)
        return HB_OK;
    candidate->journal = (int8_t)record->state;
    candidate->version = ruling.change == HB_SHARD_PUT ? ruling.entry_version : ruling.memory_version;
    candidate->journal_offset = offset;
    take_place(candidate, record);
    return hb_candidates_set_event(scan->candidates, candidate, record->event);
}

/* Written since the job began: what carries the job is not taken again, and what was delivered need not be. */
static void mark_taken(struct hb_scan *scan, const struct hb_journal_record *record)
{
    unsigned char delivery[HB_REPLAY_DELIVERY_BYTES];
    bool is_ours = record->kind == HB_JOURNAL_TOMBSTONE || hb_str_eq(record->job, scan->spec->job->id);
    struct hb_candidate *candidate =
        is_ours && hb_delivery_id_read(record->id, delivery) ? hb_candidates_get(scan->candidates, delivery) : NULL;
    if (candidate)
        candidate->flags |= HB_CANDIDATE_TAKEN;
}

static enum hb_err take_record(void *user, const struct hb_kafka_message *message)
{
    struct hb_scan *scan = user;
    struct hb_name_value headers[HB_KAFKA_HEADERS_MAX];
    struct hb_journal_record record;
    enum hb_journal_read read;
    if (!is_of_webhook(scan, message))
        return HB_OK;
    if (!read_record(message, headers, &record, &read))
        return read == HB_JOURNAL_READ_NEWER
                   ? hb_fail(scan->reterr, HB_ERR_VERSION, "the journal was written by a newer hookbus")
                   : HB_OK; /* unreadable: the owner sets it aside with its bytes */
    if (message->offset < scan->ends->ends[HB_TOPIC_JOURNAL][scan->shard])
        return apply(scan, &record, message->offset);
    mark_taken(scan, &record);
    return HB_OK;
}

enum hb_err hb_scan_journal(struct hb_scan *scan)
{
    static const enum hb_topic TOPIC = HB_TOPIC_JOURNAL;
    static const struct hb_wall FIRST = {0}, END = {INT64_MAX};
    int64_t low[HB_REPLAY_PARTITIONS_MAX], high[HB_REPLAY_PARTITIONS_MAX];
    size_t count = scan->ends->counts[TOPIC];
    if ((size_t)scan->shard >= count)
        return hb_fail(scan->reterr, HB_ERR_CONFIG, "the journal has %zu partitions, not %d", count, HB_SHARDS);
    enum hb_err err = hb_scan_offsets(scan, TOPIC, FIRST, count, low);
    if (!err)
        err = hb_scan_offsets(scan, TOPIC, END, count, high);
    if (err)
        return err;
    int64_t to = scan->spec->has_ends ? high[scan->shard] : scan->ends->ends[TOPIC][scan->shard];
    const struct hb_reading_range range = {0, scan->shard, low[scan->shard], to};
    const struct hb_scan_part part = {&TOPIC, 1, &range, 1, take_record, scan};
    return hb_scan_read(scan, &part);
}
