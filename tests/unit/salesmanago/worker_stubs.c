/* What a step of the worker asks of the rest, where the test has no answer of its own: trouble is none that is expected,
 * and nobody is waiting to be looked at. */
#include "salesmanago/state.h"
#include "unit/core/check.h"

void hb_sm_trouble_set(struct hb_sm_worker *worker, const char *format, ...)
{
    (void)worker;
    fail_msg("%s", format);
}

void hb_sm_pump_soon(struct hb_sm_worker *worker)
{
    (void)worker;
}
