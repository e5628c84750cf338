/* Job: the parts of a dispatcher, as its steps see them. Private to this room.
 *
 * dispatcher.c makes and frees it; each step is one file with its verbs declared here: intake → route → admit →
 * attempt → settle. Beside the fast path: age and park (what cannot be sent now), record (the journal), resend (what the
 * owner gives back), resting (a webhook that is overloaded or away), telling (the registry of it).
 * Threads: the loop's. */
#ifndef DISPATCHER_STATE_H
#define DISPATCHER_STATE_H

#include "core/hash.h"
#include "core/id_memory.h"
#include "core/metrics.h"
#include "dispatcher/admit.h"
#include "hookbus/answer.h"
#include "dispatcher/attempt.h"
#include "dispatcher/dispatcher.h"
#include "dispatcher/partition.h"
#include "dispatcher/settled_file.h"
#include "dispatcher/taken.h"
#include "hookbus/outcome.h"
#include "records/outbox.h"

#define HB_TROUBLE_MAX 256
#define HB_INTAKE_BATCH 256 /* records a turn of the loop */

struct hb_dispatcher {
    struct hb_dispatcher_options options;
    char topics[HB_EVENT_TOPIC_COUNT][HB_TOPIC_NAME_MAX];
    char group[HB_TOPIC_NAME_MAX], registry_topic[HB_TOPIC_NAME_MAX];
    struct hb_log_context log;

    struct hb_kafka_consumer *consumer;
    struct hb_watch *consumer_watch;
    struct hb_outbox *outbox;
    struct hb_outbox_listener outbox_listener;
    struct hb_lines_client lines_client;    /* of events: tag hb_taken */
    struct hb_lines_client delivery_client; /* of deliveries whose record follows the line: tag hb_delivery */
    struct hb_owner owner; /* all NULL: nobody keeps parked deliveries in this process */
    struct hb_timer *begin_timer, *intake_timer, *second_timer, *grace_timer;

    struct hb_partitions partitions;
    struct hb_taken_pool pool;
    struct hb_lanes lanes;
    struct hb_admit admit;
    struct hb_settled_file *settled;
    struct hb_id_memory *ids;
    struct hb_delivery *free_deliveries;
    size_t free_deliveries_count;
    struct hb_timer *age_timer, *full_timer, *pump_timer;
    uint64_t random; /* state of hb_dispatcher_random */

    size_t fan_out;          /* most deliveries one event of the last turn had: how many records may be taken at once */
    bool has_joined;         /* the group has said at least once which partitions are ours; none is an answer too */
    bool is_starved;         /* intake stopped for want of room, or of Kafka's acknowledgements */
    bool is_all_paused;      /* starved for so long that partitions were paused, to go on polling */
    int starved_s;
    int seconds;             /* since start, for what happens once a minute */
    bool is_stopping;
    int64_t grace_left_ms;
    bool is_pumping;
    bool has_words;          /* a lane may have something to tell the registry still */
    char lasting_trouble[HB_TROUBLE_MAX];  /* until a restart: a refused partition, authorization */
};

/* intake.c: the consumer's events, and taking what is fetched while there is room. */
extern const struct hb_kafka_consumer_events hb_intake_events;
void hb_intake_run(struct hb_dispatcher *d);
/* Room may have appeared: run intake soon if it had stopped. */
void hb_intake_wake(struct hb_dispatcher *d);
/* Once a second: long starvation, held records, watermarks. */
void hb_intake_second(struct hb_dispatcher *d);
void hb_intake_resume(struct hb_dispatcher *d, struct hb_partition *partition);

/* route.c: an event and the registry give deliveries and skipped lines. Owns `taken` from here on. */
void hb_route_run(struct hb_dispatcher *d, struct hb_taken *taken);
/* Why a selected delivery is not sent, as its webhook is now; HB_REASON_NONE: it is. Asked again before the attempt.
 * lane NULL: it has none. */
enum hb_reason hb_route_refusal(const struct hb_webhook *webhook, const struct hb_lane *lane);

