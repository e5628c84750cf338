/* Job: what one transaction will write: of each product that changed the newest record, and how far was read.
 *
 * Place: catalog/ alone. Two of them: one is filled while the other is under way. Owns / borrows: owns its keys, which
 * are copies, and the values it is given. Fails: HB_ERR_MEMORY. Limits: whoever fills it looks at events and bytes
 * (hb_writing_has_room). Threads: one. */
#ifndef CATALOG_BATCH_H
#define CATALOG_BATCH_H

#include "core/map.h"
#include "hookbus/catalog.h"

#define HB_CATALOG_PARTITIONS_MAX 1024
#define HB_BATCH_BYTES_MAX ((size_t)16 * 1024 * 1024)

struct hb_batch_entry {
    struct hb_batch_entry *next;
    int32_t partition;
    struct hb_buf value; /* of a product that is not gone */
    bool is_gone;        /* a tombstone */
    enum hb_catalog_state state;
    struct hb_wall idle_since;
    size_t key_len;
    char key[HB_CATALOG_KEY_MAX];
};

struct hb_batch {
    struct hb_map entries; /* by key */
    struct hb_batch_entry *first;
    size_t count;  /* entries */
    size_t events; /* read, also those that changed nothing */
    size_t bytes;
    struct hb_mono since; /* when the first event came; of an empty one nothing */
    bool is_touched[HB_CATALOG_PARTITIONS_MAX];
};

static inline bool hb_batch_is_empty(const struct hb_batch *batch)
{
    return batch->events == 0 && batch->count == 0;
}
/* Frees what it holds; it is empty. */
void hb_batch_clear(struct hb_batch *batch);
/* NULL: the product is not in it. */
struct hb_batch_entry *hb_batch_find(const struct hb_batch *batch, struct hb_str key);
/* An event of the partition was read. */
void hb_batch_count(struct hb_batch *batch, int32_t partition, struct hb_mono now);
struct hb_batch_record {
    int32_t partition;
    struct hb_str key;
    enum hb_catalog_state state;
    struct hb_wall idle_since;
};
/* The newest of that product is now take_value, whose memory passes; NULL: the product is gone. */
HB_MUST_USE enum hb_err hb_batch_put(struct hb_batch *batch, const struct hb_batch_record *record,
                                     struct hb_buf *take_value, struct hb_mono now);

#endif
