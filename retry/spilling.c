/* When Redis is nearly full: the webhook with the most parked leaves its further records in the journal alone, from an
 * offset kept in the view; when there is room they are read again in order (rereading.c). The rule is decision 6,
 * "Spilling". */
#include "retry/state.h"

#include <stdio.h>
#include <stdlib.h>

#define SPILL_PERCENT 90  /* of maxmemory: the fullest webhook is spilled */
#define FULL_PERCENT 97   /* nothing may make a new entry */
#define AGAIN_PERCENT 80  /* below: what is spilled is read again */
#define WATCHED_PERCENT 50
#define WATCH_EVERY_S 5

static int64_t percent_of(const struct hb_retry_node *node)
{
    return node->store.max_bytes > 0 ? node->store.used_bytes / (node->store.max_bytes / 100 + 1) : 0;
}

bool hb_spilling_has_room(const struct hb_retry_node *node)
{
    return percent_of(node) < SPILL_PERCENT;
}

static bool has_spilled(const struct hb_retry_node *node)
{
    for (int i = 0; i < HB_SHARDS; i++)
        if (node->retry->shards[i].node == node && node->retry->shards[i].spilled > 0)
            return true;
    return false;
}

/* What is spilled waits for nothing but the next look, once there is room. */
int hb_spilling_check_every_s(const struct hb_retry_node *node, int idle_s)
{
    int64_t percent = percent_of(node);

    if (percent >= AGAIN_PERCENT || node->is_spilling || has_spilled(node))
        return 1;
    return percent >= WATCHED_PERCENT ? WATCH_EVERY_S : idle_s;
}

/* ---- who is the fullest ---- */

struct hb_retry_census {
    struct hb_retry_node *node;
    unsigned waiting; /* shards that have not answered */
    int64_t most;
    char webhook[HB_ID_MAX + 1];
    struct hb_retry_shard *shard;
};

static void spilled(void *user, const struct hb_view_answer *answer)
{
    struct hb_retry_shard *shard = user;

    if (hb_shard_is_open(shard) && hb_shard_check(shard, answer))
        shard->spilled = shard->spilled > 0 ? shard->spilled : 1;
}

static void spill(struct hb_retry_census *census)
{
    struct hb_retry_shard *shard = census->shard;
    struct hb_retry_node *node = census->node;

    if (census->most == 0 || !shard || !hb_shard_is_open(shard))
        return;
    if (hb_view_spill(shard->view, hb_str_c(census->webhook), spilled, shard))
        return;
    node->spilled_at_bytes = node->store.used_bytes;
    hb_log(&node->retry->log, HB_LOG_RETRY_SPILLED, HB_LOG_C("webhook", census->webhook),
           HB_LOG_INT("parked", census->most), HB_LOG_INT("redis_percent", percent_of(node)));
}

static void counted(struct hb_retry_shard *shard, const struct hb_view_answer *answer)
{
    struct hb_retry_census *census = shard->node->census;

    for (size_t i = 0; i < answer->webhooks_count; i++) {
        const struct hb_view_webhook *row = &answer->webhooks[i];
        if (row->parked <= census->most || row->spilled_from >= 0)
            continue;
        census->most = row->parked;
        census->shard = shard;
        (void)snprintf(census->webhook, sizeof(census->webhook), "%.*s", HB_ARG(row->webhook));
    }
}

static void close_census(struct hb_retry_node *node)
{
    struct hb_retry_census *census = node->census;

    if (!census || census->waiting > 0)
        return;
    node->census = NULL;
    spill(census);
    free(census);
}

static void on_counts(void *user, const struct hb_view_answer *answer)
{
    struct hb_retry_shard *shard = user;
    struct hb_retry_node *node = shard->node;

    if (!shard->is_counting)
        return;
    shard->is_counting = false;
    if (node->census) {
        node->census->waiting--;
        if (!answer->err)
            counted(shard, answer);
        close_census(node);
    }
    if (hb_shard_is_open(shard))
        (void)hb_shard_check(shard, answer);
}

/* A shard that went meanwhile does not answer any more. */
void hb_spilling_closed(struct hb_retry_shard *shard)
{
    if (!shard->is_counting)
        return;
    shard->is_counting = false;
    if (shard->node->census) {
        shard->node->census->waiting--;
        if (shard->node->census->shard == shard)
            shard->node->census->most = 0;
        close_census(shard->node);
    }
}

static void take_census(struct hb_retry_node *node)
{
    struct hb_retry *retry = node->retry;

    node->census = calloc(1, sizeof(*node->census));
    if (!node->census)
        return;
    node->census->node = node;
    node->census->waiting = 1; /* until all were asked */
    for (int i = 0; i < HB_SHARDS; i++) {
        struct hb_retry_shard *shard = &retry->shards[i];
        if (shard->node != node || !hb_shard_is_open(shard) || shard->is_counting)
            continue;
        shard->is_counting = hb_view_counts(shard->view, on_counts, shard) == HB_OK;
        node->census->waiting += shard->is_counting;
    }
    node->census->waiting--;
    close_census(node);
}

void hb_spilling_judge(struct hb_retry_node *node)
{
    int64_t percent = percent_of(node);

    node->is_full = percent >= FULL_PERCENT;
    node->is_spilling = percent >= SPILL_PERCENT;
    if (!node->is_spilling) {
        node->spilled_at_bytes = 0;
        if (percent < AGAIN_PERCENT)
            hb_rereading_begin(node->retry, node);
        return;
    }
    hb_rereading_stop(node->retry, node);
    /* One at a time, and the next one only if it goes on growing. */
    int64_t grown = node->store.used_bytes - node->spilled_at_bytes;
    if (!node->census && (node->spilled_at_bytes == 0 || grown > node->store.max_bytes / 100))
        take_census(node);
}
