/* Job: the parts of the SALESmanago worker, as its steps see them. Private to this room.
 *
 * worker.c makes and frees it; each step is one file with its verbs declared here. Threads: the loop's. */
#ifndef SALESMANAGO_STATE_H
#define SALESMANAGO_STATE_H

#include "core/map.h"
#include "core/metrics.h"
#include "core/ring.h"
#include "hookbus/topics.h"
#include "platform/http_client/http_client.h"
#include "platform/loop/loop.h"
#include "registry/registry.h"
#include "salesmanago/answer.h"
#include "salesmanago/backoff.h"
#include "salesmanago/connector.h"
#include "salesmanago/newest.h"
#include "salesmanago/pending.h"
#include "salesmanago/refusals.h"
#include "salesmanago/search.h"
#include "salesmanago/suspects.h"
#include "salesmanago/walk.h"
#include "salesmanago/worker.h"

#define HB_SM_TROUBLE_MAX 384

struct hb_sm_lane; /* a connector at work */

/* ---- a partition of the catalog that is ours: intake.c ---- */

struct hb_sm_held {
    struct hb_sm_held *next;
    struct hb_kafka_message message;
};
struct hb_sm_partition {
    int32_t number;
    bool is_ours;
    bool is_ready;  /* what the registry says of it is known: its records may be taken */
    bool is_behind; /* the end as it was at the assignment was not reached yet: nothing of anybody is sent */
    bool is_paused;
    struct hb_ring ring;
    int64_t next; /* the first offset not taken */
    int64_t past[2]; /* what `next` was some seconds ago, the older first */
    int64_t high; /* the end at assignment */
    struct hb_sm_held *held, **held_end;
};

/* ---- a connector's place in a partition: track.c ---- */

enum hb_sm_track_state {
    HB_SM_TRACK_NONE,      /* the partition is not ours, or not ready */
    HB_SM_TRACK_ATTACHED,  /* changes are taken as they come */
    HB_SM_TRACK_LEAVING,   /* its position is being written; then what it holds is settled unread */
    HB_SM_TRACK_DETACHED,  /* the registry has its position */
    HB_SM_TRACK_RETURNING, /* caught up: that it is attached is being written */
};
struct hb_sm_track {
    struct hb_sm_lane *lane;
    int32_t number;
    enum hb_sm_track_state state;
    int64_t position;          /* LEAVING, DETACHED: from there on it has to be read */
    const char *why;           /* a word: paused, away, behind, sync, … */
    char sync[HB_ID_MAX + 1];  /* the last full sync begun here */
    char replay[HB_ID_MAX + 1]; /* the last replay of dead products done here */
    bool is_writing, must_write;
    bool is_walked;            /* of the walk under way */
    bool is_overflowed;        /* live changes were let go since the walk began */
};

/* ---- a request: batch.c ---- */

/* A product's version being sent: its items may take several requests. */
struct hb_sm_work {
    struct hb_sm_work *next;
    struct hb_sm_change *change;
    struct hb_sm_items items;
    size_t given; /* items that were put into a request */
    size_t open;  /* items not accepted, dead or dropped yet */
    bool is_dropped;
    bool is_alone;   /* of a suspect: nothing else is in its requests */
    bool is_put_off; /* an item of it failed alone: it waits aside once the others' fate is known */
    int64_t dead_code;
    enum hb_sm_death death; /* NONE: no item of it is dead */
    char dead_item[HB_SM_ITEM_ID_MAX + 1];
    char dead_field[HB_SM_ANSWER_FIELD_MAX];
    char dead_words[HB_SM_ANSWER_WORDS_MAX];
};
/* An item in a request: a unit of the search. Not a slot of the ring. */
struct hb_sm_slot {
    struct hb_sm_work *work;
    bool is_closed;   /* accepted, dead or dropped */
    bool was_missing; /* its id did not come back once */
};
struct hb_sm_batch {
    size_t count;
    struct hb_sm_slot units[HB_SM_PRODUCTS_MAX];
    struct hb_sm_item items[HB_SM_PRODUCTS_MAX];
    uint8_t probe[HB_SM_PRODUCTS_MAX]; /* the units under way */
    size_t probe_count;
    bool is_searching;
    bool is_doubted; /* the search began without a word of SALESmanago's: it only failed */
    bool is_witness; /* no units: the lane's witness is sent */
    struct hb_sm_search search;
};

