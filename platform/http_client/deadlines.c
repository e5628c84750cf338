#include "platform/http_client/internal.h"

#define TICK_US (DEADLINE_TICK_MS * HB_US_PER_MS)

static int64_t now_us(const struct deadlines *deadlines)
{
    return hb_loop_mono(deadlines->loop).us;
}

/* Takes out of the slot what is due at `now` and hands it on. A callback may set and clear any deadline: the ring is
 * begun anew after each. */
static void fire(struct deadlines *deadlines, struct deadline *head, int64_t now)
{
    struct deadline *deadline = head->next;
    while (deadline != head) {
        if (deadline->due_us > now) {
            deadline = deadline->next; /* of a later turn of the wheel */
            continue;
        }
        deadline_clear(deadlines, deadline);
        deadline->fn(deadline->user);
        deadline = head->next;
    }
}

static void on_tick(void *user)
{
    struct deadlines *deadlines = user;
    int64_t now = now_us(deadlines);
    int64_t last = now / TICK_US;
    if (last - deadlines->tick > DEADLINE_SLOTS) {
        deadlines->tick = last - DEADLINE_SLOTS; /* after a long stall each slot once */
    }
    while (deadlines->tick < last && deadlines->count > 0) {
        deadlines->tick++;
        fire(deadlines, &deadlines->slots[deadlines->tick % DEADLINE_SLOTS], now);
    }
    deadlines->tick = last;
}

enum hb_err deadlines_init(struct deadlines *deadlines, struct hb_loop *loop)
{
    deadlines->loop = loop;
    deadlines->count = 0;
    for (size_t i = 0; i < DEADLINE_SLOTS; i++) {
        deadlines->slots[i].previous = deadlines->slots[i].next = &deadlines->slots[i];
    }
    return hb_timer_new(loop, on_tick, deadlines, &deadlines->timer);
}

void deadlines_deinit(struct deadlines *deadlines)
{
    hb_timer_free(&deadlines->timer);
}

void deadline_set(struct deadlines *deadlines, struct deadline *deadline, int64_t due_us)
{
    deadline_clear(deadlines, deadline);
    if (deadlines->count++ == 0) {
        deadlines->tick = now_us(deadlines) / TICK_US;
        hb_timer_start(deadlines->timer, DEADLINE_TICK_MS, DEADLINE_TICK_MS);
    }
    deadline->due_us = due_us;
    /* The tick after: at that one it is surely due. Never one that was looked at already. */
    int64_t tick = due_us / TICK_US + 1;
    if (tick <= deadlines->tick) {
        tick = deadlines->tick + 1;
    }
    struct deadline *head = &deadlines->slots[tick % DEADLINE_SLOTS];
    deadline->next = head;
    deadline->previous = head->previous;
    head->previous->next = deadline;
    head->previous = deadline;
}

void deadline_clear(struct deadlines *deadlines, struct deadline *deadline)
{
    if (deadline->next == NULL) {
        return;
    }
    deadline->previous->next = deadline->next;
    deadline->next->previous = deadline->previous;
    deadline->next = deadline->previous = NULL;
    if (--deadlines->count == 0) {
        hb_timer_stop(deadlines->timer);
    }
}
