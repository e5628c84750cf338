#include "core/selection.h"
#include "core/wanted.h"
#include "platform/crypto/crypto.h"
#include "platform/kafka/kafka_event.h"
#include "records/journal.h"
#include "replay/scan_internal.h"

#include <stdlib.h>

#define PLACES (HB_EVENT_TOPIC_COUNT * HB_REPLAY_PARTITIONS_MAX)

static const enum hb_topic EVENT_TOPICS[HB_EVENT_TOPIC_COUNT] = {HB_TOPIC_EVENTS_ORDER, HB_TOPIC_EVENTS_PRODUCT,
                                                                 HB_TOPIC_EVENTS_CUSTOMER, HB_TOPIC_EVENTS_INVENTORY,
                                                                 HB_TOPIC_EVENTS_OTHER};

/* ---- one event ---- */

/* Whether the key begins "<store>/": nearly all other stores' events are passed by for the price of this. */
static bool is_of_store(const struct hb_scan *scan, struct hb_str key)
{
    struct hb_str store = scan->spec->job->store;
    return key.len > store.len && hb_str_has_prefix(key, store) && key.ptr[store.len] == '/';
}

static bool read_event(const struct hb_scan *scan, const struct hb_kafka_message *message, char id_scratch[HB_ID_MAX],
                       struct hb_event *ret_event)
{
    struct hb_event_problem problem;
    return is_of_store(scan, message->key) &&
           hb_kafka_read_event(message, hb_sha256_pair, id_scratch, ret_event, &problem) == HB_EVENT_READ_OK &&
           hb_str_eq(ret_event->store, scan->spec->job->store);
}

static enum hb_err fill(struct hb_scan *scan, struct hb_candidate *candidate, const struct hb_event *event,
                        const struct hb_position *position)
{
    candidate->position = *position;
    candidate->subject = hb_journal_subject(event->subject);
    candidate->flags |=
        HB_CANDIDATE_HAS_POSITION | HB_CANDIDATE_HAS_APPENDED | HB_CANDIDATE_HAS_SUBJECT | HB_CANDIDATE_READ;
    if (!scan->types || hb_selection_matches(scan->types, event))
        candidate->flags |= HB_CANDIDATE_OF_TYPE;
    return hb_candidates_set_event(scan->candidates, candidate, event->id);
}

static void delivery_of(const struct hb_scan *scan, const struct hb_event *event,
                        unsigned char ret_delivery[HB_REPLAY_DELIVERY_BYTES])
{
    unsigned char digest[HB_SHA256_BYTES];
    hb_sha256_pair(scan->spec->job->webhook, event->id, digest);
    memcpy(ret_delivery, digest, HB_REPLAY_DELIVERY_BYTES);
}

static bool is_at(const struct hb_candidate *candidate, const struct hb_position *at)
{
    return candidate->position.topic == at->topic && candidate->position.partition == at->partition &&
           candidate->position.offset == at->offset;
}

/* ---- what is missing ---- */

/* One the webhook would get by its settings. TOO_COSTLY is skipped with a line, not missing. The first record of an id
 * is its delivery's; a second one was a duplicate. */
static enum hb_err take_wanted(void *user, const struct hb_kafka_message *message)
{
    struct hb_scan *scan = user;
    char id_scratch[HB_ID_MAX];
    unsigned char delivery[HB_REPLAY_DELIVERY_BYTES];
    struct hb_event event;
    struct hb_candidate *candidate = NULL;
    const struct hb_position at = {(int)EVENT_TOPICS[message->topic], message->partition, message->offset,
                                   message->appended};
    if (message->appended.ms < scan->rule.since.ms || message->appended.ms >= scan->rule.until.ms ||
        !read_event(scan, message, id_scratch, &event) ||
        hb_wanted_run(scan->spec->webhook, &event, message->appended) != HB_FILTER_MATCH_YES)
        return HB_OK;
    delivery_of(scan, &event, delivery);
    enum hb_err err = hb_candidates_put(scan->candidates, delivery, &candidate);
    if (err)
        return err;
    bool is_second = candidate->flags & HB_CANDIDATE_HAS_POSITION && !is_at(candidate, &at);
    if (is_second)
        return HB_OK;
    candidate->flags |= HB_CANDIDATE_WANTED;
    return fill(scan, candidate, &event, &at);
}