/* ---- suspects: aside.c ---- */

/* An item of the request that was accepted last; nothing of its id was sent since. */
struct hb_sm_witness {
    bool is_kept;
    int32_t partition;
    struct hb_buf bytes; /* its id and its JSON */
    size_t id_len;
};

/* ---- a connector at work ---- */

enum hb_sm_hold { /* why nothing is sent */
    HB_SM_HOLD_NONE,
    HB_SM_HOLD_UNUSABLE, /* its record, key or mapping */
    HB_SM_HOLD_PAUSED,   /* by the operator */
    HB_SM_HOLD_REFUSED,  /* by what SALESmanago said */
    HB_SM_HOLD_DELETED,
};

struct hb_sm_last_batch {
    struct hb_wall at;
    int64_t ms;
    size_t items;
    const char *status;
    char words[HB_SM_ANSWER_WORDS_MAX];
};

struct hb_sm_lane {
    struct hb_sm_worker *worker;
    char store[HB_ID_MAX + 1];
    struct hb_connector connector; /* as last read; text empty: none yet */
    enum hb_sm_hold hold;
    const char *unusable_what; /* its record, key or mapping cannot be used; NULL: all can */
    char unusable_why[HB_ERROR_TEXT_MAX];
    bool is_ours_to_mend; /* this process lacks what others have: a sealing key, a newer version */
    struct hb_sm_mapping *mapping;
    uint32_t kept; /* fields not set to null any more */
    struct hb_http_target *target;
    struct hb_sm_pending pending;
    struct hb_sm_track tracks[HB_SM_PARTITIONS_MAX];
    struct hb_sm_walk *walk;
    /* sending */
    struct hb_timer *timer;
    struct hb_mono timer_at;
    struct hb_sm_backoff backoff;
    struct hb_mono rest_until;
    bool rests_long; /* the pause is longer than salesmanago.detach_after_ms */
    bool is_over;    /* more waits than may */
    bool is_looking;
    struct hb_sm_work *works, **works_end;
    struct hb_sm_batch batch;
    struct hb_http_request *request;
    bool is_outdated; /* the settings changed since the request was made */
    struct hb_buf body;
    size_t items_max; /* of a request: less after one that was too large */
    unsigned good_batches;
    unsigned doubts, timeouts; /* failures in a row that may be of what was sent; and that were timeouts */
    size_t doubted_items_max;  /* of a request, while they last */
    struct hb_sm_suspects suspects;
    struct hb_sm_witness witness;
    struct hb_sm_refusals refusals;
    /* pause.c */
    int64_t paused_revision; /* of the connector, when this process paused it; -1: it did not */
    bool is_resume_told;
    /* dead.c */
    struct hb_map dead; /* struct hb_sm_dead by product */
    bool has_dead;      /* what the registry has of them was read */
    /* report.c */
    int64_t sent, accepted, trimmed, refused, accepted_before;
    int64_t walk_done, walk_total; /* products, of the walk under way */
    int64_t sync_done, sync_total; /* of the last full sync */
    char sync_id[HB_ID_MAX + 1];
    const char *sync_state; /* NULL: none */
    struct hb_sm_last_batch last;
    struct hb_mono reported_at, saved_up_at;
    int reports_left; /* of a burst; one more each 5 s */
    uint64_t reported; /* a hash of what was */
    bool is_detached_told;
};

/* ---- the mark of a sender: sender.c ---- */

enum hb_sm_mark { HB_SM_MARK_CLEAR, HB_SM_MARK_SETTING, HB_SM_MARK_SET, HB_SM_MARK_CLEARING };

