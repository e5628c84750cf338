/* A webhook's deliveries looked through, a piece at a time: those of a deleted one die; and every six hours those whose
 * time is over expire, and old ones are told. The next piece waits until what became of the last one was applied. */
#include "retry/state.h"

#include "core/schedule.h"

#include <stdio.h>
#include <stdlib.h>

#define FIRST_PASS_US (INT64_C(10) * 1000 * 1000) /* after a shard opened */
#define PASS_EVERY_US (INT64_C(6 * 3600) * 1000 * 1000)
#define PIECE_EVERY_S 5 /* of all shards together, so that a million parked ones cost an idle Redis next to nothing */
#define PASS_WEBHOOKS_MAX 10000 /* of a shard, in one pass; the others come with the next */

/* A piece of work: one webhook. */
struct hb_retry_scan {
    struct hb_retry_scan *next;
    struct hb_retry_webhook *webhook;
    bool is_deleted; /* everything dies; else what is too old expires */
    int64_t old;     /* found so far, that an operator should know of */
    char cursor[24];
};

static void step(struct hb_retry_shard *shard);

static bool is_listed(const struct hb_retry_shard *shard, const struct hb_retry_webhook *webhook, bool is_deleted)
{
    for (const struct hb_retry_scan *scan = shard->scans; scan; scan = scan->next)
        if (scan->webhook == webhook && scan->is_deleted == is_deleted)
            return true;
    return false;
}

static void add(struct hb_retry_shard *shard, struct hb_retry_webhook *webhook, bool is_deleted)
{
    struct hb_retry_scan *scan = is_listed(shard, webhook, is_deleted) ? NULL : calloc(1, sizeof(*scan));

    if (!scan)
        return;
    *scan = (struct hb_retry_scan){.next = shard->scans, .webhook = webhook, .is_deleted = is_deleted, .cursor = "0"};
    if (is_deleted || !shard->scans) {
        shard->scans = scan;
        return;
    }
    scan->next = shard->scans->next; /* behind what is being looked through */
    shard->scans->next = scan;
}

void hb_scanning_deleted(struct hb_retry_webhook *webhook)
{
    struct hb_retry_shard *shard = webhook->shard;

    if (!hb_shard_is_open(shard))
        return; /* met again when it is due, or by the pass */
    webhook->is_ending = true;
    /* Not in front of a piece under way. */
    if (shard->is_scanning && shard->scans) {
        struct hb_retry_scan *front = shard->scans;
        shard->scans = front->next;
        add(shard, webhook, true);
        front->next = shard->scans;
        shard->scans = front;
    } else {
        add(shard, webhook, true);
    }
    step(shard);
}

/* ---- a piece ---- */

struct ended {
    struct hb_retry_shard *shard;
    unsigned epoch;
};

static void ended(void *user, enum hb_err err, int64_t offset)
{
    struct ended *what = user;
    struct hb_retry_shard *shard = what->shard;
    bool is_now = what->epoch == shard->epoch;

    free(what);
    if (!is_now)
        return;
    if (!err && offset > shard->scanned_at)
        shard->scanned_at = offset;
    shard->scan_waiting--;
}

static bool end_it(struct hb_retry_shard *shard, const struct hb_retry_scan *scan,
                   const struct hb_view_delivery *delivery)
{
    struct ended *what = malloc(sizeof(*what));

    if (!what)
        return false;
    *what = (struct ended){shard, shard->epoch};
    enum hb_err err = hb_ending_parked(scan->webhook, delivery,
                                       scan->is_deleted ? HB_DELIVERY_REFUSE : HB_DELIVERY_EXPIRE,
                                       scan->is_deleted ? HB_REASON_WEBHOOK_DELETED : HB_REASON_EXPIRED, ended, what);
    if (err) {
        free(what);
        return false;
    }
    shard->scan_waiting++;
    return true;
}

static void look_at(struct hb_retry_shard *shard, struct hb_retry_scan *scan, const struct hb_view_delivery *delivery)
{
    struct hb_wall now = hb_nodes_wall(shard->node);

    if (hb_sending_has(shard->retry, delivery->delivery))
        return; /* under way: its outcome counts */
    if (scan->webhook->is_read_again)
        return; /* it may be an old state of a delivery that is done */
    if (scan->is_deleted) {
        if (delivery->entry.rule.state != HB_DELIVERY_DEAD)
            (void)end_it(shard, scan, delivery);
    } else if (hb_ending_is_expired(&delivery->entry, now)) {
        (void)end_it(shard, scan, delivery);
    } else if (hb_schedule_is_alarming(delivery->entry.rule.position.appended, now)) {
        scan->old++;
    }
}

