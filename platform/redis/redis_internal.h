/* Job: what the files of this folder share. Place: private to platform/redis.
 *
 * Of hiredis only the reply parser is used. Its asynchronous layer aborts the process on an answer nobody asked for,
 * resolves names on the loop's thread, and knows no time limits (0.14); what remains beside these is a queue. */
#ifndef PLATFORM_REDIS_REDIS_INTERNAL_H
#define PLATFORM_REDIS_REDIS_INTERNAL_H

#include "platform/loop/loop.h"
#include "platform/redis/redis.h"

#include <hiredis/hiredis.h>

#include <sys/socket.h>
#include <sys/types.h>

#define HB_REDIS_HOST_MAX 256
#define HB_REDIS_TROUBLE_MAX 160
/* Commands formatted and not sent yet. */
#define HB_REDIS_OUT_BYTES_MAX ((size_t)16 << 20)
/* One reply, whole. */
#define HB_REDIS_REPLY_BYTES_MAX ((size_t)64 << 20)

enum hb_redis_state {
    HB_REDIS_STATE_RESTING, /* until the next attempt to connect */
    HB_REDIS_STATE_RESOLVING,
    HB_REDIS_STATE_CONNECTING,
    HB_REDIS_STATE_SECURING,
    HB_REDIS_STATE_AUTHENTICATING,
    HB_REDIS_STATE_READY,
};

/* A command sent or about to be. */
struct hb_redis_pending {
    hb_redis_fn *fn; /* NULL: our own AUTH */
    void *user;
    uint64_t starts_at; /* its first byte's place in all bytes of this connection */
    int64_t deadline_us;
};

struct hb_redis_address {
    bool is_unix, is_tls;
    char host[HB_REDIS_HOST_MAX]; /* or the path */
    char port[8];
};

struct hb_redis_where {
    struct sockaddr_storage address;
    socklen_t length;
};

struct hb_redis_lookup;

struct hb_redis {
    struct hb_redis_options options; /* texts below are our copies */
    char *username, *password;
    struct hb_redis_address address;
    enum hb_redis_state state;
    int fd;
    struct hb_watch *watch;
    struct hb_timer *clock; /* what it means depends on the state */
    struct hb_redis_lookup *lookup;
    struct ssl_ctx_st *tls; /* NULL: plain */
    struct ssl_st *ssl;     /* of this connection */
    redisReader *reader;
    struct hb_buf out;
    size_t out_sent;
    uint64_t bytes_added, bytes_sent; /* of this connection */
    struct hb_redis_pending *pending; /* a ring */
    size_t pending_first, pending_count, pending_size;
    int64_t backoff_ms; /* 0: the next is the first */
    int64_t ready_since_us;
    uint64_t random;
    int calling; /* depth of callbacks: the object outlives them */
    bool is_freed;
    char trouble[HB_REDIS_TROUBLE_MAX];
};

/* tls.c: as the system calls on a socket that does not block; EAGAIN: *ret_wanted says for what it waits. */
struct ssl_ctx_st *hb_redis_tls_context(const char *ca_file, struct hb_error *reterr);
void hb_redis_tls_context_free(struct ssl_ctx_st **context);
struct ssl_st *hb_redis_tls_begin(struct ssl_ctx_st *context, int fd, const char *host);
void hb_redis_tls_end(struct ssl_st **ssl);
ssize_t hb_redis_tls_handshake(struct ssl_st *ssl, int *ret_wanted);
ssize_t hb_redis_tls_read(struct ssl_st *ssl, void *bytes, size_t count, int *ret_wanted);
ssize_t hb_redis_tls_write(struct ssl_st *ssl, const void *bytes, size_t count, int *ret_wanted);
const char *hb_redis_tls_trouble(const struct ssl_st *ssl);

/* connection.c */
void hb_redis_connect(struct hb_redis *redis);
/* Ends the connection: the oldest sent command is told `first`, the other sent ones `rest`, unsent ones HB_ERR_AWAY;
 * then the next attempt is waited for (not when freed). */
void hb_redis_drop(struct hb_redis *redis, enum hb_err first, enum hb_err rest, const char *why);
void hb_redis_on_clock(void *user);

/* pending.c: formats and queues; answers. */
HB_MUST_USE enum hb_err hb_redis_pending_add(struct hb_redis *redis, const struct hb_str *arguments, size_t count,
                                             hb_redis_fn *fn, void *user);
struct hb_redis_pending hb_redis_pending_take(struct hb_redis *redis);
/* Reads what has come into replies and hands them on. */
void hb_redis_take_replies(struct hb_redis *redis);
/* True while a reply is half read. */
bool hb_redis_is_inside_reply(const struct hb_redis *redis);

/* The connection may be used: tells the user. */
void hb_redis_ready(struct hb_redis *redis);

/* Brackets of a user's callback: the last leave of a freed object frees it. */
void hb_redis_enter(struct hb_redis *redis);
void hb_redis_leave(struct hb_redis *redis);

/* reply.c: our form of a reply; items are allocated. */
HB_MUST_USE enum hb_err hb_redis_reply_make(const redisReply *from, struct hb_redis_reply *ret_reply);
void hb_redis_reply_deinit(struct hb_redis_reply *reply);

/* address.c */
HB_MUST_USE enum hb_err hb_redis_address_parse(const char *text, struct hb_redis_address *ret_address);
/* One of a list. */
HB_MUST_USE enum hb_err hb_redis_address_node(const char *list, int node, char *ret_text, size_t text_bytes);
/* Without asking anybody; HB_ERR_NOT_FOUND: it is a name. */
HB_MUST_USE enum hb_err hb_redis_address_numeric(const struct hb_redis_address *address,
                                                 struct hb_redis_where *ret_where);
/* Resolves a name on a thread of its own; `fn` comes on the loop. */
HB_MUST_USE enum hb_err hb_redis_lookup_start(struct hb_loop *loop, const struct hb_redis_address *address,
                                              void (*fn)(void *user), void *user, struct hb_redis_lookup **ret_lookup);
/* After `fn`: the address, or HB_ERR_AWAY. */
HB_MUST_USE enum hb_err hb_redis_lookup_result(struct hb_redis_lookup *lookup, struct hb_redis_where *ret_where);
void hb_redis_lookup_free(struct hb_redis_lookup **lookup);

#endif
