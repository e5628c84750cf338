/* Job: runs our Lua scripts in Redis by their hash.
 *
 * Place: between retry/view and platform/redis. The scripts stand in retry/scripts/ and are embedded when building.
 * Owns / borrows: borrows the connection; copies arguments. Fails: as hb_redis_command. A script Redis does not have
 * (restarted, SCRIPT FLUSH, another node) is sent whole once more: it had not run. Limits: those of the connection.
 * Threads: the loop's. Callbacks: never before
 * the call returned, exactly once. */
#ifndef RETRY_SCRIPTS_H
#define RETRY_SCRIPTS_H

#include "platform/redis/redis.h"

/* In the order of retry/CMakeLists.txt. */
enum hb_script_name {
    HB_SCRIPT_APPLY,
    HB_SCRIPT_TAKEOVER,
    HB_SCRIPT_CLAIM,
    HB_SCRIPT_LEASE,
    HB_SCRIPT_READY,
    HB_SCRIPT_DUE,
    HB_SCRIPT_AHEAD,
    HB_SCRIPT_SCAN,
    HB_SCRIPT_COUNTS,
    HB_SCRIPT_CLEAR,
    HB_SCRIPT_GLANCE,
    HB_SCRIPT_REPAIRS,
    HB_SCRIPT_SPILL,
    HB_SCRIPT_COUNT
};

struct hb_scripts;

HB_MUST_USE enum hb_err hb_scripts_new(struct hb_redis *redis, struct hb_scripts **ret_scripts);
/* What is under way is answered HB_ERR_CLOSED. NULL is allowed. */
void hb_scripts_free(struct hb_scripts **scripts);
/* What to run, with one key and `count` arguments. reply as hb_redis_command's. */
struct hb_script_call {
    enum hb_script_name name;
    struct hb_str key;
    const struct hb_str *arguments;
    size_t count;
};
HB_MUST_USE enum hb_err hb_scripts_call(struct hb_scripts *scripts, const struct hb_script_call *call, hb_redis_fn *fn,
                                        void *user);
/* Calls under way. */
size_t hb_scripts_waiting(const struct hb_scripts *scripts);

#endif
