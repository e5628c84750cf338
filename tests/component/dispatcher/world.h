/* Job: a real dispatcher with fakes at its edges: time, Kafka, HTTP and the registry go where the test says.
 *
 * Place: linked instead of hb_loop, hb_kafka, hb_http_client and hb_registry. It also keeps the ledger that says whether an offset may be
 * stored: every delivery of every event below has ended or stands in the journal, and Kafka acknowledged a line of each. Fails: aborts the test. Threads: one. */
#ifndef TESTS_COMPONENT_DISPATCHER_WORLD_H
#define TESTS_COMPONENT_DISPATCHER_WORLD_H

#include "dispatcher/state.h"
#include "fakes/fake_http_client.h"
#include "fakes/fake_kafka.h"
#include "fakes/fake_loop.h"
#include "fakes/fake_registry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define WORLD_OFFSETS 4096 /* of a partition */
#define WORLD_WEBHOOKS 8
#define WORLD_LINES_KEPT 64

/* What is known of one event, from outside. */
struct world_event {
    int64_t sent[WORLD_WEBHOOKS], ended[WORLD_WEBHOOKS], lines[WORLD_WEBHOOKS]; /* ended: delivered, skipped or journaled */
    int64_t whole_lines; /* lines without a webhook: unreadable, or the whole event skipped */
    unsigned expected;   /* bit a webhook */
    bool is_whole;       /* one line for the event, nothing sent */
    bool is_appended;
};
#define WORLD_RESENDS 64
/* The owner of parked deliveries, as the dispatcher sees it. */
struct world_owner {
    bool is_there, owns; /* set before world_start */
    int ended[WORLD_RESENDS], end[WORLD_RESENDS]; /* by tag */
    int changed;         /* room_changed */
    int kept;            /* records shown */
    char last_kept[256];
    bool is_inside;      /* a call of the dispatcher's: nothing may come out of it */
};
struct world {
    struct hb_loop *loop;
    struct hb_registry *registry;
    struct hb_http_client *http;
    struct hb_config config;
    struct hb_metrics metrics;
    struct hb_log_context log;
    struct hb_outbox *outbox;
    struct world_owner owner;
    struct hb_event resent; /* what resends send */
    char resent_id[64];
    struct hb_dispatcher *dispatcher;
    char state_dir[128];
    bool has_keys, resets_offsets;
    int stopped, failed;
    char failure[256];
    struct world_event *events[FAKE_TOPICS][FAKE_PARTITIONS];
    char *lines[WORLD_LINES_KEPT]; /* acknowledged lines, the last ones */
    size_t lines_count;
    char *journal[WORLD_LINES_KEPT]; /* acknowledged journal records, the last ones: "v<version> <value or tombstone> of <webhook>" */
    size_t journal_count;
    int lines_acked, stores, early_stores;
    char watermark[512]; /* the last registry record produced */
};

int world_setup(void **state);
int world_teardown(void **state);
/* Makes the dispatcher (the settings may be changed before) and gives it time 0. */
void world_start(struct world *world);
/* In the role's order: HTTP first, then the dispatcher and the outbox; a new HTTP client is made. */
void world_stop(struct world *world);
/* As a kill: what Kafka has not acknowledged and what is not committed is lost. */
void world_crash(struct world *world);
/* Store "shop" and webhook "wh_0" at http://receiver.example. */
void world_add_webhook(struct world *world, const struct fake_webhook *spec);
/* Changes it in the registry and tells the dispatcher. */
void world_change_webhook(struct world *world, const struct fake_webhook *spec);
/* Appends an event of "shop" to topic 0; webhooks: those that must get a line. */
int64_t world_publish(struct world *world, int32_t partition, const char *id, unsigned webhooks);
int64_t world_append(struct world *world, int topic, int32_t partition, const struct fake_event *event, unsigned webhooks);
void world_expect_whole(struct world *world, int topic, int32_t partition, int64_t offset);
/* Answers the oldest request. */
void world_answer(struct world *world, int status);
/* Answers, acknowledges and commits until nothing more happens. */
void world_finish(struct world *world);
/* Whether a kept line holds all of the texts (NULL-terminated). */
bool world_has_line(const struct world *world, const char *a, const char *b);
int world_count_lines(const struct world *world, const char *text);
/* How many of the kept journal records hold both texts. */
int world_count_journal(const struct world *world, const char *a, const char *b);
/* What the dispatcher says of a webhook's room, and a resend of event e-0-0-<offset> for it; the tag is its place in owner.ended. */
struct hb_resend_room world_room(struct world *world, const char *webhook);
enum hb_err world_resend(struct world *world, uintptr_t tag, const char *webhook, const struct hb_resend *resend);
/* Gives time for lines to be gathered. */
void world_gather(struct world *world);
void world_settle(struct world *world);
/* Kafka acknowledges the journal, then the lines that were gathered meanwhile, then the records that waited for these. */
void world_write_all(struct world *world);
/* Records of a topic that wait for their acknowledgement; and what Kafka says of all of them. */
int world_count_pending(const char *topic);
void world_ack_topic(struct world *world, const char *topic, enum hb_err err);

#endif
