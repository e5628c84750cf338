/* Job: a replay world for tests: the registry's api with the replay routes, topics, an outbox and a runner, on one loop, with a real Kafka.
 *
 * A "runner process" is an outbox and a runner; several may be made one after the other. Everything that waits has a bound and fails the
 * test. Needs HOOKBUS_TEST_KAFKA. */
#ifndef TESTS_COMPONENT_REPLAY_RIG_H
#define TESTS_COMPONENT_REPLAY_RIG_H

#include "component/registry/world.h"

#include "core/journal_record.h"
#include "hookbus/config.h"
#include "hookbus/topics.h"
#include "records/outbox.h"
#include "replay/api.h"
#include "replay/runner.h"

#define RIG_EVENTS_MAX 4000

struct rig_process {
    struct hb_outbox *outbox;
    struct hb_replay_runner *runner;
    bool owns;
};

/* An event as it stands in Kafka. */
struct rig_event {
    char id[32], type[64], subject[32];
    struct hb_position position;
};

struct rig {
    struct world world;
    struct process api;
    struct hb_replay_api *replay;
    struct hb_config config;
    struct hb_kafka_cluster cluster;
    char admin[80];
    char webhook[HB_ID_MAX + 1];
    struct rig_event events[RIG_EVENTS_MAX];
    int events_count;
    int series; /* counts rig_begin */
};

bool rig_init(struct rig *rig);
void rig_deinit(struct rig *rig);
/* A new webhook, and events of its own: "evt_<series>_0", "evt_<series>_1" … webhook: as of rig_webhook. */
void rig_begin(struct rig *rig, const char *webhook);
/* A further webhook of the store "demo"; body may be NULL for one of all types. */
void rig_webhook(struct rig *rig, const char *body, char ret_id[HB_ID_MAX + 1]);
void rig_process_init(struct rig_process *process, struct rig *rig);
/* One without a retry queue. */
void rig_process_init_idle(struct rig_process *process, struct rig *rig);
/* As kill -9: nothing is saved, what was not acknowledged is lost to it. */
void rig_process_kill(struct rig_process *process);
/* Publishes `count` events of a type, subjects "s0".."s9" in turns. */
void rig_publish(struct rig *rig, const char *type, int count);
/* A journal record of an event for the rig's webhook: any state, DELIVERED is a tombstone. */
void rig_journal(struct rig *rig, struct rig_process *process, int event, enum hb_delivery_state state, int64_t version);
/* A line of history for it: "delivered" or "skipped". */
void rig_line(struct rig *rig, struct rig_process *process, int event, const char *outcome);
/* Waits until the outbox has everything. */
void rig_flush(struct rig *rig, struct rig_process *process);

/* Jobs that ended long ago: rpl_old_0000 is the oldest. */
void rig_old_jobs(struct rig *rig, struct rig_process *process, int count);
/* Writes a record of the registry's topic, and waits until the registry has it. */
void rig_registry(struct rig *rig, struct rig_process *process, const char *key, const char *value);
/* Waits until the registry has no such record. */
void rig_until_forgotten(struct rig *rig, const char *key);

struct reply rig_ask(struct rig *rig, int status, const char *method, const char *path, const char *body);
int64_t rig_number(const struct reply *reply, const char *name);
/* A dry run's total; ret_gone may be NULL. The body without braces, without webhook. */
int64_t rig_count(struct rig *rig, const char *members, int64_t *ret_gone);
/* How many are missing, without the grace for what may be on its way. */
int64_t rig_count_missing(struct rig *rig);
/* Makes a job; its id. */
void rig_create(struct rig *rig, const char *members, char ret_id[HB_ID_MAX + 1]);
/* Waits until the job's status is as wanted; fails the test at another end. */
void rig_until_status(struct rig *rig, const char *job, const char *status);
int64_t rig_progress(struct rig *rig, const char *job, const char *name);

/* What the journal's partition of the webhook holds of a job. */
struct rig_found {
    int records;  /* that carry the job */
    int ids;      /* different deliveries among them */
    int versions; /* different versions among them */
    int most_in_a_second; /* by Kafka's time */
    bool is_in_order;     /* of the events' append time, by first selection */
};
struct rig_found rig_find(struct rig *rig, const char *job);

#endif
