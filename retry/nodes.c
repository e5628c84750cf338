/* The Redis nodes: connected, judged fit, their clocks. A shard's node is its number modulo the nodes. */
#include "retry/state.h"

#include <stdio.h>
#include <stdlib.h>

#define COMMANDS_MAX 8192
#define COMMAND_TIMEOUT_MS_MIN 5000 /* a batch of 2,000 records is one command */
#define CHECK_AGAIN_S 5             /* not fit, or not now */
#define AWAY_PATIENCE_US (INT64_C(10) * 1000 * 1000)

static void each_shard(struct hb_retry_node *node, void (*fn)(struct hb_retry_shard *shard))
{
    for (int i = node->number; i < HB_SHARDS; i += node->retry->nodes_count)
        if (node->retry->shards[i].is_ours)
            fn(&node->retry->shards[i]);
}

static void set_trouble(struct hb_retry_node *node, const char *sentence)
{
    (void)snprintf(node->trouble, sizeof(node->trouble), "%s", sentence);
}

static void became_unfit(struct hb_retry_node *node)
{
    if (!node->is_fit)
        return;
    node->is_fit = false;
    each_shard(node, hb_shard_node_down);
}

static void became_fit(struct hb_retry_node *node)
{
    if (node->is_fit)
        return;
    if (node->is_told_away)
        hb_log(&node->retry->log, HB_LOG_RETRY_REDIS_BACK, HB_LOG_C("redis", node->name));
    node->is_fit = node->was_fit = true;
    node->is_told_away = false;
    set_trouble(node, "");
    each_shard(node, hb_shard_node_up);
}

/* A Redis that may lose entries is a mistake of who set it up: the role ends with it at the start, and later it is
 * red. */
static void judged(void *user, enum hb_err err, const struct hb_store_state *state, const struct hb_error *error)
{
    struct hb_retry_node *node = user;

    node->is_checking = false;
    if (!hb_redis_is_connected(node->redis))
        return;
    if (!err) {
        node->store = *state;
        became_fit(node);
        hb_spilling_judge(node);
        return;
    }
    if (strcmp(node->trouble, error->text) != 0)
        hb_log(&node->retry->log, HB_LOG_RETRY_REDIS_UNFIT, HB_LOG_C("redis", node->name),
               HB_LOG_C("why", error->text));
    set_trouble(node, error->text);
    became_unfit(node);
    if (err == HB_ERR_CONFIG && !node->was_fit)
        node->retry->options.failed(node->retry->options.user, node->trouble);
}

static void check(struct hb_retry_node *node)
{
    if (!node->is_checking && hb_redis_is_connected(node->redis))
        node->is_checking = hb_store_check(node->redis, judged, node) == HB_OK;
}

static void connected(void *user, bool is_connected)
{
    struct hb_retry_node *node = user;

    node->has_clock = false; /* it may be another machine now */
    if (is_connected) {
        check(node);
        return;
    }
    node->away_since = hb_retry_now(node->retry);
    became_unfit(node);
}

static enum hb_err open_node(struct hb_retry_node *node, struct hb_error *reterr)
{
    const struct hb_config *c = node->retry->options.config;
    const int64_t timeout_ms = c->redis_command_timeout_ms;
    const struct hb_redis_options options = {
        .loop = node->retry->options.loop,
        .address = c->redis_address,
        .node = node->number,
        .ca_file = c->redis_ca_file[0] ? c->redis_ca_file : NULL,
        .username = c->redis_username[0] ? c->redis_username : NULL,
        .password = c->redis_password[0] ? c->redis_password : NULL,
        .connect_timeout_ms = (int)c->redis_connect_timeout_ms,
        .command_timeout_ms = (int)(timeout_ms > COMMAND_TIMEOUT_MS_MIN ? timeout_ms : COMMAND_TIMEOUT_MS_MIN),
        .commands_max = COMMANDS_MAX,
        .jitter_seed = node->retry->options.random_seed + (uint64_t)node->number,
        .connected = connected,
        .user = node,
    };
    node->away_since = hb_retry_now(node->retry);
    enum hb_err err = hb_redis_new(&options, &node->redis, reterr);
    if (err)
        return err;
    err = hb_scripts_new(node->redis, &node->scripts);
    return err ? hb_fail(reterr, err, "no memory for the retry queue's scripts") : HB_OK;
}

