/* Job: `hookbus secrets rotate`: seals what older keys sealed anew under the newest, and says when an older key is not
 * needed any more, and whether Kafka still keeps records it would open. */
#include "cli/api_client.h"
#include "cli/commands.h"
#include "cli/progress.h"
#include "cli/setup.h"
#include "hookbus/topics.h"
#include "platform/kafka/kafka.h"

#define NEWEST_MAX 64
#define SCAN_LIMIT_MS 120000
#define POLL_RECORDS 500
#define POLL_WAIT_MS 100
#define MARK "\"sealed\":\"v1."
#define JSON_MAX 8192
#define REASON_MAX 200

struct rotation {
    struct hb_cli *cli;
    struct hb_api *api;
    struct hb_api_answer census; /* of GET /v1/secrets, as asked last */
    struct hb_progress progress;
    char newest[NEWEST_MAX];
    size_t resealed, failed;
    char reason[REASON_MAX]; /* why the last one failed */
    size_t old_records;
};

static enum hb_err ask(struct rotation *rotation)
{
    const struct hb_api_request request = {.method = "GET", .path = "/v1/secrets"};
    struct hb_str newest = {NULL, 0};
    enum hb_err err;

    hb_api_answer_deinit(&rotation->census);
    rotation->census = (struct hb_api_answer){.status = 0};
    err = hb_api_call(rotation->api, &request, &rotation->census);
    if (!err && !hb_json_str(hb_json_get(rotation->census.json, "newest"), &newest)) {
        return hb_cli_fail(rotation->cli, HB_ERR_INVALID, "the api's answer says no newest key");
    }
    if (!err) {
        (void)snprintf(rotation->newest, sizeof(rotation->newest), "%.*s", HB_ARG(newest));
    }
    return err;
}

/* ---- sealing anew ---- */

/* record: webhook/<store>/<id>, connector/<store>/<id> */
static enum hb_err reseal(struct rotation *rotation, struct hb_str record)
{
    struct hb_str kind = {NULL, 0}, store = {NULL, 0};
    struct hb_api_answer answer = {.status = 0};
    char path[HB_API_PATH_MAX];
    enum hb_err err;

    (void)hb_str_split(&record, '/', &kind);
    (void)hb_str_split(&record, '/', &store);
    (void)snprintf(path, sizeof(path), "/v1/stores/%.*s/%.*ss/%.*s/reseal", HB_ARG(store), HB_ARG(kind),
                   HB_ARG(record));
    const struct hb_api_request request = {.method = "POST", .path = path};

    err = hb_api_call(rotation->api, &request, &answer);
    if (!err) {
        hb_api_answer_deinit(&answer);
    }
    return err;
}

/* What can be sealed anew: still under an older key, as asked last. */
static const char *const LISTS[] = {"webhooks", "connectors"};

static size_t left(const struct rotation *rotation)
{
    size_t count = 0;

    for (size_t i = 0; i < sizeof(LISTS) / sizeof(*LISTS); i++) {
        count += hb_json_count(hb_json_get(rotation->census.json, LISTS[i]));
    }
    return count;
}

/* One page of them. Those that cannot be opened are passed over; the api being away ends it. */
static enum hb_err reseal_page(struct rotation *rotation, const struct hb_json *list)
{
    for (const struct hb_json *item = hb_json_first(list); item; item = hb_json_next(item)) {
        struct hb_str record;
        enum hb_err err = hb_json_str(item, &record) ? reseal(rotation, record) : HB_ERR_INVALID;

        if (err == HB_ERR_AWAY || err == HB_ERR_DENIED || err == HB_ERR_MEMORY) {
            return err;
        }
        if (err) {
            rotation->failed++;
            (void)snprintf(rotation->reason, sizeof(rotation->reason), "%.*s: %.100s", HB_ARG(record),
                           rotation->cli->error.text);
        }
        rotation->resealed += !err;
        hb_progress_show(&rotation->progress, rotation->resealed, hb_setup_mono());
    }
    return HB_OK;
}