struct hb_sm_worker {
    struct hb_sm_worker_options options;
    struct hb_log_context log;
    char incarnation[27];
    char group[HB_TOPIC_NAME_MAX + 16], catalog_topic[HB_TOPIC_NAME_MAX], registry_topic[HB_TOPIC_NAME_MAX];
    struct hb_kafka_producer *producer;
    struct hb_kafka_consumer *consumer;
    struct hb_watch *producer_watch, *consumer_watch;
    struct hb_timer *begin_timer, *second_timer, *stop_timer, *pump_timer;
    struct hb_sm_partition partitions[HB_SM_PARTITIONS_MAX];
    struct hb_map lanes; /* by store */
    unsigned char hash_key[HB_HASH_KEY_BYTES];
    uint64_t random;
    int64_t registry_seen;
    struct hb_mono looked_at, past_at;
    struct hb_mono last_second; /* when the loop was last seen turning */
    /* sender.c */
    enum hb_sm_mark mark;
    struct hb_wall marked_at;
    struct hb_mono mark_idle_since; /* the last request's end */
    int requests;                   /* under way */
    size_t body_bytes;              /* of their bodies */
    int questions;                  /* how far the registry has to be read: written, not acknowledged */
    bool must_ask;                  /* it is to be asked (again) */
    bool is_decided;                /* the registry was read so far: quiet_at says when sending may begin */
    struct hb_mono quiet_at;        /* no former owner can have a request under way any more */
    struct hb_mono stall_until;     /* this process stood still: others may have taken over */
    struct hb_mono beat_at;         /* alive.c: the last heartbeat */
    struct hb_mono sweep_at, sweep_soon_at; /* gone.c: the next look for what the gone have left; one between (0: none) */
    struct hb_sm_reader readers[HB_SM_READERS_MAX];
    int64_t grace_left_ms;
    bool is_stopping, is_pumping;
    char lasting_trouble[HB_SM_TROUBLE_MAX];
    char lanes_trouble[HB_SM_TROUBLE_MAX]; /* connectors this process cannot use although others could; "": none */
};

/* worker.c */
/* A loop that turned no more for so long: the process was stopped, and others may have taken over. */
static inline int64_t hb_sm_stall_us(const struct hb_sm_worker *worker)
{
    return worker->options.config->salesmanago_session_timeout_ms * HB_US_PER_MS / 2;
}
struct hb_mono hb_sm_now(const struct hb_sm_worker *worker);
uint32_t hb_sm_random(struct hb_sm_worker *worker);
void hb_sm_hash(const struct hb_sm_worker *worker, struct hb_str key, unsigned char ret_hash[HB_HASH_BYTES]);
__attribute__((format(printf, 2, 3))) void hb_sm_trouble_set(struct hb_sm_worker *worker, const char *format, ...);
/* Every lane looks whether it has something to do, soon. */
void hb_sm_pump_soon(struct hb_sm_worker *worker);

/* intake.c */
extern const struct hb_kafka_consumer_events hb_sm_intake_events;
void hb_sm_intake_run(struct hb_sm_worker *worker);
/* The registry is known as of the last assignment: partitions are taken from now on. */
void hb_sm_intake_ready(struct hb_sm_worker *worker);
/* Takes what had to wait. */
void hb_sm_intake_resume(struct hb_sm_worker *worker);
bool hb_sm_intake_is_behind(const struct hb_sm_worker *worker);
void hb_sm_intake_deinit(struct hb_sm_worker *worker);

/* settle.c */
/* Nothing more is to be done for it: its record is settled, and it is freed. */
void hb_sm_settle(struct hb_sm_lane *lane, struct hb_sm_change *change);
/* It was not sent: it waits again, unless a newer one of its product does, or it was let go. */
void hb_sm_settle_back(struct hb_sm_lane *lane, struct hb_sm_change *change);
/* It failed alone: aside if it is a suspect's, else it waits behind all others. */
void hb_sm_settle_put_off(struct hb_sm_lane *lane, struct hb_sm_change *change);
/* A newer one of its product waits, and it is out of what is pending already. */
void hb_sm_settle_superseded(struct hb_sm_lane *lane, struct hb_sm_change *change);
/* Its record is settled unread (its position is noted), or its partition is not ours any more (is_lost). Freed, or, if
 * it is being sent, by whoever sends it. */
void hb_sm_settle_unread(struct hb_sm_lane *lane, struct hb_sm_change *change, bool is_lost);
/* All open ones of a partition and source. */
void hb_sm_settle_all_unread(struct hb_sm_lane *lane, int32_t partition, enum hb_sm_source source, bool is_lost);

