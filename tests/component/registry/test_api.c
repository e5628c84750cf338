#include "registry/world.h"

#include "registry/registry_internal.h"

#define WEBHOOK "{\"url\": \"https://shop.example/hooks?k=1\", \"events\": [\"order.*\"], \"name\": \"erp\"}"

struct fixture {
    struct world world;
    struct process process;
    char admin[80];
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    *state = f;
    if (!world_init(&f->world)) {
        return 0;
    }
    process_init(&f->process, &f->world, f->world.keyring);
    world_admin(&f->process, f->admin);
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    if (f->world.brokers) {
        process_deinit(&f->process);
        world_deinit(&f->world);
    }
    free(f);
    return 0;
}

static struct fixture *of(void **state)
{
    struct fixture *f = *state;
    if (!f->world.brokers) {
        skip();
    }
    return f;
}

/* A request whose status is as wanted; the reply must be freed. */
static struct reply ask_for(struct process *process, int status, const char *method, const char *path, const char *token,
                            const char *if_match, const char *body)
{
    struct reply reply = request(process, method, path, token, if_match, body);
    if (reply.status != status) {
        fail_msg("%s %s: %d, wanted %d: %s", method, path, reply.status, status, reply.body);
    }
    return reply;
}

static void expect(struct process *process, int status, const char *method, const char *path, const char *token, const char *if_match,
                   const char *body)
{
    struct reply reply = ask_for(process, status, method, path, token, if_match, body);
    reply_free(&reply);
}

/* Makes a webhook and writes its path. */
static struct reply make_webhook(struct fixture *f, const char *store, const char *body, char ret_path[160])
{
    char path[160];
    (void)snprintf(path, sizeof(path), "/v1/stores/%s/webhooks", store);
    struct reply reply = ask_for(&f->process, 201, "POST", path, f->admin, NULL, body);
    (void)snprintf(ret_path, 160, "/v1/stores/%s/webhooks/%.40s", store, reply_text(&reply, "id").ptr);
    return reply;
}

static void what_was_created_is_there_at_once_and_changes_need_its_etag(void **state)
{
    struct fixture *f = of(state);
    char path[160];
    expect(&f->process, 201, "POST", "/v1/stores", f->admin, NULL, "{\"id\": \"shop1\", \"name\": \"Shop\"}");
    expect(&f->process, 409, "POST", "/v1/stores", f->admin, NULL, "{\"id\": \"shop1\"}");
    expect(&f->process, 200, "GET", "/v1/stores/shop1", f->admin, NULL, NULL);
    struct reply made = make_webhook(f, "shop1", WEBHOOK, path);
    assert_string_equal(made.etag, "\"1\"");
    assert_true(hb_str_has_prefix(reply_text(&made, "secret"), HB_STR("whsec_")));
    reply_free(&made);

    struct reply shown = ask_for(&f->process, 200, "GET", path, f->admin, NULL, NULL);
    assert_null(hb_json_get(shown.json, "secret"));
    reply_free(&shown);
    expect(&f->process, 428, "PATCH", path, f->admin, NULL, "{\"name\": \"x\"}");
    expect(&f->process, 412, "PATCH", path, f->admin, "\"7\"", "{\"name\": \"x\"}");
    struct reply patched = ask_for(&f->process, 200, "PATCH", path, f->admin, "\"1\"", "{\"name\": \"x\", \"timeout_ms\": 2000}");
    assert_string_equal(patched.etag, "\"2\"");
    reply_free(&patched);
    expect(&f->process, 412, "PATCH", path, f->admin, "\"1\"", "{\"name\": \"y\"}");
    expect(&f->process, 204, "DELETE", path, f->admin, "\"2\"", NULL);
    expect(&f->process, 404, "GET", path, f->admin, NULL, NULL);
    expect(&f->process, 404, "PATCH", path, f->admin, "*", "{\"name\": \"y\"}");
}

