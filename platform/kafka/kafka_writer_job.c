#include "platform/kafka/kafka_writer_job.h"

#include <stdio.h>

#define MEET_MS 300 /* for the topic's leaders, before the first record; Kafka away shows itself later */

/* Everything queued is told before the instance goes, so that no report finds its array gone. */
void hb_kafka_writer_job_drop(struct hb_kafka_writer_job *job)
{
    if (!job->rk)
        return;
    job->offsets = NULL;
    rd_kafka_purge(job->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_poll(job->rk, 0);
    rd_kafka_destroy(job->rk);
    job->rk = NULL;
    job->is_met = false;
}

static void set_outcome(struct hb_kafka_outcome *outcome, enum hb_err err, const char *what, const char *text)
{
    outcome->err = err;
    int length = snprintf(outcome->text, sizeof outcome->text, "%s: %s", what, text); /* cut at its limit */
    HB_ASSERT(length >= 0);
}

/* The code that decides: a fatal error of the instance hides behind others. */
static enum hb_err err_of(rd_kafka_t *rk, rd_kafka_error_t *error)
{
    char text[HB_KAFKA_TEXT_MAX];
    rd_kafka_resp_err_t fatal = rd_kafka_fatal_error(rk, text, sizeof text);
    enum hb_err err = hb_kafka_err_of(rd_kafka_error_code(error));
    enum hb_err fatal_err = fatal ? hb_kafka_err_of(fatal) : HB_OK;

    if (err == HB_ERR_FENCED || fatal_err == HB_ERR_FENCED)
        return HB_ERR_FENCED;
    return fatal_err ? fatal_err : err;
}

/* Takes the error. True when there was one. */
static bool failed(struct hb_kafka_writer_job *job, rd_kafka_error_t *take_error, const char *what,
                   struct hb_kafka_outcome *outcome)
{
    if (!take_error)
        return false;
    set_outcome(outcome, err_of(job->rk, take_error), what, rd_kafka_error_string(take_error));
    rd_kafka_error_destroy(take_error);
    return true;
}

void hb_kafka_writer_job_take(struct hb_kafka_writer_job *job, rd_kafka_conf_t *take_conf,
                              struct hb_kafka_outcome *ret_outcome)
{
    char text[HB_KAFKA_TEXT_MAX];

    *ret_outcome = (struct hb_kafka_outcome){.err = HB_OK};
    hb_kafka_writer_job_drop(job);
    job->rk = rd_kafka_new(RD_KAFKA_PRODUCER, take_conf, text, sizeof text);
    if (!job->rk) {
        rd_kafka_conf_destroy(take_conf);
        set_outcome(ret_outcome, HB_ERR_CONFIG, "transactional producer", text);
        return;
    }
    if (failed(job, rd_kafka_init_transactions(job->rk, job->limit_ms), "taking the writer's id", ret_outcome))
        hb_kafka_writer_job_drop(job);
}

/* A record's opaque is the place of its offset. */
void hb_kafka_writer_job_on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *rkm, void *opaque)
{
    struct hb_kafka_writer_job *job = opaque;
    int64_t *place = rkm->_private;

    (void)rk;
    if (!job->offsets) /* given up */
        return;
    job->unacknowledged--;
    *place = rkm->offset;
    if (rkm->err && !job->first_error)
        job->first_error = rkm->err;
}

/* Nothing of this transaction will ever be seen: it was not committed. */
static void abandon(struct hb_kafka_writer_job *job, struct hb_kafka_outcome *outcome)
{
    rd_kafka_error_t *error;

    if (outcome->err == HB_ERR_FENCED || outcome->err == HB_ERR_FATAL) {
        hb_kafka_writer_job_drop(job);
        return;
    }
    error = rd_kafka_abort_transaction(job->rk, job->limit_ms);
    job->offsets = NULL;
    if (!error)
        return;
    if (err_of(job->rk, error) == HB_ERR_FENCED)
        outcome->err = HB_ERR_FENCED;
    rd_kafka_error_destroy(error);
    hb_kafka_writer_job_drop(job);
}

/* A topic first named while no connection is up is asked for a whole second later; here waiting is allowed. */
static void meet(struct hb_kafka_writer_job *job, const char *topic)
{
    const rd_kafka_metadata_t *metadata;
    rd_kafka_topic_t *handle = job->is_met ? NULL : rd_kafka_topic_new(job->rk, topic, NULL);

    job->is_met = true;
    if (!handle)
        return;
    if (!rd_kafka_metadata(job->rk, 0, handle, &metadata, MEET_MS))
        rd_kafka_metadata_destroy(metadata);
    rd_kafka_topic_destroy(handle);
}

