/* The owner of shards with a real broker (HOOKBUS_TEST_KAFKA) and a real Redis (HOOKBUS_TEST_REDIS). */
#include "component/retry/owner_world.h"

#include <stdlib.h>

static void what_is_due_is_sent_and_a_success_removes_it(void **state)
{
    struct owner_world *world = *state;

    owner_start(world, 0);
    int64_t parked_ms = room_now_ms();
    owner_park(world, &(struct owner_park){.event = owner_publish(world), .due_in_ms = 400, .attempts = 1});
    owner_until_sends(world, 1);
    assert_in_range(world->sends[0].at_ms - parked_ms, 380, 1500);
    assert_int_equal(world->sends[0].event, 0);
    assert_int_equal(world->sends[0].version, 1);
    assert_int_equal(world->sends[0].attempts, 1);
    OWNER_UNTIL(world, owner_entries(world) == 0);
    owner_run(world, 300);
    assert_int_equal(world->sends_count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_due_is_sent_and_a_success_removes_it, owner_setup, owner_teardown),
    };
    if (!getenv("HOOKBUS_TEST_REDIS")) {
        printf("skipped: HOOKBUS_TEST_REDIS=host:port names no Redis (tests/run component starts one)\n");
        return ROOM_SKIPPED;
    }
    return ROOM_RUN(tests);
}
