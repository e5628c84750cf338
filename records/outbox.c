#include "records/outbox.h"

#include "platform/loop/loop.h"

#include <stdlib.h>

#define LINGER_MS 2
#define RECORDS_MAX 20000
#define ACKS_A_TURN 512

struct hb_outbox {
    struct hb_loop *loop;
    struct hb_kafka_producer *producer;
    struct hb_watch *watch;
    struct hb_lines *lines;
    struct hb_journal *journal;
    const struct hb_outbox_listener *listeners[HB_OUTBOX_LISTENERS_MAX];
    size_t listeners_count;
};

void hb_outbox_listen(struct hb_outbox *outbox, const struct hb_outbox_listener *listener)
{
    HB_ASSERT(outbox->listeners_count < HB_OUTBOX_LISTENERS_MAX);
    outbox->listeners[outbox->listeners_count++] = listener;
}

void hb_outbox_unlisten(struct hb_outbox *outbox, const struct hb_outbox_listener *listener)
{
    for (size_t i = 0; i < outbox->listeners_count; i++)
        if (outbox->listeners[i] == listener)
            outbox->listeners[i] = outbox->listeners[--outbox->listeners_count];
}

static void refused(struct hb_outbox *outbox, const char *what, enum hb_err err, const char *text)
{
    for (size_t i = 0; i < outbox->listeners_count; i++)
        if (outbox->listeners[i]->refused)
            outbox->listeners[i]->refused(outbox->listeners[i]->user, what, err, text ? text : "");
}

static void history_refused(void *user, enum hb_err err, const char *text)
{
    refused(user, "history", err, text);
}

static void journal_refused(void *user, enum hb_err err, const char *text)
{
    refused(user, "journal", err, text);
}

void hb_outbox_poll(struct hb_outbox *outbox)
{
    if (!outbox->producer)
        return;
    while (hb_kafka_producer_poll(outbox->producer, ACKS_A_TURN) == ACKS_A_TURN)
        ;
    for (size_t i = 0; i < outbox->listeners_count; i++)
        if (outbox->listeners[i]->moved)
            outbox->listeners[i]->moved(outbox->listeners[i]->user);
}

static void producer_ready(void *user, int events)
{
    (void)events;
    hb_outbox_poll(user);
}

struct hb_lines *hb_outbox_lines(struct hb_outbox *outbox)
{
    HB_ASSERT(outbox->lines);
    return outbox->lines;
}

struct hb_journal *hb_outbox_journal(struct hb_outbox *outbox)
{
    HB_ASSERT(outbox->journal);
    return outbox->journal;
}

struct hb_kafka_producer *hb_outbox_producer(struct hb_outbox *outbox)
{
    return outbox->producer;
}

bool hb_outbox_is_congested(const struct hb_outbox *outbox)
{
    return !outbox->producer || hb_lines_is_congested(outbox->lines) || hb_journal_is_congested(outbox->journal);
}

size_t hb_outbox_waiting(const struct hb_outbox *outbox)
{
    return outbox->producer ? hb_lines_waiting(outbox->lines) + hb_journal_waiting(outbox->journal) : 0;
}

void hb_outbox_flush(struct hb_outbox *outbox, int timeout_ms)
{
    if (!outbox->producer)
        return;
    hb_lines_flush(outbox->lines);
    if (timeout_ms > 0)
        (void)hb_kafka_producer_flush(outbox->producer, timeout_ms);
}

void hb_outbox_end(struct hb_outbox *outbox, int timeout_ms)
{
    if (!outbox->producer)
        return;
    if (outbox->lines)
        hb_outbox_flush(outbox, timeout_ms);
    hb_watch_free(&outbox->watch);
    hb_kafka_producer_free(&outbox->producer, 0);
    hb_lines_free(&outbox->lines);
    hb_journal_free(&outbox->journal);
}

void hb_outbox_free(struct hb_outbox **outbox)
{
    if (!*outbox)
        return;
    hb_outbox_end(*outbox, 0);
    free(*outbox);
    *outbox = NULL;
}

static enum hb_err make_producer(struct hb_outbox *outbox, const struct hb_outbox_options *options,
                                 struct hb_error *reterr)
{
    const struct hb_config *c = options->config;
    const struct hb_kafka_producer_options producer = {.cluster = options->cluster,
                                                       .linger_ms = LINGER_MS,
                                                       .queue_records_max = RECORDS_MAX,
                                                       .queue_kib_max = (int)c->publish_queue_kib_max,
                                                       .message_timeout_ms = (int)c->kafka_message_timeout_ms};
    enum hb_err err = hb_kafka_producer_new(&producer, &outbox->producer, reterr);
    if (!err)
        err = hb_watch_new(options->loop, hb_kafka_producer_fd(outbox->producer), producer_ready, outbox,
                           &outbox->watch);
    if (!err)
        hb_watch_set(outbox->watch, HB_WATCH_READ);
    return err;
}

static enum hb_err make_writers(struct hb_outbox *outbox, const struct hb_outbox_options *options)
{
    const struct hb_config *c = options->config;
    const struct hb_lines_options lines = {.loop = options->loop,
                                           .producer = outbox->producer,
                                           .topic_prefix = hb_str_c(c->kafka_topic_prefix),
                                           .worker = options->worker,
                                           .linger_ms = (int)c->dispatcher_attempts_linger_ms,
                                           .record_bytes_max = (size_t)c->dispatcher_attempts_record_bytes,
                                           .refused = history_refused,
                                           .user = outbox};
    const struct hb_journal_options journal = {.loop = options->loop,
                                               .producer = outbox->producer,
                                               .topic_prefix = hb_str_c(c->kafka_topic_prefix),
                                               .refused = journal_refused,
                                               .user = outbox};
    enum hb_err err = hb_lines_new(&lines, &outbox->lines);
    return err ? err : hb_journal_new(&journal, &outbox->journal);
}

enum hb_err hb_outbox_new(const struct hb_outbox_options *options, struct hb_outbox **ret_outbox,
                          struct hb_error *reterr)
{
    struct hb_outbox *outbox = calloc(1, sizeof *outbox);
    if (!outbox)
        return HB_ERR_MEMORY;
    outbox->loop = options->loop;
    enum hb_err err = make_producer(outbox, options, reterr);
    if (!err)
        err = make_writers(outbox, options);
    if (err)
        hb_outbox_free(&outbox);
    else
        *ret_outbox = outbox;
    return err;
}
