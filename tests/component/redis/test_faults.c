/* A scripted server: what Redis may say, say wrongly, or not say. */
#include "platform/loop/loop.h"
#include "platform/redis/redis.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* What one connection does: waits for a request, sends `answer`, then closes or stays. */
struct step {
    const char *answer; /* NULL: nothing */
    bool closes;
    bool speaks_first;
};

struct fake {
    int listen_fd;
    int port;
    const struct step *steps; /* by connection; the last goes on */
    size_t steps_count;
    pthread_t thread;
    atomic_bool must_end;
    atomic_int connections;
};

static void serve_one(struct fake *fake, int fd, const struct step *step)
{
    char request[4096];
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    bool has_answered = false;
    while (!atomic_load(&fake->must_end)) {
        if (!has_answered && step->speaks_first) {
            (void)!send(fd, step->answer, strlen(step->answer), MSG_NOSIGNAL);
            has_answered = true;
        }
        if (poll(&wait, 1, 20) <= 0) {
            continue;
        }
        if (recv(fd, request, sizeof(request), 0) <= 0) {
            break;
        }
        if (!has_answered && step->answer) {
            (void)!send(fd, step->answer, strlen(step->answer), MSG_NOSIGNAL);
            has_answered = true;
        }
        if (step->closes) {
            break;
        }
    }
    close(fd);
}

static void *run_fake(void *user)
{
    struct fake *fake = user;
    struct pollfd wait = {.fd = fake->listen_fd, .events = POLLIN};
    while (!atomic_load(&fake->must_end)) {
        if (poll(&wait, 1, 20) <= 0) {
            continue;
        }
        int fd = accept4(fake->listen_fd, NULL, NULL, SOCK_CLOEXEC);
        size_t number = (size_t)atomic_fetch_add(&fake->connections, 1);
        serve_one(fake, fd, &fake->steps[number < fake->steps_count ? number : fake->steps_count - 1]);
    }
    return NULL;
}

static int listen_anywhere(int *ret_port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(at);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &length), 0);
    *ret_port = ntohs(at.sin_port);
    return fd;
}

static void start_fake(struct fake *fake, const struct step *steps, size_t count)
{
    memset(fake, 0, sizeof(*fake));
    fake->listen_fd = listen_anywhere(&fake->port);
    assert_int_equal(listen(fake->listen_fd, 16), 0);
    fake->steps = steps;
    fake->steps_count = count;
    assert_int_equal(pthread_create(&fake->thread, NULL, run_fake, fake), 0);
}

static void stop_fake(struct fake *fake)
{
    atomic_store(&fake->must_end, true);
    assert_int_equal(pthread_join(fake->thread, NULL), 0);
    close(fake->listen_fd);
}

/* Our side. */
struct client {
    struct hb_loop *loop;
    struct hb_redis *redis;
    int connects;
    int disconnects;
    bool frees_in_callback;
    struct {
        int calls;
        enum hb_err err;
        enum hb_redis_kind kind;
        char text[64];
    } results[8];
};

struct slot {
    struct client *client;
    int number;
};

static void on_connected(void *user, bool is_connected)
{
    struct client *client = user;
    client->connects += is_connected;
    client->disconnects += !is_connected;
}

static void on_reply(void *user, enum hb_err err, const struct hb_redis_reply *reply)
{
    struct slot *slot = user;
    struct client *client = slot->client;
    client->results[slot->number].calls++;
    client->results[slot->number].err = err;
    assert_int_equal(err == HB_OK, reply != NULL);
    if (reply) {
        client->results[slot->number].kind = reply->kind;
        (void)snprintf(client->results[slot->number].text, 64, "%.*s", HB_ARG(reply->text));
    }
    if (client->frees_in_callback) {
        hb_redis_free(&client->redis);
    }
}

static void open_client(struct client *client, int port, const char *password)
{
    char address[32];
    memset(client, 0, sizeof(*client));
    assert_int_equal(hb_loop_new(&client->loop), HB_OK);
    (void)snprintf(address, sizeof(address), "127.0.0.1:%d", port);
    struct hb_redis_options options = {.loop = client->loop, .address = address, .password = password,
                                       .connect_timeout_ms = 300, .command_timeout_ms = 200, .commands_max = 4,
                                       .jitter_seed = 7, .connected = on_connected, .user = client};
    assert_int_equal(hb_redis_new(&options, &client->redis, NULL), HB_OK);
}

static void close_client(struct client *client)
{
    hb_redis_free(&client->redis);
    hb_loop_free(&client->loop);
}

static bool until(struct client *client, const int *value, int wanted, int64_t limit_ms)
{
    int64_t end_us = hb_loop_mono(client->loop).us + limit_ms * HB_US_PER_MS;
    while (*value != wanted && hb_loop_mono(client->loop).us < end_us) {
        hb_loop_run_once(client->loop, 20);
    }
    return *value == wanted;
}

static struct slot slots[8];

