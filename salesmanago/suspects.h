/* Job: the products of a connector that make a request fail for which nobody says why (5xx, no answer, junk): who of
 * them is to be tried when, and whose fault it was.
 *
 * Place: the worker. A request of many that keeps failing is searched by halves; a product that failed *alone* becomes
 * a suspect here and waits beside the others' queue (pending.h). It is tried again alone, later each time, and only
 * while SALESmanago accepts others. What condemns it is told by the others: it failed alone, and the next that was not
 * its own was accepted: HB_SM_EVIDENCE_MAX times. So nothing is ever condemned while nothing is accepted. What is known
 * of a product survives that its connector is detached, and newer versions of it: it is kept by product here, not with
 * the change, and goes when all of it is accepted.
 * Owns: its suspects, with copies of their keys; max, first_ms and most_ms are set by whoever has it, the rest begins
 * as 0. Fails: HB_ERR_FULL, HB_ERR_MEMORY. Limits: max. Cost: O(suspects) a call but for find. Threads: one.
 * No clock: time is given.
 *
 * Example:
 *     err = hb_sm_suspects_failed(&suspects, &failure, now); … at suspect->due it is tried alone; it fails: again
 *     … others: hb_sm_suspects_accepted(&suspects, key); if (hb_sm_suspect_is_condemned(suspect)) … */
#ifndef SALESMANAGO_SUSPECTS_H
#define SALESMANAGO_SUSPECTS_H

#include "core/map.h"
#include "hookbus/time.h"
#include "salesmanago/answer.h"
#include "salesmanago/items.h"

#define HB_SM_EVIDENCE_MAX 7 /* with the defaults some eleven minutes */

/* A product that failed alone. */
struct hb_sm_failure {
    struct hb_str key; /* of its catalog record */
    int32_t partition;
    int64_t offset; /* of the version */
    struct hb_str item;
    const struct hb_sm_answer *answer;
};

struct hb_sm_suspect {
    struct hb_str key; /* own copy, behind this struct */
    int32_t partition;
    int64_t offset;     /* of the version that failed last */
    unsigned evidence;  /* times it failed and another was accepted next */
    bool is_asked;      /* it failed last: what comes of the others says whose fault it was */
    int64_t pause_ms;   /* before it is tried again */
    struct hb_mono due; /* not before */
    int status;         /* HTTP; 0: none */
    char item[HB_SM_ITEM_ID_MAX + 1];
    char words[HB_SM_ANSWER_WORDS_MAX];
};

struct hb_sm_suspects {
    struct hb_map by_key;
    size_t max;
    int64_t first_ms, most_ms; /* the first pause; at most */
    bool is_well;              /* SALESmanago accepted the last request */
    bool are_others_doubted;   /* what was sent last that is no suspect failed: it cannot tell who is at fault */
};

void hb_sm_suspects_clear(struct hb_sm_suspects *suspects);
static inline struct hb_sm_suspect *hb_sm_suspects_find(const struct hb_sm_suspects *suspects, struct hb_str key)
{
    return suspects->by_key.count > 0 ? hb_map_get(&suspects->by_key, key) : NULL;
}
/* A product failed alone, or a part of its items: it is suspect from now on, or failed once more. */
HB_MUST_USE enum hb_err hb_sm_suspects_failed(struct hb_sm_suspects *suspects, const struct hb_sm_failure *failure,
                                              struct hb_mono now);
/* A request was accepted: of items of the product `key` alone if that is not empty, which says nothing of that one. */
void hb_sm_suspects_accepted(struct hb_sm_suspects *suspects, struct hb_str key);
/* The witness was accepted: as of another product, and it says nothing of those that wait. */
void hb_sm_suspects_witnessed(struct hb_sm_suspects *suspects);
/* A request failed that was not one of a suspect alone: SALESmanago is not well, and a suspect's last try says nothing.
 * What was held against it before stays: it took two answers each, and others failing now and then would void it for
 * ever. is_of_others: perhaps for something in it. */
void hb_sm_suspects_doubt(struct hb_sm_suspects *suspects, bool is_of_others);
bool hb_sm_suspect_is_condemned(const struct hb_sm_suspect *suspect);
/* No suspect any more: it was accepted, is dead, or is not ours. */
void hb_sm_suspects_remove(struct hb_sm_suspects *suspects, struct hb_str key);
void hb_sm_suspects_remove_partition(struct hb_sm_suspects *suspects, int32_t partition);
/* Whether any waits for what comes of the others. */
bool hb_sm_suspects_ask(const struct hb_sm_suspects *suspects);

/* ---- whose turn it is ---- */

enum hb_sm_turn {
    HB_SM_TURN_NONE,    /* nobody's yet */
    HB_SM_TURN_OTHERS,  /* who is no suspect */
    HB_SM_TURN_SUSPECT, /* the one that is due first */
    HB_SM_TURN_WITNESS, /* what was accepted last, once more: is SALESmanago well? */
};
struct hb_sm_turn_question {
    bool has_others;   /* something waits that is no suspect */
    bool has_witness;  /* something is at hand that was accepted last */
    bool has_suspect;  /* one waits; it is due then */
    struct hb_mono suspect_due;
};
/* *ret_again: somebody's turn may come then without anything else happening: 0: it is a suspect's or the witness's now;
 * INT64_MAX: not by time (the others' own is not in it). */
enum hb_sm_turn hb_sm_suspects_turn(const struct hb_sm_suspects *suspects, const struct hb_sm_turn_question *question,
                                    struct hb_mono now, struct hb_mono *ret_again);

#endif
