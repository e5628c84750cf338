/* Job: `hookbus secrets init|add`: makes the first sealing key, and a newer one beside those there are. */
#include "cli/commands.h"
#include "cli/files.h"
#include "cli/setup.h"
#include "core/base64.h"
#include "platform/crypto/crypto.h"

#include <errno.h>
#include <unistd.h>

#define KEY_BYTES 32
#define LINE_BYTES 128
#define FILE_BYTES_MAX 65536
#define PATH_BYTES_MAX 4096

/* The id says when it was made, so that a person reading the file knows which is old. */
static void make_line(char ret_line[LINE_BYTES])
{
    unsigned char key[KEY_BYTES];
    char text[64];

    hb_random_bytes(key, sizeof(key));
    (void)hb_base64_write(hb_str_n((const char *)key, sizeof(key)), text);
    (void)snprintf(ret_line, LINE_BYTES, "k%lld %s\n", (long long)(hb_setup_wall().ms / HB_MS_PER_S), text);
    hb_wipe(key, sizeof(key));
    hb_wipe(text, sizeof(text));
}

/* ---- add ---- */

/* The file is replaced in one step: a reader sees the old one or the new one. */
static enum hb_err replace(struct hb_cli *cli, const char *path, struct hb_str text)
{
    char next[PATH_BYTES_MAX];
    enum hb_err err;

    if (snprintf(next, sizeof(next), "%s.new", path) >= (int)sizeof(next)) {
        return hb_cli_usage(cli, "the file's name is too long");
    }
    err = hb_file_make_private(next, text, &cli->error);
    if (!err && rename(next, path) != 0) {
        err = hb_cli_fail(cli, HB_ERR_IO, "%s cannot be replaced: %s", path, strerror(errno));
        (void)unlink(next);
    }
    return err;
}

static enum hb_err add_line(struct hb_cli *cli, const char *path, struct hb_buf *text)
{
    struct hb_keyring *keyring = NULL;
    char line[LINE_BYTES];
    enum hb_err err = hb_file_read_private(path, text, &cli->error);

    make_line(line);
    if (!err && text->len > 0 && text->ptr[text->len - 1] != '\n') {
        err = hb_buf_add_char(text, '\n');
    }
    err = err ? err : hb_buf_add(text, hb_str_c(line));
    err = err ? err : hb_keyring_parse(hb_buf_str(text), &keyring, &cli->error); /* it was a key file, and is one now */
    err = err ? err : replace(cli, path, hb_buf_str(text));
    hb_keyring_free(&keyring);
    hb_wipe(line, sizeof(line));
    return err;
}

static enum hb_err run_add(struct hb_cli *cli)
{
    const char *path = hb_cli_argument(cli, 0);
    struct hb_buf text = hb_buf_make(FILE_BYTES_MAX);
    enum hb_err err = add_line(cli, path, &text);

    if (text.ptr) {
        hb_wipe(text.ptr, text.capacity);
    }
    hb_buf_deinit(&text);
    if (err) {
        return err;
    }
    if (cli->out.is_json) {
        hb_output_json(&cli->out, HB_STR("{\"added\":true}"));
        return HB_OK;
    }
    hb_output_line(&cli->out, "%s has a newer key; the older ones still open what they sealed.", path);
    hb_output_line(&cli->out, "Now: the file to every machine, then restart the dispatchers and 'hookbus salesmanago', "
                              "then the api, then 'hookbus secrets rotate'.");
    return HB_OK;
}

/* ---- init ---- */

static enum hb_err run(struct hb_cli *cli)
{
    const char *path = hb_cli_argument(cli, 0);
    char line[LINE_BYTES];
    enum hb_err err;

    make_line(line);
    err = hb_file_make_private(path, hb_str_c(line), &cli->error);
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
const struct hb_command hb_command_secrets_add = {
    .name = "secrets add", .usage = "FILE", .summary = "add a newer sealing key to the file",
    .help = "What is sealed from then on is sealed with it; the older keys stay and open what they sealed. First the "
            "dispatchers and salesmanago workers must have\n"
            "the file (they read it at their start), then the api; then 'hookbus secrets rotate'.",
    .arguments_min = 1, .arguments_max = 1, .run = run_add,
};