/* Values in the registry: more cannot be sealed anew, or two apis of different key files undo each other's work. */
static size_t values(const struct rotation *rotation)
{
    int64_t count, all = 0;

    for (const struct hb_json *key = hb_json_first(hb_json_get(rotation->census.json, "keys")); key; key = hb_json_next(key)) {
        all += hb_json_int(hb_json_get(key, "values"), &count) ? count : 0;
    }
    return (size_t)all;
}

static enum hb_err reseal_all(struct rotation *rotation)
{
    size_t before;
    enum hb_err err = ask(rotation);
    const size_t most = err ? 0 : values(rotation);

    rotation->progress = hb_progress_start(&rotation->cli->out, "webhooks and connectors sealed anew", 0, hb_setup_mono());
    do {
        before = rotation->resealed;
        rotation->failed = 0;
        for (size_t i = 0; !err && i < sizeof(LISTS) / sizeof(*LISTS); i++) {
            err = reseal_page(rotation, hb_json_get(rotation->census.json, LISTS[i]));
        }
        err = err ? err : ask(rotation);
    } while (!err && rotation->resealed > before && rotation->resealed < most && left(rotation) > 0);
    if (!err && left(rotation) == 0) {
        rotation->failed = 0; /* deleted meanwhile */
    }
    hb_progress_end(&rotation->progress);
    return err;
}

/* ---- what Kafka still keeps ---- */

struct scan {
    struct rotation *rotation;
    bool is_over, has_failed;
};

static bool is_sealed_by_older(struct hb_str text, const char *newest)
{
    const char *at = text.ptr, *end = text.ptr + text.len;
    size_t len = strlen(newest);

    while (at && (at = memmem(at, (size_t)(end - at), MARK, sizeof(MARK) - 1)) != NULL) {
        at += sizeof(MARK) - 1;
        if ((size_t)(end - at) <= len || memcmp(at, newest, len) != 0 || at[len] != '.') {
            return true;
        }
    }
    return false;
}

static void on_message(void *user, struct hb_kafka_message *message)
{
    struct scan *scan = user;

    scan->rotation->old_records += is_sealed_by_older(message->value, scan->rotation->newest);
    hb_kafka_message_free(message);
}

static void on_end(void *user, int topic, int32_t partition, int64_t offset)
{
    (void)topic;
    (void)partition;
    (void)offset;
    ((struct scan *)user)->is_over = true;
}

static void on_error(void *user, enum hb_err err, int topic, int32_t partition, const char *text)
{
    (void)topic;
    (void)partition;
    (void)text;
    ((struct scan *)user)->has_failed |= err != HB_ERR_AWAY;
}

static enum hb_err scan_topic(struct rotation *rotation)
{
    static const struct hb_kafka_reader_events EVENTS = {on_message, on_end, on_error};
    const struct hb_config *config = &rotation->cli->config;
    char name[HB_TOPIC_NAME_MAX];
    const char *topics[] = {name};
    struct scan scan = {rotation, false, false};
    const struct hb_kafka_reader_options options = {.cluster = hb_setup_cluster(config, "hookbus-secrets"),
                                                    .topics = topics,
                                                    .topics_count = 1,
                                                    .is_committed_only = true,
                                                    .events = &EVENTS,
                                                    .user = &scan};
    const struct hb_kafka_start start = {0, 0, HB_KAFKA_BEGINNING};
    const int64_t until_us = hb_setup_mono().us + SCAN_LIMIT_MS * HB_US_PER_MS;
    struct hb_kafka_reader *reader = NULL;

    (void)hb_topic_name(hb_str_c(config->kafka_topic_prefix), HB_TOPIC_REGISTRY, name);
    enum hb_err err = hb_kafka_reader_new(&options, &reader, &rotation->cli->error);

