#include "platform/loop/loop.h"
#include "records/outbox.h"
#include "registry/registry.h"
#include "replay/runner_internal.h"

#include <stdio.h>
#include <stdlib.h>

#define NOTES_A_LOOK 32
#define STATE_BYTES_MAX (256 * 1024)

static bool is_active(const struct replay_run *run)
{
    return run->task || run->list.items;
}

/* Runs of a store: all, or those with a list or counting. */
static size_t runs_of(const struct hb_replay_runner *runner, struct hb_str store, bool active_alone)
{
    size_t count = 0;
    for (const struct replay_run *run = runner->runs; run; run = run->next)
        count += !run->is_left && (!active_alone || is_active(run)) && hb_str_eq(run->job.store, store);
    return count;
}

/* ---- why a job waits that has no run ---- */

void hb_turns_note(struct hb_replay_runner *runner, struct hb_str id, struct hb_str value, const char *reason)
{
    char key[HB_REPLAY_KEY_MAX];
    struct hb_kafka_producer *producer = hb_outbox_producer(runner->options.outbox);
    struct hb_replay_progress *state = malloc(sizeof *state);
    bool is_said = !state || hb_replay_progress_read(value, state) != HB_OK ||
                   (state->stage == HB_REPLAY_STAGE_WAITING && strcmp(state->reason, reason) == 0);
    if (!is_said && producer && !runner->is_stopped && runner->notes < NOTES_A_LOOK) {
        struct hb_buf buf = hb_buf_make(STATE_BYTES_MAX);
        state->stage = HB_REPLAY_STAGE_WAITING;
        state->detail[0] = 0;
        state->at = hb_loop_wall(runner->options.loop);
        (void)snprintf(state->reason, sizeof state->reason, "%s", reason);
        (void)snprintf(state->worker, sizeof state->worker, "%s", runner->options.worker);
        if (hb_replay_progress_write(state, &buf) == HB_OK) {
            const struct hb_kafka_record record = {.topic = runner->registry_topic,
                                                   .partition = 0,
                                                   .key = hb_replay_progress_key(id, key),
                                                   .value = hb_buf_str(&buf)};
            runner->notes += hb_kafka_produce(producer, &record, NULL, NULL) == HB_OK; /* else with a later look */
        }
        hb_buf_deinit(&buf);
    }
    free(state);
}

/* ---- who gets a run ---- */

void hb_turns_wait(struct hb_replay_runner *runner, const struct replay_waiting *waiting)
{
    if (runner->waiting_count == runner->waiting_capacity) {
        size_t capacity = runner->waiting_capacity ? 2 * runner->waiting_capacity : 64;
        struct replay_waiting *bigger = realloc(runner->waiting, capacity * sizeof *bigger);
        if (!bigger)
            return; /* with the next look */
        runner->waiting = bigger;
        runner->waiting_capacity = capacity;
    }
    runner->waiting[runner->waiting_count++] = *waiting;
}

/* Of the store with the fewest runs; of those the oldest. */
static struct replay_waiting *first_waiting(struct hb_replay_runner *runner, size_t *ret_runs)
{
    struct replay_waiting *first = NULL;
    for (size_t i = 0; i < runner->waiting_count; i++) {
        struct replay_waiting *waiting = &runner->waiting[i];
        size_t runs = waiting->is_done ? SIZE_MAX : runs_of(runner, waiting->store, false);
        if (!waiting->is_done &&
            (!first || runs < *ret_runs || (runs == *ret_runs && waiting->created.ms < first->created.ms))) {
            first = waiting;
            *ret_runs = runs;
        }
    }
    return first;
}

/* Takes the place of a run that does nothing yet from the store that has the most. */
static void make_room(struct hb_replay_runner *runner, size_t runs)
{
    struct replay_run *victim = NULL;
    size_t most = runs + 1; /* who has one more than the others keeps it */
    for (struct replay_run *run = runner->runs; run; run = run->next) {
        size_t of_store = runs_of(runner, run->job.store, false);
        bool is_idle = !is_active(run) && run->in_flight == 0 && !run->is_over && !run->is_left;
        if (is_idle && of_store > most - (victim != NULL)) { /* the youngest of equals */
            victim = run;
            most = of_store;
        }
    }
    if (victim)
        victim->is_left = true; /* freed with the next look */
}

