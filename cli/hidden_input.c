#include "cli/hidden_input.h"

#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#define CTRL_C 3
#define CTRL_D 4
#define CTRL_U 21
#define BACKSPACE 8
#define DELETE 127

/* One byte; 0: the input has ended. Ctrl-C and the line's end come as bytes, since the terminal does not edit. */
static enum hb_err take(struct hb_buf *text, bool *ret_is_over)
{
    char c = 0;
    ssize_t got = read(STDIN_FILENO, &c, 1);

    *ret_is_over = got <= 0 || c == '\n' || c == '\r' || c == CTRL_D;
    if (got < 0) {
        return HB_ERR_IO;
    }
    if (*ret_is_over) {
        return HB_OK;
    }
    if (c == CTRL_C) {
        return HB_ERR_DENIED;
    }
    if (c == CTRL_U) {
        hb_buf_clear(text);
    } else if (c == BACKSPACE || c == DELETE) {
        text->len -= text->len > 0;
    } else if ((unsigned char)c >= ' ') {
        return hb_buf_add_char(text, c) == HB_OK ? HB_OK : HB_ERR_TOO_LARGE;
    }
    return HB_OK;
}

enum hb_err hb_hidden_input(const char *question, struct hb_buf *ret_text, struct hb_error *reterr)
{
    struct termios before, raw;
    enum hb_err err = HB_OK;
    bool is_over = false;

    if (isatty(STDIN_FILENO) != 1 || tcgetattr(STDIN_FILENO, &before) != 0) {
        return hb_fail(reterr, HB_ERR_NOT_FOUND, "standard input is no terminal to ask on");
    }
    if (hb_buf_reserve(ret_text, ret_text->max)) { /* never moves again, so one wipe reaches all of it */
        return hb_fail(reterr, HB_ERR_MEMORY, "out of memory");
    }
    raw = before;
    /* Signals come as bytes too: Ctrl-C must not leave a terminal that shows nothing. */
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw) != 0) {
        return hb_fail(reterr, HB_ERR_IO, "the terminal cannot be set to show nothing");
    }
    /* Only now: what is typed at once must not be shown either. */
    (void)fprintf(stderr, "%s", question);
    (void)fflush(stderr);
    while (!err && !is_over) {
        err = take(ret_text, &is_over);
    }
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    (void)fputc('\n', stderr);
    if (err) {
        return hb_fail(reterr, err, err == HB_ERR_DENIED ? "nothing was done" : "what was typed cannot be used: %s",
                       hb_err_text(err));
    }
    return HB_OK;
}

enum hb_err hb_shown_input(const char *question, struct hb_buf *ret_text, struct hb_error *reterr)
{
    int c;

    if (isatty(STDIN_FILENO) != 1) {
        return hb_fail(reterr, HB_ERR_NOT_FOUND, "standard input is no terminal to ask on");
    }
    (void)fprintf(stderr, "%s", question);
    (void)fflush(stderr);
    while ((c = getchar()) != EOF && c != '\n') {
        if (hb_buf_add_char(ret_text, (char)c)) {
            return hb_fail(reterr, HB_ERR_TOO_LARGE, "the line is too long");
        }
    }
    return c == EOF && ret_text->len == 0 ? hb_fail(reterr, HB_ERR_DENIED, "nothing was done") : HB_OK;
}
