/* Job: the parts of the owner, as its steps see them. Private to this room.
 *
 * retry.c makes and frees it; each step is one file with its verbs declared here. Threads: the loop's. */
#ifndef RETRY_STATE_H
#define RETRY_STATE_H

#include "core/ids.h"
#include "core/map.h"
#include "core/metrics.h"
#include "core/rate.h"
#include "core/turns.h"
#include "hookbus/webhook.h"
#include "platform/loop/loop.h"
#include "platform/redis/redis.h"
#include "records/outbox.h"
#include "registry/registry.h"
#include "retry/bodies.h"
#include "retry/retry.h"
#include "retry/scripts.h"
#include "retry/store_check.h"
#include "retry/view.h"

#define HB_RETRY_NODES_MAX 16
#define HB_RETRY_TROUBLE_MAX 256

/* One Redis: a connection, and whether it can hold the queue. nodes.c */
struct hb_retry_node {
    struct hb_retry *retry;
    int number;
    char name[320]; /* its address */
    struct hb_redis *redis;
    struct hb_scripts *scripts;
    bool is_fit;      /* connected, and judged good on this connection */
    bool was_fit;     /* ever */
    bool is_checking;
    bool is_told_away;
    struct hb_mono away_since;
    int64_t clock_us; /* Redis's clock less our monotonic one */
    bool has_clock;
    struct hb_store_state store;
    /* spilling.c */
    bool is_full, is_spilling;
    int64_t spilled_at_bytes; /* used when the last webhook was spilled; 0: none was */
    struct hb_retry_census *census;
    char trouble[HB_RETRY_TROUBLE_MAX]; /* empty: none */
};

/* A shard's life. shard.c */
enum hb_shard_phase {
    HB_PHASE_IDLE,       /* not ours */
    HB_PHASE_WAITING,    /* for its Redis, or for the moment to try again */
    HB_PHASE_ANNOUNCING, /* its takeover record is on the way to Kafka */
    HB_PHASE_TAKING,     /* its mark is on the way to Redis */
    HB_PHASE_CLEARING,   /* its view is too old to be read on */
    HB_PHASE_CATCHING_UP,
    HB_PHASE_OPEN,     /* claimed from */
    HB_PHASE_LOOKING,    /* a connection came back: is the view as it was? */
    HB_PHASE_HALTED      /* written by a newer hookbus: red */
};

/* A journal record kept until it is applied. records_read.c */
struct hb_retry_record {
    struct hb_retry_record *next;
    struct hb_kafka_message message; /* the strings below are views of it */
    bool is_ours;                    /* else it is only read over */
    bool is_notice;                  /* the event is a notice: its death is not told */
    struct hb_view_record record;
    struct hb_str store;
};

struct hb_retry_claim;  /* claims.c: a claim under way */
struct hb_retry_census; /* spilling.c: which webhook has the most parked */
struct hb_retry_reread; /* rereading.c: a spilled webhook that is read again */
struct hb_retry_scan;   /* scanning.c: a webhook to be looked through */

struct hb_retry_shard {
    struct hb_retry *retry;
    struct hb_retry_node *node;
    int number;
    enum hb_shard_phase phase;
    bool is_ours;
    bool has_caught_up;  /* since it became ours: looks before it takes over anew */
    unsigned generation; /* of its assignment */
    struct hb_view *view;
    int64_t low;         /* the journal's first offset, as seen at assignment */
    int64_t mark;        /* of our last takeover: what must be applied before the first claim */
    int64_t shut_out_by; /* the mark in Redis that last did; 0: none */
    struct hb_mono wait_until; /* WAITING: no sooner */
    /* reading.c */
    bool is_reading;
    int64_t next;    /* the next offset to be taken; HB_KAFKA_BEGINNING */
    struct hb_retry_record *first, **end;
    size_t pending;  /* records kept */
    int64_t through; /* last offset taken; HB_SHARD_NONE */
    bool is_applying;
    struct hb_mono unknown_since; /* the first record is of a webhook the registry does not know; us 0: no */
    struct hb_mono respite_until; /* until then no record waits for the registry: one has in vain */
    /* claiming.c */
    struct hb_mono due_at;   /* next due time, ours; INT64_MAX: nothing waits */
    struct hb_mono asked_at; /* when Redis was asked last what is due */
    struct hb_mono ahead_at; /* when to look for bodies ahead; INT64_MAX: not */
    struct hb_mono looked_ahead_at;
    bool is_asking, is_looking_ahead;
    unsigned epoch;          /* grows when what is under way is no longer wanted */
    struct hb_retry_claim *claims;       /* under way */
    struct hb_retry_webhook *claim_list; /* has a share in the claim to be made */
    struct hb_retry_webhook *ready_list; /* its readiness is to be told */
    struct hb_retry_webhook *touched;    /* has state that ends with the view */
    struct hb_retry_flight *returns;     /* leases to be given back */
    /* spilling.c, rereading.c */
    int64_t spilled; /* webhooks of the view that are */
    bool is_counting, is_finding_spilled, is_reread_whole;
    /* repairing.c */
    int64_t repairs_wanted;   /* in the view */
    bool is_repairing;        /* a piece of them is being asked for or written */
    unsigned repairs_waiting; /* written, not acknowledged */
    int64_t repaired_at;      /* the last one's offset: no more before it was applied */
    /* scanning.c */
    struct hb_retry_scan *scans; /* the first is being looked through */
    bool is_scanning;
    unsigned scan_waiting;    /* ends written, not acknowledged */
    int64_t scanned_at;       /* the last one's offset */
    struct hb_mono pass_at;   /* the next look at all webhooks of the shard */
};

