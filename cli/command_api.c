/* Job: the role `hookbus api`: publishing, the registry, history, health: one HTTP server. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/health.h"
#include "cli/role.h"
#include "dispatcher/test_delivery.h"
#include "history/deliveries.h"
#include "history/history.h"
#include "history/model.h"
#include "platform/http_client/http_client.h"
#include "platform/http_server/http_server.h"
#include "platform/loop/loop.h"
#include "producer/ingest.h"
#include "records/outbox.h"
#include "registry/api.h"
#include "replay/api.h"
#include "replay/sweep.h"
#include "salesmanago/answer.h"
#include "salesmanago/api.h"

#define TOPICS_LIMIT_MS 60000
#define GRACE_MS 10000
#define DRAIN_LOOK_MS 20
#define STATS_MS 500
#define KEY_AGAIN_MS 1000 /* after a try at the first admin key that Kafka was away for */
#define INGEST_GRACE_MS 5000
#define OUTBOX_GRACE_MS 3000
#define ADMIN_KEY_FILE_DEFAULT ".hookbus-admin-key"
#define READ_MODEL_FILE_DEFAULT ".hookbus-read-model.sqlite"
#define PATH_BYTES_MAX 4096

struct api_role {
    struct hb_setup setup;
    struct hb_role_signals signals;
    struct hb_registry *registry;
    struct hb_registry_api *registry_api;
    struct hb_ingest *ingest;
    struct hb_tests *tests;
    struct hb_history *history;
    struct hb_outbox *outbox;
    struct hb_model *model;
    struct hb_deliveries *deliveries;
    char model_path[PATH_BYTES_MAX];
    bool was_model_complete;
    char model_trouble[HB_ERROR_TEXT_MAX]; /* as it was logged last */
    struct hb_replay_api *replay;
    struct hb_http_client *salesmanago_http;
    struct hb_sm_api *salesmanago;
    struct hb_http_server *server;
    struct hb_health *health;
    struct hb_timer *drain_timer, *stats_timer, *key_timer;
    int64_t drain_until_us;
    bool has_admin_key; /* there is one, or trying again would not help */
    struct hb_error end; /* why it ended, if not as asked */
};

/* ---- readiness, numbers ---- */

static const char *trouble(void *user)
{
    struct api_role *role = user;
    const char *registry = hb_registry_trouble(role->registry);

    if (role->signals.is_stopping) {
        return "the api is ending";
    }
    if (registry) {
        return registry;
    }
    if (!hb_registry_is_current(role->registry)) {
        return "the registry is being read";
    }
    if (!role->has_admin_key) {
        return "the first admin key is being made";
    }
    return hb_ingest_trouble(role->ingest);
}

/* What changed is told once. */
static void watch_model(struct api_role *role)
{
    const struct hb_model_status status = hb_model_status(role->model);
    struct hb_metrics *metrics = role->setup.metrics;

    hb_metric_set(metrics, HB_METRIC_READ_MODEL_COMPLETE, status.is_complete);
    hb_metric_set(metrics, HB_METRIC_READ_MODEL_PERCENT, status.percent);
    hb_metric_set(metrics, HB_METRIC_READ_MODEL_LINES, (int64_t)(status.lines + status.journal));
    hb_metric_set(metrics, HB_METRIC_READ_MODEL_STALE, (int64_t)status.stale);
    hb_metric_set(metrics, HB_METRIC_READ_MODEL_REBUILDS, (int64_t)status.rebuilds);
    if (status.trouble[0] && strcmp(status.trouble, role->model_trouble) != 0) {
        hb_log(&role->setup.role, HB_LOG_READ_MODEL_TROUBLE, HB_LOG_C("reason", status.trouble),
               HB_LOG_INT("percent", status.percent));
    }
    memcpy(role->model_trouble, status.trouble, sizeof(role->model_trouble));
    if (status.is_complete && !role->was_model_complete) {
        hb_log(&role->setup.role, HB_LOG_READ_MODEL_COMPLETE, HB_LOG_C("file", role->model_path),
               HB_LOG_INT("lines", (int64_t)status.lines), HB_LOG_INT("journal", (int64_t)status.journal));
    }
    role->was_model_complete = status.is_complete;
}

