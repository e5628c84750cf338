/* Job: the parent of dispatcher workers: starts them, starts them again, and answers /metrics and /readyz for all. */
#include <stdlib.h>
#include <unistd.h>

#include "cli/dispatcher_role.h"
#include "cli/health.h"
#include "cli/role.h"
#include "cli/supervisor.h"
#include "cli/worker_page.h"
#include "platform/loop/loop.h"

#define KILL_AFTER_GRACE_MS 5000
#define NUMBER_MAX 12
#define NAME_MAX_BYTES 24

struct worker {
    int fd;
    struct hb_worker_page *page;
    char number[NUMBER_MAX];
    char name[NAME_MAX_BYTES];
};

struct parent {
    struct hb_setup setup;
    struct hb_role_signals signals;
    struct hb_supervisor *supervisor;
    struct hb_http_server *server;
    struct hb_health *health;
    size_t count;
    struct worker workers[HB_CHILDREN_MAX];
    struct hb_supervised children[HB_CHILDREN_MAX];
    char reason[2 * HB_WORKER_REASON_MAX];
    struct hb_error end;
};

static const char *trouble(void *user)
{
    struct parent *parent = user;

    if (parent->signals.is_stopping) {
        return "the dispatcher is ending";
    }
    for (size_t i = 0; i < parent->count; i++) {
        const struct hb_worker_page *page = parent->workers[i].page;

        if (!__atomic_load_n(&page->is_ready, __ATOMIC_ACQUIRE)) {
            (void)snprintf(parent->reason, sizeof(parent->reason), "worker %zu: %.*s", i, HB_WORKER_REASON_MAX - 1,
                           page->reason);
            return parent->reason;
        }
    }
    return NULL;
}

static enum hb_err metrics(void *user, struct hb_buf *text)
{
    struct parent *parent = user;
    const struct hb_metrics *blocks[HB_CHILDREN_MAX + 1];

    hb_metric_set(parent->setup.metrics, HB_METRIC_CHILD_RESTARTS, (int64_t)hb_supervisor_restarts(parent->supervisor));
    blocks[0] = parent->setup.metrics;
    for (size_t i = 0; i < parent->count; i++) {
        blocks[i + 1] = &parent->workers[i].page->metrics;
    }
    return hb_metrics_render(blocks, parent->count + 1, text);
}

static void ended(void *user, size_t child, int status)
{
    struct parent *parent = user;
    char reason[64];

    (void)snprintf(reason, sizeof(reason), "it ended with status %d and is started again", status);
    hb_worker_page_set(parent->workers[child].page, reason);
}

static void stop(void *user)
{
    struct parent *parent = user;

    hb_supervisor_stop(parent->supervisor);
}

static void again(void *user)
{
    struct parent *parent = user;

    hb_supervisor_kill(parent->supervisor);
}

static void stopped(void *user)
{
    struct parent *parent = user;

    hb_loop_stop(parent->setup.loop);
}

static void failed(void *user, const char *name, int status)
{
    struct parent *parent = user;

    (void)hb_fail(&parent->end, HB_ERR_CONFIG, "%s cannot run (exit code %d), see its log line; all are stopped", name,
                  status);
    hb_role_stop(&parent->signals);
}

static enum hb_err make_worker(struct parent *parent, struct hb_cli *cli, bool resets_offsets)
{
    size_t index = parent->count;
    struct worker *worker = &parent->workers[index];
    struct hb_supervised *child = &parent->children[index];
    enum hb_err err = hb_worker_page_new(&worker->fd, &worker->page);
    size_t at = 0;

    if (err) {
        return hb_cli_fail(cli, err, "no shared memory for a worker");
    }
    parent->count++;
    (void)snprintf(worker->number, sizeof(worker->number), "%zu", index);
    (void)snprintf(worker->name, sizeof(worker->name), "worker-%zu", index);
    *child = (struct hb_supervised){.name = worker->name, .page_fd = worker->fd};
    child->argv[at++] = "dispatcher";
    child->argv[at++] = "--worker";
    child->argv[at++] = worker->number;
    if (cli->config_file) {
        child->argv[at++] = "--config";
        child->argv[at++] = cli->config_file;
    }
    if (resets_offsets) {
        child->argv[at++] = "--reset-offsets";
    }
    return HB_OK;
}

static enum hb_err init(struct parent *parent, struct hb_cli *cli, bool is_supervised)
{
    const struct hb_config *config = &cli->config;
    struct hb_health_options health = {.setup = &parent->setup, .trouble = trouble, .metrics = metrics, .user = parent};
    struct hb_supervisor_options supervisor = {
        .setup = &parent->setup,
        .children = parent->children,
        .children_count = parent->count,
        .grace_ms = (int)config->dispatcher_grace_s * 1000 + KILL_AFTER_GRACE_MS,
        .ended = ended,
        .stopped = stopped,
        .failed = failed,
        .user = parent,
    };
    enum hb_err err = hb_setup_server(&parent->setup, config->dispatcher_listen, (int)config->dispatcher_port,
                                      &parent->server, &cli->error);

    err = err ? err : hb_health_new(&health, &parent->health);
    err = err ? err : hb_health_mount(parent->health, parent->server);
    err = err ? err : hb_supervisor_new(&supervisor, &parent->supervisor, &cli->error);
    parent->signals = (struct hb_role_signals){.setup = &parent->setup, .stop = stop, .again = again, .user = parent};
    return err ? err : hb_role_signals_init(&parent->signals, is_supervised);
}

static void deinit(struct parent *parent)
{
    hb_role_signals_deinit(&parent->signals);
    hb_http_server_free(&parent->server);
    hb_health_free(&parent->health);
    hb_supervisor_free(&parent->supervisor);
    for (size_t i = 0; i < parent->count; i++) {
        hb_worker_page_unmap(&parent->workers[i].page);
        (void)close(parent->workers[i].fd);
    }
    hb_setup_deinit(&parent->setup);
}

enum hb_err hb_dispatcher_parent_run(struct hb_cli *cli, int count, bool is_supervised, bool resets_offsets)
{
    struct parent *parent = calloc(1, sizeof(*parent));
    enum hb_err err;

    if (!parent) {
        return HB_ERR_MEMORY;
    }
    err = hb_setup_init(&parent->setup, &cli->config, "dispatcher", NULL, &cli->error);
    for (int i = 0; i < count && !err; i++) {
        err = make_worker(parent, cli, resets_offsets);
    }
    err = err ? err : init(parent, cli, is_supervised);
    if (!err) {
        hb_log(&parent->setup.role, HB_LOG_STARTED, HB_LOG_INT("pid", getpid()), HB_LOG_INT("workers", count));
        hb_loop_run(parent->setup.loop);
        err = parent->end.code ? hb_cli_fail(cli, parent->end.code, "%s", parent->end.text) : HB_OK;
        hb_log(&parent->setup.role, HB_LOG_STOPPED, HB_LOG_INT("pid", getpid()));
    }
    deinit(parent);
    free(parent);
    return err;
}