/* What the owner knows of a webhook. claiming.c */
struct hb_retry_webhook {
    char id[HB_ID_MAX + 1];
    struct hb_webhook *snapshot; /* a reference; NULL: not (yet) in the registry */
    struct hb_retry_shard *shard;
    struct hb_seat seat;
    struct hb_bench *bench; /* its store's */
    bool is_hungry;   /* something of it is due, as far as is known */
    bool is_off;      /* out of the view's ready set */
    bool is_claimed;  /* a claim for it is under way */
    bool is_probing;  /* the share is the probe */
    int share, got;   /* of the claim to be made or under way; what came of it */
    int room;         /* slots left in this round of turns */
    int busy;         /* claimed and not with the sender yet */
    int flights;      /* claimed, until its end */
    struct hb_mono again; /* asks for room then; INT64_MAX: when told */
    struct hb_rate rate;
    unsigned told;         /* notices of this revision: bit 1 << enum hb_notice_kind. notices.c */
    int64_t told_revision; /* enabled_revision they were told under */
    struct hb_mono tell_again; /* after a refusal: not before */
    struct hb_retry_webhook *next_claim, *next_ready, *next_touched;
    bool is_in_claim, is_in_ready, is_touched, must_be_ready;
    bool was_waited_for; /* a record of it has waited for the registry, which did not know it. records_read.c */
    bool is_ending;   /* deleted: its deliveries are being ended */
    bool is_read_again; /* spilled, and on its way back: nothing is claimed */
};

/* A claimed delivery. sending.c */
struct hb_retry_flight {
    struct hb_retry_shard *shard;
    struct hb_retry_webhook *webhook;
    struct hb_retry_flight *next, **where; /* of all */
    unsigned generation; /* of the shard then */
    unsigned char delivery[HB_DELIVERY_BYTES];
    struct hb_entry entry;
    char job[HB_ID_MAX + 1];
    struct hb_wall due;
    struct hb_mono lease_end;
    bool is_probe, is_sent, is_ending, is_busy, is_returning, is_body_wanted;
    struct hb_retry_flight *next_return; /* its lease is to be given back */
    struct hb_wall return_due;
    struct hb_body *body;
    struct hb_event event; /* views of body and scratch */
    char id_scratch[HB_ID_MAX];
};

struct hb_retry {
    struct hb_retry_options options;
    struct hb_log_context log;
    char owner[HB_ID_MAX + 1];
    struct hb_kafka_consumer *consumer;
    struct hb_kafka_reader *reader;
    struct hb_watch *consumer_watch, *reader_watch;
    struct hb_timer *begin_timer, *second_timer, *assign_timer, *wake_timer, *pump_timer,
        *stop_timer;
    struct hb_retry_node nodes[HB_RETRY_NODES_MAX];
    int nodes_count;
    struct hb_retry_shard shards[HB_SHARDS];
    struct hb_map webhooks;
    struct hb_bodies *bodies;
    struct hb_outbox_listener listener;
    /* reading.c */
    size_t pending;     /* records kept, of all shards */
    bool must_assign;
    int64_t assigning_until_us; /* 0: the last assignment has begun, or it was given up waiting for that */
    struct hb_view_record *batch; /* scratch of one turn */
    /* claiming.c */
    struct hb_turns turns;
    struct hb_map stores;   /* benches by store */
    struct hb_bench bench;  /* of webhooks whose store is not known */
    struct hb_rate claim_rate;
    struct hb_mono again_at; /* the first webhook's; INT64_MAX: none */
    /* sending.c */
    struct hb_map flights_by_id;
    struct hb_retry_flight *flights;
    size_t flights_count;
    struct hb_retry_reread *reread;
    int seconds;
    int scan_turn; /* scanning.c: the shard whose turn it was */
    bool is_stopping;
    int64_t grace_left_ms;
    char lasting_trouble[HB_RETRY_TROUBLE_MAX];
    char trouble[HB_RETRY_TROUBLE_MAX]; /* what hb_retry_trouble gave last */
};

