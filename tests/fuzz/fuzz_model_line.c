/* hb_model_line_read: whatever stands in `attempts`, a line that is read has its outcome, texts inside the line or the scratch, and
 * numbers that are absent or no less than 0. */
#include "fuzz.h"

#include "history/model_line.h"

static void check_text(struct hb_str text, struct hb_str line, const struct hb_buf *scratch)
{
    bool is_in_line = text.ptr >= line.ptr && text.ptr + text.len <= line.ptr + line.len;
    bool is_in_scratch = scratch->ptr && text.ptr >= scratch->ptr && text.ptr + text.len <= scratch->ptr + scratch->len;
    HB_ASSERT(!text.ptr || is_in_line || is_in_scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hb_buf scratch = hb_buf_make((size_t)1 << 20);
    struct hb_model_line line;
    struct hb_str text = fuzz_text(data, size);
    if (hb_model_line_read(text, &scratch, &line)) {
        const struct hb_str texts[] = {line.outcome, line.reason, line.store, line.webhook, line.delivery,
                                       line.event,   line.type,   line.subject, line.topic, line.replay};
        const int64_t numbers[] = {line.partition, line.offset, line.attempt, line.status, line.us};
        HB_ASSERT(line.outcome.len > 0);
        for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
            check_text(texts[i], text, &scratch);
        for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
            HB_ASSERT(numbers[i] >= -1);
    }
    hb_buf_deinit(&scratch);
    return 0;
}
