#include "cli/salesmanago_connect.h"

#include <unistd.h>

#include "cli/hidden_input.h"

/* ---- a new catalog ---- */

struct wish {
    const char *name, *currency, *location;
};

static enum hb_err make_catalog(struct hb_salesmanago_connect *connect, const struct wish *wish)
{
    struct hb_buf body = hb_buf_make(HB_SALESMANAGO_BODY_MAX);
    struct hb_json_writer w = hb_json_write(&body);
    struct hb_api_answer answer;

    hb_json_object(&w, NULL);
    hb_salesmanago_add_access(connect, &w);
    hb_json_add_str(&w, "name", hb_str_c(wish->name));
    hb_json_add_str(&w, "currency", hb_str_c(wish->currency));
    hb_json_add_str(&w, "location", hb_str_c(wish->location));
    hb_json_add_bool(&w, "default", hb_options_has(&connect->cli->options, "default"));
    hb_json_close_object(&w);
    enum hb_err err = hb_json_end(&w);

    err = err ? err : hb_salesmanago_send(connect, "POST", "catalogs", &body, &answer);
    if (!err) {
        struct hb_str id = hb_json_text_or(hb_json_get(answer.json, "catalog"), "id", "");

        (void)snprintf(connect->catalog, sizeof(connect->catalog), "%.*s", HB_ARG(id));
        hb_output_note(&connect->cli->out, "catalog \"%s\" (%s) was made in SALESmanago", wish->name, connect->catalog);
        hb_api_answer_deinit(&answer);
    }
    return err;
}

/* Before it is asked for in vain, and with what to do. */
static enum hb_err check_room(struct hb_cli *cli, const struct hb_json *tested)
{
    int64_t limit = 0;
    size_t count = hb_json_count(hb_json_get(tested, "catalogs"));

    if (hb_json_int(hb_json_get(tested, "limit"), &limit) && (int64_t)count >= limit) {
        return hb_cli_fail(cli, HB_ERR_CONFLICT,
                           "the SALESmanago account has %zu catalogs and may have %lld: take one of them (--catalog "
                           "ID), delete one there, or have the limit raised",
                           count, (long long)limit);
    }
    return HB_OK;
}

static enum hb_err ask_line(struct hb_salesmanago_connect *connect, const char *question, struct hb_buf *line)
{
    enum hb_err err = hb_shown_input(question, line, &connect->cli->error);

    return err ? err : hb_buf_add_char(line, '\0');
}

static enum hb_err ask_wish(struct hb_salesmanago_connect *connect)
{
    struct hb_buf name = hb_buf_make(HB_SALESMANAGO_TEXT_MAX), currency = name, location = name;
    enum hb_err err = ask_line(connect, "Name of the new catalog: ", &name);

    err = err ? err : ask_line(connect, "Currency (ISO 4217, e.g. PLN): ", &currency);
    err = err ? err : ask_line(connect, "Location (letters, digits, _; as in your SALESmanago events): ", &location);
    err = err ? err : make_catalog(connect, &(struct wish){name.ptr, currency.ptr, location.ptr});
    hb_buf_deinit(&name);
    hb_buf_deinit(&currency);
    hb_buf_deinit(&location);
    return err;
}

/* ---- which catalog ---- */

static enum hb_err take_number(struct hb_salesmanago_connect *connect, const struct hb_json *tested, struct hb_str line)
{
    const struct hb_json *item = hb_json_first(hb_json_get(tested, "catalogs"));
    uint64_t number = 0;

    if (!hb_str_to_u64(line, &number) || number == 0) {
        return hb_cli_fail(connect->cli, HB_ERR_INVALID, "that is no number of the list; nothing was changed");
    }
    while (item && --number > 0) {
        item = hb_json_next(item);
    }
    if (!item) {
        return hb_cli_fail(connect->cli, HB_ERR_INVALID, "the list has no such number; nothing was changed");
    }
    (void)snprintf(connect->catalog, sizeof(connect->catalog), "%.*s", HB_ARG(hb_json_text_or(item, "id", "")));
    return HB_OK;
}

static enum hb_err ask_catalog(struct hb_salesmanago_connect *connect, const struct hb_json *tested)
{
    struct hb_buf line = hb_buf_make(HB_SALESMANAGO_TEXT_MAX);
    enum hb_err err = hb_salesmanago_view_catalogs(connect->cli, tested);

    err = err ? err : hb_shown_input("Which catalog? Its number, or n for a new one: ", &line, &connect->cli->error);
    if (!err && hb_str_eq(hb_buf_str(&line), HB_STR("n"))) {
        err = check_room(connect->cli, tested);
        err = err ? err : ask_wish(connect);
    } else if (!err) {
        err = take_number(connect, tested, hb_str_trim(hb_buf_str(&line)));
    }
    hb_buf_deinit(&line);
    return err;
}

enum hb_err hb_salesmanago_choose(struct hb_salesmanago_connect *connect, const struct hb_json *tested)
{
    struct hb_cli *cli = connect->cli;
    const char *catalog = hb_cli_option(cli, "catalog");
    const struct wish wish = {hb_cli_option(cli, "create"), hb_cli_option(cli, "currency"),
                              hb_cli_option(cli, "location")};

    if (catalog) {
        (void)snprintf(connect->catalog, sizeof(connect->catalog), "%s", catalog);
        return HB_OK;
    }
    if (wish.name) {
        enum hb_err err = check_room(cli, tested);

        return err ? err : make_catalog(connect, &wish);
    }
    if (isatty(STDIN_FILENO) == 1 && !cli->out.is_json) {
        return ask_catalog(connect, tested);
    }
    if (connect->kept_catalog[0]) {
        memcpy(connect->catalog, connect->kept_catalog, sizeof(connect->catalog));
        return HB_OK;
    }
    return hb_cli_usage(cli, "the key is good; which catalog? --catalog ID (hookbus shows them on a terminal), or "
                             "--create NAME --currency PLN --location LOCATION");
}
