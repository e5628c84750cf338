#include "cli/api_client.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdlib.h>

#include "cli/api_json.h"
#include "cli/api_problem.h"
#include "cli/files.h"
#include "core/egress.h"
#include "core/url.h"
#include "platform/crypto/crypto.h"
#include "platform/loop/loop.h"
#include "platform/resolver/resolver.h"

#define URL_MAX_BYTES 512
#define ALLOW_BYTES_MAX 4096
#define IN_FLIGHT_MAX 8
#define CONNECT_TIMEOUT_MS 5000
#define ADMIN_KEY_FILE_DEFAULT ".hookbus-admin-key"

struct hb_api {
    struct hb_cli *cli;
    struct hb_loop *loop;
    struct hb_egress *egress;
    struct hb_resolver *resolver;
    struct hb_http_client *http;
    char url[URL_MAX_BYTES];
    char key[HB_API_KEY_MAX];
    char bearer[HB_API_KEY_MAX + 8];
};

/* ---- where and who ---- */

static enum hb_err find_url(struct hb_api *api)
{
    const char *url = hb_cli_option(api->cli, "api");
    int length;

    url = url ? url : api->cli->config.api_url;
    length = url && *url ? snprintf(api->url, sizeof(api->url), "%s", url)
                         : snprintf(api->url, sizeof(api->url), "http://127.0.0.1:%d", (int)api->cli->config.api_port);
    if (length < 0 || (size_t)length >= sizeof(api->url)) {
        return hb_cli_fail(api->cli, HB_ERR_CONFIG, "the api's URL is longer than %d bytes", URL_MAX_BYTES - 1);
    }
    while (length > 0 && api->url[length - 1] == '/') {
        api->url[--length] = '\0';
    }
    return HB_OK;
}

static enum hb_err use_key(struct hb_api *api, struct hb_str key, const char *from)
{
    key = hb_str_trim(key);
    while (key.len > 0 && (key.ptr[key.len - 1] == '\n' || key.ptr[key.len - 1] == '\r')) {
        key = hb_str_trim(hb_str_n(key.ptr, key.len - 1));
    }
    if (key.len == 0 || key.len >= sizeof(api->key) || memchr(key.ptr, '\n', key.len)) {
        return hb_cli_fail(api->cli, HB_ERR_CONFIG, "%s holds no API key (hbk_… on one line)", from);
    }
    (void)snprintf(api->key, sizeof(api->key), "%.*s", HB_ARG(key));
    (void)snprintf(api->bearer, sizeof(api->bearer), "Bearer %s", api->key);
    return HB_OK;
}

static enum hb_err find_key(struct hb_api *api)
{
    const char *file = hb_cli_option(api->cli, "key-file"), *given = getenv("HOOKBUS_API_KEY");
    bool is_default = false;
    struct hb_buf text = hb_buf_make(4096);
    enum hb_err err;

    if (!file && given && *given) {
        return use_key(api, hb_str_c(given), "HOOKBUS_API_KEY");
    }
    if (!file) {
        file = api->cli->config.api_admin_key_file;
        is_default = !file || !*file;
        file = is_default ? ADMIN_KEY_FILE_DEFAULT : file;
    }
    err = hb_file_read(file, &text, &api->cli->error);
    if (err == HB_ERR_NOT_FOUND) {
        (void)hb_cli_fail(api->cli, err, "no API key: there is no file %s. Set HOOKBUS_API_KEY, or give --key-file, or "
                          "set api.admin_key_file to where the api writes the first key", file);
    }
    if (!err) {
        err = use_key(api, hb_buf_str(&text), file);
        hb_wipe(text.ptr, text.capacity);
    }
    hb_buf_deinit(&text);
    return err;
}

/* ---- the filter: the api's own addresses, nothing else ---- */

static enum hb_err add_address(const struct addrinfo *found, uint16_t port, struct hb_buf *allow)
{
    char text[INET6_ADDRSTRLEN];
    bool is_v6 = found->ai_family == AF_INET6;
    const void *bytes = is_v6 ? (const void *)&((const struct sockaddr_in6 *)(const void *)found->ai_addr)->sin6_addr
                              : (const void *)&((const struct sockaddr_in *)(const void *)found->ai_addr)->sin_addr;

    if ((!is_v6 && found->ai_family != AF_INET) || !inet_ntop(found->ai_family, bytes, text, sizeof(text))) {
        return HB_OK;
    }
    return hb_buf_addf(allow, "%s%s%s%s:%u", allow->len ? "," : "", is_v6 ? "[" : "", text, is_v6 ? "]" : "", port);
}

