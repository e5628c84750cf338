/* What is due goes out: who has something due (asked of Redis by one timer), who can take it (the sender's room, the
 * rate), whose turn it is (deficit round robin), and the claims that follow. A webhook that can take nothing leaves the
 * view's ready set until it can; while it is hungry it is claimed from directly, without a word about readiness. */
#include "retry/state.h"

#include <stdlib.h>

#define DUE_ASKED 100
#define ASK_GAP_US (5 * HB_US_PER_MS) /* a shard is asked what is due no more often */
#define AGAIN_GAP_US (20 * HB_US_PER_MS)
#define CLAIM_TURN_MAX 2000 /* deliveries claimed in one turn of the loop */
#define NEVER INT64_MAX

struct hb_retry_claim {
    struct hb_retry_claim *next, **where;
    struct hb_retry_shard *shard;
    unsigned epoch;
    size_t count;
    struct hb_retry_webhook *webhooks[];
};

static void plan_wake(struct hb_retry *retry)
{
    int64_t now_us = hb_retry_now(retry).us, first_us = retry->again_at.us;

    for (int i = 0; i < HB_SHARDS; i++) {
        const struct hb_retry_shard *shard = &retry->shards[i];
        if (!hb_shard_is_open(shard) || shard->is_asking)
            continue;
        if (shard->due_at.us < first_us)
            first_us = shard->due_at.us;
        if (shard->ahead_at.us < first_us)
            first_us = shard->ahead_at.us;
    }
    if (first_us == NEVER || retry->is_stopping)
        hb_timer_stop(retry->wake_timer);
    else
        hb_timer_start(retry->wake_timer, first_us <= now_us ? 0 : (first_us - now_us) / HB_US_PER_MS + 1, 0);
}

void hb_claiming_plan_pump(struct hb_retry *retry)
{
    if (!retry->is_stopping && !hb_timer_is_running(retry->pump_timer))
        hb_timer_start(retry->pump_timer, 0, 0);
}

/* ---- lists ---- */

static void touch(struct hb_retry_webhook *webhook)
{
    if (webhook->is_touched)
        return;
    webhook->is_touched = true;
    webhook->next_touched = webhook->shard->touched;
    webhook->shard->touched = webhook;
}

static void tell_ready(struct hb_retry_webhook *webhook, bool is_ready)
{
    touch(webhook);
    webhook->must_be_ready = is_ready;
    if (webhook->is_in_ready)
        return;
    webhook->is_in_ready = true;
    webhook->next_ready = webhook->shard->ready_list;
    webhook->shard->ready_list = webhook;
    hb_claiming_plan_pump(webhook->shard->retry);
}

static void ask_again(struct hb_retry_webhook *webhook, struct hb_mono at)
{
    struct hb_retry *retry = webhook->shard->retry;

    webhook->again = at;
    if (at.us >= retry->again_at.us)
        return;
    retry->again_at = at;
    plan_wake(retry);
}

/* ---- room ---- */

/* What the sender and the rate let go now; 0: `again` says when. */
static int room_of(struct hb_retry_webhook *webhook, struct hb_mono *ret_again)
{
    struct hb_retry *retry = webhook->shard->retry;
    struct hb_mono now = hb_retry_now(retry);
    struct hb_resend_room room = retry->options.sender.room(retry->options.sender.user, hb_str_c(webhook->id));

    *ret_again = (struct hb_mono){NEVER};
    webhook->is_probing = room.is_probe;
    if (room.is_deleted && !webhook->is_ending)
        hb_scanning_deleted(webhook);
    if (room.is_deleted || room.is_unknown || (webhook->is_read_again && hb_spilling_has_room(webhook->shard->node)))
        return 0;
    if (room.slots <= 0 && room.again.ms != HB_RESEND_WHEN_TOLD) {
        int64_t wait_ms = room.again.ms - hb_loop_wall(retry->options.loop).ms;
        *ret_again = (struct hb_mono){now.us + (wait_ms < 1 ? 1 : wait_ms) * HB_US_PER_MS};
    }
    int64_t slots = room.slots - webhook->busy;
    if (slots <= 0)
        return 0;
    slots = hb_rate_room(&webhook->rate, now, slots);
    if (slots <= 0)
        *ret_again = (struct hb_mono){now.us + hb_rate_look(&webhook->rate, now) * HB_US_PER_MS};
    return (int)slots;
}

static void look_for_room(struct hb_retry_webhook *webhook)
{
    struct hb_retry *retry = webhook->shard->retry;
    struct hb_mono again;

    if (webhook->is_claimed || hb_turns_has(&webhook->seat) || retry->is_stopping || !retry->options.sender.room)
        return;
    webhook->room = room_of(webhook, &again);
    if (webhook->room > 0) {
        hb_turns_enter(&retry->turns, &retry->bench, &webhook->seat);
        hb_claiming_plan_pump(retry);
        return;
    }
    ask_again(webhook, again);
    if (!webhook->is_off || (webhook->is_in_ready && webhook->must_be_ready))
        tell_ready(webhook, false);
}

static void become_hungry(struct hb_retry_webhook *webhook)
{
    touch(webhook);
    webhook->is_hungry = true;
    look_for_room(webhook);
}

void hb_claiming_room_changed(struct hb_retry_webhook *webhook)
{
    if (webhook->is_hungry && hb_shard_is_open(webhook->shard))
        look_for_room(webhook);
}

void hb_claiming_passed(struct hb_retry_webhook *webhook)
{
    HB_ASSERT(webhook->busy > 0);
    webhook->busy--;
    hb_claiming_room_changed(webhook);
}

