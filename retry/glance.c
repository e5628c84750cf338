#include "retry/glance.h"

#include "retry/view_internal.h"

#include <stdlib.h>

struct glance {
    hb_glance_fn *fn;
    void *user;
    size_t count;
    struct hb_shard_head expected[HB_GLANCE_SHARDS_MAX];
};

static bool number_of(const struct hb_redis_reply *reply, int64_t *ret_number)
{
    uint64_t number = 0;

    *ret_number = reply->kind == HB_REDIS_INTEGER ? reply->integer : -1;
    if (reply->kind == HB_REDIS_STRING && hb_str_to_u64(reply->text, &number) && number <= INT64_MAX)
        *ret_number = (int64_t)number;
    return reply->kind == HB_REDIS_INTEGER || reply->kind == HB_REDIS_STRING;
}

static bool read_rows(const struct glance *glance, const struct hb_redis_reply *rows, struct hb_glimpse *glimpses)
{
    if (rows->kind != HB_REDIS_ARRAY || rows->items_count != glance->count)
        return false;
    for (size_t i = 0; i < glance->count; i++) {
        const struct hb_redis_reply *row = &rows->items[i];
        struct hb_glimpse *to = &glimpses[i];
        if (row->kind != HB_REDIS_ARRAY || row->items_count != 3 || !number_of(&row->items[0], &to->head.applied) ||
            !number_of(&row->items[1], &to->head.mark) || !number_of(&row->items[2], &to->next_due.ms))
            return false;
        to->gate = hb_shard_rule_may_claim(to->head, glance->expected[i]);
    }
    return true;
}

static void on_reply(void *user, enum hb_err err, const struct hb_redis_reply *reply)
{
    struct glance *glance = user;
    struct hb_glimpse glimpses[HB_GLANCE_SHARDS_MAX];
    struct hb_wall now = {-1};

    if (!err && reply->kind == HB_REDIS_ERROR)
        err = hb_view_error_of(reply->text);
    else if (!err && (reply->kind != HB_REDIS_ARRAY || reply->items_count != 7 ||
                      !number_of(&reply->items[5], &now.ms) || !read_rows(glance, &reply->items[6], glimpses)))
        err = HB_ERR_STORE;
    glance->fn(glance->user, err, now, err ? NULL : glimpses);
    free(glance);
}

enum hb_err hb_glance(struct hb_view *const *views, size_t count, hb_glance_fn *fn, void *user)
{
    struct hb_str tags[HB_GLANCE_SHARDS_MAX];

    if (count > HB_GLANCE_SHARDS_MAX)
        return HB_ERR_FULL;
    HB_ASSERT(count > 0);
    struct glance *glance = malloc(sizeof(*glance));
    if (!glance)
        return HB_ERR_MEMORY;
    *glance = (struct glance){.fn = fn, .user = user, .count = count};
    for (size_t i = 0; i < count; i++) {
        HB_ASSERT(views[i]->options.scripts == views[0]->options.scripts);
        tags[i] = hb_str_c(views[i]->tag);
        glance->expected[i] = views[i]->head;
    }
    const struct hb_script_call call = {HB_SCRIPT_GLANCE, tags[0], tags, count};
    enum hb_err err = hb_scripts_call(views[0]->options.scripts, &call, on_reply, glance);
    if (err)
        free(glance);
    return err;
}
