#include "component/replay/rig.h"

#include "core/ids.h"
#include "core/map.h"
#include "fakes/config_defaults.h"
#include "platform/crypto/crypto.h"
#include "platform/kafka/kafka_topics.h"
#include "replay/scan.h"

#include <time.h>

#define LIMIT_S 60
#define LEADERS_S 120

static struct hb_mono mono_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (struct hb_mono){now.tv_sec * 1000000 + now.tv_nsec / 1000};
}

static void set_defaults(struct hb_config *config, struct world *world)
{
    config_set_defaults(config);
    config->kafka_topic_prefix = world->prefix;
}

/* A busy broker takes its time with two hundred new partitions. */
static void wait_for_leaders(const struct rig *rig, struct hb_kafka_admin *admin)
{
    int64_t offsets[HB_REPLAY_PARTITIONS_MAX], until_us = mono_now().us + (int64_t)LEADERS_S * 1000000;
    char name[HB_TOPIC_NAME_MAX];
    struct hb_error error = {HB_OK, ""};
    for (int topic = 0; topic < HB_TOPIC_COUNT; topic++) {
        size_t partitions = (size_t)hb_topic_spec((enum hb_topic)topic)->partitions;
        hb_topic_name(hb_str_c(rig->world.prefix), (enum hb_topic)topic, name);
        while (hb_kafka_admin_offsets_at(admin, name, (struct hb_wall){0}, 5000, offsets, partitions, &error)) {
            if (mono_now().us > until_us)
                fail_msg("%s", error.text);
            (void)nanosleep(&(struct timespec){0, 200000000}, NULL);
        }
    }
}

static void make_topics(struct rig *rig)
{
    struct hb_kafka_admin *admin = NULL;
    struct hb_error error = {HB_OK, ""};
    const struct hb_kafka_topics_options options = {.prefix = hb_str_c(rig->world.prefix), .replication = 1, .timeout_ms = 60000};
    int created = 0;
    if (hb_kafka_admin_new(&rig->cluster, &admin, &error) || hb_kafka_topics_create(admin, &options, &created, &error))
        fail_msg("topics: %s", error.text);
    wait_for_leaders(rig, admin);
    hb_kafka_admin_free(&admin);
}

bool rig_init(struct rig *rig)
{
    memset(rig, 0, sizeof *rig);
    if (!world_init(&rig->world))
        return false;
    rig->cluster = world_cluster(&rig->world);
    set_defaults(&rig->config, &rig->world);
    make_topics(rig);
    process_init(&rig->api, &rig->world, rig->world.keyring);
    const struct hb_replay_api_options options = {.loop = rig->world.loop,
                                                  .cluster = rig->cluster,
                                                  .topic_prefix = hb_str_c(rig->world.prefix),
                                                  .registry = rig->api.registry,
                                                  .pen = hb_registry_api_pen(rig->api.api),
                                                  .rate = 100,
                                                  .rate_max = 10000,
                                                  .deliveries_max = 3000,
                                                  .now = mono_now};
    assert_int_equal(hb_replay_api_new(&options, rig->api.server, &rig->replay), HB_OK);
    world_admin(&rig->api, rig->admin);
    struct reply reply = rig_ask(rig, 201, "POST", "/v1/stores", "{\"id\":\"demo\"}");
    reply_free(&reply);
    return true;
}

void rig_deinit(struct rig *rig)
{
    process_deinit(&rig->api);
    hb_replay_api_free(&rig->replay);
    world_deinit(&rig->world);
}

void rig_webhook(struct rig *rig, const char *body, char ret_id[HB_ID_MAX + 1])
{
    struct reply reply = rig_ask(rig, 201, "POST", "/v1/stores/demo/webhooks",
                                 body ? body : "{\"url\":\"https://shop.example/hooks\",\"events\":[\"*\"]}");
    struct hb_str id = reply_text(&reply, "id");
    (void)snprintf(ret_id, HB_ID_MAX + 1, "%.*s", HB_ARG(id));
    reply_free(&reply);
}

/* ---- a process ---- */

static bool owns(void *user, struct hb_str webhook)
{
    (void)webhook;
    return ((struct rig_process *)user)->owns;
}

