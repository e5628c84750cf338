#include "core/judge.h"

/* Each failure's reason has the same name: a failure without a row in HB_REASONS does not compile. */
static const enum hb_reason reason_of_failure[HB_FAILURE_COUNT] = {
#define REASON_OF(name, text, overload, ours) [HB_FAILURE_##name] = HB_REASON_##name,
    HB_FAILURES(REASON_OF)
#undef REASON_OF
};

struct status_row {
    int status;
    enum hb_reason reason;
    bool delays_delivery; /* Retry-After holds this delivery back */
    bool rests_webhook;   /* and the whole webhook */
};

/* Answers with a meaning of their own; the others go by their class. */
static const struct status_row status_rows[] = {
    {408, HB_REASON_REQUEST_TIMEOUT, true, false},  {410, HB_REASON_GONE, false, false},
    {425, HB_REASON_TOO_EARLY, true, false},        {429, HB_REASON_TOO_MANY_REQUESTS, true, true},
    {502, HB_REASON_BAD_GATEWAY, false, false},     {503, HB_REASON_UNAVAILABLE, true, true},
    {504, HB_REASON_GATEWAY_TIMEOUT, false, false},
};

static enum hb_reason reason_of_class(int status)
{
    switch (status / 100) {
    case 1:
        return HB_REASON_INFORMATIONAL_ONLY;
    case 2:
        return HB_REASON_NONE;
    case 3:
        return HB_REASON_REDIRECT;
    case 4:
        return HB_REASON_CLIENT_ERROR;
    case 5:
        return HB_REASON_SERVER_ERROR;
    default:
        return HB_REASON_UNKNOWN_STATUS;
    }
}

static struct status_row row_of_status(int status)
{
    for (size_t i = 0; i < sizeof(status_rows) / sizeof(status_rows[0]); i++) {
        if (status_rows[i].status == status) {
            return status_rows[i];
        }
    }
    return (struct status_row){status, reason_of_class(status), false, false};
}

static int64_t at_most(int64_t value, int64_t max)
{
    return value < max ? value : max;
}

static struct hb_outcome judge_status(const struct hb_answer *answer)
{
    struct status_row row = row_of_status(answer->status);
    struct hb_outcome outcome = hb_outcome_of(row.reason);
    outcome.status = answer->status;
    if (answer->retry_after_ms >= 0 && row.delays_delivery) {
        outcome.retry_after_ms = at_most(answer->retry_after_ms, HB_JUDGE_RETRY_AFTER_MS_MAX);
    }
    if (answer->retry_after_ms >= 0 && row.rests_webhook) {
        outcome.rest_ms = at_most(answer->retry_after_ms, HB_JUDGE_REST_MS_MAX);
    }
    return outcome;
}

struct hb_outcome hb_judge_run(const struct hb_answer *answer)
{
    if (answer->failure == HB_FAILURE_NONE) {
        return judge_status(answer);
    }
    struct hb_outcome outcome = hb_outcome_of(reason_of_failure[answer->failure]);
    outcome.status = answer->status;
    /* The receiver spoke, but only 1xx: that tells the operator more than how the connection ended. */
    bool is_theirs = !hb_failure_is_ours(answer->failure);
    if (is_theirs && answer->status >= 100 && answer->status < 200) {
        outcome.reason = HB_REASON_INFORMATIONAL_ONLY;
    }
    return outcome;
}
