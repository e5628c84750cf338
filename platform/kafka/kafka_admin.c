#include "platform/kafka/kafka_admin_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define LOOK_AGAIN_NS 20000000L /* between two looks whether a new topic has its leaders */

static void on_error(rd_kafka_t *rk, int err, const char *reason, void *opaque)
{
    struct hb_kafka_admin *admin = opaque;

    (void)rk;
    if (err != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) /* says less than what came before it */
        snprintf(admin->last, sizeof admin->last, "%s", reason);
}

enum hb_err hb_kafka_admin_new(const struct hb_kafka_cluster *cluster, struct hb_kafka_admin **ret_admin,
                               struct hb_error *reterr)
{
    struct hb_kafka_admin *admin = calloc(1, sizeof *admin);
    struct hb_kafka_config config;
    enum hb_err err;

    if (!admin)
        return hb_fail(reterr, HB_ERR_MEMORY, "out of memory for Kafka administration");
    hb_kafka_config_open(&config, cluster, reterr);
    /* A consumer's handle: a producer's would create topics by asking for them. It has no group. */
    hb_kafka_config_set(&config, "allow.auto.create.topics", "false");
    rd_kafka_conf_set_opaque(config.conf, admin);
    rd_kafka_conf_set_error_cb(config.conf, on_error);
    err = hb_kafka_config_start(&config, RD_KAFKA_CONSUMER, &admin->rk);
    if (err) {
        free(admin);
        return err;
    }
    admin->queue = rd_kafka_queue_new(admin->rk);
    *ret_admin = admin;
    return HB_OK;
}

void hb_kafka_admin_free(struct hb_kafka_admin **admin_ptr)
{
    struct hb_kafka_admin *admin = *admin_ptr;

    *admin_ptr = NULL;
    if (!admin)
        return;
    rd_kafka_queue_destroy(admin->queue);
    rd_kafka_destroy(admin->rk);
    free(admin);
}

enum hb_err hb_kafka_admin_fail(struct hb_kafka_admin *admin, rd_kafka_resp_err_t err, const char *what,
                                const char *text, struct hb_error *reterr)
{
    enum hb_err ours = hb_kafka_err_of(err);

    rd_kafka_poll(admin->rk, 0); /* the connections' own words */
    if (!text || !*text)
        text = rd_kafka_err2str(err);
    if (ours == HB_ERR_AWAY && *admin->last)
        return hb_fail(reterr, ours, "%s: Kafka cannot be reached (%s)", what, admin->last);
    return hb_fail(reterr, ours, "%s: %s", what, text);
}

rd_kafka_AdminOptions_t *hb_kafka_admin_options(struct hb_kafka_admin *admin, rd_kafka_admin_op_t op, int timeout_ms)
{
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(admin->rk, op);
    char text[HB_KAFKA_TEXT_MAX];

    (void)rd_kafka_AdminOptions_set_request_timeout(options, timeout_ms, text, sizeof text);
    if (op == RD_KAFKA_ADMIN_OP_CREATETOPICS || op == RD_KAFKA_ADMIN_OP_DELETETOPICS ||
        op == RD_KAFKA_ADMIN_OP_DELETERECORDS)
        (void)rd_kafka_AdminOptions_set_operation_timeout(options, timeout_ms, text, sizeof text);
    return options;
}

rd_kafka_event_t *hb_kafka_admin_answer(struct hb_kafka_admin *admin, int timeout_ms, const char *what,
                                        enum hb_err *ret_err, struct hb_error *reterr)
{
    /* The call ends by itself at its limit; a second more, so that its own words arrive. */
    rd_kafka_event_t *event = rd_kafka_queue_poll(admin->queue, timeout_ms + 1000);
    rd_kafka_resp_err_t err = event ? rd_kafka_event_error(event) : RD_KAFKA_RESP_ERR__TIMED_OUT;

    if (!err)
        return event;
    *ret_err = hb_kafka_admin_fail(admin, err, what, event ? rd_kafka_event_error_string(event) : NULL, reterr);
    if (event)
        rd_kafka_event_destroy(event);
    return NULL;
}

