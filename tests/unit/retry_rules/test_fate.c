#include "core/fate.h"
#include "unit/core/check.h"

#define NOW INT64_C(1700000000000)
#define EARLIER INT64_C(1690000000000)
#define MIDDLE UINT32_C(0x80000000) /* no jitter */

static const int64_t three[] = {0, 5, 60};

struct row {
    const char *name;
    enum hb_reason reason;
    enum hb_delivery_state from;
    int attempts;
    int64_t first_failed;
    bool is_ordered, holds_dead;
    const char *job;
    /* wanted */
    enum hb_delivery_event event;
    enum hb_delivery_state state;
    int attempts_after;
    int64_t first_failed_after, wait_ms;
    const char *line;
};
#define S HB_DELIVERY_SENDING
#define L HB_DELIVERY_LEASED
#define P HB_DELIVERY_PARKED
#define F HB_DELIVERY_FRESH
#define DEAD HB_DELIVERY_DEAD
#define N HB_FATE_NEVER

static const struct row rows[] = {
    {"a first success", HB_REASON_NONE, S, 0, N, 0, 0, "", HB_DELIVERY_SUCCEED, HB_DELIVERY_DELIVERED, 0, N, 0, "delivered"},
    {"a success after failures", HB_REASON_NONE, L, 2, EARLIER, 0, 0, "", HB_DELIVERY_SUCCEED, HB_DELIVERY_DELIVERED, 2, EARLIER, 0, "delivered"},
    {"a late success", HB_REASON_NONE, P, 0, N, 0, 0, "", HB_DELIVERY_SUCCEED, HB_DELIVERY_DELIVERED, 0, N, 0, "delivered"},
    {"a first failure", HB_REASON_TIMEOUT, S, 0, N, 0, 0, "", HB_DELIVERY_FAIL, P, 1, NOW, 5000, "failed"},
    {"a second failure", HB_REASON_TIMEOUT, L, 1, EARLIER, 0, 0, "", HB_DELIVERY_FAIL, P, 2, EARLIER, 60000, "failed"},
    {"a late failure", HB_REASON_TIMEOUT, P, 0, N, 0, 0, "", HB_DELIVERY_FAIL, P, 1, NOW, 5000, "failed"},
    {"the last failure", HB_REASON_SERVER_ERROR, L, 2, EARLIER, 0, 0, "", HB_DELIVERY_EXHAUST, DEAD, 3, EARLIER, 0, "dead"},
    {"the last one of a held order", HB_REASON_SERVER_ERROR, L, 2, EARLIER, 1, 1, "", HB_DELIVERY_HOLD, HB_DELIVERY_HELD, 3, EARLIER, 0, "held"},
    {"the last one of an order that goes on", HB_REASON_SERVER_ERROR, L, 2, EARLIER, 1, 0, "", HB_DELIVERY_EXHAUST, DEAD, 3, EARLIER, 0, "dead"},
    {"an order that came while the first attempt ran", HB_REASON_TIMEOUT, S, 2, EARLIER, 1, 1, "", HB_DELIVERY_EXHAUST, DEAD, 3, EARLIER, 0, "dead"},
    {"hold is for orders alone", HB_REASON_TIMEOUT, L, 2, EARLIER, 0, 1, "", HB_DELIVERY_EXHAUST, DEAD, 3, EARLIER, 0, "dead"},
    {"a replay has the schedule", HB_REASON_TIMEOUT, L, 0, N, 0, 0, "rpl_1", HB_DELIVERY_FAIL, P, 1, NOW, 5000, "failed"},
    {"a replay of one attempt", HB_REASON_TIMEOUT, L, 0, N, 0, 0, "once_1", HB_DELIVERY_EXHAUST, DEAD, 1, NOW, 0, "dead"},
    {"one attempt, delivered", HB_REASON_NONE, L, 0, N, 0, 0, "once_1", HB_DELIVERY_SUCCEED, HB_DELIVERY_DELIVERED, 0, N, 0, "delivered"},
    {"one attempt that was not made", HB_REASON_OURS, L, 0, N, 0, 0, "once_1", HB_DELIVERY_RELEASE, P, 0, N, 30000, "parked"},
    {"gone", HB_REASON_GONE, S, 0, N, 0, 0, "", HB_DELIVERY_REFUSE, DEAD, 1, NOW, 0, "dead"},
    {"gone, of a held order", HB_REASON_GONE, L, 1, EARLIER, 1, 1, "", HB_DELIVERY_REFUSE, DEAD, 2, EARLIER, 0, "dead"},
    {"refused", HB_REASON_REQUEST_REFUSED, S, 0, N, 0, 0, "", HB_DELIVERY_REFUSE, DEAD, 0, N, 0, "dead"},
    {"paused", HB_REASON_PAUSED, F, 0, N, 0, 0, "", HB_DELIVERY_PARK, P, 0, N, 0, "parked"},
    {"resting", HB_REASON_RESTING, F, 0, N, 0, 0, "", HB_DELIVERY_PARK, P, 0, N, 0, "parked"},
    {"governed", HB_REASON_GOVERNED, F, 0, N, 0, 0, "", HB_DELIVERY_PARK, P, 0, N, 0, "parked"},
    {"queue full", HB_REASON_QUEUE_FULL, F, 0, N, 0, 0, "", HB_DELIVERY_PARK, P, 0, N, 0, "parked"},
    {"slow while it runs", HB_REASON_SLOW, S, 0, N, 0, 0, "", HB_DELIVERY_PARK, P, 0, N, 0, "parked"},
    {"own trouble", HB_REASON_OURS, S, 0, N, 0, 0, "", HB_DELIVERY_PARK, P, 0, N, 30000, "parked"},
    {"own trouble with a parked one", HB_REASON_NOT_SENT, L, 3, EARLIER, 0, 0, "", HB_DELIVERY_RELEASE, P, 3, EARLIER, 30000, "parked"},
    {"a late own trouble", HB_REASON_OURS, P, 0, N, 0, 0, "", HB_DELIVERY_PARK, P, 0, N, 30000, "parked"},
    {"a blocked address", HB_REASON_ADDRESS_BLOCKED, S, 0, N, 0, 0, "", HB_DELIVERY_PARK, P, 0, N, 3600000, "parked"},
    {"an unusable URL", HB_REASON_URL_REFUSED, L, 1, EARLIER, 0, 0, "", HB_DELIVERY_RELEASE, P, 1, EARLIER, 3600000, "parked"},
    {"a damaged secret, fresh", HB_REASON_SECRET_DAMAGED, F, 0, N, 0, 0, "", HB_DELIVERY_SKIP, HB_DELIVERY_SKIPPED, 0, N, 0, "skipped"},
    {"a damaged secret, met by the attempt", HB_REASON_SECRET_DAMAGED, S, 0, N, 0, 0, "", HB_DELIVERY_SKIP, HB_DELIVERY_SKIPPED, 0, N, 0, "skipped"},
    {"a damaged secret, parked", HB_REASON_SECRET_DAMAGED, L, 1, EARLIER, 0, 0, "", HB_DELIVERY_RELEASE, P, 1, EARLIER, 3600000, "parked"},
    {"too large, parked", HB_REASON_TOO_LARGE, L, 1, EARLIER, 0, 0, "", HB_DELIVERY_RELEASE, P, 1, EARLIER, 3600000, "parked"},
};

