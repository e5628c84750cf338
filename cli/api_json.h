/* Job: reads the JSON the api answers, also when it shows an event whose data our reader does not take.
 *
 * Place: data is what a store published: it may hold a NUL, half a character, a name twice or great depth, all of
 * which platform/json refuses. One such event must not hide the others of a page: its data is shown as absent. Owns:
 * the document is the caller's.
 * Fails: HB_ERR_INVALID (not JSON, or odd elsewhere than in data), HB_ERR_MEMORY. Threads: no shared state. */
#ifndef CLI_API_JSON_H
#define CLI_API_JSON_H

#include "platform/json/json.h"

HB_MUST_USE enum hb_err hb_api_json_parse(struct hb_str text, struct hb_json **ret_json, struct hb_error *reterr);

#endif
