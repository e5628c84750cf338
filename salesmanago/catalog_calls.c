#include "salesmanago/catalog_calls.h"

#include "core/json_cursor.h"
#include "core/json_scan.h"
#include "core/text_cut.h"
#include "salesmanago/json_out.h"

#include <stdlib.h>

#define NO_LIMIT INT64_C(-1)

static const struct {
    const char *method, *path;
} calls[HB_SM_CALL_COUNT] = {
#define HB_SM_CALL_ROW(name, method, path) {method, path},
    HB_SM_CALLS(HB_SM_CALL_ROW)
#undef HB_SM_CALL_ROW
};

const char *hb_sm_call_method(enum hb_sm_call call)
{
    HB_ASSERT(call < HB_SM_CALL_COUNT);
    return calls[call].method;
}

const char *hb_sm_call_path(enum hb_sm_call call)
{
    HB_ASSERT(call < HB_SM_CALL_COUNT);
    return calls[call].path;
}

enum hb_err hb_sm_key_check(struct hb_str key, struct hb_error *reterr)
{
    if (key.len == 0)
        return hb_fail(reterr, HB_ERR_INVALID, "the API key is empty");
    if (key.len > HB_SM_API_KEY_MAX)
        return hb_fail(reterr, HB_ERR_INVALID, "the API key is longer than %d characters", HB_SM_API_KEY_MAX);
    for (size_t i = 0; i < key.len; i++)
        if (key.ptr[i] <= ' ' || key.ptr[i] > '~')
            return hb_fail(reterr, HB_ERR_INVALID, "the API key has a character that no key has, at position %zu",
                           i + 1);
    return HB_OK;
}

/* ---- POST upsert ---- */

/* Whether the same id comes again further on. */
static bool comes_again(const struct hb_sm_item *items, const uint8_t *units, size_t count, size_t at)
{
    struct hb_str id = items[units ? units[at] : at].id;
    for (size_t i = at + 1; i < count; i++)
        if (hb_str_eq(items[units ? units[i] : i].id, id))
            return true;
    return false;
}

enum hb_err hb_sm_upsert_write(struct hb_str catalog_id, const struct hb_sm_item *items, const uint8_t *units,
                               size_t count, struct hb_buf *ret_body)
{
    HB_ASSERT(count > 0 && count <= HB_SM_PRODUCTS_MAX);
    size_t before = ret_body->len;
    bool has_item = false;
    struct hb_sm_json out = {ret_body, HB_OK, false};
    hb_sm_json_open(&out, '{');
    hb_sm_json_text(&out, HB_STR("catalogId"), catalog_id);
    hb_sm_json_begin(&out, HB_STR("products"), '[');
    for (size_t i = 0; i < count; i++) {
        if (comes_again(items, units, count, i))
            continue;
        hb_sm_json_word(&out, hb_str_n(NULL, 0), items[units ? units[i] : i].json);
        has_item = true;
    }
    hb_sm_json_close(&out, ']');
    hb_sm_json_close(&out, '}');
    HB_ASSERT(has_item);
    if (out.err)
        ret_body->len = before;
    return out.err;
}

size_t hb_sm_upsert_item_bytes(const struct hb_sm_item *item)
{
    return item->json.len + 1; /* its comma */
}

size_t hb_sm_upsert_empty_bytes(struct hb_str catalog_id)
{
    return sizeof("{\"catalogId\":\"\",\"products\":[]}") + 6 * catalog_id.len; /* at most: if all is escaped */
}

/* ---- POST catalogUpsert ---- */

bool hb_sm_location_is_valid(struct hb_str text)
{
    const struct hb_sm_limit *limit = hb_sm_limit(HB_SM_FIELD_LOCATION);
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!is_letter && !(c >= '0' && c <= '9' && i > 0))
            return false;
    }
    return text.len > 0 && text.len <= limit->limit;
}

static bool fits(struct hb_str text, enum hb_sm_field field)
{
    return text.len > 0 && hb_text_units(text) <= hb_sm_limit(field)->limit;
}

static enum hb_err check_wish(const struct hb_sm_catalog_wish *wish, struct hb_error *reterr)
{
    if (!fits(wish->name, HB_SM_FIELD_CATALOG_NAME))
        return hb_fail(reterr, HB_ERR_INVALID, "the catalog's name must have 1 to 255 characters");
    if (!hb_sm_currency_is_known(wish->currency))
        return hb_fail(reterr, HB_ERR_INVALID, "the catalog's currency must be an ISO 4217 code such as PLN or EUR");
    if (!hb_sm_location_is_valid(wish->location))
        return hb_fail(reterr, HB_ERR_INVALID,
                       "the catalog's location must be 1 to 255 letters (a-z, A-Z), digits and _, and not begin with a "
                       "digit");
    if (wish->id.len > 0 && !fits(wish->id, HB_SM_FIELD_CATALOG_ID))
        return hb_fail(reterr, HB_ERR_INVALID, "a catalog id has at most 36 characters");
    return HB_OK;
}

