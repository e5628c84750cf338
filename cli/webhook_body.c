#include "cli/webhook_body.h"

#include "cli/files.h"
#include "core/json_scan.h"

#define FILTER_BYTES_MAX 65536

enum hb_err hb_text_or_file(struct hb_cli *cli, const char *value, struct hb_buf *ret_text)
{
    enum hb_err err =
        value[0] == '@' ? hb_file_read(value + 1, ret_text, &cli->error) : hb_buf_add(ret_text, hb_str_c(value));

    while (!err && ret_text->len > 0 && strchr(" \t\r\n", ret_text->ptr[ret_text->len - 1])) {
        ret_text->len--;
    }
    return err;
}

/* All values of a repeated flag, each of them a comma-separated list, as one array. */
static void add_list(const struct hb_cli *cli, const char *flag, const char *name, struct hb_json_writer *w)
{
    const char *value;
    size_t state = 0;

    if (!hb_options_has(&cli->options, flag)) {
        return;
    }
    hb_json_array(w, name);
    while ((value = hb_options_each(&cli->options, flag, &state))) {
        struct hb_str rest = hb_str_c(value), item;

        while (hb_str_split(&rest, ',', &item)) {
            if (hb_str_trim(item).len > 0) {
                hb_json_add_str(w, NULL, hb_str_trim(item));
            }
        }
    }
    hb_json_close_array(w);
}

static void add_text(const struct hb_cli *cli, const char *flag, const char *name, struct hb_json_writer *w)
{
    const char *value = hb_cli_option(cli, flag);

    if (value) {
        hb_json_add_str(w, name, hb_str_c(value));
    }
}

static enum hb_err add_filter(struct hb_cli *cli, struct hb_json_writer *w)
{
    const char *value = hb_cli_option(cli, "filter");
    struct hb_buf text = hb_buf_make(FILTER_BYTES_MAX);
    size_t at = 0;
    enum hb_err err;

    if (!value) {
        return HB_OK;
    }
    err = hb_text_or_file(cli, value, &text);
    if (!err && hb_json_scan(hb_buf_str(&text), &at)) {
        err = hb_cli_usage(cli, "--filter is no well-formed JSON at byte %zu", at);
    }
    if (!err) {
        hb_json_add_raw(w, "filter", hb_buf_str(&text));
    }
    hb_buf_deinit(&text);
    return err;
}

static enum hb_err add_headers(struct hb_cli *cli, struct hb_json_writer *w)
{
    const char *value;
    size_t state = 0;

    if (!hb_options_has(&cli->options, "header")) {
        return HB_OK;
    }
    hb_json_object(w, "headers");
    while ((value = hb_options_each(&cli->options, "header", &state))) {
        const char *colon = strchr(value, ':');
        char name[128];

        if (!colon || colon == value || (size_t)(colon - value) >= sizeof(name)) {
            return hb_cli_usage(cli, "--header needs 'Name: value'");
        }
        (void)snprintf(name, sizeof(name), "%.*s", (int)(colon - value), value);
        hb_json_add_str(w, name, hb_str_trim(hb_str_c(colon + 1)));
    }
    hb_json_close_object(w);
    return HB_OK;
}

static enum hb_err add_rate(struct hb_cli *cli, struct hb_json_writer *w)
{
    const char *value = hb_cli_option(cli, "rate");
    struct hb_str rest = hb_str_c(value), count, per_s;
    uint64_t numbers[2] = {0, 0};

    if (!value) {
        return HB_OK;
    }
    if (!hb_str_split(&rest, '/', &count) || !hb_str_split(&rest, '/', &per_s) || rest.len > 0 ||
        !hb_str_to_u64(count, &numbers[0]) || !hb_str_to_u64(per_s, &numbers[1]) || numbers[0] > UINT32_MAX ||
        numbers[1] > UINT32_MAX) {
        return hb_cli_usage(cli, "--rate is N/SECONDS, as in 10/1");
    }
    hb_json_object(w, "rate_limit");
    hb_json_add_int(w, "count", (int64_t)numbers[0]);
    hb_json_add_int(w, "per_s", (int64_t)numbers[1]);
    hb_json_close_object(w);
    return HB_OK;
}

static enum hb_err add_schedule(struct hb_cli *cli, struct hb_json_writer *w)
{
    const char *value;
    size_t state = 0;

    if (!hb_options_has(&cli->options, "schedule")) {
        return HB_OK;
    }
    hb_json_array(w, "schedule");
    while ((value = hb_options_each(&cli->options, "schedule", &state))) {
        struct hb_str rest = hb_str_c(value), item;

        while (hb_str_split(&rest, ',', &item)) {
            uint64_t wait_s = 0;

            if (!hb_str_to_u64(hb_str_trim(item), &wait_s) || wait_s > UINT32_MAX) {
                return hb_cli_usage(cli, "--schedule is a list of seconds, as in 0,5,300,1800");
            }
            hb_json_add_int(w, NULL, (int64_t)wait_s);
        }
    }
    hb_json_close_array(w);
    return HB_OK;
}

static enum hb_err add_secret(struct hb_cli *cli, struct hb_json_writer *w)
{
    const char *value = hb_cli_option(cli, "secret");
    struct hb_buf text = hb_buf_make(1024);
    enum hb_err err;

    if (!value) {
        return HB_OK;
    }
    err = hb_text_or_file(cli, value, &text);
    if (!err) {
        hb_json_add_str(w, "secret", hb_buf_str(&text));
    }
    hb_buf_deinit(&text);
    return err;
}

static enum hb_err add_timeout(struct hb_cli *cli, struct hb_json_writer *w)
{
    static const int64_t RANGE[2] = {1000, 30000};
    int64_t timeout_ms = 0;
    enum hb_err err = hb_options_int(&cli->options, "timeout-ms", RANGE, &timeout_ms, &cli->error);

    cli->is_usage = cli->is_usage || err;
    if (!err && timeout_ms > 0) {
        hb_json_add_int(w, "timeout_ms", timeout_ms);
    }
    return err;
}

enum hb_err hb_webhook_body(struct hb_cli *cli, struct hb_json_writer *w)
{
    enum hb_err err;

    add_list(cli, "events", "events", w);
    add_list(cli, "changed", "changed", w);
    add_text(cli, "format", "format", w);
    add_text(cli, "name", "name", w);
    add_text(cli, "order", "order", w);
    add_text(cli, "on-dead", "on_dead", w);
    add_text(cli, "url", "url", w);
    err = add_filter(cli, w);
    err = err ? err : add_headers(cli, w);
    err = err ? err : add_rate(cli, w);
    err = err ? err : add_schedule(cli, w);
    err = err ? err : add_timeout(cli, w);
    return err ? err : add_secret(cli, w);
}
