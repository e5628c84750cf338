/* What is due goes out: who has something due (asked of Redis by one timer), who can take it (the sender's room, the
 * rate), whose turn it is (deficit round robin), and the claims that follow. A webhook that can take nothing leaves the
 * view's ready set until it can; while it is hungry it is claimed from directly, without a word about readiness. */
#include "retry/state.h"

#include <stdlib.h>

#define DUE_ASKED 100
/* What will be due is asked for at these ticks, the same for all shards: so what falls due in one of them, wherever it lies,
 * costs one waking of this thread and one of Redis's. A retry waits half of it on average. */
#define TICK_US (10 * HB_US_PER_MS)
/* What is due already (the next of an ordered subject, what was resumed) waits for no tick; but a shard is asked no more often. */
#define ASK_GAP_US (5 * HB_US_PER_MS)
#define AGAIN_GAP_US (20 * HB_US_PER_MS)
#define NEVER INT64_MAX

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

void hb_claiming_ask_again(struct hb_retry_webhook *webhook, struct hb_mono at)
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

void hb_claiming_look(struct hb_retry_webhook *webhook)
{
    struct hb_retry *retry = webhook->shard->retry;
    struct hb_mono again;

    if (webhook->is_claimed || hb_turns_has(&webhook->seat) || retry->is_stopping || !retry->options.sender.room)
        return;
    webhook->room = room_of(webhook, &again);
    if (webhook->room > 0) {
        hb_turns_enter(&retry->turns, webhook->bench, &webhook->seat);
        hb_claiming_plan_pump(retry);
        return;
    }
    hb_claiming_ask_again(webhook, again);
    if (!webhook->is_off || (webhook->is_in_ready && webhook->must_be_ready))
        tell_ready(webhook, false);
}

static void become_hungry(struct hb_retry_webhook *webhook)
{
    touch(webhook);
    webhook->is_hungry = true;
    hb_claiming_look(webhook);
}

void hb_claiming_room_changed(struct hb_retry_webhook *webhook)
{
    if (webhook->is_hungry && hb_shard_is_open(webhook->shard))
        hb_claiming_look(webhook);
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

static int64_t tick_after(int64_t us)
{
    return (us / TICK_US + 1) * TICK_US;
}

void hb_claiming_due(struct hb_retry_shard *shard, struct hb_wall next_due)
{
    struct hb_mono at = hb_nodes_mono(shard->node, next_due);
    int64_t soonest_us = shard->asked_at.us + ASK_GAP_US;

    if (at.us != NEVER && at.us > hb_retry_now(shard->retry).us)
        at.us = tick_after(at.us);
    shard->due_at.us = at.us > soonest_us ? at.us : soonest_us;
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
