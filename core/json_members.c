#include "core/json_members.h"

const char *hb_json_members_gather(struct hb_cursor object, const struct hb_json_members *members,
                                   struct hb_cursor *ret_values)
{
    size_t state = 0;
    struct hb_str name;
    struct hb_cursor value;
    if (object.kind != HB_CURSOR_OBJECT)
        return "value";
    while (hb_cursor_next(object, &state, &name, &value)) {
        size_t known = 0;
        while (known < members->count && !hb_str_eq(name, hb_str_c(members->names[known])))
            known++;
        if (known == members->count)
            return "unknown member";
        if (ret_values[known].kind != HB_CURSOR_NONE)
            return members->names[known];
        ret_values[known] = value;
    }
    for (size_t i = 0; i < members->needed; i++)
        if (ret_values[i].kind == HB_CURSOR_NONE)
            return members->names[i];
    return NULL;
}

bool hb_json_members_whole(struct hb_cursor value, int64_t *ret_number)
{
    uint64_t number = 0;
    if (value.kind != HB_CURSOR_NUMBER)
        return false;
    bool is_negative = value.raw.ptr[0] == '-';
    struct hb_str digits = hb_str_n(value.raw.ptr + is_negative, value.raw.len - (is_negative ? 1 : 0));
    if (!hb_str_to_u64(digits, &number) || number > INT64_MAX)
        return false;
    *ret_number = is_negative ? -(int64_t)number : (int64_t)number;
    return true;
}
