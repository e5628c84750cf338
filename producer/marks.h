/* Job: the marks of accepted events in Redis: "this id was accepted, with this body".
 *
 * Place: asked by producer/accept.c before Kafka, written by it after Kafka's acknowledgement, never before: a crash in
 * between costs a duplicate, never a loss. What callers see of it: docs/publish.md.
 * Owns / borrows: owns its Redis connection; what is given is copied before the call returns.
 * Fails: HB_ERR_AWAY, HB_ERR_FULL, HB_ERR_MEMORY: nothing was sent and nothing will be called back. Then publishing
 * goes on without de-duplication, and says so. Limits: any number of keys a call: one command each call. Threads: the
 * loop's.
 *
 * A mark: key "<topic prefix>accepted:{<store>}:<event id>", value one version byte and HB_MARK_BYTES of the body's
 * hash, kept publish.dedup_hours. The first body to be accepted stays (SET NX). */
#ifndef PRODUCER_MARKS_H
#define PRODUCER_MARKS_H

#include "hookbus/bytes.h"

struct hb_loop;
struct hb_log_context;
struct hb_marks;

#define HB_MARK_BYTES 16

struct hb_marks_options {
    struct hb_loop *loop;
    const char *address, *username, *password, *ca_file; /* as struct hb_redis_options; the first node of a list */
    int connect_timeout_ms, command_timeout_ms;
    int commands_max;
    uint64_t jitter_seed;
    struct hb_str topic_prefix;
    int64_t keep_s;
    const struct hb_log_context *log; /* must outlive the marks */
};

struct hb_mark {
    struct hb_str store, id;
    unsigned char digest[HB_MARK_BYTES];
};

/* HB_ERR_CONFIG (the address), HB_ERR_MEMORY. Redis need not be reachable. */
HB_MUST_USE enum hb_err hb_marks_new(const struct hb_marks_options *options, struct hb_marks **ret_marks,
                                     struct hb_error *reterr);
/* What was sent and not answered is called back as unknown. */
void hb_marks_free(struct hb_marks **marks);

/* Collects marks for the next command: begin, add each, then check or set. HB_ERR_MEMORY. */
void hb_marks_begin(struct hb_marks *marks);
HB_MUST_USE enum hb_err hb_marks_add(struct hb_marks *marks, const struct hb_mark *mark);

/* For each mark asked, in order: its digest, or NULL if there is none. count 0: Redis did not answer. */
typedef void hb_marks_checked_fn(void *user, const unsigned char *const *digests, size_t count);
/* Asks for those added. Called back once on HB_OK, never from inside. */
HB_MUST_USE enum hb_err hb_marks_check(struct hb_marks *marks, hb_marks_checked_fn *fn, void *user);
typedef void hb_marks_written_fn(void *user, bool is_written);
/* Writes those added. Called back once on HB_OK, never from inside. */
HB_MUST_USE enum hb_err hb_marks_write(struct hb_marks *marks, hb_marks_written_fn *fn, void *user);

#endif
