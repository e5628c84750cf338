#include "platform/redis/redis_internal.h"

#include <stdlib.h>

static void destroy(struct hb_redis *redis)
{
    if (redis->password) {
        explicit_bzero(redis->password, strlen(redis->password));
    }
    free(redis->password);
    free(redis->username);
    free(redis->pending);
    if (redis->out.ptr) {
        explicit_bzero(redis->out.ptr, redis->out.capacity); /* AUTH went through it */
    }
    hb_buf_deinit(&redis->out);
    hb_redis_tls_context_free(&redis->tls);
    free(redis);
}

void hb_redis_enter(struct hb_redis *redis)
{
    redis->calling++;
}

void hb_redis_leave(struct hb_redis *redis)
{
    if (--redis->calling == 0 && redis->is_freed) {
        destroy(redis);
    }
}

static bool copy_text(const char *text, char **ret_copy)
{
    if (!text || !*text) {
        return true;
    }
    *ret_copy = strdup(text);
    return *ret_copy != NULL;
}

enum hb_err hb_redis_new(const struct hb_redis_options *options, struct hb_redis **ret_redis, struct hb_error *reterr)
{
    HB_ASSERT(options->commands_max > 0 && options->connect_timeout_ms > 0 && options->command_timeout_ms > 0);
    struct hb_redis_address address;
    char text[HB_REDIS_HOST_MAX + 32];
    if (hb_redis_address_node(options->address, options->node, text, sizeof(text)) != HB_OK ||
        hb_redis_address_parse(text, &address) != HB_OK) {
        return hb_fail(reterr, HB_ERR_CONFIG,
                       "the Redis address \"%s\" is neither host:port nor rediss://host:port nor unix:/path",
                       options->address);
    }
    struct ssl_ctx_st *tls = address.is_tls ? hb_redis_tls_context(options->ca_file, reterr) : NULL;
    if (address.is_tls && !tls) {
        return HB_ERR_CONFIG;
    }
    struct hb_redis *redis = calloc(1, sizeof(*redis));
    if (!redis) {
        hb_redis_tls_context_free(&tls);
        return hb_fail(reterr, HB_ERR_MEMORY, "%s", hb_err_text(HB_ERR_MEMORY));
    }
    redis->options = *options;
    redis->tls = tls;
    redis->address = address;
    redis->fd = -1;
    redis->random = options->jitter_seed;
    redis->out = hb_buf_make(HB_REDIS_OUT_BYTES_MAX);
    redis->pending_size = (size_t)options->commands_max;
    redis->pending = calloc(redis->pending_size, sizeof(redis->pending[0]));
    if (!redis->pending || !copy_text(options->username, &redis->username) ||
        !copy_text(options->password, &redis->password) ||
        hb_timer_new(options->loop, hb_redis_on_clock, redis, &redis->clock) != HB_OK) {
        destroy(redis);
        return hb_fail(reterr, HB_ERR_MEMORY, "%s", hb_err_text(HB_ERR_MEMORY));
    }
    hb_timer_start(redis->clock, 0, 0); /* from the loop, so that no callback comes before this returns */
    *ret_redis = redis;
    return HB_OK;
}

void hb_redis_free(struct hb_redis **redis_ref)
{
    struct hb_redis *redis = *redis_ref;
    if (!redis) {
        return;
    }
    *redis_ref = NULL;
    redis->is_freed = true;
    hb_redis_enter(redis);
    hb_redis_drop(redis, HB_ERR_TIMEOUT, HB_ERR_TIMEOUT, "closed");
    hb_timer_free(&redis->clock);
    hb_redis_leave(redis);
}

bool hb_redis_is_connected(const struct hb_redis *redis)
{
    return redis->state == HB_REDIS_STATE_READY;
}

const char *hb_redis_trouble(const struct hb_redis *redis)
{
    return redis->trouble;
}

enum hb_err hb_redis_command(struct hb_redis *redis, const struct hb_str *arguments, size_t count, hb_redis_fn *fn,
                             void *user)
{
    HB_ASSERT(fn && count > 0);
    if (redis->state != HB_REDIS_STATE_READY || redis->is_freed) {
        return HB_ERR_AWAY;
    }
    return hb_redis_pending_add(redis, arguments, count, fn, user);
}
