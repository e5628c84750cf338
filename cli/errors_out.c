#include "cli/errors_out.h"

#define LINE_MAX_BYTES 4096

static void out_json(const struct hb_cli *cli, enum hb_err err, const char *text)
{
    struct hb_buf buf = hb_buf_make(LINE_MAX_BYTES);

    if (!hb_buf_addf(&buf, "{\"error\":{\"code\":\"%s\",\"exit_code\":%d,\"text\":\"", hb_err_name(err),
                     cli->is_usage ? HB_EXIT_USAGE : hb_err_exit_code(err)) &&
        !hb_buf_add_json(&buf, hb_str_c(text)) && !hb_buf_add(&buf, HB_STR("\"}}"))) {
        hb_output_note(&cli->out, "%.*s", HB_ARG(hb_buf_str(&buf)));
    }
    hb_buf_deinit(&buf);
}

void hb_errors_out(const struct hb_cli *cli, enum hb_err err)
{
    const char *text = cli->error.text[0] ? cli->error.text : hb_err_text(err);
    struct hb_buf clean = hb_buf_make(LINE_MAX_BYTES);

    if (cli->out.is_json) {
        out_json(cli, err, text);
    } else if (!hb_output_clean(&cli->out, hb_str_c(text), &clean)) {
        hb_output_note(&cli->out, "hookbus: %.*s", HB_ARG(hb_buf_str(&clean)));
        if (cli->is_usage) {
            hb_output_note(&cli->out, "usage: hookbus %s %s", cli->command->name, cli->command->usage);
            hb_output_note(&cli->out, "more:  hookbus help %s", cli->command->name);
        }
    }
    hb_buf_deinit(&clean);
}
