/* Job: `hookbus listen`: a receiver to try things with. It checks signatures as a real one has to, and shows what
 * came. */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/listen_view.h"
#include "cli/setup.h"
#include "platform/http_server/http_server.h"
#include "platform/loop/loop.h"

#define BODY_BYTES_MAX ((size_t)8 * 1024 * 1024)
#define CONNECTIONS_MAX 1024
#define DELAY_MS_MAX 600000

struct listener {
    struct hb_cli *cli;
    struct hb_loop *loop;
    struct hb_http_server *server;
    struct hb_verifier *verifier;
    struct hb_listen_view view;
    struct hb_signal *term, *interrupt;
    struct hb_http_route routes[16];
    size_t routes_count;
    int64_t status, delay_ms, count;
    int64_t received;
};

struct late {
    struct listener *listener;
    struct hb_http_call *call;
    struct hb_timer *timer;
    int status;
};

static void answer(struct hb_http_call *call, int status)
{
    hb_http_call_answer(call, status, "text/plain",
                        status == 401 ? HB_STR("the signature does not fit\n") : HB_STR(""));
}

static void answer_late(void *user)
{
    struct late *late = user;

    answer(late->call, late->status);
    hb_timer_free(&late->timer);
    free(late);
}

/* Answers after --delay-ms. */
static void answer_when_due(struct listener *listener, struct hb_http_call *call, int status)
{
    struct late *late = listener->delay_ms > 0 ? calloc(1, sizeof(*late)) : NULL;

    if (!late || hb_timer_new(listener->loop, answer_late, late, &late->timer)) {
        free(late);
        answer(call, status);
        return;
    }
    late->listener = listener;
    late->call = call;
    late->status = status;
    hb_timer_start(late->timer, listener->delay_ms, 0);
}

static void receive(void *user, struct hb_http_call *call)
{
    struct listener *listener = user;
    struct hb_signed request = {
        .id = hb_http_call_header(call, "webhook-id"),
        .timestamp = hb_http_call_header(call, "webhook-timestamp"),
        .signature = hb_http_call_header(call, "webhook-signature"),
        .body = hb_http_call_body(call),
    };
    struct hb_wall now = hb_setup_wall();
    struct hb_received received = {
        .at = now,
        .path = hb_http_call_path(call),
        .id = request.id,
        .type = hb_http_call_header(call, "Hookbus-Event-Type"),
        .store = hb_http_call_header(call, "Hookbus-Store"),
        .delivery = hb_http_call_header(call, "Hookbus-Delivery-Id"),
        .attempt = hb_http_call_header(call, "Hookbus-Attempt"),
        .content_type = hb_http_call_header(call, "Content-Type"),
        .body = request.body,
        .verify = hb_verify(listener->verifier, &request, now),
    };
    bool is_good = received.verify == HB_VERIFY_OK || received.verify == HB_VERIFY_UNCHECKED;
    int status = is_good ? (int)listener->status : 401;

    received.status = status;
    hb_listen_view_show(&listener->view, &received);
    listener->received++;
    answer_when_due(listener, call, status);
    if (listener->count > 0 && listener->received >= listener->count) {
        hb_loop_stop(listener->loop);
    }
}

static void on_signal(void *user, int number)
{
    struct listener *listener = user;

    (void)number;
    hb_loop_stop(listener->loop);
}

static enum hb_err serve(struct listener *listener)
{
    static const char *const METHODS[] = {"POST", "PUT"};
    static const char *const PATTERNS[] = {"/", "/{a}", "/{a}/{b}", "/{a}/{b}/{c}", "/{a}/{b}/{c}/{d}"};
    static const int64_t PORTS[2] = {0, 65535};
    struct hb_cli *cli = listener->cli;
    const char *address = hb_cli_option(cli, "listen");
    int64_t port = 8090;
    enum hb_err err = hb_options_int(&cli->options, "port", PORTS, &port, &cli->error);