/* ---- topics ---- */

static rd_kafka_NewTopic_t *new_topic(const struct hb_kafka_topic_spec *spec, struct hb_error *reterr)
{
    char text[HB_KAFKA_TEXT_MAX];
    rd_kafka_NewTopic_t *topic =
        rd_kafka_NewTopic_new(spec->name, spec->partitions, spec->replication, text, sizeof text);

    if (!topic) {
        (void)hb_fail(reterr, HB_ERR_CONFIG, "topic %s: %s", spec->name, text);
        return NULL;
    }
    for (size_t i = 0; i < spec->settings_count; i++)
        (void)rd_kafka_NewTopic_set_config(topic, spec->settings[i].name, spec->settings[i].value);
    return topic;
}

static enum hb_err judge_created(struct hb_kafka_admin *admin, rd_kafka_event_t *event, int *ret_created,
                                 struct hb_error *reterr)
{
    size_t count;
    const rd_kafka_topic_result_t **results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
    enum hb_err err = HB_OK;

    for (size_t i = 0; i < count; i++) {
        rd_kafka_resp_err_t theirs = rd_kafka_topic_result_error(results[i]);
        if (!theirs)
            (*ret_created)++;
        else if (theirs != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS && !err)
            err = hb_kafka_admin_fail(admin, theirs, rd_kafka_topic_result_name(results[i]),
                                      rd_kafka_topic_result_error_string(results[i]), reterr);
    }
    return err;
}

/* A topic just made has no leaders for a moment, and whoever asks then is told that it does not exist. */
static enum hb_err wait_for_leaders(struct hb_kafka_admin *admin, const struct hb_kafka_topic_spec *topic,
                                    int64_t deadline, struct hb_error *reterr)
{
    const struct timespec again = {0, LOOK_AGAIN_NS};
    int partitions, replication;
    enum hb_err err;

    for (;;) {
        int64_t left = deadline - hb_kafka_clock_ms();
        err = hb_kafka_admin_topic(admin, topic->name, left > 1 ? (int)left : 1, &partitions, &replication, reterr);
        if (err == HB_OK || (err != HB_ERR_NOT_FOUND && err != HB_ERR_BROKER) || left <= 0)
            return err;
        nanosleep(&again, NULL);
    }
}

static rd_kafka_resp_err_t ask_all(struct hb_kafka_admin *admin, const struct hb_kafka_topic_spec *topic, int limit_ms)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(topic->partitions);
    rd_kafka_resp_err_t err;

    for (int i = 0; i < topic->partitions; i++)
        rd_kafka_topic_partition_list_add(list, topic->name, i)->offset = 0; /* the first record since 1970 */
    err = rd_kafka_offsets_for_times(admin->rk, list, limit_ms);
    for (int i = 0; !err && i < list->cnt; i++)
        err = list->elems[i].err;
    rd_kafka_topic_partition_list_destroy(list);
    return err;
}

