/* Job: reads one published event, or each of a batch, out of JSON: our own form or a structured CloudEvent.
 *
 * Place: used by producer/ (HTTP, NDJSON). Order of work: hb_json_scan on the whole text; hb_event_batch_* for a batch;
 * one of the two readers for each item; the caller fills in the store (and the time, if empty); hb_event_adopt_id for a
 * CloudEvent; hb_event_is_notice; hb_event_check. The readers look at the shape alone, hb_event_check at the values.
 * Owns / borrows: the event is a view of the text and of `scratch`, where what had to be unescaped stands. `data` is
 * the bytes exactly as they came. A reader grows scratch at most once, by the item's length without its data, before it
 * writes: earlier views into it survive only if the caller reserved the room for all (twice the text's length is
 * enough). Fails: HB_ERR_INVALID with a problem; HB_ERR_MEMORY and HB_ERR_FULL of scratch. Cost: one pass. Threads:
 * any. Limits: the depth of hb_json_scan counts the wrapping: data of a single event may be 63 levels deep, in a
 * batch 62. */
#ifndef CORE_EVENT_JSON_H
#define CORE_EVENT_JSON_H

#include "core/event_rules.h"
#include "core/json_cursor.h"

/* Our form: {"id"?, "type", "subject", "time"?, "changed"?: [..], "sequence"?, "traceparent"?, "content_type"?, "data":
 * …}. With a content type that is not JSON, data is a string whose text is the data, or stands in "data_base64".
 * Unknown members and members given twice are refused; ret_problem->field names them (a NUL-terminated text in
 * scratch). item must have passed hb_json_scan. */
HB_MUST_USE enum hb_err hb_event_json_read(struct hb_str item, struct hb_buf *scratch, struct hb_event *ret_event,
                                           struct hb_event_problem *ret_problem);

/* A structured CloudEvent 1.0 (JSON format). Unknown members are extensions and ignored; null is absent. ret_source is
 * the producer's own source, for hb_event_adopt_id. */
HB_MUST_USE enum hb_err hb_event_json_read_cloudevent(struct hb_str item, struct hb_buf *scratch,
                                                      struct hb_event *ret_event, struct hb_str *ret_source,
                                                      struct hb_event_problem *ret_problem);

/* The items of a JSON array, one by one. */
struct hb_event_batch {
    struct hb_cursor array;
    size_t state;
};
/* False: the text (which passed hb_json_scan) is no array. */
bool hb_event_batch_init(struct hb_str text, struct hb_event_batch *ret_batch);
/* The next item's raw text; false at the end. */
bool hb_event_batch_next(struct hb_event_batch *batch, struct hb_str *ret_item);

#endif
