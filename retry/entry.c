#include "retry/entry.h"

#include "hookbus/topics.h"
#include "retry/packing.h"

#include <limits.h>

static const enum hb_delivery_state states[] = {HB_DELIVERY_DELIVERED, HB_DELIVERY_PARKED,  HB_DELIVERY_HELD,
                                                HB_DELIVERY_DEAD,      HB_DELIVERY_EXPIRED, HB_DELIVERY_CANCELLED};
#define STATES_COUNT ((int)(sizeof(states) / sizeof(states[0])))

int hb_entry_code(enum hb_delivery_state state)
{
    int code = 0;

    while (code < STATES_COUNT && states[code] != state)
        code++;
    HB_ASSERT(code < STATES_COUNT);
    return code;
}

int hb_entry_state(int64_t code)
{
    return code >= 0 && code < STATES_COUNT ? (int)states[code] : -1;
}

static uint64_t number(int64_t value)
{
    HB_ASSERT(value >= 0 && value <= HB_ENTRY_NUMBER_MAX);
    return (uint64_t)value;
}

size_t hb_entry_pack(const struct hb_entry *entry, unsigned char ret_bytes[HB_ENTRY_BYTES_MAX])
{
    const struct hb_position *at = &entry->rule.position;
    int code = hb_entry_code(entry->rule.state);
    unsigned char *place = ret_bytes;

    HB_ASSERT(code >= 1 && code <= 3);
    HB_ASSERT(at->topic >= 0 && at->topic < HB_EVENT_TOPIC_COUNT && at->partition >= 0 && at->partition <= HB_ENTRY_PARTITION_MAX);
    HB_ASSERT(entry->rule.version >= 1 && entry->rule.version <= HB_ENTRY_VERSION_MAX);
    HB_ASSERT(entry->attempts >= 0 && (int)entry->reason <= UCHAR_MAX);
    hb_packing_put(&place, HB_ENTRY_FORMAT, 1);
    hb_packing_put(&place, (uint64_t)code, 1);
    hb_packing_put(&place, (uint64_t)entry->rule.version, 7);
    hb_packing_put(&place, (uint64_t)at->topic << 13 | (uint64_t)at->partition, 2);
    hb_packing_put(&place, number(at->offset), 6);
    hb_packing_put(&place, number(entry->rule.offset), 6);
    hb_packing_put(&place, (uint64_t)(entry->attempts < 65535 ? entry->attempts : 65535), 2);
    hb_packing_put(&place, (uint64_t)entry->reason, 1);
    hb_packing_put(&place, entry->first_failed.ms > 0 ? number(entry->first_failed.ms) : 0, 6);
    hb_packing_put(&place, at->appended.ms > 0 ? number(at->appended.ms) : 0, 6);
    hb_packing_put(&place, 0, 2);
    if (entry->is_ordered)
        hb_packing_put(&place, entry->subject, 8);
    return (size_t)(place - ret_bytes);
}

/* Whatever is beyond this would be a bug further on, where a journal record is made of it. */
static bool is_within_limits(const struct hb_entry *entry)
{
    const struct hb_position *at = &entry->rule.position;

    return entry->rule.version >= 1 && entry->rule.version <= HB_ENTRY_VERSION_MAX && at->topic < HB_EVENT_TOPIC_COUNT &&
           at->offset <= HB_ENTRY_NUMBER_MAX && entry->rule.offset <= HB_ENTRY_NUMBER_MAX &&
           entry->first_failed.ms <= HB_ENTRY_NUMBER_MAX && at->appended.ms <= HB_ENTRY_NUMBER_MAX;
}

static struct hb_entry unpack_fields(const unsigned char *place, bool is_ordered)
{
    struct hb_entry entry = {.is_ordered = is_ordered};

    entry.rule.version = (int64_t)hb_packing_take(&place, 7);
    uint64_t where = hb_packing_take(&place, 2);
    entry.rule.position.topic = (int)(where >> 13);
    entry.rule.position.partition = (int32_t)(where & HB_ENTRY_PARTITION_MAX);
    entry.rule.position.offset = (int64_t)hb_packing_take(&place, 6);
    entry.rule.offset = (int64_t)hb_packing_take(&place, 6);
    entry.attempts = (int64_t)hb_packing_take(&place, 2);
    uint64_t reason = hb_packing_take(&place, 1);
    entry.reason = reason < HB_REASON_COUNT ? (enum hb_reason)reason : HB_REASON_NOT_SENT;
    int64_t first_failed = (int64_t)hb_packing_take(&place, 6);
    entry.first_failed.ms = first_failed ? first_failed : HB_JOURNAL_NEVER;
    entry.rule.position.appended.ms = (int64_t)hb_packing_take(&place, 6);
    (void)hb_packing_take(&place, 2);
    if (is_ordered)
        entry.subject = hb_packing_take(&place, 8);
    return entry;
}

bool hb_entry_unpack(struct hb_str bytes, struct hb_entry *ret_entry)
{
    const unsigned char *place = (const unsigned char *)bytes.ptr;

    if ((bytes.len != HB_ENTRY_BYTES_MIN && bytes.len != HB_ENTRY_BYTES_MAX) ||
        hb_packing_take(&place, 1) != HB_ENTRY_FORMAT)
        return false;
    int code = (int)hb_packing_take(&place, 1);
    if (code < 1 || code > 3)
        return false;
    struct hb_entry entry = unpack_fields(place, bytes.len == HB_ENTRY_BYTES_MAX);
    entry.rule.state = states[code];
    if (!is_within_limits(&entry))
        return false;
    *ret_entry = entry;
    return true;
}

enum hb_reason hb_entry_reason(struct hb_str word)
{
    int reason = 0;

    while (reason < HB_REASON_COUNT && !hb_str_eq(word, hb_str_c(hb_reason_text((enum hb_reason)reason))))
        reason++;
    return reason < HB_REASON_COUNT ? (enum hb_reason)reason : HB_REASON_NOT_SENT;
}