void hb_turns_adopt(struct hb_replay_runner *runner)
{
    size_t runs = 0;
    struct replay_waiting *first = first_waiting(runner, &runs);
    for (; first && runner->runs_count < HB_REPLAY_RUNS_MAX; first = first_waiting(runner, &runs)) {
        first->is_done = true;
        hb_runner_adopt(runner, first);
    }
    if (first)
        make_room(runner, runs);
    for (size_t i = 0; i < runner->waiting_count; i++)
        if (!runner->waiting[i].is_done)
            hb_turns_note(runner, runner->waiting[i].id, runner->waiting[i].state, HB_REPLAY_ITS_TURN);
    runner->waiting_count = 0; /* the views live no longer than this turn of the loop */
}

/* ---- who begins ---- */

static bool wants(const struct replay_run *run)
{
    const char *reason = NULL;
    return !is_active(run) && !run->is_left && !run->is_over && run->job.wish == HB_REPLAY_WISH_ACTIVE &&
           hb_loop_wall(run->runner->options.loop).ms >= run->again.ms && hb_run_may_send(run, &reason);
}

/* Jobs of a webhook come one after the other, the oldest first. */
static bool may_begin(const struct hb_replay_runner *runner, const struct replay_run *run)
{
    if (!wants(run) || hb_runner_is_busy_for(runner, run->job.webhook))
        return false;
    for (const struct replay_run *other = runner->runs; other; other = other->next)
        if (other->job.created.ms < run->job.created.ms && hb_str_eq(other->job.webhook, run->job.webhook) &&
            wants(other))
            return false;
    return true;
}

/* Of the store with the fewest lists; of those who has waited longest. */
static struct replay_run *first_to_begin(const struct hb_replay_runner *runner, size_t *ret_active)
{
    struct replay_run *first = NULL;
    for (struct replay_run *run = runner->runs; run; run = run->next) {
        size_t active = runs_of(runner, run->job.store, true);
        if ((!first || active < *ret_active || (active == *ret_active && run->since.us < first->since.us)) &&
            may_begin(runner, run)) {
            first = run;
            *ret_active = active;
        }
    }
    return first;
}

/* A list goes when its store has two more than who waits; or, of a store that has none, after its turn. */
static void make_list_room(struct hb_replay_runner *runner, size_t active)
{
    struct replay_run *victim = NULL;
    size_t most = 0;
    for (struct replay_run *run = runner->runs; run; run = run->next) {
        size_t of_store = runs_of(runner, run->job.store, true);
        bool had_its_turn = hb_loop_mono(runner->options.loop).us - run->since.us >= run->turn_us;
        if (run->is_yielding)
            return; /* one after the other */
        if (run->list.items && !run->is_over && !run->is_left &&
            (of_store >= active + 2 || (active == 0 && had_its_turn)) &&
            (of_store > most || (of_store == most && run->since.us < victim->since.us))) {
            victim = run;
            most = of_store;
        }
    }
    if (victim)
        victim->is_yielding = true;
}

void hb_turns_choose(struct hb_replay_runner *runner)
{
    size_t active = 0;
    struct replay_run *first = first_to_begin(runner, &active);
    runner->next = NULL;
    if (!first)
        return;
    if (hb_runner_is_counting(runner))
        for (struct replay_run *run = runner->runs; run; run = run->next)
            if (run->task && hb_loop_mono(runner->options.loop).us - run->since.us >= run->count_us) {
                run->is_cut = true;
                hb_replay_task_cancel(run->task);
            }
    if (hb_runner_active(runner) >= HB_REPLAY_ACTIVE_MAX)
        make_list_room(runner, active);
    else if (!hb_runner_is_counting(runner))
        runner->next = first;
}
