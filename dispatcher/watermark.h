/* Job: remembers in the registry how far a group has settled, in case Kafka forgets its offsets.
 *
 * Kafka drops a group's offsets when nobody was there for a week. `group/<group>` says that the group existed,
 * `watermark/…` how far each partition had settled, a minute old at most. Written by whoever holds the partition,
 * read at assignment.
 * Threads: the loop's. Fails: quietly: it is a second line, and written again a minute later. */
#ifndef DISPATCHER_WATERMARK_H
#define DISPATCHER_WATERMARK_H

#include "dispatcher/partition.h"

struct hb_registry;

/* The watermark the registry remembers, or -1. */
int64_t hb_watermark_read(const struct hb_registry *registry, const char *group, const char *topic, int32_t partition);

struct hb_watermark_writer {
    struct hb_kafka_producer *producer;
    const char *registry_topic;
    const char *group;
    struct hb_wall now;
};
/* Notes that the group exists. */
void hb_watermark_write_group(const struct hb_watermark_writer *writer);
/* Notes a partition's watermark if it moved since. topic: its full name. */
void hb_watermark_write(const struct hb_watermark_writer *writer, const char *topic, struct hb_partition *partition);

#endif
