#include "platform/kafka/kafka_writer_job.h"

#include <pthread.h>
#include <stdlib.h>

enum job_kind { JOB_NONE, JOB_TAKE, JOB_WRITE, JOB_STOP };

/* A job is the user's until it is set, the thread's until is_ended, then the user's again. */
struct hb_kafka_writer {
    struct hb_kafka_wake wake;
    pthread_t thread;
    bool has_thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    enum job_kind kind; /* under lock */
    bool is_ended;      /* under lock */

    rd_kafka_conf_t *conf; /* the pattern for each instance */
    struct hb_kafka_writer_job job;

    struct hb_kafka_record *records; /* one block with all their bytes */
    size_t count;
    int64_t *offsets;
    const struct hb_kafka_membership *membership;   /* borrowed; NULL: a transaction of no group */
    rd_kafka_topic_partition_list_t *group_offsets; /* NULL: as above */
    struct hb_kafka_outcome outcome;
    hb_kafka_written_fn *done;
    void *user;
};

/* ---- the thread ---- */

static void write_work(struct hb_kafka_writer *writer)
{
    const struct hb_kafka_writer_work work = {
        .records = writer->records,
        .count = writer->count,
        .offsets = writer->offsets,
        .membership = writer->membership ? hb_kafka_membership_metadata(writer->membership) : NULL,
        .group_offsets = writer->group_offsets};

    hb_kafka_writer_job_write(&writer->job, &work, &writer->outcome);
}

static void run_job(struct hb_kafka_writer *writer, enum job_kind kind)
{
    if (kind == JOB_TAKE)
        hb_kafka_writer_job_take(&writer->job, rd_kafka_conf_dup(writer->conf), &writer->outcome);
    else
        write_work(writer);
}

static void *run(void *opaque)
{
    struct hb_kafka_writer *writer = opaque;
    enum job_kind kind;

    for (;;) {
        pthread_mutex_lock(&writer->lock);
        while (writer->kind == JOB_NONE || (writer->is_ended && writer->kind != JOB_STOP))
            pthread_cond_wait(&writer->changed, &writer->lock);
        kind = writer->kind;
        pthread_mutex_unlock(&writer->lock);
        if (kind == JOB_STOP)
            break;
        run_job(writer, kind);
        pthread_mutex_lock(&writer->lock);
        writer->is_ended = true;
        pthread_mutex_unlock(&writer->lock);
        hb_kafka_wake_raise(&writer->wake);
    }
    hb_kafka_writer_job_drop(&writer->job);
    return NULL;
}

/* ---- jobs ---- */

static void drop_group(struct hb_kafka_writer *writer)
{
    if (writer->group_offsets)
        rd_kafka_topic_partition_list_destroy(writer->group_offsets);
    writer->group_offsets = NULL;
    writer->membership = NULL;
}

static bool is_idle(struct hb_kafka_writer *writer)
{
    bool answer;

    pthread_mutex_lock(&writer->lock);
    answer = writer->kind == JOB_NONE;
    pthread_mutex_unlock(&writer->lock);
    return answer;
}

static void set_kind(struct hb_kafka_writer *writer, enum job_kind kind)
{
    pthread_mutex_lock(&writer->lock);
    writer->kind = kind;
    pthread_cond_signal(&writer->changed);
    pthread_mutex_unlock(&writer->lock);
}

static size_t bytes_of(const struct hb_kafka_record *records, size_t count)
{
    size_t bytes = 0;

    for (size_t i = 0; i < count; i++) {
        bytes += sizeof *records + sizeof(int64_t) + strlen(records[i].topic) + 1 + records[i].key.len +
                 records[i].value.len;
        bytes += records[i].headers_count * sizeof(struct hb_name_value);
        for (size_t h = 0; h < records[i].headers_count; h++)
            bytes += records[i].headers[h].name.len + records[i].headers[h].value.len;
    }
    return bytes;
}

/* A view of the same bytes at *at, which moves on. A NULL view stays one: it means a tombstone or no key. */
static struct hb_str move(char **at, struct hb_str bytes)
{
    struct hb_str moved = {bytes.ptr ? *at : NULL, bytes.len};

