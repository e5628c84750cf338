/* The input is a pattern, a NUL and data: whatever compiles runs over whatever scans. */
#include "fuzz.h"

#include "core/filter.h"
#include "core/json_scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hb_str rest = fuzz_text(data, size), pattern = {NULL, 0};
    struct hb_filter *filter = NULL;
    struct hb_error error, why = {HB_OK, ""};
    size_t at;
    if (size == 0 || !hb_str_split(&rest, '\0', &pattern) || !rest.ptr)
        return 0;
    if (hb_filter_new(pattern, &filter, &error) != HB_OK) {
        HB_ASSERT(strlen(error.text) > 0);
        return 0;
    }
    if (hb_json_scan(rest, &at) == HB_OK) {
        enum hb_filter_match match = hb_filter_match(filter, rest, &why);
        HB_ASSERT((match == HB_FILTER_MATCH_YES) == (why.code == HB_OK));
        HB_ASSERT(match == hb_filter_match(filter, rest, NULL));
    }
    hb_filter_free(&filter);
    return 0;
}
