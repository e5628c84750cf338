/* A worker of its own for each test: a loop and the name "w", nothing else. */
#ifndef TESTS_UNIT_SALESMANAGO_WORKER_RIG_H
#define TESTS_UNIT_SALESMANAGO_WORKER_RIG_H

#include "salesmanago/state.h"
#include "unit/core/check.h"

static inline struct hb_sm_worker *rig_worker(void **ret_state)
{
    struct hb_sm_worker *worker = calloc(1, sizeof *worker);
    assert_non_null(worker);
    worker->options.worker = "w";
    assert_int_equal(hb_loop_new(&worker->options.loop), HB_OK);
    *ret_state = worker;
    return worker;
}

static inline int rig_worker_end(void **state)
{
    struct hb_sm_worker *worker = *state;
    hb_loop_free(&worker->options.loop);
    free(worker);
    return 0;
}

#endif
