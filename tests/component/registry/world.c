#include "registry/world.h"

#include "core/base64.h"
#include "core/egress.h"
#include "hookbus/topics.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define ANSWER_BYTES_MAX 16777216
#define ADMIN_TIMEOUT_MS 10000

static struct hb_wall wall_of(void *user) { return hb_loop_wall(user); }

struct hb_kafka_cluster world_cluster(const struct world *world)
{
    return (struct hb_kafka_cluster){.brokers = world->brokers, .client_id = "test"};
}

static void make_topic(struct world *world)
{
    static const struct hb_kafka_setting SETTINGS[] = {{"cleanup.policy", "compact"}, {"message.timestamp.type", "LogAppendTime"}};
    struct hb_kafka_cluster cluster = world_cluster(world);
    struct hb_kafka_admin *admin = NULL;
    struct hb_error error = {HB_OK, ""};
    struct hb_kafka_topic_spec topic = {world->topic, 1, 1, SETTINGS, 2};
    int created = 0;
    if (hb_kafka_admin_new(&cluster, &admin, &error) ||
        hb_kafka_admin_create(admin, &topic, 1, ADMIN_TIMEOUT_MS, &created, &error)) {
        fail_msg("topic %s: %s", world->topic, error.text);
    }
    hb_kafka_admin_free(&admin);
}

static void make_keyring(struct world *world)
{
    unsigned char key[32];
    char text[128], base64[64];
    hb_random_bytes(key, sizeof(key));
    (void)hb_base64_write(hb_str_n((const char *)key, sizeof(key)), base64);
    int length = snprintf(text, sizeof(text), "k1 %s\n", base64);
    assert_int_equal(hb_keyring_parse(hb_str_n(text, (size_t)length), &world->keyring, NULL), HB_OK);
}

bool world_init(struct world *world)
{
    unsigned char random[4];
    *world = (struct world){.brokers = getenv("HOOKBUS_TEST_KAFKA")};
    if (!world->brokers) {
        return false;
    }
    hb_random_bytes(random, sizeof(random));
    (void)snprintf(world->prefix, sizeof(world->prefix), "reg%02x%02x%02x%02x.", random[0], random[1], random[2], random[3]);
    (void)hb_topic_name(hb_str_c(world->prefix), HB_TOPIC_REGISTRY, world->topic);
    assert_int_equal(hb_loop_new(&world->loop), HB_OK);
    if (getenv("HOOKBUS_TEST_LOG")) {
        assert_int_equal(hb_log_new(STDERR_FILENO, HB_LOG_LEVEL_INFO, wall_of, world->loop, &world->log), HB_OK);
    }
    world->context = hb_log_root(world->log);
    make_topic(world);
    make_keyring(world);
    return true;
}

void world_deinit(struct world *world)
{
    hb_keyring_free(&world->keyring);
    if (world->log) {
        hb_log_free(&world->log);
    }
    hb_loop_free(&world->loop);
}

static void count_change(void *user, const struct hb_webhook *old_webhook, struct hb_webhook *new_webhook)
{
    struct process *process = user;
    process->made += !old_webhook;
    process->changed += old_webhook && new_webhook;
    process->removed += !new_webhook;
}

static bool registry_is_current(void *user) { return hb_registry_is_current(((struct process *)user)->registry); }

void process_init(struct process *process, struct world *world, const struct hb_keyring *keyring)
{
    struct hb_error error = {HB_OK, ""};
    *process = (struct process){.world = world};
    struct hb_registry_options registry = {.loop = world->loop, .cluster = world_cluster(world), .topic_prefix = hb_str_c(world->prefix),
                                           .keyring = keyring, .log = &world->context, .webhook_changed = count_change, .user = process};
    struct hb_registry_api_options api = {.loop = world->loop, .cluster = registry.cluster, .topic_prefix = registry.topic_prefix,
                                          .keyring = keyring, .log = &world->context,
                                          .sweep_keep_ms = world->sweep_keep_ms, .sweep_every_ms = world->sweep_every_ms};
    struct hb_http_server_options server = {.loop = world->loop, .address = "127.0.0.1", .connections_max = 2000, .connections_per_address_max = 2000,
                                            .idle_timeout_s = 60, .request_timeout_s = 60, .body_bytes_max = 1048576, .bodies_bytes_max = 67108864};
    size_t count = 0;
    if (hb_registry_new(&registry, &process->registry, &error)) {
        fail_msg("registry: %s", error.text);
    }
    api.registry = process->registry;
    if (hb_registry_api_new(&api, &process->api, &error) || hb_http_server_new(&server, &process->server, &error)) {
        fail_msg("api: %s", error.text);
    }
    const struct hb_http_route *routes = hb_registry_api_routes(process->api, &count);
    assert_int_equal(hb_http_server_mount(process->server, routes, count), HB_OK);
    process->port = hb_http_server_port(process->server);
    world_until(world, registry_is_current, process, "the registry to be current");
}

void process_deinit(struct process *process)
{
    hb_registry_api_free(&process->api);
    hb_http_server_free(&process->server);
    hb_registry_free(&process->registry);
}

