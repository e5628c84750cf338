#include "component/retry/owner_world.h"

#include "fakes/config_defaults.h"
#include "hookbus/topics.h"
#include "platform/crypto/crypto.h"

#include <stdlib.h>
#include <unistd.h>

static const char *topic_of(struct owner_world *world, enum hb_topic topic, char ret_name[HB_TOPIC_NAME_MAX])
{
    (void)hb_topic_name(hb_str_c(world->prefix), topic, ret_name);
    return ret_name;
}

static void name_webhooks(struct owner_world *world)
{
    char *names[] = {world->webhook, world->other};
    int found = 0;

    for (int i = 0; found < 2; i++) {
        char id[32];
        (void)snprintf(id, sizeof(id), "wh_t%d", i);
        if (hb_journal_shard(hb_str_c(id)) == 0)
            memcpy(names[found++], id, sizeof(id));
    }
}

static void make_topics(struct owner_world *world)
{
    char name[HB_TOPIC_NAME_MAX];

    for (int topic = 0; topic < HB_EVENT_TOPIC_COUNT; topic++)
        room_make_topic(topic_of(world, (enum hb_topic)topic, name), 1);
    room_make_topic(topic_of(world, HB_TOPIC_JOURNAL, name), OWNER_SHARDS);
    room_make_topic(topic_of(world, HB_TOPIC_ATTEMPTS, name), 1);
}

static void on_connected(void *user, bool is_connected) { ((struct owner_world *)user)->is_connected = is_connected; }

static struct hb_wall log_now(void *user) { return hb_loop_wall(((struct owner_world *)user)->loop); }

static void open_redis(struct owner_world *world)
{
    struct hb_error error = {HB_OK, ""};
    const struct hb_redis_options options = {.loop = world->loop,
                                             .address = world->config.redis_address,
                                             .connect_timeout_ms = 2000,
                                             .command_timeout_ms = 10000,
                                             .commands_max = 1000,
                                             .jitter_seed = 1,
                                             .connected = on_connected,
                                             .user = world};
    if (hb_redis_new(&options, &world->redis, &error))
        fail_msg("%s", error.text);
    OWNER_UNTIL(world, world->is_connected);
}

int owner_setup(void **state)
{
    static int number;
    struct owner_world *world = calloc(1, sizeof(*world));
    struct hb_error error = {HB_OK, ""};
    char what[16];

    *state = world;
    (void)snprintf(what, sizeof(what), "o%d.", number++);
    char full[128];
    (void)snprintf(world->prefix, sizeof(world->prefix), "%.60s", room_name(full, what));
    config_set_defaults(&world->config);
    world->config.kafka_topic_prefix = world->prefix;
    world->config.redis_address = getenv("HOOKBUS_TEST_REDIS");
    world->config.dispatcher_session_timeout_ms = 6000;
    world->answer = OWNER_DELIVERS;
    world->slots = 64;
    assert_int_equal(hb_loop_new(&world->loop), HB_OK);
    if (getenv("HOOKBUS_TEST_LOG"))
        assert_int_equal(hb_log_new(STDERR_FILENO, HB_LOG_LEVEL_DEBUG, log_now, world, &world->sink), HB_OK);
    world->log = hb_log_root(world->sink);
    hb_metrics_init(&world->metrics);
    name_webhooks(world);
    make_topics(world);
    world->registry = fake_registry_new(world->loop);
    fake_registry_add_store(world->registry, "shop");
    (void)fake_registry_put(world->registry, &(struct fake_webhook){.id = world->webhook, .store = "shop"});
    (void)fake_registry_put(world->registry, &(struct fake_webhook){.id = world->other, .store = "shop"});
    open_redis(world);
    const struct hb_outbox_options options = {
        .loop = world->loop, .config = &world->config, .cluster = room_cluster(), .worker = "test"};
    if (hb_outbox_new(&options, &world->writer, &error))
        fail_msg("%s", error.text);
    return 0;
}

int owner_teardown(void **state)
{
    struct owner_world *world = *state;

    for (int i = 0; i < OWNERS_MAX; i++)
        if (world->owners[i].retry)
            owner_crash(world, i);
    owner_wipe(world);
    OWNER_REDIS(world, "EVAL", "for _, k in ipairs(redis.call('KEYS', 'copy{'..ARGV[1]..'*')) do redis.call('DEL', k) end",
                "0", world->prefix);
    hb_outbox_free(&world->writer);
    hb_redis_free(&world->redis);
    hb_registry_free(&world->registry);
    if (world->sink)
        hb_log_free(&world->sink);
    hb_loop_free(&world->loop);
    free(world);
    return 0;
}

