#include "core/catalog_merge.h"

#include "core/catalog_check.h"
#include "core/catalog_former.h"
#include "core/catalog_version.h"
#include "core/json_cursor.h"

static struct hb_catalog_version version_of(const struct hb_catalog_input *input)
{
    struct hb_catalog_version version = {.is_known = true,
                                         .sequence = input->event->sequence,
                                         .appended = input->appended,
                                         .offset = input->offset};
    version.has_time = input->event->time.len > 0 && hb_wall_parse(input->event->time, &version.time) == HB_OK;
    return version;
}

/* Of two alike the one that stands later in the topic: what is read once more changes nothing. */
static bool is_taken(const struct hb_catalog_version *version, const struct hb_catalog_version *known)
{
    int newer = hb_catalog_version_cmp(version, known);
    return newer > 0 || (newer == 0 && version->offset > known->offset);
}

static int64_t later(int64_t ms, const struct hb_catalog_version *version)
{
    return version->is_known && version->appended.ms > ms ? version->appended.ms : ms;
}

/* All that follows from the groups. */
static void complete(struct hb_catalog_product *next)
{
    int64_t at = later(INT64_MIN, &next->product_version);
    at = later(at, &next->product_stock_version);
    next->at.ms = later(at, &next->inventory_version);
    next->deleted_at.ms = next->state == HB_CATALOG_DELETED ? next->product_version.appended.ms : 0;
}

/* ---- product events ---- */

static bool take_stock(struct hb_catalog_product *next, const struct hb_event *event,
                       const struct hb_catalog_version *version)
{
    struct hb_cursor stock = hb_cursor_member(hb_cursor_root(event->data), HB_STR("stock"));
    if (stock.kind != HB_CURSOR_OBJECT || !is_taken(version, &next->product_stock_version))
        return false;
    next->product_stock = stock.raw;
    next->product_stock_version = *version;
    return true;
}

static enum hb_err take_data(struct hb_catalog_product *next, const struct hb_event *event,
                             const struct hb_catalog_version *version, struct hb_buf *scratch)
{
    struct hb_str data = hb_cursor_root(event->data).raw;
    enum hb_err err = hb_catalog_former_write(next, data, version->appended, scratch);
    next->former_variants = hb_buf_str(scratch);
    next->data = data;
    next->product_version = *version;
    next->state = HB_CATALOG_ACTIVE;
    return err;
}

static enum hb_err merge_product(const struct hb_catalog_input *input, struct hb_buf *scratch,
                                 struct hb_catalog_result *result)
{
    struct hb_catalog_product *next = &result->next;
    const struct hb_catalog_version version = version_of(input);
    enum hb_err err = HB_OK;

    result->problem = hb_catalog_check_product(input->event);
    result->effect = result->problem ? HB_CATALOG_REFUSED : HB_CATALOG_OLDER;
    if (result->problem)
        return HB_OK;
    if (is_taken(&version, &next->product_version)) {
        result->effect = HB_CATALOG_CHANGED;
        err = take_data(next, input->event, &version, scratch);
    }
    if (take_stock(next, input->event, &version))
        result->effect = HB_CATALOG_CHANGED;
    return err;
}

/* The last data stays: others need its name, address and price to turn the product off. */
static void merge_deleted(const struct hb_catalog_input *input, struct hb_catalog_result *result)
{
    const struct hb_catalog_version version = version_of(input);

    result->problem = hb_catalog_check_deleted(input->event);
    result->effect = result->problem ? HB_CATALOG_REFUSED : HB_CATALOG_OLDER;
    if (result->problem || !is_taken(&version, &result->next.product_version))
        return;
    result->effect = HB_CATALOG_CHANGED;
    result->next.product_version = version;
    result->next.state = HB_CATALOG_DELETED;
}

/* ---- inventory events ---- */

/* Of a type we do not know by name: only one that says what inventory says is meant. */
static bool is_inventory(const struct hb_event *event)
{
    if (hb_str_eq(event->type, HB_STR("inventory.updated")))
        return true;
    if (!event->is_json)
        return false;
    struct hb_cursor root = hb_cursor_root(event->data);
    return hb_cursor_member(root, HB_STR("product_id")).kind != HB_CURSOR_NONE &&
           hb_cursor_member(root, HB_STR("available")).kind != HB_CURSOR_NONE;
}

static void merge_inventory(const struct hb_catalog_input *input, struct hb_catalog_result *result)
{
    const struct hb_catalog_version version = version_of(input);

    if (!is_inventory(input->event))
        return;
    result->problem = hb_catalog_check_inventory(input->event);
    result->effect = result->problem ? HB_CATALOG_REFUSED : HB_CATALOG_OLDER;
    if (result->problem || !is_taken(&version, &result->next.inventory_version))
        return;
    result->effect = HB_CATALOG_CHANGED;
    result->next.inventory = hb_cursor_root(input->event->data).raw;
    result->next.inventory_version = version;
}

/* ---- both ---- */

enum hb_err hb_catalog_merge(const struct hb_catalog_product *current, const struct hb_catalog_input *input,
                             struct hb_buf *scratch, struct hb_catalog_result *ret_result)
{
    const struct hb_event *event = input->event;
    enum hb_err err = HB_OK;

    memset(ret_result, 0, sizeof(*ret_result));
    if (current)
        ret_result->next = *current;
    ret_result->next.store = event->store;
    ret_result->next.product = event->subject;
    hb_buf_clear(scratch);
    if (input->topic == HB_TOPIC_EVENTS_INVENTORY) {
        if (hb_str_has_prefix(event->type, HB_STR("inventory.")))
            merge_inventory(input, ret_result);
    } else if (hb_str_eq(event->type, HB_STR("product.deleted"))) {
        merge_deleted(input, ret_result);
    } else if (hb_str_eq(event->type, HB_STR("product.created")) || hb_str_eq(event->type, HB_STR("product.updated"))) {
        err = merge_product(input, scratch, ret_result);
    }
    complete(&ret_result->next);
    return err;
}

struct hb_wall hb_catalog_idle_since(const struct hb_catalog_product *product)
{
    if (product->state == HB_CATALOG_ACTIVE)
        return (struct hb_wall){HB_CATALOG_ENDLESS};
    return product->state == HB_CATALOG_DELETED ? product->deleted_at : product->at;
}

bool hb_catalog_is_over(const struct hb_catalog_product *product, struct hb_wall now)
{
    return hb_catalog_idle_since(product).ms <= now.ms - HB_CATALOG_KEPT_MS;
}
