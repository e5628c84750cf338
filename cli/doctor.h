/* Job: what the checks of `hookbus doctor` share.
 *
 * Place: cli/command_doctor.c runs them and shows findings; cli/doctor_*.c hold the checks. A check says what it
 * found in one sentence, and what to do if it is not right. Owns / borrows: findings own their text. Fails: a check
 * does not; what it finds may be bad.
 * Limits: HB_FINDINGS_MAX findings. Threads: one; blocks. */
#ifndef CLI_DOCTOR_H
#define CLI_DOCTOR_H

#include "cli/command.h"
#include "hookbus/time.h"

#define HB_FINDINGS_MAX 64

struct hb_finding {
    const char *check; /* "kafka" */
    enum hb_mark mark;
    char text[400];
    char advice[400]; /* empty: none */
};

struct hb_doctor {
    struct hb_cli *cli;
    size_t count;
    struct hb_finding findings[HB_FINDINGS_MAX];
};

/* Adds a finding. */
__attribute__((format(printf, 4, 5))) void hb_doctor_add(struct hb_doctor *doctor, const char *check, enum hb_mark mark,
                                                         const char *format, ...);
/* What to do about the last one. */
__attribute__((format(printf, 2, 3))) void hb_doctor_advise(struct hb_doctor *doctor, const char *format, ...);

/* Brokers, what the cluster survives, topics. */
void hb_doctor_kafka(struct hb_doctor *doctor);
/* Redis: reachable, version, eviction, and its clock against ours. */
void hb_doctor_redis(struct hb_doctor *doctor);
/* Kafka's clock, by which events are dated, against ours. */
void hb_doctor_kafka_clock(struct hb_doctor *doctor);
/* Says how far the clock of `whose` is from ours: it showed `theirs` at some moment between before and after. */
void hb_doctor_clock(struct hb_doctor *doctor, const char *whose, struct hb_wall theirs, struct hb_wall before,
                     struct hb_wall after);
/* Sealing keys, descriptors, state folder, egress, admin key. */
void hb_doctor_here(struct hb_doctor *doctor);

#endif