    err = err ? err : hb_kafka_reader_assign(reader, &start, 1);
    while (!err && !scan.is_over && !scan.has_failed && hb_setup_mono().us < until_us) {
        (void)hb_kafka_reader_poll(reader, POLL_RECORDS, POLL_WAIT_MS);
    }
    hb_kafka_reader_free(&reader);
    return err || scan.is_over
               ? err
               : hb_cli_fail(rotation->cli, HB_ERR_AWAY, "the registry topic could not be read to its end");
}

/* ---- what is said ---- */

static enum hb_err say_json(const struct rotation *rotation, bool is_done)
{
    struct hb_buf text = hb_buf_make(JSON_MAX);
    struct hb_json_writer w = hb_json_write(&text);
    enum hb_err err;

    hb_json_object(&w, NULL);
    hb_json_add_bool(&w, "done", is_done);
    hb_json_add_str(&w, "newest", hb_str_c(rotation->newest));
    hb_json_add_int(&w, "resealed", (int64_t)rotation->resealed);
    hb_json_add_int(&w, "failed", (int64_t)rotation->failed);
    hb_json_add_int(&w, "others", (int64_t)hb_json_count(hb_json_get(rotation->census.json, "others")));
    hb_json_add_int(&w, "old_records", (int64_t)rotation->old_records);
    hb_json_close_object(&w);
    err = hb_json_end(&w);
    if (!err) {
        hb_output_json(&rotation->cli->out, hb_buf_str(&text));
    }
    hb_buf_deinit(&text);
    return err;
}

static void say(const struct rotation *rotation, bool is_done)
{
    const struct hb_output *out = &rotation->cli->out;
    const struct hb_json *others = hb_json_get(rotation->census.json, "others");

    hb_output_line(out, "%zu webhooks and connectors sealed anew under %s", rotation->resealed, rotation->newest);
    if (rotation->failed > 0) {
        hb_output_line(out, "%zu could not be: %s", rotation->failed, rotation->reason);
    }
    for (const struct hb_json *item = hb_json_first(others); item; item = hb_json_next(item)) {
        struct hb_str record = {NULL, 0};

        (void)hb_json_str(item, &record);
        hb_output_line(out, "%.*s is sealed under an older key: give its credential anew", HB_ARG(record));
    }
    hb_output_line(out, is_done ? "Nothing in use needs an older key: it may be taken out of the key file."
                                : "The older keys are still needed.");
    if (rotation->old_records > 0) {
        hb_output_line(out,
                       "Kafka still keeps %zu older records that an older key would open: replaced ones until it has "
                       "compacted the topic (some hours),",
                       rotation->old_records);
        hb_output_line(
            out,
            "those of a deleted store's webhooks for 36 days. Whoever has the key and may read the topic reads them.");
    } else {
        hb_output_line(out, "Kafka keeps no record any more that an older key would open.");
    }
}

static enum hb_err run(struct hb_cli *cli)
{
    struct rotation rotation = {.cli = cli};
    enum hb_err err = hb_api_new(cli, &rotation.api);

    err = err ? err : reseal_all(&rotation);
    err = err ? err : scan_topic(&rotation);
    if (!err) {
        bool is_done = left(&rotation) == 0 && hb_json_count(hb_json_get(rotation.census.json, "others")) == 0;

        cli->exit_code = is_done ? 0 : HB_EXIT_FOUND;
        if (cli->out.is_json) {
            err = say_json(&rotation, is_done);
        } else {
            say(&rotation, is_done);
        }
    }
    hb_api_answer_deinit(&rotation.census);
    hb_api_free(&rotation.api);
    return err;
}

const struct hb_command hb_command_secrets_rotate = {
    .name = "secrets rotate", .usage = "",
    .summary = "seal anew what older keys sealed, and say when they are not needed any more",
    .help = "After 'hookbus secrets add', and after dispatchers, salesmanago workers and api were restarted with the file. Signing secrets, "
            "headers and URLs' queries\n"
            "of webhooks and API keys of connectors are sealed under the newest key; what others keep is named. Exit code "
            "1 while an older key is still needed.\n"
            "Reads the registry topic, too: run it where the configuration names Kafka.",
    .uses = HB_USES_API,
    .run = run,
};
