/* Job: `hookbus publish`: one event from flags, or many from standard input. */
#include <stdlib.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/files.h"
#include "cli/publish_stream.h"
#include "core/json_scan.h"

#define DATA_MAX ((size_t)1024 * 1024)
#define BODY_MAX ((size_t)2 * 1024 * 1024)
#define REFUSED_TEXT_BYTES_MAX ((size_t)HB_REFUSED_LINES_MAX * 21)

/* ---- one ---- */

static enum hb_err read_data(struct hb_cli *cli, struct hb_buf *ret_data)
{
    const char *value = hb_cli_option(cli, "data");
    size_t at = 0;
    enum hb_err err;

    if (!value) {
        return hb_cli_usage(cli, "the event's data is missing: --data '{…}', --data @FILE or --data -");
    }
    if (value[0] == '@' || strcmp(value, "-") == 0) {
        err = hb_file_read(value[0] == '@' ? value + 1 : value, ret_data, &cli->error);
    } else {
        err = hb_buf_add(ret_data, hb_str_c(value));
    }
    if (!err && hb_json_scan(hb_buf_str(ret_data), &at)) {
        err = hb_cli_fail(cli, HB_ERR_INVALID, "the data is no well-formed JSON (byte %zu)", at);
    }
    return err;
}

static void add_changed(const struct hb_cli *cli, struct hb_json_writer *w)
{
    struct hb_str rest = hb_str_c(hb_cli_option(cli, "changed")), item;

    if (!rest.ptr) {
        return;
    }
    hb_json_array(w, "changed");
    while (hb_str_split(&rest, ',', &item)) {
        hb_json_add_str(w, NULL, hb_str_trim(item));
    }
    hb_json_close_array(w);
}

static enum hb_err make_body(struct hb_cli *cli, struct hb_buf *ret_body)
{
    static const char *const TEXTS[] = {"subject", "id", "time", "sequence", "traceparent"};
    struct hb_json_writer w = hb_json_write(ret_body);
    struct hb_buf data = hb_buf_make(DATA_MAX);
    enum hb_err err = read_data(cli, &data);

    if (!err && !hb_cli_option(cli, "subject")) {
        err = hb_cli_usage(cli, "what is it about? --subject ID (of the order, product, customer …)");
    }
    hb_json_object(&w, NULL);
    hb_json_add_str(&w, "type", hb_str_c(hb_cli_argument(cli, 0)));
    for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++) {
        const char *value = hb_cli_option(cli, TEXTS[i]);

        if (value) {
            hb_json_add_str(&w, TEXTS[i], hb_str_c(value));
        }
    }
    add_changed(cli, &w);
    /* As it came, byte for byte. */
    hb_json_add_raw(&w, "data", hb_buf_str(&data));
    hb_json_close_object(&w);
    err = err ? err : hb_json_end(&w);
    hb_buf_deinit(&data);
    return err;
}

static void say_one(struct hb_cli *cli, const struct hb_json *answer)
{
    struct hb_str id = {NULL, 0};
    bool is_duplicate = false;

    (void)hb_json_str(hb_json_get(answer, "id"), &id);
    (void)hb_json_bool(hb_json_get(answer, "duplicate"), &is_duplicate);
    hb_output_line(&cli->out, "%s %.*s%s", hb_output_mark(&cli->out, HB_MARK_OK), HB_ARG(id),
                   is_duplicate ? " was published before with the same data: nothing new was sent" : " is in Kafka");
    if (hb_json_get(answer, "deduplication")) {
        hb_output_note(&cli->out, "Redis is away: a repeat of this id would not be recognised just now");
    }
}

static enum hb_err publish_one(struct hb_cli *cli, struct hb_api *api, const char *path)
{
    struct hb_buf body = hb_buf_make(BODY_MAX);
    struct hb_api_request request = {.method = "POST", .path = path};
    struct hb_api_answer answer;
    enum hb_err err = make_body(cli, &body);

    request.body = hb_buf_str(&body);
    err = err ? err : hb_api_call(api, &request, &answer);
    if (!err) {
        if (cli->out.is_json) {
            hb_output_json(&cli->out, hb_buf_str(&answer.body));
        } else {
            say_one(cli, answer.json);
        }
        hb_api_answer_deinit(&answer);
    }
    hb_buf_deinit(&body);
    return err;
}

/* ---- many ---- */

/* "2,17,30"; with more than are kept, the first of them. */
static enum hb_err add_refused_lines(const struct hb_published *published, struct hb_buf *ret_text)
{
    enum hb_err err = HB_OK;

    for (size_t i = 0; !err && i < published->refused && i < HB_REFUSED_LINES_MAX; i++) {
        err = hb_buf_addf(ret_text, "%s%llu", i > 0 ? "," : "", (unsigned long long)published->refused_lines[i]);
    }
    return err;
}

