#include "core/shapes.h"

#include <stdlib.h>

struct hb_shapes {
    struct hb_schema *schemas[HB_SHAPES_COUNT];
};

enum hb_err hb_shapes_new(struct hb_shapes **ret_shapes, struct hb_error *reterr)
{
    struct hb_shapes *shapes = calloc(1, sizeof(*shapes));
    enum hb_err err = shapes ? HB_OK : hb_fail(reterr, HB_ERR_MEMORY, "out of memory");
    for (size_t i = 0; !err && i < HB_SHAPES_COUNT; i++)
        err = hb_schema_new(hb_shape_texts[i].text, &shapes->schemas[i], reterr);
    if (err) {
        hb_shapes_free(&shapes);
        return err;
    }
    *ret_shapes = shapes;
    return HB_OK;
}

void hb_shapes_free(struct hb_shapes **shapes)
{
    for (size_t i = 0; *shapes && i < HB_SHAPES_COUNT; i++)
        hb_schema_free(&(*shapes)->schemas[i]);
    free(*shapes);
    *shapes = NULL;
}

const struct hb_schema *hb_shapes_of_type(const struct hb_shapes *shapes, struct hb_str type)
{
    struct hb_str rest = type, family = {NULL, 0};
    (void)hb_str_split(&rest, '.', &family);
    if (hb_str_eq(type, HB_STR("order.deleted")) || hb_str_eq(type, HB_STR("inventory.deleted")))
        return NULL;
    for (size_t i = 0; i < HB_SHAPES_COUNT; i++)
        if (hb_str_eq(family, hb_str_c(hb_shape_texts[i].family)))
            return shapes->schemas[i];
    return NULL;
}
