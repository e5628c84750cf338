#include "platform/kafka/kafka_internal.h"

#include <stdlib.h>

enum hb_err hb_kafka_index_open(struct hb_kafka_index *index, rd_kafka_t *rk, const char *const *topics, size_t count)
{
    index->count = 0;
    index->handles = calloc(count ? count : 1, sizeof(rd_kafka_topic_t *));
    if (!index->handles)
        return HB_ERR_MEMORY;
    for (; index->count < count; index->count++) {
        index->handles[index->count] = rd_kafka_topic_new(rk, topics[index->count], NULL);
        if (!index->handles[index->count])
            return HB_ERR_CONFIG;
    }
    return HB_OK;
}

void hb_kafka_index_close(struct hb_kafka_index *index)
{
    for (size_t i = 0; i < index->count; i++)
        rd_kafka_topic_destroy(index->handles[i]);
    free(index->handles);
    *index = (struct hb_kafka_index){NULL, 0};
}

int hb_kafka_index_find_name(const struct hb_kafka_index *index, const char *name)
{
    for (size_t i = 0; i < index->count; i++)
        if (strcmp(rd_kafka_topic_name(index->handles[i]), name) == 0)
            return (int)i;
    return -1;
}

int hb_kafka_index_find(const struct hb_kafka_index *index, const rd_kafka_topic_t *handle)
{
    for (size_t i = 0; i < index->count; i++)
        if (index->handles[i] == handle)
            return (int)i;
    return handle ? hb_kafka_index_find_name(index, rd_kafka_topic_name(handle)) : -1;
}

const char *hb_kafka_index_name(const struct hb_kafka_index *index, int topic)
{
    HB_ASSERT(topic >= 0 && (size_t)topic < index->count);
    return rd_kafka_topic_name(index->handles[topic]);
}