static bool queue_all(struct hb_kafka_writer_job *job, const struct hb_kafka_record *records, size_t count,
                      struct hb_kafka_outcome *outcome)
{
    if (count)
        meet(job, records[0].topic);
    for (size_t i = 0; i < count; i++) {
        rd_kafka_resp_err_t err = hb_kafka_queue_record(job->rk, NULL, &records[i], &job->offsets[i]);
        if (err) {
            set_outcome(outcome, hb_kafka_err_of_produce(err), "writing a record", rd_kafka_err2str(err));
            return false;
        }
        job->unacknowledged++;
    }
    return true;
}

/* Why the records could not be delivered, when the delivery reports are not good. */
static bool deliver_all(struct hb_kafka_writer_job *job, struct hb_kafka_outcome *outcome)
{
    char text[HB_KAFKA_TEXT_MAX];
    rd_kafka_resp_err_t fatal;

    rd_kafka_flush(job->rk, job->limit_ms);
    fatal = rd_kafka_fatal_error(job->rk, text, sizeof text);
    if (fatal) {
        set_outcome(outcome, hb_kafka_err_of(fatal), "writing", text);
    } else if (job->first_error) {
        set_outcome(outcome, hb_kafka_err_of(job->first_error), "writing a record", rd_kafka_err2str(job->first_error));
        if (job->first_error == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT)
            outcome->err = HB_ERR_AWAY;
    } else if (job->unacknowledged) {
        set_outcome(outcome, HB_ERR_AWAY, "writing", "not acknowledged within the limit");
    }
    return outcome->err == HB_OK;
}

/* Again while the library says that again may help, until the limit. NULL: committed. */
static rd_kafka_error_t *try_commit(struct hb_kafka_writer_job *job)
{
    int64_t deadline = hb_kafka_clock_ms() + job->limit_ms;
    rd_kafka_error_t *error = NULL;
    int64_t left = job->limit_ms;

    do {
        if (error)
            rd_kafka_error_destroy(error);
        error = rd_kafka_commit_transaction(job->rk, (int)left);
        left = deadline - hb_kafka_clock_ms();
    } while (error && rd_kafka_error_is_retriable(error) && left > 0);
    return error;
}

static void commit(struct hb_kafka_writer_job *job, struct hb_kafka_outcome *outcome)
{
    rd_kafka_error_t *error = try_commit(job);
    bool may_abort = error && rd_kafka_error_txn_requires_abort(error);

    if (!failed(job, error, "committing", outcome))
        return;
    if (may_abort) {
        abandon(job, outcome);
        return;
    }
    /* The request may have arrived: only a new instance and a look at the topic can tell. Fenced: it was refused. */
    outcome->is_unknown = outcome->err != HB_ERR_FENCED;
    hb_kafka_writer_job_drop(job);
}

/* False: refused or not possible. A membership that is over is no reason to give up the instance: the transaction is
 * aborted, so that no reader waits for its end. */
static bool send_offsets(struct hb_kafka_writer_job *job, const struct hb_kafka_writer_work *work,
                         struct hb_kafka_outcome *outcome)
{
    int64_t deadline = hb_kafka_clock_ms() + job->limit_ms;
    rd_kafka_error_t *error = NULL;
    bool is_retriable;

    do {
        error = rd_kafka_send_offsets_to_transaction(job->rk, work->group_offsets, work->membership, job->limit_ms);
        is_retriable = error && rd_kafka_error_is_retriable(error) && hb_kafka_clock_ms() < deadline;
        if (is_retriable)
            rd_kafka_error_destroy(error);
    } while (is_retriable);
    bool may_abort = error && rd_kafka_error_txn_requires_abort(error);
    if (!failed(job, error, "writing the group's offsets", outcome))
        return true;
    if (may_abort && (outcome->err == HB_ERR_FENCED || outcome->err == HB_ERR_FATAL)) {
        struct hb_kafka_outcome aborted = {.err = HB_OK};
        abandon(job, &aborted);
        outcome->err = HB_ERR_FENCED;
    } else {
        abandon(job, outcome);
    }
    return false;
}

void hb_kafka_writer_job_write(struct hb_kafka_writer_job *job, const struct hb_kafka_writer_work *work,
                               struct hb_kafka_outcome *ret_outcome)
{
    *ret_outcome = (struct hb_kafka_outcome){.err = HB_OK};
    if (!job->rk) {
        set_outcome(ret_outcome, HB_ERR_FENCED, "writing", "the writer's id is not taken");
        return;
    }
    job->offsets = work->offsets;
    job->unacknowledged = 0;
    job->first_error = RD_KAFKA_RESP_ERR_NO_ERROR;
    if (failed(job, rd_kafka_begin_transaction(job->rk), "beginning", ret_outcome))
        hb_kafka_writer_job_drop(job);
    else if (!queue_all(job, work->records, work->count, ret_outcome) || !deliver_all(job, ret_outcome))
        abandon(job, ret_outcome);
    else if (!work->group_offsets || send_offsets(job, work, ret_outcome))
        commit(job, ret_outcome);
    job->offsets = NULL;
}
