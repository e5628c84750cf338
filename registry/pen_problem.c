#include "registry/pen_problem.h"

#include <stdio.h>

void hb_pen_explain(enum hb_err err, const char *noun, struct hb_http_problem *problem)
{
    char detail[HB_ERROR_TEXT_MAX];
    if (err == HB_ERR_TIMEOUT) {
        (void)snprintf(detail, sizeof(detail),
                       "Kafka did not say in time whether the change was written: read the %s before trying again.",
                       noun);
        (void)hb_http_refuse(problem, 503, "outcome_unknown", detail);
    } else if (err == HB_ERR_CLOSED) {
        (void)hb_http_refuse(problem, 503, "closing", "This process is ending; nothing is known to be written.");
    } else if (err != HB_ERR_CONFLICT) {
        (void)hb_http_refuse(problem, 503, "registry_away", "The registry could not be written; nothing was changed.");
    }
}

void hb_pen_explain_busy(struct hb_http_problem *problem)
{
    (void)hb_http_refuse(problem, 503, "busy", "A thousand changes wait already; nothing was changed.");
}
