#include "registry/world.h"

#include "registry/registry_internal.h"

#define HEADER_SECRET "a-very-secret-header-value"

static void make_store(struct process *process, const char *admin, const char *id)
{
    char body[128];
    (void)snprintf(body, sizeof(body), "{\"id\": \"%s\"}", id);
    struct reply reply = request(process, "POST", "/v1/stores", admin, NULL, body);
    assert_int_equal(reply.status, 201);
    reply_free(&reply);
}

static bool begin(struct world *world)
{
    if (!world_init(world)) {
        skip();
    }
    return true;
}

struct growth {
    const struct process *process;
    int64_t offset;
};

static bool has_grown(void *user)
{
    const struct growth *growth = user;
    return hb_registry_applied(growth->process->registry) > growth->offset;
}

/* The key and the store come by the first process: the second can only be asked once it has read them. */
static void catch_up(struct world *world, const struct process *ahead, const struct process *behind)
{
    struct growth seen = {behind, hb_registry_applied(ahead->registry) - 1};
    world_until(world, has_grown, &seen, "the other process to read what is there");
}

static void two_processes_that_write_in_turn_shut_each_other_out_and_lose_nothing(void **state)
{
    struct world world;
    struct process processes[2];
    char admin[80], etag[32] = "\"1\"";
    (void)state;
    begin(&world);
    process_init(&processes[0], &world, world.keyring);
    process_init(&processes[1], &world, world.keyring);
    world_admin(&processes[0], admin);
    make_store(&processes[0], admin, "turn");
    catch_up(&world, &processes[0], &processes[1]);
    /* Each change is asked of the process that does not hold the pen and, mostly, has not seen the last change yet. */
    for (int i = 0; i < 10; i++) {
        struct reply reply = request(&processes[(i + 1) % 2], "PATCH", "/v1/stores/turn", admin, etag, "{\"name\": \"n\"}");
        if (reply.status != 200) {
            fail_msg("turn %d: %d %s", i, reply.status, reply.body);
        }
        memcpy(etag, reply.etag, sizeof(etag));
        reply_free(&reply);
    }
    assert_string_equal(etag, "\"11\"");
    assert_true(hb_registry_api_fenced(processes[0].api) + hb_registry_api_fenced(processes[1].api) >= 8);
    process_deinit(&processes[0]);
    process_deinit(&processes[1]);
    world_deinit(&world);
}

static bool ask_is_answered(void *user) { return ask_is_done(user); }

static void a_new_holder_judges_nothing_before_it_has_read_what_the_former_one_wrote(void **state)
{
    struct world world;
    struct process processes[2];
    struct ask ask;
    char admin[80];
    (void)state;
    begin(&world);
    process_init(&processes[0], &world, world.keyring);
    process_init(&processes[1], &world, world.keyring);
    world_admin(&processes[0], admin);
    make_store(&processes[0], admin, "late");
    catch_up(&world, &processes[0], &processes[1]);
    /* The second process stops reading, and the first changes the store. */
    hb_watch_set(processes[1].registry->watch, 0);
    hb_timer_stop(processes[1].registry->poll_timer);
    struct reply first = request(&processes[0], "PATCH", "/v1/stores/late", admin, "\"1\"", "{\"name\": \"first\"}");
    assert_int_equal(first.status, 200);
    reply_free(&first);
    /* The second one takes the pen with the revision it knows; once it has written anything at all, it may read again. */
    struct growth written = {&processes[0], hb_registry_applied(processes[0].registry)};
    ask_begin(&ask, &processes[1], "PATCH", "/v1/stores/late", admin, "\"1\"", "{\"name\": \"second\"}");
    world_until(&world, has_grown, &written, "the second process to write");
    hb_watch_set(processes[1].registry->watch, HB_WATCH_READ);
    hb_timer_start(processes[1].registry->poll_timer, 0, 1000);
    struct reply late;
    world_until(&world, ask_is_answered, &ask, "the second process's answer");
    ask_end(&ask, &late);
    assert_int_equal(late.status, 412);
    reply_free(&late);
    process_deinit(&processes[0]);
    process_deinit(&processes[1]);
    world_deinit(&world);
}

#define RIVAL_ASKS 20

struct asks {
    struct ask asks[1000];
    size_t count;
};

static bool asks_are_done(void *user)
{
    struct asks *asks = user;
    bool are_done = true;
    for (size_t i = 0; i < asks->count; i++) {
        are_done &= ask_is_done(&asks->asks[i]);
    }
    return are_done;
}

