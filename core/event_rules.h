/* Job: the grammar of events, the same on publish (HTTP, library, relay) and on reading from Kafka.
 *
 * Place: used by producer/ before Kafka and by dispatcher/ behind it. Source:
 * docs/schemas/records.md. Fails: rules answer with a problem (which field, what would be right), not with an error.
 * Threads: any. */
#ifndef CORE_EVENT_RULES_H
#define CORE_EVENT_RULES_H

#include "hookbus/event.h"

#define HB_FOREIGN_ID_MAX 1024 /* bytes */

/* The field at fault and what would be right; static strings. */
struct hb_event_problem {
    const char *slug;   /* "invalid_type": stable, for problem types and unreadable lines */
    const char *field;  /* "type" */
    const char *should; /* "word.word[.word], words of a-z, 0-9 and _, at most 128 bytes" */
};

bool hb_event_is_id(struct hb_str id);           /* 1..64 of [A-Za-z0-9_-] */
bool hb_event_is_type(struct hb_str type);       /* word.word[.word]… */
bool hb_event_is_subject(struct hb_str subject); /* UTF-8 without control characters, 1..256 bytes */
/* Comma-separated paths of A-Z a-z 0-9 _ - . [ ], together 1..HB_CHANGED_MAX bytes; and one of them. */
bool hb_event_is_changed(struct hb_str changed);
bool hb_event_is_path(struct hb_str path);
/* W3C Trace Context, 55 bytes, any version but ff. */
bool hb_event_is_traceparent(struct hb_str traceparent);
/* type/subtype with any parameters, 1..128 bytes of printable ASCII. */
bool hb_event_is_content_type(struct hb_str content_type);
/* RFC 3339, at most 64 bytes. */
bool hb_event_is_time(struct hb_str time);
/* An id of another system: 1..HB_FOREIGN_ID_MAX bytes of UTF-8 without control characters. */
bool hb_event_is_foreign_id(struct hb_str id);
/* 1..bytes_max bytes of UTF-8 without control characters (C0, DEL, C1). */
bool hb_event_is_text(struct hb_str text, size_t bytes_max);
/* application/json, any +json, or empty. */
bool hb_event_is_json_type(struct hb_str content_type);
/* hookbus.*: our own notices, which nobody may publish from outside. hb_event_check lets them pass (it also reads what
 * we wrote): who takes events from outside asks this as well. */
bool hb_event_is_notice(struct hb_str type);

/* Checks every attribute (empty optional ones are absent) and scans JSON data; sets event->is_json. False: ret_problem
 * says what. data_bytes_max: 0 for no limit here. Empty data is right only with a content type that is not JSON. */
HB_MUST_USE bool hb_event_check(struct hb_event *event, size_t data_bytes_max, struct hb_event_problem *ret_problem);

#define HB_EVENT_KEY_MAX (HB_ID_MAX + 1 + HB_SUBJECT_MAX)
/* "<store>/<subject>" without NUL; returns the length. The event must have passed hb_event_check. */
size_t hb_event_key(const struct hb_event *event, char ret_key[HB_EVENT_KEY_MAX]);

#endif