/* The broker named as leader may not know it yet, and refuses; who meets that asks again half a second and more later. */
static void wait_for_answers(struct hb_kafka_admin *admin, const struct hb_kafka_topic_spec *topic, int64_t deadline)
{
    const struct timespec again = {0, LOOK_AGAIN_NS};
    int64_t left;

    while ((left = deadline - hb_kafka_clock_ms()) > 0) {
        rd_kafka_resp_err_t err = ask_all(admin, topic, (int)left);
        if (err != RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION && err != RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE &&
            err != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
            return;
        nanosleep(&again, NULL);
    }
}

static enum hb_err request_create(struct hb_kafka_admin *admin, rd_kafka_NewTopic_t **topics, size_t count,
                                  int timeout_ms, int *ret_created, struct hb_error *reterr)
{
    rd_kafka_AdminOptions_t *options = hb_kafka_admin_options(admin, RD_KAFKA_ADMIN_OP_CREATETOPICS, timeout_ms);
    rd_kafka_event_t *event;
    enum hb_err err = HB_OK;

    rd_kafka_CreateTopics(admin->rk, topics, count, options, admin->queue);
    rd_kafka_AdminOptions_destroy(options);
    event = hb_kafka_admin_answer(admin, timeout_ms, "creating topics", &err, reterr);
    if (!event)
        return err;
    err = judge_created(admin, event, ret_created, reterr);
    rd_kafka_event_destroy(event);
    return err;
}

enum hb_err hb_kafka_admin_create(struct hb_kafka_admin *admin, const struct hb_kafka_topic_spec *topics, size_t count,
                                  int timeout_ms, int *ret_created, struct hb_error *reterr)
{
    int64_t deadline = hb_kafka_clock_ms() + timeout_ms;
    rd_kafka_NewTopic_t **made = calloc(count ? count : 1, sizeof(rd_kafka_NewTopic_t *));
    enum hb_err err = HB_OK;
    size_t n = 0;

    *ret_created = 0;
    if (!made)
        return hb_fail(reterr, HB_ERR_MEMORY, "out of memory");
    while (n < count && (made[n] = new_topic(&topics[n], reterr)))
        n++;
    if (n < count)
        err = HB_ERR_CONFIG;
    else if (count)
        err = request_create(admin, made, count, timeout_ms, ret_created, reterr);
    rd_kafka_NewTopic_destroy_array(made, n);
    free(made);
    for (size_t i = 0; !err && i < count; i++)
        err = wait_for_leaders(admin, &topics[i], deadline, reterr);
    for (size_t i = 0; !err && *ret_created && i < count; i++)
        wait_for_answers(admin, &topics[i], deadline);
    return err;
}

enum hb_err hb_kafka_admin_delete(struct hb_kafka_admin *admin, const char *topic, int timeout_ms,
                                  struct hb_error *reterr)
{
    rd_kafka_AdminOptions_t *options = hb_kafka_admin_options(admin, RD_KAFKA_ADMIN_OP_DELETETOPICS, timeout_ms);
    rd_kafka_DeleteTopic_t *gone = rd_kafka_DeleteTopic_new(topic);
    const rd_kafka_topic_result_t **results;
    rd_kafka_event_t *event;
    rd_kafka_resp_err_t theirs;
    enum hb_err err = HB_OK;
    size_t count;

    rd_kafka_DeleteTopics(admin->rk, &gone, 1, options, admin->queue);
    rd_kafka_DeleteTopic_destroy(gone);
    rd_kafka_AdminOptions_destroy(options);
    event = hb_kafka_admin_answer(admin, timeout_ms, "deleting a topic", &err, reterr);
    if (!event)
        return err;
    results = rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event), &count);
    theirs = count ? rd_kafka_topic_result_error(results[0]) : RD_KAFKA_RESP_ERR_NO_ERROR;
    if (theirs)
        err = hb_kafka_admin_fail(admin, theirs, topic, rd_kafka_topic_result_error_string(results[0]), reterr);
    rd_kafka_event_destroy(event);
    return err;
}

enum hb_err hb_kafka_admin_delete_records(struct hb_kafka_admin *admin, const char *topic, int32_t partition,
                                          int64_t before, int timeout_ms, struct hb_error *reterr)
{
    rd_kafka_AdminOptions_t *options = hb_kafka_admin_options(admin, RD_KAFKA_ADMIN_OP_DELETERECORDS, timeout_ms);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    const rd_kafka_topic_partition_list_t *result;
    rd_kafka_DeleteRecords_t *gone;
    rd_kafka_event_t *event;
    enum hb_err err = HB_OK;

    rd_kafka_topic_partition_list_add(list, topic, partition)->offset = before;
    gone = rd_kafka_DeleteRecords_new(list);
    rd_kafka_DeleteRecords(admin->rk, &gone, 1, options, admin->queue);
    rd_kafka_DeleteRecords_destroy(gone);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_AdminOptions_destroy(options);
    event = hb_kafka_admin_answer(admin, timeout_ms, "deleting records", &err, reterr);
    if (!event)
        return err;
    result = rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event));
    if (result->cnt && result->elems[0].err)
        err = hb_kafka_admin_fail(admin, result->elems[0].err, "deleting records", NULL, reterr);
    rd_kafka_event_destroy(event);
    return err;
}
