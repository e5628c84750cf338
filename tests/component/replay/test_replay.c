#include "component/replay/rig.h"

struct fixture {
    struct rig rig;
    struct rig_process process;
};

/* One set of topics for all tests: some two hundred partitions. */
static int open_world(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    *state = f;
    (void)rig_init(&f->rig);
    return 0;
}

static int close_world(void **state)
{
    struct fixture *f = *state;
    if (f->rig.world.brokers)
        rig_deinit(&f->rig);
    free(f);
    return 0;
}

static int setup(void **state)
{
    struct fixture *f = *state;
    if (f->rig.world.brokers) {
        rig_begin(&f->rig, NULL);
        rig_process_init(&f->process, &f->rig);
    }
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    if (f->process.outbox)
        rig_process_kill(&f->process);
    return 0;
}

static struct fixture *of(void **state)
{
    struct fixture *f = *state;
    if (!f->rig.world.brokers)
        skip();
    return f;
}

static void put_dead(struct fixture *f, int from, int count)
{
    for (int i = from; i < from + count; i++)
        rig_journal(&f->rig, &f->process, i, HB_DELIVERY_DEAD, 11);
    rig_flush(&f->rig, &f->process);
}

static void turn(struct fixture *f, int times)
{
    for (int i = 0; i < times; i++)
        hb_loop_run_once(&*f->rig.world.loop, 10);
}

/* ---- counting ---- */

static void a_dry_run_says_how_many_of_each_state_and_what_is_gone(void **state)
{
    struct fixture *f = of(state);
    struct rig *rig = &f->rig;
    int64_t gone = 0;
    char members[256];
    rig_publish(rig, "order.created", 60);
    rig_publish(rig, "product.updated", 20);
    for (int i = 0; i < 10; i++)
        rig_journal(rig, &f->process, i, HB_DELIVERY_DEAD, 11);
    for (int i = 10; i < 15; i++)
        rig_journal(rig, &f->process, i, HB_DELIVERY_PARKED, 2);
    for (int i = 15; i < 18; i++)
        rig_journal(rig, &f->process, i, HB_DELIVERY_HELD, 11);
    for (int i = 18; i < 20; i++) { /* parked, then delivered */
        rig_journal(rig, &f->process, i, HB_DELIVERY_PARKED, 1);
        rig_journal(rig, &f->process, i, HB_DELIVERY_DELIVERED, 2);
    }
    rig_journal(rig, &f->process, 60, HB_DELIVERY_DEAD, 11); /* a product */
    rig_journal(rig, &f->process, 61, HB_DELIVERY_EXPIRED, 12);
    for (int i = 20; i < 40; i++)
        rig_line(rig, &f->process, i, "delivered");
    for (int i = 40; i < 47; i++)
        rig_line(rig, &f->process, i, "skipped");
    rig_line(rig, &f->process, 46, "delivered");
    rig->events[62].position.offset = 1000000; /* a place that never was */
    rig_line(rig, &f->process, 62, "skipped");
    rig_flush(rig, &f->process);

    assert_int_equal(rig_count(rig, "", NULL), 11); /* dead, when nothing is said */
    assert_int_equal(rig_count(rig, "\"states\":[\"dead\"],\"types\":[\"order.*\"]", NULL), 10);
    assert_int_equal(rig_count(rig, "\"states\":[\"dead\"],\"types\":[\"order.paid\"]", NULL), 0);
    assert_int_equal(rig_count(rig, "\"states\":[\"dead\"],\"subjects\":[\"s0\",\"s1\"]", NULL), 3);
    (void)snprintf(members, sizeof members, "\"states\":[\"dead\",\"parked\"],\"events\":[\"%s\",\"%s\",\"%s\"]", rig->events[1].id,
                   rig->events[12].id, rig->events[30].id);
    assert_int_equal(rig_count(rig, members, NULL), 2);
    assert_int_equal(rig_count(rig, "\"states\":[\"parked\",\"held\"]", NULL), 8);
    assert_int_equal(rig_count(rig, "\"states\":[\"expired\"]", NULL), 1);
    assert_int_equal(rig_count(rig, "\"states\":[\"delivered\"]", NULL), 23); /* two by the journal's word alone */
    assert_int_equal(rig_count(rig, "\"states\":[\"skipped\"]", &gone), 6);
    assert_int_equal(gone, 1);
    char range[128], now[HB_WALL_TEXT_MAX];
    (void)hb_wall_format((struct hb_wall){rig->events[0].position.appended.ms - HB_MS_PER_HOUR}, now);
    (void)snprintf(range, sizeof range, "\"until\":\"%s\"", now);
    assert_int_equal(rig_count(rig, range, NULL), 0);
    (void)snprintf(range, sizeof range, "\"since\":\"%s\"", now);
    assert_int_equal(rig_count(rig, range, NULL), 11);
}

