/* Job: shows deliveries and how webhooks fare to people.
 *
 * Place: `hookbus delivery …`, `hookbus webhook health`, `hookbus top`. Owns: nothing. Fails: buffers' errors. Threads:
 * one. */
#ifndef CLI_DELIVERY_VIEW_H
#define CLI_DELIVERY_VIEW_H

#include "cli/table.h"
#include "platform/json/json.h"

/* The table of `delivery list`, and its rows. */
extern const struct hb_column hb_delivery_columns[];
#define HB_DELIVERY_COLUMNS_COUNT 8
HB_MUST_USE enum hb_err hb_delivery_view_add(struct hb_table *table, const struct hb_json *item);
/* One delivery whole: its members, where its event stands, the event, each attempt. `text`: the answer's own. */
void hb_delivery_view_show(const struct hb_output *output, const struct hb_json *answer, struct hb_str text);
/* "1 dead, 20 parked"; returns their sum. Appended. */
uint64_t hb_delivery_view_counts(const struct hb_json *counts, struct hb_buf *ret_text);
/* Says on standard error what an answer's "complete", "percent" and "trouble" mean for its reader. */
void hb_delivery_view_note(const struct hb_output *output, const struct hb_json *answer);

#endif
