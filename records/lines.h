/* Job: gathers lines of history into records of `attempts` and says when Kafka has them.
 *
 * A record costs about a fifth of a delivery, a line nearly nothing: lines are gathered for up to attempts_linger_ms
 * or attempts_record_bytes. An event is settled only when its lines are acknowledged, so history has no holes: a
 * record that Kafka refuses for a while is written again until it has it; one too large for the topic is split, a
 * single line goes shortened.
 * Owns / borrows: copies what it is given but for the client; the client is called once a line, from the loop.
 * Fails: HB_ERR_MEMORY (nothing was added).
 * Limits: records waiting for their acknowledgement; hb_lines_is_congested says that no more work should be begun.
 * Threads: the loop's. */
#ifndef RECORDS_LINES_H
#define RECORDS_LINES_H

#include "core/attempt_line.h"
#include "platform/kafka/kafka.h"

/* A record so often costs little beside the journal records it goes with. */
#define HB_LINES_HURRY_MS 5

struct hb_loop;
struct hb_lines;

/* Who wants to hear of a line; lives as long as its lines. */
struct hb_lines_client {
    void (*done)(void *user, void *tag);    /* Kafka has the line */
    void (*dropped)(void *user, void *tag); /* at the end: it is not known whether Kafka has it; may be NULL */
    void *user;
    bool holds_records; /* a journal record waits for each of its lines: those count as records that wait */
};
struct hb_lines_options {
    struct hb_loop *loop;
    struct hb_kafka_producer *producer; /* must outlive the lines */
    struct hb_str topic_prefix;
    const char *worker;
    int linger_ms;
    size_t record_bytes_max;
    void (*refused)(void *user, enum hb_err err, const char *text); /* authorization or fatal: work must stop, red */
    void *user;
};
HB_MUST_USE enum hb_err hb_lines_new(const struct hb_lines_options *options, struct hb_lines **ret_lines);
/* The producer must have been freed before: no acknowledgement may come after this. What was not acknowledged is given
 * to `dropped`. */
void hb_lines_free(struct hb_lines **lines);
/* Adds a line (worker is filled in here); `tag` comes back to the client. client NULL: nobody wants to hear of it. */
HB_MUST_USE enum hb_err hb_lines_add(struct hb_lines *lines, struct hb_attempt_line *line,
                                     const struct hb_lines_client *client, void *tag);
/* Something waits for what is gathered: it goes out within HB_LINES_HURRY_MS. */
void hb_lines_hurry(struct hb_lines *lines);
/* Sends what is gathered now. */
void hb_lines_flush(struct hb_lines *lines);
/* Lines not acknowledged yet. */
size_t hb_lines_waiting(const struct hb_lines *lines);
/* Kafka has not acknowledged for 5 s, does not permit it, or a thousand records wait: nothing more may be fetched or
 * sent. */
bool hb_lines_is_congested(const struct hb_lines *lines);

#endif
