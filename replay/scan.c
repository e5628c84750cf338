#include "replay/scan.h"

#include "platform/crypto/crypto.h"
#include "replay/scan_internal.h"

#include <stdlib.h>
#include <time.h>

#define TRIES 20
#define AGAIN_MS 300

static const struct hb_wall END = {INT64_MAX}; /* nothing is appended then */

/* ---- what the steps share ---- */

enum hb_err hb_scan_partitions(struct hb_scan *scan, enum hb_topic topic, size_t *ret_count)
{
    char name[HB_TOPIC_NAME_MAX];
    int partitions = 0, replication = 0;
    hb_topic_name(scan->spec->topic_prefix, topic, name);
    enum hb_err err =
        hb_kafka_admin_topic(scan->admin, name, HB_SCAN_REQUEST_MS, &partitions, &replication, scan->reterr);
    if (err)
        return err;
    if (partitions > HB_REPLAY_PARTITIONS_MAX)
        return hb_fail(scan->reterr, HB_ERR_TOO_LARGE, "%s has %d partitions, more than can be searched", name,
                       partitions);
    *ret_count = (size_t)partitions;
    return HB_OK;
}

/* A partition without a leader just now (a broker's restart, a topic just made) is no reason to end: asked again for a
 * while. */
enum hb_err hb_scan_offsets(struct hb_scan *scan, enum hb_topic topic, struct hb_wall at, size_t count,
                            int64_t ret_offsets[HB_REPLAY_PARTITIONS_MAX])
{
    static const struct timespec PAUSE = {0, AGAIN_MS * 1000000L};
    char name[HB_TOPIC_NAME_MAX];
    enum hb_err err = HB_OK;
    hb_topic_name(scan->spec->topic_prefix, topic, name);
    for (int i = 0; i < TRIES && !atomic_load_explicit(&scan->spec->is_cancelled, memory_order_relaxed); i++) {
        err = hb_kafka_admin_offsets_at(scan->admin, name, at, HB_SCAN_REQUEST_MS, ret_offsets, count, scan->reterr);
        if (err != HB_ERR_BROKER)
            return err;
        (void)nanosleep(&PAUSE, NULL);
    }
    return err ? err : hb_fail(scan->reterr, HB_ERR_CLOSED, "the reading was ended");
}

enum hb_err hb_scan_read(struct hb_scan *scan, const struct hb_scan_part *part)
{
    char names[HB_READING_TOPICS_MAX][HB_TOPIC_NAME_MAX];
    const char *views[HB_READING_TOPICS_MAX];
    for (size_t i = 0; i < part->topics_count; i++) {
        hb_topic_name(scan->spec->topic_prefix, part->topics[i], names[i]);
        views[i] = names[i];
    }
    const struct hb_reading reading = {.cluster = scan->spec->cluster,
                                       .topics = views,
                                       .topics_count = part->topics_count,
                                       .ranges = part->ranges,
                                       .ranges_count = part->ranges_count,
                                       .take = part->take,
                                       .user = part->user,
                                       .is_cancelled = &scan->spec->is_cancelled,
                                       .now = scan->spec->now,
                                       .ends_at = scan->ends_at,
                                       .scanned = &scan->spec->scanned};
    return hb_reading_run(&reading, scan->reterr);
}

/* ---- the ends ---- */

static enum hb_err fix_ends_of(struct hb_scan *scan, enum hb_topic topic)
{
    enum hb_err err = hb_scan_partitions(scan, topic, &scan->ends->counts[topic]);
    return err ? err : hb_scan_offsets(scan, topic, END, scan->ends->counts[topic], scan->ends->ends[topic]);
}

static enum hb_err fix_ends(struct hb_scan *scan)
{
    if (scan->spec->has_ends) {
        *scan->ends = *scan->spec->ends;
        return HB_OK;
    }
    enum hb_err err = HB_OK;
    /* Events first: what is seen of one there and not behind has had the time between to be delivered. */
    for (int topic = 0; topic < HB_EVENT_TOPIC_COUNT && !err && hb_replay_rule_needs_events(&scan->rule); topic++)
        err = fix_ends_of(scan, (enum hb_topic)topic);
    if (!err && hb_replay_rule_needs_lines(&scan->rule))
        err = fix_ends_of(scan, HB_TOPIC_ATTEMPTS);
    return err ? err : fix_ends_of(scan, HB_TOPIC_JOURNAL);
}

/* ---- the whole ---- */

static enum hb_err run_steps(struct hb_scan *scan)
{
    enum hb_err err = hb_scan_rule(scan);
    if (!err)
        err = fix_ends(scan);
    if (!err && hb_replay_rule_needs_lines(&scan->rule))
        err = hb_scan_lines(scan);
    if (!err && hb_replay_rule_needs_events(&scan->rule))
        err = hb_scan_missing(scan);
    if (!err)
        err = hb_scan_journal(scan);
    if (!err)
        err = hb_scan_asked(scan);
    if (err == HB_ERR_FULL)
        return hb_fail(scan->reterr, err,
                       "more than %zu deliveries are in this range (replay.deliveries_max): narrow it by time",
                       scan->spec->deliveries_max);
    return err;
}

enum hb_err hb_replay_scan_run(struct hb_replay_scan_spec *spec, struct hb_replay_list *ret_list,
                               struct hb_error *reterr)
{
    unsigned char digest[HB_SHA256_BYTES];
    struct hb_scan scan = {.spec = spec, .reterr = reterr, .ends = calloc(1, sizeof *scan.ends)};
    hb_sha256(spec->job->webhook, digest);
    scan.shard = hb_shard_of(digest);
    scan.ends_at.us = spec->limit_ms > 0 ? spec->now().us + spec->limit_ms * HB_US_PER_MS : INT64_MAX;
    enum hb_err err = scan.ends ? hb_candidates_new(spec->deliveries_max, &scan.candidates) : HB_ERR_MEMORY;
    if (!err)
        err = hb_kafka_admin_new(&spec->cluster, &scan.admin, reterr);
    if (!err)
        err = run_steps(&scan);
    if (!err) {
        hb_candidates_finish(scan.candidates, &scan.rule, &spec->from, &ret_list->gone);
        ret_list->items = scan.candidates;
        ret_list->ends = *scan.ends;
        scan.candidates = NULL;
    }
    hb_kafka_admin_free(&scan.admin);
    hb_candidates_free(&scan.candidates);
    hb_scan_rule_deinit(&scan);
    free(scan.ends);
    if (err && reterr && !reterr->text[0])
        (void)hb_fail(reterr, err, "%s", hb_err_text(err));
    return err;
}

void hb_replay_list_deinit(struct hb_replay_list *list)
{
    hb_candidates_free(&list->items);
}
