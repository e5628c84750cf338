/* Job: feeds the read model's tables without Kafka, and asks them. A world has one file, made anew in each test. */
#ifndef TESTS_UNIT_HISTORY_MODEL_RIG_H
#define TESTS_UNIT_HISTORY_MODEL_RIG_H

#include "history/model_apply.h"
#include "history/model_list.h"

#define RIG_NOW_MS INT64_C(1700000000000)

struct rig {
    char path[64];
    struct hb_sqlite *db;
    struct hb_model_apply *apply;
    int64_t next[HB_MODEL_TOPIC_COUNT];
};

void rig_open(struct rig *rig);
/* Opens the same file again. */
void rig_reopen(struct rig *rig);
void rig_close(struct rig *rig);
/* The id of the n-th delivery as the journal and lines have it. */
const char *rig_id(int n);
/* A line of delivery n at RIG_NOW_MS + at_ms. reason NULL: none. */
void rig_line(struct rig *rig, int n, const char *outcome, const char *reason, int64_t at_ms);
/* A journal record of delivery n; "delivered" is a tombstone. Due in a minute. */
void rig_journal(struct rig *rig, int n, const char *state, int64_t version);
void rig_commit(struct rig *rig);
/* The same as bytes: appends the line; makes the record (its event's id lies in ret_event). */
void rig_line_text(int n, const char *outcome, const char *reason, int64_t at_ms, struct hb_buf *ret_text);
struct hb_journal_record rig_record(int n, const char *state, int64_t version, char ret_event[32]);
/* "1:parked,2:dead" of the page a filter gives, in its order. */
void rig_list(struct rig *rig, const struct hb_model_filter *filter, char ret_text[1024]);
/* Every table but `offsets`, sorted, as one text (free). */
char *rig_dump(struct rig *rig);

#endif
