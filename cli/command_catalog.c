/* Job: the role `hookbus catalog`. */
#include "cli/catalog_role.h"
#include "cli/commands.h"

static enum hb_err run(struct hb_cli *cli)
{
    struct hb_catalog_role_options options = {
        .is_supervised = hb_options_has(&cli->options, "supervised"),
        .resets_offsets = hb_options_has(&cli->options, "reset-offsets"),
    };

    return hb_catalog_role_run(cli, &options);
}

static const struct hb_flag FLAGS[] = {
    {"reset-offsets", 0, NULL, "where the group's offset is beyond the end, begin at the earliest event kept", false, false},
    {"supervised", 0, NULL, "started by hookbus run", false, true},
    HB_FLAGS_END,
};

const struct hb_command hb_command_catalog = {
    .name = "catalog",
    .usage = "[--reset-offsets]",
    .summary = "the role that merges product and inventory events",
    .help = "Merges product and inventory events into the current product, in the topic catalog, which SALESmanago "
            "connectors read.\n"
            "/metrics, /healthz and /readyz on catalog.listen:catalog.port. Its state file is made anew from Kafka when "
            "it is gone.",
    .flags = FLAGS,
    .uses = HB_USES_CONFIG,
    .run = run,
};