static void make_process(struct rig_process *process, struct rig *rig, bool (*owns_fn)(void *, struct hb_str))
{
    struct hb_error error = {HB_OK, ""};
    *process = (struct rig_process){.owns = true};
    const struct hb_outbox_options outbox = {.loop = rig->world.loop, .config = &rig->config, .cluster = rig->cluster, .worker = "test-0"};
    if (hb_outbox_new(&outbox, &process->outbox, &error))
        fail_msg("outbox: %s", error.text);
    const struct hb_replay_runner_options options = {.loop = rig->world.loop,
                                                     .cluster = rig->cluster,
                                                     .topic_prefix = hb_str_c(rig->world.prefix),
                                                     .worker = "test-0",
                                                     .registry = rig->api.registry,
                                                     .outbox = process->outbox,
                                                     .owns = owns_fn,
                                                     .owns_user = process,
                                                     .deliveries_max = 3000,
                                                     .now = mono_now,
                                                     .log = &rig->world.context};
    assert_int_equal(hb_replay_runner_new(&options, &process->runner), HB_OK);
}

void rig_process_init(struct rig_process *process, struct rig *rig) { make_process(process, rig, owns); }

void rig_process_init_idle(struct rig_process *process, struct rig *rig) { make_process(process, rig, NULL); }

void rig_process_kill(struct rig_process *process)
{
    hb_outbox_end(process->outbox, 0);
    hb_replay_runner_free(&process->runner);
    hb_outbox_free(&process->outbox);
}

/* ---- what there is ---- */

static void acknowledged(void *user, const struct hb_kafka_ack *ack)
{
    struct rig_event *event = user;
    assert_int_equal(ack->err, HB_OK);
    event->position.partition = ack->partition;
    event->position.offset = ack->offset;
}

static void produce(struct hb_kafka_producer *producer, const char *topic, struct rig_event *event, int64_t stamp)
{
    char key[64], data[64], number[32];
    (void)snprintf(number, sizeof number, "%lld", (long long)stamp);
    const struct hb_name_value headers[] = {{HB_STR("ce_specversion"), HB_STR("1.0")},
                                              {HB_STR("ce_id"), hb_str_c(event->id)},
                                              {HB_STR("ce_source"), HB_STR("/stores/demo")},
                                              {HB_STR("ce_type"), hb_str_c(event->type)},
                                              {HB_STR("ce_subject"), hb_str_c(event->subject)},
                                              {HB_STR("hb_registry"), hb_str_c(number)}};
    (void)snprintf(key, sizeof key, "demo/%s", event->subject);
    (void)snprintf(data, sizeof data, "{\"id\":\"%s\"}", event->id);
    const struct hb_kafka_record record = {topic, HB_KAFKA_PARTITION_ANY, hb_str_c(key), hb_str_c(data), headers, 6};
    while (hb_kafka_produce(producer, &record, acknowledged, event))
        (void)hb_kafka_producer_poll(producer, 100);
}

void rig_begin(struct rig *rig, const char *webhook)
{
    rig->series++;
    rig->events_count = 0;
    rig_webhook(rig, webhook, rig->webhook);
}

void rig_publish(struct rig *rig, const char *type, int count)
{
    char topic[HB_TOPIC_NAME_MAX];
    struct hb_kafka_producer *producer = NULL;
    enum hb_topic family = hb_topic_of_type(hb_str_c(type));
    const struct hb_kafka_producer_options options = {.cluster = rig->cluster, .linger_ms = 5, .queue_records_max = 10000,
                                                      .queue_kib_max = 65536, .message_timeout_ms = 30000};
    assert_int_equal(hb_kafka_producer_new(&options, &producer, NULL), HB_OK);
    hb_topic_name(hb_str_c(rig->world.prefix), family, topic);
    hb_loop_update_time(rig->world.loop);
    for (int i = 0; i < count; i++) {
        struct rig_event *event = &rig->events[rig->events_count];
        (void)snprintf(event->id, sizeof event->id, "evt_%d_%d", rig->series, rig->events_count++);
        (void)snprintf(event->type, sizeof event->type, "%s", type);
        (void)snprintf(event->subject, sizeof event->subject, "s%d", i % 10);
        event->position = (struct hb_position){(int)family, 0, 0, hb_loop_wall(rig->world.loop)};
        produce(producer, topic, event, hb_registry_applied(rig->api.registry));
    }
    assert_int_equal(hb_kafka_producer_flush(producer, 30000), HB_OK);
    hb_kafka_producer_free(&producer, 1000);
}

static void delivery_of(const struct rig *rig, const struct rig_event *event, char ret_id[HB_DELIVERY_ID_BYTES + 1])
{
    unsigned char digest[32];
    hb_sha256_pair(hb_str_c(rig->webhook), hb_str_c(event->id), digest);
    hb_delivery_id(digest, ret_id);
}

