/* Job: a small world in which the rules of the slow path meet crashes, losses, rebalances and stale owners, by a seed.
 *
 * One event partition, one journal partition (a shard) with its view in Redis, two webhooks (the second is ordered),
 * three processes that are worker and owner in turns, an operator, receivers. Time is a number. Each step one thing
 * happens; what happens is drawn from the seed. After the storm comes the quiet: faults stop, everything that can go on
 * goes on; then the promises are checked (sim_check.c). The rules are the real ones: core/shard_rule, schedule,
 * delivery_state, rest, window, ordering. The model is what stands around them.
 *
 * Owns: a world is a plain value. Threads: one. */
#ifndef TESTS_SIM_SIM_H
#define TESTS_SIM_SIM_H

#include "core/delivery_state.h"
#include "core/ordering.h"
#include "core/rest.h"
#include "core/schedule.h"
#include "core/shard_rule.h"

#define SIM_EVENTS 7 /* the last one comes after the quiet, when everybody is well */
#define SIM_WEBHOOKS 2
#define SIM_ORDERED 1 /* the webhook that is governed */
#define SIM_SUBJECTS 2
#define SIM_LAST (SIM_EVENTS - 1)
#define SIM_DELIVERIES (SIM_EVENTS * SIM_WEBHOOKS)
#define SIM_PROCESSES 3
#define SIM_OPERATOR SIM_PROCESSES /* writes journal records too: replays, cancels */
#define SIM_WRITERS (SIM_PROCESSES + 1)
#define SIM_LOG_MAX 2048
#define SIM_QUEUE_MAX 64
#define SIM_FLIGHTS_MAX 24
#define SIM_LEASE_MS 35000
#define SIM_HINT_MS 30000       /* a published rest is over for others so long after its end */
#define SIM_FRESH_PROBE_MS 1000 /* so long the probe waits for a parked delivery */
#define SIM_EPOCH_MS INT64_C(1800000000000)
#define SIM_NOBODY (-1)
#define SIM_TAKEOVER (-1)
#define SIM_NEVER INT64_C(-1)

/* What can be switched off, to see that it matters. SIM_GUARD(NAME, text, what is switched off) */
#define SIM_GUARDS(X)                                                                                                  \
    X(VERSION, "version", "a record is applied whatever its version")                                                  \
    X(APPLIED, "applied", "the view's `applied` is not compared")                                                      \
    X(MARK, "mark", "a former owner is not shut out")                                                                  \
    X(MEMORY, "memory", "successes are not remembered")                                                                \
    X(KEPT_MEMORY, "kept-memory", "the memory of successes is the owner's own and ends with it")                       \
    X(REPAIR, "repair", "stale records are not repaired")                                                              \
    X(KEPT_REPAIR, "kept-repair", "a wanted repair is told to the owner alone, not kept in the view")                  \
    X(CAUGHT_UP, "caught-up", "the owner claims before it has caught up")                                              \
    X(HEAD, "head", "any delivery of an ordered subject may go")                                                       \
    X(EVENT_ORDER, "event-order", "a subject's list is in the order of the journal, not of the events")                \
    X(REPEAT_TOMBSTONE, "repeat-tombstone", "successes in the repeat zone are not journaled")                          \
    X(NOT_DONE, "not-done", "a record that follows a missing entry is taken for a late one of what is done")           \
    X(LATE_REPAIR, "late-repair", "a repair is applied although something came after what it repairs")                 \
    X(REPLAY_VERSION, "replay-version", "a replay begins at version 1: it loses to the life before")                   \
    X(SETTLE, "settle", "an event is settled before its journal record is acknowledged")                               \
    X(FORGOTTEN, "forgotten", "a view older than a tombstone that is gone is not built anew")                          \
    X(REST_END, "rest-end", "a published rest does not end by itself")                                                 \
    X(FRESH_PROBE, "fresh-probe", "only a parked delivery is a probe")                                                 \
    X(JOB_VERSION, "job-version", "a selection that a crash repeats takes a new version")                              \
    X(SPILL_READ, "spill-read", "what was left in Kafka is not read again")                                            \
    X(SPILL_ENTRIES, "spill-entries", "of a spilled webhook nothing is applied, not even what its entries need")       \
    X(SPILL_FORGET, "spill-forget", "what was done is believed although something after it was left in Kafka")         \
    X(SPILL_WAIT, "spill-wait", "a webhook is claimed while what it left in Kafka is read again")                      \
    X(SPILL_SEEN, "spill-seen", "what was applied already is ruled on once more when it is read again")

