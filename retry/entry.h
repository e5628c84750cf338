/* Job: a delivery that waits, packed as it stands in Redis: 40 bytes, 48 with its subject.
 *
 * Place: retry/view writes and reads them; the scripts look at format, state, version and positions. Owns: nothing; an
 * unpacked job is a view of the answer it came in. Fails: unpacking what is foreign, cut, of a later format or beyond the
 * limits: false (set it aside with its bytes, go on; is_entry in retry/scripts/common.lua judges alike). Limits: those
 * below, and the event topics there are; packing asserts them; attempts are kept up to 65,535. A new row in the middle
 * of the table of reasons is a new format. Threads: any.
 *
 *   0 format   1 state   2 version (7)   9 topic (3 bits) and partition (13)   11 event offset (6)
 *   17 journal offset (6)   23 attempts (2)   25 reason   26 first failure, ms (6)   32 appended, ms (6)
 *   38 number of the job (2; the shard's view has the name)   40 subject (8), if its order matters; all big-endian */
#ifndef RETRY_ENTRY_H
#define RETRY_ENTRY_H

#include "core/journal_record.h"
#include "hookbus/outcome.h"

#define HB_ENTRY_FORMAT 1
#define HB_ENTRY_BYTES_MAX 48
#define HB_ENTRY_BYTES_MIN 40
#define HB_ENTRY_PARTITION_MAX HB_JOURNAL_PARTITION_MAX
#define HB_ENTRY_NUMBER_MAX HB_JOURNAL_NUMBER_MAX
/* Two lives above what is read from the journal, for what the rule adds; two below what can be written.
 * retry/scripts/common.lua has the same number. */
#define HB_ENTRY_VERSION_MAX (HB_SHARD_VERSION_MAX - 2 * (int64_t)HB_SHARD_REPLAY_STEPS)

struct hb_entry {
    struct hb_shard_entry rule; /* state, version, journal offset, event position (with `appended`) */
    int64_t attempts;
    enum hb_reason reason;
    struct hb_wall first_failed; /* HB_JOURNAL_NEVER: none */
    bool is_ordered;             /* its subject counts */
    uint64_t subject;            /* 0 unless is_ordered */
};

/* The codes of states in Redis, which never change: 0 delivered, 1 parked, 2 held, 3 dead, 4 expired, 5 cancelled. */
int hb_entry_code(enum hb_delivery_state state);
/* The state of a code; -1: there is no such code. */
int hb_entry_state(int64_t code);
/* Packs, with no job; returns the length. The state is PARKED, HELD or DEAD. */
size_t hb_entry_pack(const struct hb_entry *entry, unsigned char ret_bytes[HB_ENTRY_BYTES_MAX]);
bool hb_entry_unpack(struct hb_str bytes, struct hb_entry *ret_entry);
/* The reason of a word in the journal; not_sent for a word the table does not have. */
enum hb_reason hb_entry_reason(struct hb_str word);

#endif
