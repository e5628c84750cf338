/* Job: `hookbus version`. */
#include "cli/commands.h"
#include "platform/kafka/kafka.h"

static enum hb_err run(struct hb_cli *cli)
{
    if (cli->out.is_json) {
        hb_output_line(&cli->out, "{\"version\":\"%s\",\"librdkafka\":\"%s\"}", HB_VERSION, hb_kafka_library_version());
    } else {
        hb_output_line(&cli->out, "hookbus %s (librdkafka %s)", HB_VERSION, hb_kafka_library_version());
    }
    return HB_OK;
}

const struct hb_command hb_command_version = {
    .name = "version", .usage = "", .summary = "show the version", .run = run,
};
