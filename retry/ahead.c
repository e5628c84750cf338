/* Bodies are read before they are due: a first read of a place in Kafka may take a second. */
#include "retry/state.h"

#define AHEAD_MS 2000
#define AHEAD_GAP_US (1000 * HB_US_PER_MS)
#define BACKLOG_GAP_US (500 * HB_US_PER_MS)
#define WEBHOOKS_MAX 100
/* Each look, and of a webhook: a backlog (a replay, a receiver that is back) wants more than its window each half
 * second. */
#define A_LOOK_MAX 2000
#define A_WEBHOOK_MIN 16
#define A_WEBHOOK_MAX 1000

/* More of it is due than its window takes: it is out of the ready set now, and its next bodies are wanted all the more.
 */
static bool has_backlog(const struct hb_retry_webhook *webhook)
{
    return webhook->is_hungry && webhook->flights > 0;
}

static size_t find_backlogs(const struct hb_retry_shard *shard, struct hb_str *ret_webhooks, size_t most)
{
    size_t count = 0;

    for (const struct hb_retry_webhook *webhook = shard->touched; webhook && count < most;
         webhook = webhook->next_touched)
        if (has_backlog(webhook))
            ret_webhooks[count++] = hb_str_c(webhook->id);
    return count;
}

void hb_ahead_plan(struct hb_retry_shard *shard, struct hb_mono due_at)
{
    struct hb_str first;
    bool is_behind = find_backlogs(shard, &first, 1) > 0;
    int64_t soonest_us = shard->looked_ahead_at.us + (is_behind ? BACKLOG_GAP_US : AHEAD_GAP_US);

    if (is_behind)
        due_at = hb_retry_now(shard->retry);
    if (due_at.us == INT64_MAX || shard->is_looking_ahead) {
        shard->ahead_at.us = INT64_MAX;
        return;
    }
    shard->ahead_at.us = due_at.us - AHEAD_MS * HB_US_PER_MS;
    if (shard->ahead_at.us < soonest_us)
        shard->ahead_at.us = soonest_us;
}

static void want(struct hb_retry_shard *shard, const struct hb_view_delivery *delivery)
{
    struct hb_body_want ahead = {.at = delivery->entry.rule.position, .webhook = delivery->webhook};

    memcpy(ahead.delivery, delivery->delivery, HB_DELIVERY_BYTES);
    /* What is refused is read when it is due. */
    (void)!hb_bodies_want(shard->retry->bodies, &ahead, NULL, NULL);
}

static void found(void *user, const struct hb_view_answer *answer)
{
    struct hb_retry_shard *shard = user;

    shard->is_looking_ahead = false;
    if (!hb_shard_is_open(shard) || !hb_shard_check(shard, answer))
        return;
    for (size_t i = 0; i < answer->deliveries_count; i++)
        want(shard, &answer->deliveries[i]);
    hb_claiming_due(shard, answer->next_due);
}

static void due_told(void *user, const struct hb_view_answer *answer)
{
    struct hb_retry_shard *shard = user;
    struct hb_str webhooks[WEBHOOKS_MAX];
    struct hb_view_horizon horizon = {.webhooks = webhooks, .ms = AHEAD_MS};

    shard->is_looking_ahead = false;
    if (!hb_shard_is_open(shard) || !hb_shard_check(shard, answer))
        return;
    horizon.count = find_backlogs(shard, webhooks, WEBHOOKS_MAX);
    for (size_t i = 0; i < answer->webhooks_count && horizon.count < WEBHOOKS_MAX &&
                       answer->webhooks[i].due.ms <= answer->now.ms + AHEAD_MS;
         i++)
        webhooks[horizon.count++] = answer->webhooks[i].webhook;
    horizon.most = horizon.count ? (int)(A_LOOK_MAX / horizon.count) : 0;
    horizon.most = horizon.most > A_WEBHOOK_MAX   ? A_WEBHOOK_MAX
                   : horizon.most < A_WEBHOOK_MIN ? A_WEBHOOK_MIN
                                                  : horizon.most;
    if (horizon.count > 0)
        shard->is_looking_ahead = hb_view_ahead(shard->view, &horizon, found, shard) == HB_OK;
    if (!shard->is_looking_ahead)
        hb_claiming_due(shard, answer->next_due);
}

void hb_ahead_look(struct hb_retry_shard *shard)
{
    shard->ahead_at.us = INT64_MAX;
    shard->looked_ahead_at = hb_retry_now(shard->retry);
    if (!shard->is_looking_ahead)
        shard->is_looking_ahead = hb_view_next_due(shard->view, WEBHOOKS_MAX, due_told, shard) == HB_OK;
}
