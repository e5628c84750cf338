/* Job: finds the items that made SALESmanago refuse a whole request, which never says which.
 *
 * Place: the worker, after a request of more than one item was refused, or failed so often that an item may be why
 * (suspects.h): then "refused" below means failed. It asks next for the units to send, sends them as they are
 * at that moment, and tells what came of it. Halving, with what is not known put off into one request at the end; after
 * a second poison the rest goes out in growing groups. One poison in 100: at most 10 requests, the refused one and the
 * rest included; ten: at most 70, whoever they are (an adversary's best, counted out; the promise is 75). Each good
 * unit is accepted in some request; a poison is only what was refused alone, so its words are known. A unit is an index
 * below `count`; what it stands for may change or go away meanwhile (hb_sm_search_drop): the search takes longer at
 * worst. Fails: nothing; a wrong call aborts. Limits: HB_SM_PRODUCTS_MAX units. Threads: one at a time.
 *
 * Example:
 *     hb_sm_search_begin(&search, 100);
 *     while ((count = hb_sm_search_next(&search, &units)) > 0)
 *         send(units, count) ? hb_sm_search_accepted(&search) : hb_sm_search_refused(&search); */
#ifndef SALESMANAGO_SEARCH_H
#define SALESMANAGO_SEARCH_H

#include "salesmanago/limits.h"

enum hb_sm_unit_state { HB_SM_UNIT_OPEN, HB_SM_UNIT_ACCEPTED, HB_SM_UNIT_POISON, HB_SM_UNIT_DROPPED };

struct hb_sm_search {
    size_t count, requests, poisons;
    size_t candidates_count, rest_count, probe_count;
    size_t probe_sent;                      /* how many the request under way has; 0: none is */
    bool is_of_candidates;                  /* the probe was taken from them */
    size_t group;                           /* how many of the rest next, once a second poison was found */
    size_t probe_max;                       /* no larger request: what was too large */
    uint8_t candidates[HB_SM_PRODUCTS_MAX]; /* one of them at least is a poison, as far as is known */
    uint8_t rest[HB_SM_PRODUCTS_MAX];       /* nothing is known */
    uint8_t probe[HB_SM_PRODUCTS_MAX];      /* under way */
    uint8_t state[HB_SM_PRODUCTS_MAX];      /* enum hb_sm_unit_state */
};

/* A request of `count` units (2..HB_SM_PRODUCTS_MAX) was refused, which counts as the first. One that held a single
 * unit needs no search: that is the poison. */
void hb_sm_search_begin(struct hb_sm_search *search, size_t count);
/* The units to send next; 0: done. The same again until it is told what came of them: a lost answer needs no call. */
size_t hb_sm_search_next(struct hb_sm_search *search, const uint8_t **ret_units);
/* What came of them. */
void hb_sm_search_accepted(struct hb_sm_search *search);
void hb_sm_search_refused(struct hb_sm_search *search);
/* They were too many bytes, or timed out too often: smaller ones from now on. False: it was a single one already, and
 * nothing changes. */
bool hb_sm_search_too_large(struct hb_sm_search *search);
/* A unit is not wanted any more (its product has a newer version that is sent by itself, or is gone). Also one that is
 * in the request under way. */
void hb_sm_search_drop(struct hb_sm_search *search, size_t unit);
/* A unit that was accepted did not come back in productIds: it is sent once more with the rest. */
void hb_sm_search_again(struct hb_sm_search *search, size_t unit);
enum hb_sm_unit_state hb_sm_search_state(const struct hb_sm_search *search, size_t unit);

#endif
