/* Job: a replay job as its two registry records say it: what is asked for, and how far it got.
 *
 * Place: `replay/<store>/<job>` is written by the api, `replay-state/<job>` by the process that runs the job
 * (docs/schemas/records.md). Owns / borrows: a job owns its texts; a state owns nothing but plain values. Fails:
 * HB_ERR_INVALID (not such a record), HB_ERR_VERSION (written by a newer hookbus), HB_ERR_MEMORY, HB_ERR_FULL.
 * Limits: below. Threads: one at a time. */
#ifndef REPLAY_JOB_H
#define REPLAY_JOB_H

#include "core/replay_rule.h"
#include "hookbus/topics.h"
#include "hookbus/webhook.h"

struct hb_json;
struct hb_json_writer;

#define HB_REPLAY_ID_PREFIX "rpl_"
/* rpl_ and a UUIDv7: in the order they were made. One attempt a delivery: HB_FATE_ONCE_PREFIX (core/fate.h) before it.
 */
#define HB_REPLAY_ID_BYTES 40
#define HB_REPLAY_EVENTS_MAX 1000
#define HB_REPLAY_SUBJECTS_MAX 200
#define HB_REPLAY_TYPES_MAX HB_WEBHOOK_TYPES_MAX
#define HB_REPLAY_RATE_MAX INT64_C(10000) /* deliveries a second */
#define HB_REPLAY_RECORD_BYTES_MAX ((size_t)120 * 1024)
#define HB_REPLAY_KEY_MAX 160
#define HB_REPLAY_NO_UNTIL INT64_MAX
#define HB_REPLAY_REASON_MAX 33
#define HB_REPLAY_DETAIL_MAX 200
#define HB_REPLAY_PARTITIONS_MAX 256 /* of one topic */

/* HB_REPLAY_WISH(NAME, text): what the operator wants of a job. */
#define HB_REPLAY_WISHES(X) X(ACTIVE, "active") X(PAUSED, "paused") X(CANCELLED, "cancelled")
enum hb_replay_wish {
#define HB_REPLAY_WISH_ENUM(name, text) HB_REPLAY_WISH_##name,
    HB_REPLAY_WISHES(HB_REPLAY_WISH_ENUM)
#undef HB_REPLAY_WISH_ENUM
        HB_REPLAY_WISH_COUNT
};

/* HB_REPLAY_STAGE(NAME, text, is_end): how far a job got. */
#define HB_REPLAY_STAGES(X)                                                                                            \
    X(WAITING, "waiting", 0)                                                                                           \
    X(COUNTING, "counting", 0)                                                                                         \
    X(RUNNING, "running", 0)                                                                                           \
    X(DONE, "done", 1)                                                                                                 \
    X(FAILED, "failed", 1)                                                                                             \
    X(CANCELLED, "cancelled", 1)
enum hb_replay_stage {
#define HB_REPLAY_STAGE_ENUM(name, text, is_end) HB_REPLAY_STAGE_##name,
    HB_REPLAY_STAGES(HB_REPLAY_STAGE_ENUM)
#undef HB_REPLAY_STAGE_ENUM
        HB_REPLAY_STAGE_COUNT
};

struct hb_replay_job {
    struct hb_buf text; /* what the strings below point into */
    struct hb_str id, store, webhook;
    int64_t revision;
    enum hb_replay_wish wish;
    struct hb_wall created, updated;
    unsigned states;
    struct hb_wall since;                     /* ms 0: none was named */
    struct hb_wall until;                     /* ms HB_REPLAY_NO_UNTIL: none was named */
    struct hb_str *types, *subjects, *events; /* owned lists */
    size_t types_count, subjects_count, events_count;
    int64_t rate; /* deliveries a second */
    bool is_once; /* one attempt instead of the whole schedule */
};

/* From a record's value. */
HB_MUST_USE enum hb_err hb_replay_job_read(struct hb_str value, struct hb_replay_job *ret_job);
void hb_replay_job_deinit(struct hb_replay_job *job);
/* Appends the record's value. */
HB_MUST_USE enum hb_err hb_replay_job_write(const struct hb_replay_job *job, struct hb_buf *ret_value);
/* Adds what was asked for to an object of an answer: id … once, not the wish. */
void hb_replay_job_show(const struct hb_replay_job *job, struct hb_json_writer *w);
/* The records' keys; a view of ret_key. */
struct hb_str hb_replay_job_key(struct hb_str store, struct hb_str job, char ret_key[HB_REPLAY_KEY_MAX]);
struct hb_str hb_replay_progress_key(struct hb_str job, char ret_key[HB_REPLAY_KEY_MAX]);
const char *hb_replay_wish_text(enum hb_replay_wish wish);

/* The ends a job reads to, which it fixed at its start: of each topic those of its partitions. */
struct hb_replay_ends {
    size_t counts[HB_TOPIC_COUNT]; /* partitions; 0: the topic is not read */
    int64_t ends[HB_TOPIC_COUNT][HB_REPLAY_PARTITIONS_MAX];
};

struct hb_replay_progress {
    enum hb_replay_stage stage;
    int64_t total;                  /* -1: not counted yet */
    int64_t selected;               /* of them, in the journal */
    int64_t gone;                   /* asked for, and cannot be sent any more */
    struct hb_replay_cursor cursor; /* all up to here is in the journal */
    struct hb_wall started, at;
    char worker[128];
    char reason[HB_REPLAY_REASON_MAX]; /* a word: why it waits or failed; empty: nothing to say */
    char detail[HB_REPLAY_DETAIL_MAX];
    bool has_ends;
    struct hb_replay_ends ends;
};

/* A job nobody has begun. */
void hb_replay_progress_init(struct hb_replay_progress *ret_state);
/* An empty value: as hb_replay_progress_init. */
HB_MUST_USE enum hb_err hb_replay_progress_read(struct hb_str value, struct hb_replay_progress *ret_state);
HB_MUST_USE enum hb_err hb_replay_progress_write(const struct hb_replay_progress *state, struct hb_buf *ret_value);
const char *hb_replay_stage_text(enum hb_replay_stage stage);
bool hb_replay_stage_is_end(enum hb_replay_stage stage);

#endif
