#include "cli/progress.h"

#define DRAW_EVERY_US INT64_C(100000)
#define BAR_COLUMNS 30

struct hb_progress hb_progress_start(const struct hb_output *output, const char *what, uint64_t total,
                                     struct hb_mono now)
{
    return (struct hb_progress){output, what, total, now.us, INT64_MIN};
}

static void draw_bar(const struct hb_progress *progress, uint64_t done)
{
    uint64_t filled = done >= progress->total ? BAR_COLUMNS : done * BAR_COLUMNS / progress->total;

    (void)fputc('[', progress->output->err);
    for (uint64_t i = 0; i < BAR_COLUMNS; i++) {
        (void)fputc(i < filled ? '#' : '.', progress->output->err);
    }
    (void)fprintf(progress->output->err, "] %3u %%  ", (unsigned)(done * 100 / progress->total));
}

void hb_progress_show(struct hb_progress *progress, uint64_t done, struct hb_mono now)
{
    int64_t elapsed_us = now.us - progress->started_us;

    if (!progress->output->err_is_tty ||
        (progress->drawn_us != INT64_MIN && now.us - progress->drawn_us < DRAW_EVERY_US)) {
        return;
    }
    progress->drawn_us = now.us;
    (void)fputs("\r\033[K", progress->output->err);
    if (progress->total > 0) {
        draw_bar(progress, done);
    }
    (void)fprintf(progress->output->err, "%llu %s", (unsigned long long)done, progress->what);
    if (elapsed_us > 0) {
        (void)fprintf(progress->output->err, ", %llu/s", (unsigned long long)(done * 1000000 / (uint64_t)elapsed_us));
    }
    (void)fflush(progress->output->err);
}

void hb_progress_end(struct hb_progress *progress)
{
    if (progress->drawn_us != INT64_MIN) {
        (void)fputs("\r\033[K", progress->output->err);
        (void)fflush(progress->output->err);
        progress->drawn_us = INT64_MIN;
    }
}
