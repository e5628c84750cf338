/* A real Redis: one started here (with a password and a Unix socket), or HOOKBUS_TEST_REDIS=host:port. */
#include "platform/loop/loop.h"
#include "platform/redis/redis.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PASSWORD "not-a-secret"

struct server {
    pid_t pid; /* 0: not ours */
    char folder[64];
    char tcp[64], unix_path[96];
};

static struct server server;

static int free_port(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(at);
    (void)bind(fd, (struct sockaddr *)&at, sizeof(at));
    (void)getsockname(fd, (struct sockaddr *)&at, &length);
    close(fd);
    return ntohs(at.sin_port);
}

static int start_server(void **state)
{
    (void)state;
    const char *given = getenv("HOOKBUS_TEST_REDIS");
    if (given && *given) {
        (void)snprintf(server.tcp, sizeof(server.tcp), "%s", given);
        return 0;
    }
    (void)snprintf(server.folder, sizeof(server.folder), "/tmp/hookbus-test-redis-XXXXXX");
    if (!mkdtemp(server.folder)) {
        return -1;
    }
    char port[8];
    (void)snprintf(port, sizeof(port), "%d", free_port());
    (void)snprintf(server.tcp, sizeof(server.tcp), "localhost:%s", port);
    (void)snprintf(server.unix_path, sizeof(server.unix_path), "unix:%s/redis.sock", server.folder);
    server.pid = fork();
    if (server.pid == 0) {
        (void)!freopen("/dev/null", "w", stdout);
        execlp("redis-server", "redis-server", "--port", port, "--bind", "127.0.0.1", "--dir", server.folder,
               "--unixsocket", server.unix_path + 5, "--requirepass", PASSWORD, "--save", "", (char *)NULL);
        _exit(127);
    }
    return server.pid > 0 ? 0 : -1;
}

static int stop_server(void **state)
{
    (void)state;
    if (server.pid > 0) {
        (void)kill(server.pid, SIGTERM);
        (void)waitpid(server.pid, NULL, 0);
        char path[128];
        (void)snprintf(path, sizeof(path), "%s/redis.sock", server.folder);
        (void)unlink(path);
        (void)rmdir(server.folder);
    }
    return 0;
}

struct client {
    struct hb_loop *loop;
    struct hb_redis *redis;
    int connects, disconnects, answers, wrong, unknown;
    char text[256];
};

static void on_connected(void *user, bool is_connected)
{
    struct client *client = user;
    client->connects += is_connected;
    client->disconnects += !is_connected;
}

static void open_client(struct client *client, const char *address)
{
    memset(client, 0, sizeof(*client));
    assert_int_equal(hb_loop_new(&client->loop), HB_OK);
    struct hb_redis_options options = {.loop = client->loop, .address = address,
                                       .username = server.pid ? "default" : NULL,
                                       .password = server.pid ? PASSWORD : NULL,
                                       .connect_timeout_ms = 2000, .command_timeout_ms = 5000, .commands_max = 100000,
                                       .jitter_seed = 1, .connected = on_connected, .user = client};
    struct hb_error error = {HB_OK, ""};
    if (hb_redis_new(&options, &client->redis, &error) != HB_OK) {
        fail_msg("%s", error.text);
    }
}

static bool until(struct client *client, const int *value, int wanted)
{
    int64_t end_us = hb_loop_mono(client->loop).us + 20 * HB_MS_PER_S * HB_US_PER_MS;
    while (*value != wanted && hb_loop_mono(client->loop).us < end_us) {
        hb_loop_run_once(client->loop, 50);
    }
    return *value == wanted;
}

static void close_client(struct client *client)
{
    hb_redis_free(&client->redis);
    hb_loop_free(&client->loop);
}

static void describe(const struct hb_redis_reply *reply, struct hb_buf *text)
{
    (void)!hb_buf_addf(text, "%d", (int)reply->kind);
    if (reply->kind == HB_REDIS_INTEGER) {
        (void)!hb_buf_addf(text, ":%lld", (long long)reply->integer);
    } else if (reply->kind == HB_REDIS_ARRAY) {
        (void)!hb_buf_add_char(text, '[');
        for (size_t i = 0; i < reply->items_count; i++) {
            describe(&reply->items[i], text);
            (void)!hb_buf_add_char(text, ';');
        }
        (void)!hb_buf_add_char(text, ']');
    } else {
        (void)!hb_buf_addf(text, ":%.*s", HB_ARG(reply->text));
    }
}

static void on_reply(void *user, enum hb_err err, const struct hb_redis_reply *reply)
{
    struct client *client = user;
    client->answers++;
    assert_int_equal(err, HB_OK);
    struct hb_buf text = hb_buf_make(sizeof(client->text) - 1);
    describe(reply, &text);
    (void)snprintf(client->text, sizeof(client->text), "%.*s", HB_ARG(hb_buf_str(&text)));
    hb_buf_deinit(&text);
}