    if (bytes.len)
        memcpy(*at, bytes.ptr, bytes.len);
    *at += bytes.len;
    return moved;
}

/* The structs first (they need alignment), then the headers, then the bytes. */
static enum hb_err copy_records(struct hb_kafka_writer *writer, const struct hb_kafka_record *records, size_t count)
{
    struct hb_name_value *headers;
    char *at;

    writer->records = malloc(bytes_of(records, count) + 1); /* none is no NULL */
    if (!writer->records)
        return HB_ERR_MEMORY;
    writer->offsets = (int64_t *)(void *)(writer->records + count);
    headers = (struct hb_name_value *)(void *)(writer->offsets + count);
    at = (char *)headers;
    for (size_t i = 0; i < count; i++)
        at += records[i].headers_count * sizeof *headers;
    for (size_t i = 0; i < count; i++) {
        struct hb_kafka_record *copy = &writer->records[i];
        *copy = records[i];
        copy->topic = move(&at, hb_str_n(records[i].topic, strlen(records[i].topic) + 1)).ptr;
        copy->key = move(&at, records[i].key);
        copy->value = move(&at, records[i].value);
        copy->headers = headers;
        for (size_t h = 0; h < records[i].headers_count; h++, headers++)
            *headers =
                (struct hb_name_value){move(&at, records[i].headers[h].name), move(&at, records[i].headers[h].value)};
        writer->offsets[i] = -1;
    }
    writer->count = count;
    return HB_OK;
}

enum hb_err hb_kafka_writer_take(struct hb_kafka_writer *writer, hb_kafka_written_fn *done, void *user)
{
    if (!is_idle(writer))
        return HB_ERR_FULL;
    writer->done = done;
    writer->user = user;
    writer->count = 0;
    set_kind(writer, JOB_TAKE);
    return HB_OK;
}

static enum hb_err begin_write(struct hb_kafka_writer *writer, const struct hb_kafka_record *records, size_t count,
                               hb_kafka_written_fn *done, void *user)
{
    enum hb_err err = copy_records(writer, records, count);

    if (err)
        return err;
    writer->done = done;
    writer->user = user;
    set_kind(writer, JOB_WRITE);
    return HB_OK;
}

enum hb_err hb_kafka_writer_write(struct hb_kafka_writer *writer, const struct hb_kafka_record *records, size_t count,
                                  hb_kafka_written_fn *done, void *user)
{
    HB_ASSERT(count > 0);
    if (!is_idle(writer))
        return HB_ERR_FULL;
    writer->membership = NULL;
    return begin_write(writer, records, count, done, user);
}

enum hb_err hb_kafka_writer_write_offsets(struct hb_kafka_writer *writer,
                                          const struct hb_kafka_transaction *transaction, hb_kafka_written_fn *done,
                                          void *user)
{
    enum hb_err err;

    HB_ASSERT(transaction->offsets_count > 0 && transaction->membership);
    if (!is_idle(writer))
        return HB_ERR_FULL;
    writer->membership = transaction->membership;
    writer->group_offsets = rd_kafka_topic_partition_list_new((int)transaction->offsets_count);
    for (size_t i = 0; i < transaction->offsets_count; i++) {
        const struct hb_kafka_group_offset *at = &transaction->offsets[i];
        rd_kafka_topic_partition_list_add(writer->group_offsets, at->topic, at->partition)->offset = at->next;
    }
    err = begin_write(writer, transaction->records, transaction->records_count, done, user);
    if (err)
        drop_group(writer);
    return err;
}

int hb_kafka_writer_fd(const struct hb_kafka_writer *writer)
{
    return writer->wake.fd;
}

