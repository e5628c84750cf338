#include "platform/kafka/kafka_consumer.h"

#include <stdlib.h>

struct hb_kafka_membership {
    rd_kafka_consumer_group_metadata_t *metadata;
};

enum hb_err hb_kafka_consumer_membership(struct hb_kafka_consumer *consumer,
                                         struct hb_kafka_membership **ret_membership)
{
    struct hb_kafka_membership *membership = calloc(1, sizeof *membership);

    if (!membership)
        return HB_ERR_MEMORY;
    membership->metadata = consumer->rk ? rd_kafka_consumer_group_metadata(consumer->rk) : NULL;
    if (!membership->metadata) {
        free(membership);
        return HB_ERR_CLOSED;
    }
    *ret_membership = membership;
    return HB_OK;
}

void hb_kafka_membership_free(struct hb_kafka_membership **membership)
{
    if (!*membership)
        return;
    rd_kafka_consumer_group_metadata_destroy((*membership)->metadata);
    free(*membership);
    *membership = NULL;
}

const rd_kafka_consumer_group_metadata_t *hb_kafka_membership_metadata(const struct hb_kafka_membership *membership)
{
    return membership->metadata;
}

int64_t hb_kafka_consumer_behind(const struct hb_kafka_consumer *consumer)
{
    int64_t behind = 0;

    for (size_t i = 0; consumer->rk && i < consumer->ours_count; i++) {
        const struct hb_kafka_partition *p = &consumer->ours[i];
        const struct hb_kafka_slot *slot = hb_kafka_consumer_slot(consumer, p->topic, p->partition);
        int64_t low = 0, high = p->high;
        rd_kafka_resp_err_t err = rd_kafka_get_watermark_offsets(
            consumer->rk, hb_kafka_index_name(&consumer->topics, p->topic), p->partition, &low, &high);
        if (err || high < p->high) /* not known yet */
            high = p->high;
        if (!slot->at.is_refused && high > slot->next)
            behind += high - slot->next;
    }
    return behind;
}