static enum hb_err ask(struct client *client, int number)
{
    const struct hb_str arguments[] = {HB_STR("GET"), HB_STR("key")};
    slots[number] = (struct slot){client, number};
    return hb_redis_command(client->redis, arguments, 2, on_reply, &slots[number]);
}

static void error_replies_are_replies_and_never_success(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "-READONLY You can't write against a read only replica.\r\n",
        "-LOADING Redis is loading the dataset in memory\r\n",
        "-NOAUTH Authentication required.\r\n", "-OOM command not allowed when used memory > 'maxmemory'.\r\n",
        "-MISCONF Redis is configured to save RDB snapshots\r\n", "-NOSCRIPT No matching script.\r\n"};
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        const struct step steps[] = {{.answer = answers[i]}};
        struct fake fake;
        struct client client;
        start_fake(&fake, steps, 1);
        open_client(&client, fake.port, NULL);
        assert_int_equal(ask(&client, 0), HB_ERR_AWAY); /* not connected yet: nothing is taken */
        assert_true(until(&client, &client.connects, 1, 5000));
        assert_true(hb_redis_is_connected(client.redis));
        assert_int_equal(ask(&client, 0), HB_OK);
        assert_true(until(&client, &client.results[0].calls, 1, 5000));
        assert_int_equal(client.results[0].err, HB_OK);
        assert_int_equal(client.results[0].kind, HB_REDIS_ERROR);
        assert_memory_equal(client.results[0].text, answers[i] + 1, 5);
        close_client(&client);
        assert_int_equal(client.results[0].calls, 1);
        stop_fake(&fake);
    }
}

struct fault {
    const char *name;
    struct step step;
    enum hb_err first, rest;
};

static void every_fault_answers_each_command_once_and_then_a_new_connection_works(void **state)
{
    (void)state;
    static const struct fault faults[] = {
        {"garbage", {.answer = "HTTP/1.1 400 Bad Request\r\n\r\n"}, HB_ERR_STORE, HB_ERR_STORE},
        {"half a reply, then closed", {.answer = "$10\r\nabc", .closes = true}, HB_ERR_STORE, HB_ERR_TIMEOUT},
        {"half a reply, then silence", {.answer = "*2\r\n$3\r\nabc\r\n"}, HB_ERR_STORE, HB_ERR_TIMEOUT},
        {"closed without a word", {.closes = true}, HB_ERR_TIMEOUT, HB_ERR_TIMEOUT},
        {"never answers", {.answer = NULL}, HB_ERR_TIMEOUT, HB_ERR_TIMEOUT},
        {"absurd length", {.answer = "$99999999999999999999\r\n"}, HB_ERR_STORE, HB_ERR_STORE},
    };
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        const struct step steps[] = {faults[i].step, {.answer = "+OK\r\n"}};
        struct fake fake;
        struct client client;
        start_fake(&fake, steps, 2);
        open_client(&client, fake.port, NULL);
        assert_true(until(&client, &client.connects, 1, 5000));
        for (int number = 0; number < 3; number++) {
            assert_int_equal(ask(&client, number), HB_OK);
        }
        assert_true(until(&client, &client.disconnects, 1, 5000));
        for (int number = 0; number < 3; number++) {
            if (client.results[number].err != (number ? faults[i].rest : faults[i].first)) {
                print_error("%s: command %d: %s\n", faults[i].name, number, hb_err_name(client.results[number].err));
            }
            assert_int_equal(client.results[number].calls, 1);
            assert_int_equal(client.results[number].err, number ? faults[i].rest : faults[i].first);
        }
        assert_true(hb_redis_trouble(client.redis)[0] != '\0');
        assert_true(until(&client, &client.connects, 2, 5000));
        assert_int_equal(ask(&client, 3), HB_OK);
        assert_true(until(&client, &client.results[3].calls, 1, 5000));
        assert_int_equal(client.results[3].kind, HB_REDIS_STATUS);
        close_client(&client);
        stop_fake(&fake);
    }
}

static void an_answer_nobody_asked_for_ends_the_connection_and_not_the_process(void **state)
{
    (void)state;
    const struct step steps[] = {{.answer = "-ERR max number of clients reached\r\n", .speaks_first = true},
                                 {.answer = "+OK\r\n"}};
    struct fake fake;
    struct client client;
    start_fake(&fake, steps, 2);
    open_client(&client, fake.port, NULL);
    assert_true(until(&client, &client.disconnects, 1, 5000));
    assert_string_equal(hb_redis_trouble(client.redis), "ERR max number of clients reached");
    assert_true(until(&client, &client.connects, 2, 5000));
    close_client(&client);
    stop_fake(&fake);
}

