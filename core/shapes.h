/* Job: holds data against the canonical shape of its event type: docs/schemas, built into the program.
 *
 * Place: producer/ asks on publish, for stores that want it. A type's first word names its shape: order, product,
 * customer, inventory; all their types are held against it but order.deleted and inventory.deleted, whose data is not
 * the whole thing (product.deleted and customer.deleted need the id, which is all those shapes insist on). Other types
 * have no shape.
 * Owns / borrows: owns its schemas. Fails: HB_ERR_MEMORY; HB_ERR_INVALID if a file holds what core/schema does not
 * know, which a test keeps from happening. Threads: immutable. */
#ifndef CORE_SHAPES_H
#define CORE_SHAPES_H

#include "core/schema.h"

struct hb_shapes;

HB_MUST_USE enum hb_err hb_shapes_new(struct hb_shapes **ret_shapes, struct hb_error *reterr);
/* NULL is allowed; sets the pointer to NULL. */
void hb_shapes_free(struct hb_shapes **shapes);
/* The schema for an event type's data; NULL: it has none. */
const struct hb_schema *hb_shapes_of_type(const struct hb_shapes *shapes, struct hb_str type);

#define HB_SHAPES_COUNT 4
/* A file as it stands in docs/schemas; core/shapes_embed.cmake writes the table. */
struct hb_shape_text {
    const char *family;
    struct hb_str text;
};
extern const struct hb_shape_text hb_shape_texts[HB_SHAPES_COUNT];

#endif
