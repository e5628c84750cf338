/* The sweep through a real Kafka: the process with the pen writes the tombstones, all others read them. */
#include "registry/world.h"

#include "registry/registry_internal.h"
#include "replay/sweep.h"

#define KEEP_MS 300
#define EVERY_MS 50

struct fixture {
    struct world world;
    struct process holder, other;
    char admin[80];
};

static bool setup(struct fixture *f)
{
    if (!world_init(&f->world)) {
        skip();
    }
    f->world.sweep_keep_ms = KEEP_MS;
    f->world.sweep_every_ms = EVERY_MS;
    process_init(&f->holder, &f->world, f->world.keyring);
    process_init(&f->other, &f->world, f->world.keyring);
    world_admin(&f->holder, f->admin);
    return true;
}

static void teardown(struct fixture *f)
{
    process_deinit(&f->other);
    process_deinit(&f->holder);
    world_deinit(&f->world);
}

static void expect(struct process *process, const char *token, int status, const char *method, const char *path, const char *body)
{
    struct reply reply = request(process, method, path, token, "*", body);
    if (reply.status != status) {
        fail_msg("%s %s: %d, wanted %d: %s", method, path, reply.status, status, reply.body);
    }
    reply_free(&reply);
}

struct gone {
    const struct process *process;
    const char *key;
    struct process *writer; /* Kafka's time goes on by what is written */
    const char *admin;
};

static bool is_gone(void *user)
{
    const struct gone *gone = user;
    if (hb_registry_record(gone->process->registry, hb_str_c(gone->key)).len == 0) {
        return true;
    }
    struct reply reply = request(gone->writer, "PATCH", "/v1/stores/clock", gone->admin, "*", "{\"name\": \"tick\"}");
    reply_free(&reply);
    return false;
}

static void what_was_deleted_long_ago_is_removed_by_the_holder_of_the_pen_and_its_id_is_free(void **state)
{
    struct fixture f;
    char path[160];
    (void)state;
    setup(&f);
    expect(&f.holder, f.admin, 201, "POST", "/v1/stores", "{\"id\": \"clock\"}");
    expect(&f.holder, f.admin, 201, "POST", "/v1/stores", "{\"id\": \"shop\"}");
    expect(&f.holder, f.admin, 201, "POST", "/v1/stores/shop/keys", "{\"scopes\": [\"read\"]}");
    struct reply made = request(&f.holder, "POST", "/v1/stores/shop/webhooks", f.admin, NULL, "{\"url\": \"https://a.example/\", \"events\": [\"*\"]}");
    assert_int_equal(made.status, 201);
    (void)snprintf(path, sizeof(path), "webhook/shop/%.*s", HB_ARG(reply_text(&made, "id")));
    reply_free(&made);
    expect(&f.holder, f.admin, 204, "DELETE", "/v1/stores/shop", NULL);
    expect(&f.holder, f.admin, 409, "POST", "/v1/stores", "{\"id\": \"shop\"}"); /* not free yet */

    struct gone gone = {&f.other, "store/shop", &f.holder, f.admin};
    world_until(&f.world, is_gone, &gone, "the other process to read that the store's record is gone");
    assert_int_equal(hb_registry_record(f.other.registry, hb_str_c(path)).len, 0);
    assert_int_equal(f.other.registry->keys.count, 1); /* the admin's */
    assert_non_null(hb_registry_store(f.other.registry, HB_STR("clock")));
    assert_int_equal(hb_registry_api_fenced(f.holder.api) + hb_registry_api_fenced(f.other.api), 0); /* one of them, by its pen */
    expect(&f.holder, f.admin, 201, "POST", "/v1/stores", "{\"id\": \"shop\"}");
    struct reply listed = request(&f.holder, "GET", "/v1/stores/shop/webhooks", f.admin, NULL, NULL);
    assert_null(strstr(listed.body, "a.example"));
    reply_free(&listed);
    struct reply audit = request(&f.holder, "GET", "/v1/audit?limit=500", f.admin, NULL, NULL);
    assert_null(strstr(audit.body, "sweep"));
    assert_non_null(strstr(audit.body, "store.delete"));
    reply_free(&audit);
    teardown(&f);
}

/* ---- replay jobs ---- */

struct jobs {
    struct hb_registry *registry;
    struct hb_log_context log;
    int64_t offset;
};

static void feed(struct jobs *jobs, const char *key, const char *value)
{
    struct registry_input input = {hb_str_c(key), value ? hb_str_c(value) : (struct hb_str){NULL, 0}, jobs->offset++, {HB_MS_PER_HOUR * 24 * 100}};
    assert_int_equal(hb_registry_apply(jobs->registry, &input), HB_OK);
}

#define JOB(id) "{\"v\":1,\"id\":\"" id "\",\"store\":\"s1\"}"
#define STATE(status, at) "{\"v\":1,\"status\":\"" status "\",\"at\":\"1970-0" at "T00:00:00.000Z\",\"worker\":\"w\",\"total\":1,\"selected\":1,\"gone\":0,\"reason\":\"\"}"

static void a_replay_job_goes_36_days_after_its_end_and_its_state_after_it(void **state)
{
    struct jobs jobs = {.log = hb_log_root(NULL)};
    struct hb_registry_options options = {.log = &jobs.log};
    static struct hb_sweep_due due;
    const struct hb_wall now = {HB_MS_PER_HOUR * 24 * 100}; /* the 11th of April */
    (void)state;
    assert_int_equal(hb_registry_make(&options, &jobs.registry), HB_OK);
    feed(&jobs, "replay/s1/rpl_old", JOB("rpl_old"));
    feed(&jobs, "replay-state/rpl_old", STATE("done", "3-01"));
    feed(&jobs, "replay/s1/rpl_new", JOB("rpl_new"));
    feed(&jobs, "replay-state/rpl_new", STATE("failed", "3-20"));
    feed(&jobs, "replay/s1/rpl_runs", JOB("rpl_runs"));
    feed(&jobs, "replay-state/rpl_runs", STATE("running", "1-01"));
    feed(&jobs, "replay/s1/rpl_waits", JOB("rpl_waits"));
    hb_sweep_look(jobs.registry, now, HB_DELETED_COUNTS_MS, hb_replay_sweep, &due);
    assert_int_equal(due.count, 1);
    assert_string_equal(due.records[0].key, "replay/s1/rpl_old");
    feed(&jobs, "replay/s1/rpl_old", NULL);
    hb_sweep_look(jobs.registry, now, HB_DELETED_COUNTS_MS, hb_replay_sweep, &due);
    assert_int_equal(due.count, 1);
    assert_string_equal(due.records[0].key, "replay-state/rpl_old");
    feed(&jobs, "replay-state/rpl_old", NULL);
    hb_sweep_look(jobs.registry, now, HB_DELETED_COUNTS_MS, hb_replay_sweep, &due);
    assert_int_equal(due.count, 0);
    hb_registry_free(&jobs.registry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_deleted_long_ago_is_removed_by_the_holder_of_the_pen_and_its_id_is_free),
        cmocka_unit_test(a_replay_job_goes_36_days_after_its_end_and_its_state_after_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
