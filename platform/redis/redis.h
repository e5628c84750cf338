/* Job: Redis commands, pipelined, over one connection that heals itself.
 *
 * Place: the only includer of hiredis. Used by producer/ (marks of accepted events) and, later, retry/.
 * Owns / borrows: a reply is valid during its callback. Fails: HB_ERR_CONFIG, HB_ERR_AWAY (not connected: nothing was
 * sent).
 * Limits: commands waiting and their bytes, in the options: HB_ERR_FULL; each has a time limit.
 * Threads: the loop's. Reconnects by itself with back-off and jitter; what was sent when the connection broke is
 * answered HB_ERR_TIMEOUT: its effect is unknown. */
#ifndef PLATFORM_REDIS_REDIS_H
#define PLATFORM_REDIS_REDIS_H

#include "hookbus/bytes.h"

struct hb_loop;
struct hb_redis;

enum hb_redis_kind { HB_REDIS_NIL, HB_REDIS_STRING, HB_REDIS_STATUS, HB_REDIS_INTEGER, HB_REDIS_ARRAY, HB_REDIS_ERROR };
struct hb_redis_reply {
    enum hb_redis_kind kind;
    struct hb_str text;       /* STRING, STATUS, ERROR */
    int64_t integer;
    const struct hb_redis_reply *items; /* ARRAY */
    size_t items_count;
};
/* err HB_OK: reply is what Redis said, which may be HB_REDIS_ERROR: never take that for success. HB_ERR_AWAY: not sent.
 * HB_ERR_TIMEOUT: unknown. HB_ERR_STORE: an answer that is not Redis's protocol. reply is NULL unless HB_OK. */
typedef void hb_redis_fn(void *user, enum hb_err err, const struct hb_redis_reply *reply);

struct hb_redis_options {
    struct hb_loop *loop;
    const char *address;      /* "host:port", "rediss://host:port" (TLS) or "unix:/path"; of a list with commas: node */
    int node;                 /* which of the list; 0: the first */
    const char *ca_file;      /* for TLS; NULL: the system's */
    const char *username, *password; /* NULL: none */
    int connect_timeout_ms, command_timeout_ms;
    int commands_max;         /* waiting for a reply */
    uint64_t jitter_seed;
    void (*connected)(void *user, bool is_connected); /* may be NULL */
    void *user;
};
/* Connects from the loop; `connected` tells. Names are resolved on a thread, at each attempt. */
/* How many nodes a list has; 0: it is empty. */
int hb_redis_nodes(const char *address);
HB_MUST_USE enum hb_err hb_redis_new(const struct hb_redis_options *options, struct hb_redis **ret_redis,
                                     struct hb_error *reterr);
/* Answers what waits (HB_ERR_TIMEOUT, or HB_ERR_AWAY if not sent). May be called from a callback. NULL is allowed. */
void hb_redis_free(struct hb_redis **redis);
bool hb_redis_is_connected(const struct hb_redis *redis);
/* Why the last connection failed or ended, in words (of Redis or the system); empty if none did. */
const char *hb_redis_trouble(const struct hb_redis *redis);
/* Sends a command of `count` arguments (copied). `fn` is called exactly once on HB_OK, never before this returned. A
 * command that is not answered in time breaks the connection. */
HB_MUST_USE enum hb_err hb_redis_command(struct hb_redis *redis, const struct hb_str *arguments, size_t count,
                                         hb_redis_fn *fn, void *user);

#endif
