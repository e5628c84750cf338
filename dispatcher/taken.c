#include "dispatcher/taken.h"

#include <stdlib.h>

#define POOL_KEPT_MAX 4096
/* Data at its largest, escaped nowhere, base64 in the worst case, and room for the attributes around it. */
#define BODY_BYTES_MAX (2 * 1024 * 1024)
#define ENCODED_BYTES_MAX (64 * 1024)

struct hb_taken *hb_taken_new(struct hb_taken_pool *pool)
{
    struct hb_taken *taken = pool->free_list;
    if (taken) {
        pool->free_list = taken->next;
        pool->free_count--;
        *taken = (struct hb_taken){0};
    } else {
        taken = calloc(1, sizeof *taken);
    }
    if (taken)
        pool->in_use++;
    return taken;
}

void hb_rendered_deinit(struct hb_rendered *rendered)
{
    hb_buf_deinit(&rendered->body_buf);
    hb_buf_deinit(&rendered->encoded);
}

void hb_taken_drop_bytes(struct hb_taken *taken)
{
    for (int format = 0; format < HB_FORMAT_COUNT; format++) {
        if (!taken->rendered[format])
            continue;
        hb_rendered_deinit(taken->rendered[format]);
        free(taken->rendered[format]);
        taken->rendered[format] = NULL;
    }
    if (taken->message.handle)
        hb_kafka_message_free(&taken->message);
    taken->message = (struct hb_kafka_message){0};
    taken->event = (struct hb_event){0};
}

void hb_taken_free(struct hb_taken_pool *pool, struct hb_taken *taken)
{
    hb_taken_drop_bytes(taken);
    HB_ASSERT(pool->in_use > 0);
    pool->in_use--;
    if (pool->free_count >= POOL_KEPT_MAX) {
        free(taken);
        return;
    }
    taken->next = pool->free_list;
    pool->free_list = taken;
    pool->free_count++;
}

void hb_taken_pool_deinit(struct hb_taken_pool *pool)
{
    while (pool->free_list) {
        struct hb_taken *next = pool->free_list->next;
        free(pool->free_list);
        pool->free_list = next;
    }
    pool->free_count = 0;
}

enum hb_err hb_rendered_init(struct hb_rendered *ret, enum hb_format format, const struct hb_event *event,
                             struct hb_wall appended)
{
    *ret = (struct hb_rendered){.body_buf = hb_buf_make(BODY_BYTES_MAX), .encoded = hb_buf_make(ENCODED_BYTES_MAX)};
    enum hb_err err = hb_render_headers(format, event, appended, &ret->encoded, ret->headers, &ret->headers_count);
    if (!err && hb_render_is_data(format)) {
        ret->body = event->data;
    } else if (!err) {
        err = hb_render_body(format, event, appended, &ret->body_buf);
        ret->body = hb_buf_str(&ret->body_buf);
    }
    if (err)
        hb_rendered_deinit(ret);
    return err;
}

enum hb_err hb_taken_render(struct hb_taken *taken, enum hb_format format, const struct hb_rendered **ret_rendered)
{
    if (!taken->rendered[format]) {
        struct hb_rendered *rendered = malloc(sizeof *rendered);
        if (!rendered)
            return HB_ERR_MEMORY;
        enum hb_err err = hb_rendered_init(rendered, format, &taken->event, taken->position.appended);
        if (err) {
            free(rendered);
            return err;
        }
        taken->rendered[format] = rendered;
    }
    *ret_rendered = taken->rendered[format];
    return HB_OK;
}