enum hb_err hb_scan_missing(struct hb_scan *scan)
{
    struct hb_reading_range *ranges = calloc(PLACES, sizeof *ranges);
    int64_t starts[HB_REPLAY_PARTITIONS_MAX];
    size_t count = 0;
    enum hb_err err = ranges ? HB_OK : HB_ERR_MEMORY;
    for (int topic = 0; !err && topic < HB_EVENT_TOPIC_COUNT; topic++) {
        size_t partitions = scan->ends->counts[topic];
        err = hb_scan_offsets(scan, (enum hb_topic)topic, scan->rule.since, partitions, starts);
        for (size_t i = 0; !err && i < partitions; i++)
            ranges[count++] = (struct hb_reading_range){topic, (int32_t)i, starts[i], scan->ends->ends[topic][i]};
    }
    const struct hb_scan_part part = {EVENT_TOPICS, HB_EVENT_TOPIC_COUNT, ranges, count, take_wanted, scan};
    if (!err)
        err = hb_scan_read(scan, &part);
    free(ranges);
    return err;
}

/* ---- those that cannot be judged without their event ---- */

static enum hb_err take_asked(void *user, const struct hb_kafka_message *message)
{
    struct hb_scan *scan = user;
    char id_scratch[HB_ID_MAX];
    unsigned char delivery[HB_REPLAY_DELIVERY_BYTES];
    struct hb_event event;
    const struct hb_position at = {(int)EVENT_TOPICS[message->topic], message->partition, message->offset,
                                   message->appended};
    if (!read_event(scan, message, id_scratch, &event))
        return HB_OK;
    delivery_of(scan, &event, delivery);
    struct hb_candidate *candidate = hb_candidates_get(scan->candidates, delivery);
    return candidate && is_at(candidate, &at) ? fill(scan, candidate, &event, &at) : HB_OK;
}

/* Marks those whose event is below the first record kept, or that nobody knows the place of. */
static enum hb_err mark_gone(struct hb_scan *scan)
{
    int64_t low[HB_REPLAY_PARTITIONS_MAX];
    for (int topic = 0; topic < HB_EVENT_TOPIC_COUNT; topic++) {
        size_t partitions = 0;
        enum hb_err err = hb_scan_partitions(scan, (enum hb_topic)topic, &partitions);
        if (!err)
            err = hb_scan_offsets(scan, (enum hb_topic)topic, (struct hb_wall){0}, partitions, low);
        if (err)
            return err;
        for (size_t i = 0; i < hb_candidates_count(scan->candidates); i++) {
            struct hb_candidate *candidate = hb_candidates_at(scan->candidates, i);
            const struct hb_position *at = &candidate->position;
            bool is_here = candidate->flags & HB_CANDIDATE_HAS_POSITION && at->topic == topic;
            if (is_here && ((size_t)at->partition >= partitions || at->offset < low[at->partition]))
                candidate->flags |= HB_CANDIDATE_GONE;
        }
    }
    return HB_OK;
}

/* Of each partition the range that holds all that are asked for. */
static size_t add_ranges(const struct hb_scan *scan, struct hb_reading_range *ranges)
{
    for (size_t i = 0; i < PLACES; i++)
        ranges[i] = (struct hb_reading_range){(int)(i / HB_REPLAY_PARTITIONS_MAX),
                                              (int32_t)(i % HB_REPLAY_PARTITIONS_MAX), INT64_MAX, 0};
    for (size_t i = 0; i < hb_candidates_count(scan->candidates); i++) {
        const struct hb_candidate *candidate = hb_candidates_at(scan->candidates, i);
        const struct hb_position *at = &candidate->position;
        struct hb_replay_facts facts = hb_candidates_facts(candidate);
        if (!(candidate->flags & HB_CANDIDATE_HAS_POSITION) || at->partition >= HB_REPLAY_PARTITIONS_MAX ||
            hb_replay_rule_judge(&scan->rule, &facts) != HB_REPLAY_ASK)
            continue;
        struct hb_reading_range *range = &ranges[at->topic * HB_REPLAY_PARTITIONS_MAX + at->partition];
        range->from = at->offset < range->from ? at->offset : range->from;
        range->to = at->offset + 1 > range->to ? at->offset + 1 : range->to;
    }
    size_t count = 0;
    for (size_t i = 0; i < PLACES; i++)
        if (ranges[i].from < ranges[i].to)
            ranges[count++] = ranges[i];
    return count;
}

enum hb_err hb_scan_asked(struct hb_scan *scan)
{
    enum hb_err err = mark_gone(scan);
    struct hb_reading_range *ranges = err ? NULL : calloc(PLACES, sizeof *ranges);
    if (err || !ranges)
        return err ? err : HB_ERR_MEMORY;
    size_t count = add_ranges(scan, ranges);
    const struct hb_scan_part part = {EVENT_TOPICS, HB_EVENT_TOPIC_COUNT, ranges, count, take_asked, scan};
    if (count > 0)
        err = hb_scan_read(scan, &part);
    free(ranges);
    return err;
}