void rig_journal(struct rig *rig, struct rig_process *process, int event, enum hb_delivery_state state, int64_t version)
{
    const struct rig_event *of = &rig->events[event];
    char id[HB_DELIVERY_ID_BYTES + 1];
    unsigned char digest[32];
    uint64_t subject = 0;
    delivery_of(rig, of, id);
    hb_sha256(hb_str_c(of->subject), digest);
    for (int i = 0; i < 8; i++)
        subject = subject << 8 | digest[i];
    const struct hb_journal_record record = {
        .kind = state == HB_DELIVERY_DELIVERED ? HB_JOURNAL_TOMBSTONE : HB_JOURNAL_STATE, .id = hb_str_c(id),
        .webhook = hb_str_c(rig->webhook), .version = version, .repairs = HB_SHARD_NONE, .state = state, .store = HB_STR("demo"),
        .event = hb_str_c(of->id), .subject = subject, .position = of->position, .attempts = 10, .first_failed = {1},
        .due = {of->position.appended.ms}, .reason = HB_STR("timeout")};
    assert_int_equal(hb_journal_put(hb_outbox_journal(process->outbox), &record, NULL, NULL), HB_OK);
}

void rig_line(struct rig *rig, struct rig_process *process, int event, const char *outcome)
{
    const struct rig_event *of = &rig->events[event];
    char id[HB_DELIVERY_ID_BYTES + 1], topic[HB_TOPIC_NAME_MAX];
    delivery_of(rig, of, id);
    hb_topic_name(hb_str_c(rig->world.prefix), (enum hb_topic)of->position.topic, topic);
    struct hb_attempt_line line = {.at = hb_loop_wall(rig->world.loop), .outcome = hb_str_c(outcome), .store = HB_STR("demo"),
                                   .webhook = hb_str_c(rig->webhook), .delivery = hb_str_c(id), .event = hb_str_c(of->id),
                                   .type = hb_str_c(of->type), .subject = hb_str_c(of->subject), .topic = hb_str_c(topic),
                                   .partition = of->position.partition, .offset = of->position.offset, .duration_us = -1,
                                   .connect_us = -1, .retry_after_ms = -1};
    assert_int_equal(hb_lines_add(hb_outbox_lines(process->outbox), &line, NULL, NULL), HB_OK);
}

static bool is_empty(void *user) { return hb_outbox_waiting(((struct rig_process *)user)->outbox) == 0; }

void rig_flush(struct rig *rig, struct rig_process *process)
{
    world_until(&rig->world, is_empty, process, "the outbox to be empty");
}

static void put_registry(struct rig *rig, struct rig_process *process, const char *key, const char *value)
{
    const struct hb_kafka_record record = {rig->world.topic, 0, hb_str_c(key), hb_str_c(value), NULL, 0};
    while (hb_kafka_produce(hb_outbox_producer(process->outbox), &record, NULL, NULL))
        hb_outbox_poll(process->outbox);
}

struct awaited {
    struct hb_registry *registry;
    const char *key;
};

static bool is_there(void *user)
{
    const struct awaited *awaited = user;
    return hb_registry_record(awaited->registry, hb_str_c(awaited->key)).len > 0;
}

static bool is_gone(void *user) { return !is_there(user); }

void rig_old_jobs(struct rig *rig, struct rig_process *process, int count)
{
    char key[256], value[1024];
    for (int i = 0; i < count; i++) {
        (void)snprintf(key, sizeof key, "replay-state/rpl_old_%04d", i);
        put_registry(rig, process, key,
                     "{\"v\":1,\"status\":\"done\",\"at\":\"2026-01-01T00:00:00.000Z\",\"worker\":\"w\",\"total\":0,\"selected\":0,\"gone\":0}");
        (void)snprintf(value, sizeof value,
                       "{\"v\":1,\"status\":\"active\",\"id\":\"rpl_old_%04d\",\"store\":\"demo\",\"webhook\":\"%s\",\"revision\":1,"
                       "\"created\":\"2026-01-01T00:00:%02d.%03dZ\",\"updated\":\"2026-01-01T00:00:00.000Z\",\"states\":[\"dead\"],\"rate\":1,"
                       "\"once\":false}",
                       i, rig->webhook, i / 1000, i % 1000);
        (void)snprintf(key, sizeof key, "replay/demo/rpl_old_%04d", i);
        put_registry(rig, process, key, value);
    }
    struct awaited last = {rig->api.registry, key};
    world_until(&rig->world, is_there, &last, "the old jobs to be in the registry");
}

