/* Job: what the files of the view share. Place: private to retry/view*.c and batch.c. */
#ifndef RETRY_VIEW_INTERNAL_H
#define RETRY_VIEW_INTERNAL_H

#include "retry/scripts.h"
#include "retry/view.h"

#define HB_VIEW_TAG_MAX (HB_VIEW_PREFIX_MAX + 8)

struct hb_view_call {
    struct hb_view *view; /* NULL: freed meanwhile */
    struct hb_view_call *next, **where;
    enum hb_script_name name;
    hb_view_fn *fn;
    void *user;
    struct hb_shard_head expected; /* when it was sent */
    int64_t mark;                  /* takeover */
    bool is_look;
    struct hb_shard_record *rules; /* apply: of each record, for what refuses it */
    size_t rules_count;
};

struct hb_view {
    struct hb_view_options options;
    char tag[HB_VIEW_TAG_MAX];
    struct hb_shard_head head; /* as expected, calls under way included */
    bool is_lost, is_fenced, is_applying;
    struct hb_view_call *calls;
};

/* Arguments of a call, being gathered; numbers are written into a buffer of their own. */
#define HB_VIEW_NUMBER_BYTES 24
struct hb_view_words {
    struct hb_str *words;
    size_t count, size;
    char (*numbers)[HB_VIEW_NUMBER_BYTES];
    size_t numbers_count;
};
HB_MUST_USE enum hb_err hb_view_words_init(struct hb_view_words *words, size_t words_max);
void hb_view_words_deinit(struct hb_view_words *words);
void hb_view_words_add(struct hb_view_words *words, struct hb_str word);
void hb_view_words_number(struct hb_view_words *words, int64_t number);
/* The mark and `applied` that the gate of a script wants first. */
void hb_view_words_gate(struct hb_view_words *words, const struct hb_view *view);

/* view.c: sends; *ret_call may be filled before anything comes back. */
HB_MUST_USE enum hb_err hb_view_send(struct hb_view *view, enum hb_script_name name, const struct hb_view_words *words,
                                     const struct hb_view_call *how);
/* HB_OK, or why a verb may not be called now. */
HB_MUST_USE enum hb_err hb_view_may(const struct hb_view *view);

/* batch.c: the apply script's arguments behind the gate. */
HB_MUST_USE enum hb_err hb_view_batch_write(const struct hb_view_batch *batch, struct hb_view_words *words,
                                            struct hb_buf *records);

/* view_answer.c: reads a reply; ret_answer's arrays are freed by _deinit. */
void hb_view_answer_read(const struct hb_view_call *call, enum hb_err err, const struct hb_redis_reply *reply,
                         struct hb_view_answer *ret_answer);
void hb_view_answer_deinit(struct hb_view_answer *answer);
/* What an error of Redis means to us. */
enum hb_err hb_view_error_of(struct hb_str text);

#endif
