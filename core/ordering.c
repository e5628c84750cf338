#include "core/ordering.h"

static int cmp(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

int hb_ordering_cmp(const struct hb_position *a, const struct hb_position *b)
{
    int order = cmp(a->topic, b->topic);
    if (order == 0)
        order = cmp(a->partition, b->partition);
    return order ? order : cmp(a->offset, b->offset);
}

bool hb_ordering_is_blocking(enum hb_delivery_state state)
{
    return state == HB_DELIVERY_PARKED || state == HB_DELIVERY_LEASED || state == HB_DELIVERY_HELD;
}

size_t hb_ordering_head(const enum hb_delivery_state *states, size_t count)
{
    size_t head = count;
    for (size_t i = 0; i < count; i++) {
        if (states[i] == HB_DELIVERY_LEASED)
            return count;
        if (head == count && hb_ordering_is_blocking(states[i]))
            head = i;
    }
    return head;
}

enum hb_delivery_event hb_ordering_used_up(bool is_hold)
{
    return is_hold ? HB_DELIVERY_HOLD : HB_DELIVERY_EXHAUST;
}