/* attempt.c: sends an admitted delivery, judges the answer, decides what becomes of it. */
void hb_attempt_start(void *dispatcher, struct hb_delivery *delivery);

/* park.c: a fresh delivery that cannot be sent now goes into the journal, unburnt. It must not be in a queue. */
void hb_park(struct hb_dispatcher *d, struct hb_delivery *delivery, enum hb_reason reason);
/* All that waits in a lane: fresh ones are parked, resends given back. */
void hb_park_lane(struct hb_dispatcher *d, struct hb_lane *lane, enum hb_reason reason);
/* While more waits in all than may: from the longest queue of those behind. */
void hb_park_longest(struct hb_dispatcher *d);
/* The owner may want to keep the record of a delivery that is soon due again. */
void hb_park_keep(struct hb_dispatcher *d, struct hb_taken *taken, struct hb_wall due);

/* age.c: nothing keeps an event unsettled for longer than settle_after_ms, or most of a ring. */
void hb_age_enter(struct hb_dispatcher *d, struct hb_partition *partition, struct hb_delivery *delivery);
void hb_age_leave(struct hb_delivery *delivery);
/* The partition is gone: its deliveries are no longer in the list. */
void hb_age_forget(struct hb_partition *partition);
/* An event was taken: if most of the ring waits for its oldest one, that is journaled at once. */
void hb_age_look_at_ring(struct hb_dispatcher *d, struct hb_partition *partition);
/* Intake waits for room: the lanes are looked at again soon. */
void hb_age_watch_full(struct hb_dispatcher *d);
void hb_age_due(void *dispatcher);
void hb_age_full_due(void *dispatcher);

/* record.c */
/* What is known of an outcome of this delivery, for core/fate. */
struct hb_fate hb_record_decide(struct hb_dispatcher *d, const struct hb_delivery *delivery,
                                const struct hb_outcome *outcome);
/* Writes it into the journal where that must be; with the acknowledgement (or at once) the delivery ends, unless its
 * request still runs. */
void hb_record_fate(struct hb_dispatcher *d, struct hb_delivery *delivery, const struct hb_fate *fate);
/* Whether there is a record, which goes only behind the line of its attempt. */
bool hb_record_follows_line(const struct hb_delivery *delivery, const struct hb_fate *fate);
/* Called by lines: Kafka has the line that its record waits for; or, at the end, nobody will say any more. */
void hb_record_line_done(void *dispatcher, void *delivery);
void hb_record_line_dropped(void *dispatcher, void *delivery);
/* It needs its event's bytes no more. */
void hb_record_let_go(struct hb_dispatcher *d, struct hb_delivery *delivery);
/* Nothing more will be known or written of it: it ends. */
void hb_record_end(struct hb_dispatcher *d, struct hb_delivery *delivery);

/* resend.c: the sender's side of include/hookbus/resend.h. */
struct hb_resend_room hb_resend_room(void *dispatcher, struct hb_str webhook);
enum hb_err hb_resend_send(void *dispatcher, const struct hb_resend *resend);
/* The event is looked into until let_go; false: it has crashed this worker three times. */
bool hb_resend_take_up(void *dispatcher, const struct hb_position *position);
void hb_resend_let_go(void *dispatcher);
/* A resend is not sent: its lease goes back. */
void hb_resend_unsent(struct hb_dispatcher *d, struct hb_delivery *delivery);
/* The lane may take more or nothing: the owner is told, if it wants to be. */
void hb_resend_tell(struct hb_dispatcher *d, struct hb_lane *lane);

/* resting.c */
enum hb_resting { HB_RESTING_NOT, HB_RESTING_PARK, HB_RESTING_PROBE };
/* What to do with a fresh delivery: PROBE: it is the probe, and counts as that from now on. */
enum hb_resting hb_resting_fresh(struct hb_dispatcher *d, struct hb_lane *lane);
/* Whether the webhook rests, as this process knows. */
bool hb_resting_is(struct hb_dispatcher *d, struct hb_lane *lane);
/* A request ended: window and rest learn from it; what follows is published. */
void hb_resting_result(struct hb_dispatcher *d, const struct hb_delivery *delivery, const struct hb_outcome *outcome,
                       const struct hb_fate *fate);
