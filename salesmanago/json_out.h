/* Job: writes JSON into a buffer, member by member, without minding commas.
 *
 * Place: the items, the mapping and the bodies; so that these rules need nothing but core/.
 * Fails: errors stick in `err`; look once at the end. Threads: any. */
#ifndef SALESMANAGO_JSON_OUT_H
#define SALESMANAGO_JSON_OUT_H

#include "hookbus/bytes.h"

struct hb_sm_json {
    struct hb_buf *buf;
    enum hb_err err;
    bool has_item; /* a comma is due before the next */
};

static inline void hb_sm_json_raw(struct hb_sm_json *out, struct hb_str bytes)
{
    if (!out->err)
        out->err = hb_buf_add(out->buf, bytes);
}

/* "{" or "[", and its end. */
static inline void hb_sm_json_open(struct hb_sm_json *out, char bracket)
{
    hb_sm_json_raw(out, hb_str_n(&bracket, 1));
    out->has_item = false;
}

static inline void hb_sm_json_close(struct hb_sm_json *out, char bracket)
{
    hb_sm_json_raw(out, hb_str_n(&bracket, 1));
    out->has_item = true;
}

/* What stands before a value: the comma, and the name within an object (empty within an array). */
static inline void hb_sm_json_next(struct hb_sm_json *out, struct hb_str name)
{
    if (out->has_item)
        hb_sm_json_raw(out, HB_STR(","));
    out->has_item = true;
    if (name.len == 0)
        return;
    hb_sm_json_raw(out, HB_STR("\""));
    if (!out->err)
        out->err = hb_buf_add_json(out->buf, name);
    hb_sm_json_raw(out, HB_STR("\":"));
}

/* A string, a number or a word as it stands. */
static inline void hb_sm_json_text(struct hb_sm_json *out, struct hb_str name, struct hb_str text)
{
    hb_sm_json_next(out, name);
    hb_sm_json_raw(out, HB_STR("\""));
    if (!out->err)
        out->err = hb_buf_add_json(out->buf, text);
    hb_sm_json_raw(out, HB_STR("\""));
}

static inline void hb_sm_json_word(struct hb_sm_json *out, struct hb_str name, struct hb_str word)
{
    hb_sm_json_next(out, name);
    hb_sm_json_raw(out, word);
}

static inline void hb_sm_json_bool(struct hb_sm_json *out, struct hb_str name, bool value)
{
    hb_sm_json_word(out, name, value ? HB_STR("true") : HB_STR("false"));
}

/* An array or object that is a member. */
static inline void hb_sm_json_begin(struct hb_sm_json *out, struct hb_str name, char bracket)
{
    hb_sm_json_next(out, name);
    hb_sm_json_open(out, bracket);
}

#endif
