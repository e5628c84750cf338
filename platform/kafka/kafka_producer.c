#include "platform/kafka/kafka_internal.h"

#include <limits.h>
#include <stdlib.h>

#define TOPICS_MAX 64   /* handles kept; more go by name, slower */
#define POOL_CHUNK 1024 /* tickets allocated at once */
#define PURGE_WAIT_MS 5000  /* at the end of all */
#define RENEW_PAUSE_MS 1000 /* between two tries to begin anew */

/* Who is to be told about a record under way. A free one is in a list. */
struct ticket {
    hb_kafka_ack_fn *ack;
    void *user;
    struct ticket *next_free;
};
struct ticket_chunk {
    struct ticket_chunk *next;
    struct ticket tickets[POOL_CHUNK];
};

struct hb_kafka_producer {
    rd_kafka_t *rk;                           /* NULL: a new one could not be made yet */
    struct hb_kafka_connections *connections; /* rk's; NULL with it */
    rd_kafka_conf_t *conf;                    /* for a new one */
    bool is_broken;                           /* the library raised a fatal error: another takes rk's place */
    int64_t purged_ms, renewed_ms;            /* tried last; 0: not yet */
    struct hb_kafka_wake wake;
    struct ticket *free_tickets;
    struct ticket_chunk *chunks;
    size_t waiting;
    size_t records_max;
    rd_kafka_topic_t *topics[TOPICS_MAX];
    size_t topics_count;
    int served, served_max; /* of the poll under way */
};

/* ---- tickets ---- */

static bool grow_pool(struct hb_kafka_producer *producer)
{
    struct ticket_chunk *chunk = malloc(sizeof *chunk);

    if (!chunk)
        return false;
    chunk->next = producer->chunks;
    producer->chunks = chunk;
    for (size_t i = 0; i < POOL_CHUNK; i++) {
        chunk->tickets[i].next_free = producer->free_tickets;
        producer->free_tickets = &chunk->tickets[i];
    }
    return true;
}

static struct ticket *take_ticket(struct hb_kafka_producer *producer)
{
    struct ticket *ticket;

    if (!producer->free_tickets && !grow_pool(producer))
        return NULL;
    ticket = producer->free_tickets;
    producer->free_tickets = ticket->next_free;
    return ticket;
}

static void give_ticket(struct hb_kafka_producer *producer, struct ticket *ticket)
{
    ticket->next_free = producer->free_tickets;
    producer->free_tickets = ticket;
}

/* ---- fatal errors ---- */

/* True: the library's idempotent producer is of no use any more (a broker that crashed has lost its sequence numbers,
 * say) but a new one may be. What is not permitted is no such case. */
static bool notice_fatal(struct hb_kafka_producer *producer)
{
    char text[1];
    rd_kafka_resp_err_t fatal = rd_kafka_fatal_error(producer->rk, text, sizeof text);
    enum hb_err meaning = hb_kafka_err_of_produce(fatal);

    if (fatal == RD_KAFKA_RESP_ERR_NO_ERROR || meaning == HB_ERR_DENIED || meaning == HB_ERR_FATAL)
        return false;
    producer->is_broken = true;
    hb_kafka_wake_raise(&producer->wake);
    return true;
}

/* ---- acknowledgements ---- */

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *rkm, void *opaque)
{
    struct hb_kafka_producer *producer = opaque;
    struct ticket *ticket = rkm->_private;
    struct hb_kafka_ack ack = {.err = hb_kafka_err_of_produce(rkm->err), .partition = rkm->partition, .offset = -1};
    hb_kafka_ack_fn *fn = ticket->ack;
    void *user = ticket->user;

    give_ticket(producer, ticket);
    producer->waiting--;
    producer->served++;
    if (rkm->err && notice_fatal(producer))
        ack.err = HB_ERR_TIMEOUT; /* it may stand in Kafka or not */
    if (ack.err == HB_OK) {
        rd_kafka_timestamp_type_t kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
        int64_t at_ms = rd_kafka_message_timestamp(rkm, &kind);
        ack.offset = rkm->offset;
        ack.appended.ms = kind == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME ? at_ms : 0;
    }
    ack.text = rd_kafka_err2str(rkm->err);
    if (fn)
        fn(user, &ack);
    if (producer->served >= producer->served_max)
        rd_kafka_yield(rk); /* the rest of this batch stays queued */
}

static void on_error(rd_kafka_t *rk, int err, const char *reason, void *opaque)
{
    /* A producer's troubles are told by its acknowledgements and by is_connected. */
    (void)rk;
    (void)err;
    (void)reason;
    (void)opaque;
}

/* ---- life ---- */

