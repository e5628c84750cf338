/* A receiver that answers well and quickly, but takes less than comes for it, is late for ever; its lane makes intake wait,
 * and with it all others. That is right for a backlog of its own, which should not go through the retry queue; and it is
 * right while this process is what is slow, for parking is work. It is wrong when others could be served meanwhile. */
#include "dispatcher/admit.h"

/* Looked at so often. */
#define WINDOW_US (HB_MS_PER_S * HB_US_PER_MS)
/* Others that got something within this time would wait, too. */
#define NEIGHBOURS_US (10 * HB_MS_PER_S * HB_US_PER_MS)
/* Parts of a window: held so long, and at leisure so long. */
#define HELD_PART 4
#define IDLE_PART 2

static int64_t cpu_of(const struct hb_admit *admit)
{
    return admit->cpu_us ? admit->cpu_us(admit->user) : 0;
}

static void begin_window(struct hb_admit *admit)
{
    admit->held_from = admit->now;
    admit->cpu_at_us = cpu_of(admit);
    admit->held_us = 0;
}

static void end_window(struct hb_admit *admit, int64_t elapsed_us)
{
    int64_t idle_us = elapsed_us - (cpu_of(admit) - admit->cpu_at_us);
    admit->is_holding = admit->held_us * HELD_PART >= elapsed_us && idle_us * IDLE_PART >= elapsed_us;
    if (admit->held_us > 0)
        begin_window(admit);
    else
        admit->held_from.us = 0;
}

void hb_admit_note_holding(struct hb_admit *admit)
{
    bool is_held = hb_admit_is_full(admit);
    if (!is_held && admit->held_from.us == 0)
        return;
    if (admit->held_from.us == 0)
        begin_window(admit);
    if (admit->held_since.us)
        admit->held_us += admit->now.us - admit->held_since.us;
    admit->held_since.us = is_held ? admit->now.us : 0;
    int64_t elapsed_us = admit->now.us - admit->held_from.us;
    if (elapsed_us >= WINDOW_US)
        end_window(admit, elapsed_us);
}

void hb_admit_note_start(struct hb_admit *admit, const struct hb_lane *lane)
{
    if (admit->last_lane != lane)
        admit->other_at = admit->last_at;
    admit->last_lane = lane;
    admit->last_at = admit->now;
}

static bool has_neighbours(const struct hb_admit *admit, const struct hb_lane *lane)
{
    int64_t at_us = admit->last_lane == lane ? admit->other_at.us : admit->last_at.us;
    return at_us != 0 && admit->now.us - at_us < NEIGHBOURS_US;
}

bool hb_admit_is_overrun(const struct hb_admit *admit, const struct hb_lane *lane)
{
    if (!lane->first)
        return false;
    if (lane->is_overrun)
        return true;
    /* A window that still opens is given the time. */
    bool is_wide_open = lane->window.size >= lane->window.max && lane->in_flight >= lane->window.size;
    return admit->is_holding && (is_wide_open || lane->is_host_blocked) && has_neighbours(admit, lane);
}
