/* Job: remembers the last event ids a process met, so that the same id at another place in Kafka is noticed.
 *
 * Place: used by dispatcher/ before routing (reasons `duplicate_id`, `conflicting_id`). A hint, bounded: what
 * was forgotten is new. Owns / borrows: owns its tables; copies what it is given. Fails: HB_ERR_MEMORY on making,
 * nothing later. Limits: the oldest id is forgotten first; O(1) a meeting; 48 bytes an id, touched only as ids come (a
 * million: 48 MB). Threads: one. */
#ifndef CORE_ID_MEMORY_H
#define CORE_ID_MEMORY_H

#include "hookbus/event.h"

#define HB_ID_MEMORY_KEY_BYTES 16
#define HB_ID_MEMORY_IDS_MAX (UINT32_C(1) << 28)

struct hb_id_memory;

enum hb_id_meeting {
    HB_ID_NEW,           /* not met, or forgotten; it is remembered now */
    HB_ID_SAME_POSITION, /* the same record again (a repeat): not a duplicate */
    HB_ID_DUPLICATE,     /* at another position with the same body */
    HB_ID_CONFLICT       /* with another body */
};

/* Remembers ids_max ids (1..HB_ID_MEMORY_IDS_MAX). */
HB_MUST_USE enum hb_err hb_id_memory_new(size_t ids_max, struct hb_id_memory **ret_memory);
void hb_id_memory_free(struct hb_id_memory **memory);
/* key: a keyed hash (core/hash) of store, 0x00, id; body_hash: of the data. What is remembered of an id is its first
 * meeting. */
enum hb_id_meeting hb_id_memory_meet(struct hb_id_memory *memory, const unsigned char key[HB_ID_MEMORY_KEY_BYTES],
                                     uint64_t body_hash, struct hb_position position);
/* How many ids it remembers now. */
size_t hb_id_memory_count(const struct hb_id_memory *memory);

#endif