/* ---- the sender ---- */

static struct hb_resend_room room(void *user, struct hb_str webhook)
{
    struct owner_world *world = ((struct owner *)user)->world;
    int held = 0;

    world->rooms_asked++;
    for (int i = 0; i < world->sends_count; i++)
        held += !world->sends[i].is_ended && hb_str_eq(hb_str_c(world->sends[i].webhook), webhook);
    return (struct hb_resend_room){.slots = world->slots > held ? world->slots - held : 0,
                                   .is_deleted = world->is_deleted,
                                   .is_unknown = world->is_unknown,
                                   .again = {HB_RESEND_WHEN_TOLD}};
}

static void recorded(void *user, enum hb_err err, int64_t offset)
{
    struct owner_send *send = user;

    (void)err;
    (void)offset;
    send->is_ended = true;
}

static void end_send(struct owner_world *world, int number, enum hb_resend_end end)
{
    struct owner_send *send = &world->sends[number];
    struct owner *owner = &world->owners[send->owner];

    if (!owner->retry)
        return;
    send->is_ended = true;
    struct hb_owner face = hb_retry_owner(owner->retry);
    face.ended(face.user, send->tag, end);
    face.room_changed(face.user, hb_str_c(send->webhook));
}

void owner_deliver(struct owner_world *world, int number)
{
    struct owner_send *send = &world->sends[number];
    char id[HB_DELIVERY_ID_BYTES + 1] = "dlv_";

    hb_base32_16(send->delivery, id + 4);
    const struct hb_journal_record record = {.kind = HB_JOURNAL_TOMBSTONE,
                                             .id = hb_str_c(id),
                                             .webhook = hb_str_c(send->webhook),
                                             .version = send->version + 1,
                                             .repairs = HB_SHARD_NONE,
                                             .state = HB_DELIVERY_DELIVERED};
    assert_int_equal(hb_journal_put(hb_outbox_journal(world->writer), &record, recorded, send), HB_OK);
    OWNER_UNTIL(world, send->is_ended);
    end_send(world, number, HB_RESEND_RECORDED);
}

static enum hb_err send(void *user, const struct hb_resend *resend)
{
    struct owner *owner = user;
    struct owner_world *world = owner->world;

    if (world->answer == OWNER_REFUSES)
        return HB_ERR_MEMORY;
    assert_in_range(world->sends_count, 0, OWNER_SENDS_MAX - 1);
    struct owner_send *to = &world->sends[world->sends_count++];
    *to = (struct owner_send){.event = -1,
                              .version = resend->version,
                              .attempts = resend->attempts,
                              .at_ms = room_now_ms(),
                              .is_probe = resend->is_probe,
                              .tag = resend->tag,
                              .owner = owner->number};
    (void)sscanf(resend->event->id.ptr, "evt-%d-", &to->event);
    (void)snprintf(to->webhook, sizeof(to->webhook), "%.*s", HB_ARG(resend->webhook));
    (void)snprintf(to->job, sizeof(to->job), "%.*s", HB_ARG(resend->job));
    memcpy(to->delivery, resend->delivery, HB_RESEND_DELIVERY_BYTES);
    return HB_OK;
}

static bool take_up(void *user, const struct hb_position *position)
{
    struct owner_world *world = ((struct owner *)user)->world;

    if (world->crasher && position->offset == world->crasher)
        return false;
    assert_int_equal(world->in_hand++, 0);
    return true;
}

static void let_go(void *user)
{
    assert_int_equal(--((struct owner *)user)->world->in_hand, 0);
}

/* What was sent and is answered by itself: in the next turns, never out of send. */
static void answer(struct owner_world *world)
{
    static struct owner_world *of;
    static int next;

    if (of != world || next > world->sends_count)
        next = 0;
    of = world;
    for (; next < world->sends_count; next++) {
        if (world->answer == OWNER_DELIVERS)
            owner_deliver(world, next);
        else if (world->answer == OWNER_UNSENT)
            end_send(world, next, HB_RESEND_UNSENT);
    }
}

/* ---- owners ---- */

static void on_stopped(void *user) { ((struct owner *)user)->stopped++; }

static void on_failed(void *user, const char *sentence)
{
    struct owner *owner = user;

    owner->failed++;
    (void)snprintf(owner->failure, sizeof(owner->failure), "%s", sentence);
}

