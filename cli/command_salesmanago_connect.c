/* Job: `hookbus salesmanago connect`: the API key is asked for unseen, tried, and sealed; a catalog chosen or made. */
#include <stdlib.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/files.h"
#include "cli/hidden_input.h"
#include "cli/salesmanago_connect.h"
#include "platform/crypto/crypto.h"

#define KEY_MAX 256

/* ---- what is there ---- */

static enum hb_err look(struct hb_salesmanago_connect *connect)
{
    char path[HB_API_PATH_MAX];
    struct hb_api_request request = {.method = "GET", .path = path};
    struct hb_api_answer answer;
    enum hb_err err = hb_salesmanago_path(connect->cli, NULL, NULL, path);

    err = err ? err : hb_api_call(connect->api, &request, &answer);
    if (err == HB_ERR_NOT_FOUND) { /* the store itself is looked at by the next call */
        connect->cli->error = (struct hb_error){HB_OK, ""};
        return HB_OK;
    }
    if (!err) {
        connect->is_there = true;
        (void)snprintf(connect->kept_catalog, sizeof(connect->kept_catalog), "%.*s",
                       HB_ARG(hb_json_text_or(hb_json_get(answer.json, "catalog"), "id", "")));
        hb_api_answer_deinit(&answer);
    }
    return err;
}

/* ---- the key ---- */

static enum hb_err read_key_file(struct hb_salesmanago_connect *connect, const char *file)
{
    struct hb_buf text = hb_buf_make(4 * KEY_MAX);
    bool is_input = strcmp(file, "-") == 0;
    enum hb_err err = is_input ? hb_file_read(file, &text, &connect->cli->error)
                               : hb_file_read_private(file, &text, &connect->cli->error);

    if (!err) {
        struct hb_str key = hb_buf_str(&text);

        while (key.len > 0 && strchr(" \t\r\n", key.ptr[key.len - 1])) {
            key.len--;
        }
        err = key.len == 0 || hb_buf_add(&connect->key, key)
                  ? hb_cli_fail(connect->cli, HB_ERR_INVALID, "%s holds no API key", is_input ? "standard input" : file)
                  : HB_OK;
    }
    if (text.ptr) {
        hb_wipe(text.ptr, text.capacity);
    }
    hb_buf_deinit(&text);
    return err;
}

static enum hb_err read_key(struct hb_salesmanago_connect *connect)
{
    struct hb_cli *cli = connect->cli;
    const char *file = hb_cli_option(cli, "salesmanago-key-file");
    bool is_person = isatty(STDIN_FILENO) == 1 && !cli->out.is_json;

    if (file) {
        return read_key_file(connect, file);
    }
    if (connect->is_there && !is_person) {
        return HB_OK; /* the kept one */
    }
    if (!is_person) {
        return hb_cli_usage(cli, "there is no terminal to ask for the API key on: --salesmanago-key-file FILE ('-' for "
                                 "standard input)");
    }
    enum hb_err err = hb_hidden_input(connect->is_there ? "SALESmanago API key (Enter keeps the present one): "
                                                        : "SALESmanago API key: ",
                                      &connect->key, &cli->error);

    if (!err && connect->key.len == 0 && !connect->is_there) {
        err = hb_cli_fail(cli, HB_ERR_INVALID,
                          "an API key is needed: it is made in SALESmanago, Integration Center, API, API v3");
    }
    return err;
}

/* ---- calls ---- */

void hb_salesmanago_add_access(const struct hb_salesmanago_connect *connect, struct hb_json_writer *w)
{
    const char *url = hb_cli_option(connect->cli, "base-url");

    if (connect->key.len > 0) {
        hb_json_add_str(w, "key", hb_buf_str(&connect->key));
    }
    if (url) {
        hb_json_add_str(w, "base_url", hb_str_c(url));
    }
}

enum hb_err hb_salesmanago_send(struct hb_salesmanago_connect *connect, const char *method, const char *verb,
                                struct hb_buf *body, struct hb_api_answer *ret_answer)
{
    char path[HB_API_PATH_MAX], if_match[32];
    bool is_change = strcmp(method, "PUT") == 0;
    struct hb_api_request request = {.method = method, .path = path, .body = hb_buf_str(body)};
    enum hb_err err = hb_salesmanago_path(connect->cli, verb, NULL, path);