static void bad_webhooks_are_refused_with_the_field(void **state)
{
    static const struct {
        const char *body;
        int status;
        const char *field;
    } ROWS[] = {
        {"{", 400, NULL},
        {"[]", 400, NULL},
        {"{\"events\": [\"*\"]}", 422, "url"},
        {"{\"url\": \"https://a.example/\"}", 422, "events"},
        {"{\"url\": \"https://a.example/\", \"events\": []}", 422, "events"},
        {"{\"url\": \"https://a.example/\", \"events\": [\"Order\"]}", 422, "events"},
        {"{\"url\": \"ftp://a.example/\", \"events\": [\"*\"]}", 422, "url"},
        {"{\"url\": \"http://127.0.0.1/\", \"events\": [\"*\"]}", 422, "url"},
        {"{\"url\": \"http://[::ffff:10.0.0.1]/\", \"events\": [\"*\"]}", 422, "url"},
        {"{\"url\": \"https://a.example/\", \"events\": [\"*\"], \"headers\": {\"X-A\": \"b\\r\\nHost: c\"}}", 422, "headers"},
        {"{\"url\": \"https://a.example/\", \"events\": [\"*\"], \"headers\": {\"Host\": \"c\"}}", 422, "headers"},
        {"{\"url\": \"https://a.example/\", \"events\": [\"*\"], \"headers\": {\"X-Key\": {\"sealed\": true}}}", 422, "headers"},
        {"{\"url\": \"https://a.example/\", \"events\": [\"*\"], \"timeout_ms\": 999}", 422, "timeout_ms"},
        {"{\"url\": \"https://a.example/\", \"events\": [\"*\"], \"format\": \"xml\"}", 422, "format"},
        {"{\"url\": \"https://a.example/\", \"events\": [\"*\"], \"filter\": {\"a\": \"no array\"}}", 422, "filter"},
        {"{\"url\": \"https://a.example/\", \"events\": [\"*\"], \"secret\": \"whsec_c2hvcnQ=\"}", 422, "secret"},
        {"{\"url\": \"https://a.example/\", \"events\": [\"*\"], \"wat\": 1}", 422, NULL},
        {"{\"url\": \"https://a.example/\", \"events\": [\"*\"], \"rate_limit\": {\"count\": 0, \"per_s\": 1}}", 422, "rate_limit"},
        {"{\"url\": \"https://a.example/\", \"events\": [\"*\"], \"schedule\": []}", 422, "schedule"},
    };
    struct fixture *f = of(state);
    expect(&f->process, 201, "POST", "/v1/stores", f->admin, NULL, "{\"id\": \"bad\"}");
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
        struct reply reply = ask_for(&f->process, ROWS[i].status, "POST", "/v1/stores/bad/webhooks", f->admin, NULL, ROWS[i].body);
        if (ROWS[i].field && !hb_str_eq(reply_text(&reply, "field"), hb_str_c(ROWS[i].field))) {
            fail_msg("%s: %s", ROWS[i].body, reply.body);
        }
        reply_free(&reply);
    }
    size_t count = 1;
    (void)hb_registry_webhooks(f->process.registry, HB_STR("bad"), &count);
    assert_int_equal(count, 0);
}