static void what_is_missing_is_what_the_webhook_wants_now_and_nobody_knows_of(void **state)
{
    static const struct {
        const char *events;
        int missing;
        bool has_filter; /* of two events */
    } ROWS[] = {
        /* 30 orders, of which 10 were delivered and 4 are dead; 5 products. */
        {"order.*", 16, false},
        {"*", 21, false},
        {"*", 1, true},
    };
    struct fixture *f = of(state);
    struct rig *rig = &f->rig;
    for (size_t row = 0; row < sizeof ROWS / sizeof *ROWS; row++) {
        char webhook[256], filter[128] = "";
        if (ROWS[row].has_filter)
            (void)snprintf(filter, sizeof filter, ",\"filter\":{\"id\":[\"evt_%d_20\",\"evt_%d_5\"]}", rig->series + 1, rig->series + 1);
        (void)snprintf(webhook, sizeof webhook, "{\"url\":\"https://shop.example/hooks\",\"events\":[\"%s\"]%s}", ROWS[row].events, filter);
        rig_begin(rig, webhook);
        rig_publish(rig, "order.created", 30);
        rig_publish(rig, "product.updated", 5);
        for (int i = 0; i < 10; i++)
            rig_line(rig, &f->process, i, "delivered");
        for (int i = 10; i < 14; i++)
            rig_journal(rig, &f->process, i, HB_DELIVERY_DEAD, 11);
        rig_line(rig, &f->process, 14, "skipped");
        rig_flush(rig, &f->process);
        /* All of it is younger than the grace for what may be on its way; without that: */
        assert_int_equal(rig_count(rig, "\"states\":[\"missing\"]", NULL), 0);
        assert_int_equal(rig_count_missing(rig), ROWS[row].missing);
    }
}

/* ---- running ---- */

static void a_job_killed_half_way_goes_on_and_sends_each_once(void **state)
{
    enum { COUNT = 1200, RATE = 300 };
    struct fixture *f = of(state);
    struct rig *rig = &f->rig;
    char job[HB_ID_MAX + 1];
    rig_publish(rig, "order.created", COUNT);
    put_dead(f, 0, COUNT);
    assert_int_equal(rig_count(rig, "", NULL), COUNT);
    rig_create(rig, "\"rate\":300", job);
    rig_until_status(rig, job, "running");
    while (rig_progress(rig, job, "selected") < COUNT / 3)
        turn(f, 10);
    rig_process_kill(&f->process);
    int64_t before = rig_progress(rig, job, "selected");
    assert_true(before < COUNT);
    rig_process_init(&f->process, rig);
    rig_until_status(rig, job, "done");
    struct rig_found found = rig_find(rig, job);
    print_message("killed at %lld of %d; %d records of %d deliveries, at most %d in a second\n", (long long)before, COUNT,
                  found.records, found.ids, found.most_in_a_second);
    assert_int_equal(found.ids, COUNT);
    assert_int_equal(found.versions, 1);
    assert_int_equal(found.records, COUNT); /* what was in flight carries the job, and is not taken again */
    assert_true(found.is_in_order);
    assert_in_range(found.most_in_a_second, 1, 2 * RATE + RATE / 10);
    assert_int_equal(rig_progress(rig, job, "total"), COUNT);
    assert_int_equal(rig_progress(rig, job, "selected"), COUNT);
}

