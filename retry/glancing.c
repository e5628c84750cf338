/* The safety call: every 10 s, for all open shards of a Redis at once, whether the views are as they were, and what is
 * due. Everything else comes by our own reading, so an idle queue costs next to nothing. */
#include "retry/state.h"

#include "retry/glance.h"

#include <stdlib.h>

struct looking {
    struct hb_retry *retry;
    size_t count;
    int shards[HB_GLANCE_SHARDS_MAX];
    unsigned epochs[HB_GLANCE_SHARDS_MAX];
};

static void glanced(void *user, enum hb_err err, struct hb_wall now, const struct hb_glimpse *glimpses)
{
    struct looking *looking = user;

    for (size_t i = 0; !err && i < looking->count; i++) {
        struct hb_retry_shard *shard = &looking->retry->shards[looking->shards[i]];
        if (!hb_shard_is_open(shard) || shard->epoch != looking->epochs[i] || shard->is_applying)
            continue;
        const struct hb_view_answer answer = {
            .gate = glimpses[i].gate, .head = glimpses[i].head, .now = now, .next_due = glimpses[i].next_due};
        if (hb_shard_check(shard, &answer))
            hb_claiming_due(shard, answer.next_due);
    }
    free(looking);
}

static void glance_node(struct hb_retry *retry, const struct hb_retry_node *node)
{
    struct hb_view *views[HB_GLANCE_SHARDS_MAX];
    struct looking *looking = malloc(sizeof(*looking));

    if (!looking)
        return;
    looking->retry = retry;
    looking->count = 0;
    for (int i = 0; i < HB_SHARDS; i++) {
        struct hb_retry_shard *shard = &retry->shards[i];
        if (shard->node != node || !hb_shard_is_open(shard) || shard->is_applying)
            continue;
        views[looking->count] = shard->view;
        looking->shards[looking->count] = i;
        looking->epochs[looking->count++] = shard->epoch;
    }
    if (looking->count == 0 || hb_glance(views, looking->count, glanced, looking))
        free(looking);
}

void hb_glancing_run(struct hb_retry *retry)
{
    for (int i = 0; i < retry->nodes_count; i++)
        if (retry->nodes[i].is_fit)
            glance_node(retry, &retry->nodes[i]);
}
