/* Job: makes the state file say what the topic `catalog` says, for partitions that have just become ours.
 *
 * Place: catalog/members.c, before anything of these partitions is merged. Reads committed records from where the file
 * stands to the end that the topic has now, the end of all records, decided or not: what a former owner had committed
 * before the group's offsets were asked for stands below that. So it may have to wait until a transaction of an owner
 * that died is aborted. A partition of the file that is older than tombstones are kept, or is ahead of the topic, is
 * read from the beginning. Owns / borrows: options are borrowed. Fails: HB_ERR_CLOSED (asked to stop), HB_ERR_VERSION
 * (a record of a newer hookbus; nothing of these partitions may be merged), Kafka's and the file's. Threads: one; it
 * blocks. */
#ifndef CATALOG_RESTORE_H
#define CATALOG_RESTORE_H

#include "catalog/state_file.h"
#include "platform/kafka/kafka.h"

struct hb_restore_options {
    struct hb_kafka_cluster cluster;
    const char *topic; /* its full name */
    struct hb_state_file *file;
    const int32_t *partitions;
    size_t partitions_count;
    bool (*is_over)(void *user); /* asked several times a second: true ends it */
    void (*progress)(void *user, int percent);
    /* A record that is none of ours. */
    void (*foreign)(void *user, const struct hb_kafka_message *message, const char *problem);
    struct hb_wall (*wall)(void);
    void *user;
};
/* ret_records: so many were read; ret_anew: so many partitions of a file that had them were read from the beginning. */
HB_MUST_USE enum hb_err hb_restore_run(const struct hb_restore_options *options, uint64_t *ret_records,
                                       size_t *ret_anew, struct hb_error *reterr);

#endif
