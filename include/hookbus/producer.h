/* libhookbus: publish events of a store to the hookbus event bus, from C.
 *
 * Job: takes events from your program, gives them to Kafka, and tells you, by a callback for each event, that Kafka has
 * them. This header needs no other header of hookbus; link with `pkg-config --cflags --libs hookbus`, or in CMake with
 * find_package(hookbus) and the target hookbus::hookbus. examples/publish_orders.c is a program to copy.
 *
 * Guarantees: an event whose callback says HOOKBUS_OK is in Kafka on all in-sync replicas (acks=all, idempotent
 * producer) and will be delivered to every webhook that selects it. Events of one subject that one thread publishes
 * keep their order. The data bytes are never re-encoded: what you publish is what subscribers receive.
 *
 * Owns / borrows: everything you pass is copied before the call returns. What a callback receives is valid during the
 * callback only. A producer is yours until hookbus_producer_close.
 *
 * Fails: every call answers with an enum hookbus_status; nothing is printed, and no call ends the program for a wrong
 * argument. An event is refused at once for what can be known at once (grammar, size, a full queue), and later, by the
 * callback, for what only Kafka can say.
 *
 * Limits: an event's data up to event_bytes_max; what waits for Kafka is bounded by queue_events_max and
 * queue_bytes_max: beyond either hookbus_publish answers HOOKBUS_FULL and nothing is queued. hookbus_publish never
 * blocks on the network.
 *
 * Threads: any number of threads may publish to one producer. Callbacks run on the producer's own background thread,
 * one at a time, never from inside hookbus_publish: keep them short. A callback may call hookbus_publish; it may not
 * call hookbus_flush or hookbus_producer_close (they answer HOOKBUS_MISUSE there). Never fork a process that has a
 * producer and use it in the child.
 *
 * Example:
 *     struct hookbus_options options = HOOKBUS_OPTIONS_INIT;
 *     options.brokers = "kafka-1:9092,kafka-2:9092";
 *     struct hookbus_producer *producer;
 *     char why[HOOKBUS_TEXT_MAX];
 *     if (hookbus_producer_new(&options, &producer, why) != HOOKBUS_OK) { fprintf(stderr, "%s\n", why); return 1; }
 *     struct hookbus_event event = HOOKBUS_EVENT_INIT;
 *     event.store = "my-shop"; event.type = "order.created"; event.subject = "1001";
 *     event.data = json; event.data_bytes = strlen(json);
 *     enum hookbus_status status = hookbus_publish(producer, &event, published, my_order, NULL, why);
 *     ...
 *     hookbus_producer_close(&producer, 10000); */
#ifndef HOOKBUS_PRODUCER_H
#define HOOKBUS_PRODUCER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes a text buffer must have where a function explains itself (`ret_why`); always NUL-terminated. */
#define HOOKBUS_TEXT_MAX 256
/* Bytes an event id takes, with its NUL. */
#define HOOKBUS_ID_BYTES 65

/* What a call or an event came to. The numbers never change. */
enum hookbus_status {
    HOOKBUS_OK = 0,
    HOOKBUS_FULL = 1,      /* too much waits for Kafka: nothing was queued; try again after some callbacks */
    HOOKBUS_INVALID = 2,   /* the event or an option breaks a rule; the text says which field and what would be right */
    HOOKBUS_TOO_LARGE = 3, /* the data is larger than event_bytes_max, or than Kafka allows */
    HOOKBUS_TIMEOUT = 4,   /* Kafka did not acknowledge in time. It is not known whether it has the event: publish it
                              again with the same id, subscribers recognise a repeat */
    HOOKBUS_DENIED = 5,    /* Kafka does not permit this client to write */
    HOOKBUS_KAFKA = 6,     /* Kafka refused the event for another reason, see the text */
    HOOKBUS_FATAL = 7,     /* this producer is finished: close it and make a new one */
    HOOKBUS_CLOSED = 8,    /* the producer is being closed */
    HOOKBUS_MEMORY = 9,    /* out of memory, or no thread could be started */
    HOOKBUS_MISUSE = 10    /* called where the contract forbids it */
};

/* One sentence for a status, constant, never NULL, also for numbers out of range. Any thread. */
const char *hookbus_status_text(enum hookbus_status status);
/* The library's version ("0.1.0"), constant. Any thread. */
const char *hookbus_version(void);

/* How to reach Kafka, and the bounds. Begin with HOOKBUS_OPTIONS_INIT; NULL and 0 mean the default. */
struct hookbus_options {
    size_t size;                   /* sizeof(struct hookbus_options), set by HOOKBUS_OPTIONS_INIT */
    const char *brokers;           /* "host:port,host:port"; required */
    const char *topic_prefix;      /* the installation's kafka.topic_prefix; default "hookbus." */
    const char *client_id;         /* name in Kafka's logs and quotas; default "libhookbus" */
    const char *security_protocol; /* plaintext (default), ssl, sasl_plaintext or sasl_ssl */
    const char *sasl_mechanism;    /* PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512; NULL: none */
    const char *sasl_username;
    const char *sasl_password;
    const char *ca_file;     /* CA bundle for the brokers' certificates; NULL: the system's */
    int linger_ms;           /* how long events are gathered for one request, 0..1000 ms; default 5, -1: none */
    int ack_timeout_ms;      /* an event not acknowledged by then fails with HOOKBUS_TIMEOUT, 1000..600000 ms;
                                default 30000 */
    size_t queue_events_max; /* events waiting for their callback, 1..2000000; default 100000 */
    size_t queue_bytes_max;  /* their bytes, 1 MiB..1 GiB; default 64 MiB */
    size_t event_bytes_max;  /* data bytes of one event, 1..900000; default 262144 */
};
#define HOOKBUS_OPTIONS_INIT                                                                                           \
    {                                                                                                                  \
        sizeof(struct hookbus_options), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0                                          \
    }