/* lanes.c */
/* The registry changed, or was read to a point: connectors are made, changed, ended. */
void hb_sm_lanes_look(struct hb_sm_worker *worker);
void hb_sm_lanes_free(struct hb_sm_worker *worker);
static inline struct hb_sm_lane *hb_sm_lane_of(const struct hb_sm_worker *worker, struct hb_str store)
{
    return hb_map_get(&worker->lanes, store);
}

/* track.c */
/* The partition is ours and ready: where the connector stands in it, by the registry. */
void hb_sm_track_begin(struct hb_sm_lane *lane, int32_t number);
void hb_sm_track_forget(struct hb_sm_lane *lane, int32_t number);
/* Leaves, returns, writes again what was not acknowledged. */
void hb_sm_track_step(struct hb_sm_lane *lane);
/* A live record of the connector: false: it is settled unread. ret_is_place: only its place is kept. */
bool hb_sm_track_takes(const struct hb_sm_track *track, bool *ret_is_place);
void hb_sm_track_leave(struct hb_sm_track *track, int64_t position, const char *why);
void hb_sm_track_return(struct hb_sm_track *track);
/* How far the walk got is written, without a change of state. */
void hb_sm_track_save(struct hb_sm_track *track, int64_t position);
/* More waits than may: whoever is attached leaves; a walk goes on, and what is live meanwhile is left for the next. */
void hb_sm_track_overflow(struct hb_sm_lane *lane);
size_t hb_sm_track_count(const struct hb_sm_lane *lane, enum hb_sm_track_state state);

/* lane.c */
/* Whether anything may be sent for it now, but for a rest. */
bool hb_sm_lane_may_send(const struct hb_sm_lane *lane);
/* Sends if it is time to; else plans when to look again. */
void hb_sm_lane_look(struct hb_sm_lane *lane);
void hb_sm_lane_rest(struct hb_sm_lane *lane, const struct hb_sm_answer *answer);

/* batch.c */
/* What goes into the next request: of the search under way, what did not come back, or new: a suspect alone, the
 * witness, or out of what waits. Returns how many units are in `probe`; 0: nothing. */
size_t hb_sm_batch_next(struct hb_sm_lane *lane);
/* Gives all back that is not done: it waits again. */
void hb_sm_batch_give_back(struct hb_sm_lane *lane);
/* A unit's fate is known. */
void hb_sm_batch_close(struct hb_sm_lane *lane, size_t unit);
/* Works whose items have all been closed are done. */
void hb_sm_batch_sweep(struct hb_sm_lane *lane);
void hb_sm_work_die(struct hb_sm_work *work, enum hb_sm_death death, const struct hb_sm_answer *answer,
                    struct hb_str item);

/* aside.c */
/* A product of this key waits: aside, if it is a suspect's. */
static inline void hb_sm_aside_if_suspect(struct hb_sm_lane *lane, struct hb_str key)
{
    struct hb_sm_change *change =
        hb_sm_suspects_find(&lane->suspects, key) ? hb_sm_pending_of(&lane->pending, key) : NULL;
    if (change && change->state == HB_SM_CHANGE_WAITING)
        hb_sm_pending_put_aside(&lane->pending, change);
}
/* An item of it failed alone, or, of a suspect's, a part of them: a suspect, unless there are too many. */
void hb_sm_aside_failed(struct hb_sm_lane *lane, const struct hb_sm_work *work, struct hb_str item,
                        const struct hb_sm_answer *answer);
