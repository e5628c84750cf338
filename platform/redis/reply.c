#include "platform/redis/redis_internal.h"

#include <stdlib.h>

static enum hb_err make_items(const redisReply *from, struct hb_redis_reply *ret_reply)
{
    if (from->elements == 0) {
        return HB_OK;
    }
    struct hb_redis_reply *items = calloc(from->elements, sizeof(*items));
    if (!items) {
        return HB_ERR_MEMORY;
    }
    ret_reply->items = items;
    ret_reply->items_count = from->elements;
    for (size_t i = 0; i < from->elements; i++) {
        enum hb_err err = hb_redis_reply_make(from->element[i], &items[i]);
        if (err) {
            return err; /* the caller frees the whole */
        }
    }
    return HB_OK;
}

enum hb_err hb_redis_reply_make(const redisReply *from, struct hb_redis_reply *ret_reply)
{
    *ret_reply = (struct hb_redis_reply){.kind = HB_REDIS_STRING, .text = {from->str, from->str ? from->len : 0}};
    switch (from->type) {
    case REDIS_REPLY_ARRAY:
        ret_reply->kind = HB_REDIS_ARRAY;
        ret_reply->text = (struct hb_str){NULL, 0};
        return make_items(from, ret_reply);
    case REDIS_REPLY_INTEGER:
        ret_reply->kind = HB_REDIS_INTEGER;
        ret_reply->integer = from->integer;
        break;
    case REDIS_REPLY_NIL:
        ret_reply->kind = HB_REDIS_NIL;
        break;
    case REDIS_REPLY_STATUS:
        ret_reply->kind = HB_REDIS_STATUS;
        break;
    case REDIS_REPLY_ERROR:
        ret_reply->kind = HB_REDIS_ERROR;
        break;
    default:
        break; /* a string; newer kinds of replies come only after HELLO 3, which we never say */
    }
    return HB_OK;
}

void hb_redis_reply_deinit(struct hb_redis_reply *reply)
{
    struct hb_redis_reply *items = NULL;
    memcpy(&items, &reply->items, sizeof(items)); /* const for readers; ours to free */
    for (size_t i = 0; i < reply->items_count; i++) {
        hb_redis_reply_deinit(&items[i]);
    }
    free(items);
    reply->items = NULL;
    reply->items_count = 0;
}
