/* Job: merges events into a product the way the worker does: through the bytes of its record. */
#ifndef TESTS_UNIT_CATALOG_FOLDS_H
#define TESTS_UNIT_CATALOG_FOLDS_H

#include "unit/core/check.h"

#include "core/catalog_merge.h"
#include "core/catalog_record.h"

#define FOLD_AT INT64_C(1700000000000)

/* An event as a test says it. */
struct told {
    const char *type;     /* "product.updated" */
    const char *data;     /* JSON text */
    const char *sequence; /* NULL: none */
    const char *time;     /* NULL: none */
    int64_t appended;     /* ms behind FOLD_AT */
    int64_t offset;
};

/* A product's record, and what the last event did. */
struct fold {
    struct hb_buf value; /* empty: nothing is known */
    enum hb_catalog_effect effect;
    const char *problem;
};
struct fold fold_make(void);
void fold_free(struct fold *fold);
/* Of product "1001" of store "acme". */
void fold_tell(struct fold *fold, const struct told *told);
/* The same with another subject. */
void fold_tell_of(struct fold *fold, const char *subject, const struct told *told);
/* The product as the record says it; views live until the next event. */
struct hb_catalog_product fold_read(const struct fold *fold);

#endif