static void a_key_reaches_its_own_store_alone_and_only_until_it_is_revoked(void **state)
{
    struct fixture *f = of(state);
    char token[80], path[160], revoke[64];
    expect(&f->process, 201, "POST", "/v1/stores", f->admin, NULL, "{\"id\": \"mine\"}");
    expect(&f->process, 201, "POST", "/v1/stores", f->admin, NULL, "{\"id\": \"other\"}");
    struct reply hook = make_webhook(f, "other", WEBHOOK, path);
    reply_free(&hook);
    struct reply made = ask_for(&f->process, 201, "POST", "/v1/stores/mine/keys", f->admin, NULL, "{\"name\": \"k\", \"scopes\": [\"read\"]}");
    (void)snprintf(token, sizeof(token), "%.*s", HB_ARG(reply_text(&made, "key")));
    (void)snprintf(revoke, sizeof(revoke), "/v1/keys/%.*s", HB_ARG(reply_text(&made, "prefix")));
    reply_free(&made);

    expect(&f->process, 200, "GET", "/v1/stores/mine", token, NULL, NULL);
    expect(&f->process, 404, "GET", "/v1/stores/other", token, NULL, NULL);
    expect(&f->process, 404, "GET", path, token, NULL, NULL);
    expect(&f->process, 404, "GET", "/v1/stores/nowhere", token, NULL, NULL);
    expect(&f->process, 403, "POST", "/v1/stores/mine/webhooks", token, NULL, WEBHOOK);
    expect(&f->process, 403, "GET", "/v1/stores", token, NULL, NULL);
    expect(&f->process, 401, "GET", "/v1/stores/mine", NULL, NULL, NULL);
    token[20] = token[20] == 'a' ? 'b' : 'a';
    expect(&f->process, 401, "GET", "/v1/stores/mine", token, NULL, NULL);
    token[20] = '\0';
    expect(&f->process, 401, "GET", "/v1/stores/mine", token, NULL, NULL);

    struct reply second = ask_for(&f->process, 201, "POST", "/v1/stores/mine/keys", f->admin, NULL, "{\"scopes\": [\"manage\"]}");
    (void)snprintf(token, sizeof(token), "%.*s", HB_ARG(reply_text(&second, "key")));
    reply_free(&second);
    expect(&f->process, 201, "POST", "/v1/stores/mine/webhooks", token, NULL, WEBHOOK);
    /* manage does not give what it has not itself: bodies hold personal data */
    expect(&f->process, 403, "POST", "/v1/stores/mine/keys", token, NULL, "{\"scopes\": [\"read:data\"]}");
    expect(&f->process, 404, "DELETE", "/v1/stores/other/keys/aaaaaaaa", token, NULL, NULL);
    /* a key is shown without its secret, to its own store alone */
    char shown_path[96];
    (void)snprintf(shown_path, sizeof(shown_path), "/v1/stores/mine/keys/%s", revoke + sizeof("/v1/keys/") - 1);
    struct reply shown = ask_for(&f->process, 200, "GET", shown_path, token, NULL, NULL);
    assert_null(hb_json_get(shown.json, "key"));
    assert_null(hb_json_get(shown.json, "hash"));
    reply_free(&shown);
    (void)snprintf(shown_path, sizeof(shown_path), "/v1/stores/other/keys/%s", revoke + sizeof("/v1/keys/") - 1);
    expect(&f->process, 404, "GET", shown_path, f->admin, NULL, NULL);
    expect(&f->process, 403, "GET", revoke, token, NULL, NULL);
    expect(&f->process, 404, "GET", "/v1/keys/aaaaaaaa", f->admin, NULL, NULL);
    /* a store that is no text does not make a key for all of them, nor for another one than the path says */
    static const char *const NO_STORES[] = {"5", "null", "\"\"", "[\"mine\"]", "{\"id\": \"mine\"}", "true"};
    for (size_t i = 0; i < sizeof(NO_STORES) / sizeof(*NO_STORES); i++) {
        char body[96];
        (void)snprintf(body, sizeof(body), "{\"scopes\": [\"read\"], \"store\": %s}", NO_STORES[i]);
        expect(&f->process, 422, "POST", "/v1/keys", f->admin, NULL, body);
    }
    expect(&f->process, 422, "POST", "/v1/stores/mine/keys", token, NULL, "{\"scopes\": [\"read\"], \"store\": \"other\"}");
    expect(&f->process, 201, "POST", "/v1/keys", f->admin, NULL, "{\"scopes\": [\"read\"], \"store\": \"mine\"}");
    expect(&f->process, 204, "DELETE", revoke, f->admin, NULL, NULL);
    expect(&f->process, 204, "DELETE", revoke, f->admin, NULL, NULL);
    (void)snprintf(revoke, sizeof(revoke), "/v1/stores/mine/keys/%.8s", token + 4);
    expect(&f->process, 204, "DELETE", revoke, f->admin, NULL, NULL);
    expect(&f->process, 401, "GET", "/v1/stores/mine", token, NULL, NULL);
}

