#include "component/dispatcher/world.h"

#include "fakes/config_defaults.h"
#include "platform/crypto/crypto.h"

#include <dirent.h>
#include <unistd.h>

#define FINISH_ROUNDS_MAX 2000

static void set_defaults(struct hb_config *config)
{
    config_set_defaults(config);
    config->dispatcher_ring_slots = 64;
    config->dispatcher_id_memory = 1000;
}

static int index_of_webhook(struct hb_str id)
{
    HB_ASSERT(id.len == 4 && memcmp(id.ptr, "wh_", 3) == 0 && id.ptr[3] >= '0' && id.ptr[3] < '0' + WORLD_WEBHOOKS);
    return id.ptr[3] - '0';
}

/* ---- the ledger ---- */

/* Whether all that an event owes was seen outside. */
static bool is_paid(const struct world_event *event)
{
    if (event->is_whole)
        return event->whole_lines > 0;
    for (int i = 0; i < WORLD_WEBHOOKS; i++)
        if ((event->expected & (1u << i)) && (event->lines[i] == 0 || event->ended[i] == 0))
            return false;
    return true;
}

static void on_stored(void *user, int topic, int32_t partition, int64_t next_offset)
{
    struct world *world = user;
    world->stores++;
    HB_ASSERT(next_offset <= WORLD_OFFSETS);
    for (int64_t offset = 0; world->events[topic][partition] && offset < next_offset; offset++) {
        const struct world_event *event = &world->events[topic][partition][offset];
        if (!event->is_appended || is_paid(event))
            continue;
        print_error("offset %lld of %d/%d was stored, but offset %lld is not done\n", (long long)next_offset, topic, partition, (long long)offset);
        world->early_stores++;
    }
}

static bool member(const char *line, const char *name, char ret_value[128])
{
    char key[32];
    (void)snprintf(key, sizeof key, "\"%s\":", name);
    const char *at = strstr(line, key);
    return at && sscanf(at + strlen(key), at[strlen(key)] == '"' ? "\"%127[^\"]" : "%127[0-9]", ret_value) == 1;
}

static void take_line(struct world *world, const char *line)
{
    char topic_name[128], number[128], webhook[128];
    HB_ASSERT(member(line, "topic", topic_name) && member(line, "partition", number));
    int topic = hb_topic_find(HB_STR("hookbus."), hb_str_c(topic_name)), partition = atoi(number);
    HB_ASSERT(topic >= 0 && topic < FAKE_TOPICS && member(line, "offset", number));
    struct world_event *event = &world->events[topic][partition][atoll(number)];
    char outcome[128] = "";
    (void)member(line, "outcome", outcome);
    bool is_end = strcmp(outcome, "delivered") == 0 || strcmp(outcome, "skipped") == 0;
    if (member(line, "webhook", webhook)) {
        event->lines[index_of_webhook(hb_str_c(webhook))]++;
        event->ended[index_of_webhook(hb_str_c(webhook))] += is_end;
    } else {
        event->whole_lines++;
    }
    char **kept = &world->lines[world->lines_count++ % WORLD_LINES_KEPT];
    free(*kept);
    *kept = hb_str_dup(hb_str_c(line));
    world->lines_acked++;
}

/* "key version webhook value" of the last records, and the event's delivery is kept. */
static void take_journal(struct world *world, const struct fake_record *record)
{
    char topic[128], partition[128], offset[128], webhook[128], text[1400];
    (void)snprintf(text, sizeof text, "v%s %s", fake_record_header(record, "version"), record->value ? record->value : "tombstone");
    size_t at = strlen(text);
    (void)snprintf(text + at, sizeof text - at, " of %s", fake_record_header(record, "webhook"));
    char **kept = &world->journal[world->journal_count++ % WORLD_LINES_KEPT];
    free(*kept);
    *kept = hb_str_dup(hb_str_c(text));
    if (!record->value)
        return;
    HB_ASSERT(member(record->value, "topic", topic) && member(record->value, "partition", partition));
    HB_ASSERT(member(record->value, "offset", offset) && member(record->value, "webhook", webhook));
    world->events[atoi(topic)][atoi(partition)][atoll(offset)].ended[index_of_webhook(hb_str_c(webhook))]++;
}

