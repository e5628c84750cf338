#include "cli/screen.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define OTHER_SCREEN "\033[?1049h\033[?25l\033[2J"
#define OWN_SCREEN "\033[?25h\033[?1049l"
#define UPPER_LEFT "\033[H"

static void put(int fd, struct hb_str text)
{
    while (text.len > 0) {
        ssize_t written = write(fd, text.ptr, text.len);

        if (written <= 0) {
            return; /* a terminal that is gone needs nothing more */
        }
        text = hb_str_n(text.ptr + written, text.len - (size_t)written);
    }
}

enum hb_err hb_screen_begin(struct hb_screen *screen, int in, int out)
{
    struct termios raw;

    *screen = (struct hb_screen){.in = in, .out = out};
    if (!isatty(out) || tcgetattr(in, &screen->before) != 0) {
        return HB_ERR_IO;
    }
    raw = screen->before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    if (tcsetattr(in, TCSAFLUSH, &raw) != 0) {
        return HB_ERR_IO;
    }
    screen->is_taken = true;
    put(out, HB_STR(OTHER_SCREEN));
    return HB_OK;
}

void hb_screen_end(struct hb_screen *screen)
{
    if (screen->is_taken) {
        screen->is_taken = false;
        put(screen->out, HB_STR(OWN_SCREEN));
        (void)tcsetattr(screen->in, TCSAFLUSH, &screen->before);
    }
}

void hb_screen_show(const struct hb_screen *screen, struct hb_str picture)
{
    put(screen->out, HB_STR(UPPER_LEFT));
    put(screen->out, picture);
}

void hb_screen_size(const struct hb_screen *screen, int *ret_columns, int *ret_rows)
{
    struct winsize size;
    bool is_known = ioctl(screen->out, TIOCGWINSZ, &size) == 0;

    *ret_columns = is_known && size.ws_col >= 20 ? size.ws_col : 80;
    *ret_rows = is_known && size.ws_row >= 4 ? size.ws_row : 24;
}

int hb_screen_key(const struct hb_screen *screen)
{
    struct pollfd in = {.fd = screen->in, .events = POLLIN};
    unsigned char key = 0;

    return poll(&in, 1, 0) > 0 && read(screen->in, &key, 1) == 1 ? key : -1;
}
