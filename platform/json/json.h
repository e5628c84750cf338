/* Job: JSON documents of our own (registry records, API bodies), read and written.
 *
 * Place: the only includer of cJSON. Never for payload bytes: a number becomes a double here. Integers we need
 * exactly are read from strings or are below 2^53.
 * Owns / borrows: a document is freed whole with its root; views of strings live as the document.
 * Fails: HB_ERR_INVALID (not JSON, deeper than 32, duplicate member), HB_ERR_MEMORY. Threads: no shared state. */
#ifndef PLATFORM_JSON_JSON_H
#define PLATFORM_JSON_JSON_H

#include "hookbus/bytes.h"
#include "hookbus/time.h"

struct hb_json; /* a value within a document; the root is the document */
enum hb_json_kind { HB_JSON_NULL, HB_JSON_BOOL, HB_JSON_NUMBER, HB_JSON_STRING, HB_JSON_ARRAY, HB_JSON_OBJECT };

/* Parses exactly one value (trailing bytes are an error; reterr says the byte position). */
HB_MUST_USE enum hb_err hb_json_parse(struct hb_str text, struct hb_json **ret_root, struct hb_error *reterr);
/* Frees a root; NULL is allowed; sets the pointer to NULL. */
void hb_json_free(struct hb_json **root);
enum hb_json_kind hb_json_kind(const struct hb_json *value);
/* A member, or NULL (also if value is NULL or no object). */
const struct hb_json *hb_json_get(const struct hb_json *value, const char *name);
size_t hb_json_count(const struct hb_json *value); /* of an array or object */
/* The first item or member, and the next; NULL at the end. */
const struct hb_json *hb_json_first(const struct hb_json *value);
const struct hb_json *hb_json_next(const struct hb_json *item);
struct hb_str hb_json_name(const struct hb_json *item); /* of a member */
/* Typed reads: false if the value is NULL or of another kind (*ret untouched). int: whole numbers within ±2^53. */
bool hb_json_str(const struct hb_json *value, struct hb_str *ret);
bool hb_json_int(const struct hb_json *value, int64_t *ret);
bool hb_json_number(const struct hb_json *value, double *ret);
bool hb_json_bool(const struct hb_json *value, bool *ret);
bool hb_json_wall(const struct hb_json *value, struct hb_wall *ret); /* a text in RFC 3339 */
/* Appends the value as compact JSON. */
HB_MUST_USE enum hb_err hb_json_print(const struct hb_json *value, struct hb_buf *ret_text);

/* A writer: appends to a buffer, keeps commas and nesting right. Errors stick: look at hb_json_end once. */
struct hb_json_writer {
    struct hb_buf *buf;
    enum hb_err err;
    unsigned depth;
    bool has_item[32];
};
struct hb_json_writer hb_json_write(struct hb_buf *buf);
void hb_json_object(struct hb_json_writer *w, const char *name); /* name NULL inside arrays and for the root */
void hb_json_array(struct hb_json_writer *w, const char *name);
void hb_json_close_object(struct hb_json_writer *w);
void hb_json_close_array(struct hb_json_writer *w);
void hb_json_add_str(struct hb_json_writer *w, const char *name, struct hb_str value);
void hb_json_add_int(struct hb_json_writer *w, const char *name, int64_t value);
void hb_json_add_bool(struct hb_json_writer *w, const char *name, bool value);
void hb_json_add_null(struct hb_json_writer *w, const char *name);
void hb_json_add_raw(struct hb_json_writer *w, const char *name, struct hb_str json); /* already JSON */
void hb_json_add_wall(struct hb_json_writer *w, const char *name, struct hb_wall at); /* RFC 3339 */
HB_MUST_USE enum hb_err hb_json_end(const struct hb_json_writer *w);

#endif
