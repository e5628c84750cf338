#include "core/replay_rule.h"

#include "core/words.h"

#include <stdlib.h>

static const char *const state_texts[HB_REPLAY_STATE_COUNT] = {
#define HB_REPLAY_STATE_TEXT(name, text) text,
    HB_REPLAY_STATES(HB_REPLAY_STATE_TEXT)
#undef HB_REPLAY_STATE_TEXT
};

const char *hb_replay_state_text(enum hb_replay_state state)
{
    HB_ASSERT((unsigned)state < HB_REPLAY_STATE_COUNT);
    return state_texts[state];
}

int hb_replay_state_find(struct hb_str text)
{
    return HB_WORDS_FIND(state_texts, text);
}

/* The bits of what the delivery is. */
static unsigned states_of(const struct hb_replay_facts *facts)
{
    static const struct {
        enum hb_delivery_state journal;
        unsigned bit;
    } IN_JOURNAL[] = {{HB_DELIVERY_DEAD, HB_REPLAY_BIT(DEAD)},
                      {HB_DELIVERY_HELD, HB_REPLAY_BIT(HELD)},
                      {HB_DELIVERY_PARKED, HB_REPLAY_BIT(PARKED)},
                      {HB_DELIVERY_EXPIRED, HB_REPLAY_BIT(EXPIRED)},
                      {HB_DELIVERY_CANCELLED, HB_REPLAY_BIT(CANCELLED)}};
    for (size_t i = 0; i < sizeof IN_JOURNAL / sizeof *IN_JOURNAL; i++)
        if (facts->journal == (int)IN_JOURNAL[i].journal)
            return IN_JOURNAL[i].bit;
    HB_ASSERT(facts->journal == HB_REPLAY_NO_ENTRY);
    if (facts->was_delivered)
        return HB_REPLAY_BIT(DELIVERED);
    return (facts->was_skipped ? HB_REPLAY_BIT(SKIPPED) : 0) | (facts->is_wanted ? HB_REPLAY_BIT(MISSING) : 0);
}

static int cmp_u64(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static int cmp_delivery(const void *a, const void *b)
{
    return memcmp(a, b, HB_REPLAY_DELIVERY_BYTES);
}

static bool is_asked_for(const struct hb_replay_rule *rule, const struct hb_replay_facts *facts)
{
    if (rule->deliveries_count > 0 &&
        !bsearch(facts->delivery, rule->deliveries, rule->deliveries_count, HB_REPLAY_DELIVERY_BYTES, cmp_delivery))
        return false;
    if (facts->has_appended && (facts->appended.ms < rule->since.ms || facts->appended.ms >= rule->until.ms))
        return false;
    return rule->subjects_count == 0 || !facts->has_subject ||
           bsearch(&facts->subject, rule->subjects, rule->subjects_count, sizeof facts->subject, cmp_u64);
}

enum hb_replay_verdict hb_replay_rule_judge(const struct hb_replay_rule *rule, const struct hb_replay_facts *facts)
{
    if (facts->is_taken || !(states_of(facts) & rule->states) || !is_asked_for(rule, facts))
        return HB_REPLAY_LEAVE;
    if (rule->types && facts->has_event && !facts->is_of_type)
        return HB_REPLAY_LEAVE;
    if (facts->is_event_gone)
        return HB_REPLAY_GONE;
    bool is_known =
        facts->has_appended && (!rule->types || facts->has_event) && (rule->subjects_count == 0 || facts->has_subject);
    return is_known ? HB_REPLAY_TAKE : HB_REPLAY_ASK;
}

bool hb_replay_rule_needs_lines(const struct hb_replay_rule *rule)
{
    return rule->states & (HB_REPLAY_BIT(SKIPPED) | HB_REPLAY_BIT(DELIVERED) | HB_REPLAY_BIT(MISSING));
}

bool hb_replay_rule_needs_events(const struct hb_replay_rule *rule)
{
    return rule->states & HB_REPLAY_BIT(MISSING);
}

int hb_replay_cursor_cmp(const struct hb_replay_cursor *a, const struct hb_replay_cursor *b)
{
    if (a->appended.ms != b->appended.ms)
        return a->appended.ms < b->appended.ms ? -1 : 1;
    if (a->topic != b->topic)
        return a->topic < b->topic ? -1 : 1;
    if (a->partition != b->partition)
        return a->partition < b->partition ? -1 : 1;
    return (a->offset > b->offset) - (a->offset < b->offset);
}