void owner_make(struct owner_world *world, int number)
{
    struct owner *owner = &world->owners[number];
    static const char *const names[] = {"owner-0", "owner-1"};
    struct hb_error error = {HB_OK, ""};
    const struct hb_outbox_options outbox = {
        .loop = world->loop, .config = &world->config, .cluster = room_cluster(), .worker = names[number]};

    *owner = (struct owner){.world = world, .number = number};
    if (hb_outbox_new(&outbox, &owner->outbox, &error))
        fail_msg("%s", error.text);
    const struct hb_retry_options options = {.loop = world->loop,
                                             .config = &world->config,
                                             .cluster = room_cluster(),
                                             .registry = world->registry,
                                             .outbox = owner->outbox,
                                             .sender = {room, send, take_up, let_go, owner},
                                             .worker = names[number],
                                             .metrics = &world->metrics,
                                             .log = &world->log,
                                             .stopped = on_stopped,
                                             .failed = on_failed,
                                             .user = owner};
    if (hb_retry_new(&options, &owner->retry, &error))
        fail_msg("%s", error.text);
}

bool owner_is_whole(const struct owner_world *world)
{
    int ours = 0;

    for (int i = 0; i < OWNERS_MAX; i++)
        if (world->owners[i].retry) {
            struct hb_owner face = hb_retry_owner(world->owners[i].retry);
            ours += face.owns(face.user, hb_str_c(world->webhook));
        }
    return ours == 1;
}

void owner_start(struct owner_world *world, int number)
{
    owner_make(world, number);
    OWNER_UNTIL(world, owner_is_whole(world));
}

void owner_crash(struct owner_world *world, int number)
{
    struct owner *owner = &world->owners[number];

    hb_outbox_end(owner->outbox, 2000);
    hb_retry_free(&owner->retry);
    hb_outbox_free(&owner->outbox);
}

void owner_end(struct owner_world *world, int number)
{
    hb_retry_stop(world->owners[number].retry);
    OWNER_UNTIL(world, world->owners[number].stopped == 1);
    owner_crash(world, number);
}

void owner_run(struct owner_world *world, int ms)
{
    int64_t until_ms = room_now_ms() + ms;

    while (room_now_ms() < until_ms) {
        hb_loop_run_once(world->loop, 5);
        answer(world);
    }
}

void owner_until_sends(struct owner_world *world, int count)
{
    int64_t until_ms = room_now_ms() + OWNER_WAIT_MS;

    while (world->sends_count < count && room_now_ms() < until_ms)
        owner_run(world, 2);
    if (world->sends_count < count)
        fail_msg("waited for %d sends, %d came", count, world->sends_count);
    owner_run(world, 2);
}

/* ---- records ---- */

static struct hb_event event_of(int number, char ret_id[32])
{
    (void)snprintf(ret_id, 32, "evt-%d-0", number);
    return (struct hb_event){.id = hb_str_c(ret_id),
                             .store = HB_STR("shop"),
                             .type = HB_STR("order.created"),
                             .subject = HB_STR("1001"),
                             .time = HB_STR("2026-01-31T12:00:00.000Z"),
                             .data = HB_STR("{\"n\":1}"),
                             .registry_stamp = HB_NO_STAMP,
                             .is_json = true};
}

static void event_written(void *user, const struct hb_kafka_ack *ack)
{
    struct owner_world *world = user;

    assert_int_equal(ack->err, HB_OK);
    world->last_offset = ack->offset;
    world->written++;
}

static void produce(struct owner_world *world, const struct hb_kafka_record *record)
{
    int before = world->written;

    assert_int_equal(hb_kafka_produce(hb_outbox_producer(world->writer), record, event_written, world), HB_OK);
    OWNER_UNTIL(world, world->written > before);
}

int owner_publish(struct owner_world *world)
{
    int number = world->events_count++;
    char id[32], scratch[HB_EVENT_SCRATCH_MAX], topic[HB_TOPIC_NAME_MAX];
    struct hb_name_value headers[HB_EVENT_HEADERS_MAX];
    struct hb_event event = event_of(number, id);
    size_t count = hb_event_to_headers(&event, scratch, headers);

    const struct hb_kafka_record record = {.topic = topic_of(world, HB_TOPIC_EVENTS_ORDER, topic),
                                           .partition = 0,
                                           .key = HB_STR("shop/1001"),
                                           .value = event.data,
                                           .headers = headers,
                                           .headers_count = count};
    produce(world, &record);
    world->events[number] =
        (struct hb_position){HB_TOPIC_EVENTS_ORDER, 0, world->last_offset, hb_loop_wall(world->loop)};
    return number;
}

