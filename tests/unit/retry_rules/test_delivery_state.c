#include "core/delivery_state.h"

#include "unit/core/check.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* The whole table once more, by hand: a row a state, a column an event, in the order of the .def; the letter of the
 * next state, or a dot. fresh sEnding Parked Leased Held Dead deliVered sKipped eXpired Cancelled. */
static const char letters[HB_DELIVERY_STATE_COUNT + 1] = "FEPLHDVKXC";
static const struct {
    const char *state;
    /*               SEND SKIP PARK CLAIM RELEASE SUCCEED FAIL EXHAUST HOLD REFUSE EXPIRE CANCEL REPLAY REPEAT */
    const char next[HB_DELIVERY_EVENT_COUNT + 1];
} wanted[HB_DELIVERY_STATE_COUNT] = {
    {"fresh", "EKP..........."},     {"sending", ".KP..VPD.D...."}, {"parked", "..PL.VPDHDXCPP"},
    {"leased", "....PVPDHD.CPL"},    {"held", ".....V...DXCPH"},    {"dead", ".....V....XCPD"},
    {"delivered", ".....V......PP"}, {"skipped", "............PP"}, {"expired", ".....V......PP"},
    {"cancelled", ".....V......PP"},
};

static void every_pair_is_allowed_or_refused_as_written_here(void **state)
{
    (void)state;
    for (int from = 0; from < HB_DELIVERY_STATE_COUNT; from++) {
        enum hb_delivery_state s = (enum hb_delivery_state)from;
        check_row(strcmp(hb_delivery_state_text(s), wanted[from].state) == 0, wanted[from].state);
        for (int event = 0; event < HB_DELIVERY_EVENT_COUNT; event++) {
            enum hb_delivery_event e = (enum hb_delivery_event)event;
            char next = hb_delivery_state_may(s, e) ? letters[hb_delivery_state_move(s, e)] : '.';
            if (next != wanted[from].next[event])
                fail_msg("%s, %s: %c", wanted[from].state, hb_delivery_event_meaning(e), next);
        }
    }
}

/* In a child, because it ends the process. */
static bool aborts(enum hb_delivery_state from, enum hb_delivery_event event)
{
    int status = 0;
    pid_t child = fork(); /* NOLINT: a test */
    if (child == 0) {
        (void)close(STDERR_FILENO);
        (void)signal(SIGABRT, SIG_DFL);
        (void)hb_delivery_state_move(from, event);
        _exit(0);
    }
    assert_true(child > 0 && waitpid(child, &status, 0) == child);
    return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

static void an_illegal_move_aborts(void **state)
{
    (void)state;
    for (int from = 0; from < HB_DELIVERY_STATE_COUNT; from++)
        for (int event = 0; event < HB_DELIVERY_EVENT_COUNT; event++) {
            enum hb_delivery_state s = (enum hb_delivery_state)from;
            enum hb_delivery_event e = (enum hb_delivery_event)event;
            if (aborts(s, e) == hb_delivery_state_may(s, e))
                fail_msg("%s, %s", hb_delivery_state_text(s), hb_delivery_event_meaning(e));
        }
}

static void words_are_found_again_and_others_are_not(void **state)
{
    (void)state;
    for (int i = 0; i < HB_DELIVERY_STATE_COUNT; i++) {
        enum hb_delivery_state s = (enum hb_delivery_state)i;
        assert_int_equal(hb_delivery_state_find(hb_str_c(hb_delivery_state_text(s))), i);
        assert_true(strlen(hb_delivery_state_meaning(s)) > 0);
    }
    assert_int_equal(hb_delivery_state_find(HB_STR("takeover")), -1);
    assert_int_equal(hb_delivery_state_find(HB_STR("")), -1);
}

static void a_success_is_taken_from_wherever_a_request_can_still_run(void **state)
{
    (void)state;
    for (int i = 0; i < HB_DELIVERY_STATE_COUNT; i++) {
        enum hb_delivery_state s = (enum hb_delivery_state)i;
        bool may_run = s != HB_DELIVERY_FRESH && s != HB_DELIVERY_SKIPPED;
        check_row(hb_delivery_state_may(s, HB_DELIVERY_SUCCEED) == may_run, hb_delivery_state_text(s));
    }
}

static void every_state_but_the_first_is_reached(void **state)
{
    (void)state;
    bool is_reached[HB_DELIVERY_STATE_COUNT] = {[HB_DELIVERY_FRESH] = true};
    for (int i = 0; i < HB_DELIVERY_STATE_COUNT * HB_DELIVERY_STATE_COUNT * HB_DELIVERY_EVENT_COUNT; i++) {
        enum hb_delivery_state s = (enum hb_delivery_state)(i / HB_DELIVERY_EVENT_COUNT % HB_DELIVERY_STATE_COUNT);
        enum hb_delivery_event e = (enum hb_delivery_event)(i % HB_DELIVERY_EVENT_COUNT);
        if (is_reached[s] && hb_delivery_state_may(s, e))
            is_reached[hb_delivery_state_move(s, e)] = true;
    }
    for (int i = 0; i < HB_DELIVERY_STATE_COUNT; i++)
        check_row(is_reached[i], hb_delivery_state_text((enum hb_delivery_state)i));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_is_allowed_or_refused_as_written_here),
        cmocka_unit_test(an_illegal_move_aborts),
        cmocka_unit_test(words_are_found_again_and_others_are_not),
        cmocka_unit_test(a_success_is_taken_from_wherever_a_request_can_still_run),
        cmocka_unit_test(every_state_but_the_first_is_reached),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
