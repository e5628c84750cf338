#include "core/retry_after.h"

#include "hookbus/time.h"

static bool is_all_digits(struct hb_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') {
            return false;
        }
    }
    return text.len > 0;
}

static int64_t parse_seconds(struct hb_str digits)
{
    uint64_t seconds = 0;
    if (!hb_str_to_u64(digits, &seconds) || seconds > (uint64_t)(HB_RETRY_AFTER_MS_MAX / HB_MS_PER_S)) {
        return HB_RETRY_AFTER_MS_MAX;
    }
    return (int64_t)seconds * HB_MS_PER_S;
}

static int64_t until(struct hb_wall at, struct hb_wall now)
{
    if (at.ms <= now.ms) {
        return 0;
    }
    int64_t wait_ms = at.ms - now.ms;
    return wait_ms < HB_RETRY_AFTER_MS_MAX ? wait_ms : HB_RETRY_AFTER_MS_MAX;
}

int64_t hb_retry_after_parse(struct hb_str value, struct hb_wall now)
{
    struct hb_str text = hb_str_trim(value);
    if (is_all_digits(text)) {
        return parse_seconds(text);
    }
    struct hb_wall at;
    if (hb_wall_parse_http(text, &at) != HB_OK) {
        return HB_NO_RETRY_AFTER;
    }
    return until(at, now);
}
