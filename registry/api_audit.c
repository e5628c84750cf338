#include "registry/api_internal.h"

#include "platform/loop/loop.h"

static struct hb_str audit_id(const struct registry_record *record)
{
    size_t prefix = sizeof("audit/") - 1;
    return hb_str_n(record->key.ptr + prefix, record->key.len - prefix);
}

static bool is_of_store(const struct hb_json *json, struct hb_str store)
{
    struct hb_str found = {NULL, 0};
    return store.len == 0 || (hb_json_str(hb_json_get(json, "store"), &found) && hb_str_eq(found, store));
}

static void add_record(struct api_page *page, const struct registry_record *record, struct hb_str store)
{
    struct hb_json *json = NULL;
    if (hb_json_parse(record->value, &json, NULL) || !is_of_store(json, store)) {
        hb_json_free(&json);
        return;
    }
    if (page->count == page->limit) {
        page->is_full = true;
    } else {
        page->count++;
        page->last = audit_id(record);
        hb_json_add_raw(&page->answer.w, NULL, record->value);
    }
    hb_json_free(&json);
}

/* Newest first. The cursor is the id of the last one shown; what was written since stands before it and does not
 * disturb. */
static void add_page(const struct hb_registry_api *api, struct api_page *page, struct hb_str store)
{
    struct registry_record *const *records = NULL;
    bool is_behind_cursor = page->after.len == 0;
    for (size_t i = hb_registry_audit(api->registry, &records); i > 0 && !page->is_full; i--) {
        if (is_behind_cursor) {
            add_record(page, records[i - 1], store);
        } else {
            is_behind_cursor = hb_str_eq(audit_id(records[i - 1]), page->after);
        }
    }
}

static void list_audit(void *user, struct hb_http_call *call)
{
    struct hb_registry_api *api = user;
    struct hb_str store = {NULL, 0};
    struct api_page page;
    (void)hb_http_call_query(call, "store", &store);
    if (hb_access_check_key(api->registry, call, HB_SCOPE_MANAGE, store, hb_loop_wall(api->loop)) &&
        hb_api_page_begin(call, &page)) {
        add_page(api, &page, store);
        hb_api_page_send(call, &page);
    }
}

size_t hb_api_audit_routes(struct hb_http_route *ret_routes)
{
    static const struct hb_http_route ROUTES[] = {
        {"GET", "/v1/audit", list_audit, NULL},
    };
    memcpy(ret_routes, ROUTES, sizeof(ROUTES));
    return sizeof(ROUTES) / sizeof(*ROUTES);
}
