/* Job: remembers across a kill -9 which events of the ring were settled already.
 *
 * A memory-mapped file with eight bytes for each event topic, partition and slot (offset modulo slots): a mark made
 * of event id, store, append time and offset. It outlives the process on the same machine, so that a restart repeats
 * only what was in flight. It is a hint: absent, foreign or not matching, the event is delivered again.
 * docs/schemas/records.md has the layout.
 * Owns: the mapping. Fails: HB_ERR_IO (cannot be made; the text says why), HB_ERR_MEMORY. Limits: topics ×
 * partitions × slots × 8 bytes, sparse. Threads: the loop's; the first touch of a page may read the disk. */
#ifndef DISPATCHER_SETTLED_FILE_H
#define DISPATCHER_SETTLED_FILE_H

#include "hookbus/event.h"

struct hb_settled_file;

/* Opens or makes <dir>/<worker>.settled, locked against a second process: HB_ERR_CONFLICT when somebody holds it. A
 * file of another shape is made anew. */
HB_MUST_USE enum hb_err hb_settled_file_open(const char *dir, const char *worker, uint32_t partitions, uint32_t slots,
                                             struct hb_settled_file **ret_file, struct hb_error *reterr);
void hb_settled_file_close(struct hb_settled_file **file);
/* The mark of an event at its position: never 0. */
uint64_t hb_settled_mark(const struct hb_event *event, const struct hb_position *position);
/* Whether this mark stands there: the event was settled by this worker. file NULL: false. */
bool hb_settled_file_has(const struct hb_settled_file *file, const struct hb_position *position, uint64_t mark);
/* Writes the mark. file NULL: nothing. */
void hb_settled_file_put(struct hb_settled_file *file, const struct hb_position *position, uint64_t mark);

/* An event that crashes its worker three times is set aside. Between enter and leave the worker handles the event at
 * `position`; a worker that never left crashed in it, which the next open counts. file NULL: nothing, and nobody is
 * ever set aside. */
#define HB_CRASHES_MAX 3
void hb_settled_file_enter(struct hb_settled_file *file, const struct hb_position *position);
void hb_settled_file_leave(struct hb_settled_file *file);
/* Crashes counted for this position, one after the other. */
uint32_t hb_settled_file_crashes(const struct hb_settled_file *file, const struct hb_position *position);

#endif
