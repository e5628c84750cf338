#include "core/catalog_record.h"

#include "core/event_rules.h"
#include "core/json_members.h"
#include "core/json_scan.h"

#include <inttypes.h>

#define VERSION 1
#define VERSION_TEXT "1"

const struct hb_name_value hb_catalog_header = {HB_STR_INIT("hb_v"), HB_STR_INIT(VERSION_TEXT)};

static const char *const state_texts[HB_CATALOG_STATE_COUNT] = {
#define HB_CATALOG_ROW(name, text) text,
    HB_CATALOG_STATES(HB_CATALOG_ROW)
#undef HB_CATALOG_ROW
};

const char *hb_catalog_state_text(enum hb_catalog_state state)
{
    HB_ASSERT((int)state >= 0 && state < HB_CATALOG_STATE_COUNT);
    return state_texts[state];
}

/* ---- the key ---- */

size_t hb_catalog_key(const struct hb_catalog_product *product, char ret_key[HB_CATALOG_KEY_MAX])
{
    HB_ASSERT(product->store.len <= HB_ID_MAX && product->product.len <= HB_SUBJECT_MAX);
    memcpy(ret_key, product->store.ptr, product->store.len);
    ret_key[product->store.len] = '/';
    memcpy(ret_key + product->store.len + 1, product->product.ptr, product->product.len);
    return product->store.len + 1 + product->product.len;
}

bool hb_catalog_key_read(struct hb_str key, struct hb_str *ret_store, struct hb_str *ret_product)
{
    const char *slash = key.ptr ? memchr(key.ptr, '/', key.len) : NULL;
    if (!slash)
        return false;
    *ret_store = hb_str_n(key.ptr, (size_t)(slash - key.ptr));
    *ret_product = hb_str_n(slash + 1, key.len - ret_store->len - 1);
    return hb_event_is_id(*ret_store) && hb_event_is_subject(*ret_product);
}

/* ---- reading: parts ---- */

enum member {
    MEMBER_V,
    MEMBER_STORE,
    MEMBER_PRODUCT,
    MEMBER_STATE,
    MEMBER_AT,
    MEMBERS_NEEDED,
    MEMBER_DELETED_AT = MEMBERS_NEEDED,
    MEMBER_STOCK_BY,
    MEMBER_PRODUCT_VERSION,
    MEMBER_PRODUCT_STOCK_VERSION,
    MEMBER_INVENTORY_VERSION,
    MEMBER_PRODUCT_STOCK,
    MEMBER_FORMER_VARIANTS,
    MEMBER_INVENTORY,
    MEMBER_DATA,
    MEMBER_COUNT
};
static const char *const member_names[MEMBER_COUNT] = {"v",
                                                       "store",
                                                       "product",
                                                       "state",
                                                       "at",
                                                       "deleted_at",
                                                       "stock_by",
                                                       "product_version",
                                                       "product_stock_version",
                                                       "inventory_version",
                                                       "product_stock",
                                                       "former_variants",
                                                       "inventory",
                                                       "data"};

enum { PART_SEQUENCE, PART_TIME, PART_APPENDED, PART_OFFSET, PART_COUNT };
static const char *const part_names[PART_COUNT] = {"sequence", "time", "appended", "offset"};

static const struct hb_json_members members_of_record = {member_names, MEMBER_COUNT, MEMBERS_NEEDED};
static const struct hb_json_members parts_of_version = {part_names, PART_COUNT, 0};

static bool read_version(struct hb_cursor value, struct hb_catalog_version *ret_version)
{
    struct hb_cursor parts[PART_COUNT] = {0};
    if (value.kind == HB_CURSOR_NONE)
        return true;
    if (hb_json_members_gather(value, &parts_of_version, parts) ||
        !hb_json_members_whole(parts[PART_APPENDED], &ret_version->appended.ms) ||
        !hb_json_members_whole(parts[PART_OFFSET], &ret_version->offset))
        return false;
    if (parts[PART_SEQUENCE].kind != HB_CURSOR_NONE) {
        if (parts[PART_SEQUENCE].kind != HB_CURSOR_STRING)
            return false;
        ret_version->sequence = hb_cursor_text(parts[PART_SEQUENCE]);
        if (!hb_event_is_id(ret_version->sequence)) /* the same grammar */
            return false;
    }
    ret_version->has_time = parts[PART_TIME].kind != HB_CURSOR_NONE;
    ret_version->is_known = true;
    return !ret_version->has_time || hb_json_members_whole(parts[PART_TIME], &ret_version->time.ms);
}