void world_until(struct world *world, bool (*is_true)(void *user), void *user, const char *what)
{
    hb_loop_update_time(world->loop);
    int64_t end_us = hb_loop_mono(world->loop).us + WORLD_LIMIT_MS * HB_US_PER_MS;
    while (!is_true(user)) {
        hb_loop_run_once(world->loop, 10);
        if (hb_loop_mono(world->loop).us > end_us) {
            fail_msg("waited %d ms in vain for %s", WORLD_LIMIT_MS, what);
        }
    }
}

/* ---- requests ---- */

void ask_begin(struct ask *ask, const struct process *process, const char *method, const char *path, const char *token,
               const char *if_match, const char *body)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)process->port)};
    struct hb_buf text = hb_buf_make(ANSWER_BYTES_MAX);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *ask = (struct ask){socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), hb_buf_make(ANSWER_BYTES_MAX), false};
    assert_true(ask->fd >= 0);
    assert_int_equal(connect(ask->fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(hb_buf_addf(&text, "%s %s HTTP/1.1\r\nHost: t\r\nConnection: close\r\n", method, path), HB_OK);
    if (token) {
        assert_int_equal(hb_buf_addf(&text, "Authorization: Bearer %s\r\n", token), HB_OK);
    }
    if (if_match) {
        assert_int_equal(hb_buf_addf(&text, "If-Match: %s\r\n", if_match), HB_OK);
    }
    assert_int_equal(hb_buf_addf(&text, "Content-Length: %zu\r\n\r\n%s", body ? strlen(body) : 0, body ? body : ""), HB_OK);
    assert_int_equal(send(ask->fd, text.ptr, text.len, MSG_NOSIGNAL), (ssize_t)text.len);
    assert_int_equal(fcntl(ask->fd, F_SETFL, O_NONBLOCK), 0);
    hb_buf_deinit(&text);
}

bool ask_is_done(struct ask *ask)
{
    char piece[16384];
    ssize_t count = 0;
    while (!ask->is_whole && (count = recv(ask->fd, piece, sizeof(piece), 0)) > 0) {
        assert_int_equal(hb_buf_add(&ask->answer, hb_str_n(piece, (size_t)count)), HB_OK);
    }
    if (!ask->is_whole && count < 0) {
        assert_true(errno == EAGAIN || errno == EINTR);
        return false;
    }
    ask->is_whole = true;
    return true;
}

void ask_end(struct ask *ask, struct reply *ret_reply)
{
    *ret_reply = (struct reply){.status = 0};
    (void)close(ask->fd);
    assert_true(ask->answer.len > 12);
    const char *body = strstr(ask->answer.ptr, "\r\n\r\n");
    const char *etag = strcasestr(ask->answer.ptr, "\r\netag: ");
    assert_non_null(body);
    ret_reply->status = (int)strtol(ask->answer.ptr + 9, NULL, 10);
    ret_reply->body = strdup(body + 4);
    if (etag && etag < body) {
        (void)sscanf(etag + 8, "%31[^\r]", ret_reply->etag);
    }
    if (ret_reply->body[0] == '{') {
        assert_int_equal(hb_json_parse(hb_str_c(ret_reply->body), &ret_reply->json, NULL), HB_OK);
    }
    hb_buf_deinit(&ask->answer);
}

static bool is_done(void *user) { return ask_is_done(user); }

struct reply request(struct process *process, const char *method, const char *path, const char *token, const char *if_match,
                     const char *body)
{
    struct ask ask;
    struct reply reply;
    ask_begin(&ask, process, method, path, token, if_match, body);
    world_until(process->world, is_done, &ask, path);
    ask_end(&ask, &reply);
    return reply;
}

void reply_free(struct reply *reply)
{
    hb_json_free(&reply->json);
    free(reply->body);
    *reply = (struct reply){.status = 0};
}

struct hb_str reply_text(const struct reply *reply, const char *name)
{
    struct hb_str text = {NULL, 0};
    if (!hb_json_str(hb_json_get(reply->json, name), &text)) {
        fail_msg("no %s in %s", name, reply->body);
    }
    return text;
}

/* ---- the first key ---- */

struct admin {
    bool is_done;
    struct hb_error result;
};

static void on_admin(void *user, const struct hb_error *result)
{
    struct admin *admin = user;
    admin->is_done = true;
    admin->result = *result;
}

static bool admin_is_done(void *user) { return ((struct admin *)user)->is_done; }

void world_admin(struct process *process, char ret_token[80])
{
    struct admin admin = {false, {HB_OK, ""}};
    char path[128];
    (void)snprintf(path, sizeof(path), "/tmp/%sadmin-key", process->world->prefix);
    hb_registry_api_bootstrap(process->api, path, on_admin, &admin);
    world_until(process->world, admin_is_done, &admin, "the first admin key");
    if (admin.result.code) {
        fail_msg("bootstrap: %s", admin.result.text);
    }
    struct stat status;
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fstat(fileno(file), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(fscanf(file, "%79s", ret_token), 1);
    (void)fclose(file);
    (void)unlink(path);
}
