#include "cli/supervisor.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "platform/loop/loop.h"

#define BACKOFF_MS 200
#define BACKOFF_MAX_MS 10000
#define STEADY_US (INT64_C(60) * 1000 * HB_US_PER_MS)
#define SETTLED_US (INT64_C(10) * 1000 * HB_US_PER_MS)
#define SELF "/proc/self/exe"

struct child {
    struct hb_supervisor *supervisor;
    const struct hb_supervised *spec;
    struct hb_child *process; /* NULL: not running */
    struct hb_timer *timer;   /* until it is started again */
    int64_t started_us;
    int64_t backoff_ms;
    bool was_settled;
};

struct hb_supervisor {
    struct hb_supervisor_options options;
    struct hb_timer *kill_timer;
    struct hb_timer *stopped_timer;
    bool is_stopping;
    uint64_t restarts;
    size_t count;
    struct child children[HB_CHILDREN_MAX];
};

static size_t running(const struct hb_supervisor *supervisor)
{
    size_t count = 0;

    for (size_t i = 0; i < supervisor->count; i++) {
        count += supervisor->children[i].process ? 1 : 0;
    }
    return count;
}

static void say_stopped(void *user)
{
    struct hb_supervisor *supervisor = user;

    supervisor->options.stopped(supervisor->options.user);
}

static void check_stopped(struct hb_supervisor *supervisor)
{
    if (supervisor->is_stopping && running(supervisor) == 0) {
        hb_timer_stop(supervisor->kill_timer);
        hb_timer_start(supervisor->stopped_timer, 0, 0);
    }
}

/* Exit codes that a second try does not change. */
static bool is_hopeless(int status)
{
    return status == HB_EXIT_USAGE || status == hb_err_exit_code(HB_ERR_CONFIG) ||
           status == hb_err_exit_code(HB_ERR_DENIED) || status == hb_err_exit_code(HB_ERR_IO) ||
           status == hb_err_exit_code(HB_ERR_CONFLICT) || status == hb_err_exit_code(HB_ERR_NOT_FOUND);
}

static void on_exit_of(void *user, int status)
{
    struct child *child = user;
    struct hb_supervisor *supervisor = child->supervisor;
    int64_t ran_us = hb_loop_mono(supervisor->options.setup->loop).us - child->started_us;

    hb_child_free(&child->process);
    child->was_settled = child->was_settled || ran_us >= SETTLED_US;
    if (supervisor->options.ended) {
        supervisor->options.ended(supervisor->options.user, (size_t)(child - supervisor->children), status);
    }
    if (supervisor->is_stopping) {
        check_stopped(supervisor);
        return;
    }
    if (is_hopeless(status) && !child->was_settled) {
        supervisor->options.failed(supervisor->options.user, child->spec->name, status);
        return;
    }
    child->backoff_ms = ran_us >= STEADY_US || child->backoff_ms == 0 ? BACKOFF_MS : 2 * child->backoff_ms;
    child->backoff_ms = child->backoff_ms > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : child->backoff_ms;
    hb_log(&supervisor->options.setup->role, HB_LOG_CHILD_ENDED, HB_LOG_C("child", child->spec->name),
           HB_LOG_INT("status", status), HB_LOG_INT("again_in_ms", child->backoff_ms));
    hb_timer_start(child->timer, child->backoff_ms, 0);
}

static enum hb_err start(struct child *child)
{
    struct hb_loop *loop = child->supervisor->options.setup->loop;
    char *argv[HB_CHILD_ARGV_MAX + 2];
    struct hb_child_spec spec = {.file = SELF, .argv = argv, .exited = on_exit_of, .user = child};
    size_t count = 0;
    enum hb_err err;
    /* execv does not change its arguments, its type says otherwise. */
    union {
        const char *from;
        char *to;
    } word = {"hookbus"};

