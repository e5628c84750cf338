/* One event or a batch, read in both forms; what passes the rules is rendered, and the body must be JSON that carries
 * the data bytes. */
#include "fuzz.h"

#include "core/event_json.h"
#include "core/json_scan.h"
#include "core/render.h"

static void check_event(struct hb_event *event)
{
    struct hb_event_problem problem = {NULL, NULL, NULL};
    event->store = HB_STR("acme");
    if (!hb_event_check(event, 0, &problem)) {
        HB_ASSERT(problem.slug && problem.field && problem.should);
        return;
    }
    struct hb_buf body = hb_buf_make(1 << 20);
    size_t at;
    for (int format = 0; format <= HB_FORMAT_CLOUDEVENTS; format++) {
        hb_buf_clear(&body);
        HB_ASSERT(hb_render_body((enum hb_format)format, event, (struct hb_wall){0}, &body) == HB_OK);
        enum hb_err err = hb_json_scan(hb_buf_str(&body), &at);
        HB_ASSERT(err == HB_OK || err == HB_ERR_TOO_LARGE);
        HB_ASSERT(!event->is_json ||
                  memcmp(body.ptr + body.len - 1 - event->data.len, event->data.ptr, event->data.len) == 0);
    }
    hb_buf_deinit(&body);
}

static void read_item(struct hb_str item)
{
    struct hb_buf scratch = hb_buf_make(1 << 20);
    struct hb_event event;
    struct hb_event_problem problem = {NULL, NULL, NULL};
    struct hb_str source;
    if (hb_event_json_read(item, &scratch, &event, &problem) == HB_OK)
        check_event(&event);
    else
        HB_ASSERT(problem.slug && problem.field && problem.should);
    hb_buf_clear(&scratch);
    if (hb_event_json_read_cloudevent(item, &scratch, &event, &source, &problem) == HB_OK)
        check_event(&event);
    hb_buf_deinit(&scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hb_str text = fuzz_text(data, size), item;
    struct hb_event_batch batch;
    size_t at;
    if (hb_json_scan(text, &at) != HB_OK)
        return 0;
    read_item(text);
    if (hb_event_batch_init(text, &batch))
        while (hb_event_batch_next(&batch, &item))
            read_item(item);
    return 0;
}
