#include "cli/catalog_role.h"

#include <stdlib.h>
#include <unistd.h>

#include "catalog/catalog.h"
#include "cli/health.h"
#include "cli/role.h"
#include "platform/http_server/http_server.h"

#define TOPICS_LIMIT_MS 60000
#define PATH_BYTES_MAX 4096
#define FILE_ENDING "catalog.sqlite"

struct catalog_role {
    struct hb_catalog_role_options options;
    struct hb_setup setup;
    struct hb_role_signals signals;
    struct hb_catalog *catalog;
    struct hb_http_server *server;
    struct hb_health *health;
    struct hb_role_end end;
    char worker[HB_ROLE_NAME_MAX];
    char state_path[PATH_BYTES_MAX];
};

static const char *trouble(void *user)
{
    struct catalog_role *role = user;

    return role->signals.is_stopping ? "the catalog worker is ending" : hb_catalog_trouble(role->catalog);
}

static void stop(void *user)
{
    struct catalog_role *role = user;

    hb_catalog_stop(role->catalog);
}

/* In the working directory it is hidden, like the read model beside it. */
static void name_state_file(struct catalog_role *role)
{
    const struct hb_config *config = role->setup.config;
    const char *folder = hb_setup_text(config->catalog_state_dir);

    folder = folder ? folder : hb_setup_text(config->dispatcher_state_dir);
    if (folder) {
        (void)snprintf(role->state_path, sizeof(role->state_path), "%s/%s." FILE_ENDING, folder, role->worker);
    } else {
        (void)snprintf(role->state_path, sizeof(role->state_path), ".hookbus-%s." FILE_ENDING, role->worker);
    }
}

static enum hb_err make_server(struct catalog_role *role, struct hb_error *reterr)
{
    const struct hb_config *config = role->setup.config;
    struct hb_health_options health = {.setup = &role->setup, .trouble = trouble, .user = role};
    enum hb_err err =
        hb_setup_server(&role->setup, config->catalog_listen, (int)config->catalog_port, &role->server, reterr);

    err = err ? err : hb_health_new(&health, &role->health);
    return err ? err : hb_health_mount(role->health, role->server);
}

static enum hb_err make_catalog(struct catalog_role *role, struct hb_error *reterr)
{
    const struct hb_config *config = role->setup.config;
    struct hb_catalog_options options = {
        .loop = role->setup.loop,
        .config = config,
        .cluster = hb_setup_cluster(config, role->worker),
        .worker = role->worker,
        .state_path = role->state_path,
        .resets_offsets = role->options.resets_offsets,
        .metrics = role->setup.metrics,
        .log = &role->setup.role,
        .now = hb_setup_mono,
        .wall = hb_setup_wall,
        .stopped = hb_role_stopped,
        .failed = hb_role_failed,
        .user = &role->end,
    };

    return hb_catalog_new(&options, &role->catalog, reterr);
}

static enum hb_err init(struct catalog_role *role, struct hb_cli *cli)
{
    struct hb_error *reterr = &cli->error;
    enum hb_err err = hb_setup_init(&role->setup, &cli->config, "catalog", NULL, reterr);

    if (err) {
        return err;
    }
    hb_role_name(hb_setup_text(role->setup.config->catalog_instance), role->worker);
    name_state_file(role);
    role->setup.role.fields[1] = HB_LOG_C("worker", role->worker);
    err = hb_setup_topics(&role->setup, TOPICS_LIMIT_MS, reterr);
    err = err ? err : make_catalog(role, reterr);
    err = err ? err : make_server(role, reterr);
    role->signals = (struct hb_role_signals){.setup = &role->setup, .stop = stop, .user = role};
    return err ? err : hb_role_signals_init(&role->signals, role->options.is_supervised);
}

static void deinit(struct catalog_role *role)
{
    hb_role_signals_deinit(&role->signals);
    hb_http_server_free(&role->server);
    hb_health_free(&role->health);
    hb_catalog_free(&role->catalog);
    hb_setup_deinit(&role->setup);
}

enum hb_err hb_catalog_role_run(struct hb_cli *cli, const struct hb_catalog_role_options *options)
{
    struct catalog_role *role = calloc(1, sizeof(*role));
    enum hb_err err;

    if (!role) {
        return HB_ERR_MEMORY;
    }
    role->options = *options;
    role->end.setup = &role->setup;
    err = init(role, cli);
    if (!err) {
        hb_log(&role->setup.role, HB_LOG_STARTED, HB_LOG_INT("pid", getpid()), HB_LOG_C("version", HB_VERSION),
               HB_LOG_INT("port", hb_http_server_port(role->server)));
    }
    err = hb_role_run(cli, err, &role->end);
    deinit(role);
    free(role);
    return err;
}
