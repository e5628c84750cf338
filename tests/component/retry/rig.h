/* Job: what the tests of the shard's view share: a connection to a real Redis, keys nobody else uses, verbs that wait
 * for their answer and keep it.
 *
 * Fails: everything here aborts the test that calls it. Limits: each wait ends after RIG_WAIT_MS. Threads: one. */
#ifndef TESTS_COMPONENT_RETRY_RIG_H
#define TESTS_COMPONENT_RETRY_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "platform/loop/loop.h"
#include "platform/redis/redis.h"
#include "retry/scripts.h"
#include "retry/view.h"

#define RIG_WAIT_MS 20000
#define RIG_SKIPPED 77
#define RIG_ROWS_MAX 4096

/* Runs the tests, or says why not and gives the exit code for that. */
#define RIG_RUN(tests) (rig_is_there() ? cmocka_run_group_tests(tests, NULL, NULL) : RIG_SKIPPED)
bool rig_is_there(void);

/* A kept answer: names are copied. */
struct rig_delivery {
    struct hb_view_delivery it; /* its strings point below */
    char webhook[32], job[32];
};
struct rig_answer {
    int calls;
    struct hb_view_answer it; /* its arrays are the ones below, its text is `text` */
    char text[160], cursor[24];
    struct rig_delivery deliveries[RIG_ROWS_MAX];
    struct hb_view_refusal refusals[RIG_ROWS_MAX];
    struct hb_view_repair repairs[RIG_ROWS_MAX];
    struct hb_view_webhook webhooks[RIG_ROWS_MAX];
    char names[RIG_ROWS_MAX][32];
};

struct rig {
    struct hb_loop *loop;
    struct hb_redis *redis;
    struct hb_scripts *scripts;
    struct hb_view *view;
    char prefix[32];
    bool is_connected;
    struct rig_answer answer;
    /* The last reply of rig_redis. */
    int replies;
    int64_t integer;
    char reply[256];
    bool is_error;
};

void rig_open(struct rig *rig);
/* At another address than the test Redis's. */
void rig_open_at(struct rig *rig, const char *address);
/* Deletes the keys of this rig, too. */
void rig_close(struct rig *rig);
/* A second owner on the same keys: its view. Freed by the caller. */
struct hb_view *rig_second_view(struct rig *rig);
/* One Redis command of our own; `{}` in a word stands for the shard's tag. */
void rig_redis(struct rig *rig, const char *const *words);
#define RIG_REDIS(rig, ...) rig_redis(rig, (const char *const[]){__VA_ARGS__, NULL})
/* Waits for the answer of a verb that was called with rig_keep and this rig. */
const struct hb_view_answer *rig_wait(struct rig *rig, enum hb_err sent);
void rig_keep(void *user, const struct hb_view_answer *answer);
/* Runs the loop until the value is as wanted. */
void rig_until(struct rig *rig, const int *value, int wanted);
/* Everything of the shard gone; or kept under other names, and brought back. */
void rig_wipe(struct rig *rig);
void rig_snapshot(struct rig *rig);
void rig_restore(struct rig *rig);

/* A parked record of delivery `number`, due at once. */
struct hb_view_record rig_parked(int number, const char *webhook, int64_t version, int64_t offset);
/* Applies one record at its offset. */
const struct hb_view_answer *rig_apply(struct rig *rig, const struct hb_view_record *record);

#endif
