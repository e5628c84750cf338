#include "core/catalog_former.h"

#include "core/catalog_record.h"
#include "core/catalog_variants.h"

#include <inttypes.h>
#include <stdlib.h>

#define ENTRY_FRAME_MAX 64 /* bytes of an entry around id and data */

/* The ids of the variants there are now, by what they hash to: two lists of thousands are compared. */
struct known {
    uint64_t hash;
    struct hb_str id;
};
struct now {
    struct known *ids;
    size_t count;
};

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

/* FNV-1a of what it says, however it is escaped. */
static uint64_t hash_of(struct hb_str id)
{
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    for (size_t at = 0; at < id.len;)
        hash = (hash ^ hb_cursor_text_point(id, &at)) * UINT64_C(0x100000001B3);
    return hash;
}

static int by_hash(const void *a, const void *b)
{
    uint64_t one = ((const struct known *)a)->hash, other = ((const struct known *)b)->hash;
    return (one > other) - (one < other);
}

static enum hb_err know(struct hb_cursor variants, struct now *now)
{
    struct hb_cursor variant;
    size_t state = 0, count = 0;
    *now = (struct now){NULL, 0};
    while (variants.kind == HB_CURSOR_ARRAY && hb_cursor_next(variants, &state, NULL, &variant))
        count++;
    now->ids = malloc((count + 1) * sizeof(*now->ids)); /* none is no NULL */
    if (!now->ids)
        return HB_ERR_MEMORY;
    for (state = 0; count > 0 && hb_cursor_next(variants, &state, NULL, &variant);)
        if (hb_catalog_variant_id(variant, &now->ids[now->count].id)) {
            now->ids[now->count].hash = hash_of(now->ids[now->count].id);
            now->count++;
        }
    qsort(now->ids, now->count, sizeof(*now->ids), by_hash);
    return HB_OK;
}

static bool has(const struct now *now, struct hb_str id)
{
    const uint64_t hash = hash_of(id);
    size_t low = 0, high = now->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (now->ids[middle].hash < hash)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < now->count && now->ids[low].hash == hash; low++)
        if (hb_catalog_id_eq(now->ids[low].id, id))
            return true;
    return false;
}

static void gather_known(const struct hb_catalog_product *current, const struct now *now, struct hb_wall at,
                         struct list *list)
{
    struct hb_catalog_former former;
    size_t state = 0;
    while (hb_catalog_former_next(current, &state, &former))
        if (former.at.ms + HB_CATALOG_FORMER_MS > at.ms && !has(now, former.id))
            push(list, &former);
}

static void gather_gone(const struct hb_catalog_product *current, const struct now *now, struct hb_wall at,
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
    struct now now;
    enum hb_err err = know(hb_catalog_variants(data), &now);
    if (err)
        return err;
    gather_known(current, &now, at, &list);
    gather_gone(current, &now, at, &list);
    free(now.ids);
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