static void run_twice_the_second_job_finds_nothing_dead(void **state)
{
    struct fixture *f = of(state);
    struct rig *rig = &f->rig;
    char first[HB_ID_MAX + 1], second[HB_ID_MAX + 1];
    rig_publish(rig, "order.created", 50);
    put_dead(f, 0, 50);
    rig_create(rig, "\"rate\":1000", first);
    rig_until_status(rig, first, "done");
    rig_create(rig, "\"rate\":1000", second);
    rig_until_status(rig, second, "done");
    assert_int_equal(rig_progress(rig, first, "selected"), 50);
    assert_int_equal(rig_progress(rig, second, "total"), 0);
    assert_int_equal(rig_find(rig, second).records, 0);
}

static void of_two_jobs_made_at_once_the_second_waits_and_finds_nothing(void **state)
{
    struct fixture *f = of(state);
    struct rig *rig = &f->rig;
    char first[HB_ID_MAX + 1], second[HB_ID_MAX + 1];
    rig_publish(rig, "order.created", 150);
    put_dead(f, 0, 150);
    rig_create(rig, "\"rate\":100", first);
    rig_create(rig, "\"rate\":100", second);
    rig_until_status(rig, second, "done");
    assert_int_equal(rig_progress(rig, first, "selected") + rig_progress(rig, second, "selected"), 150);
    assert_int_equal(rig_find(rig, first).records + rig_find(rig, second).records, 150);
}

static void a_paused_job_selects_nothing_and_a_resumed_one_the_rest(void **state)
{
    struct fixture *f = of(state);
    struct rig *rig = &f->rig;
    char job[HB_ID_MAX + 1], path[256];
    rig_publish(rig, "order.created", 300);
    put_dead(f, 0, 300);
    rig_create(rig, "\"rate\":50,\"once\":true", job);
    assert_memory_equal(job, "once_rpl_", 9);
    rig_until_status(rig, job, "running");
    (void)snprintf(path, sizeof path, "/v1/stores/demo/replays/%s/pause", job);
    struct reply reply = rig_ask(rig, 200, "POST", path, NULL);
    reply_free(&reply);
    turn(f, 300);
    int64_t selected = rig_progress(rig, job, "selected");
    turn(f, 200);
    assert_int_equal(rig_progress(rig, job, "selected"), selected);
    assert_in_range(selected, 1, 250);
    assert_int_equal(rig_find(rig, job).records, selected);
    (void)snprintf(path, sizeof path, "/v1/stores/demo/replays/%s/resume", job);
    reply = rig_ask(rig, 200, "POST", path, NULL);
    reply_free(&reply);
    rig_until_status(rig, job, "done");
    assert_int_equal(rig_find(rig, job).records, 300);
}

static void a_cancelled_job_ends_and_cannot_be_resumed(void **state)
{
    struct fixture *f = of(state);
    struct rig *rig = &f->rig;
    char job[HB_ID_MAX + 1], path[256];
    rig_publish(rig, "order.created", 300);
    put_dead(f, 0, 300);
    rig_create(rig, "\"rate\":20", job);
    rig_until_status(rig, job, "running");
    (void)snprintf(path, sizeof path, "/v1/stores/demo/replays/%s/cancel", job);
    struct reply reply = rig_ask(rig, 200, "POST", path, NULL);
    reply_free(&reply);
    rig_until_status(rig, job, "cancelled");
    turn(f, 250);
    int records = rig_find(rig, job).records;
    turn(f, 150);
    assert_int_equal(rig_find(rig, job).records, records);
    assert_in_range(records, 0, 200);
    (void)snprintf(path, sizeof path, "/v1/stores/demo/replays/%s/resume", job);
    reply = rig_ask(rig, 409, "POST", path, NULL);
    reply_free(&reply);
}