static void count(void *user)
{
    struct api_role *role = user;
    struct hb_metrics *metrics = role->setup.metrics;
    struct hb_ingest_stats stats;

    hb_ingest_read_stats(role->ingest, &stats);
    hb_metric_set(metrics, HB_METRIC_PUBLISH_REQUESTS, (int64_t)stats.requests);
    hb_metric_set(metrics, HB_METRIC_PUBLISH_ACCEPTED, (int64_t)stats.accepted);
    hb_metric_set(metrics, HB_METRIC_PUBLISH_DUPLICATES, (int64_t)stats.duplicates);
    hb_metric_set(metrics, HB_METRIC_PUBLISH_REFUSED, (int64_t)stats.refused);
    hb_metric_set(metrics, HB_METRIC_PUBLISH_UNAVAILABLE, (int64_t)stats.unavailable);
    hb_metric_set(metrics, HB_METRIC_PUBLISH_DEDUP_OFF, (int64_t)stats.dedup_off);
    hb_metric_set(metrics, HB_METRIC_PUBLISH_WAITING, (int64_t)stats.waiting);
    watch_model(role);
    hb_outbox_poll(role->outbox);
    if (hb_ingest_is_fatal(role->ingest) && !role->end.code) {
        (void)hb_fail(&role->end, HB_ERR_FATAL, "%s", hb_ingest_trouble(role->ingest));
        hb_role_stop(&role->signals);
    }
}

/* ---- the first admin key ---- */

/* Kafka away or slow: without a key nobody could use this api, so it is tried until it stands. */
static void bootstrapped(void *user, const struct hb_error *result)
{
    struct api_role *role = user;

    role->has_admin_key = result->code != HB_ERR_AWAY && result->code != HB_ERR_TIMEOUT;
    if (!role->has_admin_key)
        hb_timer_start(role->key_timer, KEY_AGAIN_MS, 0);
    hb_log(&role->setup.role, HB_LOG_ADMIN_KEY, HB_LOG_BOOL("ok", result->code == HB_OK),
           HB_LOG_C("detail", result->text));
}

static void became_current(void *user)
{
    struct api_role *role = user;
    const char *file = hb_setup_text(role->setup.config->api_admin_key_file);

    hb_registry_api_bootstrap(role->registry_api, file ? file : ADMIN_KEY_FILE_DEFAULT, bootstrapped, role);
}

/* ---- the end ---- */

static void drain(void *user)
{
    struct api_role *role = user;

    if (hb_http_server_open_calls(role->server) == 0 || hb_loop_mono(role->setup.loop).us >= role->drain_until_us) {
        hb_loop_stop(role->setup.loop);
    }
}

static void stop(void *user)
{
    struct api_role *role = user;

    hb_http_server_quiesce(role->server);
    role->drain_until_us = hb_loop_mono(role->setup.loop).us + GRACE_MS * HB_US_PER_MS;
    hb_timer_start(role->drain_timer, 0, DRAIN_LOOK_MS);
}

static void deinit(struct api_role *role)
{
    hb_timer_free(&role->drain_timer);
    hb_timer_free(&role->stats_timer);
    hb_timer_free(&role->key_timer);
    hb_role_signals_deinit(&role->signals);
    /* In the order their headers ask for. */
    hb_http_client_free(&role->setup.http);
    hb_http_client_free(&role->salesmanago_http);
    hb_ingest_free(&role->ingest, INGEST_GRACE_MS);
    hb_deliveries_end(role->deliveries);
    hb_registry_api_free(&role->registry_api);
    hb_http_server_free(&role->server);
    if (role->outbox) {
        hb_outbox_end(role->outbox, OUTBOX_GRACE_MS);
    }
    hb_deliveries_free(&role->deliveries);
    hb_outbox_free(&role->outbox);
    hb_model_free(&role->model);
    hb_tests_free(&role->tests);
    hb_history_free(&role->history);
    hb_replay_api_free(&role->replay);
    hb_sm_api_free(&role->salesmanago);
    hb_health_free(&role->health);
    hb_registry_free(&role->registry);
    hb_setup_deinit(&role->setup);
}

/* ---- the beginning ---- */

static enum hb_err make_registry(struct api_role *role, struct hb_error *reterr)
{
    const struct hb_config *config = role->setup.config;
    struct hb_registry_options registry = {
        .loop = role->setup.loop,
        .cluster = hb_setup_cluster(config, "hookbus-api"),
        .topic_prefix = hb_str_c(config->kafka_topic_prefix),
        .keyring = role->setup.keyring,
        .log = &role->setup.role,
        .became_current = became_current,
        .user = role,
    };
    enum hb_err err = hb_registry_new(&registry, &role->registry, reterr);