static void a_rotated_secret_overlaps_and_is_shown_once(void **state)
{
    struct fixture *f = of(state);
    char path[160], secret_path[200];
    expect(&f->process, 201, "POST", "/v1/stores", f->admin, NULL, "{\"id\": \"rot\"}");
    struct reply made = make_webhook(f, "rot", WEBHOOK, path);
    (void)snprintf(secret_path, sizeof(secret_path), "%s/secret", path);
    struct hb_str id = reply_text(&made, "id");
    struct hb_webhook *old = hb_webhook_ref(hb_registry_webhook(f->process.registry, HB_STR("rot"), id));
    assert_int_equal(old->secrets_count, 1);
    struct reply rotated = ask_for(&f->process, 200, "POST", secret_path, f->admin, NULL, "{\"overlap_s\": 3600}");
    assert_false(hb_str_eq(reply_text(&rotated, "secret"), reply_text(&made, "secret")));
    struct hb_webhook *now = hb_registry_webhook(f->process.registry, HB_STR("rot"), id);
    assert_int_equal(now->secrets_count, 2);
    assert_true(now->secrets[0].expires.ms == INT64_MAX);
    assert_true(now->secrets[1].expires.ms < INT64_MAX);
    assert_memory_equal(now->secrets[1].key, old->secrets[0].key, old->secrets[0].key_bytes);
    assert_int_equal(now->created_offset, old->created_offset);
    assert_int_equal(now->created.ms, old->created.ms);
    hb_webhook_unref(&old);
    reply_free(&rotated);
    expect(&f->process, 403, "GET", secret_path, f->admin, NULL, NULL);
    expect(&f->process, 200, "POST", secret_path, f->admin, NULL, "{\"overlap_s\": 3600}");
    expect(&f->process, 200, "POST", secret_path, f->admin, NULL, "{}");
    expect(&f->process, 409, "POST", secret_path, f->admin, NULL, NULL);
    expect(&f->process, 422, "POST", secret_path, f->admin, NULL, "{\"overlap_s\": -1}");
    expect(&f->process, 200, "POST", secret_path, f->admin, NULL, "{\"overlap_s\": 0}");
    now = hb_registry_webhook(f->process.registry, HB_STR("rot"), id);
    assert_int_equal(now->secrets_count, 1);
    reply_free(&made);
}

static void act(struct fixture *f, int status, const char *path, const char *verb, const char *wanted)
{
    char action[200];
    (void)snprintf(action, sizeof(action), "%s/%s", path, verb);
    struct reply reply = ask_for(&f->process, status, "POST", action, f->admin, NULL, NULL);
    if (wanted && !hb_str_eq(reply_text(&reply, "status"), hb_str_c(wanted))) {
        fail_msg("%s: %s", verb, reply.body);
    }
    reply_free(&reply);
}

static void pausing_and_enabling_follow_their_rule(void **state)
{
    struct fixture *f = of(state);
    char path[160];
    expect(&f->process, 201, "POST", "/v1/stores", f->admin, NULL, "{\"id\": \"act\"}");
    struct reply made = make_webhook(f, "act", WEBHOOK, path);
    act(f, 200, path, "pause", "paused");
    act(f, 200, path, "pause", "paused");
    act(f, 200, path, "resume", "active");
    act(f, 200, path, "disable", "disabled");
    act(f, 409, path, "resume", NULL);
    act(f, 409, path, "pause", NULL);
    act(f, 200, path, "enable", "active");
    reply_free(&made);
}

/* The owner of its shard may believe what no record says: a new enabled_revision voids that, whatever it is. */
static void enabling_what_is_active_is_an_enabling(void **state)
{
    struct fixture *f = of(state);
    char path[160];
    expect(&f->process, 201, "POST", "/v1/stores", f->admin, NULL, "{\"id\": \"again\"}");
    struct reply made = make_webhook(f, "again", WEBHOOK, path);
    struct hb_str id = reply_text(&made, "id");
    for (int i = 0; i < 2; i++) {
        int64_t before = hb_registry_webhook(f->process.registry, HB_STR("again"), id)->enabled_revision;
        act(f, 200, path, "enable", "active");
        const struct hb_webhook *now = hb_registry_webhook(f->process.registry, HB_STR("again"), id);
        assert_true(now->enabled_revision > before);
        assert_int_equal(now->enabled_revision, now->revision);
    }
    int64_t revision = hb_registry_webhook(f->process.registry, HB_STR("again"), id)->revision;
    act(f, 200, path, "resume", "active"); /* it goes on as it was: nothing to do */
    act(f, 200, path, "wake", "active");
    assert_int_equal(hb_registry_webhook(f->process.registry, HB_STR("again"), id)->revision, revision);
    reply_free(&made);
}

