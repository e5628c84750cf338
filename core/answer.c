#include "hookbus/answer.h"

struct failure_row {
    const char *text;
    bool is_overload;
    bool is_ours;
};

static const struct failure_row failure_rows[HB_FAILURE_COUNT] = {
#define FAILURE_ROW(name, text, overload, ours) [HB_FAILURE_##name] = {text, overload, ours},
    HB_FAILURES(FAILURE_ROW)
#undef FAILURE_ROW
};

static const struct failure_row *row_of(enum hb_failure failure)
{
    HB_ASSERT((unsigned)failure < HB_FAILURE_COUNT);
    return &failure_rows[failure];
}

const char *hb_failure_text(enum hb_failure failure)
{
    return row_of(failure)->text;
}

bool hb_failure_is_overload(enum hb_failure failure)
{
    return row_of(failure)->is_overload;
}

bool hb_failure_is_ours(enum hb_failure failure)
{
    return row_of(failure)->is_ours;
}