static void parked(void *user, enum hb_err err, int64_t offset)
{
    struct owner_world *world = user;

    assert_int_equal(err, HB_OK);
    world->last_offset = offset;
    world->written++;
}

void owner_park(struct owner_world *world, const struct owner_park *park)
{
    const char *webhook = park->webhook ? park->webhook : world->webhook;
    char event[32], id[HB_DELIVERY_ID_BYTES + 1];
    unsigned char digest[HB_SHA256_BYTES];
    int before = world->written;

    (void)event_of(park->event, event);
    hb_sha256_pair(hb_str_c(webhook), hb_str_c(event), digest);
    hb_delivery_id(digest, id);
    hb_loop_update_time(world->loop);
    struct hb_journal_record record = {.kind = HB_JOURNAL_STATE,
                                       .id = hb_str_c(id),
                                       .webhook = hb_str_c(webhook),
                                       .version = park->version ? park->version : 1,
                                       .repairs = park->repairs ? park->repairs : HB_SHARD_NONE,
                                       .state = park->state ? park->state : HB_DELIVERY_PARKED,
                                       .store = HB_STR("shop"),
                                       .event = hb_str_c(event),
                                       .subject = park->subject,
                                       .position = world->events[park->event],
                                       .attempts = park->attempts,
                                       .first_failed = {HB_JOURNAL_NEVER},
                                       .due = {hb_loop_wall(world->loop).ms + park->due_in_ms},
                                       .reason = HB_STR("server_error"),
                                       .job = hb_str_c(park->job)};
    record.position.appended.ms -= park->appended_ago_ms;
    if (record.state == HB_DELIVERY_DELIVERED)
        record.kind = HB_JOURNAL_TOMBSTONE;
    assert_int_equal(hb_journal_put(hb_outbox_journal(world->writer), &record, parked, world), HB_OK);
    OWNER_UNTIL(world, world->written > before);
}

void owner_write(struct owner_world *world, struct hb_str key, struct hb_str value, const char *version_header)
{
    char topic[HB_TOPIC_NAME_MAX];
    const struct hb_name_value header = {HB_STR("hb_v"), hb_str_c(version_header)};
    const struct hb_kafka_record record = {.topic = topic_of(world, HB_TOPIC_JOURNAL, topic),
                                           .partition = 0,
                                           .key = key,
                                           .value = value,
                                           .headers = &header,
                                           .headers_count = version_header ? 1 : 0};
    produce(world, &record);
}

/* ---- Redis ---- */

static void on_reply(void *user, enum hb_err err, const struct hb_redis_reply *reply)
{
    struct owner_world *world = user;

    assert_int_equal(err, HB_OK);
    world->is_error = reply->kind == HB_REDIS_ERROR;
    world->integer = reply->integer;
    (void)snprintf(world->reply, sizeof(world->reply), "%.*s", HB_ARG(reply->text));
    world->replies++;
}

void owner_redis(struct owner_world *world, const char *const *words)
{
    struct hb_str arguments[16];
    size_t count = 0;
    int before = world->replies;

    for (; words[count]; count++)
        arguments[count] = hb_str_c(words[count]);
    OWNER_UNTIL(world, world->is_connected);
    assert_int_equal(hb_redis_command(world->redis, arguments, count, on_reply, world), HB_OK);
    OWNER_UNTIL(world, world->replies > before);
}

void owner_wipe(struct owner_world *world)
{
    OWNER_REDIS(world, "EVAL", "for _, k in ipairs(redis.call('KEYS', '{'..ARGV[1]..':*')) do redis.call('DEL', k) end",
                "0", world->prefix);
}

void owner_copy(struct owner_world *world)
{
    OWNER_REDIS(world, "EVAL",
                "for _, k in ipairs(redis.call('KEYS', '{'..ARGV[1]..':*')) do redis.call('COPY', k, 'copy'..k) end", "0",
                world->prefix);
}

void owner_restore(struct owner_world *world)
{
    owner_wipe(world);
    OWNER_REDIS(world, "EVAL",
                "for _, k in ipairs(redis.call('KEYS', 'copy{'..ARGV[1]..':*')) do "
                "redis.call('COPY', k, string.sub(k, 5)) end",
                "0", world->prefix);
}

int64_t owner_entries(struct owner_world *world)
{
    OWNER_REDIS(world, "EVAL",
                "local n = 0 for _, k in ipairs(redis.call('KEYS', '{'..ARGV[1]..':*:e:*')) do n = n + redis.call('HLEN', k) "
                "end return n",
                "0", world->prefix);
    return world->integer;
}