static void on_acked(void *user, const struct fake_record *record)
{
    struct world *world = user;
    if (strcmp(record->topic, "hookbus.journal") == 0) {
        take_journal(world, record);
        return;
    }
    if (strcmp(record->topic, "hookbus.attempts") != 0) {
        (void)snprintf(world->watermark, sizeof world->watermark, "%s %s", record->key, record->value);
        return;
    }
    struct hb_str rest = hb_str_c(record->value), line;
    while (hb_str_split(&rest, '\n', &line)) {
        if (line.len == 0)
            continue;
        char *text = hb_str_dup(line);
        take_line(world, text);
        free(text);
    }
}

static void on_sent(void *user, const struct fake_request *request)
{
    struct world *world = user;
    /* The webhook's URL ends with its number, the event id names its place: "e-<topic>-<partition>-<offset>". */
    int topic, partition, offset, webhook;
    const char *id = fake_request_header(request, "webhook-id"), *tail = strrchr(request->url, '/');
    if (!id || sscanf(id, "e-%d-%d-%d", &topic, &partition, &offset) != 3 || !tail || sscanf(tail, "/wh_%d", &webhook) != 1)
        return;
    world->events[topic][partition][offset].sent[webhook]++;
}

/* ---- the owner ---- */

static void on_ended(void *user, void *tag, enum hb_resend_end end)
{
    struct world_owner *owner = &((struct world *)user)->owner;
    HB_ASSERT(!owner->is_inside && (uintptr_t)tag < WORLD_RESENDS);
    owner->ended[(uintptr_t)tag]++;
    owner->end[(uintptr_t)tag] = (int)end;
}

static void on_room_changed(void *user, struct hb_str webhook)
{
    struct world_owner *owner = &((struct world *)user)->owner;
    HB_ASSERT(!owner->is_inside && webhook.len > 0);
    owner->changed++;
}

static bool on_owns(void *user, struct hb_str webhook)
{
    (void)webhook;
    return ((struct world *)user)->owner.owns;
}

static void on_keep(void *user, const struct hb_event_bytes *record)
{
    struct world_owner *owner = &((struct world *)user)->owner;
    owner->kept++;
    (void)snprintf(owner->last_kept, sizeof owner->last_kept, "%.*s %lld %zu", HB_ARG(record->value), (long long)record->position.offset, record->headers_count);
}

struct hb_resend_room world_room(struct world *world, const char *webhook)
{
    struct hb_sender sender = hb_dispatcher_sender(world->dispatcher);
    world->owner.is_inside = true;
    struct hb_resend_room room = sender.room(sender.user, hb_str_c(webhook));
    world->owner.is_inside = false;
    return room;
}

enum hb_err world_resend(struct world *world, uintptr_t tag, const char *webhook, const struct hb_resend *resend)
{
    struct hb_sender sender = hb_dispatcher_sender(world->dispatcher);
    struct hb_resend whole = *resend;
    (void)snprintf(world->resent_id, sizeof world->resent_id, "e-0-0-%lld", (long long)resend->position.offset);
    world->resent = (struct hb_event){.id = hb_str_c(world->resent_id), .store = HB_STR("shop"), .type = HB_STR("order.created"), .subject = HB_STR("1001"),
                                      .time = HB_STR("2023-11-14T22:13:20.000Z"), .data = HB_STR("{\"n\":1}"), .registry_stamp = HB_NO_STAMP, .is_json = true};
    whole.webhook = hb_str_c(webhook);
    whole.event = &world->resent;
    whole.tag = (void *)tag;
    world->owner.is_inside = true;
    enum hb_err err = sender.send(sender.user, &whole);
    world->owner.is_inside = false;
    return err;
}

/* ---- life ---- */

static void on_stopped(void *user) { ((struct world *)user)->stopped++; }

static void on_failed(void *user, const char *sentence)
{
    struct world *world = user;
    world->failed++;
    (void)snprintf(world->failure, sizeof world->failure, "%s", sentence ? sentence : "");
}