/* The snapshot changed. */
void hb_resting_changed(struct hb_lane *lane, const struct hb_webhook *old_webhook);
/* How many parked deliveries may go now, of a webhook that is active. */
struct hb_resend_room hb_resting_room(struct hb_dispatcher *d, struct hb_lane *lane);
/* A moment as the wall clock shows it now. */
struct hb_wall hb_resting_wall(struct hb_dispatcher *d, struct hb_mono at);
/* Whether this process declares the webhook's rests. */
bool hb_resting_owns(struct hb_dispatcher *d, struct hb_lane *lane);

/* telling.c: the registry is told, again and again until Kafka has acknowledged it. */
/* That it rests or not, as its lane says when it is written. reason: a constant; empty: none. */
void hb_telling_rest(struct hb_dispatcher *d, struct hb_lane *lane, const char *reason);
/* That it is disabled: its lane's gone_ fields. */
void hb_telling_gone(struct hb_dispatcher *d, struct hb_lane *lane);
/* Once a second: what is not acknowledged and not under way. */
void hb_telling_second(struct hb_dispatcher *d);

/* settle.c */
/* A delivery selected but not sent: a `skipped` line. webhook NULL: the whole event. */
void hb_settle_skip(struct hb_dispatcher *d, struct hb_taken *taken, const struct hb_webhook *webhook,
                    enum hb_reason reason);
/* A record that is no event: an `unreadable` line. */
void hb_settle_unreadable(struct hb_dispatcher *d, struct hb_taken *taken, const char *detail);
/* The fields of a line that come from the event and the delivery. id: room for the delivery id. */
struct hb_attempt_line hb_settle_line(const struct hb_dispatcher *d, const struct hb_taken *taken,
                                      const struct hb_webhook *webhook, char id[HB_DELIVERY_ID_BYTES + 1]);
/* Adds the line; the event stays open until Kafka has it. */
void hb_settle_add_line(struct hb_dispatcher *d, struct hb_taken *taken, struct hb_attempt_line *line);
/* The same for the line of a delivery's attempt that its record waits for. */
void hb_settle_add_line_first(struct hb_dispatcher *d, struct hb_delivery *delivery, struct hb_attempt_line *line);
/* Called by lines: Kafka has a line of this event. */
void hb_settle_line_done(void *dispatcher, void *taken);
/* At the end: nobody will say any more whether Kafka has it, so the event is not settled here. */
void hb_settle_line_dropped(void *dispatcher, void *taken);
/* One reason less for the event to be open; at none it settles. */
void hb_settle_close(struct hb_dispatcher *d, struct hb_taken *taken);
/* A fresh delivery left the queue unsent because its partition is no longer ours, or at shutdown; a resend's lease goes
 * back. */
void hb_settle_hand_back(struct hb_dispatcher *d, struct hb_delivery *delivery);
/* A delivery ended: its bytes may be free, and the event with its last one. */
void hb_settle_delivery_done(struct hb_dispatcher *d, struct hb_taken *taken);
/* An event that this worker had settled before a crash: its slot is settled without delivering. */
void hb_settle_known(struct hb_dispatcher *d, struct hb_partition *partition, int64_t offset);
/* A delivery of the event in the lane, which keeps the event open. NULL: out of memory. */
struct hb_delivery *hb_delivery_new(struct hb_dispatcher *d, struct hb_taken *taken, struct hb_lane *lane);
void hb_delivery_free(struct hb_dispatcher *d, struct hb_delivery *delivery);

/* dispatcher.c */
void hb_dispatcher_pump(struct hb_dispatcher *d);
/* The same, soon: from where `ended` or `room_changed` must not be called. */
void hb_dispatcher_pump_soon(struct hb_dispatcher *d);
/* 32 bits for jitter. */
uint32_t hb_dispatcher_random(struct hb_dispatcher *d);
__attribute__((format(printf, 2, 3))) void hb_dispatcher_set_lasting_trouble(struct hb_dispatcher *d,
                                                                             const char *format, ...);

#endif
