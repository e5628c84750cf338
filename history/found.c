#include "history/found.h"

#include "core/base64.h"

#include <stdlib.h>

#define FOUND_BYTES_MAX (3 * 1024 * 1024)

static void write_data(struct hb_json_writer *json, const struct hb_event *event)
{
    if (event->is_json) {
        hb_json_add_raw(json, "data", event->data);
        return;
    }
    char *text = malloc(HB_BASE64_TEXT_BYTES(event->data.len) + 1);
    if (!text)
        return;
    hb_json_add_str(json, "data_base64", hb_str_n(text, hb_base64_write(event->data, text)));
    free(text);
}

static void add_if(struct hb_json_writer *json, const char *name, struct hb_str value)
{
    if (value.len > 0)
        hb_json_add_str(json, name, value);
}

void hb_found_write_event(struct hb_json_writer *json, const struct hb_event *event, const struct hb_position *position,
                          enum hb_found_data data)
{
    hb_json_add_str(json, "id", event->id);
    hb_json_add_str(json, "store", event->store);
    hb_json_add_str(json, "type", event->type);
    hb_json_add_str(json, "subject", event->subject);
    add_if(json, "time", event->time);
    hb_json_add_wall(json, "appended", position->appended);
    add_if(json, "changed", event->changed);
    add_if(json, "sequence", event->sequence);
    add_if(json, "traceparent", event->traceparent);
    add_if(json, "content_type", event->content_type);
    add_if(json, "foreign_id", event->foreign_id);
    hb_json_add_int(json, "data_bytes", (int64_t)event->data.len);
    if (data == HB_FOUND_DATA_SHOWN)
        write_data(json, event);
    if (data == HB_FOUND_DATA_OMITTED)
        hb_json_add_bool(json, "data_omitted", true);
}

enum hb_err hb_found_new(const struct hb_event *event, const struct hb_position *position, const char *topic,
                         bool has_data, struct hb_found **ret_found)
{
    struct hb_found *found = calloc(1, sizeof *found);
    if (!found)
        return HB_ERR_MEMORY;
    found->id = hb_str_dup(event->id);
    found->appended = position->appended;
    found->json = hb_buf_make(FOUND_BYTES_MAX);
    found->lines = hb_buf_make(HB_FOUND_LINES_BYTES_MAX);
    struct hb_json_writer json = hb_json_write(&found->json);
    hb_json_object(&json, NULL);
    hb_json_object(&json, "event");
    hb_found_write_event(&json, event, position, has_data ? HB_FOUND_DATA_SHOWN : HB_FOUND_DATA_HIDDEN);
    hb_json_close_object(&json);
    hb_json_object(&json, "position");
    hb_json_add_str(&json, "topic", hb_str_c(topic));
    hb_json_add_int(&json, "partition", position->partition);
    hb_json_add_int(&json, "offset", position->offset);
    hb_json_close_object(&json);
    if (json.err || !found->id) {
        enum hb_err err = json.err ? json.err : HB_ERR_MEMORY;
        hb_found_free(&found);
        return err;
    }
    *ret_found = found;
    return HB_OK;
}

void hb_found_free(struct hb_found **found)
{
    if (!*found)
        return;
    hb_buf_deinit(&(*found)->json);
    hb_buf_deinit(&(*found)->lines);
    free((*found)->id);
    free(*found);
    *found = NULL;
}

void hb_found_add_line(struct hb_found *found, struct hb_str line)
{
    size_t before = found->lines.len;
    enum hb_err err = before > 0 ? hb_buf_add_char(&found->lines, ',') : HB_OK;
    if (!err)
        err = hb_buf_add(&found->lines, line);
    if (err)
        found->lines.len = before;
}