static void of_very_many_jobs_the_oldest_that_ended_are_forgotten(void **state)
{
    struct fixture *f = of(state);
    struct rig *rig = &f->rig;
    char job[HB_ID_MAX + 1];
    char body[128];
    struct reply reply = rig_ask(rig, 200, "GET", "/v1/stores/demo/replays", NULL);
    rig_old_jobs(rig, &f->process, HB_REPLAY_STORE_JOBS_MAX - (int)hb_json_count(hb_json_get(reply.json, "items")));
    reply_free(&reply);
    (void)snprintf(body, sizeof body, "{\"webhook\":\"%s\"}", rig->webhook);
    reply = rig_ask(rig, 409, "POST", "/v1/stores/demo/replays", body); /* full: forgets one for the next */
    reply_free(&reply);
    rig_until_forgotten(rig, "replay/demo/rpl_old_0000");
    rig_until_forgotten(rig, "replay-state/rpl_old_0000");
    rig_create(rig, "", job);
    rig_until_forgotten(rig, "replay-state/rpl_old_0001");
    reply = rig_ask(rig, 200, "GET", "/v1/stores/demo/replays", NULL);
    assert_int_equal(hb_json_count(hb_json_get(reply.json, "items")), HB_REPLAY_LIST_MAX);
    reply_free(&reply);
    rig_until_status(rig, job, "done");
}

static void more_deliveries_than_the_limit_are_refused_with_a_hint(void **state)
{
    struct fixture *f = of(state);
    struct rig *rig = &f->rig;
    char job[HB_ID_MAX + 1], body[256];
    rig_publish(rig, "order.created", 3100); /* the rig's limit is 3,000 */
    put_dead(f, 0, 3100);
    (void)snprintf(body, sizeof body, "{\"webhook\":\"%s\",\"dry_run\":true}", rig->webhook);
    struct reply reply = rig_ask(rig, 422, "POST", "/v1/stores/demo/replays", body);
    assert_non_null(strstr(reply.body, "narrow it"));
    reply_free(&reply);
    rig_create(rig, "", job);
    rig_until_status(rig, job, "failed");
}

static void who_may_not_or_asks_for_the_wrong_is_told(void **state)
{
    struct fixture *f = of(state);
    struct rig *rig = &f->rig;
    char path[256], id[HB_ID_MAX + 1], body[512];
    static const struct {
        int status;
        const char *members;
    } ROWS[] = {{422, "\"states\":[\"lost\"]"},      {422, "\"states\":[]"},
                {422, "\"rate\":0"},                 {422, "\"rate\":20000"},
                {422, "\"since\":\"yesterday\""},    {422, "\"since\":\"2020-01-01T00:00:00Z\""},
                {422, "\"types\":[\"Order\"]"},      {422, "\"odd\":1"},
                {422, "\"events\":[\"a b\"]"},       {422, "\"once\":1"}};
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        (void)snprintf(body, sizeof body, "{\"webhook\":\"%s\",%s}", rig->webhook, ROWS[i].members);
        struct reply reply = rig_ask(rig, ROWS[i].status, "POST", "/v1/stores/demo/replays", body);
        reply_free(&reply);
    }
    char *large = malloc(100001);
    memset(large, ' ', 100000);
    large[100000] = 0;
    struct reply reply = rig_ask(rig, 413, "POST", "/v1/stores/demo/replays", large);
    free(large);
    reply_free(&reply);
    reply = rig_ask(rig, 404, "POST", "/v1/stores/demo/replays", "{\"webhook\":\"wh_none\"}");
    reply_free(&reply);
    reply = rig_ask(rig, 404, "GET", "/v1/stores/demo/replays/rpl_none", NULL);
    reply_free(&reply);
    reply = rig_ask(rig, 404, "POST", "/v1/stores/demo/replays/rpl_none/pause", NULL);
    reply_free(&reply);
    reply = request(&rig->api, "GET", "/v1/stores/demo/replays", NULL, NULL, NULL);
    assert_int_equal(reply.status, 401);
    reply_free(&reply);
    rig_webhook(rig, NULL, id);
    (void)snprintf(path, sizeof path, "/v1/stores/demo/webhooks/%s/disable", id);
    reply = rig_ask(rig, 200, "POST", path, NULL);
    reply_free(&reply);
    (void)snprintf(body, sizeof body, "{\"webhook\":\"%s\"}", id);
    reply = rig_ask(rig, 409, "POST", "/v1/stores/demo/replays", body);
    assert_non_null(strstr(reply.body, "enable it first"));
    reply_free(&reply);
    /* Another store's key sees neither webhook nor job. */
    reply = rig_ask(rig, 201, "POST", "/v1/stores", "{\"id\":\"other\"}");
    reply_free(&reply);
    (void)snprintf(body, sizeof body, "{\"webhook\":\"%s\"}", rig->webhook);
    reply = rig_ask(rig, 404, "POST", "/v1/stores/other/replays", body);
    reply_free(&reply);
}

