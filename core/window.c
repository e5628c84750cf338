#include "core/window.h"

#include "hookbus/error.h"

struct hb_window hb_window_make(int start, int max)
{
    HB_ASSERT(start >= 1 && max >= 1);
    return (struct hb_window){.size = start < max ? start : max, .max = max};
}

void hb_window_success(struct hb_window *window)
{
    if (window->size >= window->max || ++window->successes < window->size)
        return;
    window->size++;
    window->successes = 0;
}

void hb_window_overload(struct hb_window *window, uint32_t epoch)
{
    window->successes = 0;
    if (epoch != window->epoch)
        return; /* started before the last shrinking: that signal was answered already */
    window->epoch++;
    if (window->size > 1)
        window->size /= 2;
}
