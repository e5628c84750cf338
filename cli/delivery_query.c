#include "cli/delivery_query.h"

#include "cli/setup.h"
#include "cli/when.h"

#define VALUE_MAX 1500

static const char *const TEXTS[] = {"webhook", "state", "reason", "type", "event", "subject"};
static const char *const TIMES[] = {"since", "until"};
#define TEXTS_COUNT (sizeof(TEXTS) / sizeof(TEXTS[0]))
#define TIMES_COUNT (sizeof(TIMES) / sizeof(TIMES[0]))

/* Percent-encoded. */
static enum hb_err add_pair(struct hb_cli *cli, const char *name, const char *value, struct hb_buf *path)
{
    struct hb_buf encoded = hb_buf_make(VALUE_MAX);
    enum hb_err err = hb_api_add_segment(&encoded, value);

    err = err ? err
              : hb_buf_addf(path, "%s%s=%.*s", memchr(path->ptr, '?', path->len) ? "&" : "?", name,
                            (int)encoded.len - 1, encoded.ptr + 1);
    hb_buf_deinit(&encoded);
    return err == HB_ERR_FULL ? hb_cli_usage(cli, "--%s is too long", name) : err;
}

static enum hb_err add_time(struct hb_cli *cli, const char *name, struct hb_buf *path)
{
    char text[HB_WALL_TEXT_MAX];
    struct hb_wall at;

    if (!hb_cli_option(cli, name)) {
        return HB_OK;
    }
    if (hb_when_parse(hb_cli_option(cli, name), hb_setup_wall(), &at, &cli->error)) {
        cli->is_usage = true;
        return HB_ERR_INVALID;
    }
    (void)hb_wall_format(at, text);
    return add_pair(cli, name, text, path);
}

static enum hb_err add_filters(struct hb_cli *cli, struct hb_buf *path)
{
    enum hb_err err = HB_OK;

    for (size_t i = 0; !err && i < TEXTS_COUNT; i++) {
        const char *value = hb_cli_option(cli, TEXTS[i]);

        err = value ? add_pair(cli, TEXTS[i], value, path) : HB_OK;
    }
    for (size_t i = 0; !err && i < TIMES_COUNT; i++) {
        err = add_time(cli, TIMES[i], path);
    }
    return err;
}

enum hb_err hb_delivery_query(struct hb_cli *cli, const char *more, struct hb_str cursor,
                              char ret_path[HB_API_PATH_MAX])
{
    const char *store = NULL;
    struct hb_buf path = hb_buf_make(HB_API_PATH_MAX - 1);
    enum hb_err err = hb_cli_store(cli, &store);

    err = err ? err : hb_api_path(cli, (const char *const[]){"stores", store, "deliveries", NULL}, ret_path);
    err = err ? err : hb_buf_add(&path, hb_str_c(ret_path));
    err = err ? err : add_filters(cli, &path);
    if (!err && *more) {
        err = hb_buf_addf(&path, "%s%s", memchr(path.ptr, '?', path.len) ? "&" : "?", more);
    }
    if (!err && cursor.len > 0) {
        char text[VALUE_MAX / 2];

        (void)snprintf(text, sizeof(text), "%.*s", HB_ARG(cursor));
        err = add_pair(cli, "cursor", text, &path);
    }
    err = err ? err : hb_buf_add_char(&path, '\0');
    if (!err) {
        memcpy(ret_path, path.ptr, path.len);
    }
    hb_buf_deinit(&path);
    return err;
}

bool hb_delivery_query_is_given(const struct hb_cli *cli)
{
    for (size_t i = 0; i < TEXTS_COUNT + TIMES_COUNT; i++) {
        if (hb_options_has(&cli->options, i < TEXTS_COUNT ? TEXTS[i] : TIMES[i - TEXTS_COUNT])) {
            return true;
        }
    }
    return false;
}