void rig_registry(struct rig *rig, struct rig_process *process, const char *key, const char *value)
{
    struct awaited awaited = {rig->api.registry, key};
    put_registry(rig, process, key, value);
    world_until(&rig->world, is_there, &awaited, key);
}

void rig_until_forgotten(struct rig *rig, const char *key)
{
    struct awaited awaited = {rig->api.registry, key};
    world_until(&rig->world, is_gone, &awaited, "a job to be forgotten");
}

/* ---- the api ---- */

struct reply rig_ask(struct rig *rig, int status, const char *method, const char *path, const char *body)
{
    struct reply reply = request(&rig->api, method, path, rig->admin, NULL, body);
    if (reply.status != status)
        fail_msg("%s %s %s: %d, wanted %d: %s", method, path, body ? body : "", reply.status, status, reply.body);
    return reply;
}

int64_t rig_number(const struct reply *reply, const char *name)
{
    int64_t number = -1;
    if (hb_json_kind(hb_json_get(reply->json, name)) != HB_JSON_NULL && !hb_json_int(hb_json_get(reply->json, name), &number))
        fail_msg("no %s in %s", name, reply->body);
    return number;
}

static struct reply post(struct rig *rig, int status, const char *members, bool is_dry)
{
    char body[4096];
    (void)snprintf(body, sizeof body, "{\"webhook\":\"%s\"%s%s%s}", rig->webhook, members[0] ? "," : "", members,
                   is_dry ? ",\"dry_run\":true" : "");
    return rig_ask(rig, status, "POST", "/v1/stores/demo/replays", body);
}

int64_t rig_count(struct rig *rig, const char *members, int64_t *ret_gone)
{
    struct reply reply = post(rig, 200, members, true);
    int64_t total = rig_number(&reply, "total");
    if (ret_gone)
        *ret_gone = rig_number(&reply, "gone");
    reply_free(&reply);
    return total;
}

int64_t rig_count_missing(struct rig *rig)
{
    struct hb_replay_scan_spec *spec = calloc(1, sizeof *spec);
    const struct hb_replay_job job = {.id = HB_STR("rpl_x"), .store = HB_STR("demo"), .webhook = hb_str_c(rig->webhook),
                                      .states = HB_REPLAY_BIT(MISSING), .until = {HB_REPLAY_NO_UNTIL}, .rate = 1};
    struct hb_replay_list list = {.items = NULL};
    struct hb_error error = {HB_OK, ""};
    spec->cluster = rig->cluster;
    spec->topic_prefix = hb_str_c(rig->world.prefix);
    spec->job = &job;
    spec->webhook = hb_registry_webhook(rig->api.registry, job.store, job.webhook);
    spec->from = HB_REPLAY_BEGINNING;
    spec->deliveries_max = 3000;
    spec->now = mono_now;
    if (hb_replay_scan_run(spec, &list, &error))
        fail_msg("scan: %s", error.text);
    int64_t count = (int64_t)hb_candidates_count(list.items);
    hb_replay_list_deinit(&list);
    free(spec);
    return count;
}

void rig_create(struct rig *rig, const char *members, char ret_id[HB_ID_MAX + 1])
{
    struct reply reply = post(rig, 201, members, false);
    struct hb_str id = reply_text(&reply, "id");
    (void)snprintf(ret_id, HB_ID_MAX + 1, "%.*s", HB_ARG(id));
    reply_free(&reply);
}

static struct reply show(struct rig *rig, const char *job)
{
    char path[256];
    (void)snprintf(path, sizeof path, "/v1/stores/demo/replays/%s", job);
    return rig_ask(rig, 200, "GET", path, NULL);
}

int64_t rig_progress(struct rig *rig, const char *job, const char *name)
{
    struct reply reply = show(rig, job);
    int64_t number = rig_number(&reply, name);
    reply_free(&reply);
    return number;
}

void rig_until_status(struct rig *rig, const char *job, const char *status)
{
    int64_t until_us = mono_now().us + (int64_t)LIMIT_S * 1000000;
    for (;;) {
        struct reply reply = show(rig, job);
        struct hb_str now = reply_text(&reply, "status");
        bool is_wanted = hb_str_eq(now, hb_str_c(status));
        bool is_end = hb_str_eq(now, HB_STR("failed")) || hb_str_eq(now, HB_STR("done"));
        if (!is_wanted && (is_end || mono_now().us > until_us))
            fail_msg("the job is not %s: %s", status, reply.body);
        reply_free(&reply);
        if (is_wanted)
            return;
        for (int i = 0; i < 10; i++)
            hb_loop_run_once(rig->world.loop, 10);
    }
}

