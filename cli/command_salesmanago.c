/* Job: the role `hookbus salesmanago`. Its connectors are managed by cli/command_salesmanago_*.c. */
#include "cli/commands.h"
#include "cli/salesmanago_role.h"

static enum hb_err run(struct hb_cli *cli)
{
    return hb_salesmanago_role_run(cli, hb_options_has(&cli->options, "supervised"));
}

static const struct hb_flag FLAGS[] = {
    {"supervised", 0, NULL, "started by hookbus run", false, true},
    HB_FLAGS_END,
};

const struct hb_command hb_command_salesmanago = {
    .name = "salesmanago",
    .usage = "",
    .summary = "the role that sends changed products to SALESmanago",
    .help = "Consumes the merged catalog from Kafka and sends what changed to each store's SALESmanago catalog, at most "
            "100\n"
            "products a request. /metrics, /healthz and /readyz on salesmanago.listen:salesmanago.port. SIGTERM or "
            "Ctrl-C: sends\n"
            "what waits within salesmanago.grace_s, and ends. A store is connected with: hookbus salesmanago connect",
    .flags = FLAGS,
    .uses = HB_USES_CONFIG,
    .run = run,
};