    argv[count++] = word.to;
    for (size_t i = 0; child->spec->argv[i]; i++) {
        word.from = child->spec->argv[i];
        argv[count++] = word.to;
    }
    argv[count] = NULL;
    if (child->spec->page_fd >= 0) {
        spec.pass_fds = &child->spec->page_fd;
        spec.pass_fds_count = 1;
    }
    err = hb_child_new(loop, &spec, &child->process);
    child->started_us = hb_loop_mono(loop).us;
    if (!err) {
        hb_log(&child->supervisor->options.setup->role, HB_LOG_CHILD_STARTED, HB_LOG_C("child", child->spec->name),
               HB_LOG_INT("pid", hb_child_pid(child->process)));
    }
    return err;
}

static void start_again(void *user)
{
    struct child *child = user;

    if (child->supervisor->is_stopping || child->process) {
        return;
    }
    child->supervisor->restarts++;
    if (start(child)) {
        hb_timer_start(child->timer, BACKOFF_MAX_MS, 0);
    }
}

static void kill_rest(void *user)
{
    hb_supervisor_kill(user);
}

static enum hb_err start_all(struct hb_supervisor *supervisor)
{
    struct hb_loop *loop = supervisor->options.setup->loop;
    enum hb_err err = hb_timer_new(loop, kill_rest, supervisor, &supervisor->kill_timer);

    err = err ? err : hb_timer_new(loop, say_stopped, supervisor, &supervisor->stopped_timer);
    for (size_t i = 0; i < supervisor->options.children_count && !err; i++) {
        struct child *child = &supervisor->children[supervisor->count++];

        *child = (struct child){.supervisor = supervisor, .spec = &supervisor->options.children[i]};
        err = hb_timer_new(loop, start_again, child, &child->timer);
        err = err ? err : start(child);
    }
    return err;
}

enum hb_err hb_supervisor_new(const struct hb_supervisor_options *options, struct hb_supervisor **ret_supervisor,
                              struct hb_error *reterr)
{
    struct hb_supervisor *supervisor = calloc(1, sizeof(*supervisor));
    enum hb_err err;

    HB_ASSERT(options->children_count <= HB_CHILDREN_MAX);
    if (!supervisor) {
        return HB_ERR_MEMORY;
    }
    supervisor->options = *options;
    err = start_all(supervisor);
    if (err) {
        hb_supervisor_free(&supervisor);
        return hb_fail(reterr, err, "a child process could not be started: %s", hb_err_text(err));
    }
    *ret_supervisor = supervisor;
    return HB_OK;
}

void hb_supervisor_free(struct hb_supervisor **supervisor)
{
    if (!supervisor || !*supervisor) {
        return;
    }
    hb_supervisor_kill(*supervisor);
    for (size_t i = 0; i < (*supervisor)->count; i++) {
        hb_timer_free(&(*supervisor)->children[i].timer);
        hb_child_free(&(*supervisor)->children[i].process);
    }
    hb_timer_free(&(*supervisor)->kill_timer);
    hb_timer_free(&(*supervisor)->stopped_timer);
    free(*supervisor);
    *supervisor = NULL;
}

static void signal_all(struct hb_supervisor *supervisor, int number)
{
    for (size_t i = 0; i < supervisor->count; i++) {
        if (supervisor->children[i].process) {
            (void)hb_child_signal(supervisor->children[i].process, number);
        }
    }
}

void hb_supervisor_stop(struct hb_supervisor *supervisor)
{
    supervisor->is_stopping = true;
    signal_all(supervisor, SIGTERM);
    hb_timer_start(supervisor->kill_timer, supervisor->options.grace_ms, 0);
    check_stopped(supervisor);
}

void hb_supervisor_kill(struct hb_supervisor *supervisor)
{
    signal_all(supervisor, SIGKILL);
}

uint64_t hb_supervisor_restarts(const struct hb_supervisor *supervisor)
{
    return supervisor->restarts;
}