/* retry.c */
struct hb_mono hb_retry_now(const struct hb_retry *retry);
/* Red until the process ends: nothing here mends it. */
void hb_retry_set_lasting_trouble(struct hb_retry *retry, const char *sentence);
/* One look of the stop: gives back what is not sent; `stopped` when the sender has nothing of ours any more, or the
 * grace is over. */
void hb_retry_stop_step(void *retry);

/* membership.c */
extern const struct hb_kafka_consumer_events hb_membership_events;

/* glancing.c */
/* Every 10 s, one call for all open shards of a Redis: are the views as they were, and what is due? */
void hb_glancing_run(struct hb_retry *retry);

/* nodes.c */
/* Begins to connect to each node of redis.address, and gives each shard its node. */
HB_MUST_USE enum hb_err hb_nodes_new(struct hb_retry *retry, struct hb_error *reterr);
void hb_nodes_free(struct hb_retry *retry);
/* Once a second: says who is away, judges whose turn it is. */
void hb_nodes_second(struct hb_retry *retry);
/* Redis's clock was seen. */
void hb_nodes_clock(struct hb_retry_node *node, struct hb_wall redis_now);
/* Redis's time now. */
struct hb_wall hb_nodes_wall(const struct hb_retry_node *node);
/* A time of Redis's clock as ours; INT64_MAX for one below 0. */
struct hb_mono hb_nodes_mono(const struct hb_retry_node *node, struct hb_wall redis_at);

/* shard.c */
/* It is ours by Kafka's word: the takeover begins as soon as its Redis is fit. low: the journal's first offset. */
void hb_shard_assign(struct hb_retry_shard *shard, int64_t low);
/* It is ours no more: nothing is claimed, read or written for it. */
void hb_shard_revoke(struct hb_retry_shard *shard);
/* Its Redis is there and fit. */
void hb_shard_node_up(struct hb_retry_shard *shard);
/* Its Redis is gone: the view is lost, nothing is read. */
void hb_shard_node_down(struct hb_retry_shard *shard);
/* What an answer says of the view. True: open, and the answer may be used. */
bool hb_shard_check(struct hb_retry_shard *shard, const struct hb_view_answer *answer);
/* The batch through the last record taken was applied. */
void hb_shard_applied(struct hb_retry_shard *shard, const struct hb_view_answer *answer);
/* It stands still until it is revoked; the process is red with this sentence until it ends. */
void hb_shard_halt(struct hb_retry_shard *shard, const char *sentence);
/* Once a second: goes on with what had to wait. */
void hb_shard_second(struct hb_retry_shard *shard);
static inline bool hb_shard_is_open(const struct hb_retry_shard *shard)
{
    return shard->phase == HB_PHASE_OPEN;
}

/* reading.c */
HB_MUST_USE enum hb_err hb_reading_new(struct hb_retry *retry, struct hb_error *reterr);
void hb_reading_free(struct hb_retry *retry);
/* Reads the shard's journal from there on; stop forgets what was read and not applied. */
void hb_reading_start(struct hb_retry_shard *shard, int64_t from);
void hb_reading_stop(struct hb_retry_shard *shard);
/* What was read goes to the view. */
void hb_reading_apply(struct hb_retry_shard *shard);
void hb_reading_poll(struct hb_retry *retry);

/* records_read.c */
/* Fills `record` from its message. False: a newer hookbus wrote it. */
bool hb_records_read(struct hb_retry_shard *shard, struct hb_retry_record *record);
/* Whether the record may be applied as to its webhook's order; false: the registry may know it in a moment. */
bool hb_records_set_order(struct hb_retry_shard *shard, struct hb_retry_record *record);
/* A new record of that webhook, which has taken the message. HB_ERR_NOT_FOUND: it is none. */
HB_MUST_USE enum hb_err hb_records_make(struct hb_retry_shard *shard, const struct hb_kafka_message *take_message,
                                        struct hb_str webhook, struct hb_retry_record **ret_record);
void hb_records_free_first(struct hb_retry_record **first);

/* webhooks.c */
/* The webhook by its id, made if need be; NULL: no memory. */
struct hb_retry_webhook *hb_retry_webhook_of(struct hb_retry *retry, struct hb_str id);
void hb_retry_webhooks_free(struct hb_retry *retry);

