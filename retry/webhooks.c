/* The webhooks the owner has to do with: those that had something parked. One the registry does not know (yet) has no
 * snapshot. */
#include "retry/notices.h"

#include <stdlib.h>

/* A store takes part in the turns as one, however many webhooks it has. */
struct store {
    struct hb_bench bench; /* first */
    char id[HB_ID_MAX + 1];
};

/* Its store's bench; without memory the one of all others. */
static struct hb_bench *bench_of(struct hb_retry *retry, struct hb_str id)
{
    struct store *store = hb_map_get(&retry->stores, id);

    if (store || id.len > HB_ID_MAX)
        return store ? &store->bench : &retry->bench;
    store = calloc(1, sizeof(*store));
    if (!store)
        return &retry->bench;
    memcpy(store->id, id.ptr, id.len);
    if (hb_map_put(&retry->stores, hb_str_c(store->id), store) == HB_OK)
        return &store->bench;
    free(store);
    return &retry->bench;
}

static void set_snapshot(struct hb_retry_webhook *webhook, struct hb_webhook *snapshot)
{
    bool is_same_rate = webhook->snapshot && snapshot && webhook->snapshot->rate_count == snapshot->rate_count &&
                        webhook->snapshot->rate_per_s == snapshot->rate_per_s;
    struct hb_webhook *former = webhook->snapshot;

    webhook->snapshot = hb_webhook_ref(snapshot);
    hb_webhook_unref(&former);
    if (!hb_turns_has(&webhook->seat))
        webhook->bench = bench_of(webhook->shard->retry, snapshot->store);
    if (!is_same_rate)
        webhook->rate =
            hb_rate_make(snapshot->rate_count, snapshot->rate_per_s, hb_retry_now(webhook->shard->retry));
}

struct hb_retry_webhook *hb_retry_webhook_of(struct hb_retry *retry, struct hb_str id)
{
    struct hb_retry_webhook *webhook = hb_map_get(&retry->webhooks, id);

    if (webhook || id.len > HB_ID_MAX)
        return webhook;
    webhook = calloc(1, sizeof(*webhook));
    if (!webhook)
        return NULL;
    memcpy(webhook->id, id.ptr, id.len);
    webhook->shard = &retry->shards[hb_journal_shard(id)];
    webhook->again = (struct hb_mono){INT64_MAX};
    webhook->bench = &retry->bench;
    webhook->rate = hb_rate_make(0, 1, hb_retry_now(retry));
    if (hb_map_put(&retry->webhooks, hb_str_c(webhook->id), webhook)) {
        free(webhook);
        return NULL;
    }
    struct hb_webhook *snapshot = hb_registry_webhook_by_id(retry->options.registry, id);
    if (snapshot)
        set_snapshot(webhook, snapshot);
    return webhook;
}

void hb_retry_webhook_changed(struct hb_retry *retry, const struct hb_webhook *old_webhook,
                              struct hb_webhook *new_webhook)
{
    /* One whose record is gone keeps its last snapshot: nothing of it is left by then. */
    struct hb_retry_webhook *webhook = new_webhook ? hb_map_get(&retry->webhooks, new_webhook->id) : NULL;

    if (!webhook)
        return;
    bool was_unknown = !webhook->snapshot;
    set_snapshot(webhook, new_webhook);
    if (was_unknown)
        hb_reading_apply(webhook->shard); /* a record may have waited for it */
    if (new_webhook->status == HB_WEBHOOK_DELETED && !webhook->is_ending)
        hb_scanning_deleted(webhook);
    hb_claiming_room_changed(webhook);
    /* An operator's change is a new revision of the configuration; run-time state is not. */
    if (old_webhook && old_webhook->status != HB_WEBHOOK_DISABLED && new_webhook->status == HB_WEBHOOK_DISABLED &&
        old_webhook->revision == new_webhook->revision)
        hb_notices_disabled(webhook);
}

void hb_retry_webhooks_free(struct hb_retry *retry)
{
    size_t state = 0;
    struct hb_retry_webhook *webhook;

    while ((webhook = hb_map_next(&retry->webhooks, &state)) != NULL) {
        hb_turns_leave(&retry->turns, &webhook->seat);
        hb_webhook_unref(&webhook->snapshot);
        free(webhook);
    }
    hb_map_deinit(&retry->webhooks);
    struct store *store;
    for (state = 0; (store = hb_map_next(&retry->stores, &state)) != NULL;)
        free(store);
    hb_map_deinit(&retry->stores);
}