enum sim_guard {
#define SIM_GUARD_ENUM(name, text, meaning) SIM_GUARD_##name,
    SIM_GUARDS(SIM_GUARD_ENUM)
#undef SIM_GUARD_ENUM
        SIM_GUARD_COUNT
};

/* Kinds of trouble; each seed has some of them. */
#define SIM_FAULTS(X)                                                                                                  \
    X(STOP)                                                                                                            \
    X(CRASH)                                                                                                           \
    X(REBALANCE)                                                                                                       \
    X(WIPE)                                                                                                            \
    X(RESTORE)                                                                                                         \
    X(FAILOVER)                                                                                                        \
    X(LOST_REPLY)                                                                                                      \
    X(EARLY_LEASE) X(COMPACT) X(RECEIVER) X(REPLAY) X(CANCEL) X(AGE) X(SLOW_ACK) X(REDIS_AWAY) X(SPILL) X(REPLAY_AGAIN)
enum sim_fault {
#define SIM_FAULT_ENUM(name) SIM_FAULT_##name,
    SIM_FAULTS(SIM_FAULT_ENUM)
#undef SIM_FAULT_ENUM
        SIM_FAULT_COUNT
};

/* Why a delivery was sent although it had been delivered. SIM_CAUSE(NAME, text) */
#define SIM_CAUSES(X)                                                                                                  \
    X(REPEAT, "the fast path repeated it after a crash or a rebalance")                                                \
    X(REPLAY, "a replay")                                                                                              \
    X(UNJOURNALED, "its success had not reached the journal (crash, stop, early lease end)")                           \
    X(UNREAD, "its success was in the journal, but not yet read")                                                      \
    X(REBORN, "a repeat had parked it again")                                                                          \
    X(COMPACTED, "compaction had taken the success: before a repair, or between two lives, for an old copy")
enum sim_cause {
#define SIM_CAUSE_ENUM(name, text) SIM_CAUSE_##name,
    SIM_CAUSES(SIM_CAUSE_ENUM)
#undef SIM_CAUSE_ENUM
        SIM_CAUSE_COUNT
};

struct sim_record {
    struct hb_shard_record rule;
    int delivery; /* SIM_TAKEOVER */
    int writer;
    int attempts;
    int job; /* 0: none */
    int64_t due_ms;
    int64_t since_ms;   /* its life began: for expiry */
    int64_t written_ms; /* append time */
    bool is_gone;       /* compacted away */
    bool settles;       /* the fast path waits for its acknowledgement */
    bool is_again;      /* a replay's selection that a crash repeated */
    int generation;     /* of the writer's assignment then */
};

struct sim_journal {
    struct sim_record records[SIM_LOG_MAX];
    int64_t end;
    int64_t forgotten; /* the highest offset of a tombstone that was removed; SIM_NEVER */
};

struct sim_entry {
    bool is_there;
    struct hb_shard_entry rule;
    int attempts;
    int job;
    int64_t due_ms;
    int64_t since_ms;
    int64_t lease_ms; /* leased until; 0: not */
    int lease_by;
};
struct sim_memory {
    bool is_there;
    bool has_left; /* something after it was left in Kafka */
    struct hb_shard_memory rule;
};
struct sim_repair {
    int64_t offset; /* of the stale record; SIM_NEVER: none wanted */
    struct sim_record record;
};

/* What stands in Redis. */
struct sim_view {
    int64_t applied;
    int64_t mark;
    struct sim_entry entries[SIM_DELIVERIES];
    struct sim_memory memories[SIM_DELIVERIES];
    struct sim_repair repairs[SIM_DELIVERIES];
    int64_t spilled_from[SIM_WEBHOOKS]; /* what would make entries was left in Kafka from here on; SIM_NEVER */
    bool is_read_again[SIM_WEBHOOKS];   /* and some of it has been read since */
};

/* A request under way. */
struct sim_flight {
    bool is_there;
    bool is_fast;
    bool is_parked; /* fast: settle_after journaled it meanwhile */
    bool is_probe;
    int delivery;
    int generation;
    int64_t version; /* of the state it follows; 0: none */
    int64_t offset;  /* leased: of that state's record */
    int attempts;
    int job;
    int64_t since_ms;
    int64_t lease_ms;
    uint32_t epoch;
};

enum sim_fast { SIM_FAST_NEW, SIM_FAST_SENDING, SIM_FAST_WAITING, SIM_FAST_DONE };

