#include "cli/salesmanago_role.h"

#include <stdlib.h>
#include <unistd.h>

#include "cli/health.h"
#include "cli/role.h"
#include "platform/crypto/crypto.h"
#include "platform/http_client/http_client.h"
#include "platform/http_server/http_server.h"
#include "registry/registry.h"
#include "salesmanago/answer.h"
#include "salesmanago/worker.h"

#define TOPICS_LIMIT_MS 60000
#define IN_FLIGHT_MAX 1024 /* one a connector */

struct salesmanago_role {
    struct hb_setup setup;
    struct hb_role_signals signals;
    struct hb_registry *registry;
    struct hb_http_client *http;
    struct hb_sm_worker *worker;
    struct hb_http_server *server;
    struct hb_health *health;
    struct hb_role_end end;
    char name[HB_ROLE_NAME_MAX];
};

static const char *trouble(void *user)
{
    struct salesmanago_role *role = user;
    const char *registry = hb_registry_trouble(role->registry);

    if (role->signals.is_stopping) {
        return "the SALESmanago worker is ending";
    }
    return registry ? registry : hb_sm_worker_trouble(role->worker);
}

static void stop(void *user)
{
    struct salesmanago_role *role = user;

    hb_sm_worker_stop(role->worker);
}

static void deinit(struct salesmanago_role *role)
{
    hb_role_signals_deinit(&role->signals);
    hb_http_server_free(&role->server);
    hb_health_free(&role->health);
    hb_http_client_free(&role->http); /* ends what is in flight, into a worker that still stands */
    hb_sm_worker_free(&role->worker);
    hb_registry_free(&role->registry);
    hb_setup_deinit(&role->setup);
}

static enum hb_err make_worker(struct salesmanago_role *role, struct hb_error *reterr)
{
    const struct hb_config *config = role->setup.config;
    struct hb_kafka_cluster cluster = hb_setup_cluster(config, role->name);
    struct hb_registry_options registry = {.loop = role->setup.loop,
                                           .cluster = cluster,
                                           .topic_prefix = hb_str_c(config->kafka_topic_prefix),
                                           .keyring = role->setup.keyring,
                                           .log = &role->setup.role,
                                           .user = role};
    enum hb_err err = hb_registry_new(&registry, &role->registry, reterr);

    if (err) {
        return err;
    }
    struct hb_sm_worker_options options = {.loop = role->setup.loop,
                                           .config = config,
                                           .cluster = cluster,
                                           .registry = role->registry,
                                           .http = role->http,
                                           .keyring = role->setup.keyring,
                                           .worker = role->name,
                                           .metrics = role->setup.metrics,
                                           .log = &role->setup.role,
                                           .stopped = hb_role_stopped,
                                           .failed = hb_role_failed,
                                           .user = &role->end};
    hb_random_bytes(options.random_seed, sizeof(options.random_seed));
    return hb_sm_worker_new(&options, &role->worker, reterr);
}

static enum hb_err make_server(struct salesmanago_role *role, struct hb_error *reterr)
{
    const struct hb_config *config = role->setup.config;
    struct hb_health_options health = {.setup = &role->setup, .trouble = trouble, .user = role};
    enum hb_err err = hb_health_new(&health, &role->health);

    err = err ? err
              : hb_setup_server(&role->setup, config->salesmanago_listen, (int)config->salesmanago_port, &role->server,
                                reterr);
    return err ? err : hb_health_mount(role->health, role->server);
}

static enum hb_err init(struct salesmanago_role *role, struct hb_cli *cli, bool is_supervised)
{
    struct hb_error *reterr = &cli->error;
    enum hb_err err = hb_setup_init(&role->setup, &cli->config, "salesmanago", NULL, reterr);

    err = err ? err : hb_setup_keys(&role->setup);
    if (err) {
        return err;
    }
    hb_role_name(hb_setup_text(role->setup.config->salesmanago_instance), role->name);
    role->setup.role.fields[1] = HB_LOG_C("worker", role->name);
    err = hb_setup_outgoing(&role->setup, reterr);
    err = err ? err : hb_setup_client(&role->setup, IN_FLIGHT_MAX, HB_SM_ANSWER_BYTES_MAX, &role->http, reterr);
    err = err ? err : make_server(role, reterr);
    err = err ? err : hb_setup_topics(&role->setup, TOPICS_LIMIT_MS, reterr);
    err = err ? err : make_worker(role, reterr);
    role->signals = (struct hb_role_signals){.setup = &role->setup, .stop = stop, .user = role};
    return err ? err : hb_role_signals_init(&role->signals, is_supervised);
}

enum hb_err hb_salesmanago_role_run(struct hb_cli *cli, bool is_supervised)
{
    struct salesmanago_role *role = calloc(1, sizeof(*role));
    enum hb_err err;

    if (!role) {
        return HB_ERR_MEMORY;
    }
    role->end.setup = &role->setup;
    err = init(role, cli, is_supervised);
    if (!err) {
        hb_log(&role->setup.role, HB_LOG_STARTED, HB_LOG_INT("pid", getpid()), HB_LOG_C("version", HB_VERSION),
               HB_LOG_INT("port", hb_http_server_port(role->server)), HB_LOG_C("keys", role->setup.keys_trouble));
    }
    err = hb_role_run(cli, err, &role->end);
    deinit(role);
    free(role);
    return err;
}
