#include <stdlib.h>

#include "cli/doctor.h"
#include "cli/setup.h"
#include "platform/loop/loop.h"
#include "platform/redis/redis.h"

#define LIMIT_MS 4000
#define VERSION_MAJOR_MIN 7
#define INFO_MAX 65536

struct answer {
    bool is_done;
    enum hb_err err;
    enum hb_redis_kind kind;
    int64_t numbers[2];
    struct hb_buf text; /* of a string, or of the last item of an array */
};

static void take(void *user, enum hb_err err, const struct hb_redis_reply *reply)
{
    struct answer *answer = user;

    answer->is_done = true;
    answer->err = err;
    if (err) {
        return;
    }
    answer->kind = reply->kind;
    if (reply->kind == HB_REDIS_ARRAY) {
        for (size_t i = 0; i < reply->items_count && i < 2; i++) {
            uint64_t number = 0;

            (void)hb_str_to_u64(reply->items[i].text, &number);
            answer->numbers[i] = (int64_t)number;
            hb_buf_clear(&answer->text);
            answer->err = hb_buf_add(&answer->text, reply->items[i].text);
        }
    } else {
        answer->err = hb_buf_add(&answer->text, reply->text);
    }
}

/* False: no answer, or an error as answer. */
static bool ask(struct hb_loop *loop, struct hb_redis *redis, const struct hb_str *words, size_t count,
                struct answer *ret_answer)
{
    int64_t until_us = hb_loop_mono(loop).us + LIMIT_MS * HB_US_PER_MS;

    *ret_answer = (struct answer){.text = hb_buf_make(INFO_MAX)};
    if (hb_redis_command(redis, words, count, take, ret_answer)) {
        return false;
    }
    while (!ret_answer->is_done && hb_loop_mono(loop).us < until_us) {
        hb_loop_run_once(loop, 50);
    }
    return ret_answer->is_done && !ret_answer->err && ret_answer->kind != HB_REDIS_ERROR;
}

/* The value of "name:value" in INFO's text. */
static struct hb_str info_value(struct hb_str text, struct hb_str name)
{
    struct hb_str line;

    while (hb_str_split(&text, '\n', &line)) {
        if (hb_str_has_prefix(line, name) && line.len > name.len && line.ptr[name.len] == ':') {
            size_t end = line.ptr[line.len - 1] == '\r' ? 1 : 0;

            return hb_str_n(line.ptr + name.len + 1, line.len - name.len - 1 - end);
        }
    }
    return (struct hb_str){NULL, 0};
}

static void check_version(struct hb_doctor *doctor, struct hb_loop *loop, struct hb_redis *redis)
{
    const struct hb_str words[] = {HB_STR("INFO"), HB_STR("server")};
    struct answer answer;
    struct hb_str version, rest, major;
    uint64_t number = 0;

    if (!ask(loop, redis, words, 2, &answer)) {
        hb_doctor_add(doctor, "redis", HB_MARK_WARN, "Redis does not tell its version: %.*s",
                      HB_ARG(hb_buf_str(&answer.text)));
        hb_doctor_advise(doctor, "hookbus needs Redis 7; see that the user may run INFO");
        hb_buf_deinit(&answer.text);
        return;
    }
    version = rest = info_value(hb_buf_str(&answer.text), HB_STR("redis_version"));
    (void)(hb_str_split(&rest, '.', &major) && hb_str_to_u64(major, &number));
    hb_doctor_add(doctor, "redis", number >= VERSION_MAJOR_MIN ? HB_MARK_OK : HB_MARK_FAIL, "Redis %.*s answers at %s",
                  HB_ARG(version), doctor->cli->config.redis_address);
    if (number < VERSION_MAJOR_MIN) {
        hb_doctor_advise(doctor, "Redis %d or later is needed (scripts that may run when memory is full)",
                         VERSION_MAJOR_MIN);
    }
    hb_buf_deinit(&answer.text);
}

static void check_eviction(struct hb_doctor *doctor, struct hb_loop *loop, struct hb_redis *redis)
{
    const struct hb_str words[] = {HB_STR("CONFIG"), HB_STR("GET"), HB_STR("maxmemory-policy")};
    struct answer answer;

    if (!ask(loop, redis, words, 3, &answer)) {
        hb_doctor_add(doctor, "redis", HB_MARK_WARN, "Redis does not tell its eviction policy");
        hb_doctor_advise(doctor, "see that maxmemory-policy is noeviction");
    } else if (hb_str_eq(hb_buf_str(&answer.text), HB_STR("noeviction"))) {
        hb_doctor_add(doctor, "redis", HB_MARK_OK, "maxmemory-policy is noeviction");
    } else {
        hb_doctor_add(doctor, "redis", HB_MARK_FAIL, "maxmemory-policy is %.*s: Redis would silently drop what is due",
                      HB_ARG(hb_buf_str(&answer.text)));
        hb_doctor_advise(doctor, "redis-cli CONFIG SET maxmemory-policy noeviction, and the same in redis.conf");
    }
    hb_buf_deinit(&answer.text);
}

