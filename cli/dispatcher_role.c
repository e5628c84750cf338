#include "cli/dispatcher_role.h"

#include <stdlib.h>
#include <unistd.h>

#include "cli/health.h"
#include "cli/role.h"
#include "cli/worker_page.h"
#include "dispatcher/dispatcher.h"
#include "platform/crypto/crypto.h"
#include "platform/http_client/http_client.h"
#include "platform/http_server/http_server.h"
#include "records/outbox.h"
#include "registry/registry.h"
#include "replay/runner.h"
#include "retry/retry.h"

#define TOPICS_LIMIT_MS 60000
#define WORKER_MAX (HB_ROLE_NAME_MAX + 12)

struct dispatcher_role {
    struct hb_dispatcher_role_options options;
    struct hb_setup setup;
    struct hb_role_signals signals;
    struct hb_worker_page *page; /* NULL: no parent */
    struct hb_registry *registry;
    struct hb_outbox *outbox;
    struct hb_dispatcher *dispatcher;
    struct hb_retry *retry; /* NULL: redis.address is empty */
    struct hb_replay_runner *replay;
    bool is_dispatcher_stopped, is_retry_stopped;
    struct hb_http_server *server;
    struct hb_health *health;
    struct hb_role_end end;
    char worker[WORKER_MAX];
};

/* ---- readiness ---- */

static const char *trouble(void *user)
{
    struct dispatcher_role *role = user;
    const char *registry = hb_registry_trouble(role->registry);

    if (role->signals.is_stopping) {
        return "the dispatcher is ending";
    }
    if (registry) {
        return registry;
    }
    const char *dispatcher = hb_dispatcher_trouble(role->dispatcher);

    if (dispatcher) {
        return dispatcher;
    }
    if (!role->retry) {
        return "redis.address is empty: there is no retry queue, and what must wait stays parked in the journal; first "
               "attempts go on";
    }
    const char *retry = hb_retry_trouble(role->retry);

    return retry ? retry : hb_replay_runner_trouble(role->replay);
}

static void changed(void *user, const char *reason)
{
    struct dispatcher_role *role = user;

    if (role->page) {
        hb_worker_page_set(role->page, reason);
    }
}

/* ---- the end ---- */

static void stop(void *user)
{
    struct dispatcher_role *role = user;

    /* The owner first: nothing more is claimed; what it has with the sender ends with the dispatcher's requests. */
    if (role->replay) {
        hb_replay_runner_stop(role->replay);
    }
    if (role->retry) {
        hb_retry_stop(role->retry);
    }
    hb_dispatcher_stop(role->dispatcher);
}

static void stopped_when_both_have(struct dispatcher_role *role)
{
    if (role->is_dispatcher_stopped && (role->is_retry_stopped || !role->retry)) {
        hb_role_stopped(&role->end);
    }
}

static void dispatcher_stopped(void *user)
{
    struct dispatcher_role *role = user;

    role->is_dispatcher_stopped = true;
    stopped_when_both_have(role);
}

static void retry_stopped(void *user)
{
    struct dispatcher_role *role = user;

    role->is_retry_stopped = true;
    stopped_when_both_have(role);
}

static void failed(void *user, const char *sentence)
{
    struct dispatcher_role *role = user;

    hb_role_failed(&role->end, sentence);
}

static void deinit(struct dispatcher_role *role)
{
    hb_role_signals_deinit(&role->signals);
    hb_http_server_free(&role->server);
    hb_health_free(&role->health);
    hb_http_client_free(&role->setup.http); /* ends what is in flight, into a dispatcher that still stands */
    hb_dispatcher_free(&role->dispatcher); /* ends the outbox: what the owner has in it is given back to it */
    hb_replay_runner_free(&role->replay);
    hb_retry_free(&role->retry);
    hb_outbox_free(&role->outbox);
    hb_registry_free(&role->registry);
    hb_setup_deinit(&role->setup);
    hb_worker_page_unmap(&role->page);
}

/* ---- the beginning ---- */

static void webhook_changed(void *user, const struct hb_webhook *old_webhook, struct hb_webhook *new_webhook)
{
    struct dispatcher_role *role = user;

    if (role->dispatcher) {
        hb_dispatcher_webhook_changed(role->dispatcher, old_webhook, new_webhook);
    }
    if (role->retry) {
        hb_retry_webhook_changed(role->retry, old_webhook, new_webhook);
    }
}

static void name_worker(struct dispatcher_role *role)
{
    char name[HB_ROLE_NAME_MAX];

    hb_role_name(hb_setup_text(role->setup.config->dispatcher_instance), name);
    (void)snprintf(role->worker, sizeof(role->worker), "%s-%d", name, role->options.number);
}

static enum hb_err make_dispatcher(struct dispatcher_role *role, struct hb_error *reterr)
{
    const struct hb_config *config = role->setup.config;
    struct hb_kafka_cluster cluster = hb_setup_cluster(config, role->worker);
    struct hb_registry_options registry = {
        .loop = role->setup.loop,
        .cluster = cluster,
        .topic_prefix = hb_str_c(config->kafka_topic_prefix),
        .keyring = role->setup.keyring,
        .log = &role->setup.role,
        .webhook_changed = webhook_changed,
        .user = role,
    };
    enum hb_err err = hb_registry_new(&registry, &role->registry, reterr);

