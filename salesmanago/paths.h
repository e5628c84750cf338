/* Job: a path into the canonical product, read from text and followed.
 *
 * Place: private to the mapping and the items. "name", "attributes.color", "images[0]", "categories[1:].name",
 * "attributes[\"any name\"]". A name on a list means that member of each of its items.
 * Owns / borrows: names are views of what the path was read from. Fails: HB_ERR_INVALID with a sentence. Limits:
 * HB_SM_PATH_STEPS_MAX. Cost: a scan of what the path leads through. Threads: any. */
#ifndef SALESMANAGO_PATHS_H
#define SALESMANAGO_PATHS_H

#include "core/json_cursor.h"

#define HB_SM_PATH_STEPS_MAX 8
#define HB_SM_PATH_INDEX_MAX 9999

enum hb_sm_step_kind { HB_SM_STEP_NAME, HB_SM_STEP_INDEX, HB_SM_STEP_FROM };
struct hb_sm_step {
    enum hb_sm_step_kind kind;
    struct hb_str name; /* plain text */
    unsigned index;     /* INDEX: that item; FROM: that and all behind it */
};
struct hb_sm_path {
    struct hb_str text;                            /* as it was written */
    struct hb_sm_step steps[HB_SM_PATH_STEPS_MAX]; /* the first is a NAME */
    size_t count;                                  /* 0: no path */
};

/* `place` is what the sentence begins with ("fields.season"). */
HB_MUST_USE enum hb_err hb_sm_path_read(struct hb_str text, const char *place, struct hb_sm_path *ret_path,
                                        struct hb_error *reterr);

/* Called with each value a path leads to; false: no more. null and nothing are never given. */
typedef bool hb_sm_path_fn(struct hb_cursor value, void *ctx);
/* Follows the steps from `from` on. False: the callback wanted no more. */
bool hb_sm_path_follow(const struct hb_sm_path *path, size_t from, struct hb_cursor value, hb_sm_path_fn *fn,
                       void *ctx);

#endif
