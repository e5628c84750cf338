#include "cli/api_json.h"

#include "core/json_cursor.h"
#include "core/json_scan.h"

/* Overwrites the data of an event, within the copy, if it cannot be read: what cannot is longer than the word. */
static void blank_if_odd(struct hb_buf *copy, struct hb_cursor holder)
{
    static const char WORD[] = "null";
    struct hb_cursor data = hb_cursor_member(hb_cursor_member(holder, HB_STR("event")), HB_STR("data"));
    struct hb_json *json = NULL;

    if (data.kind == HB_CURSOR_NONE || data.raw.len < sizeof(WORD) - 1 ||
        hb_json_parse(data.raw, &json, NULL) == HB_OK) {
        hb_json_free(&json);
        return;
    }
    char *at = copy->ptr + (data.raw.ptr - copy->ptr);
    memset(at, ' ', data.raw.len);
    memcpy(at, WORD, sizeof(WORD) - 1);
}

enum hb_err hb_api_json_parse(struct hb_str text, struct hb_json **ret_json, struct hb_error *reterr)
{
    size_t state = 0;
    struct hb_buf copy = hb_buf_make(text.len);
    enum hb_err err = hb_json_parse(text, ret_json, reterr);

    if (err != HB_ERR_INVALID || hb_json_scan(text, &state)) {
        return err;
    }
    if (hb_buf_add(&copy, text)) {
        return hb_fail(reterr, HB_ERR_MEMORY, "out of memory");
    }
    struct hb_cursor root = hb_cursor_root(hb_buf_str(&copy)), events = hb_cursor_member(root, HB_STR("events")), item;
    state = 0;
    blank_if_odd(&copy, root); /* a line of the tail */
    while (events.kind == HB_CURSOR_ARRAY && hb_cursor_next(events, &state, NULL, &item)) {
        blank_if_odd(&copy, item);
    }
    err = hb_json_parse(hb_buf_str(&copy), ret_json, reterr);
    hb_buf_deinit(&copy);
    return err;
}
