/* Job: `hookbus salesmanago mapping …`: which member of a product goes to which field of SALESmanago. */
#include "cli/commands.h"
#include "cli/files.h"
#include "cli/salesmanago_view.h"
#include "core/json_cursor.h"

#define BODY_MAX ((size_t)300 * 1024)
#define USES (HB_USES_API | HB_USES_STORE)

/* The answer's own bytes of a member: numbers and order as they came. */
static struct hb_str member_of(struct hb_str json, struct hb_str name)
{
    struct hb_cursor member = hb_cursor_member(hb_cursor_root(json), name);

    return member.kind == HB_CURSOR_NONE ? (struct hb_str){NULL, 0} : member.raw;
}

static enum hb_err call(struct hb_cli *cli, const struct hb_api_request *request,
                        void (*say)(struct hb_cli *cli, const struct hb_api_answer *answer))
{
    struct hb_api *api = NULL;
    struct hb_api_answer answer;
    enum hb_err err = hb_api_new(cli, &api);

    err = err ? err : hb_api_call(api, request, &answer);
    if (!err) {
        if (cli->out.is_json) {
            hb_output_json(&cli->out, hb_buf_str(&answer.body));
        } else {
            say(cli, &answer);
        }
        hb_api_answer_deinit(&answer);
    }
    hb_api_free(&api);
    return err;
}

/* ---- show ---- */

static void say_mapping(struct hb_cli *cli, const struct hb_api_answer *answer)
{
    struct hb_str own = member_of(hb_buf_str(&answer->body), HB_STR("own"));
    bool is_own_asked = hb_options_has(&cli->options, "own");
    bool is_default = hb_str_eq(own, HB_STR("null"));

    if (is_own_asked) {
        hb_salesmanago_view_json(&cli->out, is_default ? HB_STR("{}") : own);
    } else {
        hb_salesmanago_view_json(&cli->out, member_of(hb_buf_str(&answer->body), HB_STR("mapping")));
    }
    hb_output_note(&cli->out, is_default ? "this is the default mapping; change it by 'hookbus salesmanago mapping set'"
                                         : "this is the default with the store's own mapping over it (--own shows "
                                           "that alone)");
}

static enum hb_err run_show(struct hb_cli *cli)
{
    char path[HB_API_PATH_MAX];
    struct hb_api_request request = {.method = "GET", .path = path};
    enum hb_err err = hb_salesmanago_path(cli, "mapping", NULL, path);

    return err ? err : call(cli, &request, say_mapping);
}

static const struct hb_flag SHOW_FLAGS[] = {
    {"own", 0, NULL, "only what the store sets itself", false, false},
    HB_FLAGS_END,
};

const struct hb_command hb_command_salesmanago_mapping_show = {
    .name = "salesmanago mapping show",
    .usage = "--store STORE [--own]",
    .summary = "which member of a product goes to which field of SALESmanago",
    .help = "The whole mapping as it is used, a JSON object. docs/salesmanago.md, The mapping, explains each member.",
    .flags = SHOW_FLAGS,
    .uses = USES,
    .run = run_show,
};

/* ---- set, reset ---- */

static void say_set(struct hb_cli *cli, const struct hb_api_answer *answer)
{
    (void)answer;
    hb_output_line(&cli->out, "the mapping is set; products are sent by it from now on");
    hb_output_note(&cli->out, "those that were sent before keep what they have until they change: 'hookbus salesmanago "
                              "sync --full' sends all");
}

static void say_reset(struct hb_cli *cli, const struct hb_api_answer *answer)
{
    (void)answer;
    hb_output_line(&cli->out, "the default mapping is used again");
}

static enum hb_err run_set(struct hb_cli *cli)
{
    char path[HB_API_PATH_MAX], if_match[32];
    struct hb_buf body = hb_buf_make(BODY_MAX);
    struct hb_api_request request = {.method = "PUT", .path = path, .if_match = if_match};
    enum hb_err err = hb_salesmanago_path(cli, "mapping", NULL, path);

    err = err ? err : hb_resource_if_match(cli, if_match);
    err = err ? err : hb_file_read(hb_cli_argument(cli, 0), &body, &cli->error);
    request.body = hb_buf_str(&body);
    err = err ? err : call(cli, &request, say_set);
    hb_buf_deinit(&body);
    return err;
}

static enum hb_err run_reset(struct hb_cli *cli)
{
    char path[HB_API_PATH_MAX], if_match[32];
    struct hb_api_request request = {.method = "DELETE", .path = path, .if_match = if_match};
    enum hb_err err = hb_salesmanago_path(cli, "mapping", NULL, path);

    err = err ? err : hb_resource_if_match(cli, if_match);
    return err ? err : call(cli, &request, say_reset);
}

static const struct hb_flag SET_FLAGS[] = {HB_FLAG_REVISION, HB_FLAGS_END};

const struct hb_command hb_command_salesmanago_mapping_set = {
    .name = "salesmanago mapping set",
    .usage = "FILE --store STORE",
    .summary = "lay a store's own mapping over the default",
    .help = "FILE holds a JSON object with what differs from the default ('-': standard input). Examples:\n"
            "  {\"fields\": {\"season\": null, \"color\": \"attributes.colour\"}}\n"
            "  {\"details\": {\"fabric\": \"attributes.fabric\"}, \"main_category\": \"Inne\"}\n"
            "Try it before: hookbus salesmanago mapping test PRODUCT --mapping FILE. A mapping that is not right is\n"
            "refused with the place, and nothing is changed.",
    .flags = SET_FLAGS,
    .uses = USES,
    .arguments_min = 1,
    .arguments_max = 1,
    .run = run_set,
};

