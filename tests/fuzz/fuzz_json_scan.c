/* hb_json_scan: never reads beyond its text, and what it passes stands inside our own JSON; the cursor walks all of it.
 */
#include "fuzz.h"

#include "core/json_cursor.h"
#include "core/json_scan.h"
#include "core/utf8.h"

static void walk(struct hb_cursor value, struct hb_buf *text)
{
    if (value.kind == HB_CURSOR_STRING) {
        hb_buf_clear(text);
        HB_ASSERT(hb_cursor_unescape(hb_cursor_text(value), text) == HB_OK);
        HB_ASSERT(hb_utf8_is_valid(hb_buf_str(text)));
        HB_ASSERT(hb_cursor_text_eq(hb_cursor_text(value), hb_buf_str(text)));
    }
    if (value.kind == HB_CURSOR_NUMBER)
        HB_ASSERT(hb_json_is_number(value.raw) && hb_cursor_number_cmp(value.raw, value.raw) == 0);
    if (value.kind != HB_CURSOR_OBJECT && value.kind != HB_CURSOR_ARRAY)
        return;
    struct hb_str name;
    struct hb_cursor inner;
    size_t state = 0;
    while (hb_cursor_next(value, &state, &name, &inner))
        walk(inner, text);
}

static void check_splice(struct hb_str text)
{
    struct hb_buf body = hb_buf_make(text.len + 32);
    HB_ASSERT(hb_buf_add(&body, HB_STR("{\"a\":")) == HB_OK && hb_buf_add(&body, text) == HB_OK &&
              hb_buf_add(&body, HB_STR(",\"b\":1}")) == HB_OK);
    size_t at, state = 0;
    enum hb_err err = hb_json_scan(hb_buf_str(&body), &at);
    HB_ASSERT(err == HB_OK || err == HB_ERR_TOO_LARGE); /* one level deeper than alone */
    struct hb_cursor value;
    struct hb_str name;
    int count = 0;
    while (err == HB_OK && hb_cursor_next(hb_cursor_root(hb_buf_str(&body)), &state, &name, &value))
        count++;
    HB_ASSERT(err != HB_OK || count == 2);
    hb_buf_deinit(&body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hb_str text = fuzz_text(data, size);
    struct hb_buf scratch = hb_buf_make(size + 1);
    size_t at = SIZE_MAX;
    if (hb_json_scan(text, &at) == HB_OK) {
        walk(hb_cursor_root(text), &scratch);
        check_splice(text);
    } else {
        HB_ASSERT(at <= size);
    }
    hb_buf_deinit(&scratch);
    return 0;
}