static void name_node(struct hb_retry_node *node)
{
    struct hb_str rest = hb_str_c(node->retry->options.config->redis_address), one = {NULL, 0};

    for (int i = 0; i <= node->number; i++)
        (void)hb_str_split(&rest, ',', &one);
    (void)snprintf(node->name, sizeof(node->name), "%.*s", HB_ARG(hb_str_trim(one)));
}

enum hb_err hb_nodes_new(struct hb_retry *retry, struct hb_error *reterr)
{
    int count = hb_redis_nodes(retry->options.config->redis_address);

    if (count == 0)
        return hb_fail(reterr, HB_ERR_CONFIG, "redis.address is empty: there is no retry queue");
    if (count > HB_RETRY_NODES_MAX)
        return hb_fail(reterr, HB_ERR_CONFIG, "redis.address names more than %d nodes", HB_RETRY_NODES_MAX);
    for (int i = 0; i < count; i++) {
        struct hb_retry_node *node = &retry->nodes[i];
        node->retry = retry;
        node->number = retry->nodes_count++;
        name_node(node);
        enum hb_err err = open_node(node, reterr);
        if (err)
            return err;
    }
    for (int i = 0; i < HB_SHARDS; i++)
        retry->shards[i].node = &retry->nodes[i % retry->nodes_count];
    return HB_OK;
}

void hb_nodes_free(struct hb_retry *retry)
{
    for (int i = 0; i < retry->nodes_count; i++) {
        hb_scripts_free(&retry->nodes[i].scripts);
        hb_redis_free(&retry->nodes[i].redis);
    }
}

static void tell_away(struct hb_retry_node *node)
{
    if (node->is_told_away || hb_retry_now(node->retry).us - node->away_since.us < AWAY_PATIENCE_US)
        return;
    node->is_told_away = true;
    (void)snprintf(node->trouble, sizeof(node->trouble),
                   "Redis at %.80s cannot be reached (%.60s): retries wait until it is back; first attempts go on",
                   node->name, hb_redis_trouble(node->redis));
    hb_log(&node->retry->log, HB_LOG_RETRY_REDIS_AWAY, HB_LOG_C("redis", node->name),
           HB_LOG_C("why", hb_redis_trouble(node->redis)));
}

static int check_every_s(const struct hb_retry_node *node)
{
    return node->is_fit ? hb_spilling_check_every_s(node, (int)node->retry->options.config->retry_redis_check_s)
                        : CHECK_AGAIN_S;
}

void hb_nodes_second(struct hb_retry *retry)
{
    for (int i = 0; i < retry->nodes_count; i++) {
        struct hb_retry_node *node = &retry->nodes[i];
        if (!hb_redis_is_connected(node->redis))
            tell_away(node);
        else if (retry->seconds % check_every_s(node) == 0)
            check(node);
    }
}

void hb_nodes_clock(struct hb_retry_node *node, struct hb_wall redis_now)
{
    if (redis_now.ms < 0)
        return;
    node->clock_us = redis_now.ms * HB_US_PER_MS - hb_retry_now(node->retry).us;
    node->has_clock = true;
}

struct hb_mono hb_nodes_mono(const struct hb_retry_node *node, struct hb_wall redis_at)
{
    if (redis_at.ms < 0)
        return (struct hb_mono){INT64_MAX};
    if (!node->has_clock)
        return hb_retry_now(node->retry);
    return (struct hb_mono){redis_at.ms * HB_US_PER_MS - node->clock_us};
}

struct hb_wall hb_nodes_wall(const struct hb_retry_node *node)
{
    if (!node->has_clock)
        return hb_loop_wall(node->retry->options.loop);
    return (struct hb_wall){(hb_retry_now(node->retry).us + node->clock_us) / HB_US_PER_MS};
}
