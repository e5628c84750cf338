/* hb_url_parse and hb_url_check: what passes has the shape the header promises, and a public address or a name. */
#include "fuzz.h"

#include "core/url.h"

static bool is_inside(struct hb_str part, struct hb_str whole)
{
    return part.len == 0 || (part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hb_str text = fuzz_text(data, size);
    struct hb_url url = {0}, checked = {0};
    struct hb_error error = {HB_OK, ""};
    enum hb_err parsed = hb_url_parse(text, &url, &error);
    HB_ASSERT(parsed == HB_OK || (error.code == parsed && strlen(error.text) > 0));
    enum hb_err check = hb_url_check(text, NULL, &checked, &error);
    HB_ASSERT(parsed == HB_OK || check != HB_OK);
    if (parsed != HB_OK)
        return 0;
    HB_ASSERT(size <= HB_WEBHOOK_URL_MAX && url.port >= 1 && url.host.len >= 1 && url.host.len <= HB_URL_HOST_MAX);
    HB_ASSERT(is_inside(url.host, text) && is_inside(url.path, text));
    for (size_t i = 0; i < size; i++)
        HB_ASSERT(data[i] > 0x20 && data[i] != 0x7F && data[i] != '\\');
    return 0;
}
