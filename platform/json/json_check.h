/* Job: what cJSON lets through and we do not: checks before and after its parser.
 *
 * Place: within platform/json only. cJSON 1.7.15 takes "01" for a number and a control character for white space, cuts
 * a string at \u0000, goes 1000 levels deep, keeps the first of two equal members, and turns 1e999 into infinity.
 * Threads: no shared state. */
#ifndef PLATFORM_JSON_JSON_CHECK_H
#define PLATFORM_JSON_JSON_CHECK_H

#include "hookbus/bytes.h"

#define HB_JSON_DOCUMENT_DEPTH_MAX 32

struct cJSON;

/* The bytes: well-formed JSON, UTF-8, not too deep, no \u0000, no half of a surrogate pair. HB_ERR_INVALID. */
HB_MUST_USE enum hb_err hb_json_check_text(struct hb_str text, struct hb_error *reterr);
/* The tree: no duplicate member, no number beyond a double. HB_ERR_INVALID, HB_ERR_MEMORY. */
HB_MUST_USE enum hb_err hb_json_check_tree(const struct cJSON *root, struct hb_error *reterr);

#endif
