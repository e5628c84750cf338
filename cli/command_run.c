/* Job: `hookbus run`: the roles on one machine, supervised; one Ctrl-C ends them all. */
#include <stdlib.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/role.h"
#include "cli/supervisor.h"
#include "platform/loop/loop.h"

#define KILL_AFTER_GRACE_MS 8000 /* after the dispatcher's own grace */
#define ROLES 4
#define DISPATCHER 1

struct run_role {
    struct hb_setup setup;
    struct hb_role_signals signals;
    struct hb_supervisor *supervisor;
    struct hb_supervised children[ROLES];
    struct hb_error end;
};

static void stop(void *user)
{
    struct run_role *role = user;

    hb_supervisor_stop(role->supervisor);
}

static void again(void *user)
{
    struct run_role *role = user;

    hb_supervisor_kill(role->supervisor);
}

static void stopped(void *user)
{
    struct run_role *role = user;

    hb_loop_stop(role->setup.loop);
}

static void failed(void *user, const char *name, int status)
{
    struct run_role *role = user;

    (void)hb_fail(&role->end, HB_ERR_CONFIG,
                  "'hookbus %s' cannot run (exit code %d), see its words above; all are stopped", name, status);
    hb_role_stop(&role->signals);
}

static void describe(struct run_role *role, const struct hb_cli *cli)
{
    static const char *const NAMES[ROLES] = {"api", "dispatcher", "catalog", "salesmanago"};
    const char *workers = hb_cli_option(cli, "workers");

    for (size_t i = 0; i < ROLES; i++) {
        struct hb_supervised *child = &role->children[i];
        size_t at = 0;

        *child = (struct hb_supervised){.name = NAMES[i], .page_fd = -1};
        child->argv[at++] = NAMES[i];
        child->argv[at++] = "--supervised";
        if (cli->config_file) {
            child->argv[at++] = "--config";
            child->argv[at++] = cli->config_file;
        }
        if (workers && i == DISPATCHER) {
            child->argv[at++] = "--workers";
            child->argv[at++] = workers;
        }
    }
}

static enum hb_err init(struct run_role *role, struct hb_cli *cli)
{
    struct hb_supervisor_options options = {
        .setup = &role->setup,
        .children = role->children,
        .children_count = ROLES,
        .grace_ms = (int)cli->config.dispatcher_grace_s * 1000 + KILL_AFTER_GRACE_MS,
        .stopped = stopped,
        .failed = failed,
        .user = role,
    };
    enum hb_err err = hb_setup_init(&role->setup, &cli->config, "run", NULL, &cli->error);

    if (err) {
        return err;
    }
    describe(role, cli);
    role->signals = (struct hb_role_signals){.setup = &role->setup, .stop = stop, .again = again, .user = role};
    err = hb_role_signals_init(&role->signals, false);
    return err ? err : hb_supervisor_new(&options, &role->supervisor, &cli->error);
}

static enum hb_err run(struct hb_cli *cli)
{
    static const int64_t WORKERS[2] = {1, HB_CHILDREN_MAX};
    struct run_role *role;
    int64_t workers = 0;
    enum hb_err err = hb_options_int(&cli->options, "workers", WORKERS, &workers, &cli->error);

    if (err) {
        cli->is_usage = true;
        return err;
    }
    role = calloc(1, sizeof(*role));
    if (!role) {
        return HB_ERR_MEMORY;
    }
    err = init(role, cli);
    if (!err) {
        hb_log(&role->setup.role, HB_LOG_STARTED, HB_LOG_INT("pid", getpid()), HB_LOG_C("version", HB_VERSION));
        hb_loop_run(role->setup.loop);
        err = role->end.code ? hb_cli_fail(cli, role->end.code, "%s", role->end.text) : HB_OK;
        hb_log(&role->setup.role, HB_LOG_STOPPED, HB_LOG_INT("pid", getpid()));
    }
    hb_role_signals_deinit(&role->signals);
    hb_supervisor_free(&role->supervisor);
    hb_setup_deinit(&role->setup);
    free(role);
    return err;
}

static const struct hb_flag FLAGS[] = {
    {"workers", 'w', "N", "so many dispatcher workers; one a core is right", false, false},
    HB_FLAGS_END,
};

const struct hb_command hb_command_run = {
    .name = "run",
    .usage = "[--workers N]",
    .summary = "api, dispatcher, catalog and salesmanago on this machine, supervised",
    .help = "Starts the roles as processes of their own and starts one again, with back-off, when it ends. Ctrl-C or "
            "SIGTERM ends all of\n"
            "them in order; a second one at once.",
    .flags = FLAGS,
    .uses = HB_USES_CONFIG,
    .run = run,
};
