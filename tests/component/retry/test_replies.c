/* What Redis may answer, or not answer: nothing is lost, and nothing is taken for success that is none. Needs
 * HOOKBUS_TEST_KAFKA and HOOKBUS_TEST_REDIS. */
#include "component/retry/owner_world.h"
#include "component/retry/redis_proxy.h"

#include <stdlib.h>

#define DELIVERIES 12

static struct redis_proxy *proxy;

static int setup(void **state)
{
    static char address[64];

    if (owner_setup(state))
        return -1;
    struct owner_world *world = *state;
    proxy = redis_proxy_new(world->config.redis_address);
    (void)snprintf(address, sizeof(address), "127.0.0.1:%d", redis_proxy_port(proxy));
    world->config.redis_address = address;
    world->config.retry_lease_ms = 2000;
    return 0;
}

static int teardown(void **state)
{
    int rc = owner_teardown(state);

    redis_proxy_free(proxy);
    return rc;
}

/* Some come due while Redis says this, some are parked. */
static void go_through(struct owner_world *world, enum proxy_mode mode, const char *text)
{
    int first = world->events_count, sent = world->sends_count, before = redis_proxy_count(proxy);

    for (int i = 0; i < DELIVERIES; i++)
        (void)owner_publish(world);
    for (int i = 0; i < DELIVERIES / 2; i++)
        owner_park(world, &(struct owner_park){.event = first + i, .due_in_ms = 300 + 100 * i});
    redis_proxy_set(proxy, mode, text);
    for (int i = DELIVERIES / 2; i < DELIVERIES; i++)
        owner_park(world, &(struct owner_park){.event = first + i, .due_in_ms = 50 * i});
    owner_run(world, 1500);
    assert_true(redis_proxy_count(proxy) > before);
    redis_proxy_set(proxy, PROXY_PASS, NULL);
    OWNER_UNTIL(world, (owner_run(world, 5), world->sends_count >= sent + DELIVERIES && owner_entries(world) == 0));
    owner_run(world, mode == PROXY_LOSE ? 2500 : 200); /* a lease's time */
    for (int event = first; event < first + DELIVERIES; event++) {
        int sends = 0;
        for (int i = 0; i < world->sends_count; i++)
            sends += world->sends[i].event == event;
        if (sends != 1)
            print_error("event %d was sent %d times after \"%s\"\n", event, sends, text ? text : "");
        assert_int_equal(sends, 1);
    }
    assert_int_equal(owner_entries(world), 0);
}

static void no_error_of_redis_loses_or_repeats_anything(void **state)
{
    static const char *const errors[] = {
        "-READONLY You can't write against a read only replica.\r\n",
        "-LOADING Redis is loading the dataset in memory\r\n",
        "-NOSCRIPT No matching script. Please use EVAL.\r\n",
        "-NOAUTH Authentication required.\r\n",
        "-OOM command not allowed when used memory > 'maxmemory'.\r\n",
        "-MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.\r\n",
        "-ERR something new\r\n",
        "+OK\r\n",
        "$-1\r\n",
        "*7\r\n$2\r\nok\r\n:1\r\n:1\r\n:0\r\n$2\r\n-1\r\n:5\r\n*0\r\n",
    };
    struct owner_world *world = *state;

    owner_start(world, 0);
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
        go_through(world, PROXY_SAY, errors[i]);
}

static void garbage_and_half_a_reply_end_the_connection_and_lose_nothing(void **state)
{
    struct owner_world *world = *state;

    owner_start(world, 0);
    go_through(world, PROXY_SAY, "HTTP/1.1 400 Bad Request\r\n\r\n");
    go_through(world, PROXY_HALF, "*7\r\n$2\r\nok\r\n:1\r\n");
    go_through(world, PROXY_HALF, "");
}

/* The hash of a script is not known here; a whole one is sent only once: so by what stands in its arguments. */
static void a_lost_reply_of_a_claim_or_an_apply_sends_nothing_twice(void **state)
{
    struct owner_world *world = *state;

    owner_start(world, 0);
    go_through(world, PROXY_LOSE, NULL);
    go_through(world, PROXY_LOSE, "\r\n2000\r\n"); /* the lease: a claim, or an apply with its memory of 2,000 */
    for (int i = 0; i < 5; i++)
        go_through(world, PROXY_LOSE, world->webhook);
}

#define REPLY_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        REPLY_TEST(no_error_of_redis_loses_or_repeats_anything),
        REPLY_TEST(garbage_and_half_a_reply_end_the_connection_and_lose_nothing),
        REPLY_TEST(a_lost_reply_of_a_claim_or_an_apply_sends_nothing_twice),
    };
    if (!getenv("HOOKBUS_TEST_REDIS")) {
        printf("skipped: HOOKBUS_TEST_REDIS=host:port names no Redis (tests/run component starts one)\n");
        return ROOM_SKIPPED;
    }
    return ROOM_RUN(tests);
}
