/* Thousands of schedules in the fake world, each from one seed: whatever comes in whatever order, an offset is stored only when every event below
 * it is done and written down, nothing is sent twice without a crash or a rebalance, and after quiet everything is settled.
 *
 * test_random [schedules [first seed]] */
#include "component/dispatcher/world.h"

#include <signal.h>

#define SCHEDULES 1500
#define STEPS 120
#define PARTITIONS 3

struct run {
    struct world *w;
    uint64_t state;
    bool is_assigned[PARTITIONS];
    bool may_repeat; /* a rebalance or crash happened */
    enum hb_webhook_status status[3];
    int64_t stamp;
    int moved;
    uintptr_t resends; /* given so far */
    bool is_given[WORLD_RESENDS];
};

static uint64_t next(struct run *run)
{
    run->state += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t z = run->state;
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}
static int below(struct run *run, int n) { return (int)(next(run) % (uint64_t)n); }

static const char *const IDS[3] = {"wh_0", "wh_1", "wh_2"};
static const char *const TYPES[3] = {"*", "order.paid,order.created", "order.paid"};

static void put_webhook(struct run *run, int i, const char *url, bool is_new)
{
    const struct fake_webhook spec = {.id = IDS[i], .types = TYPES[i], .url = url, .status = run->status[i]};
    if (is_new)
        world_add_webhook(run->w, &spec);
    else
        world_change_webhook(run->w, &spec);
}

/* ---- what may happen ---- */

static void publish(struct run *run)
{
    for (int i = below(run, 8); i >= 0; i--) {
        int p = below(run, PARTITIONS);
        char id[64], stamp[24];
        (void)snprintf(id, sizeof id, "e-0-%d-%lld", p, (long long)fake_kafka_end(0, p));
        (void)snprintf(stamp, sizeof stamp, "%lld", (long long)run->stamp + below(run, 3));
        struct fake_event event = {.store = "shop", .subject = "s", .id = id, .type = "order.created", .value = "{\"n\":1}"};
        unsigned webhooks = 3u;
        switch (below(run, 12)) {
        case 0:
            event.value = "{no json";
            world_expect_whole(run->w, 0, p, fake_kafka_end(0, p));
            break;
        case 1:
            event.store = "nobody";
            world_expect_whole(run->w, 0, p, fake_kafka_end(0, p));
            break;
        case 2:
            event.stamp = stamp;
            break;
        case 3:
        case 4:
            event.type = "order.paid";
            webhooks = 7u;
            break;
        case 5:
            event.type = "cart.abandoned";
            webhooks = 1u;
            break;
        default:
            break;
        }
        (void)world_append(run->w, 0, p, &event, webhooks);
    }
}

/* As the owner does: asks for room, gives at most so many; each ends once. */
static void resend(struct run *run)
{
    if (!run->w->owner.is_there)
        return;
    const char *webhook = IDS[below(run, 3)];
    struct hb_resend_room room = world_room(run->w, webhook);
    run->w->owner.owns = below(run, 3) != 0;
    for (int i = 0; i < room.slots && run->resends < WORLD_RESENDS; i++) {
        const struct hb_resend due = {.version = 1 + below(run, 5), .attempts = below(run, 4), .first_failed = {1}, .is_probe = room.is_probe,
                                      .position = {0, 0, WORLD_OFFSETS - 1, {1}}};
        if (world_resend(run->w, run->resends, webhook, &due) == HB_OK)
            run->is_given[run->resends++] = true;
    }
}

static void check_resends(const struct run *run, bool is_quiet)
{
    for (uintptr_t i = 0; i < WORLD_RESENDS; i++) {
        assert_in_range(run->w->owner.ended[i], 0, run->is_given[i]);
        if (is_quiet)
            assert_int_equal(run->w->owner.ended[i], run->is_given[i]);
    }
}

static void answer(struct run *run)
{
    static const int STATUSES[] = {200, 200, 200, 204, 404, 410, 429, 500, 503};
    for (int i = below(run, 6); i >= 0; i--) {
        int count = fake_http_pending_count(run->w->http);
        if (count == 0)
            return;
        struct fake_request *request = fake_http_pending(run->w->http);
        for (int at = below(run, count); at > 0; at--)
            request = request->next;
        if (below(run, 5) == 0)
            fake_http_fail(run->w->http, request, below(run, 2) ? HB_FAILURE_TIMEOUT : HB_FAILURE_OURS);
        else
            fake_http_answer(run->w->http, request, STATUSES[below(run, 9)]);
    }
}

