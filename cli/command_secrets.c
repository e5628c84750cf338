/* Job: `hookbus secrets init`: makes the first sealing key. */
#include "cli/commands.h"
#include "cli/files.h"
#include "cli/setup.h"
#include "core/base64.h"
#include "platform/crypto/crypto.h"

#define KEY_BYTES 32

static enum hb_err run(struct hb_cli *cli)
{
    const char *path = hb_cli_argument(cli, 0);
    unsigned char key[KEY_BYTES];
    char text[64], line[128];
    struct hb_wall now = hb_setup_wall();
    enum hb_err err;

    hb_random_bytes(key, sizeof(key));
    (void)hb_base64_write(hb_str_n((const char *)key, sizeof(key)), text);
    /* The id says when it was made, so that a person reading the file knows which is old. */
    (void)snprintf(line, sizeof(line), "k%lld %s\n", (long long)(now.ms / HB_MS_PER_S), text);
    err = hb_file_make_private(path, hb_str_c(line), &cli->error);
    hb_wipe(key, sizeof(key));
    hb_wipe(text, sizeof(text));
    hb_wipe(line, sizeof(line));
    if (err) {
        return err;
    }
    if (cli->out.is_json) {
        struct hb_buf buf = hb_buf_make(8192);

        err = hb_buf_add(&buf, HB_STR("{\"file\":\""));
        err = err ? err : hb_buf_add_json(&buf, hb_str_c(path));
        err = err ? err : hb_buf_add(&buf, HB_STR("\"}"));
        hb_output_json(&cli->out, hb_buf_str(&buf));
        hb_buf_deinit(&buf);
        return err;
    }
    hb_output_line(&cli->out,
                   "A sealing key stands in %s (mode 0600). Set secrets.key_file to it for api and dispatcher.", path);
    hb_output_line(&cli->out,
                   "Keep a copy in a safe place: without it the webhooks' secrets in the registry cannot be opened.");
    return HB_OK;
}

const struct hb_command hb_command_secrets_init = {
    .name = "secrets init", .usage = "FILE", .summary = "make a file (0600) with a new sealing key",
    .help = "Secrets in the registry are sealed with it (AES-256-GCM). An existing file is never touched.",
    .arguments_min = 1, .arguments_max = 1, .run = run,
};