static void a_job_of_a_webhook_disabled_meanwhile_waits_until_it_is_enabled(void **state)
{
    struct fixture *f = of(state);
    struct rig *rig = &f->rig;
    char job[HB_ID_MAX + 1], path[256];
    rig_publish(rig, "order.created", 200);
    put_dead(f, 0, 200);
    rig_create(rig, "\"rate\":50", job);
    rig_until_status(rig, job, "running");
    (void)snprintf(path, sizeof path, "/v1/stores/demo/webhooks/%s/disable", rig->webhook);
    struct reply reply = rig_ask(rig, 200, "POST", path, NULL);
    reply_free(&reply);
    rig_until_status(rig, job, "waiting");
    int records = rig_find(rig, job).records;
    turn(f, 100);
    assert_int_equal(rig_find(rig, job).records, records);
    (void)snprintf(path, sizeof path, "/v1/stores/demo/webhooks/%s/enable", rig->webhook);
    reply = rig_ask(rig, 200, "POST", path, NULL);
    reply_free(&reply);
    rig_until_status(rig, job, "done");
    assert_int_equal(rig_find(rig, job).ids, 200);
}

static void a_job_of_a_webhook_deleted_meanwhile_fails_and_says_why(void **state)
{
    struct fixture *f = of(state);
    struct rig *rig = &f->rig;
    char job[HB_ID_MAX + 1], path[256];
    rig_publish(rig, "order.created", 200);
    put_dead(f, 0, 200);
    rig_create(rig, "\"rate\":20", job);
    rig_until_status(rig, job, "running");
    (void)snprintf(path, sizeof path, "/v1/stores/demo/webhooks/%s", rig->webhook);
    struct reply reply = request(&rig->api, "DELETE", path, rig->admin, "*", NULL);
    assert_int_equal(reply.status, 204);
    reply_free(&reply);
    rig_until_status(rig, job, "failed");
    (void)snprintf(path, sizeof path, "/v1/stores/demo/replays/%s", job);
    reply = rig_ask(rig, 200, "GET", path, NULL);
    assert_true(hb_str_eq(reply_text(&reply, "reason"), HB_STR("webhook_deleted")));
    reply_free(&reply);
    (void)snprintf(path, sizeof path, "{\"webhook\":\"%s\"}", rig->webhook);
    reply = rig_ask(rig, 410, "POST", "/v1/stores/demo/replays", path);
    reply_free(&reply);
}

static void a_job_goes_with_its_shard(void **state)
{
    struct fixture *f = of(state);
    struct rig *rig = &f->rig;
    struct rig_process other;
    char job[HB_ID_MAX + 1];
    rig_publish(rig, "order.created", 300);
    put_dead(f, 0, 300);
    rig_process_init(&other, rig);
    other.owns = false;
    rig_create(rig, "\"rate\":100", job);
    while (rig_progress(rig, job, "selected") < 50)
        turn(f, 10);
    assert_int_equal(hb_replay_runner_active(other.runner), 0);
    f->process.owns = false;
    while (hb_replay_runner_active(f->process.runner) > 0)
        turn(f, 10);
    other.owns = true;
    rig_until_status(rig, job, "done");
    struct rig_found found = rig_find(rig, job);
    assert_int_equal(found.ids, 300);
    assert_int_equal(found.records, 300);
    rig_process_kill(&other);
}

/* ---- turns ---- */

struct where {
    struct fixture *f;
    char path[256];
    const char *status, *reason; /* reason NULL: any */
};

