/* Job: the file that holds the current products of this worker's partitions, and up to which offset of the topic
 * `catalog` each partition of it is true.
 *
 * Place: catalog/ alone. Only what stands in the topic is ever written here, so a file that is gone, older, of another
 * cluster or damaged costs nothing but reading the topic. Owns / borrows: texts given are borrowed for the call; what
 * is read is copied into the caller's buffer. Fails: HB_ERR_INVALID (damaged, of another version or another's: remove
 * it and open again), HB_ERR_IO, HB_ERR_MEMORY. Limits: the disk. Threads: one; calls may wait for the disk. */
#ifndef CATALOG_STATE_FILE_H
#define CATALOG_STATE_FILE_H

#include "hookbus/catalog.h"

#define HB_STATE_OFFSET_NONE INT64_C(-1)

struct hb_state_file;

/* source: which cluster and topic it is of; another one's file is HB_ERR_INVALID. */
HB_MUST_USE enum hb_err hb_state_file_open(const char *path, struct hb_str source, struct hb_state_file **ret_file,
                                           struct hb_error *reterr);
/* What was not committed is gone. NULL is allowed; sets the pointer to NULL. */
void hb_state_file_free(struct hb_state_file **file);
/* Removes a file nobody has open. */
void hb_state_file_remove(const char *path);
/* What it says about the last failure. */
const char *hb_state_file_trouble(const struct hb_state_file *file);
/* Everything since the last commit stands from now on, whatever kills the process. */
HB_MUST_USE enum hb_err hb_state_file_commit(struct hb_state_file *file);

/* The record's value of a product; *ret_found false: there is none. */
HB_MUST_USE enum hb_err hb_state_file_get(struct hb_state_file *file, struct hb_str key, struct hb_buf *ret_value,
                                          bool *ret_found);
struct hb_state_row {
    int32_t partition;
    struct hb_str key;
    struct hb_str value;        /* ptr NULL: the product is gone */
    enum hb_catalog_state state; /* of a value */
    struct hb_wall idle_since;   /* hb_catalog_idle_since */
};
HB_MUST_USE enum hb_err hb_state_file_put(struct hb_state_file *file, const struct hb_state_row *row);

/* The next offset of the topic that is not in the file, and when that was known to be the end; HB_STATE_OFFSET_NONE. */
HB_MUST_USE enum hb_err hb_state_file_offset(struct hb_state_file *file, int32_t partition, int64_t *ret_next,
                                             struct hb_wall *ret_at);
HB_MUST_USE enum hb_err hb_state_file_set_offset(struct hb_state_file *file, int32_t partition, int64_t next,
                                                 struct hb_wall at);
/* Nothing is known of the partition any more. */
HB_MUST_USE enum hb_err hb_state_file_forget(struct hb_state_file *file, int32_t partition);

/* The keys of at most max products of the partition that are deleted, or partial, and idle since their time or before
 * it. */
struct hb_state_idle {
    int32_t partition;
    struct hb_wall deleted, partial;
};
struct hb_state_key {
    size_t len;
    char key[HB_CATALOG_KEY_MAX];
};
HB_MUST_USE enum hb_err hb_state_file_idle(struct hb_state_file *file, const struct hb_state_idle *idle,
                                           struct hb_state_key *ret_keys, size_t max, size_t *ret_count);
/* How many products are partial. */
HB_MUST_USE enum hb_err hb_state_file_partial(struct hb_state_file *file, int64_t *ret_count);

#endif