struct sim_ack {
    int delivery;
    int64_t offset;
    bool settles;
    int generation;
};

struct sim_process {
    bool is_stopped;
    struct sim_record queue[SIM_QUEUE_MAX];
    int queue_count;
    struct sim_ack acks[SIM_QUEUE_MAX];
    int acks_count;
    struct sim_flight flights[SIM_FLIGHTS_MAX];
    /* worker */
    bool has_events;
    int generation;
    int position;
    int repeat_end;
    int64_t assigned_at; /* where the journal ended then */
    enum sim_fast fast[SIM_DELIVERIES];
    /* owner */
    bool has_shard;
    bool is_connected;
    bool is_new;  /* has not connected since it became owner */
    int64_t mark; /* SIM_NEVER until the takeover is acknowledged */
    int64_t applied;
    int64_t catch_up_end;
    int64_t repairing[SIM_DELIVERIES]; /* offset of the stale record whose repair is produced */
    int64_t expiring[SIM_DELIVERIES];  /* version of the entry whose expiry is produced */
    bool is_lane_owned[SIM_WEBHOOKS];  /* when last looked at: the open shard's owner alone declares rests */
    /* lanes */
    struct hb_rest rest[SIM_WEBHOOKS]; /* means something while it owns the shard */
    struct hb_window window[SIM_WEBHOOKS];
};

/* What is published of a rest. */
struct sim_hint {
    bool is_resting;
    int64_t until_ms;
};

/* What really happened to a delivery: the oracle. */
struct sim_truth {
    int sends, fast_sends;
    int received;
    int64_t answered_ms;  /* the last 2xx that reached us; SIM_NEVER */
    bool is_over;         /* ever delivered, dead, expired or cancelled: later ones of its subject may go */
    int64_t settled_from; /* the fast path settled it as delivered, without a word in the journal, in an assignment that
                             began when the journal ended here; SIM_NEVER */
    bool is_sent_after;   /* sent after the quiet, and rightly */
    bool is_withdrawn;    /* a cancel or an expiry was written */
    bool was_spilled;     /* claimed while a part of what its webhook had left in Kafka was unread */
    struct sim_record replay; /* the last one selected; job 0: none */
    int64_t replay_version;   /* its version */
    int64_t replay_ms;        /* time and offset of the last replay written; SIM_NEVER */
    int64_t replay_offset;
};

struct sim_options {
    bool off[SIM_GUARD_COUNT];
    bool has_fault[SIM_FAULT_COUNT]; /* in every world */
    int64_t compaction_lag_ms;
    bool is_told; /* print each step */
};

struct sim_world {
    const struct sim_options *options;
    uint64_t random;
    uint64_t seed;
    int64_t now_ms;
    bool has_fault[SIM_FAULT_COUNT];
    bool is_after;    /* the second half of the quiet, when nothing may be sent any more */
    bool is_restored; /* its last part: the view is an old copy */
    int published;
    int committed;
    int events_at, shard_at; /* who has the partition, as Kafka sees it */
    bool lose_reply;
    bool is_redis_away, is_redis_full;
    int bad_percent[SIM_WEBHOOKS];
    struct sim_hint hints[SIM_WEBHOOKS]; /* run-time state in the registry */
    bool is_hold;
    size_t attempts_max;
    int jobs;
    struct sim_journal journal;
    struct sim_view view, old_view, recent_view;
    struct sim_process processes[SIM_WRITERS];
    struct sim_truth truths[SIM_DELIVERIES];
    long causes[SIM_CAUSE_COUNT];
    const char *broken; /* the first promise that did not hold; NULL: all did */
    int broken_delivery;
};

/* world */
void sim_world_init(struct sim_world *w, uint64_t seed, const struct sim_options *options);
/* The whole life of a world; the broken promise or NULL. */
const char *sim_world_run(struct sim_world *w);
uint32_t sim_random(struct sim_world *w, uint32_t below);
bool sim_chance(struct sim_world *w, uint32_t percent);
void sim_break(struct sim_world *w, const char *promise, int delivery);
bool sim_is_off(const struct sim_world *w, enum sim_guard guard);
int sim_event_of(int delivery);
int sim_webhook_of(int delivery);
bool sim_is_same_list(int a, int b);
__attribute__((format(printf, 2, 3))) void sim_tell(const struct sim_world *w, const char *format, ...);