const struct hb_command hb_command_salesmanago_mapping_reset = {
    .name = "salesmanago mapping reset",
    .usage = "--store STORE",
    .summary = "use the default mapping again",
    .flags = SET_FLAGS,
    .uses = USES,
    .run = run_reset,
};

/* ---- test ---- */

static void say_remark(struct hb_cli *cli, enum hb_mark mark, const char *what, const struct hb_json *remark)
{
    struct hb_buf text = hb_buf_make(8192);
    struct hb_str item = hb_json_text_or(remark, "item", "");

    if (remark && !hb_output_clean(&cli->out, hb_json_text_or(remark, "words", ""), &text)) {
        hb_output_line(&cli->out, "%s %s%s%.*s: %.*s: %.*s", hb_output_mark(&cli->out, mark), what,
                       item.len > 0 ? " of item " : "", HB_ARG(item), HB_ARG(hb_json_text_or(remark, "field", "?")),
                       HB_ARG(hb_buf_str(&text)));
    }
    hb_buf_deinit(&text);
}

static void say_items(struct hb_cli *cli, const struct hb_api_answer *answer)
{
    int64_t refused = 0, trimmed = 0, count = 0;

    hb_salesmanago_view_json(&cli->out, member_of(hb_buf_str(&answer->body), HB_STR("items")));
    (void)hb_json_int(hb_json_get(answer->json, "refused"), &refused);
    (void)hb_json_int(hb_json_get(answer->json, "trimmed"), &trimmed);
    (void)hb_json_int(hb_json_get(answer->json, "items_count"), &count);
    say_remark(cli, HB_MARK_WARN, "trimmed", hb_json_get(answer->json, "warning"));
    say_remark(cli, HB_MARK_FAIL, "refused", hb_json_get(answer->json, "refusal"));
    hb_output_note(&cli->out, "%lld items would be sent, %lld fields trimmed, %lld items refused; nothing was sent",
                   (long long)count, (long long)trimmed, (long long)refused);
}

static enum hb_err add_file(struct hb_cli *cli, struct hb_json_writer *w, const char *flag, const char *member)
{
    const char *file = hb_cli_option(cli, flag);
    struct hb_buf text = hb_buf_make(BODY_MAX);
    struct hb_json *json = NULL;
    struct hb_error why = {HB_OK, ""};
    enum hb_err err = HB_OK;

    if (!file) {
        return HB_OK;
    }
    err = hb_file_read(file, &text, &cli->error);
    if (!err && hb_json_parse(hb_buf_str(&text), &json, &why)) {
        err = hb_cli_fail(cli, HB_ERR_INVALID, "%s is not JSON: %s", file, why.text);
    }
    if (!err) {
        hb_json_add_raw(w, member, hb_buf_str(&text));
    }
    hb_json_free(&json);
    hb_buf_deinit(&text);
    return err;
}

static enum hb_err make_test(struct hb_cli *cli, struct hb_buf *ret_body)
{
    struct hb_json_writer w = hb_json_write(ret_body);
    enum hb_err err;

    hb_json_object(&w, NULL);
    if (hb_cli_argument(cli, 0)) {
        hb_json_add_str(&w, "product", hb_str_c(hb_cli_argument(cli, 0)));
    }
    err = add_file(cli, &w, "data-file", "data");
    err = err ? err : add_file(cli, &w, "mapping", "mapping");
    hb_json_close_object(&w);
    return err ? err : hb_json_end(&w);
}

static enum hb_err run_test(struct hb_cli *cli)
{
    char path[HB_API_PATH_MAX];
    struct hb_buf body = hb_buf_make(2 * BODY_MAX);
    struct hb_api_request request = {.method = "POST", .path = path};
    enum hb_err err = hb_salesmanago_path(cli, "mapping", "test", path);

    if (!err && (hb_cli_argument(cli, 0) != NULL) == hb_options_has(&cli->options, "data-file")) {
        err = hb_cli_usage(cli, "which product? Its id, or --data-file FILE with a product's data");
    }
    err = err ? err : make_test(cli, &body);
    request.body = hb_buf_str(&body);
    err = err ? err : call(cli, &request, say_items);
    hb_buf_deinit(&body);
    return err;
}

static const struct hb_flag TEST_FLAGS[] = {
    {"mapping", 'm', "FILE", "try this mapping instead of the store's", false, false},
    {"data-file", 0, "FILE", "a product's data out of a file instead of one of the catalog", false, false},
    HB_FLAGS_END,
};

const struct hb_command hb_command_salesmanago_mapping_test = {
    .name = "salesmanago mapping test",
    .usage = "PRODUCT --store STORE [--mapping FILE]",
    .summary = "show what SALESmanago would be sent of a product; nothing is sent",
    .help =
        "With what is trimmed and what is refused by its limits. PRODUCT is read out of the catalog (a key with the\n"
        "scope read:data is needed); --data-file FILE tries one that no event has told of.",
    .flags = TEST_FLAGS,
    .uses = USES,
    .arguments_max = 1,
    .run = run_test,
};