static void each_kind_of_reply_comes_as_itself(void **state)
{
    (void)state;
    static const struct {
        const char *words[6];
        const char *wanted;
    } rows[] = {
        {{"SET", "hookbus-test-key", "a b\r\nc", "EX", "60"}, "2:OK"},
        {{"GET", "hookbus-test-key"}, "1:a b\r\nc"},
        {{"GET", "hookbus-test-none"}, "0:"},
        {{"STRLEN", "hookbus-test-key"}, "3:6"},
        {{"EVAL", "return {1, 'two', {false, {}}}", "0"}, "4[3:1;1:two;4[0:;4[];];]"},
        {{"EVAL", "return {}", "0"}, "4[]"},
        {{"HGET", "hookbus-test-key", "x"}, "5:WRONGTYPE Operation against a key holding the wrong kind of value"},
        {{"DEL", "hookbus-test-key"}, "3:1"},
    };
    struct client client;
    open_client(&client, server.tcp);
    assert_true(until(&client, &client.connects, 1));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct hb_str arguments[6];
        size_t count = 0;
        for (; count < 6 && rows[i].words[count]; count++) {
            arguments[count] = hb_str_c(rows[i].words[count]);
        }
        client.answers = 0;
        assert_int_equal(hb_redis_command(client.redis, arguments, count, on_reply, &client), HB_OK);
        assert_true(until(&client, &client.answers, 1));
        assert_string_equal(client.text, rows[i].wanted);
    }
    close_client(&client);
}

static void a_unix_socket_works_as_well(void **state)
{
    (void)state;
    if (!server.pid) {
        skip();
    }
    struct client client;
    open_client(&client, server.unix_path);
    assert_true(until(&client, &client.connects, 1));
    const struct hb_str ping[] = {HB_STR("PING")};
    assert_int_equal(hb_redis_command(client.redis, ping, 1, on_reply, &client), HB_OK);
    assert_true(until(&client, &client.answers, 1));
    assert_string_equal(client.text, "2:PONG");
    close_client(&client);
}

struct numbered {
    struct client *client;
    int64_t wanted;
};

static void on_number(void *user, enum hb_err err, const struct hb_redis_reply *reply)
{
    struct numbered *numbered = user;
    numbered->client->answers++;
    numbered->client->wrong += err || reply->kind != HB_REDIS_INTEGER || reply->integer != numbered->wanted;
}

static void fifty_thousand_pipelined_commands_are_answered_in_order(void **state)
{
    (void)state;
    enum { COUNT = 50000 };
    static struct numbered numbers[COUNT];
    struct client client;
    open_client(&client, server.tcp);
    assert_true(until(&client, &client.connects, 1));
    const struct hb_str words[] = {HB_STR("INCR"), HB_STR("hookbus-test-counter")};
    const struct hb_str del[] = {HB_STR("DEL"), HB_STR("hookbus-test-counter")};
    assert_int_equal(hb_redis_command(client.redis, del, 2, on_reply, &client), HB_OK);
    assert_true(until(&client, &client.answers, 1));
    for (int i = 0; i < COUNT; i++) {
        numbers[i] = (struct numbered){&client, i + 1};
        assert_int_equal(hb_redis_command(client.redis, words, 2, on_number, &numbers[i]), HB_OK);
    }
    assert_true(until(&client, &client.answers, COUNT + 1));
    assert_int_equal(client.wrong, 0);
    assert_int_equal(hb_redis_command(client.redis, del, 2, on_reply, &client), HB_OK);
    assert_true(until(&client, &client.answers, COUNT + 2));
    close_client(&client);
}

static void on_unknown(void *user, enum hb_err err, const struct hb_redis_reply *reply)
{
    struct client *client = user;
    (void)reply;
    client->unknown += err == HB_ERR_TIMEOUT;
}

static void a_connection_killed_by_the_server_heals(void **state)
{
    (void)state;
    struct client client;
    open_client(&client, server.tcp);
    assert_true(until(&client, &client.connects, 1));
    const struct hb_str block[] = {HB_STR("BLPOP"), HB_STR("hookbus-test-nothing"), HB_STR("0")};
    const struct hb_str ping[] = {HB_STR("PING")};
    assert_int_equal(hb_redis_command(client.redis, ping, 1, on_reply, &client), HB_OK);
    assert_int_equal(hb_redis_command(client.redis, block, 3, on_unknown, &client), HB_OK);
    assert_true(until(&client, &client.answers, 1)); /* so the second, in the same write, is sent as well */
    struct client killer;
    open_client(&killer, server.tcp);
    assert_true(until(&killer, &killer.connects, 1));
    const struct hb_str words[] = {HB_STR("CLIENT"), HB_STR("KILL"), HB_STR("TYPE"), HB_STR("normal")};
    assert_int_equal(hb_redis_command(killer.redis, words, 4, on_reply, &killer), HB_OK);
    assert_true(until(&killer, &killer.answers, 1));
    assert_true(until(&client, &client.disconnects, 1));
    assert_int_equal(client.unknown, 1);
    assert_true(until(&client, &client.connects, 2));
    close_client(&killer);
    close_client(&client);
}

int main(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_of_reply_comes_as_itself),
        cmocka_unit_test(a_unix_socket_works_as_well),
        cmocka_unit_test(fifty_thousand_pipelined_commands_are_answered_in_order),
        cmocka_unit_test(a_connection_killed_by_the_server_heals),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
