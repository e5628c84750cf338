/* Job: one life of the merge: state file, writer and consumer opened, events merged and written, until it is asked to
 * stop or something fails. After a failure everything is thrown away but the file: the next session takes state and
 * offsets from Kafka again.
 *
 * Place: catalog/ alone, on its thread. What is in it is shared by its files: members.c (which partitions are ours),
 * merging.c (events into a batch), writing.c (a batch into Kafka, then into the file), sweeping.c (what was deleted
 * or only partial long ago). Threads: the room's own. */
#ifndef CATALOG_SESSION_H
#define CATALOG_SESSION_H

#include "catalog/batch.h"
#include "catalog/catalog.h"
#include "catalog/notes.h"
#include "catalog/state_file.h"
#include "core/catalog_merge.h"
#include "hookbus/topics.h"

struct hb_wake;

struct hb_session_options {
    const struct hb_catalog_options *catalog;
    struct hb_str source;
    struct hb_notes *notes;
    struct hb_wake *wake; /* sent after a note */
    int stop_fd;          /* readable: stop */
};

/* HB_ERR_CLOSED: asked to stop, all that was merged is written. ret_was_good: it had partitions and wrote.
 * HB_ERR_FATAL: the process must end. */
HB_MUST_USE enum hb_err hb_session_run(const struct hb_session_options *options, bool *ret_was_good,
                                       struct hb_error *reterr);

/* ---- for the room's files ---- */

enum { HB_SESSION_PRODUCT, HB_SESSION_INVENTORY, HB_SESSION_TOPICS }; /* the order of the consumer's topics */

struct hb_session {
    const struct hb_session_options *options;
    struct hb_error *reterr;
    enum hb_err err; /* the first; the session ends with it */
    bool is_good, is_away, has_assignment;
    char topics[HB_SESSION_TOPICS][HB_TOPIC_NAME_MAX], catalog_topic[HB_TOPIC_NAME_MAX], group[HB_TOPIC_NAME_MAX];
    struct hb_state_file *file;
    struct hb_kafka_writer *writer;
    struct hb_kafka_consumer *consumer;
    /* members.c */
    struct hb_kafka_membership *membership; /* of the partitions that are ours now */
    size_t ours;                            /* partition numbers */
    bool is_ours[HB_CATALOG_PARTITIONS_MAX];
    bool is_stopped[HB_CATALOG_PARTITIONS_MAX]; /* one of ours that may not be merged any further */
    int64_t next[HB_SESSION_TOPICS][HB_CATALOG_PARTITIONS_MAX]; /* the next event to be merged */
    struct hb_wall told_until[HB_CATALOG_PARTITIONS_MAX]; /* all product events appended before it are merged */
    char refused[HB_ERROR_TEXT_MAX]; /* a partition stands still until somebody acts; empty: none does */
    /* writing.c */
    struct hb_batch batches[2], *filling, *writing;
    bool is_writing;
    struct hb_mono written_since;
    /* merging.c: scratch */
    struct hb_buf current, scratch, value;
    struct hb_mono refusals_since; /* of the log: so many lines a second */
    int refusals;
    /* session.c */
    struct hb_mono second_at, commit_at, sweep_at, refresh_at;
};

/* Ends the session, after this turn; the first one counts. */
void hb_session_fail(struct hb_session *session, enum hb_err err, const char *what, const char *text);
void hb_session_note(struct hb_session *session, const struct hb_note *note);
bool hb_session_is_stopping(const struct hb_session *session);
/* Says what hb_catalog_trouble says. */
void hb_session_tell(struct hb_session *session);
/* A partition stands still until somebody acts. */
void hb_session_refuse(struct hb_session *session, int topic, int32_t partition, const char *why);

/* members.c */
extern const struct hb_kafka_consumer_events hb_members_events;

/* merging.c */
void hb_merging_take(struct hb_session *session, const struct hb_kafka_message *message);
/* The product as the events merged so far have made it, in session->current; false: nothing is known. */
bool hb_merging_find(struct hb_session *session, struct hb_str key, struct hb_catalog_product *ret_product);

/* writing.c */
/* Writes the batch if it is due (or is_now) and none is under way. */
void hb_writing_pump(struct hb_session *session, bool is_now);
bool hb_writing_has_room(const struct hb_session *session, size_t *ret_events);
/* Waits for what is under way, at most some seconds: a failure then. */
void hb_writing_wait(struct hb_session *session);

/* sweeping.c */
void hb_sweeping_run(struct hb_session *session);

#endif