    if (!err && is_change) {
        err = hb_resource_if_match(connect->cli, if_match);
        request.if_match = if_match;
    }
    err = err ? err : hb_api_call(connect->api, &request, ret_answer);
    if (body->ptr) {
        hb_wipe(body->ptr, body->capacity);
    }
    hb_buf_deinit(body);
    return err;
}

static enum hb_err try_key(struct hb_salesmanago_connect *connect, struct hb_api_answer *ret_answer)
{
    struct hb_buf body = hb_buf_make(HB_SALESMANAGO_BODY_MAX);
    struct hb_json_writer w = hb_json_write(&body);

    hb_json_object(&w, NULL);
    hb_salesmanago_add_access(connect, &w);
    hb_json_close_object(&w);
    enum hb_err err = hb_json_end(&w);

    return err ? err : hb_salesmanago_send(connect, "POST", "test", &body, ret_answer);
}

/* ---- connecting ---- */

static enum hb_err add_settings(struct hb_salesmanago_connect *connect, struct hb_json_writer *w)
{
    const char *name = hb_cli_option(connect->cli, "name"), *language = hb_cli_option(connect->cli, "language");

    hb_salesmanago_add_access(connect, w);
    hb_json_object(w, "catalog");
    hb_json_add_str(w, "id", hb_str_c(connect->catalog));
    hb_json_close_object(w);
    if (name) {
        hb_json_add_str(w, "name", hb_str_c(name));
    }
    if (language && !language[0]) {
        hb_json_add_null(w, "language");
    } else if (language) {
        hb_json_add_str(w, "language", hb_str_c(language));
    }
    return HB_OK;
}

/* -1: not known. */
static int64_t count_known(struct hb_salesmanago_connect *connect)
{
    char path[HB_API_PATH_MAX];
    struct hb_api_request request = {.method = "GET", .path = path};
    struct hb_api_answer answer;
    int64_t known = -1;

    if (hb_salesmanago_path(connect->cli, "products", NULL, path) || hb_api_call(connect->api, &request, &answer)) {
        connect->cli->error = (struct hb_error){HB_OK, ""}; /* connected all the same */
        return known;
    }
    (void)hb_json_int(hb_json_get(answer.json, "known"), &known);
    hb_api_answer_deinit(&answer);
    return known;
}

static enum hb_err say_json(struct hb_salesmanago_connect *connect, const struct hb_api_answer *answer, int64_t known)
{
    struct hb_buf text = hb_buf_make(HB_SALESMANAGO_BODY_MAX);
    struct hb_json_writer w = hb_json_write(&text);

    hb_json_object(&w, NULL);
    hb_json_add_raw(&w, "connector", hb_buf_str(&answer->body));
    if (known >= 0) {
        hb_json_add_int(&w, "known", known);
    } else {
        hb_json_add_null(&w, "known");
    }
    hb_json_close_object(&w);
    enum hb_err err = hb_json_end(&w);

    if (!err) {
        hb_output_json(&connect->cli->out, hb_buf_str(&text));
    }
    hb_buf_deinit(&text);
    return err;
}

static enum hb_err say(struct hb_salesmanago_connect *connect, const struct hb_api_answer *answer)
{
    const struct hb_output *out = &connect->cli->out;
    const struct hb_json *catalog = hb_json_get(answer->json, "catalog");
    struct hb_buf name = hb_buf_make(4 * HB_SALESMANAGO_TEXT_MAX);
    int64_t known = count_known(connect);
    const char *store = "";

    if (out->is_json) {
        return say_json(connect, answer, known);
    }
    if (hb_cli_store(connect->cli, &store) || hb_output_clean(out, hb_json_text_or(catalog, "name", ""), &name)) {
        hb_buf_clear(&name);
    }
    hb_output_line(out, "%s store %s is connected to the SALESmanago catalog \"%.*s\" (%.*s, %.*s)",
                   hb_output_mark(out, HB_MARK_OK), store, HB_ARG(hb_buf_str(&name)),
                   HB_ARG(hb_json_text_or(catalog, "id", "?")), HB_ARG(hb_json_text_or(catalog, "currency", "?")));
    hb_output_line(out, "  The API key is sealed in the registry. What changes from now on is sent within seconds.");
    if (known > 0) {
        hb_output_line(out,
                       "  %lld products of the store are known already. Import them all:\n"
                       "    hookbus salesmanago sync --full --store %s",
                       (long long)known, store);
    } else if (known == 0) {
        hb_output_line(out, "  No product of the store is known yet: publish product.created events, e.g. the whole "
                            "catalog once.");
    }
    hb_buf_deinit(&name);
    return HB_OK;
}