/* What happened in a store. Begin with HOOKBUS_EVENT_INIT. Strings are NUL-terminated UTF-8; NULL: not given. */
struct hookbus_event {
    size_t size;       /* sizeof(struct hookbus_event), set by HOOKBUS_EVENT_INIT */
    const char *store; /* required: 1..64 of A-Z a-z 0-9 _ - */
    const char *type;  /* required: "order.created", word.word[.word] of a-z 0-9 _, at most 128 bytes; not hookbus.* */
    const char *subject;  /* required: the id of the order, product, …: 1..256 bytes, no control characters. Events of
                             one subject keep their order */
    const char *id;       /* 1..64 of A-Z a-z 0-9 _ -, unique in the store: give the same id when you publish the same
                             event again after a HOOKBUS_TIMEOUT or a crash. NULL: one is made (evt_…) */
    const char *time;     /* when it happened, RFC 3339 ("2026-01-31T12:00:00Z"); NULL: when Kafka stored it */
    const char *changed;  /* comma-separated paths of what changed ("price,stock.quantity"), at most 4096 bytes */
    const char *sequence; /* version of the subject, 1..64 of A-Z a-z 0-9 _ - */
    const char *traceparent;  /* W3C Trace Context, 55 bytes */
    const char *content_type; /* of data; NULL: application/json */
    const void *data;         /* the payload; if its type is JSON it must be one well-formed JSON value in UTF-8 */
    size_t data_bytes;
};
#define HOOKBUS_EVENT_INIT                                                                                             \
    {                                                                                                                  \
        sizeof(struct hookbus_event), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0                                                  \
    }

/* What became of one event. Valid during the callback only. */
struct hookbus_ack {
    enum hookbus_status status; /* HOOKBUS_OK: Kafka has it */
    const char *event_id;       /* its id, given or made */
    const char *text;           /* a sentence when not HOOKBUS_OK; never NULL */
    int32_t partition;          /* where it stands, when HOOKBUS_OK; else -1 */
    int64_t offset;
};
/* Called exactly once for each event that hookbus_publish accepted, on the producer's thread; the last one before
 * hookbus_producer_close returns. */
typedef void hookbus_ack_fn(void *user, const struct hookbus_ack *ack);

struct hookbus_producer;

/* Makes a producer and starts its thread. Kafka need not be reachable yet: events wait for it, up to their limits.
 * ret_why (HOOKBUS_TEXT_MAX bytes, may be NULL) explains HOOKBUS_INVALID. Also HOOKBUS_MEMORY. */
enum hookbus_status hookbus_producer_new(const struct hookbus_options *options, struct hookbus_producer **ret_producer,
                                         char *ret_why);

/* Takes one event; never waits for Kafka. HOOKBUS_OK: `ack` (may be NULL) will be called once, later. On every other
 * status nothing was taken and `ack` is not called: HOOKBUS_FULL, HOOKBUS_INVALID, HOOKBUS_TOO_LARGE, HOOKBUS_FATAL,
 * HOOKBUS_CLOSED, HOOKBUS_MEMORY. ret_id (HOOKBUS_ID_BYTES bytes, may be NULL) receives the event's id on HOOKBUS_OK;
 * ret_why (HOOKBUS_TEXT_MAX bytes, may be NULL) a sentence otherwise. */
enum hookbus_status hookbus_publish(struct hookbus_producer *producer, const struct hookbus_event *event,
                                    hookbus_ack_fn *ack, void *user, char *ret_id, char *ret_why);

/* Events taken and not called back yet. Any thread. */
size_t hookbus_producer_waiting(struct hookbus_producer *producer);

/* Waits until nothing waits any more: HOOKBUS_OK, or HOOKBUS_TIMEOUT after timeout_ms (0: only looks; negative: no
 * limit but ack_timeout_ms). Events published meanwhile are waited for too. HOOKBUS_MISUSE from inside a callback. */
enum hookbus_status hookbus_flush(struct hookbus_producer *producer, int timeout_ms);

/* Takes no more events, waits at most timeout_ms for what is on its way, calls back the rest with HOOKBUS_TIMEOUT, ends
 * the thread, frees, and sets *producer to NULL. HOOKBUS_OK if every event was acknowledged or had failed before,
 * HOOKBUS_TIMEOUT if some were cut off. NULL and a pointer to NULL are allowed. No other thread may use the producer
 * any more. HOOKBUS_MISUSE (nothing happens) from inside a callback. */
enum hookbus_status hookbus_producer_close(struct hookbus_producer **producer, int timeout_ms);

#ifdef __cplusplus
}
#endif

#endif
