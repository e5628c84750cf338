/* Job: what the files of bodies share. Place: private to retry/bodies*.c: bodies.c takes wants and answers them,
 * bodies_round.c reads. */
#ifndef RETRY_BODIES_INTERNAL_H
#define RETRY_BODIES_INTERNAL_H

#include "hookbus/topics.h"
#include "platform/loop/loop.h"
#include "retry/bodies.h"

/* Records read over between two wanted ones of a partition, rather than beginning a new fetch. */
#define HB_BODIES_GAP_MAX 2000
/* Whoever wants several of a partition that stand close together (a backlog, a replay, an ordered webhook's lines) will want the
 * next ones, and Kafka sends them along anyhow: so many are kept for each that was wanted. Each round spared is a fetch of every
 * partition. Close: at most so many records for each wanted one. */
#define HB_BODIES_AHEAD_PART 64
#define HB_BODIES_AHEAD_MAX 1000
#define HB_BODIES_CLOSE 4
#define HB_BODIES_RUNS_MAX (HB_EVENT_TOPIC_COUNT * 64)

struct hb_wanted {
    struct hb_wanted *next;
    struct hb_position at;
    char webhook[HB_ID_MAX];
    size_t webhook_bytes;
    unsigned char delivery[HB_DELIVERY_BYTES];
    hb_body_fn *fn;
    void *user;
    int64_t deadline_us, not_before_us;
    int beyond; /* how often the end was met before it */
};

/* What one partition reads in this round: wanted[first..last), by offset. */
struct hb_body_run {
    int topic;
    int32_t partition;
    size_t first, last;
    size_t wanted; /* at its beginning */
    int64_t from;  /* the first one's offset */
    size_t ahead;  /* records to be kept that come behind its last; 0 before it was read */
    bool is_probe; /* reads the partition's first record, to learn what is gone */
};

struct hb_bodies {
    struct hb_loop *loop;
    struct hb_kafka_reader *reader;
    struct hb_watch *watch;
    struct hb_timer *timer, *keep_alive;
    struct hb_body_cache *cache;
    struct hb_wanted *waiting; /* not in the round */
    size_t waiting_count, wanted_max, count;
    struct hb_wanted **round; /* sorted; NULL where answered */
    size_t round_count;
    struct hb_body_run runs[HB_BODIES_RUNS_MAX];
    size_t runs_count, runs_left;
    bool must_probe[HB_BODIES_RUNS_MAX]; /* by slot of a partition: out of range met */
    int64_t round_end_us, limit_ms;
    uint64_t rounds;
    bool is_reading;
    const struct hb_sender *sender;
};

/* bodies.c */
void hb_bodies_answer(struct hb_bodies *bodies, struct hb_wanted *take_wanted, enum hb_err err, struct hb_body *body);
void hb_bodies_put_back(struct hb_bodies *bodies, struct hb_wanted *take_wanted);
/* Whether the body is of this delivery; also if it must not be looked into any more. */
bool hb_bodies_is_of(const struct hb_bodies *bodies, const struct hb_body *body, struct hb_str webhook,
                     const unsigned char *delivery);
/* Begins a round soon, if there is anything to read. */
void hb_bodies_plan(struct hb_bodies *bodies);
int64_t hb_bodies_now_us(const struct hb_bodies *bodies);

/* bodies_round.c */
extern const struct hb_kafka_reader_events hb_bodies_events;
void hb_bodies_round_begin(struct hb_bodies *bodies);
void hb_bodies_round_end(struct hb_bodies *bodies);

#endif
