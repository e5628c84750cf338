/* Job: the deliveries a replay looks at: what is known of each, in bounded memory; then those that are taken, in order.
 *
 * Place: filled by replay/scan from history, the journal and the events; core/replay_rule judges. Owns / borrows: owns
 * everything; pointers to candidates live until the next put or the end of gathering. Fails: HB_ERR_FULL (more
 * deliveries than the limit: the range must be narrowed), HB_ERR_MEMORY. Limits: given when made; 80 bytes a delivery
 * and its event's id. Cost: O(1) a put; sorting at the end. Threads: one at a time. */
#ifndef REPLAY_CANDIDATES_H
#define REPLAY_CANDIDATES_H

#include "core/replay_rule.h"
#include "core/shard_rule.h"

struct hb_candidates;

enum hb_candidate_flag {
    HB_CANDIDATE_HAS_POSITION = 1,
    HB_CANDIDATE_HAS_APPENDED = 2,
    HB_CANDIDATE_HAS_SUBJECT = 4,
    HB_CANDIDATE_DELIVERED = 8,
    HB_CANDIDATE_SKIPPED = 16,
    HB_CANDIDATE_WANTED = 32,
    HB_CANDIDATE_TAKEN = 64, /* this job has it already */
    HB_CANDIDATE_READ = 128, /* its event's record was read */
    HB_CANDIDATE_OF_TYPE = 256,
    HB_CANDIDATE_GONE = 512 /* its event's record is not there any more */
};

struct hb_candidate {
    unsigned char delivery[HB_REPLAY_DELIVERY_BYTES];
    struct hb_position position;
    int64_t version;        /* of the state the journal said last; 0: none */
    int64_t journal_offset; /* of that record */
    uint64_t subject;
    uint32_t event_at; /* place of the event's id among the texts */
    uint8_t event_len; /* 0: not known */
    int8_t journal;    /* enum hb_delivery_state the journal said last, DELIVERED too; HB_REPLAY_NO_ENTRY: nothing */
    uint16_t flags;
};

HB_MUST_USE enum hb_err hb_candidates_new(size_t max, struct hb_candidates **ret_candidates);
void hb_candidates_free(struct hb_candidates **candidates);
/* NULL if there is none. */
struct hb_candidate *hb_candidates_get(const struct hb_candidates *candidates,
                                       const unsigned char delivery[HB_REPLAY_DELIVERY_BYTES]);
/* The one that is there, or a new one that nothing is known of. */
HB_MUST_USE enum hb_err hb_candidates_put(struct hb_candidates *candidates,
                                          const unsigned char delivery[HB_REPLAY_DELIVERY_BYTES],
                                          struct hb_candidate **ret_candidate);
/* Sets the event's id, once. */
HB_MUST_USE enum hb_err hb_candidates_set_event(struct hb_candidates *candidates, struct hb_candidate *candidate,
                                                struct hb_str event);
/* Empty: not known. */
struct hb_str hb_candidates_event(const struct hb_candidates *candidates, const struct hb_candidate *candidate);
size_t hb_candidates_count(const struct hb_candidates *candidates);
struct hb_candidate *hb_candidates_at(const struct hb_candidates *candidates, size_t index);
/* What the rule asks about one. */
struct hb_replay_facts hb_candidates_facts(const struct hb_candidate *candidate);
/* Keeps those the rule takes (ASK counts as gone now), behind `from`, in the order of their cursors. Nothing may be put
 * or got any more. */
void hb_candidates_finish(struct hb_candidates *candidates, const struct hb_replay_rule *rule,
                          const struct hb_replay_cursor *from, size_t *ret_gone);
struct hb_replay_cursor hb_candidates_cursor(const struct hb_candidate *candidate);

#endif