    if (err) {
        return err;
    }
    struct hb_registry_api_options api = {
        .loop = role->setup.loop,
        .registry = role->registry,
        .cluster = registry.cluster,
        .topic_prefix = registry.topic_prefix,
        .keyring = role->setup.keyring,
        .egress = role->setup.egress,
        .log = &role->setup.role,
        .webhook_timeout_ms = config->delivery_timeout_ms,
        .sweep_also = hb_replay_sweep,
    };
    return hb_registry_api_new(&api, &role->registry_api, reterr);
}

static enum hb_err make_ingest(struct api_role *role, struct hb_error *reterr)
{
    struct hb_ingest_options options = {
        .loop = role->setup.loop,
        .config = role->setup.config,
        .registry = role->registry,
        .log = &role->setup.role,
        .cluster = hb_setup_cluster(role->setup.config, "hookbus-api"),
    };

    return hb_ingest_new(&options, &role->ingest, reterr);
}

static enum hb_err make_replay(struct api_role *role)
{
    const struct hb_config *config = role->setup.config;
    struct hb_replay_api_options options = {
        .loop = role->setup.loop,
        .cluster = hb_setup_cluster(config, "hookbus-replay"),
        .topic_prefix = hb_str_c(config->kafka_topic_prefix),
        .registry = role->registry,
        .pen = hb_registry_api_pen(role->registry_api),
        .rate = config->replay_rate,
        .rate_max = config->replay_rate_max,
        .deliveries_max = (size_t)config->replay_deliveries_max,
        .now = hb_setup_mono,
    };

    return hb_replay_api_new(&options, role->server, &role->replay);
}

static enum hb_err make_salesmanago(struct api_role *role, struct hb_error *reterr)
{
    enum hb_err err = hb_setup_client(&role->setup, HB_SM_API_CALLS_MAX, HB_SM_ANSWER_BYTES_MAX,
                                      &role->salesmanago_http, reterr);
    const struct hb_sm_api_options options = {
        .loop = role->setup.loop,
        .cluster = hb_setup_cluster(role->setup.config, "hookbus-catalog-scan"),
        .topic_prefix = hb_str_c(role->setup.config->kafka_topic_prefix),
        .registry = role->registry,
        .pen = hb_registry_api_pen(role->registry_api),
        .http = role->salesmanago_http,
        .keyring = role->setup.keyring,
        .egress = role->setup.egress,
        .now = hb_setup_mono,
    };

    return err ? err : hb_sm_api_new(&options, role->server, &role->salesmanago);
}

static void choose_model_path(struct api_role *role)
{
    const char *file = hb_setup_text(role->setup.config->api_read_model_file);
    const char *folder = hb_setup_text(role->setup.config->dispatcher_state_dir);

    if (!file && folder) {
        (void)mkdir(folder, 0700); /* as the dispatcher does; if it cannot be made, the model says so */
        (void)snprintf(role->model_path, sizeof(role->model_path), "%s/read-model.sqlite", folder);
    } else {
        (void)snprintf(role->model_path, sizeof(role->model_path), "%s", file ? file : READ_MODEL_FILE_DEFAULT);
    }
}

static enum hb_err make_deliveries(struct api_role *role, struct hb_error *reterr)
{
    const struct hb_config *config = role->setup.config;
    struct hb_outbox_options outbox = {.loop = role->setup.loop,
                                       .config = config,
                                       .cluster = hb_setup_cluster(config, "hookbus-api"),
                                       .worker = "api"};
    struct hb_model_options model = {.path = role->model_path,
                                     .cluster = hb_setup_cluster(config, "hookbus-read-model"),
                                     .topic_prefix = hb_str_c(config->kafka_topic_prefix),
                                     .lines_max = (size_t)config->api_read_model_lines_max,
                                     .now = hb_setup_mono,
                                     .wall = hb_setup_wall};
    enum hb_err err = hb_outbox_new(&outbox, &role->outbox, reterr);

    choose_model_path(role);
    err = err ? err : hb_model_new(&model, &role->model);
    if (err) {
        return err;
    }
    const struct hb_deliveries_options deliveries = {.loop = role->setup.loop,
                                                     .cluster = model.cluster,
                                                     .topic_prefix = model.topic_prefix,
                                                     .registry = role->registry,
                                                     .model = role->model,
                                                     .outbox = role->outbox,
                                                     .now = hb_setup_mono};
    return hb_deliveries_new(&deliveries, role->server, &role->deliveries);
}