static void check_clock(struct hb_doctor *doctor, struct hb_loop *loop, struct hb_redis *redis)
{
    const struct hb_str words[] = {HB_STR("TIME")};
    int64_t before = hb_setup_wall().ms, after, theirs;
    struct answer answer;

    if (!ask(loop, redis, words, 1, &answer)) {
        hb_buf_deinit(&answer.text);
        return;
    }
    after = hb_setup_wall().ms;
    theirs = answer.numbers[0] * HB_MS_PER_S + answer.numbers[1] / 1000;
    hb_doctor_clock(doctor, "Redis", (struct hb_wall){theirs}, (struct hb_wall){before}, (struct hb_wall){after});
    hb_buf_deinit(&answer.text);
}

#define NEARLY_FULL_PERCENT 90 /* from here on the retry queue spills (retry/spilling.c) */

/* How full it is: a full one keeps retries in the journal alone. */
static void check_room(struct hb_doctor *doctor, struct hb_loop *loop, struct hb_redis *redis)
{
    const struct hb_str words[] = {HB_STR("INFO"), HB_STR("memory")};
    struct answer answer;
    uint64_t used = 0, most = 0;

    if (ask(loop, redis, words, 2, &answer)) {
        (void)hb_str_to_u64(info_value(hb_buf_str(&answer.text), HB_STR("used_memory")), &used);
        (void)hb_str_to_u64(info_value(hb_buf_str(&answer.text), HB_STR("maxmemory")), &most);
    }
    hb_buf_deinit(&answer.text);
    if (most == 0) {
        return;
    }
    bool is_full = used / NEARLY_FULL_PERCENT >= most / 100;

    hb_doctor_add(doctor, "retry", is_full ? HB_MARK_WARN : HB_MARK_OK, "Redis uses %llu of %llu MiB",
                  (unsigned long long)(used >> 20), (unsigned long long)(most >> 20));
    if (is_full) {
        hb_doctor_advise(doctor, "raise maxmemory (about 300 bytes for each parked delivery); until then the webhooks "
                                 "with the most parked are read from the journal when there is room");
    }
}

static void check_all(struct hb_doctor *doctor, struct hb_loop *loop, struct hb_redis *redis, int node)
{
    int64_t until_us = hb_loop_mono(loop).us + LIMIT_MS * HB_US_PER_MS;

    while (!hb_redis_is_connected(redis) && hb_loop_mono(loop).us < until_us) {
        hb_loop_run_once(loop, 50);
    }
    if (!hb_redis_is_connected(redis)) {
        hb_doctor_add(doctor, "redis", HB_MARK_FAIL, "Redis node %d of %s cannot be reached: %s", node + 1,
                      doctor->cli->config.redis_address, hb_redis_trouble(redis));
        hb_doctor_advise(doctor, "see that it runs and that redis.address, username, password and ca_file are right; "
                                 "meanwhile retries wait%s",
                         node == 0 ? ", and publishing goes on without de-duplication" : "");
        return;
    }
    check_version(doctor, loop, redis);
    check_eviction(doctor, loop, redis);
    check_room(doctor, loop, redis);
    check_clock(doctor, loop, redis);
}

static void check_node(struct hb_doctor *doctor, struct hb_loop *loop, int node)
{
    const struct hb_config *config = &doctor->cli->config;
    const struct hb_redis_options options = {.loop = loop,
                                             .address = config->redis_address,
                                             .node = node,
                                             .ca_file = hb_setup_text(config->redis_ca_file),
                                             .username = hb_setup_text(config->redis_username),
                                             .password = hb_setup_text(config->redis_password),
                                             .connect_timeout_ms = (int)config->redis_connect_timeout_ms,
                                             .command_timeout_ms = (int)config->redis_command_timeout_ms,
                                             .commands_max = 16};
    struct hb_redis *redis = NULL;
    struct hb_error error = {HB_OK, ""};
    enum hb_err err = hb_redis_new(&options, &redis, &error);

    if (err) {
        hb_doctor_add(doctor, "redis", HB_MARK_FAIL, "Redis cannot be used: %s",
                      error.text[0] ? error.text : hb_err_text(err));
    } else {
        check_all(doctor, loop, redis, node);
    }
    hb_redis_free(&redis);
}

void hb_doctor_redis(struct hb_doctor *doctor)
{
    const char *address = hb_setup_text(doctor->cli->config.redis_address);
    struct hb_loop *loop = NULL;

    if (!address) {
        hb_doctor_add(doctor, "redis", HB_MARK_WARN,
                      "redis.address is empty: no retry queue (what must wait stays parked) and no de-duplication on "
                      "publish");
        hb_doctor_advise(doctor, "set redis.address to a Redis %d with maxmemory-policy noeviction",
                         VERSION_MAJOR_MIN);
        return;
    }
    enum hb_err err = hb_loop_new(&loop);

    if (err) {
        hb_doctor_add(doctor, "redis", HB_MARK_FAIL, "Redis cannot be asked: %s", hb_err_text(err));
    }
    for (int node = 0; !err && node < hb_redis_nodes(address); node++) {
        check_node(doctor, loop, node);
    }
    hb_loop_free(&loop);
}
