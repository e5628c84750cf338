/* Job: shows events and their deliveries to people: "was it sent, to whom, when".
 *
 * Place: `hookbus event list|show|tail`, `hookbus listen` (the summary of data). Owns: nothing. Fails: buffers'
 * errors. Threads: one. */
#ifndef CLI_EVENT_VIEW_H
#define CLI_EVENT_VIEW_H

#include "cli/output.h"
#include "platform/json/json.h"

/* "delivered 2", "1 delivered, 1 failed", "nobody": what the last line of each delivery says. Appended to scratch. */
struct hb_str hb_event_view_state(const struct hb_json *deliveries, struct hb_buf *scratch);
/* One attempt line for a person: time, outcome, webhook, status or reason, duration. */
void hb_event_view_line(const struct hb_output *output, const struct hb_json *line, const char *indent);
/* A short look at data that passed hb_json_scan: its most telling scalars, "number=1001 total=129.90 currency=EUR".
 * Appended, cleaned, at most `columns` wide. */
HB_MUST_USE enum hb_err hb_event_view_data(const struct hb_output *output, struct hb_str data, size_t columns,
                                           struct hb_buf *ret_text);
/* "12:00:00.123" of an RFC 3339 time; the text itself if it is none. */
struct hb_str hb_event_view_clock(struct hb_str time);

#endif