void hb_kafka_writer_poll(struct hb_kafka_writer *writer)
{
    struct hb_kafka_written written;
    struct hb_kafka_record *records;
    struct hb_kafka_outcome outcome;
    bool is_ended;

    hb_kafka_wake_drain(&writer->wake);
    pthread_mutex_lock(&writer->lock);
    is_ended = writer->is_ended && writer->kind != JOB_STOP;
    pthread_mutex_unlock(&writer->lock);
    if (!is_ended)
        return;
    /* Idle before `done` runs, so that it may give the next job. */
    outcome = writer->outcome;
    records = writer->records;
    written = (struct hb_kafka_written){.err = outcome.err, .is_unknown = outcome.is_unknown, .text = outcome.text};
    written.offsets = writer->count && outcome.err == HB_OK ? writer->offsets : NULL;
    written.count = written.offsets ? writer->count : 0;
    writer->records = NULL;
    drop_group(writer);
    pthread_mutex_lock(&writer->lock);
    writer->is_ended = false;
    writer->kind = JOB_NONE;
    pthread_mutex_unlock(&writer->lock);
    writer->done(writer->user, &written);
    free(records);
}

/* ---- life ---- */

static enum hb_err configure(struct hb_kafka_writer *writer, const struct hb_kafka_writer_options *options,
                             struct hb_error *reterr)
{
    struct hb_kafka_config config;

    hb_kafka_config_open(&config, &options->cluster, reterr);
    hb_kafka_config_set(&config, "transactional.id", options->transactional_id);
    hb_kafka_config_set_int(&config, "transaction.timeout.ms", options->transaction_timeout_ms);
    hb_kafka_config_set_int(&config, "message.timeout.ms", options->transaction_timeout_ms);
    hb_kafka_config_set(&config, "compression.type", "lz4");
    hb_kafka_config_set(&config, "partitioner", "murmur2_random");
    hb_kafka_config_set(&config, "linger.ms", "0");
    rd_kafka_conf_set_opaque(config.conf, &writer->job);
    rd_kafka_conf_set_dr_msg_cb(config.conf, hb_kafka_writer_job_on_delivery);
    writer->conf = config.conf;
    return config.err;
}

static enum hb_err start(struct hb_kafka_writer *writer, const struct hb_kafka_writer_options *options,
                         struct hb_error *reterr)
{
    enum hb_err err = configure(writer, options, reterr);

    if (err)
        return err;
    if (hb_kafka_wake_open(&writer->wake, NULL))
        return hb_fail(reterr, HB_ERR_IO, "no file descriptor is free for the Kafka writer");
    if (pthread_create(&writer->thread, NULL, run, writer) != 0)
        return hb_fail(reterr, HB_ERR_MEMORY, "no thread for the Kafka writer");
    writer->has_thread = true;
    return HB_OK;
}

enum hb_err hb_kafka_writer_new(const struct hb_kafka_writer_options *options, struct hb_kafka_writer **ret_writer,
                                struct hb_error *reterr)
{
    struct hb_kafka_writer *writer = calloc(1, sizeof *writer);
    enum hb_err err;

    HB_ASSERT(options->transactional_id && options->transaction_timeout_ms > 0);
    if (!writer)
        return hb_fail(reterr, HB_ERR_MEMORY, "out of memory for a Kafka writer");
    writer->wake = HB_KAFKA_WAKE_NULL;
    writer->job.limit_ms = options->transaction_timeout_ms;
    pthread_mutex_init(&writer->lock, NULL);
    pthread_cond_init(&writer->changed, NULL);
    err = start(writer, options, reterr);
    if (err) {
        hb_kafka_writer_free(&writer);
        return err;
    }
    *ret_writer = writer;
    return HB_OK;
}

void hb_kafka_writer_free(struct hb_kafka_writer **writer_ptr)
{
    struct hb_kafka_writer *writer = *writer_ptr;

    *writer_ptr = NULL;
    if (!writer)
        return;
    if (writer->has_thread) {
        set_kind(writer, JOB_STOP);
        pthread_join(writer->thread, NULL);
    }
    hb_kafka_wake_close(&writer->wake);
    if (writer->conf)
        rd_kafka_conf_destroy(writer->conf);
    pthread_cond_destroy(&writer->changed);
    pthread_mutex_destroy(&writer->lock);
    drop_group(writer);
    free(writer->records);
    free(writer);
}
