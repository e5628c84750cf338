/* Job: the `format` words of a JSON Schema that docs/schemas use, as rules over a JSON string.
 *
 * Place: core/schema. Each takes the body of a JSON string, still escaped (hb_cursor_text).
 * Fails: nothing; the answer is a truth value. Cost: O(n). Threads: no shared state. */
#ifndef CORE_TEXT_FORMAT_H
#define CORE_TEXT_FORMAT_H

#include "hookbus/bytes.h"

struct hb_text_format {
    const char *name;   /* "date-time" */
    const char *should; /* "an RFC 3339 time such as …" */
    bool (*fits)(struct hb_str raw);
};

/* NULL: none of date, date-time, email, uri. */
const struct hb_text_format *hb_text_format_find(struct hb_str name);

#endif