static void of_rivals_for_one_revision_exactly_one_wins(void **state)
{
    struct world world;
    struct process processes[2];
    char admin[80];
    static struct asks asks;
    size_t won = 0, lost = 0;
    (void)state;
    begin(&world);
    process_init(&processes[0], &world, world.keyring);
    process_init(&processes[1], &world, world.keyring);
    world_admin(&processes[0], admin);
    make_store(&processes[0], admin, "rivals");
    catch_up(&world, &processes[0], &processes[1]);
    for (asks.count = 0; asks.count < RIVAL_ASKS; asks.count++) {
        ask_begin(&asks.asks[asks.count], &processes[asks.count % 2], "PATCH", "/v1/stores/rivals", admin, "\"1\"", "{\"name\": \"n\"}");
    }
    world_until(&world, asks_are_done, &asks, "the rivals' answers");
    for (size_t i = 0; i < asks.count; i++) {
        struct reply reply;
        ask_end(&asks.asks[i], &reply);
        won += reply.status == 200;
        lost += reply.status == 412;
        if (reply.status != 200 && reply.status != 412) {
            print_error("rival %zu: %d %s\n", i, reply.status, reply.body);
        }
        reply_free(&reply);
    }
    assert_int_equal(won, 1);
    assert_int_equal(lost, RIVAL_ASKS - 1);
    process_deinit(&processes[0]);
    process_deinit(&processes[1]);
    world_deinit(&world);
}

static size_t count_webhooks(const struct process *process, const char *store)
{
    size_t count = 0;
    (void)hb_registry_webhooks(process->registry, hb_str_c(store), &count);
    return count;
}

static void a_thousand_webhooks_made_at_once_are_all_there_also_after_a_restart(void **state)
{
    static struct asks asks;
    struct world world;
    struct process first, second;
    char admin[80];
    (void)state;
    begin(&world);
    process_init(&first, &world, world.keyring);
    world_admin(&first, admin);
    make_store(&first, admin, "many");
    hb_loop_update_time(world.loop);
    int64_t start_us = hb_loop_mono(world.loop).us;
    for (asks.count = 0; asks.count < 1000;) {
        size_t goal = asks.count + 100;
        for (; asks.count < goal; asks.count++) {
            ask_begin(&asks.asks[asks.count], &first, "POST", "/v1/stores/many/webhooks", admin, NULL,
                      "{\"url\": \"https://a.example/\", \"events\": [\"*\"]}");
        }
        hb_loop_run_once(world.loop, 0);
    }
    world_until(&world, asks_are_done, &asks, "a thousand webhooks");
    print_message("a thousand webhooks in %lld ms\n", (long long)((hb_loop_mono(world.loop).us - start_us) / 1000));
    for (size_t i = 0; i < asks.count; i++) {
        struct reply reply;
        ask_end(&asks.asks[i], &reply);
        if (reply.status != 201) {
            fail_msg("%zu: %d %s", i, reply.status, reply.body);
        }
        reply_free(&reply);
    }
    assert_int_equal(count_webhooks(&first, "many"), 1000);
    process_deinit(&first);
    process_init(&second, &world, world.keyring);
    assert_int_equal(count_webhooks(&second, "many"), 1000);
    assert_int_equal(second.made, 1000);
    process_deinit(&second);
    world_deinit(&world);
}

/* ---- what stands in the topic ---- */

struct scan {
    const char *needle;
    size_t records, found;
    bool is_at_end;
};

static void scan_message(void *user, struct hb_kafka_message *message)
{
    struct scan *scan = user;
    scan->records++;
    scan->found += message->value.ptr && memmem(message->value.ptr, message->value.len, scan->needle, strlen(scan->needle)) != NULL;
    hb_kafka_message_free(message);
}
static void scan_end(void *user, int topic, int32_t partition, int64_t offset)
{
    (void)topic;
    (void)partition;
    (void)offset;
    ((struct scan *)user)->is_at_end = true;
}
static void scan_error(void *user, enum hb_err err, int topic, int32_t partition, const char *text)
{
    (void)user;
    (void)topic;
    (void)partition;
    fail_msg("reading the topic: %s %s", hb_err_name(err), text);
}

static size_t count_in_topic(const struct world *world, const char *needle)
{
    static const struct hb_kafka_reader_events EVENTS = {scan_message, scan_end, scan_error};
    struct scan scan = {needle, 0, 0, false};
    const char *topics[] = {world->topic};
    struct hb_kafka_reader_options options = {.cluster = world_cluster(world), .topics = topics, .topics_count = 1, .events = &EVENTS, .user = &scan};
    struct hb_kafka_reader *reader = NULL;
    struct hb_kafka_start start = {0, 0, HB_KAFKA_BEGINNING};
    assert_int_equal(hb_kafka_reader_new(&options, &reader, NULL), HB_OK);
    assert_int_equal(hb_kafka_reader_assign(reader, &start, 1), HB_OK);
    for (int i = 0; i < 300 && !scan.is_at_end; i++) {
        (void)hb_kafka_reader_poll(reader, 1000, 100);
    }
    assert_true(scan.is_at_end && scan.records > 0);
    hb_kafka_reader_free(&reader);
    return scan.found;
}

