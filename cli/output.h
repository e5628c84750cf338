/* Job: what a command shows: lines for people, JSON for programs, marks, colours where a terminal has them.
 *
 * Place: every command writes through it. Standard output holds results only; progress and complaints go to standard
 * error.
 * Owns / borrows: the streams are the caller's. Fails: never; a closed standard output ends the command by
 * hb_output_is_broken.
 * Threads: one. Text from outside is shown by hb_output_clean: a control character in an event must not drive the
 * terminal. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stdio.h>

#include "hookbus/bytes.h"

struct hb_output {
    FILE *out;
    FILE *err;
    bool is_json;   /* --json */
    bool is_tty;    /* out is a terminal */
    bool err_is_tty;
    bool is_utf8;   /* the locale's characters */
    bool has_color; /* a terminal, and NO_COLOR is not set */
    int width;      /* columns of the terminal; 0: no limit */
};

enum hb_mark { HB_MARK_OK, HB_MARK_WARN, HB_MARK_FAIL, HB_MARK_COUNT };

/* For the two streams, by what they are and what the environment (LANG, COLUMNS, NO_COLOR) says. */
struct hb_output hb_output_make(FILE *out, FILE *err, bool is_json);
/* One line to standard output. */
__attribute__((format(printf, 2, 3))) void hb_output_line(const struct hb_output *output, const char *format, ...);
/* One line to standard error, for what is no result. */
__attribute__((format(printf, 2, 3))) void hb_output_note(const struct hb_output *output, const char *format, ...);
/* JSON text and a newline to standard output. */
void hb_output_json(const struct hb_output *output, struct hb_str json);
/* "✓", "!", "✗", or words where the terminal has no such characters; coloured where it can. Constant. */
const char *hb_output_mark(const struct hb_output *output, enum hb_mark mark);
/* Appends text with control characters and broken UTF-8 replaced; without UTF-8 in the locale, all but ASCII. */
HB_MUST_USE enum hb_err hb_output_clean(const struct hb_output *output, struct hb_str text, struct hb_buf *ret_text);
/* Columns a cleaned text takes on the screen. */
size_t hb_output_columns(struct hb_str text);
/* The beginning of text that fits into `columns`. */
struct hb_str hb_output_cut(struct hb_str text, size_t columns);
/* Whether standard output cannot be written any more (a reader went away). */
bool hb_output_is_broken(const struct hb_output *output);

#endif
