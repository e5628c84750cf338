#include "platform/kafka/kafka_internal.h"

#include <stdlib.h>

/* With so many waiting the library fetches no more, and before 2.2 it looks again a whole second later: with 1,000 a
 * registry of 20,000 records took 20 s to read. What bounds memory is the next one. */
#define QUEUED_RECORDS_DEFAULT 100000
#define QUEUED_KIB_DEFAULT 16384
/* The library assigns partitions only to what has a group; it is never joined and nothing is committed to it. */
#define READER_GROUP "hookbus-reader"
#define PROMPT_MEET_MS 300 /* in `new`, for the leaders; Kafka away is no failure here */

struct hb_kafka_reader {
    rd_kafka_t *rk;
    struct hb_kafka_wake wake;
    struct hb_kafka_index topics;
    struct hb_kafka_reader_events events;
    struct hb_kafka_trouble trouble;
    void *user;
    int served;
};

static void on_error(rd_kafka_t *rk, int err, const char *reason, void *opaque)
{
    struct hb_kafka_reader *reader = opaque;

    reader->served++;
    hb_kafka_trouble_client(&reader->trouble, rk, (rd_kafka_resp_err_t)err, reason);
}

static enum hb_err configure(struct hb_kafka_reader *reader, const struct hb_kafka_reader_options *options,
                             struct hb_error *reterr)
{
    struct hb_kafka_config config;

    hb_kafka_config_open(&config, &options->cluster, reterr);
    hb_kafka_config_set_fetching(&config,
                                 options->queued_records_min ? options->queued_records_min : QUEUED_RECORDS_DEFAULT,
                                 options->queued_kib_max ? options->queued_kib_max : QUEUED_KIB_DEFAULT);
    hb_kafka_config_set(&config, "group.id", READER_GROUP);
    hb_kafka_config_set(&config, "enable.auto.commit", "false");
    /* The end is where the library says it is: transaction markers and compacted gaps are never delivered. */
    hb_kafka_config_set(&config, "enable.partition.eof", "true");
    hb_kafka_config_set(&config, "isolation.level", options->is_committed_only ? "read_committed" : "read_uncommitted");
    if (options->prompt_ms) /* the end is told with an empty answer, which Kafka holds back for so long */
        hb_kafka_config_set_int(&config, "fetch.wait.max.ms", options->prompt_ms);
    rd_kafka_conf_set_opaque(config.conf, reader);
    rd_kafka_conf_set_error_cb(config.conf, on_error);
    return hb_kafka_config_start(&config, RD_KAFKA_CONSUMER, &reader->rk);
}

/* Where a partition begins is asked of its leader; not known yet, the library asks half a second later. */
static void meet_leaders(struct hb_kafka_reader *reader)
{
    const rd_kafka_metadata_t *metadata;

    if (!rd_kafka_metadata(reader->rk, 0, NULL, &metadata, PROMPT_MEET_MS))
        rd_kafka_metadata_destroy(metadata);
}

static enum hb_err start(struct hb_kafka_reader *reader, const struct hb_kafka_reader_options *options,
                         struct hb_error *reterr)
{
    enum hb_err err = configure(reader, options, reterr);

    if (err)
        return err;
    (void)rd_kafka_poll_set_consumer(reader->rk);
    if (hb_kafka_wake_open(&reader->wake, rd_kafka_queue_get_consumer(reader->rk)))
        return hb_fail(reterr, HB_ERR_IO, "no file descriptor is free for the Kafka reader");
    err = hb_kafka_index_open(&reader->topics, reader->rk, options->topics, options->topics_count);
    if (err)
        return hb_fail(reterr, err, "a topic name is not usable");
    if (options->prompt_ms)
        meet_leaders(reader);
    return HB_OK;
}

enum hb_err hb_kafka_reader_new(const struct hb_kafka_reader_options *options, struct hb_kafka_reader **ret_reader,
                                struct hb_error *reterr)
{
    struct hb_kafka_reader *reader = calloc(1, sizeof *reader);
    enum hb_err err;

    HB_ASSERT(options->topics_count > 0);
    if (!reader)
        return hb_fail(reterr, HB_ERR_MEMORY, "out of memory for a Kafka reader");
    reader->wake = HB_KAFKA_WAKE_NULL;
    reader->events = *options->events;
    reader->user = options->user;
    reader->trouble = (struct hb_kafka_trouble){.error = options->events->error, .user = options->user};
    err = start(reader, options, reterr);
    if (err) {
        hb_kafka_reader_free(&reader);
        return err;
    }
    *ret_reader = reader;
    return HB_OK;
}

void hb_kafka_reader_free(struct hb_kafka_reader **reader_ptr)
{
    struct hb_kafka_reader *reader = *reader_ptr;

    *reader_ptr = NULL;
    if (!reader)
        return;
    if (reader->rk) {
        hb_kafka_index_close(&reader->topics);
        hb_kafka_wake_close(&reader->wake);
        rd_kafka_destroy_flags(reader->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    }
    free(reader);
}

enum hb_err hb_kafka_reader_assign(struct hb_kafka_reader *reader, const struct hb_kafka_start *starts, size_t count)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    rd_kafka_resp_err_t err;

    for (size_t i = 0; i < count; i++) {
        const char *name = hb_kafka_index_name(&reader->topics, starts[i].topic);
        rd_kafka_topic_partition_list_add(list, name, starts[i].partition)->offset = starts[i].offset;
    }
    err = rd_kafka_assign(reader->rk, list);
    for (int i = 0; !err && i < list->cnt; i++)
        err = list->elems[i].err;
    rd_kafka_topic_partition_list_destroy(list);
    return hb_kafka_err_of(err);
}

int hb_kafka_reader_fd(const struct hb_kafka_reader *reader)
{
    return reader->wake.fd;
}

static void take(struct hb_kafka_reader *reader, rd_kafka_message_t *take_rkm)
{
    int topic = take_rkm->rkt ? hb_kafka_index_find(&reader->topics, take_rkm->rkt) : -1;
    struct hb_kafka_message message;

    if (!take_rkm->err) {
        hb_kafka_message_fill(&message, take_rkm, topic);
        reader->events.message(reader->user, &message);
        return;
    }
    if (take_rkm->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
        reader->events.end(reader->user, topic, take_rkm->partition, take_rkm->offset);
    else
        hb_kafka_trouble_message(&reader->trouble, reader->rk, take_rkm, topic);
    rd_kafka_message_destroy(take_rkm);
}

int hb_kafka_reader_poll(struct hb_kafka_reader *reader, int max, int timeout_ms)
{
    rd_kafka_message_t *rkm;

    HB_ASSERT(max > 0);
    hb_kafka_wake_drain(&reader->wake);
    reader->served = 0;
    while (reader->served < max && (rkm = rd_kafka_consumer_poll(reader->rk, timeout_ms))) {
        reader->served++;
        timeout_ms = 0; /* the first event was waited for */
        take(reader, rkm);
    }
    if (reader->served >= max)
        hb_kafka_wake_raise(&reader->wake);
    return reader->served;
}