int world_setup(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    HB_ASSERT(world);
    set_defaults(&world->config);
    world->loop = fake_loop_new();
    fake_loop_set_readable(world->loop, fake_kafka_is_readable);
    fake_kafka_open(&(struct fake_kafka_hooks){.stored = on_stored, .acked = on_acked, .user = world});
    world->registry = fake_registry_new(world->loop);
    world->http = fake_http_client_new();
    fake_http_on_send(world->http, on_sent, world);
    fake_registry_add_store(world->registry, "shop");
    world->has_keys = true;
    world->log = hb_log_root(NULL);
    hb_metrics_init(&world->metrics);
    for (int t = 0; t < FAKE_TOPICS; t++)
        for (int p = 0; p < FAKE_PARTITIONS; p++)
            world->events[t][p] = calloc(WORLD_OFFSETS, sizeof *world->events[t][p]);
    *state = world;
    return 0;
}

void world_start(struct world *world)
{
    const struct hb_outbox_options outbox = {
        .loop = world->loop, .config = &world->config, .cluster = {.brokers = "fake"}, .worker = "test-0"};
    assert_int_equal(hb_outbox_new(&outbox, &world->outbox, NULL), HB_OK);
    const struct hb_dispatcher_options options = {
        .loop = world->loop, .config = &world->config, .cluster = {.brokers = "fake"}, .registry = world->registry, .http = world->http,
        .outbox = world->outbox,
        .has_keys = world->has_keys, .worker = "test-0", .resets_offsets = world->resets_offsets, .metrics = &world->metrics, .log = &world->log,
        .stopped = on_stopped, .failed = on_failed, .user = world};
    struct hb_error error = {.text = ""};
    if (hb_dispatcher_new(&options, &world->dispatcher, &error))
        fail_msg("%s", error.text);
    const struct hb_owner owner = {.ended = on_ended, .room_changed = on_room_changed, .owns = on_owns, .keep = on_keep, .user = world};
    if (world->owner.is_there)
        hb_dispatcher_set_owner(world->dispatcher, &owner);
    world_settle(world);
}

void world_stop(struct world *world)
{
    hb_http_client_free(&world->http);
    hb_dispatcher_free(&world->dispatcher);
    hb_outbox_free(&world->outbox);
    world->http = fake_http_client_new();
    fake_http_on_send(world->http, on_sent, world);
}

void world_crash(struct world *world)
{
    fake_kafka_set_away(true);
    world_stop(world);
    fake_kafka_set_away(false);
    fake_kafka_refuse(HB_OK);
}

static void remove_state(struct world *world)
{
    char path[256];
    if (!world->state_dir[0])
        return;
    (void)snprintf(path, sizeof path, "%s/test-0.settled", world->state_dir);
    (void)unlink(path);
    (void)rmdir(world->state_dir);
}

int world_teardown(void **state)
{
    struct world *world = *state;
    hb_http_client_free(&world->http);
    hb_dispatcher_free(&world->dispatcher);
    hb_outbox_free(&world->outbox);
    hb_registry_free(&world->registry);
    fake_kafka_close();
    fake_loop_free(&world->loop);
    int early = world->early_stores;
    for (int t = 0; t < FAKE_TOPICS; t++)
        for (int p = 0; p < FAKE_PARTITIONS; p++)
            free(world->events[t][p]);
    for (size_t i = 0; i < WORLD_LINES_KEPT; i++)
        free(world->lines[i]), free(world->journal[i]);
    remove_state(world);
    free(world);
    if (fake_http_targets() != 0 || fake_webhooks() != 0)
        print_error("%d targets and %d snapshots were not freed\n", fake_http_targets(), fake_webhooks());
    return early != 0 || fake_http_targets() != 0 || fake_webhooks() != 0;
}

/* ---- what tests do ---- */

void world_settle(struct world *world) { fake_loop_settle(world->loop); }

static struct hb_webhook *put(struct world *world, const struct fake_webhook *spec)
{
    struct fake_webhook whole = *spec;
    char url[128];
    (void)snprintf(url, sizeof url, "http://%s/%s", spec->url ? spec->url : "receiver.example", spec->id);
    whole.url = spec->url && strncmp(spec->url, "bad:", 4) == 0 ? spec->url : url;
    if (!whole.store)
        whole.store = "shop";
    return fake_registry_put(world->registry, &whole);
}

