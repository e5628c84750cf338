#include "retry/scripts_internal.h"

#include <stdlib.h>

#define SHA_BYTES 40
#define HEAD_ARGUMENTS 4 /* EVALSHA, hash or text, number of keys, key */

/* One call under way: its arguments stay until it is known that the script ran. */
struct running {
    struct hb_scripts *scripts; /* NULL: freed meanwhile */
    struct running *next, **where;
    enum hb_script_name name;
    bool is_whole; /* sent with its text: it cannot be unknown */
    hb_redis_fn *fn;
    void *user;
    size_t count;
    struct hb_str arguments[]; /* the head's four, then the caller's; the bytes follow */
};

struct loading {
    struct hb_scripts *scripts;
    enum hb_script_name name;
};

struct hb_scripts {
    struct hb_redis *redis;
    struct running *running;
    size_t waiting;
    struct loading *loading[HB_SCRIPT_COUNT];
    char sha[HB_SCRIPT_COUNT][SHA_BYTES]; /* first byte 0: not known yet */
};

enum hb_err hb_scripts_new(struct hb_redis *redis, struct hb_scripts **ret_scripts)
{
    struct hb_scripts *scripts = calloc(1, sizeof(*scripts));

    if (!scripts)
        return HB_ERR_MEMORY;
    scripts->redis = redis;
    *ret_scripts = scripts;
    return HB_OK;
}

static void detach(struct running *running)
{
    *running->where = running->next;
    if (running->next)
        running->next->where = running->where;
    running->scripts->waiting--;
}

void hb_scripts_free(struct hb_scripts **scripts_ptr)
{
    struct hb_scripts *scripts = *scripts_ptr;

    *scripts_ptr = NULL;
    if (!scripts)
        return;
    while (scripts->running) {
        struct running *running = scripts->running;
        detach(running);
        running->scripts = NULL; /* freed when its reply comes */
        running->fn(running->user, HB_ERR_CLOSED, NULL);
    }
    for (int i = 0; i < HB_SCRIPT_COUNT; i++)
        if (scripts->loading[i])
            scripts->loading[i]->scripts = NULL;
    free(scripts);
}

size_t hb_scripts_waiting(const struct hb_scripts *scripts)
{
    return scripts->waiting;
}

static void on_loaded(void *user, enum hb_err err, const struct hb_redis_reply *reply)
{
    struct loading *loading = user;
    struct hb_scripts *scripts = loading->scripts;

    if (scripts) {
        scripts->loading[loading->name] = NULL;
        if (!err && reply->kind == HB_REDIS_STRING && reply->text.len == SHA_BYTES)
            memcpy(scripts->sha[loading->name], reply->text.ptr, SHA_BYTES);
    }
    free(loading);
}

/* Asks for the hash; what fails here is asked again with the next call. */
static void load(struct hb_scripts *scripts, enum hb_script_name name)
{
    const struct hb_str words[] = {HB_STR("SCRIPT"), HB_STR("LOAD"), hb_script_table[name].text};
    struct loading *loading = scripts->loading[name] ? NULL : malloc(sizeof(*loading));

    if (!loading)
        return;
    *loading = (struct loading){scripts, name};
    if (hb_redis_command(scripts->redis, words, 3, on_loaded, loading))
        free(loading);
    else
        scripts->loading[name] = loading;
}

static void on_reply(void *user, enum hb_err err, const struct hb_redis_reply *reply);

static enum hb_err send_call(struct hb_scripts *scripts, struct running *running)
{
    const char *sha = scripts->sha[running->name];

    running->is_whole = running->is_whole || !sha[0];
    running->arguments[0] = running->is_whole ? HB_STR("EVAL") : HB_STR("EVALSHA");
    running->arguments[1] = running->is_whole ? hb_script_table[running->name].text : hb_str_n(sha, SHA_BYTES);
    return hb_redis_command(scripts->redis, running->arguments, running->count, on_reply, running);
}

static void attach(struct hb_scripts *scripts, struct running *running)
{
    running->next = scripts->running;
    running->where = &scripts->running;
    if (running->next)
        running->next->where = &running->next;
    scripts->running = running;
    scripts->waiting++;
}

static void on_reply(void *user, enum hb_err err, const struct hb_redis_reply *reply)
{
    struct running *running = user;
    bool is_unknown = !err && reply->kind == HB_REDIS_ERROR && hb_str_has_prefix(reply->text, HB_STR("NOSCRIPT"));

    if (running->scripts && is_unknown && !running->is_whole) {
        running->is_whole = true;
        if (send_call(running->scripts, running) == HB_OK)
            return;
    }
    if (running->scripts) {
        detach(running);
        running->fn(running->user, err, reply);
    }
    free(running);
}

static struct running *make(const struct hb_script_call *call)
{
    size_t count = call->count + HEAD_ARGUMENTS, bytes = call->key.len;

    for (size_t i = 0; i < call->count; i++)
        bytes += call->arguments[i].len;
    struct running *running = malloc(sizeof(*running) + count * sizeof(struct hb_str) + bytes + 1);
    if (!running)
        return NULL;
    *running = (struct running){.name = call->name, .count = count};
    char *place = (char *)&running->arguments[count];
    running->arguments[2] = HB_STR("1");
    for (size_t i = 3; i < count; i++) {
        struct hb_str from = i == 3 ? call->key : call->arguments[i - HEAD_ARGUMENTS];
        running->arguments[i] = hb_str_n(place, from.len);
        if (from.len)
            memcpy(place, from.ptr, from.len);
        place += from.len;
    }
    return running;
}

enum hb_err hb_scripts_call(struct hb_scripts *scripts, const struct hb_script_call *call, hb_redis_fn *fn, void *user)
{
    struct running *running = make(call);

    if (!running)
        return HB_ERR_MEMORY;
    running->scripts = scripts;
    running->fn = fn;
    running->user = user;
    if (!scripts->sha[call->name][0])
        load(scripts, call->name);
    enum hb_err err = send_call(scripts, running);
    if (err)
        free(running);
    else
        attach(scripts, running);
    return err;
}
