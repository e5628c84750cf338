#include "core/shard_rule.h"

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static bool is_same_event(const struct hb_position *a, const struct hb_position *b)
{
    return a->topic == b->topic && a->partition == b->partition && a->offset == b->offset;
}

/* Made under a state that something later has replaced. */
static bool is_late_repair(const struct hb_shard_record *record, int64_t made_at)
{
    return record->repairs != HB_SHARD_NONE && made_at > record->repairs;
}

static struct hb_shard_ruling refuse(enum hb_shard_verdict verdict, enum hb_delivery_state truth, int64_t version,
                                     const struct hb_shard_record *record)
{
    return (struct hb_shard_ruling){.verdict = verdict,
                                    .change = HB_SHARD_KEEP,
                                    .recall = HB_SHARD_AS_IT_IS,
                                    .repair_state = truth,
                                    .repair_version = larger(version, record->version) + 1};
}

/* What the record says becomes true. */
static struct hb_shard_ruling apply(const struct hb_shard_entry *entry, const struct hb_shard_memory *memory,
                                    const struct hb_shard_record *record)
{
    bool is_done = hb_delivery_state_is_done(record->state);
    int64_t ended = entry ? entry->version : memory ? memory->version : 0;
    return (struct hb_shard_ruling){
        .verdict = HB_SHARD_APPLIED,
        .change = !is_done ? HB_SHARD_PUT
                  : entry  ? HB_SHARD_REMOVE
                           : HB_SHARD_KEEP,
        .entry_version = is_done                                        ? 0
                         : memory && record->version <= memory->version ? memory->version + 1
                                                                        : record->version,
        .recall = is_done  ? HB_SHARD_REMEMBER
                  : memory ? HB_SHARD_FORGET
                           : HB_SHARD_AS_IT_IS,
        .memory_version = is_done ? larger(ended, record->version) : 0,
    };
}

static bool is_stale_for_entry(const struct hb_shard_entry *entry, const struct hb_shard_record *record)
{
    if (is_late_repair(record, entry->offset))
        return true;
    if (record->state == HB_DELIVERY_DELIVERED)
        return false; /* a success is a success, whatever it follows */
    return record->version <= entry->version || !is_same_event(&entry->position, &record->position);
}

static bool is_stale_for_memory(const struct hb_shard_memory *memory, const struct hb_shard_record *record)
{
    if (record->state == HB_DELIVERY_DELIVERED)
        return false;
    if (is_late_repair(record, memory->offset))
        return true;
    if (hb_delivery_state_is_done(record->state))
        return memory->state == HB_DELIVERY_DELIVERED; /* a second end is welcome; a success is more than that */
    if (record->repairs != HB_SHARD_NONE && memory->state != HB_DELIVERY_DELIVERED)
        return false; /* who wrote it knew of the end, and that it was stale itself */
    return record->version != 1 && hb_shard_rule_life(record->version) <= hb_shard_rule_life(memory->version);
}

struct hb_shard_ruling hb_shard_rule_run(const struct hb_shard_entry *entry, const struct hb_shard_memory *memory,
                                         const struct hb_shard_record *record)
{
    HB_ASSERT(!entry || !memory);
    HB_ASSERT(record->offset >= 0 && record->version >= 1 && record->version < HB_SHARD_VERSION_MAX);
    HB_ASSERT(record->state == HB_DELIVERY_DELIVERED || hb_delivery_state_is_journaled(record->state));
    bool is_first = record->version == 1 && record->state != HB_DELIVERY_DELIVERED && record->repairs == HB_SHARD_NONE;
    if (entry && is_first && !is_same_event(&entry->position, &record->position))
        return refuse(HB_SHARD_CONFLICT, entry->state, entry->version, record);
    if (entry && is_stale_for_entry(entry, record))
        return refuse(HB_SHARD_STALE, entry->state, entry->version, record);
    if (memory && is_stale_for_memory(memory, record))
        return refuse(HB_SHARD_STALE, memory->state, memory->version, record);
    return apply(entry, memory, record);
}

bool hb_shard_rule_wants_repair(const struct hb_shard_entry *entry, const struct hb_shard_memory *memory,
                                int64_t repairs)
{
    return (entry && entry->offset < repairs) || (memory && memory->offset < repairs);
}

int64_t hb_shard_rule_life(int64_t version)
{
    return version < HB_SHARD_REPLAY_VERSION_MIN ? 0 : version / HB_SHARD_REPLAY_STEPS;
}

bool hb_shard_rule_is_far(int64_t version, struct hb_wall now)
{
    return hb_shard_rule_life(version) > now.ms + HB_SHARD_FAR_MS;
}

int64_t hb_shard_rule_replay_version(int64_t known_version, struct hb_wall at)
{
    int64_t life = larger(at.ms, HB_SHARD_REPLAY_VERSION_MIN / HB_SHARD_REPLAY_STEPS);
    return larger(life, hb_shard_rule_life(known_version) + 1) * HB_SHARD_REPLAY_STEPS;
}

enum hb_shard_gate hb_shard_rule_may_apply(struct hb_shard_head view, struct hb_shard_head mine)
{
    if (view.mark > mine.mark)
        return HB_SHARD_FENCED;
    return view.applied == mine.applied ? HB_SHARD_OPEN : HB_SHARD_BEHIND;
}

enum hb_shard_gate hb_shard_rule_may_claim(struct hb_shard_head view, struct hb_shard_head mine)
{
    enum hb_shard_gate gate = hb_shard_rule_may_apply(view, mine);
    return gate == HB_SHARD_OPEN && view.mark != mine.mark ? HB_SHARD_BEHIND : gate;
}

int64_t hb_shard_rule_take_mark(int64_t mark, int64_t offset)
{
    return larger(mark, offset);
}
