#include "core/selection.h"
#include "platform/crypto/crypto.h"
#include "records/journal.h"
#include "replay/scan_internal.h"

#include <stdlib.h>

static int cmp_subjects(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static int cmp_deliveries(const void *a, const void *b)
{
    return memcmp(a, b, HB_REPLAY_DELIVERY_BYTES);
}

static enum hb_err hash_subjects(struct hb_scan *scan)
{
    const struct hb_replay_job *job = scan->spec->job;
    if (job->subjects_count == 0)
        return HB_OK;
    scan->subjects = calloc(job->subjects_count, sizeof *scan->subjects);
    if (!scan->subjects)
        return HB_ERR_MEMORY;
    for (size_t i = 0; i < job->subjects_count; i++)
        scan->subjects[i] = hb_journal_subject(job->subjects[i]);
    qsort(scan->subjects, job->subjects_count, sizeof *scan->subjects, cmp_subjects);
    return HB_OK;
}

static enum hb_err hash_events(struct hb_scan *scan)
{
    const struct hb_replay_job *job = scan->spec->job;
    unsigned char digest[HB_SHA256_BYTES];
    if (job->events_count == 0)
        return HB_OK;
    scan->deliveries = calloc(job->events_count, sizeof *scan->deliveries);
    if (!scan->deliveries)
        return HB_ERR_MEMORY;
    for (size_t i = 0; i < job->events_count; i++) {
        hb_sha256_pair(job->webhook, job->events[i], digest);
        memcpy(scan->deliveries[i], digest, HB_REPLAY_DELIVERY_BYTES);
    }
    qsort(scan->deliveries, job->events_count, sizeof *scan->deliveries, cmp_deliveries);
    return HB_OK;
}

enum hb_err hb_scan_rule(struct hb_scan *scan)
{
    const struct hb_replay_job *job = scan->spec->job;
    enum hb_err err = HB_OK;
    if (job->types_count > 0)
        err = hb_selection_new(job->types, job->types_count, NULL, 0, &scan->types, scan->reterr);
    if (!err)
        err = hash_subjects(scan);
    if (!err)
        err = hash_events(scan);
    scan->rule =
        (struct hb_replay_rule){.states = job->states,
                                .since = job->since,
                                .until = job->until,
                                .types = scan->types,
                                .subjects = scan->subjects,
                                .subjects_count = job->subjects_count,
                                .deliveries = (const unsigned char(*)[HB_REPLAY_DELIVERY_BYTES])scan->deliveries,
                                .deliveries_count = job->events_count};
    return err;
}

void hb_scan_rule_deinit(struct hb_scan *scan)
{
    hb_selection_free(&scan->types);
    free(scan->subjects);
    free(scan->deliveries);
}
