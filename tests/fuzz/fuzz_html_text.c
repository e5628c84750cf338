/* Any bytes as HTML: the text is no longer, of one line, UTF-8 if the bytes were; then cut and stripped. */
#include "fuzz.h"

#include "core/html_text.h"
#include "core/text_cut.h"
#include "core/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hb_str html = fuzz_text(data, size);
    struct hb_buf text = hb_buf_make(size + 1);
    HB_ASSERT(hb_html_text(html, &text) == HB_OK && text.len <= size);
    struct hb_str made = hb_buf_str(&text);
    bool is_valid = hb_utf8_is_valid(html);
    HB_ASSERT(!is_valid || hb_utf8_is_valid(made));
    HB_ASSERT(made.len == 0 || (made.ptr[0] != ' ' && made.ptr[made.len - 1] != ' '));
    HB_ASSERT(made.len == 0 || !memmem(made.ptr, made.len, "  ", 2));
    for (size_t max = 0; max <= 40; max += 5) {
        struct hb_str cut = hb_text_cut(made, max);
        HB_ASSERT(hb_text_units(cut) <= max && (cut.len == made.len || hb_text_units(cut) + 2 > max));
        HB_ASSERT(!is_valid || hb_utf8_is_valid(cut));
        HB_ASSERT(hb_text_cut_bytes(made, max).len <= max);
    }
    struct hb_str stripped = hb_text_strip(html);
    HB_ASSERT(hb_text_strip(stripped).len == stripped.len);
    hb_buf_deinit(&text);
    return 0;
}
