#include "retry/store_check.h"

#include <stdlib.h>

#define VERSION_LEAST 7

/* The value of "name:value" on a line of its own; empty if there is none. */
static struct hb_str field(struct hb_str info, struct hb_str name)
{
    struct hb_str line;

    while (hb_str_split(&info, '\n', &line))
        if (hb_str_has_prefix(line, name) && line.len > name.len && line.ptr[name.len] == ':') {
            struct hb_str value = hb_str_n(line.ptr + name.len + 1, line.len - name.len - 1);
            if (value.len && value.ptr[value.len - 1] == '\r')
                value.len--;
            return value;
        }
    return hb_str_n("", 0);
}

static int64_t number(struct hb_str info, struct hb_str name)
{
    uint64_t value = 0;

    return hb_str_to_u64(field(info, name), &value) && value <= INT64_MAX ? (int64_t)value : 0;
}

enum hb_err hb_store_judge(struct hb_str info, struct hb_store_state *ret_state, struct hb_error *reterr)
{
    struct hb_str version = field(info, HB_STR("redis_version")), major, rest = version;
    struct hb_str policy = field(info, HB_STR("maxmemory_policy"));
    uint64_t number_of_version = 0;

    if (!hb_str_split(&rest, '.', &major) || !hb_str_to_u64(major, &number_of_version))
        return hb_fail(reterr, HB_ERR_STORE, "what answers at redis.address does not say which Redis it is");
    if (number_of_version < VERSION_LEAST)
        return hb_fail(reterr, HB_ERR_CONFIG, "Redis %.*s is too old for the retry queue: install version %d or newer",
                       HB_ARG(version), VERSION_LEAST);
    if (!hb_str_eq(policy, HB_STR("noeviction")))
        return hb_fail(reterr, HB_ERR_CONFIG,
                       "Redis may throw parked deliveries away (maxmemory-policy is %.*s): set \"maxmemory-policy "
                       "noeviction\" in redis.conf, or CONFIG SET maxmemory-policy noeviction",
                       HB_ARG(policy));
    if (hb_str_eq(field(info, HB_STR("loading")), HB_STR("1")))
        return hb_fail(reterr, HB_ERR_AWAY, "Redis is still loading its data");
    if (hb_str_eq(field(info, HB_STR("role")), HB_STR("slave")))
        return hb_fail(reterr, HB_ERR_AWAY, "this Redis is a replica: set redis.address to the one that takes writes");
    *ret_state = (struct hb_store_state){number(info, HB_STR("used_memory")), number(info, HB_STR("maxmemory"))};
    return HB_OK;
}

struct asking {
    hb_store_check_fn *fn;
    void *user;
};

static void on_info(void *user, enum hb_err err, const struct hb_redis_reply *reply)
{
    struct asking *asking = user;
    struct hb_store_state state = {0, 0};
    struct hb_error error = {HB_OK, ""};

    if (err)
        err = hb_fail(&error, err, "Redis did not answer: %s", hb_err_text(err));
    else if (reply->kind == HB_REDIS_STRING)
        err = hb_store_judge(reply->text, &state, &error);
    else
        err = hb_fail(&error, HB_ERR_STORE, "Redis refused INFO: %.*s", HB_ARG(reply->text));
    asking->fn(asking->user, err, &state, &error);
    free(asking);
}

enum hb_err hb_store_check(struct hb_redis *redis, hb_store_check_fn *fn, void *user)
{
    const struct hb_str words[] = {HB_STR("INFO")};
    struct asking *asking = malloc(sizeof(*asking));

    if (!asking)
        return HB_ERR_MEMORY;
    *asking = (struct asking){fn, user};
    enum hb_err err = hb_redis_command(redis, words, 1, on_info, asking);
    if (err)
        free(asking);
    return err;
}
