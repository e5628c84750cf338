#include "catalog/session.h"

#include "core/catalog_record.h"
#include "platform/loop/loop.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#define POLL_MAX ((size_t)500)
#define IDLE_WAIT_MS 1000
#define STEP_WAIT_MS 200
#define TAKE_AGAIN_MS 500
#define FREE_LIMIT_MS 5000
#define BROKERS_LIMIT_MS 1000
#define COMMIT_US (500 * HB_US_PER_MS)
#define SECOND_US (HB_MS_PER_S * HB_US_PER_MS)
#define SWEEP_US (60 * SECOND_US)
#define REFRESH_US (3600 * SECOND_US)
#define QUEUED_RECORDS 20000
#define QUEUED_KIB 65536
/* Restoring millions of products is done between two polls. */
#define MAX_POLL_INTERVAL_MS (30 * 60 * 1000)

/* ---- for the room ---- */

void hb_session_fail(struct hb_session *session, enum hb_err err, const char *what, const char *text)
{
    if (!session->err)
        session->err = hb_fail(session->reterr, err, "%s: %s", what, text ? text : hb_err_text(err));
}

void hb_session_note(struct hb_session *session, const struct hb_note *note)
{
    hb_notes_add(session->options->notes, note);
    hb_wake_send(session->options->wake);
}

bool hb_session_is_stopping(const struct hb_session *session)
{
    struct pollfd fd = {.fd = session->options->stop_fd, .events = POLLIN};
    return poll(&fd, 1, 0) > 0;
}

void hb_session_tell(struct hb_session *session)
{
    const char *trouble = NULL;
    if (session->is_away)
        trouble = "no Kafka broker can be reached: nothing is merged until one is back";
    else if (!session->has_assignment)
        trouble = "the catalog waits for its partitions";
    else if (session->refused[0])
        trouble = session->refused;
    hb_notes_set_trouble(session->options->notes, trouble);
}

void hb_session_refuse(struct hb_session *session, int topic, int32_t partition, const char *why)
{
    (void)snprintf(session->refused, sizeof(session->refused), "%s, partition %d, stands still: %s",
                   session->topics[topic], (int)partition, why);
    hb_session_tell(session);
}

/* ---- opening ---- */

static void name_topics(struct hb_session *session)
{
    struct hb_str prefix = hb_str_c(session->options->catalog->config->kafka_topic_prefix);
    (void)hb_topic_name(prefix, HB_TOPIC_EVENTS_PRODUCT, session->topics[HB_SESSION_PRODUCT]);
    (void)hb_topic_name(prefix, HB_TOPIC_EVENTS_INVENTORY, session->topics[HB_SESSION_INVENTORY]);
    (void)hb_topic_name(prefix, HB_TOPIC_CATALOG, session->catalog_topic);
    (void)snprintf(session->group, sizeof(session->group), "%.*scatalog", HB_ARG(prefix));
}

/* A file that is no good is made anew, once. */
static void open_file(struct hb_session *session)
{
    const struct hb_session_options *o = session->options;
    struct hb_error error = {HB_OK, ""};
    enum hb_err err = hb_state_file_open(o->catalog->state_path, o->source, &session->file, &error);
    if (err == HB_ERR_INVALID) {
        struct hb_note note = HB_NOTE(HB_LOG_CATALOG_ANEW);
        (void)snprintf(note.reason, sizeof(note.reason), "%s", error.text);
        hb_session_note(session, &note);
        hb_state_file_remove(o->catalog->state_path);
        err = hb_state_file_open(o->catalog->state_path, o->source, &session->file, &error);
    }
    if (err)
        hb_session_fail(session, err, o->catalog->state_path, error.text);
}

static void on_taken(void *user, const struct hb_kafka_written *written)
{
    struct hb_session *session = user;
    session->is_writing = false;
    if (written->err)
        hb_session_fail(session, written->err == HB_ERR_FATAL ? HB_ERR_BROKER : written->err,
                        "the catalog's writer cannot begin", written->text);
}

