#include "platform/loop/loop.h"
#include "registry/registry_internal.h"

#include <stdlib.h>

#define TICK_MS 100 /* how exactly a waiter's limit is kept */

/* The first waiter that is due, taken off the list; NULL: none. One at a time, because its callback may add or take
 * others. */
static struct registry_waiter *take_due(struct hb_registry *registry, int64_t now_us)
{
    for (struct registry_waiter **at = &registry->waiters; *at; at = &(*at)->next) {
        struct registry_waiter *waiter = *at;
        if (waiter->offset <= registry->applied || waiter->deadline_us <= now_us) {
            *at = waiter->next;
            return waiter;
        }
    }
    return NULL;
}

void hb_registry_wait_check(struct hb_registry *registry)
{
    struct registry_waiter *waiter = NULL;
    if (!registry->waiters) {
        return;
    }
    int64_t now_us = hb_loop_mono(registry->loop).us;
    while ((waiter = take_due(registry, now_us)) != NULL) {
        struct registry_waiter due = *waiter;
        free(waiter);
        due.fn(due.user, due.offset <= registry->applied ? HB_OK : HB_ERR_TIMEOUT);
    }
    if (!registry->waiters && registry->wait_timer) {
        hb_timer_stop(registry->wait_timer);
    }
}

static void on_tick(void *user) { hb_registry_wait_check(user); }

enum hb_err hb_registry_wait_init(struct hb_registry *registry)
{
    return hb_timer_new(registry->loop, on_tick, registry, &registry->wait_timer);
}

void hb_registry_wait_deinit(struct hb_registry *registry)
{
    while (registry->waiters) {
        struct registry_waiter *waiter = registry->waiters;
        registry->waiters = waiter->next;
        free(waiter);
    }
    if (registry->wait_timer) {
        hb_timer_free(&registry->wait_timer);
    }
}

enum hb_err hb_registry_when(struct hb_registry *registry, int64_t offset, int timeout_ms, hb_registry_reached_fn *fn,
                             void *user)
{
    struct registry_waiter *waiter = malloc(sizeof(*waiter));
    if (!waiter) {
        return HB_ERR_MEMORY;
    }
    *waiter = (struct registry_waiter){registry->waiters, offset,
                                       hb_loop_mono(registry->loop).us + timeout_ms * HB_US_PER_MS, fn, user};
    registry->waiters = waiter;
    bool is_reached = offset <= registry->applied;
    if (is_reached || !hb_timer_is_running(registry->wait_timer)) {
        hb_timer_start(registry->wait_timer, is_reached ? 0 : TICK_MS, TICK_MS);
    }
    return HB_OK;
}

void hb_registry_when_cancel(struct hb_registry *registry, const void *user)
{
    struct registry_waiter **at = &registry->waiters;
    while (*at) {
        struct registry_waiter *waiter = *at;
        if (waiter->user == user) {
            *at = waiter->next;
            free(waiter);
        } else {
            at = &waiter->next;
        }
    }
}
