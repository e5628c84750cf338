/* Job: `hookbus webhook pause|resume|enable|disable|wake|rotate-secret|test|test-filter`. */
#include "cli/commands.h"
#include "cli/resource.h"
#include "cli/webhook_body.h"
#include "core/json_scan.h"

#define BODY_MAX ((size_t)1024 * 1024)
#define DATA_MAX ((size_t)300 * 1024)

static enum hb_err action_path(struct hb_cli *cli, const char *verb, char ret_path[HB_API_PATH_MAX])
{
    const char *store = NULL;
    enum hb_err err = hb_cli_store(cli, &store);

    return err ? err
               : hb_api_path(cli,
                             (const char *const[]){"stores", store, "webhooks", hb_cli_argument(cli, 0), verb, NULL},
                             ret_path);
}

static void say_status(struct hb_cli *cli, const struct hb_json *answer, void *user)
{
    (void)user;
    hb_output_line(&cli->out, "webhook %.*s is %.*s", HB_ARG(hb_json_text_or(answer, "id", "?")),
                   HB_ARG(hb_json_text_or(answer, "status", "?")));
}

static enum hb_err act(struct hb_cli *cli, const char *verb)
{
    char path[HB_API_PATH_MAX];
    struct hb_change change = {.method = "POST", .path = path, .say = say_status};
    enum hb_err err = action_path(cli, verb, path);

    return err ? err : hb_resource_change(cli, &change);
}

static enum hb_err run_pause(struct hb_cli *cli) { return act(cli, "pause"); }
static enum hb_err run_resume(struct hb_cli *cli) { return act(cli, "resume"); }
static enum hb_err run_enable(struct hb_cli *cli) { return act(cli, "enable"); }
static enum hb_err run_disable(struct hb_cli *cli) { return act(cli, "disable"); }
static enum hb_err run_wake(struct hb_cli *cli) { return act(cli, "wake"); }

/* ---- rotate-secret ---- */

static void say_rotated(struct hb_cli *cli, const struct hb_json *answer, void *user)
{
    (void)user;
    hb_output_line(&cli->out, "secret  %.*s", HB_ARG(hb_json_text_or(answer, "secret", "?")));
    hb_output_line(
        &cli->out,
        "        Shown this once. Until the overlap is over, requests carry signatures of the old secret too.");
}

static enum hb_err run_rotate(struct hb_cli *cli)
{
    static const int64_t RANGE[2] = {0, 2592000};
    int64_t overlap_s = -1;
    char path[HB_API_PATH_MAX], body[64] = "{}";
    struct hb_change change = {.method = "POST", .path = path, .say = say_rotated};
    enum hb_err err = hb_options_int(&cli->options, "overlap-s", RANGE, &overlap_s, &cli->error);

    cli->is_usage = err != HB_OK;
    err = err ? err : action_path(cli, "secret", path);
    if (overlap_s >= 0) {
        (void)snprintf(body, sizeof(body), "{\"overlap_s\":%lld}", (long long)overlap_s);
    }
    change.body = hb_str_c(body);
    return err ? err : hb_resource_change(cli, &change);
}

/* ---- test ---- */

static void say_tested(struct hb_cli *cli, const struct hb_json *answer, void *user)
{
    struct hb_str outcome = hb_json_text_or(answer, "outcome", "?");
    bool is_delivered = hb_str_eq(outcome, HB_STR("delivered"));
    struct hb_str body = hb_json_text_or(answer, "body", ""), help = hb_json_text_or(answer, "help", "");
    int64_t status = 0, ms = 0;
    struct hb_buf clean = hb_buf_make(16384);

    (void)user;
    (void)hb_json_int(hb_json_get(answer, "status"), &status);
    (void)hb_json_int(hb_json_get(answer, "ms"), &ms);
    hb_output_line(&cli->out, "%s %.*s: status %d from %.*s in %d ms",
                   hb_output_mark(&cli->out, is_delivered ? HB_MARK_OK : HB_MARK_FAIL), HB_ARG(outcome), (int)status,
                   HB_ARG(hb_json_text_or(answer, "address", "nowhere")), (int)ms);
    if (!is_delivered) {
        hb_output_line(&cli->out, "  %.*s: %.*s", HB_ARG(hb_json_text_or(answer, "reason", "")), HB_ARG(help));
    }
    if (body.len > 0 && !hb_output_clean(&cli->out, body, &clean)) {
        hb_output_line(&cli->out, "  it said: %.*s", HB_ARG(hb_buf_str(&clean)));
    }
    hb_buf_deinit(&clean);
    cli->exit_code = is_delivered ? 0 : HB_EXIT_FOUND;
}

static enum hb_err run_test(struct hb_cli *cli)
{
    const char *type = hb_cli_option(cli, "type");
    char path[HB_API_PATH_MAX];
    struct hb_buf body = hb_buf_make(1024);
    struct hb_json_writer w = hb_json_write(&body);
    struct hb_change change = {.method = "POST", .path = path, .say = say_tested};
    enum hb_err err = action_path(cli, "test", path);

