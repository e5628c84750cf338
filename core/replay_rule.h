/* Job: says whether a replay job takes a delivery.
 *
 * Place: replay/scan gathers what history says of each delivery of a webhook (its facts) and asks here, for a dry run
 * and for the run alike: so what was counted is what is sent. Owns / borrows: a rule borrows its lists and its
 * selection of types. Fails: never. Limits: none of its own. Cost: O(ids and subjects asked for). Threads: any.
 *
 * Each delivery is in one state, by the first line that holds:
 *   parked, held, dead, expired, cancelled   the journal says so
 *   delivered                                a tombstone in the journal, or a line of history, says so
 *   skipped                                  a line of history says so, and nothing of the above
 *   missing                                  the webhook as it is now would select the event, and nothing of the above
 *                                            (so a skipped one that it would select is missing, too)
 *
 * Example:
 *     switch (hb_replay_rule_judge(&rule, &facts)) { case HB_REPLAY_TAKE: … } */
#ifndef CORE_REPLAY_RULE_H
#define CORE_REPLAY_RULE_H

#include "core/delivery_state.h"
#include "core/ids.h"
#include "hookbus/event.h"

struct hb_selection;

#define HB_REPLAY_DELIVERY_BYTES 16
/* No entry in the journal. */
#define HB_REPLAY_NO_ENTRY (-1)
/* What would be missing so shortly before the job was made may just be on its way. */
#define HB_REPLAY_MISSING_GRACE_MS INT64_C(60000)

/* HB_REPLAY_STATE(NAME, text): what can be asked for. */
#define HB_REPLAY_STATES(X)                                                                                            \
    X(DEAD, "dead")                                                                                                    \
    X(HELD, "held")                                                                                                    \
    X(PARKED, "parked")                                                                                                \
    X(EXPIRED, "expired")                                                                                              \
    X(CANCELLED, "cancelled")                                                                                          \
    X(SKIPPED, "skipped")                                                                                              \
    X(DELIVERED, "delivered")                                                                                          \
    X(MISSING, "missing")
enum hb_replay_state {
#define HB_REPLAY_STATE_ENUM(name, text) HB_REPLAY_##name,
    HB_REPLAY_STATES(HB_REPLAY_STATE_ENUM)
#undef HB_REPLAY_STATE_ENUM
        HB_REPLAY_STATE_COUNT
};
#define HB_REPLAY_BIT(name) (1U << HB_REPLAY_##name)

/* What a job asks for. */
struct hb_replay_rule {
    unsigned states;                  /* bits 1 << enum hb_replay_state, at least one */
    struct hb_wall since, until;      /* append time of the event: since <= appended < until */
    const struct hb_selection *types; /* NULL: any */
    const uint64_t *subjects;         /* first 8 bytes of SHA-256(subject), big-endian; sorted */
    size_t subjects_count;            /* 0: any */
    const unsigned char (*deliveries)[HB_REPLAY_DELIVERY_BYTES]; /* sorted */
    size_t deliveries_count;                                     /* 0: any */
};

/* What is known of one delivery of the webhook. */
struct hb_replay_facts {
    const unsigned char *delivery; /* HB_REPLAY_DELIVERY_BYTES */
    int journal;                   /* enum hb_delivery_state of its entry: parked, held, dead, expired, cancelled; or
                                      HB_REPLAY_NO_ENTRY */
    bool was_delivered, was_skipped;
    bool is_wanted; /* the webhook as it is now would select the event */
    bool is_taken;  /* the job has it already, or it was delivered since the job began */
    bool has_appended;
    struct hb_wall appended;
    bool has_subject;
    uint64_t subject;
    bool has_event; /* the event's record was read: is_of_type holds */
    bool is_of_type;
    bool is_event_gone; /* its record is no longer in Kafka */
};

/* ASK: the event's record must be read first. GONE: it is asked for, and cannot be sent any more. */
enum hb_replay_verdict { HB_REPLAY_LEAVE, HB_REPLAY_TAKE, HB_REPLAY_ASK, HB_REPLAY_GONE };
enum hb_replay_verdict hb_replay_rule_judge(const struct hb_replay_rule *rule, const struct hb_replay_facts *facts);

/* Whether lines of history, or the events themselves, must be read to know the states asked for. The journal always
 * is. */
bool hb_replay_rule_needs_lines(const struct hb_replay_rule *rule);
bool hb_replay_rule_needs_events(const struct hb_replay_rule *rule);
/* "dead" …; and back: -1 if unknown. */
const char *hb_replay_state_text(enum hb_replay_state state);
int hb_replay_state_find(struct hb_str text);

/* Where a job stands: deliveries are selected in the order of their events' append time, then place in Kafka, which no
 * crash changes. */
struct hb_replay_cursor {
    struct hb_wall appended; /* ms -1: at the beginning */
    int topic;
    int32_t partition;
    int64_t offset;
};
#define HB_REPLAY_BEGINNING ((struct hb_replay_cursor){{-1}, 0, 0, 0})
/* <0, 0, >0. */
int hb_replay_cursor_cmp(const struct hb_replay_cursor *a, const struct hb_replay_cursor *b);

#endif
