/* Job: what the two files of administration share.
 *
 * Place: private. kafka_admin.c is the handle and what changes the cluster, kafka_admin_queries.c what only asks.
 * Threads: one. */
#ifndef PLATFORM_KAFKA_KAFKA_ADMIN_INTERNAL_H
#define PLATFORM_KAFKA_KAFKA_ADMIN_INTERNAL_H

#include "platform/kafka/kafka_internal.h"

struct hb_kafka_admin {
    rd_kafka_t *rk;
    rd_kafka_queue_t *queue;      /* answers of the admin calls */
    char last[HB_KAFKA_TEXT_MAX]; /* what a connection said last */
};

/* Fills reterr: what was asked, the library's words, and, if no broker answers, why. Returns the code. */
enum hb_err hb_kafka_admin_fail(struct hb_kafka_admin *admin, rd_kafka_resp_err_t err, const char *what,
                                const char *text, struct hb_error *reterr);
/* The options of one call with its limit. */
rd_kafka_AdminOptions_t *hb_kafka_admin_options(struct hb_kafka_admin *admin, rd_kafka_admin_op_t op, int timeout_ms);
/* Waits for the answer to the one call under way. NULL: an error, in reterr and ret_err. */
rd_kafka_event_t *hb_kafka_admin_answer(struct hb_kafka_admin *admin, int timeout_ms, const char *what,
                                        enum hb_err *ret_err, struct hb_error *reterr);
/* Every setting of a topic, one call. */
typedef void hb_kafka_setting_fn(void *user, const char *name, const char *value);
HB_MUST_USE enum hb_err hb_kafka_admin_settings(struct hb_kafka_admin *admin, const char *topic, int timeout_ms,
                                                hb_kafka_setting_fn *each, void *user, struct hb_error *reterr);

#endif