    hb_json_object(&w, NULL);
    if (type) {
        hb_json_add_str(&w, "type", hb_str_c(type));
    }
    hb_json_close_object(&w);
    err = err ? err : hb_json_end(&w);
    change.body = hb_buf_str(&body);
    err = err ? err : hb_resource_change(cli, &change);
    hb_buf_deinit(&body);
    return err;
}

/* ---- test-filter ---- */

static void say_matched(struct hb_cli *cli, const struct hb_json *answer, void *user)
{
    bool matches = false;

    (void)user;
    (void)hb_json_bool(hb_json_get(answer, "matches"), &matches);
    hb_output_line(
        &cli->out, "%s %s%.*s", hb_output_mark(&cli->out, matches ? HB_MARK_OK : HB_MARK_FAIL),
        matches ? "matches" : "does not match: ", HB_ARG(matches ? HB_STR("") : hb_json_text_or(answer, "why", "")));
    cli->exit_code = matches ? 0 : HB_EXIT_FOUND;
}

static enum hb_err add_json(struct hb_cli *cli, const char *flag, struct hb_json_writer *w)
{
    const char *value = hb_cli_option(cli, flag);
    struct hb_buf text = hb_buf_make(DATA_MAX);
    size_t at = 0;
    enum hb_err err;

    if (!value) {
        return hb_cli_usage(cli, "--%s is missing", flag);
    }
    err = hb_text_or_file(cli, value, &text);
    if (!err && hb_json_scan(hb_buf_str(&text), &at)) {
        err = hb_cli_usage(cli, "--%s is no well-formed JSON at byte %zu", flag, at);
    }
    if (!err) {
        hb_json_add_raw(w, flag, hb_buf_str(&text));
    }
    hb_buf_deinit(&text);
    return err;
}

static enum hb_err run_test_filter(struct hb_cli *cli)
{
    char path[HB_API_PATH_MAX];
    const char *store = NULL;
    struct hb_buf body = hb_buf_make(BODY_MAX);
    struct hb_json_writer w = hb_json_write(&body);
    struct hb_change change = {.method = "POST", .path = path, .say = say_matched};
    enum hb_err err = hb_cli_store(cli, &store);

    err = err ? err : hb_api_path(cli, (const char *const[]){"stores", store, "webhooks", "test-filter", NULL}, path);
    hb_json_object(&w, NULL);
    err = err ? err : add_json(cli, "filter", &w);
    err = err ? err : add_json(cli, "data", &w);
    hb_json_close_object(&w);
    err = err ? err : hb_json_end(&w);
    change.body = hb_buf_str(&body);
    err = err ? err : hb_resource_change(cli, &change);
    hb_buf_deinit(&body);
    return err;
}

#define USES (HB_USES_API | HB_USES_STORE)
#define ACTION(verb, text)                                                                                             \
    const struct hb_command hb_command_webhook_##verb = {                                                              \
        .name = "webhook " #verb, .usage = "ID --store STORE", .summary = text,                                        \
        .uses = USES, .arguments_min = 1, .arguments_max = 1, .run = run_##verb,                                       \
    }
ACTION(pause, "hold a webhook's deliveries until resume");
ACTION(resume, "let a paused webhook's deliveries go on");
ACTION(enable, "bring a disabled webhook back");
ACTION(disable, "stop a webhook; its events are skipped");
ACTION(wake, "end a webhook's rest now; what is due is sent");

static const struct hb_flag ROTATE_FLAGS[] = {
    {"overlap-s", 0, "SECONDS", "how long the old secret signs too (default a day)", false, false},
    HB_FLAGS_END,
};
const struct hb_command hb_command_webhook_rotate_secret = {
    .name = "webhook rotate-secret",
    .usage = "ID --store STORE [--overlap-s SECONDS]",
    .summary = "make a new signing secret, shown once",
    .flags = ROTATE_FLAGS,
    .uses = USES,
    .arguments_min = 1,
    .arguments_max = 1,
    .run = run_rotate,
};

static const struct hb_flag TEST_FLAGS[] = {
    {"type", 't', "TYPE", "the sample's event type", false, false},
    HB_FLAGS_END,
};
const struct hb_command hb_command_webhook_test = {
    .name = "webhook test",
    .usage = "ID --store STORE [--type TYPE]",
    .summary = "send a signed sample event now and show the answer",
    .help = "Exit code 1 if it was not delivered.",
    .flags = TEST_FLAGS,
    .uses = USES,
    .arguments_min = 1,
    .arguments_max = 1,
    .run = run_test,
};

static const struct hb_flag FILTER_FLAGS[] = {
    {"filter", 'f', "JSON", "the pattern, or @FILE", false, false},
    {"data", 'd', "JSON", "an event's data, or @FILE", false, false},
    HB_FLAGS_END,
};
const struct hb_command hb_command_webhook_test_filter = {
    .name = "webhook test-filter",
    .usage = "--store STORE --filter JSON --data JSON",
    .summary = "say whether a filter lets an event's data through, and why not",
    .help = "Exit code 1 if it does not match. Patterns: docs/filters.md.",
    .flags = FILTER_FLAGS,
    .uses = USES,
    .run = run_test_filter,
};