static bool is_where(void *user)
{
    struct where *where = user;
    struct reply reply = rig_ask(&where->f->rig, 200, "GET", where->path, NULL);
    struct hb_str reason = {NULL, 0};
    (void)hb_json_str(hb_json_get(reply.json, "reason"), &reason);
    bool is = hb_str_eq(reply_text(&reply, "status"), hb_str_c(where->status)) &&
              (!where->reason || hb_str_eq(reason, hb_str_c(where->reason)));
    reply_free(&reply);
    return is;
}

static void until(struct fixture *f, const char *store, const char *job, const char *status, const char *reason)
{
    struct where where = {.f = f, .status = status, .reason = reason};
    (void)snprintf(where.path, sizeof where.path, "/v1/stores/%s/replays/%s", store, job);
    world_until(&f->rig.world, is_where, &where, status);
}

static void ask(struct fixture *f, const char *store, const char *job, const char *verb)
{
    char path[256];
    (void)snprintf(path, sizeof path, "/v1/stores/%s/replays/%s/%s", store, job, verb);
    struct reply reply = rig_ask(&f->rig, 200, "POST", path, NULL);
    reply_free(&reply);
}

/* A store of its own with a webhook; ret_body makes a job of it. */
static void add_store(struct fixture *f, const char *store, char ret_body[128])
{
    char text[256];
    (void)snprintf(text, sizeof text, "{\"id\":\"%s\"}", store);
    struct reply reply = rig_ask(&f->rig, 201, "POST", "/v1/stores", text);
    reply_free(&reply);
    (void)snprintf(text, sizeof text, "/v1/stores/%s/webhooks", store);
    reply = rig_ask(&f->rig, 201, "POST", text, "{\"url\":\"https://shop.example/hooks\",\"events\":[\"*\"]}");
    (void)snprintf(ret_body, 128, "{\"webhook\":\"%.*s\"}", HB_ARG(reply_text(&reply, "id")));
    reply_free(&reply);
}

static void make(struct fixture *f, const char *store, const char *body, char ret_job[HB_ID_MAX + 1])
{
    char path[128];
    (void)snprintf(path, sizeof path, "/v1/stores/%s/replays", store);
    struct reply reply = rig_ask(&f->rig, 201, "POST", path, body);
    (void)snprintf(ret_job, HB_ID_MAX + 1, "%.*s", HB_ARG(reply_text(&reply, "id")));
    reply_free(&reply);
}

static void jobs_that_are_paused_take_no_place_from_other_stores(void **state)
{
    enum { JOBS = HB_REPLAY_RUNS_MAX + 2 };
    struct fixture *f = of(state);
    char body[128], victim[128], jobs[JOBS][HB_ID_MAX + 1], job[HB_ID_MAX + 1];
    add_store(f, "aaa", body);
    add_store(f, "zzz", victim);
    for (int i = 0; i < JOBS; i++) {
        make(f, "aaa", body, jobs[i]);
        ask(f, "aaa", jobs[i], "pause");
    }
    turn(f, 150);
    make(f, "zzz", victim, job);
    until(f, "zzz", job, "done", NULL);
    ask(f, "aaa", jobs[JOBS - 1], "resume");
    until(f, "aaa", jobs[JOBS - 1], "done", NULL);
    for (int i = 0; i < JOBS - 1; i++)
        ask(f, "aaa", jobs[i], "cancel");
    until(f, "aaa", jobs[JOBS - 2], "cancelled", NULL);
}