/* An optional part of that kind: its text, or empty. */
static bool read_part(struct hb_cursor value, enum hb_cursor_kind kind, struct hb_str *ret_json)
{
    if (value.kind == HB_CURSOR_NONE)
        return true;
    *ret_json = value.raw;
    return value.kind == kind;
}

static bool is_text(struct hb_cursor value, struct hb_str plain)
{
    return value.kind == HB_CURSOR_STRING && hb_cursor_text_eq(hb_cursor_text(value), plain);
}

static bool read_state(struct hb_cursor value, enum hb_catalog_state *ret_state)
{
    for (int i = 0; i < HB_CATALOG_STATE_COUNT; i++)
        if (is_text(value, hb_str_c(state_texts[i]))) {
            *ret_state = (enum hb_catalog_state)i;
            return true;
        }
    return false;
}

/* ---- reading: the whole ---- */

static const char *read_versions(const struct hb_cursor *m, struct hb_catalog_product *p)
{
    if (!read_version(m[MEMBER_PRODUCT_VERSION], &p->product_version))
        return "product_version";
    if (!read_version(m[MEMBER_PRODUCT_STOCK_VERSION], &p->product_stock_version))
        return "product_stock_version";
    return read_version(m[MEMBER_INVENTORY_VERSION], &p->inventory_version) ? NULL : "inventory_version";
}

static const char *read_parts(const struct hb_cursor *m, struct hb_catalog_product *p)
{
    if (!read_part(m[MEMBER_DATA], HB_CURSOR_OBJECT, &p->data))
        return "data";
    if (!read_part(m[MEMBER_INVENTORY], HB_CURSOR_OBJECT, &p->inventory))
        return "inventory";
    if (!read_part(m[MEMBER_FORMER_VARIANTS], HB_CURSOR_ARRAY, &p->former_variants))
        return "former_variants";
    if (!read_part(m[MEMBER_PRODUCT_STOCK], HB_CURSOR_OBJECT, &p->product_stock))
        return "product_stock";
    if (p->product_stock_version.is_known && p->product_stock.len == 0 && p->data.len > 0) {
        struct hb_cursor own = hb_cursor_member(hb_cursor_root(p->data), HB_STR("stock"));
        if (own.kind == HB_CURSOR_OBJECT)
            p->product_stock = own.raw;
    }
    return p->product_stock_version.is_known == (p->product_stock.len > 0) ? NULL : "product_stock";
}

/* What belongs together is there together. */
static const char *check(const struct hb_catalog_product *p)
{
    if (p->inventory_version.is_known != (p->inventory.len > 0))
        return "inventory";
    if (p->state == HB_CATALOG_PARTIAL)
        return p->product_version.is_known || p->data.len > 0 || !p->inventory_version.is_known ? "state" : NULL;
    if (!p->product_version.is_known)
        return "product_version";
    return p->state == HB_CATALOG_ACTIVE && p->data.len == 0 ? "data" : NULL;
}

static const char *read_members(const struct hb_cursor *m, struct hb_catalog_product *p)
{
    if (!is_text(m[MEMBER_STORE], p->store))
        return "store";
    if (!is_text(m[MEMBER_PRODUCT], p->product))
        return "product";
    if (!read_state(m[MEMBER_STATE], &p->state))
        return "state";
    if (!hb_json_members_whole(m[MEMBER_AT], &p->at.ms))
        return "at";
    bool has_end = m[MEMBER_DELETED_AT].kind != HB_CURSOR_NONE;
    if (has_end != (p->state == HB_CATALOG_DELETED) ||
        (has_end && !hb_json_members_whole(m[MEMBER_DELETED_AT], &p->deleted_at.ms)))
        return "deleted_at";
    const char *problem = read_versions(m, p);
    if (!problem)
        problem = read_parts(m, p);
    return problem ? problem : check(p);
}

/* The version stands twice, so that neither a reader of headers nor one of values goes wrong. */
static enum hb_catalog_read check_version(const struct hb_catalog_source *source, struct hb_cursor v)
{
    int64_t number = 0;
    for (size_t i = 0; i < source->headers_count; i++) {
        uint64_t header = 0;
        if (!hb_str_eq(source->headers[i].name, hb_catalog_header.name))
            continue;
        if (!hb_str_to_u64(source->headers[i].value, &header))
            return HB_CATALOG_READ_UNREADABLE;
        if (header > VERSION)
            return HB_CATALOG_READ_NEWER;
    }
    if (!hb_json_members_whole(v, &number) || number < VERSION)
        return HB_CATALOG_READ_UNREADABLE;
    return number > VERSION ? HB_CATALOG_READ_NEWER : HB_CATALOG_READ_OK;
}