void hb_claiming_sated(struct hb_retry_webhook *webhook)
{
    webhook->is_hungry = false;
    hb_turns_leave(&webhook->shard->retry->turns, &webhook->seat);
    if (webhook->is_off || webhook->is_in_ready)
        tell_ready(webhook, true);
}

/* ---- what is due ---- */

void hb_claiming_due(struct hb_retry_shard *shard, struct hb_wall next_due)
{
    struct hb_mono at = hb_nodes_mono(shard->node, next_due);
    int64_t soonest_us = shard->asked_at.us + ASK_GAP_US;

    shard->due_at.us = at.us == NEVER ? NEVER : at.us > soonest_us ? at.us : soonest_us;
    hb_ahead_plan(shard, at);
    plan_wake(shard->retry);
}

static void due_told(void *user, const struct hb_view_answer *answer)
{
    struct hb_retry_shard *shard = user;

    shard->is_asking = false;
    if (!hb_shard_is_open(shard) || !hb_shard_check(shard, answer))
        return;
    for (size_t i = 0; i < answer->webhooks_count && answer->webhooks[i].due.ms <= answer->now.ms; i++) {
        struct hb_retry_webhook *webhook = hb_retry_webhook_of(shard->retry, answer->webhooks[i].webhook);
        if (webhook)
            become_hungry(webhook);
    }
    hb_claiming_due(shard, answer->next_due);
    hb_claiming_pump(shard->retry);
}

static void ask_due(struct hb_retry_shard *shard)
{
    shard->asked_at = hb_retry_now(shard->retry);
    shard->due_at.us = NEVER;
    shard->is_asking = hb_view_next_due(shard->view, DUE_ASKED, due_told, shard) == HB_OK;
    if (!shard->is_asking)
        shard->due_at.us = shard->asked_at.us + HB_US_PER_MS * HB_MS_PER_S;
}

static void wake_webhooks(struct hb_retry *retry)
{
    struct hb_mono now = hb_retry_now(retry);

    if (retry->again_at.us > now.us)
        return;
    int64_t first_us = NEVER;
    for (int i = 0; i < HB_SHARDS; i++)
        for (struct hb_retry_webhook *webhook = retry->shards[i].touched; webhook; webhook = webhook->next_touched) {
            if (webhook->again.us <= now.us) {
                webhook->again.us = NEVER;
                hb_claiming_room_changed(webhook);
            }
            if (webhook->again.us < first_us)
                first_us = webhook->again.us;
        }
    /* Many webhooks rest: they are looked at together, now and then. */
    retry->again_at.us = first_us == NEVER || first_us > now.us + AGAIN_GAP_US ? first_us : now.us + AGAIN_GAP_US;
}

void hb_claiming_wake(void *user)
{
    struct hb_retry *retry = user;
    struct hb_mono now = hb_retry_now(retry);

    wake_webhooks(retry);
    for (int i = 0; i < HB_SHARDS; i++) {
        struct hb_retry_shard *shard = &retry->shards[i];
        if (!hb_shard_is_open(shard) || shard->is_asking)
            continue;
        if (shard->ahead_at.us <= now.us)
            hb_ahead_look(shard);
        if (shard->due_at.us <= now.us)
            ask_due(shard);
    }
    plan_wake(retry);
}

/* ---- claims ---- */

static void claimed(void *user, const struct hb_view_answer *answer);

static void settle_share(struct hb_retry_webhook *webhook)
{
    int got = webhook->got, share = webhook->share;

    webhook->is_claimed = false;
    webhook->share = webhook->got = 0;
    hb_rate_take(&webhook->rate, got);
    webhook->is_hungry = got == share;
    if (webhook->is_hungry)
        look_for_room(webhook);
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
    for (size_t i = 0; i < claim->count; i++) { /* away, or too much under way: asked again */
        claim->webhooks[i]->is_claimed = false;
        claim->webhooks[i]->share = 0;
        ask_again(claim->webhooks[i], (struct hb_mono){hb_retry_now(shard->retry).us + HB_MS_PER_S * HB_US_PER_MS});
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

/* ---- a view begins and ends ---- */

/* What was off is on again: a takeover forgets it by itself, and a view that is as it was must be told. */
static void turn_on(struct hb_retry_shard *shard, bool is_taken_over)
{
    for (struct hb_retry_webhook *webhook = shard->touched; webhook; webhook = webhook->next_touched)
        if (webhook->is_off && is_taken_over)
            webhook->is_off = false;
        else if (webhook->is_off)
            tell_ready(webhook, true);
}

void hb_claiming_opened(struct hb_retry_shard *shard, bool is_taken_over)
{
    turn_on(shard, is_taken_over);
    shard->asked_at = (struct hb_mono){0};
    shard->due_at = hb_retry_now(shard->retry); /* asks at once */
    shard->ahead_at.us = NEVER;
    plan_wake(shard->retry);
}

void hb_claiming_closed(struct hb_retry_shard *shard)
{
    shard->epoch++;
    shard->is_asking = shard->is_looking_ahead = false;
    shard->due_at.us = shard->ahead_at.us = NEVER;
    struct hb_retry_webhook *all = shard->touched;
    shard->touched = shard->claim_list = shard->ready_list = NULL;
    while (all) {
        struct hb_retry_webhook *webhook = all;
        all = webhook->next_touched;
        hb_turns_leave(&shard->retry->turns, &webhook->seat);
        webhook->is_touched = webhook->is_hungry = webhook->is_claimed = false;
        webhook->is_in_claim = webhook->is_in_ready = webhook->is_ending = false;
        webhook->share = webhook->got = 0;
        webhook->again.us = NEVER;
        if (webhook->is_off)
            touch(webhook); /* it stands so in Redis */
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