static void a_deleted_store_takes_its_webhooks_along(void **state)
{
    struct fixture *f = of(state);
    char path[160];
    size_t count = 0;
    expect(&f->process, 201, "POST", "/v1/stores", f->admin, NULL, "{\"id\": \"gone\"}");
    struct reply made = make_webhook(f, "gone", WEBHOOK, path);
    struct reply key = ask_for(&f->process, 201, "POST", "/v1/stores/gone/keys", f->admin, NULL, "{\"scopes\": [\"manage\"]}");
    char token[80];
    (void)snprintf(token, sizeof(token), "%.*s", HB_ARG(reply_text(&key, "key")));
    reply_free(&key);
    expect(&f->process, 200, "GET", "/v1/audit?store=gone", token, NULL, NULL);
    size_t removed = f->process.removed;
    expect(&f->process, 204, "DELETE", "/v1/stores/gone", f->admin, "\"1\"", NULL);
    expect(&f->process, 404, "GET", path, f->admin, NULL, NULL);
    expect(&f->process, 404, "GET", "/v1/audit?store=gone", token, NULL, NULL); /* its keys open nothing any more */
    expect(&f->process, 200, "GET", "/v1/audit?store=gone", f->admin, NULL, NULL);
    (void)hb_registry_webhooks(f->process.registry, HB_STR("gone"), &count);
    assert_int_equal(count, 0);
    assert_int_equal(hb_registry_webhook(f->process.registry, HB_STR("gone"), reply_text(&made, "id"))->status, HB_WEBHOOK_DELETED);
    assert_int_equal(f->process.removed, removed + 1);
    expect(&f->process, 409, "POST", "/v1/stores", f->admin, NULL, "{\"id\": \"gone\"}");
    reply_free(&made);
}

static void filters_can_be_tried_and_keep_their_bytes(void **state)
{
    struct fixture *f = of(state);
    char path[160];
    expect(&f->process, 201, "POST", "/v1/stores", f->admin, NULL, "{\"id\": \"flt\"}");
    struct reply yes = ask_for(&f->process, 200, "POST", "/v1/stores/flt/webhooks/test-filter", f->admin, NULL,
                               "{\"filter\": {\"id\": [9007199254740993]}, \"data\": {\"id\": 9007199254740993}}");
    assert_non_null(strstr(yes.body, "\"matches\":true"));
    reply_free(&yes);
    struct reply no = ask_for(&f->process, 200, "POST", "/v1/stores/flt/webhooks/test-filter", f->admin, NULL,
                              "{\"filter\": {\"id\": [9007199254740993]}, \"data\": {\"id\": 9007199254740992}}");
    assert_non_null(strstr(no.body, "\"matches\":false"));
    assert_true(reply_text(&no, "why").len > 0);
    reply_free(&no);
    expect(&f->process, 422, "POST", "/v1/stores/flt/webhooks/test-filter", f->admin, NULL, "{\"filter\": {\"a\": 1}, \"data\": {}}");
    static const char *const NO_OBJECTS[] = {"1", "\"data\"", "null", "[]", "[1,2]", "[{\"filter\": {}, \"data\": 1}]"};
    for (size_t i = 0; i < sizeof(NO_OBJECTS) / sizeof(*NO_OBJECTS); i++) {
        expect(&f->process, 422, "POST", "/v1/stores/flt/webhooks/test-filter", f->admin, NULL, NO_OBJECTS[i]);
    }
    struct reply made = make_webhook(f, "flt",
                                     "{\"url\": \"https://a.example/\", \"events\": [\"*\"], \"filter\": {\"id\": [9007199254740993]}}", path);
    expect(&f->process, 200, "PATCH", path, f->admin, "*", "{\"name\": \"z\"}");
    struct reply shown = ask_for(&f->process, 200, "GET", path, f->admin, NULL, NULL);
    assert_non_null(strstr(shown.body, "9007199254740993"));
    reply_free(&shown);
    reply_free(&made);
}

static void lists_come_in_pages_and_audit_newest_first(void **state)
{
    struct fixture *f = of(state);
    char path[160], next[300];
    expect(&f->process, 201, "POST", "/v1/stores", f->admin, NULL, "{\"id\": \"page\"}");
    for (int i = 0; i < 5; i++) {
        struct reply made = make_webhook(f, "page", WEBHOOK, path);
        reply_free(&made);
    }
    size_t seen = 0;
    (void)snprintf(next, sizeof(next), "/v1/stores/page/webhooks?limit=2");
    for (int pages = 0; next[0]; pages++) {
        struct reply page = ask_for(&f->process, 200, "GET", next, f->admin, NULL, NULL);
        struct hb_str cursor = {NULL, 0};
        seen += hb_json_count(hb_json_get(page.json, "items"));
        next[0] = '\0';
        if (hb_json_str(hb_json_get(page.json, "next"), &cursor)) {
            (void)snprintf(next, sizeof(next), "/v1/stores/page/webhooks?limit=2&cursor=%.*s", HB_ARG(cursor));
        }
        assert_true(pages < 3);
        reply_free(&page);
    }
    assert_int_equal(seen, 5);
    expect(&f->process, 400, "GET", "/v1/stores/page/webhooks?limit=0", f->admin, NULL, NULL);
    struct reply audit = ask_for(&f->process, 200, "GET", "/v1/audit?store=page&limit=3", f->admin, NULL, NULL);
    const struct hb_json *first = hb_json_first(hb_json_get(audit.json, "items"));
    struct hb_str action = {NULL, 0}, who = {NULL, 0};
    assert_int_equal(hb_json_count(hb_json_get(audit.json, "items")), 3);
    assert_true(hb_json_str(hb_json_get(first, "action"), &action) && hb_str_eq(action, HB_STR("webhook.create")));
    assert_true(hb_json_str(hb_json_get(first, "who"), &who) && hb_str_eq(who, hb_str_n(f->admin + 4, 8)));
    reply_free(&audit);
}

