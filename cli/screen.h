/* Job: takes the terminal for a full screen of text, and gives it back as it was.
 *
 * Place: `hookbus top`. Owns: the terminal's settings while it is taken. Fails: HB_ERR_IO (no terminal). Limits: plain
 * ANSI; keys come one by one, Ctrl-C is a key. Threads: one. Whoever leaves the program by another way must have called
 * hb_screen_end. */
#ifndef CLI_SCREEN_H
#define CLI_SCREEN_H

#include <termios.h>

#include "hookbus/bytes.h"

struct hb_screen {
    int in, out;
    bool is_taken;
    struct termios before;
};

#define HB_SCREEN_CTRL_C 3

/* Takes the terminal behind the descriptors: the other screen, no cursor, no echo. */
HB_MUST_USE enum hb_err hb_screen_begin(struct hb_screen *screen, int in, int out);
/* Gives it back; again is no error. */
void hb_screen_end(struct hb_screen *screen);
/* Shows a picture from the upper left corner on. */
void hb_screen_show(const struct hb_screen *screen, struct hb_str picture);
/* How large it is now; 80 x 24 if it does not say. */
void hb_screen_size(const struct hb_screen *screen, int *ret_columns, int *ret_rows);
/* The next key waiting, or -1. */
int hb_screen_key(const struct hb_screen *screen);

#endif
