/* Job: the grammar of events, the same on publish (HTTP, library, relay) and on reading from Kafka.
 *
 * Place: used by producer/ before Kafka and by dispatcher/ behind it. Source: DESIGN sections 2, 4, 5; docs/schemas/records.md.
 * Fails: rules answer with a problem (which field, what would be right), not with an error. Threads: any. */
#ifndef CORE_EVENT_RULES_H
#define CORE_EVENT_RULES_H

#include "hookbus/event.h"

/* The field at fault and what would be right; both static strings. field NULL: nothing is wrong. */
struct hb_event_problem {
    const char *slug;   /* "invalid_type": stable, for problem types and unreadable lines */
    const char *field;  /* "type" */
    const char *should; /* "word.word[.word], words of a-z, 0-9 and _, at most 128 bytes" */
};

bool hb_event_is_id(struct hb_str id);           /* 1..64 of [A-Za-z0-9_-] */
bool hb_event_is_type(struct hb_str type);       /* word.word[.word]… */
bool hb_event_is_subject(struct hb_str subject); /* UTF-8 without control characters, 1..256 bytes */
bool hb_event_is_changed(struct hb_str changed);
bool hb_event_is_traceparent(struct hb_str traceparent);
bool hb_event_is_content_type(struct hb_str content_type);
/* application/json, any +json, or empty. */
bool hb_event_is_json_type(struct hb_str content_type);
/* hookbus.*: our own notices, which nobody may publish from outside. */
bool hb_event_is_notice(struct hb_str type);
/* Whether s is valid UTF-8 (RFC 3629: no surrogates, no overlong forms). */
bool hb_utf8_is_valid(struct hb_str s);

/* Checks every attribute and scans JSON data; sets event->is_json. False: ret_problem says what. data_bytes_max: 0 for no limit here. */
HB_MUST_USE bool hb_event_check(struct hb_event *event, size_t data_bytes_max, struct hb_event_problem *ret_problem);

#define HB_EVENT_KEY_MAX (HB_ID_MAX + 1 + HB_SUBJECT_MAX)
/* "<store>/<subject>" without NUL; returns the length. The event must have passed hb_event_check. */
size_t hb_event_key(const struct hb_event *event, char ret_key[HB_EVENT_KEY_MAX]);

#endif
