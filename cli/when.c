#include "cli/when.h"

#include <inttypes.h>
#include <stdio.h>

#define AGO_S_MAX (INT64_C(3650) * 86400)

static int64_t unit_s(char unit)
{
    switch (unit) {
    case 's':
        return 1;
    case 'm':
        return 60;
    case 'h':
        return 3600;
    case 'd':
        return 86400;
    default:
        return 0;
    }
}

enum hb_err hb_when_parse(const char *text, struct hb_wall now, struct hb_wall *ret_at, struct hb_error *reterr)
{
    struct hb_str all = hb_str_c(text);
    uint64_t number = 0;

    if (hb_wall_parse(all, ret_at) == HB_OK) {
        return HB_OK;
    }
    int64_t each = all.len > 1 ? unit_s(all.ptr[all.len - 1]) : 0;

    if (each > 0 && hb_str_to_u64(hb_str_n(all.ptr, all.len - 1), &number) && number <= (uint64_t)(AGO_S_MAX / each)) {
        ret_at->ms = now.ms - (int64_t)number * each * HB_MS_PER_S;
        return HB_OK;
    }
    return hb_fail(reterr, HB_ERR_INVALID, "'%.60s' is no time: 90s, 30m, 2h, 7d (so long ago) or 2026-01-31T12:00:00Z",
                   text);
}

void hb_when_span(int64_t seconds, char ret_text[32])
{
    if (seconds < 120) {
        (void)snprintf(ret_text, 32, "%" PRId64 " s", seconds);
    } else if (seconds < 7200) {
        (void)snprintf(ret_text, 32, "%" PRId64 " min", seconds / 60);
    } else {
        (void)snprintf(ret_text, 32, "%" PRId64 " h %" PRId64 " min", seconds / 3600, seconds % 3600 / 60);
    }
}