/* Makes the library's instance from a copy of the configuration that is kept. */
static enum hb_err start_instance(struct hb_kafka_producer *producer, struct hb_error *reterr)
{
    struct hb_kafka_config config = {.conf = rd_kafka_conf_dup(producer->conf), .reterr = reterr};

    enum hb_err err;

    producer->connections = hb_kafka_connections_new(config.conf);
    if (!producer->connections) {
        rd_kafka_conf_destroy(config.conf);
        return hb_fail(reterr, HB_ERR_MEMORY, "out of memory for a Kafka producer");
    }
    err = hb_kafka_config_start(&config, RD_KAFKA_PRODUCER, &producer->rk);
    if (err) {
        hb_kafka_connections_free(producer->connections);
        producer->connections = NULL;
    }
    return err;
}

static enum hb_err start(struct hb_kafka_producer *producer, const struct hb_kafka_producer_options *options,
                         struct hb_error *reterr)
{
    struct hb_kafka_config config;
    enum hb_err err;

    hb_kafka_config_open(&config, &options->cluster, reterr);
    hb_kafka_config_set(&config, "enable.idempotence", "true");
    hb_kafka_config_set(&config, "acks", "all");
    hb_kafka_config_set(&config, "compression.type", "lz4");
    /* As Java clients hash, so that whoever writes an entity's event reaches the same partition. */
    hb_kafka_config_set(&config, "partitioner", "murmur2_random");
    hb_kafka_config_set_int(&config, "linger.ms", options->linger_ms);
    hb_kafka_config_set_int(&config, "queue.buffering.max.messages", options->queue_records_max);
    hb_kafka_config_set_int(&config, "queue.buffering.max.kbytes", options->queue_kib_max);
    hb_kafka_config_set_int(&config, "message.timeout.ms", options->message_timeout_ms);
    if (options->message_bytes_max > 0)
        hb_kafka_config_set_int(&config, "message.max.bytes", options->message_bytes_max);
    /* Keeps a connection to every broker: a restarted one is found again without anything to send. */
    hb_kafka_config_try(&config, "enable.sparse.connections", "false");
    rd_kafka_conf_set_opaque(config.conf, producer);
    rd_kafka_conf_set_dr_msg_cb(config.conf, on_delivery);
    rd_kafka_conf_set_error_cb(config.conf, on_error);
    producer->conf = config.conf;
    if (config.err)
        return config.err;
    err = start_instance(producer, reterr);
    if (err)
        return err;
    if (hb_kafka_wake_open(&producer->wake, rd_kafka_queue_get_main(producer->rk)))
        return hb_fail(reterr, HB_ERR_IO, "no file descriptor is free for the Kafka producer");
    return HB_OK;
}

enum hb_err hb_kafka_producer_new(const struct hb_kafka_producer_options *options,
                                  struct hb_kafka_producer **ret_producer, struct hb_error *reterr)
{
    struct hb_kafka_producer *producer = calloc(1, sizeof *producer);
    enum hb_err err;

    HB_ASSERT(options->queue_records_max > 0 && options->queue_kib_max > 0);
    if (!producer)
        return hb_fail(reterr, HB_ERR_MEMORY, "out of memory for a Kafka producer");
    producer->wake = HB_KAFKA_WAKE_NULL;
    producer->records_max = (size_t)options->queue_records_max;
    producer->served_max = INT_MAX;
    err = start(producer, options, reterr);
    if (err) {
        hb_kafka_producer_free(&producer, 0);
        return err;
    }
    *ret_producer = producer;
    return HB_OK;
}