/* Takes the writer's id first: what a former process of this name left open is aborted by that. */
static void open_writer(struct hb_session *session)
{
    const struct hb_catalog_options *o = session->options->catalog;
    char id[2 * HB_TOPIC_NAME_MAX];
    (void)snprintf(id, sizeof(id), "%s-%s", session->group, o->worker);
    const struct hb_kafka_writer_options options = {.cluster = o->cluster,
                                                    .transactional_id = id,
                                                    .transaction_timeout_ms =
                                                        (int)o->config->catalog_transaction_timeout_ms};
    struct hb_error error = {HB_OK, ""};
    enum hb_err err = session->err ? session->err : hb_kafka_writer_new(&options, &session->writer, &error);
    err = err ? err : hb_kafka_writer_take(session->writer, on_taken, session);
    if (err) {
        hb_session_fail(session, err, "the catalog's writer", error.text);
        return;
    }
    session->is_writing = true;
    while (session->is_writing) {
        struct pollfd fd = {.fd = hb_kafka_writer_fd(session->writer), .events = POLLIN};
        (void)poll(&fd, 1, STEP_WAIT_MS);
        hb_kafka_writer_poll(session->writer);
        if (hb_session_is_stopping(session)) {
            hb_session_fail(session, HB_ERR_CLOSED, "the catalog", "asked to stop");
            return;
        }
    }
}

static void open_consumer(struct hb_session *session)
{
    const struct hb_catalog_options *o = session->options->catalog;
    const char *topics[HB_SESSION_TOPICS] = {session->topics[0], session->topics[1]};
    const struct hb_kafka_consumer_options options = {.cluster = o->cluster,
                                                      .group = session->group,
                                                      .instance = o->worker,
                                                      .topics = topics,
                                                      .topics_count = HB_SESSION_TOPICS,
                                                      .queued_records_min = QUEUED_RECORDS,
                                                      .queued_kib_max = QUEUED_KIB,
                                                      .commit_interval_ms = 1000, /* nothing is stored: it never commits */
                                                      .session_timeout_ms = (int)o->config->catalog_session_timeout_ms,
                                                      .max_poll_interval_ms = MAX_POLL_INTERVAL_MS,
                                                      .events = &hb_members_events,
                                                      .user = session};
    struct hb_error error = {HB_OK, ""};
    enum hb_err err = session->err ? session->err : hb_kafka_consumer_new(&options, &session->consumer, &error);
    if (err)
        hb_session_fail(session, err, "the catalog's consumer", error.text);
}

/* ---- turning ---- */

/* Kafka was away: is it back? */
static void look_for_brokers(struct hb_session *session)
{
    struct hb_kafka_admin *admin = NULL;
    int brokers = 0;
    if (!session->is_away)
        return;
    enum hb_err err = hb_kafka_admin_new(&session->options->catalog->cluster, &admin, NULL);
    err = err ? err : hb_kafka_admin_brokers(admin, BROKERS_LIMIT_MS, &brokers, NULL);
    session->is_away = err != HB_OK;
    hb_kafka_admin_free(&admin);
    hb_session_tell(session);
}

static void count(struct hb_session *session)
{
    struct hb_metrics *metrics = session->options->catalog->metrics;
    int64_t partial = 0;
    if (!hb_state_file_partial(session->file, &partial))
        hb_metric_set(metrics, HB_METRIC_CATALOG_PARTIAL, partial);
    hb_metric_set(metrics, HB_METRIC_CATALOG_BEHIND, hb_kafka_consumer_behind(session->consumer));
    hb_metric_set(metrics, HB_METRIC_CATALOG_PARTITIONS, (int64_t)session->ours);
}

/* A partition in which nothing happens is no older for it. */
static void refresh(struct hb_session *session)
{
    const struct hb_wall now = session->options->catalog->wall();
    for (int32_t p = 0; !session->err && p < HB_CATALOG_PARTITIONS_MAX; p++) {
        struct hb_wall at;
        int64_t next = HB_STATE_OFFSET_NONE;
        if (!session->is_ours[p])
            continue;
        enum hb_err err = hb_state_file_offset(session->file, p, &next, &at);
        if (!err && next != HB_STATE_OFFSET_NONE)
            err = hb_state_file_set_offset(session->file, p, next, now);
        if (err)
            hb_session_fail(session, err, "the state file", hb_state_file_trouble(session->file));
    }
}

static bool is_due(struct hb_mono *at, struct hb_mono now, int64_t every_us)
{
    if (now.us < at->us)
        return false;
    at->us = now.us + every_us;
    return true;
}

