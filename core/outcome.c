#include "hookbus/outcome.h"

struct verdict_row {
    const char *text;
    const char *recorded;
};

static const struct verdict_row verdict_rows[HB_VERDICT_COUNT] = {
#define VERDICT_ROW(name, text, recorded) [HB_VERDICT_##name] = {text, recorded},
    HB_VERDICTS(VERDICT_ROW)
#undef VERDICT_ROW
};

struct reason_row {
    const char *text;
    enum hb_verdict verdict;
    bool is_overload;
    const char *help;
};

static const struct reason_row reason_rows[HB_REASON_COUNT] = {
#define REASON_ROW(name, text, verdict, overload, help)                                                                \
    [HB_REASON_##name] = {text, HB_VERDICT_##verdict, overload, help},
    HB_REASONS(REASON_ROW)
#undef REASON_ROW
};

/* A reason's number stands in Redis (retry/entry.h): a row may be added at the end, none moved, removed or put
 * between. */
#define STAYS(name, number) _Static_assert(HB_REASON_##name == (number), "HB_REASON_" #name " has moved")
STAYS(NONE, 0);
STAYS(GONE, 1);
STAYS(TIMEOUT, 24);
STAYS(OURS, 29);
STAYS(ENDED_BY_US, 30);
STAYS(PAUSED, 33);
STAYS(GOVERNED, 34);
STAYS(NOT_SENT, 42);
STAYS(RESTING, 44);
STAYS(QUEUE_FULL, 45);
STAYS(SLOW, 46);
STAYS(REPLAY, 50);
#undef STAYS

static const struct reason_row *reason_row_of(enum hb_reason reason)
{
    HB_ASSERT((unsigned)reason < HB_REASON_COUNT);
    return &reason_rows[reason];
}

static const struct verdict_row *verdict_row_of(enum hb_verdict verdict)
{
    HB_ASSERT((unsigned)verdict < HB_VERDICT_COUNT);
    return &verdict_rows[verdict];
}

struct hb_outcome hb_outcome_of(enum hb_reason reason)
{
    const struct reason_row *row = reason_row_of(reason);
    return (struct hb_outcome){
        .verdict = row->verdict,
        .reason = reason,
        .retry_after_ms = HB_NO_RETRY_AFTER,
        .is_overload = row->is_overload,
        .is_ours = reason == HB_REASON_OURS || reason == HB_REASON_ENDED_BY_US || reason == HB_REASON_NOT_SENT,
        .disables_webhook = reason == HB_REASON_GONE,
    };
}

const char *hb_verdict_text(enum hb_verdict verdict)
{
    return verdict_row_of(verdict)->text;
}

const char *hb_verdict_recorded(enum hb_verdict verdict)
{
    return verdict_row_of(verdict)->recorded;
}

const char *hb_reason_text(enum hb_reason reason)
{
    return reason_row_of(reason)->text;
}

const char *hb_reason_help(enum hb_reason reason)
{
    return reason_row_of(reason)->help;
}
