/* Job: the parts of a dispatcher, as its steps see them. Private to this room.
 *
 * dispatcher.c makes and frees it; each step is one file with its verbs declared here: intake → route → admit →
 * attempt → settle.
 * Threads: the loop's. */
#ifndef DISPATCHER_STATE_H
#define DISPATCHER_STATE_H

#include "core/hash.h"
#include "core/id_memory.h"
#include "core/metrics.h"
#include "dispatcher/admit.h"
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
    struct hb_lines_client lines_client;
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

    size_t fan_out;          /* most deliveries one event of the last turn had: how many records may be taken at once */
    bool is_starved;         /* intake stopped for want of room, or of Kafka's acknowledgements */
    bool is_all_paused;      /* starved for so long that partitions were paused, to go on polling */
    int starved_s;
    int seconds;             /* since start, for what happens once a minute */
    bool is_stopping;
    int64_t grace_left_ms;
    bool is_pumping;
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
/* Why a selected delivery is not sent, as its webhook is now; HB_REASON_NONE: it is. Asked again before the attempt. */
enum hb_reason hb_route_refusal(const struct hb_webhook *webhook);

/* attempt.c: sends an admitted delivery, judges the answer, writes its line. */
void hb_attempt_start(void *dispatcher, struct hb_delivery *delivery);

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
/* Called by lines: Kafka has a line of this event. */
void hb_settle_line_done(void *dispatcher, void *taken);
/* At the end: nobody will say any more whether Kafka has it, so the event is not settled here. */
void hb_settle_line_dropped(void *dispatcher, void *taken);
/* One reason less for the event to be open; at none it settles. */
void hb_settle_close(struct hb_dispatcher *d, struct hb_taken *taken);
/* A delivery left the queue unsent because its partition is no longer ours, or at shutdown. */
void hb_settle_hand_back(struct hb_dispatcher *d, struct hb_delivery *delivery);
/* A delivery ended: its bytes may be free. */
void hb_settle_delivery_done(struct hb_dispatcher *d, struct hb_taken *taken);
/* An event that this worker had settled before a crash: its slot is settled without delivering. */
void hb_settle_known(struct hb_dispatcher *d, struct hb_partition *partition, int64_t offset);
struct hb_delivery *hb_delivery_new(struct hb_dispatcher *d);
void hb_delivery_free(struct hb_dispatcher *d, struct hb_delivery *delivery);

/* dispatcher.c */
void hb_dispatcher_pump(struct hb_dispatcher *d);
__attribute__((format(printf, 2, 3))) void hb_dispatcher_set_lasting_trouble(struct hb_dispatcher *d,
                                                                             const char *format, ...);

#endif
