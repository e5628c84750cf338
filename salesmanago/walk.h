/* Job: reads what a connector missed, and sends the newest version of each product of it.
 *
 * Place: a part of the worker (state.h, which includes this), private to this room: walk.c, walk_wish.c for what is
 * walked, walk_readers.c for who reads. Owns / borrows: the lane owns its walk, the worker its readers. Threads: the
 * loop's. */
#ifndef SALESMANAGO_WALK_H
#define SALESMANAGO_WALK_H

#include "core/hash.h"
#include "hookbus/error.h"
#include "platform/kafka/kafka.h"
#include "platform/loop/loop.h"
#include "salesmanago/newest.h"
#include "salesmanago/pending.h"

#define HB_SM_READERS_MAX 64 /* the largest salesmanago.walks_max */

struct hb_sm_lane;
struct hb_sm_worker;

/* A reader of Kafka's, lent to one walk after another: to end one takes too long for the loop. */
struct hb_sm_reader {
    struct hb_kafka_reader *reader; /* NULL: not made yet */
    struct hb_watch *watch;
    struct hb_sm_walk *walk; /* NULL: free */
};
struct hb_sm_walk_place {
    bool is_in, is_read;
    int64_t from, end, next; /* [from, end) is walked; next: where the reader is */
    int64_t first_end;       /* the first round's: nothing live before it was let go */
};
struct hb_sm_walk {
    struct hb_sm_lane *lane;
    bool is_replay; /* of dead products; else of detached tracks */
    char replay[HB_ID_MAX + 1]; /* its id */
    bool is_sending; /* second pass */
    bool must_restart;
    unsigned slice, slices;
    struct hb_sm_reader *reader;
    bool is_stepping;
    struct hb_sm_newest newest;
    struct hb_sm_walk_place places[HB_SM_PARTITIONS_MAX];
    struct hb_mono saved;
    unsigned char (*filter)[HB_HASH_BYTES]; /* of a replay: the products wanted, sorted */
    size_t filter_count;
};

/* walk_readers.c */
/* One that nobody has, still nobody's; NULL: all are taken, or none can be made. */
struct hb_sm_reader *hb_sm_walk_free_reader(struct hb_sm_worker *worker);
/* The walk has one from now on, if it had none. False: with the next look. */
bool hb_sm_walk_take_reader(struct hb_sm_walk *walk);
/* Its reader, if it has one, goes to whose turn it is: what was read has still to be sent, or a suspect's fate to be
 * known. */
void hb_sm_walk_lend_reader(struct hb_sm_walk *walk);
void hb_sm_walk_free_readers(struct hb_sm_worker *worker);

/* walk.c */
extern const struct hb_kafka_reader_events hb_sm_walk_events;
void hb_sm_walk_readable(void *reader, int events);
/* Begins one if there is something to walk and it may; goes on. */
void hb_sm_walk_look(struct hb_sm_lane *lane);
void hb_sm_walk_stop(struct hb_sm_lane *lane);
/* A live record came. */
void hb_sm_walk_note(struct hb_sm_walk *walk, struct hb_str key, int64_t offset);

/* walk_wish.c */
/* Which partitions, from where. False: none. */
bool hb_sm_walk_choose(struct hb_sm_walk *walk);
/* Says in the log and in the status what is walked. */
void hb_sm_walk_tell(const struct hb_sm_walk *walk);
bool hb_sm_replay_is_wanted(const struct hb_sm_lane *lane);
HB_MUST_USE enum hb_err hb_sm_replay_filter(struct hb_sm_walk *walk);
bool hb_sm_replay_wants(const struct hb_sm_walk *walk, const unsigned char hash[HB_HASH_BYTES]);

#endif
