/* Windows and rests. They live in each process's lanes; only the shard's owner declares rests, from what came of its
 * own requests, fresh and parked ones; the others hear of them. */
#include "sim.h"

static struct hb_rest known_rest(const struct sim_world *w, int webhook)
{
    struct hb_rest rest = hb_rest_make();
    rest.is_resting = w->hints[webhook].is_resting;
    rest.until.us = w->hints[webhook].until_ms * HB_US_PER_MS;
    return rest;
}

bool sim_lane_owns(const struct sim_world *w, struct sim_process *p, int webhook)
{
    bool is_open = p->has_shard && p->mark != SIM_NEVER && p->is_connected && p->applied + 1 >= p->catch_up_end;
    if (is_open && !p->is_lane_owned[webhook])
        p->rest[webhook] = known_rest(w, webhook);
    else if (!is_open && p->is_lane_owned[webhook])
        p->rest[webhook] = hb_rest_make();
    p->is_lane_owned[webhook] = is_open;
    return is_open;
}

bool sim_lane_must_rest(const struct sim_world *w, struct sim_process *p, int webhook, bool *ret_is_probe)
{
    const struct hb_rest *rest = &p->rest[webhook];
    const struct sim_hint *hint = &w->hints[webhook];
    /* A parked one has a while to become the probe. */
    struct hb_mono then = {(w->now_ms - SIM_FRESH_PROBE_MS) * HB_US_PER_MS};
    *ret_is_probe = false;
    if (!sim_lane_owns(w, p, webhook))
        return hint->is_resting && (w->now_ms < hint->until_ms + SIM_HINT_MS || sim_is_off(w, SIM_GUARD_REST_END));
    if (hb_rest_may_claim(rest))
        return false;
    *ret_is_probe = hb_rest_may_probe(rest, then) && !sim_is_off(w, SIM_GUARD_FRESH_PROBE);
    return !*ret_is_probe;
}

void sim_lane_started(const struct sim_world *w, struct sim_process *p, struct sim_flight *flight)
{
    int webhook = sim_webhook_of(flight->delivery);
    flight->epoch = hb_window_epoch(&p->window[webhook]);
    if (flight->is_probe)
        hb_rest_probe_start(&p->rest[webhook], (struct hb_mono){w->now_ms * HB_US_PER_MS});
}

static void as_another(struct sim_process *p, const struct sim_flight *flight, const struct hb_outcome *outcome)
{
    struct hb_window *window = &p->window[sim_webhook_of(flight->delivery)];
    if (outcome->verdict == HB_VERDICT_DELIVERED)
        hb_window_success(window);
    else if (outcome->is_overload)
        hb_window_overload(window, flight->epoch);
}

void sim_lane_result(struct sim_world *w, struct sim_process *p, const struct sim_flight *flight,
                     const struct hb_outcome *outcome)
{
    int webhook = sim_webhook_of(flight->delivery);
    struct hb_rest *rest = &p->rest[webhook];
    struct hb_rest_failure failure = {
        {w->now_ms}, {w->now_ms * HB_US_PER_MS}, *outcome, flight->epoch, sim_random(w, UINT32_MAX), flight->is_probe};
    bool is_news;
    if (!sim_lane_owns(w, p, webhook)) {
        as_another(p, flight, outcome);
        return;
    }
    if (outcome->verdict == HB_VERDICT_DELIVERED)
        is_news = hb_rest_success(rest, &p->window[webhook]);
    else
        is_news = hb_rest_failure(rest, &p->window[webhook], &failure);
    if (!is_news)
        return;
    w->hints[webhook] = (struct sim_hint){rest->is_resting, rest->until.us / HB_US_PER_MS};
    sim_tell(w, "webhook %d %s", webhook, rest->is_resting ? "rests" : "is active");
}