enum hb_err hb_sm_catalog_write(const struct hb_sm_catalog_wish *wish, struct hb_buf *ret_body, struct hb_error *reterr)
{
    enum hb_err err = check_wish(wish, reterr);
    if (err)
        return err;
    size_t before = ret_body->len;
    struct hb_sm_json out = {ret_body, HB_OK, false};
    hb_sm_json_open(&out, '{');
    hb_sm_json_text(&out, hb_str_c(wish->name_member ? wish->name_member : "catalogName"), wish->name);
    if (wish->id.len > 0)
        hb_sm_json_text(&out, HB_STR("catalogId"), wish->id);
    hb_sm_json_bool(&out, HB_STR("setAsDefault"), wish->is_default);
    hb_sm_json_text(&out, HB_STR("currency"), wish->currency);
    hb_sm_json_text(&out, HB_STR("location"), wish->location);
    hb_sm_json_close(&out, '}');
    if (!out.err)
        return HB_OK;
    ret_body->len = before;
    return hb_fail(reterr, out.err, "%s", hb_err_text(out.err));
}

/* ---- what is read ---- */

/* A member's text with a NUL, if it fits; else "". */
static void copy_member(struct hb_cursor object, const char *name, char *ret_text, size_t size)
{
    struct hb_cursor value = hb_cursor_member(object, hb_str_c(name));
    struct hb_buf buf = hb_buf_make(size - 1);
    ret_text[0] = '\0';
    if (value.kind == HB_CURSOR_STRING && hb_cursor_unescape(hb_cursor_text(value), &buf) == HB_OK && buf.len > 0)
        memcpy(ret_text, buf.ptr, buf.len + 1);
    hb_buf_deinit(&buf);
}

static enum hb_err read_object(struct hb_str body, struct hb_cursor *ret_object, struct hb_error *reterr)
{
    size_t at;
    *ret_object = (struct hb_cursor){HB_CURSOR_NONE, {NULL, 0}};
    if (body.len > 0 && hb_json_scan(body, &at) == HB_OK)
        *ret_object = hb_cursor_root(body);
    if (ret_object->kind == HB_CURSOR_OBJECT)
        return HB_OK;
    return hb_fail(reterr, HB_ERR_INVALID, "SALESmanago's answer is no JSON object");
}

enum hb_err hb_sm_catalog_id_read(struct hb_str body, char ret_id[HB_SM_CATALOG_ID_BYTES_MAX], struct hb_error *reterr)
{
    struct hb_cursor object;
    enum hb_err err = read_object(body, &object, reterr);
    if (err)
        return err;
    copy_member(object, "catalogId", ret_id, HB_SM_CATALOG_ID_BYTES_MAX);
    if (ret_id[0] != '\0')
        return HB_OK;
    return hb_fail(reterr, HB_ERR_INVALID, "SALESmanago's answer has no catalogId of at most 36 characters");
}

static bool read_catalog(struct hb_cursor value, struct hb_sm_catalog *ret_catalog)
{
    copy_member(value, "catalogId", ret_catalog->id, sizeof(ret_catalog->id));
    copy_member(value, "catalogName", ret_catalog->name, sizeof(ret_catalog->name));
    if (ret_catalog->name[0] == '\0')
        copy_member(value, "name", ret_catalog->name, sizeof(ret_catalog->name));
    copy_member(value, "currency", ret_catalog->currency, sizeof(ret_catalog->currency));
    copy_member(value, "location", ret_catalog->location, sizeof(ret_catalog->location));
    return ret_catalog->id[0] != '\0';
}

static int64_t read_limit(struct hb_cursor body)
{
    struct hb_cursor max = hb_cursor_member(hb_cursor_member(body, HB_STR("limits")), HB_STR("max"));
    uint64_t limit;
    return max.kind == HB_CURSOR_NUMBER && hb_str_to_u64(max.raw, &limit) && limit <= INT32_MAX ? (int64_t)limit
                                                                                                : NO_LIMIT;
}

enum hb_err hb_sm_catalogs_read(struct hb_str body, struct hb_sm_catalogs *ret_catalogs, struct hb_error *reterr)
{
    struct hb_cursor object, one;
    size_t state = 0;
    *ret_catalogs = (struct hb_sm_catalogs){.limit = NO_LIMIT};
    enum hb_err err = read_object(body, &object, reterr);
    if (err)
        return err;
    struct hb_cursor list = hb_cursor_member(object, HB_STR("catalogs"));
    if (list.kind != HB_CURSOR_ARRAY)
        return hb_fail(reterr, HB_ERR_INVALID, "SALESmanago's answer has no list of catalogs");
    ret_catalogs->list = calloc(HB_SM_CATALOGS_MAX, sizeof(*ret_catalogs->list));
    if (!ret_catalogs->list)
        return hb_fail(reterr, HB_ERR_MEMORY, "out of memory");
    ret_catalogs->limit = read_limit(object);
    while (hb_cursor_next(list, &state, NULL, &one)) {
        ret_catalogs->is_cut = ret_catalogs->count == HB_SM_CATALOGS_MAX;
        if (ret_catalogs->is_cut)
            break;
        ret_catalogs->count += read_catalog(one, &ret_catalogs->list[ret_catalogs->count]);
    }
    return HB_OK;
}

void hb_sm_catalogs_deinit(struct hb_sm_catalogs *catalogs)
{
    free(catalogs->list);
    *catalogs = (struct hb_sm_catalogs){.limit = NO_LIMIT};
}