static enum hb_err make_filter(struct hb_api *api, const struct hb_url *url)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    struct hb_buf allow = hb_buf_make(ALLOW_BYTES_MAX);
    char host[HB_URL_HOST_MAX + 1];
    enum hb_err err = HB_OK;
    int code;

    (void)snprintf(host, sizeof(host), "%.*s", HB_ARG(url->host));
    code = getaddrinfo(host, NULL, &hints, &found);
    if (code != 0) {
        return hb_cli_fail(api->cli, HB_ERR_AWAY, "the api's host %s cannot be resolved: %s", host, gai_strerror(code));
    }
    for (const struct addrinfo *at = found; at && !err; at = at->ai_next) {
        err = add_address(at, url->port, &allow);
    }
    freeaddrinfo(found);
    err = err ? err : hb_egress_new(hb_buf_str(&allow), &api->egress, &api->cli->error);
    hb_buf_deinit(&allow);
    return err;
}

static enum hb_err make_client(struct hb_api *api)
{
    const struct hb_config *config = &api->cli->config;
    struct hb_resolver_options resolver = {
        .loop = api->loop,
        .timeout_ms = CONNECT_TIMEOUT_MS,
        .cache_entries_max = 16,
        .ttl_min_s = 1,
        .ttl_max_s = 60,
        .negative_ttl_s = 1,
    };
    enum hb_err err = hb_resolver_new(&resolver, &api->resolver, &api->cli->error);

    if (err) {
        return err;
    }
    struct hb_http_client_options options = {
        .loop = api->loop,
        .resolver = api->resolver,
        .egress = api->egress,
        .user_agent = "hookbus-cli/" HB_VERSION,
        .ca_file = config->egress_ca_file && *config->egress_ca_file ? config->egress_ca_file : NULL,
        .shards = 1,
        .in_flight_max = IN_FLIGHT_MAX,
        .kept_connections_max = IN_FLIGHT_MAX,
        .kept_idle_s = 25,
        .connect_timeout_ms = CONNECT_TIMEOUT_MS,
        .answer_read_bytes_max = HB_API_ANSWER_BYTES_MAX,
        .answer_kept_bytes_max = HB_API_ANSWER_BYTES_MAX,
        .answer_headers_bytes_max = 32768,
    };
    return hb_http_client_new(&options, &api->http, &api->cli->error);
}

enum hb_err hb_api_new(struct hb_cli *cli, struct hb_api **ret_api)
{
    struct hb_api *api = calloc(1, sizeof(*api));
    struct hb_url url;
    enum hb_err err;

    if (!api) {
        return HB_ERR_MEMORY;
    }
    api->cli = cli;
    err = find_url(api);
    err = err ? err : hb_url_parse(hb_str_c(api->url), &url, &cli->error);
    err = err ? err : find_key(api);
    err = err ? err : make_filter(api, &url);
    err = err ? err : hb_loop_new(&api->loop);
    err = err ? err : make_client(api);
    if (err) {
        hb_api_free(&api);
        return err;
    }
    *ret_api = api;
    return HB_OK;
}

void hb_api_free(struct hb_api **api)
{
    if (!api || !*api) {
        return;
    }
    hb_http_client_free(&(*api)->http);
    hb_resolver_free(&(*api)->resolver);
    hb_egress_free(&(*api)->egress);
    hb_loop_free(&(*api)->loop);
    hb_wipe(*api, sizeof(**api));
    free(*api);
    *api = NULL;
}

const char *hb_api_url(const struct hb_api *api) { return api->url; }
const char *hb_api_key(const struct hb_api *api) { return api->key; }
struct hb_loop *hb_api_loop(const struct hb_api *api) { return api->loop; }

/* ---- calls ---- */

struct pending {
    struct hb_api *api;
    struct hb_api_answer *answer;
    enum hb_err err;
    bool is_done;
};

static enum hb_err fail_away(struct hb_api *api, const struct hb_answer *answer)
{
    bool is_refused = answer->failure == HB_FAILURE_CONNECT_REFUSED;

    return hb_cli_fail(api->cli, HB_ERR_AWAY, "the api at %s cannot be reached: %s%s", api->url,
                       hb_failure_text(answer->failure),
                       is_refused ? ". Is 'hookbus run' or 'hookbus api' running there?" : "");
}

enum hb_err hb_api_judge(struct hb_api *api, const struct hb_answer *answer)
{
    if (answer->failure != HB_FAILURE_NONE) {
        return fail_away(api, answer);
    }
    return hb_api_problem(answer->status, answer->body, &api->cli->error);
}

