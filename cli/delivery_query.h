/* Job: the filters of `hookbus delivery …`, as flags and as the query of the API.
 *
 * Place: list, retry and cancel of many. Fails: usage errors with a sentence. Threads: one. */
#ifndef CLI_DELIVERY_QUERY_H
#define CLI_DELIVERY_QUERY_H

#include "cli/api_client.h"

/* The flags; `states`: what --state of the command may be. */
#define HB_DELIVERY_FILTER_FLAGS(states)                                                                               \
    {"webhook", 'w', "ID", "to this webhook", false, false},                                                           \
    {"state", 0, "STATE", states, false, false},                                                                       \
    {"reason", 0, "REASON", "for this reason: timeout, server_error, disabled …", false, false},                       \
    {"type", 't', "TYPE", "of events of this type: order.created, order.*", false, false},                             \
    {"event", 'e', "ID", "of this event", false, false},                                                               \
    {"subject", 0, "ID", "about this order, product …", false, false},                                                 \
    {"since", 0, "TIME", "of events appended since: 2026-01-31T12:00:00Z, or 2h, 3d ago", false, false},               \
    {"until", 0, "TIME", "of events appended before", false, false}

/* "/v1/stores/S/deliveries?webhook=…" of the flags that were given, then `more` ("count=true&limit=1"; may be empty)
 * and the cursor (empty: none). */
HB_MUST_USE enum hb_err hb_delivery_query(struct hb_cli *cli, const char *more, struct hb_str cursor,
                                          char ret_path[HB_API_PATH_MAX]);
/* Whether any filter was given. */
bool hb_delivery_query_is_given(const struct hb_cli *cli);

#endif