/* claiming.c; the pump and forget: claims.c */
/* Lets a hungry webhook take part in the turns if there is room for it; else it leaves the ready set. */
void hb_claiming_look(struct hb_retry_webhook *webhook);
void hb_claiming_ask_again(struct hb_retry_webhook *webhook, struct hb_mono at);
/* An answer said when the shard's next delivery is due. */
void hb_claiming_due(struct hb_retry_shard *shard, struct hb_wall next_due);
/* is_taken_over: the view has forgotten which webhooks were not ready. */
void hb_claiming_opened(struct hb_retry_shard *shard, bool is_taken_over);
void hb_claiming_closed(struct hb_retry_shard *shard);
/* The view is about to be freed: no answer comes any more. */
void hb_claiming_forget(struct hb_retry_shard *shard);
void hb_claiming_room_changed(struct hb_retry_webhook *webhook);
void hb_claiming_plan_pump(struct hb_retry *retry);
void hb_claiming_pump(void *retry);
void hb_claiming_wake(void *retry);
/* Nothing of the webhook is due as far as is known: the view says when something is. */
void hb_claiming_sated(struct hb_retry_webhook *webhook);
/* A claimed delivery of the webhook went to the sender, or was given up. */
void hb_claiming_passed(struct hb_retry_webhook *webhook);

/* ahead.c: bodies of what comes due soon. */
void hb_ahead_plan(struct hb_retry_shard *shard, struct hb_mono due_at);
void hb_ahead_look(struct hb_retry_shard *shard);

/* sending.c */
void hb_sending_take(struct hb_retry_shard *shard, struct hb_retry_webhook *webhook,
                     const struct hb_view_delivery *claimed);
bool hb_sending_has(const struct hb_retry *retry, const unsigned char *delivery);
void hb_sending_ended(void *retry, void *tag, enum hb_resend_end end);
/* The shard is no longer ours, or its view must be built anew: what is not sent is forgotten. */
void hb_sending_drop(struct hb_retry_shard *shard);
void hb_sending_renew(struct hb_retry *retry);
/* Gives back everything that is not with the sender. */
void hb_sending_hand_back(struct hb_retry *retry);
void hb_sending_free(struct hb_retry *retry);
/* Frees the flight; its lease runs out, or ends by what stands in the journal. */
void hb_sending_end(struct hb_retry_flight *flight);
/* Gives its lease back, to be due after a pause. */
void hb_sending_return(struct hb_retry_flight *flight, int64_t pause_ms);
/* Sends the leases given back to Redis. */
void hb_sending_flush(struct hb_retry_shard *shard);

/* repairing.c */
void hb_repairing_run(struct hb_retry_shard *shard);
void hb_repairing_take(struct hb_retry_shard *shard, const struct hb_view_answer *answer);
void hb_repairing_stop(struct hb_retry_shard *shard);

/* spilling.c */
/* How full the node is was seen. */
void hb_spilling_judge(struct hb_retry_node *node);
bool hb_spilling_has_room(const struct hb_retry_node *node);
int hb_spilling_check_every_s(const struct hb_retry_node *node, int idle_s);
void hb_spilling_closed(struct hb_retry_shard *shard);

/* rereading.c */
void hb_rereading_begin(struct hb_retry *retry, const struct hb_retry_node *node);
void hb_rereading_stop(struct hb_retry *retry, const struct hb_retry_node *node);
void hb_rereading_closed(struct hb_retry_shard *shard);
void hb_rereading_second(struct hb_retry *retry);
/* A batch of the shard was applied: its turn, if it has one. */
void hb_rereading_kick(struct hb_retry_shard *shard);
void hb_rereading_free(struct hb_retry *retry);

/* ending.c */
/* A claimed delivery that is never sent again: dead with `body_gone`, or expired. */
void hb_ending_flight(struct hb_retry_flight *flight, enum hb_delivery_event event, enum hb_reason reason);
/* A first park met an entry of another event: two events have one id. */
void hb_ending_conflict(struct hb_retry_shard *shard, const struct hb_view_refusal *refusal);
bool hb_ending_is_expired(const struct hb_entry *entry, struct hb_wall now);
/* One that waits and is not claimed; done as hb_journal_put's. */
HB_MUST_USE enum hb_err hb_ending_parked(struct hb_retry_webhook *webhook, const struct hb_view_delivery *delivery,
                                         enum hb_delivery_event what, enum hb_reason reason, hb_journal_done_fn *done,
                                         void *user);

/* scanning.c */
/* The webhook is deleted: everything of it dies, in batches. */
void hb_scanning_deleted(struct hb_retry_webhook *webhook);
void hb_scanning_opened(struct hb_retry_shard *shard);
void hb_scanning_stop(struct hb_retry_shard *shard);
void hb_scanning_second(struct hb_retry_shard *shard);
/* Now and then a piece of the search for what is too old, of one shard. */
void hb_scanning_piece(struct hb_retry *retry);

#endif
