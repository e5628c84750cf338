#include "core/catalog_former.h"

#include "core/catalog_record.h"
#include "core/catalog_variants.h"

#include <inttypes.h>

#define ENTRY_FRAME_MAX 64 /* bytes of an entry around id and data */

struct list {
    struct hb_catalog_former entries[HB_CATALOG_FORMER_MAX];
    size_t count;
};

static void drop(struct list *list, size_t at)
{
    list->count--;
    memmove(&list->entries[at], &list->entries[at + 1], (list->count - at) * sizeof(list->entries[0]));
}

/* At the end; one of the same id goes, and the oldest if there is no room. */
static void push(struct list *list, const struct hb_catalog_former *former)
{
    for (size_t i = 0; i < list->count; i++)
        if (hb_catalog_id_eq(list->entries[i].id, former->id)) {
            drop(list, i);
            break;
        }
    if (list->count == HB_CATALOG_FORMER_MAX)
        drop(list, 0);
    list->entries[list->count++] = *former;
}

static bool has(struct hb_catalog_index *now, struct hb_str id)
{
    struct hb_cursor variant;
    return hb_catalog_index_find(now, id, &variant);
}

static void gather_known(const struct hb_catalog_product *current, struct hb_catalog_index *now, struct hb_wall at,
                         struct list *list)
{
    struct hb_catalog_former former;
    size_t state = 0;
    while (hb_catalog_former_next(current, &state, &former))
        if (former.at.ms + HB_CATALOG_FORMER_MS > at.ms && !has(now, former.id))
            push(list, &former);
}

static void gather_gone(const struct hb_catalog_product *current, struct hb_catalog_index *now, struct hb_wall at,
                        struct list *list)
{
    struct hb_cursor before = hb_catalog_variants(current->data), variant;
    struct hb_catalog_former former = {.at = at};
    size_t state = 0;
    while (before.kind == HB_CURSOR_ARRAY && hb_cursor_next(before, &state, NULL, &variant))
        if (hb_catalog_variant_id(variant, &former.id) && !has(now, former.id)) {
            former.data = variant.raw;
            push(list, &former);
        }
}

static size_t first_that_fits(const struct list *list)
{
    size_t bytes = 0, first = list->count;
    while (first > 0) {
        bytes += list->entries[first - 1].id.len + list->entries[first - 1].data.len + ENTRY_FRAME_MAX;
        if (bytes > HB_CATALOG_FORMER_BYTES_MAX)
            break;
        first--;
    }
    return first;
}

enum hb_err hb_catalog_former_write(const struct hb_catalog_product *current, struct hb_str data, struct hb_wall at,
                                    struct hb_buf *ret_json)
{
    struct list list = {.count = 0};
    struct hb_catalog_index now; /* the variants there are now: two lists of thousands are compared */
    enum hb_err err = HB_OK;
    hb_catalog_index_init(&now, hb_catalog_variants(data));
    gather_known(current, &now, at, &list);
    gather_gone(current, &now, at, &list);
    size_t first = first_that_fits(&list);
    for (size_t i = first; !err && i < list.count; i++) {
        const struct hb_catalog_former *former = &list.entries[i];
        err = hb_buf_addf(ret_json, "%c{\"id\":\"", i == first ? '[' : ',');
        err = err ? err : hb_buf_add(ret_json, former->id);
        err = err ? err : hb_buf_addf(ret_json, "\",\"at\":%" PRId64 ",\"data\":", former->at.ms);
        err = err ? err : hb_buf_add(ret_json, former->data);
        err = err ? err : hb_buf_add_char(ret_json, '}');
    }
    return err || first == list.count ? err : hb_buf_add_char(ret_json, ']');
}
