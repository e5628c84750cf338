/* What was deleted thirty days ago is forgotten, and inventory of what no product event told about for as long: a
 * tombstone, by whoever owns its partition. */
#include "catalog/session.h"

#include "core/catalog_merge.h"
#include "core/catalog_record.h"
#include "platform/kafka/kafka.h"

#include <stdlib.h>

#define SWEEP_MAX 500 /* of a partition at a time; the rest with the next minute */

/* Of a partial product the clock is that of the product events: one that waits to be read makes it whole, and must not
 * find its inventory gone because the worker was away for a month. */
static struct hb_wall time_for(const struct hb_session *session, int32_t partition, enum hb_catalog_state state)
{
    const struct hb_wall now = session->options->catalog->wall(), told = session->told_until[partition];
    return state == HB_CATALOG_PARTIAL && told.ms < now.ms ? told : now;
}

static void sweep_one(struct hb_session *session, struct hb_str key, int32_t partition)
{
    struct hb_catalog_product product;
    const struct hb_batch_record record = {.partition = partition, .key = key};
    /* As it is with all that was merged since: it may have come back. */
    if (!hb_merging_find(session, key, &product) ||
        !hb_catalog_is_over(&product, time_for(session, partition, product.state)))
        return;
    if (hb_batch_put(session->filling, &record, NULL, session->options->catalog->now()))
        hb_session_fail(session, HB_ERR_MEMORY, "a product cannot be forgotten", NULL);
    else
        hb_metric_add(session->options->catalog->metrics, HB_METRIC_CATALOG_SWEPT, 1);
}

static void sweep_partition(struct hb_session *session, int32_t partition, struct hb_state_key *keys)
{
    const struct hb_state_idle idle = {
        .partition = partition,
        .deleted = {time_for(session, partition, HB_CATALOG_DELETED).ms - HB_CATALOG_KEPT_MS},
        .partial = {time_for(session, partition, HB_CATALOG_PARTIAL).ms - HB_CATALOG_KEPT_MS}};
    size_t count = 0;
    enum hb_err err = hb_state_file_idle(session->file, &idle, keys, SWEEP_MAX, &count);
    if (err)
        hb_session_fail(session, err, "the state file cannot be read", hb_state_file_trouble(session->file));
    for (size_t i = 0; !session->err && i < count; i++)
        sweep_one(session, hb_str_n(keys[i].key, keys[i].len), partition);
}

void hb_sweeping_run(struct hb_session *session)
{
    struct hb_state_key *keys = calloc(SWEEP_MAX, sizeof(*keys));
    if (!keys) /* the next minute comes */
        return;
    for (int32_t p = 0; !session->err && p < HB_CATALOG_PARTITIONS_MAX; p++)
        if (session->is_ours[p] && !session->is_stopped[p])
            sweep_partition(session, p, keys);
    free(keys);
}
