/* rediss://: the certificate is asked for, and must be for the host by someone trusted. */
#include "fakes/receiver.h"
#include "fakes/receiver_tls.h"
#include "platform/loop/loop.h"
#include "platform/redis/redis.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define WAIT_MS 10000
#define REPLY_BYTES 100000

/* One that speaks TLS and answers every piece it reads with a long string, until the connection ends. */
struct server {
    pthread_t thread;
    int fd, port;
    struct ssl_ctx_st *context;
};

static void serve(struct ssl_st *ssl)
{
    static char reply[REPLY_BYTES + 64];
    int head = snprintf(reply, sizeof(reply), "$%d\r\n", REPLY_BYTES);
    char bytes[4096];

    memset(reply + head, 'x', REPLY_BYTES);
    memcpy(reply + head + REPLY_BYTES, "\r\n", 2);
    while (fake_tls_read(ssl, bytes, sizeof(bytes)) > 0)
        for (size_t sent = 0, all = (size_t)head + REPLY_BYTES + 2; sent < all;) {
            ssize_t count = fake_tls_write(ssl, reply + sent, all - sent);
            if (count <= 0)
                return;
            sent += (size_t)count;
        }
}

static void *run(void *user)
{
    struct server *server = user;
    int fd;

    while ((fd = accept(server->fd, NULL, NULL)) >= 0) {
        struct ssl_st *ssl = fake_tls_accept(server->context, fd);
        if (ssl) {
            serve(ssl);
            fake_tls_end(ssl);
        }
        (void)close(fd);
    }
    return NULL;
}

static void start(struct server *server, enum fake_tls kind)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof(at);

    server->context = fake_tls_context(kind, "localhost");
    server->fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(server->fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(server->fd, 8), 0);
    assert_int_equal(getsockname(server->fd, (struct sockaddr *)&at, &length), 0);
    server->port = ntohs(at.sin_port);
    assert_int_equal(pthread_create(&server->thread, NULL, run, server), 0);
}

static void stop(struct server *server)
{
    (void)shutdown(server->fd, SHUT_RDWR);
    (void)pthread_join(server->thread, NULL);
    fake_tls_context_free(server->context);
    (void)close(server->fd);
}

struct seen {
    int replies;
    size_t bytes;
    bool is_connected;
};

static void connected(void *user, bool is_connected) { ((struct seen *)user)->is_connected = is_connected; }

static void take(void *user, enum hb_err err, const struct hb_redis_reply *reply)
{
    struct seen *seen = user;

    seen->replies++;
    seen->bytes = err ? 0 : reply->text.len;
}

static void run_until(struct hb_loop *loop, const bool *condition, int limit_ms)
{
    int64_t until_us = hb_loop_mono(loop).us + limit_ms * HB_US_PER_MS;

    while (!*condition && hb_loop_mono(loop).us < until_us)
        hb_loop_run_once(loop, 10);
}

/* Connects; the trouble says why not. */
static bool speaks(enum fake_tls kind, const char *host, char ret_trouble[160])
{
    struct server server;
    struct seen seen = {0};
    struct hb_loop *loop = NULL;
    struct hb_redis *redis = NULL;
    struct hb_error error = {HB_OK, ""};
    char address[128];

    start(&server, kind);
    (void)snprintf(address, sizeof(address), "127.0.0.1:1, rediss://%s:%d", host, server.port);
    assert_int_equal(hb_loop_new(&loop), HB_OK);
    const struct hb_redis_options options = {.loop = loop,
                                             .address = address,
                                             .node = 1,
                                             .ca_file = fake_ca_file(),
                                             .connect_timeout_ms = 2000,
                                             .command_timeout_ms = 5000,
                                             .commands_max = 10,
                                             .connected = connected,
                                             .user = &seen};
    if (hb_redis_new(&options, &redis, &error))
        fail_msg("%s", error.text);
    run_until(loop, &seen.is_connected, kind == FAKE_TLS_GOOD ? WAIT_MS : 1000);
    bool is_good = seen.is_connected;
    (void)snprintf(ret_trouble, 160, "%s", hb_redis_trouble(redis));
    if (is_good) {
        const struct hb_str ping = HB_STR("PING");
        bool is_done = false;
        for (int i = 1; i <= 3; i++) {
            assert_int_equal(hb_redis_command(redis, &ping, 1, take, &seen), HB_OK);
            while (seen.replies < i && hb_loop_mono(loop).us > 0)
                run_until(loop, &is_done, 10);
            assert_int_equal(seen.bytes, REPLY_BYTES);
        }
    }
    hb_redis_free(&redis);
    hb_loop_free(&loop);
    stop(&server);
    return is_good;
}

static void a_trusted_redis_is_spoken_to_over_tls(void **state)
{
    char trouble[160];

    (void)state;
    assert_true(speaks(FAKE_TLS_GOOD, "localhost", trouble));
    assert_true(speaks(FAKE_TLS_GOOD, "127.0.0.1", trouble));
}

static void a_certificate_that_does_not_hold_is_refused_with_its_reason(void **state)
{
    char trouble[160];

    (void)state;
    assert_false(speaks(FAKE_TLS_SELF_SIGNED, "127.0.0.1", trouble));
    assert_non_null(strstr(trouble, "self"));
    assert_false(speaks(FAKE_TLS_EXPIRED, "127.0.0.1", trouble));
    assert_non_null(strstr(trouble, "expired"));
    assert_false(speaks(FAKE_TLS_WRONG_HOST, "localhost", trouble));
    assert_non_null(strstr(trouble, "mismatch"));
}

static void a_ca_file_that_cannot_be_read_is_said(void **state)
{
    struct hb_loop *loop = NULL;
    struct hb_redis *redis = NULL;
    struct hb_error error = {HB_OK, ""};

    (void)state;
    assert_int_equal(hb_loop_new(&loop), HB_OK);
    const struct hb_redis_options options = {.loop = loop,
                                             .address = "rediss://127.0.0.1:1",
                                             .ca_file = "/nowhere/ca.pem",
                                             .connect_timeout_ms = 10,
                                             .command_timeout_ms = 10,
                                             .commands_max = 1};
    assert_int_equal(hb_redis_new(&options, &redis, &error), HB_ERR_CONFIG);
    assert_non_null(strstr(error.text, "redis.ca_file"));
    hb_loop_free(&loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trusted_redis_is_spoken_to_over_tls),
        cmocka_unit_test(a_certificate_that_does_not_hold_is_refused_with_its_reason),
        cmocka_unit_test(a_ca_file_that_cannot_be_read_is_said),
    };
    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
