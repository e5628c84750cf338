/* Job: decides what one journal record does to a shard's view.
 *
 * Place: the rule of docs/decisions/0006-versions-have-lives.md, as values only. retry/ applies batches of records by a
 * Redis script that is the same rule once more in Lua; a test holds the two against each other, and tests/sim shows
 * what the rule promises.
 *
 * The view of a shard is: `applied` (offset of the last journal record applied), `mark` (offset of the takeover record
 * of the owner), an entry a delivery that waits (parked, held, dead), and a bounded memory of deliveries that were done
 * not long ago. An id has an entry or a memory or neither, never both.
 *
 *   record                           entry                  memory                    neither
 *   tombstone                        removed, remembered    remembered anew           remembered
 *   tombstone that repairs R         the same, but stale if the entry was made above R; else as above
 *   expired, cancelled               as the next row, but the entry is removed and the end is remembered
 *   parked, held, dead; version 1    conflict if of another event position, else stale
 *                                                           applied, forgotten        applied
 *   the same, version 2 and more     applied if the version is larger, the position the same and, if it repairs R,
 *                                    the entry was not made above R; else stale
 *                                                           stale; but applied if of  applied
 *                                                           a later life than the end,
 *                                                           or a repair that nothing
 *                                                           overtook of an end that was
 *                                                           no success
 *
 * Whatever is stale or in conflict wants a *repair*: the true state written again with a version above both, naming the
 * offset it repairs, so that compaction cannot keep the stale record in its place. A missing entry never means "done".
 * Versions: a first park is 1, every other record one more than the state it follows, a tombstone of the fast path
 * (which follows nothing) 1. A replay's selection begins a new *life* of the delivery, often without knowing what was
 * before: its version is its wall time in ms times 1024 (hb_shard_rule_replay_version), larger than what any number of
 * attempts reaches; so it replaces every earlier state, and what follows it is never mistaken for an earlier life.
 *
 * Owns: nothing. Fails: never; offsets and versions out of range are bugs (HB_ASSERT). Cost: O(1). Threads: any.
 *
 * Example:
 *     struct hb_shard_ruling ruling = hb_shard_rule_run(entry, memory, &record);
 *     if (ruling.change == HB_SHARD_PUT) { put(record); } else if (ruling.change == HB_SHARD_REMOVE) { remove(id); } */
#ifndef CORE_SHARD_RULE_H
#define CORE_SHARD_RULE_H

#include "core/delivery_state.h"
#include "hookbus/event.h"

/* No such offset: `applied` or `mark` are missing, a record repairs nothing. */
#define HB_SHARD_NONE INT64_C(-1)
/* Versions from here on began with a replay: the wall time in ms of its selection times this, so that what follows it
 * stays below the next life's. Smaller versions are the first life's. */
#define HB_SHARD_REPLAY_STEPS 1024
#define HB_SHARD_REPLAY_VERSION_MIN (INT64_C(1) << 40)
/* Versions are exact in Lua and JSON. */
#define HB_SHARD_VERSION_MAX ((INT64_C(1) << 53) - 1)
/* No life begins so far from now, however wrong a clock is: such a version is not ours. */
#define HB_SHARD_FAR_MS (366 * HB_MS_PER_DAY)

/* What the rule looks at of a delivery that waits. */
struct hb_shard_entry {
    enum hb_delivery_state state; /* PARKED, HELD, DEAD (a lease is the owner's, not the journal's) */
    int64_t version;
    int64_t offset;              /* journal offset of the record it was made of */
    struct hb_position position; /* where its event stands; `appended` is not compared */
};

/* A delivery that was done not long ago. */
struct hb_shard_memory {
    enum hb_delivery_state state; /* DELIVERED, EXPIRED, CANCELLED */
    int64_t version;              /* the largest of its record's and of the state that ended */
    int64_t offset;               /* journal offset of the record that said so */
};

struct hb_shard_record {
    enum hb_delivery_state state; /* DELIVERED: a tombstone; or PARKED, HELD, DEAD, EXPIRED, CANCELLED */
    int64_t version;
    int64_t offset;              /* its own, in the journal */
    int64_t repairs;             /* offset of the stale record it repairs, or HB_SHARD_NONE */
    struct hb_position position; /* not of a tombstone */
};

enum hb_shard_verdict { HB_SHARD_APPLIED, HB_SHARD_STALE, HB_SHARD_CONFLICT };
enum hb_shard_change { HB_SHARD_KEEP, HB_SHARD_PUT, HB_SHARD_REMOVE };
enum hb_shard_recall { HB_SHARD_AS_IT_IS, HB_SHARD_REMEMBER, HB_SHARD_FORGET };

struct hb_shard_ruling {
    enum hb_shard_verdict verdict;
    enum hb_shard_change change; /* to the entry: PUT makes it of the record, but with entry_version */
    int64_t entry_version;       /* of a PUT: above the memory's, so that what an earlier life wrote stays stale */
    enum hb_shard_recall recall; /* to the memory: REMEMBER makes it of the record, but with memory_version */
    int64_t memory_version;
    /* STALE and CONFLICT: the repair that is wanted. The entry's state, or the memory's (DELIVERED: a tombstone;
     * EXPIRED and CANCELLED: the stale record's fields with that state); its version; it repairs record->offset. */
    enum hb_delivery_state repair_state;
    int64_t repair_version; /* 0: none */
};

/* The rule. entry and memory may be NULL, and one of them is. */
struct hb_shard_ruling hb_shard_rule_run(const struct hb_shard_entry *entry, const struct hb_shard_memory *memory,
                                         const struct hb_shard_record *record);
/* Whether a repair of the record at `repairs` is still needed: false once something later was applied to the
 * delivery. */
bool hb_shard_rule_wants_repair(const struct hb_shard_entry *entry, const struct hb_shard_memory *memory,
                                int64_t repairs);
/* The version of a replay's selection at that time; of a later life than the known state's (0: none known). */
int64_t hb_shard_rule_replay_version(int64_t known_version, struct hb_wall at);
/* The life a version belongs to: 0 the first one. */
int64_t hb_shard_rule_life(int64_t version);

/* Whether it is of a life that nobody can have begun yet: no attempt could follow such a version for ever. */
bool hb_shard_rule_is_far(int64_t version, struct hb_wall now);

/* The two numbers of a view, as Redis has them now, or as an owner knows them. */
struct hb_shard_head {
    int64_t applied;
    int64_t mark;
};

/* OPEN: go on. FENCED: a later owner took over: stop. BEHIND: the view is not the one remembered (wiped, restored,
 * failed over, or a reply was lost): catch up from its `applied` + 1, from the start when that is missing. */
enum hb_shard_gate { HB_SHARD_OPEN, HB_SHARD_FENCED, HB_SHARD_BEHIND };

/* Whether an owner with `mine` (its own mark, and the `applied` it expects) may apply a batch. A missing or smaller
 * mark does not hinder: it is set by applying takeover records, never by a reconnect. */
enum hb_shard_gate hb_shard_rule_may_apply(struct hb_shard_head view, struct hb_shard_head mine);
/* Whether it may claim, which also needs the mark to be its own: a view that has not met the owner's takeover
 * record is not caught up. */
enum hb_shard_gate hb_shard_rule_may_claim(struct hb_shard_head view, struct hb_shard_head mine);
/* The mark after a takeover record at `offset`: the larger wins. */
int64_t hb_shard_rule_take_mark(int64_t mark, int64_t offset);

#endif
