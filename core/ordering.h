/* Job: says which delivery of an ordered subject may go next.
 *
 * Place: retry/ keeps a list for each webhook, subject and event topic (`order: per_subject`); the rule is here. The
 * list is in the order of the *events* (their offsets), never in that of journal records: a view rebuilt after
 * compaction meets the head's last record behind the others' first ones. The promise: no event of a subject is sent for
 * the first time before every earlier one of the same family was delivered, died, expired or was cancelled; and never
 * two of a list are under way at once. Owns: nothing. Fails: never. Cost: O(1), the head O(count). Threads: any.
 *
 * Example:
 *     size_t head = hb_ordering_head(states, count);
 *     if (head < count && states[head] == HB_DELIVERY_PARKED) { make_due(head); } */
#ifndef CORE_ORDERING_H
#define CORE_ORDERING_H

#include "core/delivery_state.h"
#include "hookbus/event.h"

/* Where an event stands among those of its subject: <0, 0, >0. Both must be of the same topic and partition (that is
 * where a subject's events are), which decide first if they are not. */
int hb_ordering_cmp(const struct hb_position *a, const struct hb_position *b);
/* Whether a delivery in this state keeps the later ones waiting. */
bool hb_ordering_is_blocking(enum hb_delivery_state state);
/* The first of the list that is blocking; count if there is none. It alone may be due, and only if it is PARKED. With
 * one LEASED anywhere nothing is due (an earlier event can come back behind it when a crash repeats it): count, too. */
size_t hb_ordering_head(const enum hb_delivery_state *states, size_t count);
/* What happens to an ordered delivery whose schedule is used up: on_dead continue: EXHAUST (dead, the next becomes
 * due); hold: HOLD. */
enum hb_delivery_event hb_ordering_used_up(bool is_hold);

#endif