static void keep_house(struct hb_session *session)
{
    const struct hb_mono now = session->options->catalog->now();
    if (is_due(&session->refresh_at, now, REFRESH_US))
        refresh(session);
    if (is_due(&session->commit_at, now, COMMIT_US)) {
        enum hb_err err = hb_state_file_commit(session->file);
        if (err)
            hb_session_fail(session, err, "the state file cannot be written", hb_state_file_trouble(session->file));
    }
    if (is_due(&session->second_at, now, SECOND_US)) {
        look_for_brokers(session);
        count(session);
    }
    if (is_due(&session->sweep_at, now, SWEEP_US))
        hb_sweeping_run(session);
}

static int wait_ms(const struct hb_session *session)
{
    const struct hb_catalog_options *o = session->options->catalog;
    if (hb_batch_is_empty(session->filling) || session->is_writing)
        return IDLE_WAIT_MS;
    int64_t left_us = session->filling->since.us + o->config->catalog_linger_ms * HB_US_PER_MS - o->now().us;
    return left_us > 0 ? (int)(left_us / HB_US_PER_MS) + 1 : 0;
}

static void turn(struct hb_session *session)
{
    size_t room = 0;
    bool has_room = hb_writing_has_room(session, &room);
    struct pollfd fds[3] = {{.fd = session->options->stop_fd, .events = POLLIN},
                            {.fd = hb_kafka_writer_fd(session->writer), .events = POLLIN},
                            {.fd = has_room ? hb_kafka_consumer_fd(session->consumer) : -1, .events = POLLIN}};
    (void)poll(fds, 3, wait_ms(session));
    hb_kafka_writer_poll(session->writer);
    if (!session->err && has_room)
        (void)hb_kafka_consumer_poll(session->consumer, (int)(room < POLL_MAX ? room : POLL_MAX));
    if (!session->err)
        keep_house(session);
    if (!session->err)
        hb_writing_pump(session, false);
}

/* ---- the end ---- */

/* What was merged is written, if Kafka lets us; else it is merged again from where the offsets stand. */
static void finish(struct hb_session *session)
{
    if (session->err)
        return;
    hb_writing_wait(session);
    if (!session->err)
        hb_writing_pump(session, true);
    if (!session->err)
        hb_writing_wait(session);
    if (!session->err && hb_state_file_commit(session->file))
        hb_session_fail(session, HB_ERR_IO, "the state file cannot be written", hb_state_file_trouble(session->file));
    hb_session_fail(session, HB_ERR_CLOSED, "the catalog", "asked to stop");
}

static void free_session(struct hb_session *session)
{
    hb_kafka_consumer_free(&session->consumer, FREE_LIMIT_MS);
    hb_kafka_writer_free(&session->writer);
    hb_kafka_membership_free(&session->membership);
    hb_state_file_free(&session->file);
    hb_batch_clear(&session->batches[0]);
    hb_batch_clear(&session->batches[1]);
    hb_buf_deinit(&session->current);
    hb_buf_deinit(&session->scratch);
    hb_buf_deinit(&session->value);
    hb_metric_set(session->options->catalog->metrics, HB_METRIC_CATALOG_PARTITIONS, 0);
    free(session);
}

enum hb_err hb_session_run(const struct hb_session_options *options, bool *ret_was_good, struct hb_error *reterr)
{
    struct hb_session *session = calloc(1, sizeof(*session));
    *ret_was_good = false;
    if (!session)
        return hb_fail(reterr, HB_ERR_MEMORY, "no memory for the catalog");
    session->options = options;
    session->reterr = reterr;
    session->filling = &session->batches[0];
    session->writing = &session->batches[1];
    session->current = hb_buf_make(HB_CATALOG_VALUE_MAX);
    session->scratch = hb_buf_make(HB_CATALOG_SCRATCH_MAX);
    session->value = hb_buf_make(HB_CATALOG_VALUE_MAX);
    name_topics(session);
    open_file(session);
    open_writer(session);
    open_consumer(session);
    if (!session->err)
        hb_session_tell(session);
    while (!session->err && !hb_session_is_stopping(session))
        turn(session);
    finish(session);
    enum hb_err err = session->err;
    *ret_was_good = session->is_good;
    free_session(session);
    if (err == HB_ERR_INVALID) /* SQLite, or we, found it damaged */
        hb_state_file_remove(options->catalog->state_path);
    return err;
}