static void say_counts(struct hb_cli *cli, const struct hb_published *published, struct hb_str lines)
{
    if (cli->out.is_json) {
        hb_output_line(&cli->out,
                       "{\"accepted\":%llu,\"duplicates\":%llu,\"refused\":%llu,\"refused_lines\":[%.*s],"
                       "\"deduplication\":\"%s\"}",
                       (unsigned long long)published->accepted, (unsigned long long)published->duplicates,
                       (unsigned long long)published->refused, HB_ARG(lines),
                       published->is_dedup_off ? "off" : "on");
        return;
    }
    hb_output_line(&cli->out, "%llu events are in Kafka, %llu of them were there before, %llu were refused",
                   (unsigned long long)published->accepted, (unsigned long long)published->duplicates,
                   (unsigned long long)published->refused);
    if (lines.len > 0) {
        hb_output_note(&cli->out, "refused lines: %.*s%s", HB_ARG(lines),
                       published->refused > HB_REFUSED_LINES_MAX ? ", and more" : "");
    }
    if (published->is_dedup_off) {
        hb_output_note(&cli->out, "Redis was away: repeated ids were not recognised");
    }
}

static void say_many(struct hb_cli *cli, const struct hb_published *published)
{
    struct hb_buf lines = hb_buf_make(REFUSED_TEXT_BYTES_MAX);

    if (add_refused_lines(published, &lines)) {
        hb_buf_clear(&lines);
    }
    say_counts(cli, published, hb_buf_str(&lines));
    hb_buf_deinit(&lines);
}

static enum hb_err publish_many(struct hb_cli *cli, struct hb_api *api, const char *path)
{
    struct hb_published published;
    const char *file = hb_cli_option(cli, "file");
    FILE *in = file && strcmp(file, "-") != 0 ? fopen(file, "re") : stdin;
    enum hb_err err;

    if (!in) {
        return hb_cli_fail(cli, HB_ERR_NOT_FOUND, "%s cannot be read", file);
    }
    err = hb_publish_stream(cli, api, path, in, &published);
    if (in != stdin) {
        (void)fclose(in);
    }
    say_many(cli, &published);
    if (!err && published.refused > 0) {
        err = hb_cli_fail(cli, HB_ERR_INVALID, "%llu events were refused; the first: %.180s",
                          (unsigned long long)published.refused, published.first_problem);
    }
    return err;
}

static enum hb_err run(struct hb_cli *cli)
{
    const char *store = NULL;
    char path[HB_API_PATH_MAX];
    bool is_one = hb_cli_argument(cli, 0) != NULL;
    struct hb_api *api = NULL;
    enum hb_err err = hb_cli_store(cli, &store);

    if (!err && !is_one && !hb_options_has(&cli->options, "file") && isatty(STDIN_FILENO) == 1) {
        err = hb_cli_usage(cli, "an event's type is missing, or events as lines of JSON on standard input");
    }
    err = err ? err : hb_api_path(cli, (const char *const[]){"stores", store, "events", NULL}, path);
    err = err ? err : hb_api_new(cli, &api);
    err = err ? err : is_one ? publish_one(cli, api, path) : publish_many(cli, api, path);
    hb_api_free(&api);
    return err;
}

static const struct hb_flag FLAGS[] = {
    {"subject", 0, "ID", "what it is about: the order's, product's … id; events of one subject keep their order", false,
     false},
    {"data", 'd', "JSON", "the data, or @FILE, or - for standard input", false, false},
    {"id", 0, "ID", "the event's id: published again with it, it is recognised; otherwise one is made", false, false},
    {"changed", 0, "PATHS", "what changed: price,stock.quantity", false, false},
    {"time", 0, "TIME", "when it happened: 2026-01-31T12:00:00Z", false, false},
    {"sequence", 0, "N", "version of the subject", false, false},
    {"traceparent", 0, "TEXT", "W3C Trace Context", false, false},
    {"file", 'f', "FILE", "many: lines of JSON from this file instead of standard input", false, false},
    HB_FLAGS_END,
};

const struct hb_command hb_command_publish = {
    .name = "publish",
    .usage = "TYPE --store STORE --subject ID --data @FILE    |    publish --store STORE < events.ndjson",
    .summary = "publish an event, or many from standard input",
    .help = "Ends with 0 only when Kafka has acknowledged. Many: one JSON object a line,\n"
            "  {\"id\"?, \"type\", \"subject\", \"time\"?, \"changed\"?: [..], \"sequence\"?, \"data\": …}\n"
            "sent in batches of up to 1,000. The data goes to Kafka byte for byte as given.",
    .flags = FLAGS,
    .uses = HB_USES_API | HB_USES_STORE,
    .arguments_max = 1,
    .run = run,
};
