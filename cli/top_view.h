/* Job: draws the screen of `hookbus top` as text.
 *
 * Place: cli/command_top.c asks the api and the dispatcher, this makes a picture of it. Owns: nothing. Fails: buffers'
 * errors. Limits: any width; below 40 columns rows are cut. Threads: any; pure. */
#ifndef CLI_TOP_VIEW_H
#define CLI_TOP_VIEW_H

#include "cli/fares.h"
#include "cli/output.h"

/* What stands above the list. Numbers -1: not known. */
struct hb_top_head {
    struct hb_wall now;
    int64_t in_flight, waiting; /* of the dispatcher */
    const char *complaint;      /* NULL: the last question was answered */
};

/* Appends a whole screen: `rows` lines of at most `columns`, each cleared to its end. */
HB_MUST_USE enum hb_err hb_top_draw(const struct hb_output *output, const struct hb_fares *fares,
                                    const struct hb_top_head *head, int columns, int rows, struct hb_buf *ret_screen);
/* The same without a terminal: as many lines as there is to say, without its escapes. */
HB_MUST_USE enum hb_err hb_top_draw_plain(const struct hb_output *output, const struct hb_fares *fares,
                                          const struct hb_top_head *head, int columns, struct hb_buf *ret_text);
/* {"items":[…],"per_s":…,"parked":…,…}: what the screen shows, for programs. */
void hb_top_write_json(const struct hb_fares *fares, struct hb_json_writer *w);
/* "45s", "12m", "3h", "9d" from now, in either direction; "-" without a time. */
void hb_top_age(struct hb_wall at, struct hb_wall now, char ret_text[24]);
/* "12.3", or "-" for what is negative. */
void hb_top_decimal(double value, int decimals, char ret_text[24]);

#endif
