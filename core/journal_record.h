/* Job: a record of the journal to and from bytes (docs/schemas/records.md, "Journal").
 *
 * Place: dispatcher/ and retry/ write with it, the shard's owner and the read model read with it. What the record does
 * to a shard's view is core/shard_rule's to say. Owns / borrows: strings are views of the record's bytes; writing
 * borrows `scratch` and appends to a buffer of the caller. Fails: writing with HB_ERR_MEMORY and HB_ERR_FULL of the
 * buffer; fields that break the grammar are a bug (HB_ASSERT). Reading never fails: what is foreign or cut is
 * UNREADABLE (set it aside with its bytes, go on), a later version NEWER; so is what no view could keep. Limits: a
 * value has at most HB_JOURNAL_VALUE_MAX bytes; the numbers below. Cost: one pass. Threads: any.
 *
 * Example:
 *     struct hb_name_value headers[HB_JOURNAL_HEADERS_MAX];
 *     size_t count = hb_journal_headers(&record, scratch, headers);
 *     err = hb_journal_write(&record, &value); */
#ifndef CORE_JOURNAL_RECORD_H
#define CORE_JOURNAL_RECORD_H

#include "core/delivery_state.h"
#include "core/event_record.h"
#include "core/shard_rule.h"

#define HB_JOURNAL_HEADERS_MAX 4
#define HB_JOURNAL_SCRATCH_MAX 64
#define HB_JOURNAL_VALUE_MAX 1024
#define HB_JOURNAL_REASON_MAX 32
#define HB_JOURNAL_ATTEMPTS_MAX 1000000
/* Offsets and times: a view keeps them in 48 bits, of which the last one means "none" (retry/entry.h). */
#define HB_JOURNAL_NUMBER_MAX ((INT64_C(1) << 48) - 2)
/* Read are partitions up to here, for which a view has 13 bits... */
#define HB_JOURNAL_PARTITION_MAX 8191
/* ...and versions up to here, four lives below the largest that can be written: whatever was read can be followed,
 * repaired and replayed. */
#define HB_JOURNAL_VERSION_MAX (HB_SHARD_VERSION_MAX - 4 * (int64_t)HB_SHARD_REPLAY_STEPS)
/* The key of a takeover record. */
#define HB_JOURNAL_TAKEOVER_KEY "takeover"
/* The writer did not know the subject. */
#define HB_JOURNAL_NO_SUBJECT 0
/* No first failure. */
#define HB_JOURNAL_NEVER INT64_C(-1)

enum hb_journal_kind {
    HB_JOURNAL_STATE,     /* a value: parked, held, dead, expired, cancelled */
    HB_JOURNAL_TOMBSTONE, /* no value: delivered */
    HB_JOURNAL_TAKEOVER   /* a dispatcher became the shard's owner */
};

struct hb_journal_record {
    enum hb_journal_kind kind;
    struct hb_str id;      /* "dlv_…", the key; not of a takeover */
    struct hb_str webhook; /* not of a takeover */
    int64_t version;       /* 1..HB_SHARD_VERSION_MAX; not of a takeover */
    int64_t repairs;       /* or HB_SHARD_NONE */
    struct hb_str owner;   /* of a takeover: the worker's name */
    /* A state's alone: */
    enum hb_delivery_state state; /* DELIVERED for a tombstone */
    struct hb_str store;
    struct hb_str event; /* empty: the writer did not know it; readers keep what they knew */
    uint64_t subject;    /* first 8 bytes of SHA-256(subject), big-endian; HB_JOURNAL_NO_SUBJECT: as the event */
    struct hb_position position;
    int64_t attempts;
    struct hb_wall first_failed; /* HB_JOURNAL_NEVER: no attempt has failed yet */
    struct hb_wall due;
    struct hb_str reason; /* a word: [a-z0-9_], at most HB_JOURNAL_REASON_MAX */
    struct hb_str job;    /* replay job; empty: none */
};

/* The record's key: its id, or HB_JOURNAL_TAKEOVER_KEY. */
struct hb_str hb_journal_key(const struct hb_journal_record *record);
/* Fills headers; scratch holds the numbers and must live as long. Returns how many. */
size_t hb_journal_headers(const struct hb_journal_record *record, char scratch[HB_JOURNAL_SCRATCH_MAX],
                          struct hb_name_value ret_headers[HB_JOURNAL_HEADERS_MAX]);
/* Appends the value. Not of a tombstone: that is a record without a value. */
HB_MUST_USE enum hb_err hb_journal_write(const struct hb_journal_record *record, struct hb_buf *ret_value);

enum hb_journal_read { HB_JOURNAL_READ_OK, HB_JOURNAL_READ_UNREADABLE, HB_JOURNAL_READ_NEWER };
struct hb_journal_source {
    struct hb_str key, value; /* value.ptr NULL: a tombstone */
    const struct hb_name_value *headers;
    size_t headers_count;
};
/* Reads a record, strictly: every field that is not optional is there, each once, within its grammar, and no other.
 * ret_problem says the field that is wrong (a constant text) when UNREADABLE. */
enum hb_journal_read hb_journal_read(const struct hb_journal_source *source, struct hb_journal_record *ret_record,
                                     const char **ret_problem);
/* What core/shard_rule looks at; offset: the record's own. Not of a takeover. */
struct hb_shard_record hb_journal_to_rule(const struct hb_journal_record *record, int64_t offset);

#endif
