/* Receivers: they take it or not, and say so or not. */
#include "sim.h"

static struct hb_outcome bad_answer(struct sim_world *w, int delivery)
{
    static const enum hb_reason reasons[] = {HB_REASON_SERVER_ERROR,
                                             HB_REASON_TIMEOUT,
                                             HB_REASON_CONNECT_REFUSED,
                                             HB_REASON_TOO_MANY_REQUESTS,
                                             HB_REASON_GONE,
                                             HB_REASON_OURS,
                                             HB_REASON_RESET};
    enum hb_reason reason = reasons[sim_random(w, sizeof(reasons) / sizeof(reasons[0]))];
    if (reason == HB_REASON_GONE && sim_chance(w, 70))
        reason = HB_REASON_SERVER_ERROR;
    struct hb_outcome outcome = hb_outcome_of(reason);
    if (reason == HB_REASON_TOO_MANY_REQUESTS)
        outcome.rest_ms = outcome.retry_after_ms = sim_random(w, 100) * 1000;
    if (reason == HB_REASON_TIMEOUT || reason == HB_REASON_RESET)
        w->truths[delivery].received += (int)sim_random(w, 2); /* it got it; the answer was lost */
    return outcome;
}

struct hb_outcome sim_receiver_answer(struct sim_world *w, int delivery)
{
    struct sim_truth *truth = &w->truths[delivery];
    if (sim_chance(w, (uint32_t)w->bad_percent[sim_webhook_of(delivery)]))
        return bad_answer(w, delivery);
    truth->received += 1 + (int)(sim_random(w, 20) == 0); /* the client library may post twice unseen */
    truth->answered_ms = w->now_ms;
    truth->is_over = true;
    return hb_outcome_of(HB_REASON_NONE);
}