static enum hb_err connect_now(struct hb_salesmanago_connect *connect)
{
    struct hb_buf body = hb_buf_make(HB_SALESMANAGO_BODY_MAX);
    struct hb_json_writer w = hb_json_write(&body);
    struct hb_api_answer answer;

    hb_json_object(&w, NULL);
    enum hb_err err = add_settings(connect, &w);

    hb_json_close_object(&w);
    err = err ? err : hb_json_end(&w);
    err = err ? err : hb_salesmanago_send(connect, "PUT", NULL, &body, &answer);
    if (!err) {
        err = say(connect, &answer);
        hb_api_answer_deinit(&answer);
    }
    return err;
}

static enum hb_err check_flags(struct hb_cli *cli)
{
    bool creates = hb_options_has(&cli->options, "create");
    bool is_whole = hb_options_has(&cli->options, "currency") && hb_options_has(&cli->options, "location");

    if (creates && hb_options_has(&cli->options, "catalog")) {
        return hb_cli_usage(cli, "--catalog takes one that is there, --create makes one: only one of the two");
    }
    if (creates && !is_whole) {
        return hb_cli_usage(cli, "a new catalog needs --currency (PLN) and --location (letters, digits, _)");
    }
    return HB_OK;
}

static enum hb_err run(struct hb_cli *cli)
{
    struct hb_salesmanago_connect connect = {.cli = cli, .key = hb_buf_make(KEY_MAX)};
    struct hb_api_answer tested;
    enum hb_err err = check_flags(cli);

    err = err ? err : hb_api_new(cli, &connect.api);
    err = err ? err : look(&connect);
    err = err ? err : read_key(&connect);
    err = err ? err : try_key(&connect, &tested);
    if (!err) {
        err = hb_salesmanago_choose(&connect, tested.json);
        hb_api_answer_deinit(&tested);
        err = err ? err : connect_now(&connect);
    }
    if (connect.key.ptr) {
        hb_wipe(connect.key.ptr, connect.key.capacity);
    }
    hb_buf_deinit(&connect.key);
    hb_api_free(&connect.api);
    return err;
}

static const struct hb_flag FLAGS[] = {
    {"salesmanago-key-file", 0, "FILE",
     "the API key of SALESmanago out of a file of yours alone (0600), or - for "
     "standard input, instead of asking",
     false, false},
    {"catalog", 0, "ID", "send to this catalog of SALESmanago", false, false},
    {"create", 0, "NAME", "make a catalog of this name there", false, false},
    {"currency", 0, "CODE", "of the new catalog: PLN; prices are sent in it", false, false},
    {"location", 0, "LOCATION", "of the new catalog: letters, digits and _; as in your events to SALESmanago", false,
     false},
    {"default", 0, NULL, "the new catalog may be used for Recommendation Frames", false, false},
    {"language", 0, "CODE", "send the products' texts in this language: pl, pt-BR; '' for their own", false, false},
    {"name", 0, "TEXT", "a name for people", false, false},
    {"base-url", 0, "URL", "another address than https://api.salesmanago.com: for tests", false, false},
    HB_FLAG_REVISION,
    HB_FLAGS_END,
};

const struct hb_command hb_command_salesmanago_connect = {
    .name = "salesmanago connect",
    .usage = "--store STORE [--catalog ID | --create NAME --currency PLN --location LOCATION]",
    .summary = "connect a store to a product catalog of SALESmanago",
    .help = "Asks for the API key without showing it (SALESmanago, Integration Center, API, API v3), tries it there,\n"
            "shows the catalogs of the account and connects to the one you choose, or makes a new one. The key is\n"
            "sealed in the registry (AES-256-GCM) and never shown again. From then on every product and stock change\n"
            "of the store is sent within seconds; what was known before is imported by:\n"
            "  hookbus salesmanago sync --full --store STORE\n"
            "On a store that is connected already it changes what is named and resumes: a new key after one has\n"
            "expired, another catalog, another language.\n"
            "Without a terminal: --salesmanago-key-file and --catalog or --create.",
    .flags = FLAGS,
    .uses = HB_USES_API | HB_USES_STORE,
    .run = run,
};