static void finish(struct hb_retry_shard *shard)
{
    struct hb_retry_scan *scan = shard->scans;

    shard->scans = scan->next;
    if (scan->old) {
        hb_log(&shard->retry->log, HB_LOG_RETRY_OLD, HB_LOG_C("webhook", scan->webhook->id),
               HB_LOG_INT("deliveries", scan->old));
        hb_metric_add(shard->retry->options.metrics, HB_METRIC_RETRY_OLD, (uint64_t)scan->old);
    }
    if (scan->is_deleted) {
        scan->webhook->is_ending = false;
        hb_claiming_sated(scan->webhook); /* one that is parked later is met when it is due */
    }
    free(scan);
}

static void looked_through(void *user, const struct hb_view_answer *answer)
{
    struct hb_retry_shard *shard = user;
    struct hb_retry_scan *scan = shard->scans;

    if (!hb_shard_is_open(shard) || !shard->is_scanning || !hb_shard_check(shard, answer) || !scan)
        return;
    for (size_t i = 0; i < answer->deliveries_count && !shard->retry->is_stopping; i++)
        look_at(shard, scan, &answer->deliveries[i]);
    (void)snprintf(scan->cursor, sizeof(scan->cursor), "%.*s", HB_ARG(answer->cursor));
    shard->is_scanning = false;
    if (strcmp(scan->cursor, "0") == 0)
        finish(shard);
    if (shard->scans && shard->scans->is_deleted)
        step(shard); /* looking for what is too old has time */
}

/* The next piece, if what the last one ended was applied. */
static void step(struct hb_retry_shard *shard)
{
    if (!shard->scans || shard->is_scanning || shard->scan_waiting || shard->retry->is_stopping ||
        !hb_shard_is_open(shard) || shard->through < shard->scanned_at ||
        hb_outbox_is_congested(shard->retry->options.outbox))
        return;
    struct hb_retry_scan *scan = shard->scans;
    shard->is_scanning = hb_view_scan(shard->view, hb_str_c(scan->webhook->id), hb_str_c(scan->cursor), looked_through,
                                      shard) == HB_OK;
}

/* ---- the pass ---- */

static void counted(void *user, const struct hb_view_answer *answer)
{
    struct hb_retry_shard *shard = user;
    const struct hb_sender *sender = &shard->retry->options.sender;

    if (!hb_shard_is_open(shard) || !hb_shard_check(shard, answer))
        return;
    for (size_t i = 0; i < answer->webhooks_count && i < PASS_WEBHOOKS_MAX; i++) {
        struct hb_retry_webhook *webhook = hb_retry_webhook_of(shard->retry, answer->webhooks[i].webhook);
        if (!webhook)
            continue;
        bool is_deleted = sender->room(sender->user, answer->webhooks[i].webhook).is_deleted;
        if (is_deleted && answer->webhooks[i].parked + answer->webhooks[i].held > 0)
            hb_scanning_deleted(webhook);
        add(shard, webhook, false);
    }
}

void hb_scanning_second(struct hb_retry_shard *shard)
{
    int64_t now_us = hb_retry_now(shard->retry).us;

    if (!hb_shard_is_open(shard) || shard->retry->is_stopping)
        return;
    if (shard->pass_at.us <= now_us) {
        shard->pass_at.us = now_us + PASS_EVERY_US;
        (void)!hb_view_counts(shard->view, counted, shard);
    }
    if (shard->scans && shard->scans->is_deleted)
        step(shard);
}

void hb_scanning_piece(struct hb_retry *retry)
{
    if (retry->seconds % PIECE_EVERY_S != 0)
        return;
    for (int i = 0; i < HB_SHARDS; i++) {
        retry->scan_turn = (retry->scan_turn + 1) % HB_SHARDS;
        struct hb_retry_shard *shard = &retry->shards[retry->scan_turn];
        if (!shard->scans || !hb_shard_is_open(shard))
            continue;
        step(shard);
        return;
    }
}

void hb_scanning_opened(struct hb_retry_shard *shard)
{
    shard->pass_at.us = hb_retry_now(shard->retry).us + FIRST_PASS_US;
}

void hb_scanning_stop(struct hb_retry_shard *shard)
{
    while (shard->scans) {
        struct hb_retry_scan *scan = shard->scans;
        shard->scans = scan->next;
        scan->webhook->is_ending = false;
        free(scan);
    }
    shard->is_scanning = false;
    shard->scan_waiting = 0;
    shard->scanned_at = HB_SHARD_NONE;
}