/* journal */
void sim_journal_append(struct sim_world *w, const struct sim_record *record);
/* Leaves alone what is younger than the lag, as Kafka's min.compaction.lag.ms. */
void sim_journal_compact(struct sim_world *w, int64_t below, int64_t lag_ms);
void sim_journal_forget_tombstones(struct sim_world *w, int64_t below);
/* The offset of the last success of a delivery up to `upto` after which nothing began anew; SIM_NEVER. */
int64_t sim_journal_done_at(const struct sim_world *w, int delivery, int64_t upto);

/* view: the scripts */
void sim_view_clear(struct sim_view *view);
void sim_view_remember(struct sim_world *w);
void sim_view_rule(const struct sim_world *w, struct sim_view *view, const struct sim_record *record);
/* Nothing of the webhook is to be read again before its entries are believed. But when Redis is full, sending is what
 * makes room: then an attempt too many is the smaller evil. */
bool sim_view_is_whole(const struct sim_world *w, int webhook);
/* A record that was left in Kafka, or not, read again. */
void sim_view_rule_again(const struct sim_world *w, struct sim_view *view, const struct sim_record *record);
enum hb_shard_gate sim_view_apply(struct sim_world *w, struct sim_process *p, int64_t through);
enum hb_shard_gate sim_view_may_claim(const struct sim_world *w, const struct sim_process *p);

/* process: produce queue, acknowledgements, flights, life */
void sim_process_clear(struct sim_process *p);
void sim_process_produce(struct sim_world *w, int writer, const struct sim_record *record);
bool sim_process_write(struct sim_world *w, int writer);
bool sim_process_acknowledge(struct sim_world *w, int writer);
struct sim_flight *sim_process_send(struct sim_world *w, int writer, int delivery, bool is_fast);
bool sim_process_finish(struct sim_world *w, int writer);
struct sim_record sim_record_of(const struct sim_world *w, int delivery, enum hb_delivery_state state, int64_t version);

/* lane: windows and rests */
/* Whether its shard is open here; whoever gets it goes on with what the registry says of the rest. */
bool sim_lane_owns(const struct sim_world *w, struct sim_process *p, int webhook);
/* Whether a fresh delivery has to wait for a rest; ret_is_probe: it goes, as the probe. */
bool sim_lane_must_rest(const struct sim_world *w, struct sim_process *p, int webhook, bool *ret_is_probe);
void sim_lane_started(const struct sim_world *w, struct sim_process *p, struct sim_flight *flight);
void sim_lane_result(struct sim_world *w, struct sim_process *p, const struct sim_flight *flight,
                     const struct hb_outcome *outcome);

/* receiver */
struct hb_outcome sim_receiver_answer(struct sim_world *w, int delivery);

/* worker: the fast path */
void sim_worker_assign(struct sim_world *w, int writer);
bool sim_worker_fetch(struct sim_world *w, int writer);
bool sim_worker_settle_after(struct sim_world *w, int writer);
void sim_worker_finish(struct sim_world *w, int writer, struct sim_flight *flight, struct hb_outcome outcome);
void sim_worker_acknowledged(struct sim_process *p, const struct sim_ack *ack);
bool sim_worker_commit(struct sim_world *w, int writer);
/* The record that ends a failed attempt, from the state it was made in; the owner's too. */
struct sim_record sim_failed(struct sim_world *w, const struct sim_flight *flight, enum hb_delivery_state from,
                             const struct hb_outcome *outcome);

/* owner */
void sim_owner_assign(struct sim_world *w, int writer);
bool sim_owner_catch_up(struct sim_world *w, int writer);
bool sim_owner_look(struct sim_world *w, int writer);
bool sim_owner_apply(struct sim_world *w, int writer);
bool sim_owner_read_again(struct sim_world *w, int writer);
bool sim_owner_repair(struct sim_world *w, int writer);
bool sim_owner_claim(struct sim_world *w, int writer);
bool sim_owner_expire(struct sim_world *w, int writer);
void sim_owner_finish(struct sim_world *w, int writer, struct sim_flight *flight, struct hb_outcome outcome);

/* faults, quiet, checks */
void sim_fault_step(struct sim_world *w);
void sim_quiet_run(struct sim_world *w);
/* An hour after the storm the receivers are well; the last event comes, at times while Redis is away. */
void sim_quiet_last(struct sim_world *w);
void sim_check_send(struct sim_world *w, int writer, int delivery, bool is_fast);
void sim_check_claim(struct sim_world *w, int writer, int delivery);
void sim_check_last(struct sim_world *w);
void sim_check_end(struct sim_world *w);
void sim_check_rebuilt(struct sim_world *w, const struct sim_view *before);

#endif
