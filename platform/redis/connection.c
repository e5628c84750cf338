/* The socket: connecting, reading, writing, breaking, trying again. */
#include "platform/redis/redis_internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <unistd.h>

#define BACKOFF_FIRST_MS 100
#define BACKOFF_MOST_MS 5000
#define READ_BYTES 65536
/* Reads and writes before others on the loop have their turn. */
#define ROUNDS_MAX 8

/* splitmix64: a seed in, so that tests repeat. */
static uint64_t next_random(struct hb_redis *redis)
{
    uint64_t z = (redis->random += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static void rest(struct hb_redis *redis)
{
    redis->state = HB_REDIS_STATE_RESTING;
    redis->backoff_ms = redis->backoff_ms == 0 ? BACKOFF_FIRST_MS : redis->backoff_ms * 2;
    if (redis->backoff_ms > BACKOFF_MOST_MS) {
        redis->backoff_ms = BACKOFF_MOST_MS;
    }
    int64_t jitter_ms = (int64_t)(next_random(redis) % (uint64_t)(redis->backoff_ms / 2 + 1));
    hb_timer_start(redis->clock, redis->backoff_ms + jitter_ms, 0);
}

static void close_socket(struct hb_redis *redis)
{
    hb_redis_lookup_free(&redis->lookup);
    hb_watch_free(&redis->watch);
    hb_redis_tls_end(&redis->ssl);
    if (redis->fd >= 0) {
        (void)close(redis->fd);
        redis->fd = -1;
    }
    if (redis->reader) {
        redisReaderFree(redis->reader);
        redis->reader = NULL;
    }
    hb_buf_clear(&redis->out);
    redis->out_sent = 0;
    hb_timer_stop(redis->clock);
}

/* Tells every command what became of it. The count is taken first: a callback may give new commands only after a new
 * connection, which cannot come about in here. */
static void fail_pending(struct hb_redis *redis, enum hb_err first, enum hb_err others)
{
    uint64_t bytes_sent = redis->bytes_sent;
    enum hb_err err = first;
    while (redis->pending_count > 0) {
        struct hb_redis_pending pending = hb_redis_pending_take(redis);
        if (pending.fn) {
            pending.fn(pending.user, pending.starts_at < bytes_sent ? err : HB_ERR_AWAY, NULL);
        }
        err = others;
    }
}

void hb_redis_drop(struct hb_redis *redis, enum hb_err first, enum hb_err others, const char *why)
{
    (void)snprintf(redis->trouble, sizeof(redis->trouble), "%s", why);
    bool was_ready = redis->state == HB_REDIS_STATE_READY;
    int64_t ready_us = hb_loop_mono(redis->options.loop).us - redis->ready_since_us;
    if (was_ready && ready_us > BACKOFF_MOST_MS * HB_US_PER_MS) {
        redis->backoff_ms = 0; /* a connection that held is not punished for those before it */
    }
    close_socket(redis);
    redis->state = HB_REDIS_STATE_RESTING;
    hb_redis_enter(redis);
    fail_pending(redis, first, others);
    redis->bytes_added = 0;
    redis->bytes_sent = 0;
    if (was_ready && redis->options.connected && !redis->is_freed) {
        redis->options.connected(redis->options.user, false);
    }
    if (!redis->is_freed) {
        rest(redis);
    }
    hb_redis_leave(redis);
}

static void on_broken(struct hb_redis *redis, const char *why)
{
    bool is_half = redis->reader && hb_redis_is_inside_reply(redis);
    hb_redis_drop(redis, is_half ? HB_ERR_STORE : HB_ERR_TIMEOUT, HB_ERR_TIMEOUT, why);
}

void hb_redis_ready(struct hb_redis *redis)
{
    redis->state = HB_REDIS_STATE_READY;
    redis->ready_since_us = hb_loop_mono(redis->options.loop).us;
    hb_timer_stop(redis->clock);
    if (redis->options.connected) {
        hb_redis_enter(redis);
        redis->options.connected(redis->options.user, true);
        hb_redis_leave(redis);
    }
}

static void on_connected(struct hb_redis *redis)
{
    hb_watch_set(redis->watch, HB_WATCH_READ);
    struct hb_str arguments[3] = {HB_STR("AUTH")};
    size_t count = 1;
    if (redis->password) {
        if (redis->username) {
            arguments[count++] = hb_str_c(redis->username);
        }
        arguments[count++] = hb_str_c(redis->password);
        redis->state = HB_REDIS_STATE_AUTHENTICATING; /* the connect timeout goes on */
        if (hb_redis_pending_add(redis, arguments, count, NULL, NULL) != HB_OK) {
            hb_redis_drop(redis, HB_ERR_AWAY, HB_ERR_AWAY, hb_err_text(HB_ERR_MEMORY));
        }
        return;
    }
    hb_redis_ready(redis);
}

static void handshake(struct hb_redis *redis)
{
    int wanted = 0;
    if (hb_redis_tls_handshake(redis->ssl, &wanted) == 1) {
        on_connected(redis);
    } else if (wanted) {
        hb_watch_set(redis->watch, wanted);
    } else {
        char why[HB_REDIS_TROUBLE_MAX];
        (void)snprintf(why, sizeof(why), "%s", hb_redis_tls_trouble(redis->ssl));
        on_broken(redis, why);
    }
}

static void secure(struct hb_redis *redis)
{
    redis->ssl = hb_redis_tls_begin(redis->tls, redis->fd, redis->address.host);
    if (!redis->ssl) {
        on_broken(redis, hb_err_text(HB_ERR_MEMORY));
        return;
    }
    redis->state = HB_REDIS_STATE_SECURING;
    handshake(redis);
}

static void check_connection(struct hb_redis *redis)
{
    int why = 0;
    socklen_t length = sizeof(why);
    if (getsockopt(redis->fd, SOL_SOCKET, SO_ERROR, &why, &length) != 0) {
        why = errno;
    }
    if (why != 0) {
        on_broken(redis, strerror(why));
        return;
    }
    if (redis->tls) {
        secure(redis);
    } else {
        on_connected(redis);
    }
}

static ssize_t put_bytes(struct hb_redis *redis, const char *bytes, size_t count)
{
    int wanted = 0;
    return redis->ssl ? hb_redis_tls_write(redis->ssl, bytes, count, &wanted)
                      : send(redis->fd, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static ssize_t get_bytes(struct hb_redis *redis, char *bytes, size_t count)
{
    int wanted = 0;
    return redis->ssl ? hb_redis_tls_read(redis->ssl, bytes, count, &wanted)
                      : recv(redis->fd, bytes, count, MSG_DONTWAIT);
}

static void write_out(struct hb_redis *redis)
{
    while (redis->out_sent < redis->out.len) {
        ssize_t count = put_bytes(redis, redis->out.ptr + redis->out_sent, redis->out.len - redis->out_sent);
        if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
            return;
        }
        if (count < 0) {
            on_broken(redis, strerror(errno));
            return;
        }
        redis->out_sent += (size_t)count;
        redis->bytes_sent += (size_t)count;
    }
    hb_buf_clear(&redis->out);
    redis->out_sent = 0;
    hb_watch_set(redis->watch, HB_WATCH_READ);
}

static void read_in(struct hb_redis *redis)
{
    redisReader *reader = redis->reader;
    /* TLS may hold bytes the descriptor does not tell of: read until it has none. */
    for (int i = 0; (i < ROUNDS_MAX || redis->ssl) && redis->reader == reader; i++) {
        char bytes[READ_BYTES];
        ssize_t count = get_bytes(redis, bytes, sizeof(bytes));
        if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
            return;
        }
        if (count <= 0) {
            on_broken(redis, count == 0 ? "Redis closed the connection" : strerror(errno));
            return;
        }
        if (reader->len - reader->pos > HB_REDIS_REPLY_BYTES_MAX ||
            redisReaderFeed(reader, bytes, (size_t)count) != REDIS_OK) {
            hb_redis_drop(redis, HB_ERR_STORE, HB_ERR_TIMEOUT, "a reply larger than its limit");
            return;
        }
        hb_redis_take_replies(redis);
        if ((size_t)count < sizeof(bytes) && !redis->ssl) {
            return;
        }
    }
}

static void on_events(void *user, int events)
{
    struct hb_redis *redis = user;
    hb_redis_enter(redis);
    if (redis->state == HB_REDIS_STATE_CONNECTING) {
        check_connection(redis);
    } else if (redis->state == HB_REDIS_STATE_SECURING) {
        handshake(redis);
    } else {
        int fd = redis->fd;
        if (events & HB_WATCH_READ) {
            read_in(redis);
        }
        if ((events & HB_WATCH_WRITE) && redis->fd >= 0 && redis->fd == fd && !redis->is_freed) {
            write_out(redis);
        }
    }
    hb_redis_leave(redis);
}

static void dial(struct hb_redis *redis, const struct hb_redis_where *where)
{
    redis->state = HB_REDIS_STATE_CONNECTING;
    redis->reader = redisReaderCreate();
    redis->fd = socket(where->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (!redis->reader || redis->fd < 0) {
        on_broken(redis, redis->reader ? strerror(errno) : hb_err_text(HB_ERR_MEMORY));
        return;
    }
    const int on = 1;
    (void)setsockopt(redis->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)); /* refused by Unix sockets: no matter */
    if (connect(redis->fd, (const struct sockaddr *)&where->address, where->length) != 0 && errno != EINPROGRESS) {
        on_broken(redis, strerror(errno));
        return;
    }
    enum hb_err err = hb_watch_new(redis->options.loop, redis->fd, on_events, redis, &redis->watch);
    if (err) {
        on_broken(redis, hb_err_text(err));
        return;
    }
    hb_watch_set(redis->watch, HB_WATCH_READ | HB_WATCH_WRITE);
}

static void on_resolved(void *user)
{
    struct hb_redis *redis = user;
    struct hb_redis_where where;
    enum hb_err err = hb_redis_lookup_result(redis->lookup, &where);
    hb_redis_lookup_free(&redis->lookup);
    if (err) {
        on_broken(redis, "the name of the Redis server cannot be resolved");
    } else {
        dial(redis, &where);
    }
}

void hb_redis_connect(struct hb_redis *redis)
{
    hb_timer_start(redis->clock, redis->options.connect_timeout_ms, 0);
    struct hb_redis_where where;
    if (hb_redis_address_numeric(&redis->address, &where) == HB_OK) {
        dial(redis, &where);
        return;
    }
    redis->state = HB_REDIS_STATE_RESOLVING;
    enum hb_err err =
        hb_redis_lookup_start(redis->options.loop, &redis->address, on_resolved, redis, &redis->lookup);
    if (err) {
        on_broken(redis, hb_err_text(err));
    }
}

/* The oldest command's time is up: what else is behind it on this connection waits for the same answer. */
static void check_commands(struct hb_redis *redis)
{
    if (redis->pending_count == 0) {
        return;
    }
    int64_t left_us = redis->pending[redis->pending_first].deadline_us - hb_loop_mono(redis->options.loop).us;
    if (left_us <= 0) {
        on_broken(redis, "Redis did not answer in time");
    } else {
        hb_timer_start(redis->clock, left_us / HB_US_PER_MS + 1, 0);
    }
}

void hb_redis_on_clock(void *user)
{
    struct hb_redis *redis = user;
    switch (redis->state) {
    case HB_REDIS_STATE_RESTING:
        hb_redis_connect(redis);
        break;
    case HB_REDIS_STATE_READY:
        check_commands(redis);
        break;
    case HB_REDIS_STATE_RESOLVING:
    case HB_REDIS_STATE_CONNECTING:
    case HB_REDIS_STATE_SECURING:
    case HB_REDIS_STATE_AUTHENTICATING:
    default:
        on_broken(redis, "no connection to Redis in time");
        break;
    }
}