/* Everything under way is failed and told, so that no ticket is lost. */
static void give_up(struct hb_kafka_producer *producer)
{
    int64_t deadline = hb_kafka_clock_ms() + PURGE_WAIT_MS;

    rd_kafka_purge(producer->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    while (producer->waiting && hb_kafka_clock_ms() < deadline)
        rd_kafka_poll(producer->rk, 50);
}

/* The library's threads are waited for by a thread of ours: one of them may just be looking up a name. */
static void end_instance(struct hb_kafka_producer *producer, int wait_ms)
{
    for (size_t i = 0; i < producer->topics_count; i++)
        rd_kafka_topic_destroy(producer->topics[i]);
    producer->topics_count = 0;
    hb_kafka_wake_watch(&producer->wake, NULL);
    hb_kafka_retire_producer(producer->rk, producer->connections, wait_ms);
    producer->rk = NULL;
    producer->connections = NULL;
}

static bool is_due(int64_t last_ms, int64_t now_ms)
{
    return last_ms == 0 || now_ms - last_ms >= RENEW_PAUSE_MS;
}

/* Another instance in the broken one's place, as soon as everybody who waits for an acknowledgement of that one was
 * told that there is none, which later polls do. Nothing here waits: requests under way share this thread. */
static void renew(struct hb_kafka_producer *producer)
{
    int64_t now_ms = hb_kafka_clock_ms();

    if (producer->waiting && is_due(producer->purged_ms, now_ms)) {
        producer->purged_ms = now_ms;
        rd_kafka_purge(producer->rk,
                       RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
    }
    if (producer->waiting || !is_due(producer->renewed_ms, now_ms))
        return;
    producer->renewed_ms = now_ms;
    if (producer->rk)
        end_instance(producer, 0);
    if (start_instance(producer, NULL))
        return; /* tried again with a later poll */
    hb_kafka_wake_watch(&producer->wake, rd_kafka_queue_get_main(producer->rk));
    producer->is_broken = false;
    producer->purged_ms = 0;
}

void hb_kafka_producer_free(struct hb_kafka_producer **producer_ptr, int timeout_ms)
{
    struct hb_kafka_producer *producer = *producer_ptr;

    *producer_ptr = NULL;
    if (!producer)
        return;
    if (producer->rk) {
        if (hb_kafka_producer_flush(producer, timeout_ms))
            give_up(producer);
        end_instance(producer, INT_MAX);
    }
    hb_kafka_wake_close(&producer->wake);
    if (producer->conf)
        rd_kafka_conf_destroy(producer->conf);
    while (producer->chunks) {
        struct ticket_chunk *next = producer->chunks->next;
        free(producer->chunks);
        producer->chunks = next;
    }
    free(producer);
}

/* ---- verbs ---- */

/* A handle kept for the topic; NULL: by name. The library would look the name up each time. */
static rd_kafka_topic_t *topic_of(struct hb_kafka_producer *producer, const char *name)
{
    rd_kafka_topic_t *topic;

    for (size_t i = 0; i < producer->topics_count; i++)
        if (strcmp(rd_kafka_topic_name(producer->topics[i]), name) == 0)
            return producer->topics[i];
    if (producer->topics_count == TOPICS_MAX)
        return NULL;
    topic = rd_kafka_topic_new(producer->rk, name, NULL);
    if (topic)
        producer->topics[producer->topics_count++] = topic;
    return topic;
}

enum hb_err hb_kafka_produce(struct hb_kafka_producer *producer, const struct hb_kafka_record *record,
                             hb_kafka_ack_fn *ack, void *user)
{
    struct ticket *ticket;
    rd_kafka_resp_err_t err;

    if (producer->is_broken) {
        hb_kafka_wake_raise(&producer->wake); /* the poll begins anew */
        return HB_ERR_BROKER;
    }
    if (producer->waiting >= producer->records_max)
        return HB_ERR_FULL;
    ticket = take_ticket(producer);
    if (!ticket)
        return HB_ERR_MEMORY;
    ticket->ack = ack;
    ticket->user = user;
    err = hb_kafka_queue_record(producer->rk, topic_of(producer, record->topic), record, ticket);
    if (err) {
        give_ticket(producer, ticket);
        return notice_fatal(producer) ? HB_ERR_BROKER : hb_kafka_err_of_produce(err);
    }
    producer->waiting++;
    return HB_OK;
}

int hb_kafka_producer_fd(const struct hb_kafka_producer *producer)
{
    return producer->wake.fd;
}

int hb_kafka_producer_poll(struct hb_kafka_producer *producer, int max)
{
    HB_ASSERT(max > 0);
    hb_kafka_wake_drain(&producer->wake);
    if (producer->is_broken)
        renew(producer);
    if (!producer->rk)
        return 0;
    producer->served = 0;
    producer->served_max = max;
    rd_kafka_poll(producer->rk, 0);
    producer->served_max = INT_MAX;
    if (producer->is_broken && !producer->waiting)
        renew(producer);
    /* What is left was announced before: announce it again, so that a loop that polls once a turn misses nothing. */
    if (producer->served >= max)
        hb_kafka_wake_raise(&producer->wake);
    return producer->served;
}

enum hb_err hb_kafka_producer_flush(struct hb_kafka_producer *producer, int timeout_ms)
{
    producer->served = 0;
    producer->served_max = INT_MAX;
    if (producer->rk)
        rd_kafka_flush(producer->rk, timeout_ms);
    return producer->waiting ? HB_ERR_TIMEOUT : HB_OK;
}

size_t hb_kafka_producer_waiting(const struct hb_kafka_producer *producer)
{
    return producer->waiting;
}

bool hb_kafka_producer_is_connected(const struct hb_kafka_producer *producer)
{
    return producer->connections && hb_kafka_connections_is_any(producer->connections);
}