/* Four long jobs in all lists there are, and more than all runs there are: another store's job goes before them. */
static void a_store_with_many_long_jobs_leaves_room_for_another(void **state)
{
    enum { LONG = HB_REPLAY_ACTIVE_MAX, EACH = 30, FURTHER = HB_REPLAY_RUNS_MAX + 2 };
    struct fixture *f = of(state);
    struct rig *rig = &f->rig;
    char body[128], jobs[LONG][HB_ID_MAX + 1], further[FURTHER][HB_ID_MAX + 1], job[HB_ID_MAX + 1];
    add_store(f, "zz", body);
    rig_publish(rig, "order.created", EACH);
    for (int i = 0; i < LONG; i++) {
        if (i > 0)
            rig_webhook(rig, NULL, rig->webhook);
        put_dead(f, 0, EACH);
        rig_create(rig, "\"rate\":1", jobs[i]);
        until(f, "demo", jobs[i], "running", NULL);
    }
    for (int i = 0; i < FURTHER; i++)
        rig_create(rig, "", further[i]);
    until(f, "demo", further[FURTHER - 1], "waiting", "its_turn");
    make(f, "zz", body, job);
    until(f, "zz", job, "done", NULL);
    int64_t selected = 0;
    for (int i = 0; i < LONG; i++)
        selected += rig_progress(rig, jobs[i], "selected");
    assert_in_range(selected, 0, LONG * EACH - 1); /* before they were through */
    for (int i = 0; i < FURTHER; i++)
        ask(f, "demo", further[i], "cancel");
    for (int i = 0; i < LONG; i++)
        until(f, "demo", jobs[i], "done", NULL);
    for (int i = 0; i < LONG; i++)
        assert_int_equal(rig_progress(rig, jobs[i], "selected"), EACH);
    struct rig_found found = rig_find(rig, jobs[LONG - 1]);
    assert_int_equal(found.ids, EACH);
    assert_int_equal(found.records, EACH); /* also of the one that gave its list back */
    for (int i = 0; i < FURTHER; i++)
        until(f, "demo", further[i], "cancelled", NULL);
}

static void a_second_count_that_finds_more_is_the_total(void **state)
{
    struct fixture *f = of(state);
    struct rig *rig = &f->rig;
    char job[HB_ID_MAX + 1], key[128];
    rig_publish(rig, "order.created", 20);
    put_dead(f, 0, 20);
    f->process.owns = false;
    rig_create(rig, "\"rate\":1000", job);
    (void)snprintf(key, sizeof key, "replay-state/%s", job);
    rig_registry(rig, &f->process, key,
                 "{\"v\":1,\"status\":\"running\",\"at\":\"2026-01-01T00:00:00.000Z\",\"worker\":\"w\",\"total\":5,"
                 "\"selected\":0,\"gone\":0}");
    f->process.owns = true;
    rig_until_status(rig, job, "done");
    assert_int_equal(rig_progress(rig, job, "selected"), 20);
    assert_int_equal(rig_progress(rig, job, "total"), 20);
}

static void without_a_retry_queue_a_job_says_why_it_waits(void **state)
{
    struct fixture *f = of(state);
    struct rig *rig = &f->rig;
    struct rig_process idle;
    char job[HB_ID_MAX + 1];
    f->process.owns = false;
    rig_process_init_idle(&idle, rig);
    rig_create(rig, "", job);
    until(f, "demo", job, "waiting", "no_retry_queue");
    rig_process_kill(&idle);
    f->process.owns = true;
    rig_until_status(rig, job, "done");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_dry_run_says_how_many_of_each_state_and_what_is_gone),
        TEST(what_is_missing_is_what_the_webhook_wants_now_and_nobody_knows_of),
        TEST(a_job_killed_half_way_goes_on_and_sends_each_once),
        TEST(run_twice_the_second_job_finds_nothing_dead),
        TEST(of_two_jobs_made_at_once_the_second_waits_and_finds_nothing),
        TEST(a_paused_job_selects_nothing_and_a_resumed_one_the_rest),
        TEST(a_cancelled_job_ends_and_cannot_be_resumed),
        TEST(of_very_many_jobs_the_oldest_that_ended_are_forgotten),
        TEST(more_deliveries_than_the_limit_are_refused_with_a_hint),
        TEST(who_may_not_or_asks_for_the_wrong_is_told),
        TEST(a_job_of_a_webhook_disabled_meanwhile_waits_until_it_is_enabled),
        TEST(a_job_of_a_webhook_deleted_meanwhile_fails_and_says_why),
        TEST(a_job_goes_with_its_shard),
        TEST(jobs_that_are_paused_take_no_place_from_other_stores),
        TEST(a_store_with_many_long_jobs_leaves_room_for_another),
        TEST(a_second_count_that_finds_more_is_the_total),
        TEST(without_a_retry_queue_a_job_says_why_it_waits),
    };
    return cmocka_run_group_tests(tests, open_world, close_world);
}