    if (err) {
        return err;
    }
    struct hb_outbox_options outbox = {
        .loop = role->setup.loop, .config = config, .cluster = cluster, .worker = role->worker};
    err = hb_outbox_new(&outbox, &role->outbox, reterr);
    if (err) {
        return err;
    }
    struct hb_dispatcher_options options = {
        .loop = role->setup.loop,
        .config = config,
        .cluster = cluster,
        .registry = role->registry,
        .http = role->setup.http,
        .outbox = role->outbox,
        .has_keys = role->setup.keyring != NULL,
        .worker = role->worker,
        .resets_offsets = role->options.resets_offsets,
        .metrics = role->setup.metrics,
        .log = &role->setup.role,
        .stopped = dispatcher_stopped,
        .failed = failed,
        .user = role,
    };
    hb_random_bytes(options.random_seed, sizeof(options.random_seed));
    return hb_dispatcher_new(&options, &role->dispatcher, reterr);
}

/* Joins the owner of shards and the dispatcher: each sees the other as include/hookbus/resend.h says. */
static enum hb_err make_retry(struct dispatcher_role *role, struct hb_error *reterr)
{
    const struct hb_config *config = role->setup.config;

    if (!hb_setup_text(config->redis_address)) {
        hb_log(&role->setup.role, HB_LOG_RETRY_OFF, HB_LOG_C("redis", "none"));
        return HB_OK;
    }
    struct hb_retry_options options = {
        .loop = role->setup.loop,
        .config = config,
        .cluster = hb_setup_cluster(config, role->worker),
        .registry = role->registry,
        .outbox = role->outbox,
        .sender = hb_dispatcher_sender(role->dispatcher),
        .worker = role->worker,
        .metrics = role->setup.metrics,
        .log = &role->setup.role,
        .stopped = retry_stopped,
        .failed = failed,
        .user = role,
    };
    hb_random_bytes(&options.random_seed, sizeof(options.random_seed));
    enum hb_err err = hb_retry_new(&options, &role->retry, reterr);

    if (err) {
        return err;
    }
    struct hb_owner owner = hb_retry_owner(role->retry);

    hb_dispatcher_set_owner(role->dispatcher, &owner);
    return HB_OK;
}

/* Replay jobs of the shards we own are run here; without a retry queue it says of them that nobody does. */
static enum hb_err make_replay(struct dispatcher_role *role)
{
    const struct hb_config *config = role->setup.config;
    struct hb_owner owner = {.owns = NULL};

    if (role->retry) {
        owner = hb_retry_owner(role->retry);
    }
    struct hb_replay_runner_options options = {
        .loop = role->setup.loop,
        .cluster = hb_setup_cluster(config, role->worker),
        .topic_prefix = hb_str_c(config->kafka_topic_prefix),
        .worker = role->worker,
        .registry = role->registry,
        .outbox = role->outbox,
        .owns = owner.owns,
        .owns_user = owner.user,
        .deliveries_max = (size_t)config->replay_deliveries_max,
        .now = hb_setup_mono,
        .metrics = role->setup.metrics,
        .log = &role->setup.role,
    };
    return hb_replay_runner_new(&options, &role->replay);
}

static enum hb_err make_server(struct dispatcher_role *role, struct hb_error *reterr)
{
    const struct hb_config *config = role->setup.config;
    struct hb_health_options health = {.setup = &role->setup, .trouble = trouble, .changed = changed, .user = role};
    enum hb_err err = hb_health_new(&health, &role->health);

    if (err || role->page) {
        return err;
    }
    err = hb_setup_server(&role->setup, config->dispatcher_listen, (int)config->dispatcher_port, &role->server, reterr);
    return err ? err : hb_health_mount(role->health, role->server);
}

static enum hb_err init(struct dispatcher_role *role, struct hb_cli *cli)
{
    struct hb_error *reterr = &cli->error;
    enum hb_err err = HB_OK;

    if (role->options.is_worker && hb_worker_page_map(&role->page)) {
        return hb_cli_usage(cli, "--worker is for 'hookbus dispatcher --workers N' itself");
    }
    err = hb_setup_init(&role->setup, &cli->config, "dispatcher", role->page ? &role->page->metrics : NULL, reterr);
    err = err ? err : hb_setup_keys(&role->setup);
    if (err) {
        return err;
    }
    name_worker(role);
    role->setup.role.fields[1] = HB_LOG_C("worker", role->worker);
    err = hb_setup_outgoing(&role->setup, reterr);
    err = err ? err : make_server(role, reterr);
    err = err ? err : hb_setup_topics(&role->setup, TOPICS_LIMIT_MS, reterr);
    err = err ? err : make_dispatcher(role, reterr);
    err = err ? err : make_retry(role, reterr);
    err = err ? err : make_replay(role);
    role->signals = (struct hb_role_signals){.setup = &role->setup, .stop = stop, .user = role};
    return err ? err : hb_role_signals_init(&role->signals, role->options.is_worker || role->options.is_supervised);
}

enum hb_err hb_dispatcher_role_run(struct hb_cli *cli, const struct hb_dispatcher_role_options *options)
{
    struct dispatcher_role *role = calloc(1, sizeof(*role));
    enum hb_err err;

    if (!role) {
        return HB_ERR_MEMORY;
    }
    role->options = *options;
    role->end.setup = &role->setup;
    err = init(role, cli);
    if (!err) {
        hb_log(&role->setup.role, HB_LOG_STARTED, HB_LOG_INT("pid", getpid()), HB_LOG_C("version", HB_VERSION),
               HB_LOG_INT("port", role->server ? hb_http_server_port(role->server) : 0),
               HB_LOG_C("keys", role->setup.keys_trouble));
    }
    err = hb_role_run(cli, err, &role->end);
    deinit(role);
    free(role);
    return err;
}
