#include "platform/kafka/kafka.h"

#define MURMUR2_SEED UINT32_C(0x9747b28c)
#define MURMUR2_M UINT32_C(0x5bd1e995)
#define MURMUR2_R 24

static uint32_t read_le32(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* As org.apache.kafka.common.utils.Utils.murmur2: 32 bits, the same seed. */
static uint32_t murmur2(struct hb_str key)
{
    const unsigned char *p = (const unsigned char *)key.ptr;
    size_t left = key.len;
    uint32_t hash = MURMUR2_SEED ^ (uint32_t)key.len;

    for (; left >= 4; left -= 4, p += 4) {
        uint32_t k = read_le32(p) * MURMUR2_M;
        k ^= k >> MURMUR2_R;
        hash = hash * MURMUR2_M ^ k * MURMUR2_M;
    }
    if (left > 2)
        hash ^= (uint32_t)p[2] << 16;
    if (left > 1)
        hash ^= (uint32_t)p[1] << 8;
    if (left > 0)
        hash = (hash ^ p[0]) * MURMUR2_M;
    hash ^= hash >> 13;
    hash *= MURMUR2_M;
    return hash ^ hash >> 15;
}

int32_t hb_kafka_partition_of(struct hb_str key, int32_t count)
{
    HB_ASSERT(count > 0);
    return (int32_t)((murmur2(key) & UINT32_C(0x7fffffff)) % (uint32_t)count);
}
