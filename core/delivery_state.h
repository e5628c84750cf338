/* Job: says in which state a delivery is after something happened to it.
 *
 * Place: the one table is core/delivery_state.def; dispatcher/, retry/, the read model and the documents use it.
 * Whoever changes a delivery's state goes through hb_delivery_state_move. Fails: a move that the table does not have is
 * a bug (HB_ASSERT); hb_delivery_state_may asks without risk. Owns: nothing. Cost: O(1). Threads: any.
 *
 * Example:
 *     delivery->state = hb_delivery_state_move(delivery->state, HB_DELIVERY_CLAIM); */
#ifndef CORE_DELIVERY_STATE_H
#define CORE_DELIVERY_STATE_H

#include "hookbus/bytes.h"

enum hb_delivery_state {
#define HB_DELIVERY_STATE(name, text, is_journaled, is_done, meaning) HB_DELIVERY_##name,
#include "core/delivery_state.def"
#undef HB_DELIVERY_STATE
    HB_DELIVERY_STATE_COUNT
};

enum hb_delivery_event {
#define HB_DELIVERY_EVENT(name, meaning) HB_DELIVERY_##name,
#include "core/delivery_state.def"
#undef HB_DELIVERY_EVENT
    HB_DELIVERY_EVENT_COUNT
};

/* The state after the event. Aborts when the table has no such move. */
enum hb_delivery_state hb_delivery_state_move(enum hb_delivery_state from, enum hb_delivery_event event);
/* Whether the table has the move. */
bool hb_delivery_state_may(enum hb_delivery_state from, enum hb_delivery_event event);
/* "parked" …; and back: -1 if unknown. */
const char *hb_delivery_state_text(enum hb_delivery_state state);
int hb_delivery_state_find(struct hb_str text);
/* One sentence for an operator. */
const char *hb_delivery_state_meaning(enum hb_delivery_state state);
const char *hb_delivery_event_meaning(enum hb_delivery_event event);
/* Whether a journal record can say this state. */
bool hb_delivery_state_is_journaled(enum hb_delivery_state state);
/* Whether the delivery needs nothing more: a shard's view has no entry for it. */
bool hb_delivery_state_is_done(enum hb_delivery_state state);

#endif
