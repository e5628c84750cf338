/* Job: the live tail: every event of a store as it is published and every attempt line as it is made, as NDJSON.
 *
 * Place: GET /v1/stores/{store}/tail. One reader for all tails, from the ends of the topics on; it exists only while
 * somebody looks.
 * Lines: {"kind":"event","event":{…}} and {"kind":"attempt",…the line's fields}. An event whose line is larger than a
 * stream holds (HB_HTTP_STREAM_BYTES_MAX) comes without its data, "data_omitted":true. Owns: its reader. Threads: the
 * loop's. */
#ifndef HISTORY_TAIL_H
#define HISTORY_TAIL_H

#include "history/history.h"

struct hb_tails;
struct hb_http_call;

HB_MUST_USE enum hb_err hb_tails_new(const struct hb_history_options *options, struct hb_tails **ret_tails);
void hb_tails_free(struct hb_tails **tails);
/* Answers the call with a stream until the client leaves. The call was allowed to read `store`; has_data: data bytes
 * too. */
void hb_tails_add(struct hb_tails *tails, struct hb_http_call *call, struct hb_str store, bool has_data);

#endif