static void each_outcome_has_its_fate(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *row = &rows[i];
        struct hb_fate_ask ask = {.outcome = hb_outcome_of(row->reason),
                                  .state = row->from,
                                  .attempts = row->attempts,
                                  .first_failed = {row->first_failed},
                                  .schedule = hb_schedule_own(three, 3),
                                  .is_ordered = row->is_ordered,
                                  .holds_dead = row->holds_dead,
                                  .job = hb_str_c(row->job),
                                  .now = {NOW},
                                  .random = MIDDLE};
        struct hb_fate fate = hb_fate_decide(&ask);
        if (fate.event != row->event || fate.state != row->state || fate.attempts != row->attempts_after ||
            fate.first_failed.ms != row->first_failed_after || fate.due.ms != NOW + row->wait_ms ||
            fate.reason != row->reason || strcmp(fate.line, row->line) != 0)
            fail_msg("%s: event %d, state %s, attempts %lld, first failed %lld, due in %lld, %s", row->name,
                     (int)fate.event, hb_delivery_state_text(fate.state), (long long)fate.attempts,
                     (long long)fate.first_failed.ms, (long long)(fate.due.ms - NOW), fate.line);
    }
}

/* Whatever keeps a delivery from being sent charges nothing, from every state it can happen in. */
static void waiting_never_burns_an_attempt(void **state)
{
    (void)state;
    const enum hb_delivery_state states[] = {F, S, P, L};
    for (int reason = 0; reason < HB_REASON_COUNT; reason++) {
        struct hb_outcome outcome = hb_outcome_of((enum hb_reason)reason);
        for (size_t i = 0; i < 4 && outcome.verdict == HB_VERDICT_PARK; i++) {
            struct hb_fate_ask ask = {.outcome = outcome,
                                      .state = states[i],
                                      .attempts = 2,
                                      .first_failed = {EARLIER},
                                      .schedule = hb_schedule_own(three, 3),
                                      .now = {NOW}};
            struct hb_fate fate = hb_fate_decide(&ask);
            assert_int_equal(fate.attempts, 2);
            assert_int_equal(fate.first_failed.ms, EARLIER);
            assert_int_equal(fate.state, HB_DELIVERY_PARKED);
        }
    }
}

static void what_the_receiver_asks_for_holds_this_delivery_back(void **state)
{
    (void)state;
    struct hb_fate_ask ask = {.outcome = hb_outcome_of(HB_REASON_TOO_MANY_REQUESTS),
                              .state = S,
                              .first_failed = {N},
                              .schedule = hb_schedule_own(three, 3),
                              .now = {NOW},
                              .random = MIDDLE};
    ask.outcome.retry_after_ms = 120000;
    assert_int_equal(hb_fate_decide(&ask).due.ms, NOW + 120000);
    ask.outcome.retry_after_ms = 1000; /* no earlier than the schedule */
    assert_int_equal(hb_fate_decide(&ask).due.ms, NOW + 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_outcome_has_its_fate),
                                       cmocka_unit_test(waiting_never_burns_an_attempt),
                                       cmocka_unit_test(what_the_receiver_asks_for_holds_this_delivery_back)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
