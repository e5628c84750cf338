/* Job: says whether an event is selected by type and changed fields (compiled once per webhook).
 * `*` and `word.*` never match hookbus.* notices. Threads: any; immutable after
 * making. */
#ifndef CORE_SELECTION_H
#define CORE_SELECTION_H

#include "hookbus/event.h"

struct hb_selection;

/* A pattern is a type ("order.created"), "order.*" (any type beginning "order."), or "*". "hookbus.*" is none: notices
 * are named one by one. */
bool hb_selection_is_pattern(struct hb_str pattern);
/* types: at least one pattern. changed: paths; none means any. An event with a `changed` list matches if one of its
 * paths equals, is below or is above one of these ("price" matches "price.amount"); an event without one (created, or a
 * producer that does not say) matches. Copies all. */
HB_MUST_USE enum hb_err hb_selection_new(const struct hb_str *types, size_t types_count, const struct hb_str *changed,
                                         size_t changed_count, struct hb_selection **ret_selection,
                                         struct hb_error *reterr);
void hb_selection_free(struct hb_selection **selection);
/* Whether the event is of a selected type and passes `changed`, as said above. */
bool hb_selection_matches(const struct hb_selection *selection, const struct hb_event *event);

#endif