static void acknowledge(struct run *run)
{
    static const enum hb_err ERRORS[] = {HB_ERR_TIMEOUT, HB_ERR_BROKER, HB_ERR_TOO_LARGE};
    for (int i = below(run, 4); i >= 0; i--) {
        int count = fake_kafka_pending_count();
        if (count == 0)
            return;
        struct fake_record *record = fake_kafka_pending();
        for (int at = below(run, count); at > 0; at--)
            record = record->next;
        fake_kafka_ack(record, below(run, 6) == 0 ? ERRORS[below(run, 3)] : HB_OK);
    }
}

static void change_webhook(struct run *run)
{
    static const char *const URLS[] = {"receiver.example", "other.example", "third.example", "bad:url"};
    int i = below(run, 3);
    run->status[i] = below(run, 2) ? HB_WEBHOOK_ACTIVE : below(run, 2) ? HB_WEBHOOK_PAUSED : HB_WEBHOOK_DISABLED;
    put_webhook(run, i, URLS[below(run, 4)], false);
}

static void rebalance(struct run *run)
{
    int p = below(run, PARTITIONS);
    if (run->is_assigned[p]) {
        fake_kafka_revoke(0, p);
        run->may_repeat = true;
    } else {
        fake_kafka_assign(0, p);
    }
    run->is_assigned[p] = !run->is_assigned[p];
}

static void assign_all(struct run *run)
{
    for (int p = 0; p < PARTITIONS; p++)
        if (!run->is_assigned[p])
            fake_kafka_assign(0, p);
    memset(run->is_assigned, true, sizeof run->is_assigned);
}

static void crash(struct run *run)
{
    world_crash(run->w);
    check_resends(run, true);
    run->may_repeat = true;
    memset(run->is_assigned, 0, sizeof run->is_assigned);
    fake_registry_set_applied(run->w->registry, run->stamp);
    world_start(run->w);
    assign_all(run);
}

static void step(struct run *run, bool is_rough)
{
    static const int TIMES_MS[] = {1, 10, 51, 200, 1000, 6000};
    switch (below(run, is_rough ? 14 : 12)) {
    case 0:
    case 1:
        publish(run);
        break;
    case 2:
    case 3:
        answer(run);
        break;
    case 4:
    case 5:
        acknowledge(run);
        break;
    case 6:
        fake_kafka_commit(below(run, 4) != 0);
        break;
    case 7:
        fake_loop_advance(run->w->loop, TIMES_MS[below(run, 6)]);
        break;
    case 8:
        change_webhook(run);
        break;
    case 9:
        run->stamp += below(run, 3);
        fake_registry_set_applied(run->w->registry, run->stamp);
        fake_registry_set_end(run->w->registry, run->stamp + 5);
        break;
    case 10:
        fake_kafka_refuse(below(run, 3) == 0 ? HB_ERR_FULL : HB_OK);
        break;
    case 11:
        resend(run);
        break;
    case 12:
        rebalance(run);
        break;
    default:
        if (below(run, 4) == 0)
            crash(run);
        break;
    }
    if (below(run, 3))
        world_settle(run->w);
}

/* ---- what must hold ---- */

static bool has_seat_at(const struct hb_dispatcher *d, const struct hb_host *host)
{
    size_t state = 0;
    for (struct hb_lane *lane; (lane = hb_map_next(&d->lanes.by_webhook, &state)) != NULL;)
        if (lane->host == host && hb_turns_has(&lane->seat))
            return true;
    return false;
}

static void check_counters(const struct run *run)
{
    const struct hb_dispatcher *d = run->w->dispatcher;
    size_t waiting = 0, resends = 0, in_time = 0, state = 0;
    int in_flight = 0;
    for (struct hb_lane *lane; (lane = hb_map_next(&d->lanes.by_webhook, &state)) != NULL;) {
        size_t queued = 0;
        for (struct hb_delivery *delivery = lane->first; delivery; delivery = delivery->next)
            queued++;
        assert_int_equal(queued, lane->waiting);
        waiting += queued;
        in_flight += lane->in_flight;
        queued = 0;
        for (struct hb_delivery *delivery = lane->first_resend; delivery; delivery = delivery->next)
            queued++;
        resends += queued;
        in_time += lane->late_since.us == 0 ? lane->waiting : 0;
    }
    assert_int_equal(resends, d->admit.resends_waiting);
    assert_int_equal(in_time, d->admit.in_time);
    check_resends(run, false);
    assert_int_equal(waiting, d->admit.waiting);
    assert_int_equal(in_flight, d->admit.in_flight);
    assert_int_equal(in_flight, fake_http_pending_count(run->w->http));
    state = 0;
    for (struct hb_host *host; (host = hb_map_next(&d->lanes.hosts, &state)) != NULL;) {
        assert_in_range(host->in_flight, 0, in_flight);
        /* Somebody will end or begin there, or nobody waits there. */
        assert_true(!host->blocked || host->in_flight > 0 || has_seat_at(d, host));
    }
}