/* ---- the journal ---- */

#define FOUND_MAX 20000

struct reading {
    const char *job;
    struct hb_map ids;
    char *kept[FOUND_MAX];
    int64_t versions[64];
    int64_t seconds_from[FOUND_MAX]; /* append times */
    int64_t last_appended;
    struct rig_found found;
    bool is_ended;
};

static void take(void *user, struct hb_kafka_message *message)
{
    struct reading *reading = user;
    char job[HB_ID_MAX + 16];
    (void)snprintf(job, sizeof job, "\"job\":\"%s\"", reading->job);
    if (message->value.len > 0 && memmem(message->value.ptr, message->value.len, job, strlen(job))) {
        struct rig_found *found = &reading->found;
        struct hb_name_value headers[HB_KAFKA_HEADERS_MAX];
        size_t count = hb_kafka_message_headers(message, headers, HB_KAFKA_HEADERS_MAX);
        uint64_t version = 0;
        for (size_t i = 0; i < count; i++)
            if (hb_str_eq(headers[i].name, HB_STR("version")))
                assert_true(hb_str_to_u64(headers[i].value, &version));
        int at = 0;
        while (at < found->versions && reading->versions[at] != (int64_t)version)
            at++;
        if (at == found->versions && at < 64)
            reading->versions[found->versions++] = (int64_t)version;
        if (!hb_map_get(&reading->ids, message->key)) {
            char *id = hb_str_dup(message->key);
            reading->kept[found->ids++] = id;
            assert_int_equal(hb_map_put(&reading->ids, hb_str_c(id), id), HB_OK);
            const char *appended = memmem(message->value.ptr, message->value.len, "\"appended\":", 11);
            int64_t ms = appended ? strtoll(appended + 11, NULL, 10) : 0;
            found->is_in_order &= ms >= reading->last_appended;
            reading->last_appended = ms;
        }
        reading->seconds_from[found->records++] = message->appended.ms;
    }
    hb_kafka_message_free(message);
}

static void end(void *user, int topic, int32_t partition, int64_t offset)
{
    (void)topic, (void)partition, (void)offset;
    ((struct reading *)user)->is_ended = true;
}

static void error(void *user, enum hb_err err, int topic, int32_t partition, const char *text)
{
    (void)user, (void)topic, (void)partition;
    print_error("reading the journal: %s %s\n", hb_err_text(err), text);
}

static const struct hb_kafka_reader_events EVENTS = {take, end, error};

struct rig_found rig_find(struct rig *rig, const char *job)
{
    struct reading *reading = calloc(1, sizeof *reading);
    char topic[HB_TOPIC_NAME_MAX];
    const char *const names[] = {topic};
    struct hb_kafka_reader *reader = NULL;
    hb_topic_name(hb_str_c(rig->world.prefix), HB_TOPIC_JOURNAL, topic);
    reading->job = job;
    reading->found.is_in_order = true;
    const struct hb_kafka_reader_options options = {.cluster = rig->cluster, .topics = names, .topics_count = 1,
                                                    .queued_records_min = 50000, .events = &EVENTS, .user = reading};
    const struct hb_kafka_start start = {0, hb_journal_shard(hb_str_c(rig->webhook)), HB_KAFKA_BEGINNING};
    assert_int_equal(hb_kafka_reader_new(&options, &reader, NULL), HB_OK);
    assert_int_equal(hb_kafka_reader_assign(reader, &start, 1), HB_OK);
    int64_t until_us = mono_now().us + (int64_t)LIMIT_S * 1000000;
    while (!reading->is_ended) {
        (void)hb_kafka_reader_poll(reader, 500, 100);
        assert_true(mono_now().us < until_us);
    }
    hb_kafka_reader_free(&reader);
    for (int i = 0, from = 0; i < reading->found.records; i++) {
        while (reading->seconds_from[i] - reading->seconds_from[from] >= 1000)
            from++;
        if (i - from + 1 > reading->found.most_in_a_second)
            reading->found.most_in_a_second = i - from + 1;
    }
    struct rig_found found = reading->found;
    hb_map_deinit(&reading->ids);
    for (int i = 0; i < found.ids; i++)
        free(reading->kept[i]);
    free(reading);
    return found;
}