static void without_a_sealing_key_nothing_secret_is_kept_or_opened(void **state)
{
    struct fixture *f = of(state);
    struct process bare;
    char path[160];
    expect(&f->process, 201, "POST", "/v1/stores", f->admin, NULL, "{\"id\": \"bare\"}");
    struct reply made = make_webhook(f, "bare", WEBHOOK, path);
    process_init(&bare, &f->world, NULL);
    struct hb_webhook *webhook = hb_registry_webhook(bare.registry, HB_STR("bare"), reply_text(&made, "id"));
    assert_non_null(webhook);
    assert_int_equal(webhook->secrets_count, 0);
    assert_false(webhook->is_secret_damaged);
    assert_false(hb_registry_has_keys(bare.registry));
    expect(&bare, 503, "POST", "/v1/stores/bare/webhooks", f->admin, NULL, WEBHOOK);
    process_deinit(&bare);
    reply_free(&made);
}

/* As if read from the topic, at the place reached: thousands of requests would take a minute. */
static void feed(struct process *process, const char *key, const char *value)
{
    const struct registry_input input = {hb_str_c(key), hb_str_c(value), hb_registry_applied(process->registry), hb_loop_wall(process->world->loop)};
    assert_int_equal(hb_registry_apply(process->registry, &input), HB_OK);
}

static void expect_problem(struct fixture *f, const char *path, const char *body, const char *slug)
{
    struct reply reply = ask_for(&f->process, 409, "POST", path, f->admin, NULL, body);
    assert_non_null(memmem(reply_text(&reply, "type").ptr, reply_text(&reply, "type").len, slug, strlen(slug)));
    reply_free(&reply);
}

static void a_store_over_its_number_of_webhooks_or_keys_is_told_so(void **state)
{
    struct fixture *f = of(state);
    char key[64], value[256];
    expect(&f->process, 201, "POST", "/v1/stores", f->admin, NULL, "{\"id\": \"many\"}");
    for (int i = 0; i < HB_STORE_WEBHOOKS_MAX; i++) {
        (void)snprintf(key, sizeof(key), "webhook/many/wh_%d", i);
        (void)snprintf(value, sizeof(value),
                       "{\"v\":1,\"id\":\"wh_%d\",\"store\":\"many\",\"revision\":1,\"url\":\"https://a.example/\",\"events\":[\"*\"]}", i);
        feed(&f->process, key, value);
    }
    for (int i = 0; i < HB_STORE_KEYS_MAX; i++) {
        (void)snprintf(key, sizeof(key), "key/many%c%c%c%c", 'a' + i / 1000, 'a' + i / 100 % 10, 'a' + i / 10 % 10, 'a' + i % 10);
        (void)snprintf(value, sizeof(value), "{\"v\":1,\"prefix\":\"%s\",\"store\":\"many\",\"scopes\":[\"read\"],\"hash\":\"%064d\"}", key + 4, 0);
        feed(&f->process, key, value);
    }
    expect_problem(f, "/v1/stores/many/webhooks", WEBHOOK, "too_many_webhooks");
    expect_problem(f, "/v1/stores/many/keys", "{\"scopes\": [\"read\"]}", "too_many_keys");
    expect(&f->process, 201, "POST", "/v1/stores", f->admin, NULL, "{\"id\": \"few\"}");
    expect(&f->process, 201, "POST", "/v1/stores/few/webhooks", f->admin, NULL, WEBHOOK);
    expect(&f->process, 201, "POST", "/v1/stores/few/keys", f->admin, NULL, "{\"scopes\": [\"read\"]}");
}