static void check_quiet(const struct run *run)
{
    for (int p = 0; p < PARTITIONS; p++) {
        int64_t end = fake_kafka_end(0, p);
        if (fake_kafka_committed(0, p) != (end > 0 ? end : HB_KAFKA_OFFSET_NONE))
            fail_msg("partition %d is committed to %lld of %lld", p, (long long)fake_kafka_committed(0, p), (long long)end);
        for (int64_t offset = 0; offset < end; offset++)
            for (int i = 0; i < 3 && !run->may_repeat; i++)
                if (run->w->events[0][p][offset].sent[i] > 1)
                    fail_msg("offset %lld of partition %d was sent %lld times to %s", (long long)offset, p,
                             (long long)run->w->events[0][p][offset].sent[i], IDS[i]);
    }
    assert_int_equal(run->w->dispatcher->admit.waiting, 0);
    check_resends(run, true);
    assert_int_equal(run->w->dispatcher->pool.in_use, 0);
}

static void configure(struct run *run)
{
    struct hb_config *c = &run->w->config;
    c->dispatcher_ring_slots = 16;
    c->delivery_window_start = 1 + below(run, 3);
    c->delivery_window_max = 4;
    c->delivery_host_max = 1 + below(run, 4);
    c->delivery_in_flight_max = 2 + below(run, 8);
    c->delivery_waiting_max = 16 + below(run, 32);
    c->dispatcher_attempts_record_bytes = 1024;
    c->dispatcher_attempts_linger_ms = below(run, 2) ? 50 : 0;
    c->delivery_waiting_per_webhook_max = 4 + below(run, 20);
    c->delivery_rest_first_ms = 1000;
    run->w->owner.is_there = below(run, 4) != 0;
    run->w->owner.owns = below(run, 2);
    run->stamp = 10;
    fake_registry_set_applied(run->w->registry, run->stamp);
    fake_registry_set_end(run->w->registry, run->stamp + 5);
    if (below(run, 2)) {
        (void)snprintf(run->w->state_dir, sizeof run->w->state_dir, "/tmp/hookbus-test-XXXXXX");
        assert_non_null(mkdtemp(run->w->state_dir));
        c->dispatcher_state_dir = run->w->state_dir;
    }
}

static void run_schedule(uint64_t seed)
{
    void *world = NULL;
    assert_int_equal(world_setup(&world), 0);
    struct run run = {.w = world, .state = seed};
    bool is_rough = seed % 2 == 1;
    configure(&run);
    for (int i = 0; i < 3; i++)
        put_webhook(&run, i, NULL, true);
    world_start(run.w);
    assign_all(&run);
    for (int i = 0; i < STEPS; i++) {
        step(&run, is_rough);
        check_counters(&run);
        assert_int_equal(run.w->early_stores, 0);
    }
    fake_kafka_refuse(HB_OK);
    fake_registry_set_applied(run.w->registry, run.stamp + 5);
    assign_all(&run);
    world_finish(run.w);
    check_quiet(&run);
    assert_int_equal(run.w->failed, 0);
    assert_int_equal(world_teardown(&world), 0);
}

static int schedules = SCHEDULES;
static uint64_t first_seed = 1, current_seed;

static void on_abort(int number)
{
    (void)number;
    print_error("aborted under seed %llu: test_random 1 %llu\n", (unsigned long long)current_seed, (unsigned long long)current_seed);
}

static void every_schedule_keeps_the_promises(void **state)
{
    (void)state;
    for (int i = 0; i < schedules; i++) {
        current_seed = first_seed + (uint64_t)i;
        run_schedule(current_seed);
    }
    current_seed = 0;
}

static int say_seed(void **state)
{
    (void)state;
    if (current_seed)
        print_error("under seed %llu: test_random 1 %llu\n", (unsigned long long)current_seed, (unsigned long long)current_seed);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 1)
        schedules = atoi(argv[1]);
    if (argc > 2)
        first_seed = strtoull(argv[2], NULL, 10);
    (void)signal(SIGABRT, on_abort);
    const struct CMUnitTest tests[] = {cmocka_unit_test_teardown(every_schedule_keeps_the_promises, say_seed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
