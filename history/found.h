/* Job: an event as history shows it, with the lines of its deliveries.
 *
 * Owns: copies of what it shows. Fails: HB_ERR_MEMORY, HB_ERR_FULL. Limits: lines of one event,
 * HB_FOUND_LINES_BYTES_MAX. Threads: one. */
#ifndef HISTORY_FOUND_H
#define HISTORY_FOUND_H

#include "core/map.h"
#include "hookbus/event.h"
#include "platform/json/json.h"

#define HB_FOUND_LINES_BYTES_MAX (1024 * 1024)

struct hb_found {
    char *id;
    struct hb_wall appended;
    struct hb_buf json;  /* {"event":{…},"position":{…} without the closing brace */
    struct hb_buf lines; /* attempt lines, comma-separated */
};

/* Makes an entry out of an event. topic: its full name. */
HB_MUST_USE enum hb_err hb_found_new(const struct hb_event *event, const struct hb_position *position,
                                     const char *topic, bool has_data, struct hb_found **ret_found);
void hb_found_free(struct hb_found **found);
/* Adds one attempt line (JSON without line feed). What is beyond the limit is left out. */
void hb_found_add_line(struct hb_found *found, struct hb_str line);
/* What is written of the data bytes. */
enum hb_found_data {
    HB_FOUND_DATA_HIDDEN,
    HB_FOUND_DATA_SHOWN,
    HB_FOUND_DATA_OMITTED /* "data_omitted":true stands for it */
};
/* The members of an event as the API shows them, into an open object. */
void hb_found_write_event(struct hb_json_writer *json, const struct hb_event *event, const struct hb_position *position,
                          enum hb_found_data data);

#endif
