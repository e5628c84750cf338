/* Job: tells a mistake in the mapping from bad products: whether most of what was sent of late was refused alike.
 *
 * Place: one of each connector, kept by the worker for as long as it runs; it says when to pause with
 * `mapping_refused`. Each item whose fate became known counts once: refused alone with code and field, or accepted (a
 * request that was accepted counts for all its items, so rare bad products never add up). Fails, owns: nothing. */
#ifndef SALESMANAGO_REFUSALS_H
#define SALESMANAGO_REFUSALS_H

#include "salesmanago/answer.h"

#define HB_SM_REFUSALS_SEEN 20 /* the last so many; more than half of them alike is the mapping */

struct hb_sm_refusals {
    uint64_t seen[HB_SM_REFUSALS_SEEN]; /* a hash of code and field; 0: accepted, or none yet */
    size_t next;
};
#define HB_SM_REFUSALS_EMPTY ((struct hb_sm_refusals){.next = 0})

void hb_sm_refusals_accepted(struct hb_sm_refusals *refusals, size_t items);
/* A single item was refused with that code and field. True: more than half of the last ones were refused like this. */
bool hb_sm_refusals_refused(struct hb_sm_refusals *refusals, int64_t code, struct hb_str field);

#endif