static enum hb_err mount(struct api_role *role, struct hb_error *reterr)
{
    struct hb_health_options health = {.setup = &role->setup, .trouble = trouble, .user = role};
    struct hb_history_options history = {
        .loop = role->setup.loop,
        .cluster = hb_setup_cluster(role->setup.config, "hookbus-history"),
        .topic_prefix = hb_str_c(role->setup.config->kafka_topic_prefix),
        .registry = role->registry,
        .now = hb_setup_mono,
    };
    size_t routes_count = 0;
    const struct hb_http_route *routes = hb_registry_api_routes(role->registry_api, &routes_count);
    enum hb_err err = hb_health_new(&health, &role->health);

    err = err ? err : hb_health_mount(role->health, role->server);
    /* Before the registry's routes: the first match wins. */
    struct hb_tests_options tests = {role->setup.loop, role->registry, role->setup.http};
    err = err ? err : hb_tests_new(&tests, role->server, &role->tests);
    err = err ? err : make_deliveries(role, reterr);
    err = err ? err : hb_http_server_mount(role->server, routes, routes_count);
    err = err ? err : hb_ingest_mount(role->ingest, role->server);
    err = err ? err : hb_history_new(&history, role->server, &role->history);
    err = err ? err : make_replay(role);
    err = err ? err : make_salesmanago(role, reterr);
    return err ? hb_fail(reterr, err, "the api's routes could not be mounted: %s", hb_err_text(err)) : HB_OK;
}

static enum hb_err init(struct api_role *role, const struct hb_config *config, bool is_supervised,
                        struct hb_error *reterr)
{
    enum hb_err err = hb_setup_init(&role->setup, config, "api", NULL, reterr);

    err = err ? err : hb_setup_keys(&role->setup);
    err = err ? err : hb_setup_outgoing(&role->setup, reterr);
    err = err ? err : hb_setup_server(&role->setup, config->api_listen, (int)config->api_port, &role->server, reterr);
    err = err ? err : hb_setup_topics(&role->setup, TOPICS_LIMIT_MS, reterr);
    err = err ? err : make_registry(role, reterr);
    err = err ? err : make_ingest(role, reterr);
    err = err ? err : mount(role, reterr);
    err = err ? err : hb_timer_new(role->setup.loop, drain, role, &role->drain_timer);
    err = err ? err : hb_timer_new(role->setup.loop, count, role, &role->stats_timer);
    err = err ? err : hb_timer_new(role->setup.loop, became_current, role, &role->key_timer);
    if (err) {
        return err;
    }
    hb_timer_start(role->stats_timer, STATS_MS, STATS_MS);
    role->signals = (struct hb_role_signals){.setup = &role->setup, .stop = stop, .user = role};
    return hb_role_signals_init(&role->signals, is_supervised);
}

static enum hb_err run(struct hb_cli *cli)
{
    struct api_role *role = calloc(1, sizeof(*role));
    enum hb_err err;

    if (!role) {
        return HB_ERR_MEMORY;
    }
    err = init(role, &cli->config, hb_options_has(&cli->options, "supervised"), &cli->error);
    if (!err) {
        if (!role->setup.keyring) {
            hb_log(&role->setup.role, HB_LOG_NOT_READY, HB_LOG_C("reason", role->setup.keys_trouble));
        }
        hb_log(&role->setup.role, HB_LOG_STARTED, HB_LOG_INT("pid", getpid()), HB_LOG_C("version", HB_VERSION),
               HB_LOG_C("listen", cli->config.api_listen), HB_LOG_INT("port", hb_http_server_port(role->server)));
        hb_loop_run(role->setup.loop);
        err = role->end.code ? hb_cli_fail(cli, role->end.code, "%s", role->end.text) : HB_OK;
        hb_log(&role->setup.role, HB_LOG_STOPPED, HB_LOG_C("detail", role->end.text));
    } else if (role->setup.log) {
        hb_log(&role->setup.role, HB_LOG_FATAL, HB_LOG_C("reason", cli->error.text));
    }
    deinit(role);
    free(role);
    return err;
}

static const struct hb_flag FLAGS[] = {
    {"supervised", 0, NULL, "started by hookbus run", false, true},
    HB_FLAGS_END,
};

const struct hb_command hb_command_api = {
    .name = "api",
    .usage = "",
    .summary = "the role that takes events, administers stores and webhooks, and answers questions",
    .help = "Serves the HTTP API on api.listen:api.port, with /metrics, /healthz and /readyz. Creates missing topics "
            "at its start\n"
            "(kafka.create_topics) and, if there is no API key yet, writes the first admin key to api.admin_key_file "
            "(0600).\n"
            "SIGTERM or Ctrl-C: takes no more requests, answers those it has, and ends.",
    .flags = FLAGS,
    .uses = HB_USES_CONFIG,
    .run = run,
};
