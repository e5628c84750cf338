/* Job: one transactional producer and the two blocking things done with it.
 *
 * Place: private to the writer, runs on its thread; kafka_writer.c hands jobs in and outcomes out.
 * Owns / borrows: the work is borrowed for the call.
 * Fails: as struct hb_kafka_written. Limits: each call ends within about twice limit_ms. Threads: one. */
#ifndef PLATFORM_KAFKA_KAFKA_WRITER_JOB_H
#define PLATFORM_KAFKA_KAFKA_WRITER_JOB_H

#include "platform/kafka/kafka_internal.h"

struct hb_kafka_outcome {
    enum hb_err err;
    bool is_unknown;
    char text[HB_KAFKA_TEXT_MAX];
};

struct hb_kafka_writer_job {
    rd_kafka_t *rk; /* NULL: the id is not taken */
    int limit_ms;
    bool is_met; /* the first record's topic was asked for */
    /* Of the transaction under way. */
    int64_t *offsets;
    size_t unacknowledged;
    rd_kafka_resp_err_t first_error;
};

/* What one transaction is made of; the group's part is empty (NULL) for a plain one. */
struct hb_kafka_writer_work {
    const struct hb_kafka_record *records;
    size_t count;
    int64_t *offsets; /* of the records, written */
    const rd_kafka_consumer_group_metadata_t *membership;
    const rd_kafka_topic_partition_list_t *group_offsets;
};

/* A new instance takes the id; its predecessor is shut out. Takes conf. */
void hb_kafka_writer_job_take(struct hb_kafka_writer_job *job, rd_kafka_conf_t *take_conf,
                              struct hb_kafka_outcome *ret_outcome);
/* One transaction. After an error that ends the instance, rk is NULL. */
void hb_kafka_writer_job_write(struct hb_kafka_writer_job *job, const struct hb_kafka_writer_work *work,
                               struct hb_kafka_outcome *ret_outcome);
/* Ends the instance. */
void hb_kafka_writer_job_drop(struct hb_kafka_writer_job *job);
/* The delivery report callback for the configuration; its opaque is the job. */
void hb_kafka_writer_job_on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *rkm, void *opaque);

#endif