static void expect_refused_headers(struct fixture *f, const char *path, const char *body)
{
    struct reply reply = ask_for(&f->process, 422, "PATCH", path, f->admin, "*", body);
    assert_true(hb_str_eq(reply_text(&reply, "field"), HB_STR("headers")));
    reply_free(&reply);
}

static void a_kept_credential_does_not_go_along_to_another_host(void **state)
{
    struct fixture *f = of(state);
    char path[160];
    expect(&f->process, 201, "POST", "/v1/stores", f->admin, NULL, "{\"id\": \"kept\"}");
    struct reply made = make_webhook(
        f, "kept",
        "{\"url\": \"https://a.example/x\", \"events\": [\"*\"], \"headers\": {\"X-Key\": \"k1\", \"X-A\": \"b\"}}",
        path);
    reply_free(&made);
    expect_refused_headers(f, path, "{\"url\": \"https://evil.example/x\"}");
    expect_refused_headers(f, path, "{\"url\": \"https://a.example:8443/x\"}");
    expect_refused_headers(f, path,
                           "{\"url\": \"https://evil.example/x\", \"headers\": {\"X-Key\": {\"sealed\": true}}}");
    expect_refused_headers(f, path,
                           "{\"headers\": {\"X-Key\": {\"sealed\": true}}, \"url\": \"https://evil.example/x\"}");
    /* The same place, another path; and what is given anew. */
    expect(&f->process, 200, "PATCH", path, f->admin, "*",
           "{\"url\": \"https://A.example:443/y\", \"headers\": {\"X-Key\": {\"sealed\": true}}}");
    expect(&f->process, 200, "PATCH", path, f->admin, "*",
           "{\"url\": \"https://b.example/\", \"headers\": {\"X-Key\": \"k2\"}}");
    expect(&f->process, 200, "PATCH", path, f->admin, "*", "{\"url\": \"https://c.example/\", \"headers\": null}");
    /* Dropped is dropped: it does not come back with a later change. */
    expect_refused_headers(f, path, "{\"headers\": {\"X-Key\": {\"sealed\": true}}}");
}

static void a_key_without_manage_does_not_see_the_query_of_a_url(void **state)
{
    struct fixture *f = of(state);
    char path[160];
    expect(&f->process, 201, "POST", "/v1/stores", f->admin, NULL, "{\"id\": \"masked\"}");
    struct reply made =
        make_webhook(f, "masked", "{\"url\": \"https://a.example/x?token=t0ken\", \"events\": [\"*\"]}", path);
    assert_true(hb_str_eq(reply_text(&made, "url"), HB_STR("https://a.example/x?token=t0ken")));
    reply_free(&made);
    struct reply key =
        ask_for(&f->process, 201, "POST", "/v1/stores/masked/keys", f->admin, NULL, "{\"scopes\": [\"read\"]}");
    char token[128];
    (void)snprintf(token, sizeof(token), "%.*s", HB_ARG(reply_text(&key, "key")));
    reply_free(&key);
    struct reply shown = ask_for(&f->process, 200, "GET", path, token, NULL, NULL);
    assert_true(hb_str_eq(reply_text(&shown, "url"), HB_STR("https://a.example/x?\u2026")));
    reply_free(&shown);
    struct reply listed = ask_for(&f->process, 200, "GET", "/v1/stores/masked/webhooks", token, NULL, NULL);
    assert_null(strstr(listed.body, "t0ken"));
    assert_non_null(strstr(listed.body, "https://a.example/x?\u2026"));
    reply_free(&listed);
    struct process bare; /* cannot open it: says that there is one */
    process_init(&bare, &f->world, NULL);
    shown = ask_for(&bare, 200, "GET", path, f->admin, NULL, NULL);
    assert_true(hb_str_eq(reply_text(&shown, "url"), HB_STR("https://a.example/x?\u2026")));
    reply_free(&shown);
    expect(&bare, 503, "PATCH", path, f->admin, "*", "{\"url\": \"https://a.example/y?token=t0ken\"}");
    process_deinit(&bare);
    listed = ask_for(&f->process, 200, "GET", "/v1/stores/masked/webhooks", f->admin, NULL, NULL);
    assert_non_null(strstr(listed.body, "t0ken"));
    reply_free(&listed);
}

