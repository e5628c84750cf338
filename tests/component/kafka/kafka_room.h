/* Job: what the Kafka tests share: the broker, names nobody else uses, and recorders that wait for what they want to
 * see.
 *
 * Fails: everything here aborts the test that calls it. Limits: each wait ends after ROOM_WAIT_MS. Threads: one. */
#ifndef TESTS_COMPONENT_KAFKA_KAFKA_ROOM_H
#define TESTS_COMPONENT_KAFKA_KAFKA_ROOM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "platform/kafka/kafka.h"

#define ROOM_WAIT_MS 30000
#define ROOM_SKIPPED 77

/* Runs the tests, or says why not and gives the exit code for that. */
#define ROOM_RUN(tests) (room_is_there() ? cmocka_run_group_tests(tests, room_open, room_close) : ROOM_SKIPPED)

bool room_is_there(void);
int room_open(void **state);
int room_close(void **state);
struct hb_kafka_cluster room_cluster(void);
struct hb_kafka_admin *room_admin(void);
int64_t room_now_ms(void);

/* A name of this run: `ret` holds 128 bytes. */
const char *room_name(char *ret, const char *what);
/* Makes a topic of that name, with at most one setting ("name=value", or NULL). */
void room_make_topic(const char *topic, int partitions);
/* Writes records numbered first..first+count-1 to a partition and waits until Kafka has them. Their value is the
 * number. */
void room_write(const char *topic, int32_t partition, int first, int count);
struct hb_kafka_producer *room_producer(int queue_records_max, int message_timeout_ms);
/* The number in a value. */
int room_number(struct hb_str value);

/* ---- a group member that writes down what happens to it ---- */
#define ROOM_SEEN_MAX 40000
#define ROOM_PARTITIONS_MAX 64
struct room_seen {
    int topic;
    int32_t partition;
    int64_t offset;
    int number;
};
struct room_member {
    struct hb_kafka_consumer *consumer;
    const char *topics[2];
    int assigned, revoked, lost, fatal, fenced, stopped, expelled; /* how often */
    int32_t stopped_partition;
    char fatal_text[256];
    struct hb_kafka_partition partitions[ROOM_PARTITIONS_MAX]; /* ours now */
    size_t partitions_count;
    struct room_seen seen[ROOM_SEEN_MAX];
    size_t seen_count;
    int64_t committed[2][ROOM_PARTITIONS_MAX]; /* highest acknowledged; -1 none */
    int commits_failed, commits_back;          /* back: acknowledged below one acknowledged before */
    bool is_storing;                           /* stores each record as it comes */
    bool is_refusing_zero;                     /* refuses partition 0 */
    int64_t start_at;                          /* -1: as preset */
};
/* topics[1] may be NULL; instance may be NULL. */
struct room_member *room_join(const char *group, const char *instance, const char *topic_a, const char *topic_b);
/* As room_join, with other times than its. */
struct room_times {
    int max_poll_interval_ms; /* room_join: 300000 */
    int session_timeout_ms;   /* room_join: 6000 */
};
struct room_member *room_join_timed(const char *group, const char *instance, const char *topic_a, const char *topic_b,
                                    struct room_times times);
void room_leave(struct room_member **member);
/* Polls all members until the condition holds. */
typedef bool room_condition_fn(void *user);
void room_wait(struct room_member *const *members, size_t count, room_condition_fn *condition, void *user,
               const char *what);

#endif
