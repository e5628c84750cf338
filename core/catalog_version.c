#include "core/catalog_version.h"

static bool is_decimal(struct hb_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
    return text.len > 0;
}

static struct hb_str without_zeros(struct hb_str digits)
{
    while (digits.len > 1 && digits.ptr[0] == '0')
        digits = hb_str_n(digits.ptr + 1, digits.len - 1);
    return digits;
}

static int sequence_cmp(struct hb_str a, struct hb_str b)
{
    if (!is_decimal(a) || !is_decimal(b))
        return hb_str_cmp(a, b);
    a = without_zeros(a);
    b = without_zeros(b);
    if (a.len != b.len)
        return a.len < b.len ? -1 : 1;
    return hb_str_cmp(a, b);
}

static int wall_cmp(struct hb_wall a, struct hb_wall b)
{
    return (a.ms > b.ms) - (a.ms < b.ms);
}

int hb_catalog_version_cmp(const struct hb_catalog_version *a, const struct hb_catalog_version *b)
{
    if (!a->is_known || !b->is_known)
        return (int)a->is_known - (int)b->is_known;
    if (a->sequence.len > 0 && b->sequence.len > 0)
        return sequence_cmp(a->sequence, b->sequence);
    if (a->has_time && b->has_time)
        return wall_cmp(a->time, b->time);
    return wall_cmp(a->appended, b->appended);
}