/* Its product is no suspect any more. */
void hb_sm_aside_forget(struct hb_sm_lane *lane, struct hb_str key);
/* Nobody is: something was mended. */
void hb_sm_aside_clear(struct hb_sm_lane *lane);
/* The partition is not ours any more. */
void hb_sm_aside_lose(struct hb_sm_lane *lane, int32_t partition);
/* Something was accepted (of the suspect `key` only, if not empty): who is condemned by that is dead. */
void hb_sm_aside_accepted(struct hb_sm_lane *lane, struct hb_str key);
/* The witness was accepted once more: the same. */
void hb_sm_aside_witnessed(struct hb_sm_lane *lane);
/* Of the request that was accepted one item is kept. */
void hb_sm_aside_keep_witness(struct hb_sm_lane *lane, const bool *confirmed);
/* A request is sent. */
void hb_sm_aside_sent(struct hb_sm_lane *lane);
/* The next request is the witness. */
void hb_sm_aside_make_witness(struct hb_sm_lane *lane);
/* Whose turn it is now. *ret_change: the suspect's that is due first; NULL: none waits. *ret_again: as of
 * hb_sm_suspects_turn. Both may be NULL. */
enum hb_sm_turn hb_sm_aside_turn(const struct hb_sm_lane *lane, struct hb_sm_change **ret_change,
                                 struct hb_mono *ret_again);

/* answered.c */
void hb_sm_answered(void *lane, const struct hb_answer *http);

/* pause.c */
/* SALESmanago, or what we met, says that nothing can be sent: until the connector is changed or resumed. */
void hb_sm_pause(struct hb_sm_lane *lane, enum hb_connector_pause reason, const struct hb_sm_answer *answer);
/* What the registry says of it; told if it was resumed. */
bool hb_sm_pause_holds(struct hb_sm_lane *lane);

/* dead.c */
/* Its record is settled once Kafka has that it is dead. */
void hb_sm_dead_put(struct hb_sm_lane *lane, struct hb_sm_work *work);
/* A newer version was accepted. */
void hb_sm_dead_clear(struct hb_sm_lane *lane, const struct hb_sm_change *change);
/* What the registry has, for all lanes that have not read it. */
void hb_sm_dead_load(struct hb_sm_worker *worker);
void hb_sm_dead_free(struct hb_sm_lane *lane);
/* The same, and their records go. */
void hb_sm_dead_remove(struct hb_sm_lane *lane);
/* Calls fn for each one's offset and product. */
void hb_sm_dead_each(const struct hb_sm_lane *lane, void (*fn)(void *user, struct hb_str product, int64_t offset),
                     void *user);

/* sender.c */
/* Whether a request may begin now; if not, every lane looks again when it may. */
bool hb_sm_sender_may(struct hb_sm_worker *worker);
/* Whether nobody else can be sending for what is ours. */
bool hb_sm_sender_is_quiet(const struct hb_sm_worker *worker);
void hb_sm_sender_began(struct hb_sm_worker *worker);
void hb_sm_sender_ended(struct hb_sm_worker *worker);
void hb_sm_sender_second(struct hb_sm_worker *worker);
/* Partitions came: how far must the registry be read, and may somebody else still be sending? */
void hb_sm_sender_assigned(struct hb_sm_worker *worker);
/* At the end: nothing is under way any more. */
void hb_sm_sender_stop(struct hb_sm_worker *worker);

/* alive.c */
HB_MUST_USE enum hb_err hb_sm_alive_write(struct hb_sm_worker *worker, hb_kafka_ack_fn *done);
void hb_sm_alive_second(struct hb_sm_worker *worker);

/* gone.c */
/* What workers have left that never came back goes, if it is ours to do so (who has the first partition). */
void hb_sm_gone_second(struct hb_sm_worker *worker);

/* records.c */
#define HB_SM_RECORD_KEY_MAX 256
/* Writes a record of the registry; value NULL: a tombstone. `done` may be NULL. */
HB_MUST_USE enum hb_err hb_sm_record_write(struct hb_sm_worker *worker, struct hb_str key, const struct hb_buf *value,
                                           hb_kafka_ack_fn *done, void *user);
/* A record about this worker itself, under prefix and its name: who and when, and whether it is busy, if is_busy is not
 * NULL. The worker is the user of `done`. */
HB_MUST_USE enum hb_err hb_sm_record_write_own(struct hb_sm_worker *worker, const char *prefix, const bool *is_busy,
                                               hb_kafka_ack_fn *done);

/* report.c */
void hb_sm_report_second(struct hb_sm_worker *worker);
/* What stands in the registry about this worker's work for the connector is current, or goes. */
void hb_sm_report_lane(struct hb_sm_lane *lane, bool is_end);

#endif
