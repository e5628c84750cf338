/* Job: the role `hookbus dispatcher`, alone or as a parent of workers. */
#include "cli/commands.h"
#include "cli/dispatcher_role.h"
#include "cli/supervisor.h"

static enum hb_err run(struct hb_cli *cli)
{
    static const int64_t WORKERS[2] = {1, HB_CHILDREN_MAX}, NUMBERS[2] = {0, HB_CHILDREN_MAX - 1};
    struct hb_dispatcher_role_options options = {
        .is_worker = hb_options_has(&cli->options, "worker"),
        .is_supervised = hb_options_has(&cli->options, "supervised"),
        .resets_offsets = hb_options_has(&cli->options, "reset-offsets"),
    };
    int64_t workers = 0, number = 0;
    enum hb_err err = hb_options_int(&cli->options, "workers", WORKERS, &workers, &cli->error);

    err = err ? err : hb_options_int(&cli->options, "worker", NUMBERS, &number, &cli->error);
    if (err) {
        cli->is_usage = true;
        return err;
    }
    options.number = (int)number;
    return workers > 0 ? hb_dispatcher_parent_run(cli, (int)workers, options.is_supervised, options.resets_offsets)
                       : hb_dispatcher_role_run(cli, &options);
}

static const struct hb_flag FLAGS[] = {
    {"workers", 'w', "N", "so many worker processes, restarted when they end; one a core is right", false, false},
    {"reset-offsets", 0, NULL, "where a committed offset is out of range, begin at the earliest event kept", false,
     false},
    {"worker", 0, "K", "this is worker K of a parent", false, true},
    {"supervised", 0, NULL, "started by hookbus run", false, true},
    HB_FLAGS_END,
};

const struct hb_command hb_command_dispatcher = {
    .name = "dispatcher",
    .usage = "[--workers N] [--reset-offsets]",
    .summary = "the role that delivers events to webhooks",
    .help = "Consumes events from Kafka and delivers each to the webhooks that select it. /metrics, /healthz and "
            "/readyz on\n"
            "dispatcher.listen:dispatcher.port, also for all workers together. Ready when Kafka has given it (each worker) "
            "its partitions.\n"
            "SIGTERM or Ctrl-C: takes nothing new, finishes what waits within dispatcher.grace_s, and ends.",
    .flags = FLAGS,
    .uses = HB_USES_CONFIG,
    .run = run,
};