static void take_answer(void *user, const struct hb_answer *answer)
{
    struct pending *pending = user;

    pending->is_done = true;
    pending->err = hb_api_judge(pending->api, answer);
    if (pending->err) {
        return;
    }
    if (answer->is_body_cut) {
        pending->err = hb_cli_fail(pending->api->cli, HB_ERR_AWAY, "the api's answer was cut off");
        return;
    }
    pending->answer->status = answer->status;
    pending->err = hb_buf_add(&pending->answer->body, answer->body);
    if (!pending->err && answer->body.len > 0) {
        pending->err = hb_api_json_parse(hb_buf_str(&pending->answer->body), &pending->answer->json, NULL);
    }
    if (pending->err == HB_ERR_INVALID) { /* silence would look like an empty list */
        bool is_shown = pending->api->cli->out.is_json;
        pending->err = is_shown ? HB_OK
                                : hb_cli_fail(pending->api->cli, HB_ERR_AWAY,
                                              "the api's answer cannot be read; --json shows it as it is");
    }
}

enum hb_err hb_api_target(struct hb_api *api, const char *path, struct hb_http_target **ret_target)
{
    const struct hb_name_value headers[] = {{HB_STR("Authorization"), hb_str_c(api->bearer)}};
    char url[URL_MAX_BYTES + HB_API_PATH_MAX];

    (void)snprintf(url, sizeof(url), "%s%s", api->url, path);
    return hb_http_target_new(api->http, hb_str_c(url), headers, 1, ret_target, &api->cli->error);
}

static enum hb_err send_one(struct hb_api *api, const struct hb_api_request *request, struct hb_http_target *target,
                            struct pending *pending)
{
    struct hb_name_value headers[2];
    size_t count = 0;

    if (request->body.len > 0 || request->content_type) {
        headers[count++] = (struct hb_name_value){
            HB_STR("Content-Type"), hb_str_c(request->content_type ? request->content_type : "application/json")};
    }
    if (request->if_match) {
        headers[count++] = (struct hb_name_value){HB_STR("If-Match"), hb_str_c(request->if_match)};
    }
    struct hb_http_request_spec spec = {
        .target = target,
        .method = request->method,
        .headers = headers,
        .headers_count = count,
        .body = request->body,
        .timeout_ms = HB_API_TIMEOUT_MS,
        .done = take_answer,
        .user = pending,
    };
    return hb_http_send(api->http, &spec, NULL);
}

enum hb_err hb_api_call(struct hb_api *api, const struct hb_api_request *request, struct hb_api_answer *ret_answer)
{
    struct pending pending = {.api = api, .answer = ret_answer};
    struct hb_http_target *target = NULL;
    enum hb_err err;

    *ret_answer = (struct hb_api_answer){.body = hb_buf_make(HB_API_ANSWER_BYTES_MAX)};
    err = hb_api_target(api, request->path, &target);
    err = err ? err : send_one(api, request, target, &pending);
    while (!err && !pending.is_done) {
        hb_api_turn(api, 1000);
    }
    hb_http_target_unref(&target);
    err = err ? err : pending.err;
    if (err) {
        hb_api_answer_deinit(ret_answer);
    }
    return err;
}

void hb_api_answer_deinit(struct hb_api_answer *answer)
{
    hb_json_free(&answer->json);
    hb_buf_deinit(&answer->body);
}

enum hb_err hb_api_start(struct hb_api *api, struct hb_http_target *target, struct hb_str body, hb_http_done_fn *done,
                         void *user)
{
    const struct hb_name_value headers[] = {{HB_STR("Content-Type"), HB_STR("application/json")}};
    struct hb_http_request_spec spec = {
        .target = target,
        .method = "POST",
        .headers = headers,
        .headers_count = 1,
        .body = body,
        .timeout_ms = HB_API_TIMEOUT_MS,
        .done = done,
        .user = user,
    };

    return hb_http_send(api->http, &spec, NULL);
}

void hb_api_turn(struct hb_api *api, int timeout_ms)
{
    hb_loop_run_once(api->loop, timeout_ms);
}

/* ---- paths ---- */

static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("-._~", c);
}

enum hb_err hb_api_add_segment(struct hb_buf *path, const char *segment)
{
    enum hb_err err = hb_buf_add_char(path, '/');

    for (; *segment && !err; segment++) {
        err = is_unreserved(*segment) ? hb_buf_add_char(path, *segment)
                                      : hb_buf_addf(path, "%%%02X", (unsigned char)*segment);
    }
    return err;
}

enum hb_err hb_api_path(struct hb_cli *cli, const char *const *segments, char *ret_path)
{
    struct hb_buf path = hb_buf_make(HB_API_PATH_MAX - 1);
    enum hb_err err = hb_buf_add(&path, HB_STR("/v1"));

    for (; *segments && !err; segments++) {
        if (!**segments) {
            err = hb_cli_usage(cli, "an argument is empty");
            break;
        }
        err = hb_api_add_segment(&path, *segments);
    }
    if (err == HB_ERR_FULL) {
        err = hb_cli_usage(cli, "an argument is too long");
    }
    if (!err) {
        memcpy(ret_path, path.ptr, path.len);
        ret_path[path.len] = '\0';
    }
    hb_buf_deinit(&path);
    return err;
}