void world_add_webhook(struct world *world, const struct fake_webhook *spec) { (void)put(world, spec); }

void world_change_webhook(struct world *world, const struct fake_webhook *spec)
{
    hb_dispatcher_webhook_changed(world->dispatcher, NULL, put(world, spec));
}

int64_t world_append(struct world *world, int topic, int32_t partition, const struct fake_event *event, unsigned webhooks)
{
    int64_t offset = fake_kafka_append(topic, partition, event);
    HB_ASSERT(offset < WORLD_OFFSETS);
    world->events[topic][partition][offset].is_appended = true;
    world->events[topic][partition][offset].expected = webhooks;
    return offset;
}

void world_expect_whole(struct world *world, int topic, int32_t partition, int64_t offset)
{
    world->events[topic][partition][offset].is_whole = true;
}

int64_t world_publish(struct world *world, int32_t partition, const char *id, unsigned webhooks)
{
    char made[64];
    (void)snprintf(made, sizeof made, "e-0-%d-%lld", partition, (long long)fake_kafka_end(0, partition));
    return world_append(world, 0, partition,
                        &(struct fake_event){.store = "shop", .subject = "1001", .id = id ? id : made, .type = "order.created", .value = "{\"n\":1}"},
                        webhooks);
}

void world_answer(struct world *world, int status)
{
    struct fake_request *request = fake_http_pending(world->http);
    assert_non_null(request);
    fake_http_answer(world->http, request, status);
    world_settle(world);
}

void world_gather(struct world *world) { fake_loop_advance(world->loop, world->config.dispatcher_attempts_linger_ms + 1); }

void world_write_all(struct world *world)
{
    world_settle(world);
    fake_kafka_ack_all();
    world_gather(world);
    fake_kafka_ack_all();
    world_settle(world);
    fake_kafka_ack_all(); /* records that waited for their lines */
    world_settle(world);
}

int world_count_pending(const char *topic)
{
    int count = 0;
    for (const struct fake_record *record = fake_kafka_pending(); record; record = record->next)
        count += strcmp(record->topic, topic) == 0;
    return count;
}

void world_ack_topic(struct world *world, const char *topic, enum hb_err err)
{
    for (struct fake_record *next, *record = fake_kafka_pending(); record; record = next) {
        next = record->next;
        if (strcmp(record->topic, topic) == 0)
            fake_kafka_ack(record, err);
    }
    world_settle(world);
}

void world_finish(struct world *world)
{
    int quiet = 0;
    for (int round = 0; quiet < 3; round++) {
        int before = world->lines_acked + (int)world->journal_count + world->stores + fake_http_sent_count(world->http);
        HB_ASSERT(round < FINISH_ROUNDS_MAX);
        world_settle(world);
        while (fake_http_pending(world->http))
            fake_http_answer(world->http, fake_http_pending(world->http), 200);
        fake_kafka_ack_all();
        fake_loop_advance(world->loop, 1100);
        fake_kafka_commit(true);
        world_settle(world);
        quiet = world->lines_acked + (int)world->journal_count + world->stores + fake_http_sent_count(world->http) == before && !fake_http_pending(world->http) ? quiet + 1 : 0;
    }
}

int world_count_lines(const struct world *world, const char *text)
{
    int count = 0;
    for (size_t i = 0; i < WORLD_LINES_KEPT; i++)
        count += world->lines[i] && strstr(world->lines[i], text);
    return count;
}

bool world_has_line(const struct world *world, const char *a, const char *b)
{
    for (size_t i = 0; i < WORLD_LINES_KEPT; i++)
        if (world->lines[i] && strstr(world->lines[i], a) && strstr(world->lines[i], b))
            return true;
    return false;
}

int world_count_journal(const struct world *world, const char *a, const char *b)
{
    int count = 0;
    for (size_t i = 0; i < WORLD_LINES_KEPT; i++)
        count += world->journal[i] && strstr(world->journal[i], a) && strstr(world->journal[i], b);
    return count;
}
