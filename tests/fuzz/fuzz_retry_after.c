/* hb_retry_after_parse: whatever the receiver sends, the answer is "none" or a time in its range. */
#include "fuzz.h"

#include "core/retry_after.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int64_t nows[] = {0, INT64_C(1769860800123), INT64_C(253402300799999)};
    for (size_t i = 0; i < sizeof(nows) / sizeof(nows[0]); i++) {
        int64_t ms = hb_retry_after_parse(fuzz_text(data, size), (struct hb_wall){nows[i]});
        HB_ASSERT(ms == HB_NO_RETRY_AFTER || (ms >= 0 && ms <= HB_RETRY_AFTER_MS_MAX));
    }
    return 0;
}
