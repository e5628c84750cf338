#include "platform/http_server/http_server_internal.h"

#include <stdlib.h>

/* Memory MHD has for one connection's request line, headers and read buffer. A longer request line is 414, longer
 * headers 431. */
#define CONNECTION_MEMORY_BYTES ((size_t)32 * 1024)
/* Runs of MHD before others on the loop have their turn. */
#define RUNS_MAX 8
#define SWEEP_MS 1000

/* Paths and queries stay as sent: a route's segments are decoded one by one, so that %2F is not a slash. */
static size_t keep_escapes(void *user, struct MHD_Connection *mhd, char *text)
{
    (void)user;
    (void)mhd;
    return strlen(text);
}

void hb_http_drive(struct hb_http_server *server)
{
    server->is_driving = true;
    bool has_more = true;
    for (int i = 0; i < RUNS_MAX && has_more; i++) {
        (void)MHD_run(server->daemon);
        MHD_UNSIGNED_LONG_LONG timeout_ms = 1;
        /* Connections can wait in MHD's own ready list while its descriptor is silent: it says so by 0. */
        has_more = MHD_get_timeout(server->daemon, &timeout_ms) == MHD_YES && timeout_ms == 0;
    }
    server->is_driving = false;
    if (has_more) {
        hb_http_drive_soon(server);
    }
    if (server->conns_count > 0 && !hb_timer_is_running(server->sweep)) {
        hb_timer_start(server->sweep, SWEEP_MS, SWEEP_MS);
    }
}

void hb_http_drive_soon(struct hb_http_server *server)
{
    if (!server->is_freeing && !hb_timer_is_running(server->again)) {
        hb_timer_start(server->again, 0, 0);
    }
}

static void on_events(void *user, int events)
{
    (void)events;
    hb_http_drive(user);
}

static void on_again(void *user)
{
    hb_http_drive(user);
}

static void on_sweep(void *user)
{
    struct hb_http_server *server = user;
    hb_http_conn_sweep(server);
    hb_http_linger_sweep(server, false);
    hb_http_drive(server); /* MHD's idle timeouts have seconds: once a second is often enough */
    if (server->conns_count == 0) {
        hb_timer_stop(server->sweep);
    }
}

static enum hb_err start_daemon(struct hb_http_server *server, struct hb_error *reterr)
{
    const struct hb_http_server_options *options = &server->options;
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, server->tls_cert},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, server->tls_key},
        {MHD_OPTION_END, 0, NULL},
    };
    struct MHD_OptionItem nothing[] = {{MHD_OPTION_END, 0, NULL}};
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET;
    if (server->tls_cert) {
        flags |= MHD_USE_TLS;
    }
    server->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, hb_http_call_access, server,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)options->connections_max + 16, /* ours comes first */
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)options->connections_per_address_max,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)options->idle_timeout_s,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY_BYTES,
        MHD_OPTION_NOTIFY_CONNECTION, hb_http_conn_notify, server,
        MHD_OPTION_NOTIFY_COMPLETED, hb_http_call_completed, server,
        MHD_OPTION_URI_LOG_CALLBACK, hb_http_conn_uri, server,
        MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL,
        MHD_OPTION_ARRAY, server->tls_cert ? tls : nothing, MHD_OPTION_END);
    if (!server->daemon) {
        return server->tls_cert ? hb_fail(reterr, HB_ERR_CONFIG, "the TLS certificate and key cannot be used: %s, %s",
                                          options->tls_cert_file, options->tls_key_file)
                                : hb_fail(reterr, HB_ERR_IO, "the HTTP server cannot be started");
    }
    return HB_OK;
}

static enum hb_err make_timers(struct hb_http_server *server)
{
    enum hb_err err = hb_timer_new(server->options.loop, on_again, server, &server->again);
    return err ? err : hb_timer_new(server->options.loop, on_sweep, server, &server->sweep);
}

static enum hb_err start(struct hb_http_server *server, struct hb_error *reterr)
{
    enum hb_err err = hb_http_refusal_init(server) ? make_timers(server) : HB_ERR_CONFIG;
    if (err) {
        return hb_fail(reterr, err, "the HTTP server cannot be started");
    }
    err = hb_http_tls_load(server, reterr);
    err = err ? err : start_daemon(server, reterr);
    if (err) {
        return err;
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    HB_ASSERT(info);
    err = hb_watch_new(server->options.loop, info->epoll_fd, on_events, server, &server->events);
    if (err) {
        return hb_fail(reterr, err, "the HTTP server's events cannot be watched");
    }
    hb_watch_set(server->events, HB_WATCH_READ);
    return hb_http_listen_open(server, reterr);
}

enum hb_err hb_http_server_new(const struct hb_http_server_options *options, struct hb_http_server **ret_server,
                               struct hb_error *reterr)
{
    HB_ASSERT(options->connections_max > 0 && options->connections_per_address_max > 0);
    HB_ASSERT(options->idle_timeout_s > 0 && options->request_timeout_s > 0);
    struct hb_http_server *server = calloc(1, sizeof(*server));
    if (!server) {
        return hb_fail(reterr, HB_ERR_MEMORY, "%s", hb_err_text(HB_ERR_MEMORY));
    }
    server->options = *options;
    server->listen_fd = -1;
    enum hb_err err = start(server, reterr);
    if (err) {
        hb_http_server_free(&server);
        return err;
    }
    *ret_server = server;
    return HB_OK;
}

void hb_http_server_free(struct hb_http_server **server_ref)
{
    struct hb_http_server *server = *server_ref;
    if (!server) {
        return;
    }
    HB_ASSERT(!server->is_driving); /* not from inside a handler */
    *server_ref = NULL;
    server->is_freeing = true;
    hb_http_listen_close(server);
    hb_watch_free(&server->events);
    for (struct hb_http_call *call = server->calls; call; call = call->next) {
        hb_http_call_resume(call); /* MHD insists that nothing is suspended when it stops */
    }
    if (server->daemon) {
        MHD_stop_daemon(server->daemon);
    }
    while (server->calls) {
        hb_http_call_free(server->calls);
    }
    hb_http_linger_sweep(server, true);
    hb_timer_free(&server->again);
    hb_timer_free(&server->sweep);
    hb_http_tls_unload(server);
    free(server);
}

enum hb_err hb_http_server_mount(struct hb_http_server *server, const struct hb_http_route *routes, size_t count)
{
    if (server->groups_count == HB_HTTP_ROUTE_GROUPS_MAX) {
        return HB_ERR_FULL;
    }
    server->groups[server->groups_count].routes = routes;
    server->groups[server->groups_count].count = count;
    server->groups_count++;
    return HB_OK;
}

int hb_http_server_port(const struct hb_http_server *server)
{
    return server->port;
}

void hb_http_server_quiesce(struct hb_http_server *server)
{
    server->is_quiescing = true;
    hb_http_listen_close(server);
}

size_t hb_http_server_open_calls(const struct hb_http_server *server)
{
    return server->open_calls;
}
