#include "platform/kafka/kafka_internal.h"

#include <stdio.h>

struct meaning {
    rd_kafka_resp_err_t theirs;
    enum hb_err ours;
};

/* What a code means whatever was asked; all others are HB_ERR_BROKER. */
static const struct meaning MEANINGS[] = {
    {RD_KAFKA_RESP_ERR__FATAL, HB_ERR_FATAL},
    {RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, HB_ERR_FATAL},
    {RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, HB_ERR_AWAY},
    {RD_KAFKA_RESP_ERR__TRANSPORT, HB_ERR_AWAY},
    {RD_KAFKA_RESP_ERR__RESOLVE, HB_ERR_AWAY},
    {RD_KAFKA_RESP_ERR__WAIT_COORD, HB_ERR_AWAY},
    {RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, HB_ERR_AWAY},
    {RD_KAFKA_RESP_ERR__TIMED_OUT, HB_ERR_AWAY},
    {RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE, HB_ERR_AWAY},
    {RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, HB_ERR_AWAY},
    {RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, HB_ERR_AWAY},
    {RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, HB_ERR_AWAY},
    {RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED, HB_ERR_TIMEOUT},
    {RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, HB_ERR_NOT_FOUND},
    {RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, HB_ERR_NOT_FOUND},
    {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, HB_ERR_NOT_FOUND},
    {RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, HB_ERR_NOT_FOUND},
    {RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, HB_ERR_NOT_FOUND},
    {RD_KAFKA_RESP_ERR__AUTHENTICATION, HB_ERR_DENIED},
    {RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, HB_ERR_DENIED},
    {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, HB_ERR_DENIED},
    {RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, HB_ERR_DENIED},
    {RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, HB_ERR_DENIED},
    {RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, HB_ERR_DENIED},
    {RD_KAFKA_RESP_ERR__FENCED, HB_ERR_FENCED},
    {RD_KAFKA_RESP_ERR_PRODUCER_FENCED, HB_ERR_FENCED},
    {RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, HB_ERR_FENCED},
    {RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, HB_ERR_FENCED},
    {RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, HB_ERR_FENCED},
    {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, HB_ERR_TOO_LARGE},
    {RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE, HB_ERR_TOO_LARGE},
    {RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE, HB_ERR_TOO_LARGE},
    {RD_KAFKA_RESP_ERR__QUEUE_FULL, HB_ERR_FULL},
};

enum hb_err hb_kafka_err_of(rd_kafka_resp_err_t err)
{
    if (err == RD_KAFKA_RESP_ERR_NO_ERROR)
        return HB_OK;
    for (size_t i = 0; i < sizeof MEANINGS / sizeof *MEANINGS; i++)
        if (MEANINGS[i].theirs == err)
            return MEANINGS[i].ours;
    return HB_ERR_BROKER;
}

enum hb_err hb_kafka_err_of_produce(rd_kafka_resp_err_t err)
{
    enum hb_err ours;

    /* The limit on a record's life, and what our own _free gave up. */
    if (err == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT || err == RD_KAFKA_RESP_ERR__PURGE_QUEUE ||
        err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT)
        return HB_ERR_TIMEOUT;
    ours = hb_kafka_err_of(err);
    if (ours == HB_ERR_FENCED) /* this producer's epoch is over */
        return HB_ERR_FATAL;
    if (ours == HB_ERR_NOT_FOUND || ours == HB_ERR_AWAY)
        return HB_ERR_BROKER;
    return ours;
}

/* The fatal error behind a report, if there is one. */
static bool find_fatal(rd_kafka_t *rk, char *text, size_t text_bytes)
{
    return rd_kafka_fatal_error(rk, text, text_bytes) != RD_KAFKA_RESP_ERR_NO_ERROR;
}

static void tell_fatal(struct hb_kafka_trouble *trouble, const char *text)
{
    if (trouble->is_fatal_told)
        return;
    trouble->is_fatal_told = true;
    trouble->error(trouble->user, HB_ERR_FATAL, -1, -1, text);
}

void hb_kafka_trouble_client(struct hb_kafka_trouble *trouble, rd_kafka_t *rk, rd_kafka_resp_err_t err,
                             const char *reason)
{
    char text[HB_KAFKA_TEXT_MAX];
    char both[2 * HB_KAFKA_TEXT_MAX + 4];

    if (find_fatal(rk, text, sizeof text)) {
        tell_fatal(trouble, text);
        return;
    }
    if (err == RD_KAFKA_RESP_ERR__TRANSPORT || err == RD_KAFKA_RESP_ERR__RESOLVE) {
        /* One connection of several: no trouble yet, but the cause if all are gone. */
        snprintf(trouble->last, sizeof trouble->last, "%s", reason);
        return;
    }
    if (err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
        snprintf(both, sizeof both, "%s%s%s", reason, *trouble->last ? ": " : "", trouble->last);
        trouble->error(trouble->user, HB_ERR_AWAY, -1, -1, both);
        return;
    }
    trouble->error(trouble->user, hb_kafka_err_of(err), -1, -1, reason);
}

void hb_kafka_trouble_message(struct hb_kafka_trouble *trouble, rd_kafka_t *rk, const rd_kafka_message_t *rkm,
                              int topic)
{
    char text[HB_KAFKA_TEXT_MAX];
    const char *reason = rd_kafka_message_errstr(rkm);
    enum hb_err err = hb_kafka_err_of(rkm->err);

    if (find_fatal(rk, text, sizeof text)) {
        tell_fatal(trouble, text);
        return;
    }
    if (rkm->err == RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED || topic < 0)
        trouble->error(trouble->user, err, topic, -1, reason);
    else
        trouble->error(trouble->user, err, topic, rkm->partition, reason);
}