static void a_refused_connection_is_tried_again_with_growing_pauses(void **state)
{
    (void)state;
    struct fake fake = {0};
    struct client client;
    fake.listen_fd = listen_anywhere(&fake.port); /* bound and not listening: refused */
    open_client(&client, fake.port, NULL);
    int never = 0;
    assert_false(until(&client, &never, 1, 250));
    assert_int_equal(client.connects, 0);
    assert_string_equal(hb_redis_trouble(client.redis), "Connection refused");
    assert_int_equal(ask(&client, 0), HB_ERR_AWAY);
    static const struct step steps[] = {{.answer = "+OK\r\n"}};
    assert_int_equal(listen(fake.listen_fd, 16), 0);
    fake.steps = steps;
    fake.steps_count = 1;
    assert_int_equal(pthread_create(&fake.thread, NULL, run_fake, &fake), 0);
    assert_true(until(&client, &client.connects, 1, 5000));
    close_client(&client);
    stop_fake(&fake);
}

static void a_refused_password_never_counts_as_connected(void **state)
{
    (void)state;
    const struct step steps[] = {{.answer = "-WRONGPASS invalid username-password pair\r\n"}, {.answer = "+OK\r\n"}};
    struct fake fake;
    struct client client;
    start_fake(&fake, steps, 2);
    open_client(&client, fake.port, "secret");
    assert_true(until(&client, &client.connects, 1, 5000));
    assert_int_equal(atomic_load(&fake.connections), 2);
    assert_memory_equal(hb_redis_trouble(client.redis), "WRONGPASS", 9);
    close_client(&client);
    stop_fake(&fake);
}

static void an_unanswered_auth_is_given_up_and_tried_again(void **state)
{
    (void)state;
    const struct step steps[] = {{.answer = NULL}, {.answer = "+OK\r\n"}};
    struct fake fake;
    struct client client;
    start_fake(&fake, steps, 2);
    open_client(&client, fake.port, "secret");
    assert_true(until(&client, &client.connects, 1, 5000));
    assert_int_equal(atomic_load(&fake.connections), 2);
    close_client(&client);
    stop_fake(&fake);
}

static void more_commands_than_may_wait_are_refused(void **state)
{
    (void)state;
    const struct step steps[] = {{.answer = NULL}};
    struct fake fake;
    struct client client;
    start_fake(&fake, steps, 1);
    open_client(&client, fake.port, NULL);
    assert_true(until(&client, &client.connects, 1, 5000));
    for (int number = 0; number < 4; number++) {
        assert_int_equal(ask(&client, number), HB_OK);
    }
    assert_int_equal(ask(&client, 4), HB_ERR_FULL);
    close_client(&client); /* not sent yet: the loop has not turned */
    for (int number = 0; number < 4; number++) {
        assert_int_equal(client.results[number].calls, 1);
        assert_int_equal(client.results[number].err, HB_ERR_AWAY);
    }
    assert_int_equal(client.results[4].calls, 0);
    stop_fake(&fake);
}

static void the_object_may_be_freed_in_a_callback(void **state)
{
    (void)state;
    const struct step steps[] = {{.answer = "+OK\r\n+OK\r\n"}, {.answer = "rubbish\r\n"}, {.answer = NULL}};
    for (size_t i = 0; i < 3; i++) {
        struct fake fake;
        struct client client;
        start_fake(&fake, &steps[i], 1);
        open_client(&client, fake.port, NULL);
        assert_true(until(&client, &client.connects, 1, 5000));
        client.frees_in_callback = true;
        for (int number = 0; number < 3; number++) {
            assert_int_equal(ask(&client, number), HB_OK);
        }
        assert_true(until(&client, &client.results[2].calls, 1, 5000));
        for (int number = 0; number < 3; number++) {
            assert_int_equal(client.results[number].calls, 1);
        }
        assert_null(client.redis);
        close_client(&client);
        stop_fake(&fake);
    }
}

static void addresses_that_are_none_are_refused_in_words(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "localhost", "localhost:", "localhost:0", "h:65536", ":6379", "unix:",
                                      "h:12x"};
    struct hb_loop *loop = NULL;
    assert_int_equal(hb_loop_new(&loop), HB_OK);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct hb_redis *redis = NULL;
        struct hb_error error = {HB_OK, ""};
        struct hb_redis_options options = {.loop = loop, .address = bad[i], .connect_timeout_ms = 1,
                                           .command_timeout_ms = 1, .commands_max = 1};
        assert_int_equal(hb_redis_new(&options, &redis, &error), HB_ERR_CONFIG);
        assert_non_null(strstr(error.text, "host:port"));
        assert_null(redis);
    }
    hb_loop_free(&loop);
}

int main(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(error_replies_are_replies_and_never_success),
        cmocka_unit_test(every_fault_answers_each_command_once_and_then_a_new_connection_works),
        cmocka_unit_test(an_answer_nobody_asked_for_ends_the_connection_and_not_the_process),
        cmocka_unit_test(a_refused_connection_is_tried_again_with_growing_pauses),
        cmocka_unit_test(a_refused_password_never_counts_as_connected),
        cmocka_unit_test(an_unanswered_auth_is_given_up_and_tried_again),
        cmocka_unit_test(more_commands_than_may_wait_are_refused),
        cmocka_unit_test(the_object_may_be_freed_in_a_callback),
        cmocka_unit_test(addresses_that_are_none_are_refused_in_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