static void secrets_and_keys_never_stand_in_the_topic_and_open_after_a_restart(void **state)
{
    struct world world;
    struct process first, second;
    char admin[80], secret[128];
    (void)state;
    begin(&world);
    process_init(&first, &world, world.keyring);
    world_admin(&first, admin);
    make_store(&first, admin, "sealed");
    struct reply made = request(&first, "POST", "/v1/stores/sealed/webhooks", admin, NULL,
                                "{\"url\": \"https://a.example/\", \"events\": [\"*\"], \"headers\": {\"X-Shop-Token\": \"" HEADER_SECRET
                                "\", \"X-Plain\": \"seen\"}}");
    assert_int_equal(made.status, 201);
    assert_null(strstr(made.body, HEADER_SECRET));
    (void)snprintf(secret, sizeof(secret), "%.*s", HB_ARG(reply_text(&made, "secret")));
    assert_int_equal(count_in_topic(&world, secret + 6), 0);
    assert_int_equal(count_in_topic(&world, HEADER_SECRET), 0);
    assert_int_equal(count_in_topic(&world, admin + 13), 0);
    assert_true(count_in_topic(&world, "\"seen\"") > 0); /* the scan can find what is there */

    struct hb_webhook *before = hb_webhook_ref(hb_registry_webhook(first.registry, HB_STR("sealed"), reply_text(&made, "id")));
    process_init(&second, &world, world.keyring);
    struct hb_webhook *after = hb_registry_webhook(second.registry, HB_STR("sealed"), reply_text(&made, "id"));
    assert_false(after->is_secret_damaged);
    assert_int_equal(after->secrets_count, 1);
    assert_memory_equal(after->secrets[0].key, before->secrets[0].key, before->secrets[0].key_bytes);
    assert_int_equal(after->headers_count, 2);
    assert_true(hb_str_eq(after->headers[0].value, HB_STR(HEADER_SECRET)));
    assert_int_equal(after->created_offset, before->created_offset);
    assert_int_equal(after->created.ms, before->created.ms);
    hb_webhook_unref(&before);
    process_deinit(&second);
    process_deinit(&first);
    reply_free(&made);
    world_deinit(&world);
}

struct bootstrap {
    bool is_done;
    struct hb_error result;
};
static void on_bootstrap(void *user, const struct hb_error *result) { *(struct bootstrap *)user = (struct bootstrap){true, *result}; }
static bool both_are_done(void *user)
{
    const struct bootstrap *both = user;
    return both[0].is_done && both[1].is_done;
}

static void of_two_first_starts_at_once_one_key_comes_and_no_dead_file_stays(void **state)
{
    struct world world;
    struct process processes[2];
    struct bootstrap results[2] = {{false, {HB_OK, ""}}, {false, {HB_OK, ""}}};
    char paths[2][128];
    size_t files = 0;
    (void)state;
    begin(&world);
    for (size_t i = 0; i < 2; i++) {
        process_init(&processes[i], &world, world.keyring);
        (void)snprintf(paths[i], sizeof(paths[i]), "/tmp/%skey%zu", world.prefix, i);
    }
    for (size_t i = 0; i < 2; i++) {
        hb_registry_api_bootstrap(processes[i].api, paths[i], on_bootstrap, &results[i]);
    }
    world_until(&world, both_are_done, results, "both first starts");
    for (size_t i = 0; i < 2; i++) {
        char token[80] = "";
        FILE *file = fopen(paths[i], "r");
        assert_int_equal(results[i].result.code, HB_OK);
        if (file) {
            files++;
            assert_int_equal(fscanf(file, "%79s", token), 1);
            (void)fclose(file);
            (void)remove(paths[i]);
            struct reply reply = request(&processes[i], "GET", "/v1/keys", token, NULL, NULL);
            assert_int_equal(reply.status, 200);
            assert_int_equal(hb_json_count(hb_json_get(reply.json, "items")), 1);
            reply_free(&reply);
        }
    }
    assert_int_equal(files, 1);
    process_deinit(&processes[0]);
    process_deinit(&processes[1]);
    world_deinit(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_processes_that_write_in_turn_shut_each_other_out_and_lose_nothing),
        cmocka_unit_test(a_new_holder_judges_nothing_before_it_has_read_what_the_former_one_wrote),
        cmocka_unit_test(of_rivals_for_one_revision_exactly_one_wins),
        cmocka_unit_test(a_thousand_webhooks_made_at_once_are_all_there_also_after_a_restart),
        cmocka_unit_test(secrets_and_keys_never_stand_in_the_topic_and_open_after_a_restart),
        cmocka_unit_test(of_two_first_starts_at_once_one_key_comes_and_no_dead_file_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
