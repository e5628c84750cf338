/* Job: a real owner (hb_retry) with a real Kafka and Redis below it, and a sender that does what the test says above it.
 *
 * The registry is tests/fakes/fake_registry.c. The journal has OWNER_SHARDS partitions; names of topics and keys are
 * this test's alone. Fails: everything here aborts the test. Limits: each wait ends after OWNER_WAIT_MS. Threads: one. */
#ifndef TESTS_COMPONENT_RETRY_OWNER_WORLD_H
#define TESTS_COMPONENT_RETRY_OWNER_WORLD_H

#include "component/kafka/kafka_room.h"
#include "core/ids.h"
#include "core/metrics.h"
#include "hookbus/topics.h"
#include "fakes/fake_registry.h"
#include "platform/loop/loop.h"
#include "platform/redis/redis.h"
#include "records/outbox.h"
#include "retry/retry.h"

#define OWNER_WAIT_MS 30000
#define OWNER_SHARDS 2
#define OWNER_SENDS_MAX 2048
#define OWNER_EVENTS_MAX 2048
#define OWNERS_MAX 2

enum owner_answer { OWNER_DELIVERS, OWNER_HOLDS, OWNER_REFUSES, OWNER_UNSENT };

struct owner_send {
    int event; /* by number; -1: unknown */
    char webhook[HB_ID_MAX + 1], job[HB_ID_MAX + 1];
    unsigned char delivery[HB_RESEND_DELIVERY_BYTES];
    int64_t version, attempts, at_ms;
    bool is_probe, is_ended;
    void *tag;
    int owner;
};

struct owner_world;
struct owner {
    struct owner_world *world;
    int number;
    struct hb_outbox *outbox;
    struct hb_retry *retry;
    int stopped, failed;
    char failure[256];
};

struct owner_world {
    struct hb_loop *loop;
    struct hb_registry *registry;
    struct hb_redis *redis;
    struct hb_config config;
    struct hb_metrics metrics;
    struct hb_log *sink;
    struct hb_log_context log;
    char prefix[64], webhook[HB_ID_MAX + 1], other[HB_ID_MAX + 1]; /* both of shard 0 */
    struct owner owners[OWNERS_MAX];
    struct hb_outbox *writer; /* the test's own */
    struct hb_position events[OWNER_EVENTS_MAX];
    int events_count;
    /* The sender: */
    enum owner_answer answer;
    int slots;
    bool is_deleted, is_unknown;
    struct owner_send sends[OWNER_SENDS_MAX];
    int sends_count, rooms_asked;
    int64_t crasher; /* the offset of an event that is not taken up; 0: none */
    int in_hand;     /* taken up and not let go */
    int written; /* journal records of the test that Kafka has */
    int64_t last_offset;
    /* The last reply of owner_redis. */
    bool is_connected;
    int replies;
    int64_t integer;
    char reply[16384];
    bool is_error;
};

int owner_setup(void **state);
int owner_teardown(void **state);
/* Makes an owner and waits until all its shards are caught up. */
void owner_start(struct owner_world *world, int number);
void owner_make(struct owner_world *world, int number);
/* As a role ends: stop, `stopped`, outbox, free. */
void owner_end(struct owner_world *world, int number);
/* At once, as a crash: nothing is given back. */
void owner_crash(struct owner_world *world, int number);
bool owner_is_whole(const struct owner_world *world);
/* Writes an event to events.order; its number. */
int owner_publish(struct owner_world *world);
/* A journal record of that event's delivery to the webhook, acknowledged. */
struct owner_park {
    int event;
    const char *webhook; /* NULL: the world's */
    int64_t due_in_ms, version, attempts;
    enum hb_delivery_state state; /* FRESH (0): parked */
    const char *job;
    uint64_t subject;
    int64_t repairs; /* 0: none */
    int64_t appended_ago_ms;
};
void owner_park(struct owner_world *world, const struct owner_park *park);
/* Anything into the journal's partition 0. */
void owner_write(struct owner_world *world, struct hb_str key, struct hb_str value, const char *version_header);
void owner_until_sends(struct owner_world *world, int count);
void owner_run(struct owner_world *world, int ms);
#define OWNER_UNTIL(world, condition)                                                                                  \
    do {                                                                                                               \
        int64_t until_ms_ = room_now_ms() + OWNER_WAIT_MS;                                                             \
        while (!(condition) && room_now_ms() < until_ms_)                                                              \
            hb_loop_run_once((world)->loop, 10);                                                                       \
        if (!(condition))                                                                                              \
            fail_msg("waited in vain for " #condition);                                                                \
    } while (0)
/* Ends what the sender holds: a tombstone, then `ended`. */
void owner_deliver(struct owner_world *world, int send);
void owner_redis(struct owner_world *world, const char *const *words);
#define OWNER_REDIS(world, ...) owner_redis(world, (const char *const[]){__VA_ARGS__, NULL})
/* Deletes every key of shard 0's and 1's views; keeps them under other names; brings those back. */
void owner_wipe(struct owner_world *world);
void owner_copy(struct owner_world *world);
void owner_restore(struct owner_world *world);
/* Parked entries in the views. */
int64_t owner_entries(struct owner_world *world);

#endif