enum hb_catalog_read hb_catalog_read(const struct hb_catalog_source *source, struct hb_catalog_product *ret_product,
                                     const char **ret_problem)
{
    struct hb_cursor members[MEMBER_COUNT] = {0};
    size_t at = 0;

    HB_ASSERT(source->value.ptr);
    memset(ret_product, 0, sizeof(*ret_product));
    *ret_problem = "key";
    if (!hb_catalog_key_read(source->key, &ret_product->store, &ret_product->product))
        return HB_CATALOG_READ_UNREADABLE;
    *ret_problem = "value";
    if (hb_json_scan(source->value, &at))
        return HB_CATALOG_READ_UNREADABLE;
    struct hb_cursor root = hb_cursor_root(source->value);
    *ret_problem = "v";
    enum hb_catalog_read read = check_version(source, hb_cursor_member(root, HB_STR("v")));
    if (read != HB_CATALOG_READ_OK)
        return read;
    *ret_problem = hb_json_members_gather(root, &members_of_record, members);
    if (!*ret_problem)
        *ret_problem = read_members(members, ret_product);
    return *ret_problem ? HB_CATALOG_READ_UNREADABLE : HB_CATALOG_READ_OK;
}

/* ---- writing ---- */

static enum hb_err add_name(struct hb_buf *value, const char *name)
{
    return hb_buf_addf(value, ",\"%s\":", name);
}

static enum hb_err add_version(struct hb_buf *value, const char *name, const struct hb_catalog_version *version)
{
    if (!version->is_known)
        return HB_OK;
    enum hb_err err = add_name(value, name);
    err = err ? err : hb_buf_add_char(value, '{');
    if (!err && version->sequence.len > 0)
        err = hb_buf_addf(value, "\"sequence\":\"%.*s\",", HB_ARG(version->sequence));
    if (!err && version->has_time)
        err = hb_buf_addf(value, "\"time\":%" PRId64 ",", version->time.ms);
    if (!err)
        err = hb_buf_addf(value, "\"appended\":%" PRId64 ",\"offset\":%" PRId64 "}", version->appended.ms,
                          version->offset);
    return err;
}

static enum hb_err add_part(struct hb_buf *value, const char *name, struct hb_str json)
{
    if (json.len == 0)
        return HB_OK;
    enum hb_err err = add_name(value, name);
    return err ? err : hb_buf_add(value, json);
}

static enum hb_err add_head(struct hb_buf *value, const struct hb_catalog_product *p)
{
    enum hb_err err = hb_buf_addf(value, "{\"v\":%d,\"store\":\"%.*s\",\"product\":\"", VERSION, HB_ARG(p->store));
    err = err ? err : hb_buf_add_json(value, p->product);
    if (!err)
        err = hb_buf_addf(value, "\",\"state\":\"%s\",\"at\":%" PRId64, hb_catalog_state_text(p->state), p->at.ms);
    if (!err && p->state == HB_CATALOG_DELETED)
        err = hb_buf_addf(value, ",\"deleted_at\":%" PRId64, p->deleted_at.ms);
    const char *by = hb_catalog_stock_by(p);
    if (!err && by)
        err = hb_buf_addf(value, ",\"stock_by\":\"%s\"", by);
    return err;
}

static enum hb_err add_versions(struct hb_buf *value, const struct hb_catalog_product *p)
{
    enum hb_err err = add_version(value, "product_version", &p->product_version);
    err = err ? err : add_version(value, "product_stock_version", &p->product_stock_version);
    return err ? err : add_version(value, "inventory_version", &p->inventory_version);
}

/* Whether the reader finds it in the data. */
static bool is_in_data(const struct hb_catalog_product *p)
{
    if (p->data.len == 0)
        return false;
    struct hb_cursor own = hb_cursor_member(hb_cursor_root(p->data), HB_STR("stock"));
    return own.kind == HB_CURSOR_OBJECT && hb_str_eq(own.raw, p->product_stock);
}

enum hb_err hb_catalog_write(const struct hb_catalog_product *product, struct hb_buf *ret_value)
{
    enum hb_err err = add_head(ret_value, product);
    err = err ? err : add_versions(ret_value, product);
    if (!err && product->product_stock.len > 0 && !is_in_data(product))
        err = add_part(ret_value, "product_stock", product->product_stock);
    err = err ? err : add_part(ret_value, "former_variants", product->former_variants);
    err = err ? err : add_part(ret_value, "inventory", product->inventory);
    err = err ? err : add_part(ret_value, "data", product->data);
    return err ? err : hb_buf_add_char(ret_value, '}');
}
