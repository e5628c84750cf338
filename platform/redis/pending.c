/* Commands on their way, in the order of their answers. */
#include "platform/redis/redis_internal.h"

static enum hb_err format(struct hb_buf *out, const struct hb_str *arguments, size_t count)
{
    enum hb_err err = hb_buf_addf(out, "*%zu\r\n", count);
    for (size_t i = 0; i < count && !err; i++) {
        err = hb_buf_addf(out, "$%zu\r\n", arguments[i].len);
        err = err ? err : hb_buf_add(out, arguments[i]);
        err = err ? err : hb_buf_add(out, HB_STR("\r\n"));
    }
    return err;
}

enum hb_err hb_redis_pending_add(struct hb_redis *redis, const struct hb_str *arguments, size_t count, hb_redis_fn *fn,
                                 void *user)
{
    if (redis->pending_count == redis->pending_size) {
        return HB_ERR_FULL;
    }
    size_t before = redis->out.len;
    enum hb_err err = format(&redis->out, arguments, count);
    if (err) {
        redis->out.len = before;
        return err;
    }
    int64_t now_us = hb_loop_mono(redis->options.loop).us;
    size_t slot = (redis->pending_first + redis->pending_count) % redis->pending_size;
    redis->pending[slot] = (struct hb_redis_pending){
        .fn = fn, .user = user, .starts_at = redis->bytes_added,
        .deadline_us = now_us + redis->options.command_timeout_ms * HB_US_PER_MS};
    redis->pending_count++;
    redis->bytes_added += redis->out.len - before;
    hb_watch_set(redis->watch, HB_WATCH_READ | HB_WATCH_WRITE);
    if (redis->state == HB_REDIS_STATE_READY && !hb_timer_is_running(redis->clock)) {
        hb_timer_start(redis->clock, redis->options.command_timeout_ms + 1, 0);
    }
    return HB_OK;
}

struct hb_redis_pending hb_redis_pending_take(struct hb_redis *redis)
{
    HB_ASSERT(redis->pending_count > 0);
    struct hb_redis_pending pending = redis->pending[redis->pending_first];
    redis->pending_first = (redis->pending_first + 1) % redis->pending_size;
    redis->pending_count--;
    return pending;
}

bool hb_redis_is_inside_reply(const struct hb_redis *redis)
{
    /* ridx 0 with nothing left only says that the parser has looked; deeper it is inside an array. */
    return redis->reader->ridx > 0 || redis->reader->pos < redis->reader->len;
}

static void on_authenticated(struct hb_redis *redis, const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_STATUS) {
        hb_redis_drop(redis, HB_ERR_AWAY, HB_ERR_AWAY, reply->str ? reply->str : "AUTH was not answered with OK");
        return;
    }
    hb_redis_ready(redis);
}

static void answer(struct hb_redis *redis, const redisReply *from)
{
    if (redis->pending_count == 0) { /* "max number of clients reached" comes so */
        hb_redis_drop(redis, HB_ERR_STORE, HB_ERR_STORE,
                      from->type == REDIS_REPLY_ERROR && from->str ? from->str : "an answer nobody asked for");
        return;
    }
    struct hb_redis_pending pending = hb_redis_pending_take(redis);
    if (!pending.fn) {
        on_authenticated(redis, from);
        return;
    }
    redis->backoff_ms = 0; /* it does answer: the next connection is tried soon */
    struct hb_redis_reply reply = {0};
    enum hb_err err = hb_redis_reply_make(from, &reply);
    pending.fn(pending.user, err, err ? NULL : &reply);
    hb_redis_reply_deinit(&reply);
}

void hb_redis_take_replies(struct hb_redis *redis)
{
    redisReader *reader = redis->reader;
    /* A callback may end the connection or free the object: both change the reader. */
    while (redis->reader == reader && !redis->is_freed) {
        void *reply = NULL;
        if (redisReaderGetReply(reader, &reply) != REDIS_OK) {
            hb_redis_drop(redis, HB_ERR_STORE, HB_ERR_STORE, reader->errstr);
            return;
        }
        if (!reply) {
            return;
        }
        answer(redis, reply);
        freeReplyObject(reply);
    }
}
