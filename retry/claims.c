/* The claims themselves: shares by turns, one script call a shard, and what came of it; the readiness that is told beside
 * them. */
#include "retry/state.h"

#include <stdlib.h>

#define CLAIM_TURN_MAX 2000 /* deliveries claimed in one turn of the loop */

struct hb_retry_claim {
    struct hb_retry_claim *next, **where;
    struct hb_retry_shard *shard;
    unsigned epoch;
    size_t count;
    struct hb_retry_webhook *webhooks[];
};

static void claimed(void *user, const struct hb_view_answer *answer);

static void settle_share(struct hb_retry_webhook *webhook)
{
    int got = webhook->got, share = webhook->share;

    webhook->is_claimed = false;
    webhook->share = webhook->got = 0;
    hb_rate_take(&webhook->rate, got);
    webhook->is_hungry = got == share;
    if (webhook->is_hungry)
        hb_claiming_look(webhook);
    else
        hb_claiming_sated(webhook);
}

static void take_deliveries(struct hb_retry_shard *shard, const struct hb_view_answer *answer)
{
    for (size_t i = 0; i < answer->deliveries_count; i++) {
        struct hb_retry_webhook *webhook = hb_map_get(&shard->retry->webhooks, answer->deliveries[i].webhook);
        HB_ASSERT(webhook);
        webhook->got++;
        hb_sending_take(shard, webhook, &answer->deliveries[i]);
    }
    hb_metric_add(shard->retry->options.metrics, HB_METRIC_RETRY_CLAIMED, answer->deliveries_count);
}

static void claimed(void *user, const struct hb_view_answer *answer)
{
    struct hb_retry_claim *claim = user;
    struct hb_retry_shard *shard = claim->shard;
    bool is_now = claim->epoch == shard->epoch;

    *claim->where = claim->next;
    if (claim->next)
        claim->next->where = claim->where;
    if (is_now && hb_shard_check(shard, answer)) {
        take_deliveries(shard, answer);
        for (size_t i = 0; i < claim->count; i++)
            settle_share(claim->webhooks[i]);
        hb_claiming_due(shard, answer->next_due);
        hb_claiming_plan_pump(shard->retry);
    }
    free(claim);
}

static size_t take_shares(struct hb_retry_shard *shard, struct hb_retry_claim *claim, struct hb_view_share *shares)
{
    int most = 0;

    while (shard->claim_list && claim->count < HB_VIEW_WEBHOOKS_MAX) {
        struct hb_retry_webhook *webhook = shard->claim_list;
        shard->claim_list = webhook->next_claim;
        webhook->is_in_claim = false;
        webhook->is_claimed = true;
        webhook->got = 0;
        shares[claim->count] = (struct hb_view_share){hb_str_c(webhook->id), webhook->share};
        claim->webhooks[claim->count++] = webhook;
        most += webhook->share;
    }
    return (size_t)most;
}

static void send_claim(struct hb_retry_shard *shard)
{
    struct hb_view_share shares[HB_VIEW_WEBHOOKS_MAX];
    struct hb_retry_claim *claim =
        calloc(1, sizeof(*claim) + HB_VIEW_WEBHOOKS_MAX * sizeof(struct hb_retry_webhook *));

    if (!claim)
        return; /* tried again with the next pump */
    *claim = (struct hb_retry_claim){.shard = shard, .epoch = shard->epoch};
    size_t most = take_shares(shard, claim, shares);
    const struct hb_view_claim how = {shares, claim->count, (int)most, shard->retry->options.config->retry_lease_ms};
    if (hb_view_claim(shard->view, &how, claimed, claim) == HB_OK) {
        claim->next = shard->claims;
        claim->where = &shard->claims;
        if (claim->next)
            claim->next->where = &claim->next;
        shard->claims = claim;
        return;
    }
    const struct hb_mono again = {hb_retry_now(shard->retry).us + HB_MS_PER_S * HB_US_PER_MS};
    for (size_t i = 0; i < claim->count; i++) { /* away, or too much under way: asked again */
        claim->webhooks[i]->is_claimed = false;
        claim->webhooks[i]->share = 0;
        hb_claiming_ask_again(claim->webhooks[i], again);
    }
    free(claim);
}

static void readiness_told(void *user, const struct hb_view_answer *answer)
{
    struct hb_retry_shard *shard = user;

    if (hb_shard_is_open(shard) && hb_shard_check(shard, answer))
        hb_claiming_due(shard, answer->next_due);
}

static void send_readiness(struct hb_retry_shard *shard)
{
    struct hb_view_readiness told[HB_VIEW_WEBHOOKS_MAX];
    size_t count = 0;

    while (shard->ready_list && count < HB_VIEW_WEBHOOKS_MAX) {
        struct hb_retry_webhook *webhook = shard->ready_list;
        shard->ready_list = webhook->next_ready;
        webhook->is_in_ready = false;
        if (webhook->must_be_ready != webhook->is_off)
            continue; /* as it was told before */
        webhook->is_off = !webhook->must_be_ready;
        told[count++] = (struct hb_view_readiness){hb_str_c(webhook->id), webhook->must_be_ready};
    }
    if (count && hb_view_set_ready(shard->view, told, count, readiness_told, shard))
        for (size_t i = 0; i < count; i++) {
            struct hb_retry_webhook *webhook = hb_map_get(&shard->retry->webhooks, told[i].webhook);
            webhook->is_off = told[i].is_ready; /* not told after all; the next look does */
        }
}

static void share_out(struct hb_retry *retry)
{
    struct hb_mono now = hb_retry_now(retry);
    int64_t budget = hb_rate_room(&retry->claim_rate, now, CLAIM_TURN_MAX), left = budget;
    struct hb_seat *seat;

    while (left > 0 && (seat = hb_turns_next(&retry->turns)) != NULL) {
        struct hb_retry_webhook *webhook =
            (struct hb_retry_webhook *)((char *)seat - offsetof(struct hb_retry_webhook, seat));
        if (webhook->room <= 0) {
            hb_turns_leave(&retry->turns, seat);
            continue;
        }
        webhook->room--;
        webhook->share++;
        left--;
        hb_turns_spend(&retry->turns, seat, 1);
        if (webhook->is_in_claim)
            continue;
        webhook->is_in_claim = true;
        webhook->next_claim = webhook->shard->claim_list;
        webhook->shard->claim_list = webhook;
    }
    hb_rate_take(&retry->claim_rate, budget - left);
    if (left == 0 && hb_turns_next(&retry->turns))
        hb_timer_start(retry->pump_timer, hb_rate_look(&retry->claim_rate, now), 0);
}

void hb_claiming_pump(void *user)
{
    struct hb_retry *retry = user;

    if (retry->is_stopping || hb_outbox_is_congested(retry->options.outbox))
        return; /* outcomes in hand go first; the outbox says when they are through */
    share_out(retry);
    for (int i = 0; i < HB_SHARDS; i++) {
        struct hb_retry_shard *shard = &retry->shards[i];
        while (shard->claim_list && hb_shard_is_open(shard)) {
            struct hb_retry_webhook *before = shard->claim_list;
            send_claim(shard);
            if (shard->claim_list == before)
                break;
        }
        if (shard->ready_list && hb_shard_is_open(shard))
            send_readiness(shard);
        if (shard->ready_list || shard->claim_list)
            hb_claiming_plan_pump(retry);
    }
}

void hb_claiming_forget(struct hb_retry_shard *shard)
{
    while (shard->claims) {
        struct hb_retry_claim *claim = shard->claims;
        shard->claims = claim->next;
        free(claim);
    }
}