/* What the topic holds: this very record. */
static struct hb_str record_of(const struct fixture *f, const char *path)
{
    char key[256], store[80], id[80];
    assert_int_equal(sscanf(path, "/v1/stores/%79[^/]/webhooks/%79s", store, id), 2);
    (void)snprintf(key, sizeof(key), "webhook/%s/%s", store, id);
    return hb_registry_record(f->process.registry, hb_str_c(key));
}

static void the_query_of_a_url_never_stands_in_the_topic_in_plain_text(void **state)
{
    struct fixture *f = of(state);
    char path[160];
    expect(&f->process, 201, "POST", "/v1/stores", f->admin, NULL, "{\"id\": \"quiet\"}");
    struct reply made = make_webhook(f, "quiet", "{\"url\": \"https://a.example/x?token=t0ken\", \"events\": [\"*\"]}", path);
    reply_free(&made);
    assert_null(strstr(record_of(f, path).ptr, "t0ken"));
    expect(&f->process, 200, "PATCH", path, f->admin, "*", "{\"name\": \"n\"}");
    assert_null(strstr(record_of(f, path).ptr, "t0ken"));
    struct reply shown = ask_for(&f->process, 200, "GET", path, f->admin, NULL, NULL);
    assert_true(hb_str_eq(reply_text(&shown, "url"), HB_STR("https://a.example/x?token=t0ken")));
    reply_free(&shown);
    expect(&f->process, 200, "PATCH", path, f->admin, "*", "{\"url\": \"https://a.example/x\"}");
    shown = ask_for(&f->process, 200, "GET", path, f->admin, NULL, NULL);
    assert_true(hb_str_eq(reply_text(&shown, "url"), HB_STR("https://a.example/x")));
    reply_free(&shown);
    /* Deleted: nothing sealed is kept either. */
    expect(&f->process, 200, "PATCH", path, f->admin, "*", "{\"url\": \"https://a.example/x?token=t0ken\", \"headers\": {\"X-Key\": \"k\", \"X-A\": \"b\"}}");
    assert_non_null(strstr(record_of(f, path).ptr, "url_query"));
    expect(&f->process, 204, "DELETE", path, f->admin, "*", NULL);
    assert_null(strstr(record_of(f, path).ptr, "sealed"));
    assert_non_null(strstr(record_of(f, path).ptr, "X-A"));
    /* One that was written before queries were sealed: with its next change. */
    feed(&f->process, "webhook/quiet/wh_old",
         "{\"v\":1,\"id\":\"wh_old\",\"store\":\"quiet\",\"revision\":1,\"url\":\"https://a.example/?t0ken\",\"events\":[\"*\"]}");
    shown = ask_for(&f->process, 200, "POST", "/v1/stores/quiet/webhooks/wh_old/pause", f->admin, NULL, NULL);
    assert_true(hb_str_eq(reply_text(&shown, "url"), HB_STR("https://a.example/?t0ken")));
    reply_free(&shown);
    assert_null(strstr(record_of(f, "/v1/stores/quiet/webhooks/wh_old").ptr, "t0ken"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_created_is_there_at_once_and_changes_need_its_etag),
        cmocka_unit_test(bad_webhooks_are_refused_with_the_field),
        cmocka_unit_test(a_key_reaches_its_own_store_alone_and_only_until_it_is_revoked),
        cmocka_unit_test(a_rotated_secret_overlaps_and_is_shown_once),
        cmocka_unit_test(pausing_and_enabling_follow_their_rule),
        cmocka_unit_test(enabling_what_is_active_is_an_enabling),
        cmocka_unit_test(a_deleted_store_takes_its_webhooks_along),
        cmocka_unit_test(filters_can_be_tried_and_keep_their_bytes),
        cmocka_unit_test(lists_come_in_pages_and_audit_newest_first),
        cmocka_unit_test(without_a_sealing_key_nothing_secret_is_kept_or_opened),
        cmocka_unit_test(a_kept_credential_does_not_go_along_to_another_host),
        cmocka_unit_test(a_key_without_manage_does_not_see_the_query_of_a_url),
        cmocka_unit_test(the_query_of_a_url_never_stands_in_the_topic_in_plain_text),
        cmocka_unit_test(a_store_over_its_number_of_webhooks_or_keys_is_told_so),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