    cli->is_usage = err != HB_OK;
    struct hb_http_server_options options = {
        .loop = listener->loop,
        .address = address ? address : "127.0.0.1",
        .port = (int)port,
        .connections_max = CONNECTIONS_MAX,
        .connections_per_address_max = CONNECTIONS_MAX,
        .idle_timeout_s = 120,
        .request_timeout_s = 60,
        .body_bytes_max = BODY_BYTES_MAX,
        .bodies_bytes_max = 16 * BODY_BYTES_MAX,
    };
    for (size_t m = 0; m < 2; m++) {
        for (size_t p = 0; p < sizeof(PATTERNS) / sizeof(PATTERNS[0]); p++) {
            listener->routes[listener->routes_count++] =
                (struct hb_http_route){METHODS[m], PATTERNS[p], receive, listener};
        }
    }
    err = err ? err : hb_http_server_new(&options, &listener->server, &cli->error);
    err = err ? err : hb_http_server_mount(listener->server, listener->routes, listener->routes_count);
    if (!err && !cli->out.is_json) {
        hb_output_note(&cli->out, "listening on http://%s:%d/ (any path); Ctrl-C ends", options.address,
                       hb_http_server_port(listener->server));
    }
    return err;
}

static enum hb_err read_flags(struct listener *listener)
{
    static const int64_t STATUSES[2] = {100, 599}, DELAYS[2] = {0, DELAY_MS_MAX}, COUNTS[2] = {0, INT64_MAX / 2};
    struct hb_cli *cli = listener->cli;
    const char *secrets[HB_VERIFY_SECRETS_MAX + 1], *secret;
    size_t count = 0, state = 0;
    enum hb_err err;

    listener->status = 204;
    err = hb_options_int(&cli->options, "status", STATUSES, &listener->status, &cli->error);
    err = err ? err : hb_options_int(&cli->options, "delay-ms", DELAYS, &listener->delay_ms, &cli->error);
    err = err ? err : hb_options_int(&cli->options, "count", COUNTS, &listener->count, &cli->error);
    while (!err && (secret = hb_options_each(&cli->options, "secret", &state)) && count <= HB_VERIFY_SECRETS_MAX) {
        secrets[count++] = secret;
    }
    cli->is_usage = err != HB_OK;
    return err ? err : hb_verifier_new(secrets, count, &listener->verifier, &cli->error);
}

static enum hb_err init(struct listener *listener)
{
    const char *record = hb_cli_option(listener->cli, "record");
    enum hb_err err = read_flags(listener);

    err = err ? err : hb_loop_new(&listener->loop);
    if (!err) {
        err = hb_listen_view_init(&listener->view, &listener->cli->out, record, &listener->cli->error);
    }
    err = err ? err : serve(listener);
    err = err ? err : hb_signal_new(listener->loop, SIGTERM, on_signal, listener, &listener->term);
    return err ? err : hb_signal_new(listener->loop, SIGINT, on_signal, listener, &listener->interrupt);
}

static enum hb_err run(struct hb_cli *cli)
{
    struct listener *listener = calloc(1, sizeof(*listener));
    enum hb_err err;

    if (!listener) {
        return HB_ERR_MEMORY;
    }
    listener->cli = cli;
    err = init(listener);
    if (!err) {
        hb_loop_run(listener->loop);
        /* The last answers go out before the sockets close. */
        for (int i = 0; i < 20 && hb_http_server_open_calls(listener->server) > 0; i++) {
            hb_loop_run_once(listener->loop, 10);
        }
        hb_listen_view_end(&listener->view);
    }
    hb_signal_free(&listener->term);
    hb_signal_free(&listener->interrupt);
    hb_http_server_free(&listener->server);
    hb_verifier_free(&listener->verifier);
    hb_listen_view_deinit(&listener->view);
    hb_loop_free(&listener->loop);
    free(listener);
    return err;
}

static const struct hb_flag FLAGS[] = {
    {"port", 'p', "PORT", "listen there (default 8090)", false, false},
    {"listen", 0, "ADDRESS", "on this address (default 127.0.0.1)", false, false},
    {"secret", 0, "SECRET", "a webhook's secret (whsec_…); any of them may fit", true, false},
    {"status", 0, "CODE", "answer this to what verifies (default 204), to see what happens", false, false},
    {"delay-ms", 0, "MS", "answer so much later", false, false},
    {"count", 0, "N", "end after N requests", false, false},
    {"record", 0, "FILE", "append what came, one JSON object a line", false, false},
    HB_FLAGS_END,
};

const struct hb_command hb_command_listen = {
    .name = "listen",
    .usage = "[--port PORT] [--secret SECRET]",
    .summary = "a receiver to try webhooks with: verifies signatures and shows what came",
    .help = "Verifies as Standard Webhooks says: an HMAC over id, timestamp and body, and a timestamp not further than "
            "five minutes away.\n"
            "What does not verify is answered 401. hookbus calls loopback only if egress.allow says so: "
            "HOOKBUS_EGRESS_ALLOW=127.0.0.0/8.",
    .flags = FLAGS,
    .run = run,
};
