#include "platform/loop/loop.h"
#include "registry/each.h"
#include "salesmanago/api_internal.h"

#include <stdio.h>
#include <stdlib.h>

#define PAGE_DEFAULT 100
#define PAGE_MAX 500

struct hb_str hb_sm_api_prefix(const char *kind, struct hb_str store, char ret_prefix[HB_CONNECTOR_KEY_MAX])
{
    int length = snprintf(ret_prefix, HB_CONNECTOR_KEY_MAX, "%s/%.*s/" HB_CONNECTOR_ID "/", kind, HB_ARG(store));
    HB_ASSERT(length > 0 && (size_t)length < HB_CONNECTOR_KEY_MAX);
    return hb_str_n(ret_prefix, (size_t)length);
}

static void count_one(void *user, struct hb_str key, struct hb_str value)
{
    (void)key;
    (void)value;
    (*(size_t *)user)++;
}

size_t hb_sm_api_dead_count(const struct hb_sm_api *api, struct hb_str store)
{
    char prefix[HB_CONNECTOR_KEY_MAX];
    size_t count = 0;
    hb_registry_each_record(api->options.registry, hb_sm_api_prefix(HB_CONNECTOR_DEAD, store, prefix), count_one,
                            &count);
    return count;
}

/* ---- GET …/dead ---- */

struct page {
    struct hb_json_writer *w;
    size_t prefix_bytes, limit, count;
    struct hb_str after, last;
    bool is_more;
};

static void add_text(struct hb_json_writer *w, const struct hb_json *document, const char *name)
{
    struct hb_str text;
    if (hb_json_str(hb_json_get(document, name), &text) && text.len > 0)
        hb_json_add_str(w, name, text);
}

static void show_dead(struct hb_json_writer *w, const struct hb_json *document)
{
    int64_t code = 0, offset = -1;
    hb_json_object(w, NULL);
    add_text(w, document, "product");
    add_text(w, document, "item");
    if (hb_json_int(hb_json_get(document, "code"), &code) && code > 0)
        hb_json_add_int(w, "code", code);
    add_text(w, document, "reason");
    add_text(w, document, "field");
    add_text(w, document, "words");
    if (hb_json_int(hb_json_get(document, "offset"), &offset))
        hb_json_add_int(w, "offset", offset);
    add_text(w, document, "at");
    hb_json_close_object(w);
}

static void take(void *user, struct hb_str key, struct hb_str value)
{
    struct page *page = user;
    struct hb_json *document = NULL;
    struct hb_str product = hb_str_n(key.ptr + page->prefix_bytes, key.len - page->prefix_bytes);
    if (page->is_more || (page->after.len > 0 && hb_str_cmp(product, page->after) <= 0))
        return;
    if (page->count == page->limit) {
        page->is_more = true;
        return;
    }
    if (hb_json_parse(value, &document, NULL))
        return;
    page->count++;
    page->last = product;
    show_dead(page->w, document);
    hb_json_free(&document);
}

void hb_sm_api_dead(void *user, struct hb_http_call *call)
{
    struct hb_sm_api *api = user;
    char prefix[HB_CONNECTOR_KEY_MAX];
    struct hb_str store = hb_http_call_param(call, "store"), text;
    struct hb_connector connector;
    uint64_t limit = PAGE_DEFAULT;
    struct hb_http_json out;
    if (!hb_sm_api_may(api, call, HB_SCOPE_READ) || !hb_sm_api_load_or_answer(api, call, &connector))
        return;
    hb_connector_deinit(&connector);
    if (hb_http_call_query(call, "limit", &text) && (!hb_str_to_u64(text, &limit) || limit < 1 || limit > PAGE_MAX)) {
        hb_http_call_problem(call, 400, "invalid_query", "The query cannot be used", "limit is no such number.",
                             "limit", "1..500");
        return;
    }
    hb_sm_api_answer_begin(&out);
    struct hb_str begin = hb_sm_api_prefix(HB_CONNECTOR_DEAD, store, prefix);
    struct page page = {.w = &out.w, .prefix_bytes = begin.len, .limit = (size_t)limit};
    (void)hb_http_call_query(call, "cursor", &page.after);
    hb_json_array(&out.w, "items");
    hb_registry_each_record(api->options.registry, begin, take, &page);
    hb_json_close_array(&out.w);
    if (page.is_more)
        hb_json_add_str(&out.w, "next", page.last);
    else
        hb_json_add_null(&out.w, "next");
    hb_sm_api_answer_send(call, &out, 200, 0);
}

/* ---- POST …/dead/replay ---- */

struct wanted {
    struct hb_str product;
    bool is_found;
};

static void look(void *user, struct hb_str key, struct hb_str value)
{
    struct wanted *wanted = user;
    struct hb_json *document = NULL;
    struct hb_str product;
    (void)key;
    if (wanted->is_found || hb_json_parse(value, &document, NULL))
        return;
    wanted->is_found = hb_json_str(hb_json_get(document, "product"), &product) && hb_str_eq(product, wanted->product);
    hb_json_free(&document);
}

/* Most by their key; a long product has a hash of it there. */
static bool is_dead(const struct hb_sm_api_change *change, struct hb_str product)
{
    char prefix[HB_CONNECTOR_KEY_MAX];
    struct wanted wanted = {.product = product};
    const struct hb_registry *registry = change->api->options.registry;
    struct hb_str begin = hb_sm_api_prefix(HB_CONNECTOR_DEAD, hb_str_c(change->store), prefix);
    struct hb_buf key = hb_buf_make(HB_CONNECTOR_KEY_MAX + HB_SUBJECT_MAX);
    wanted.is_found = !hb_buf_add(&key, begin) && !hb_buf_add(&key, product) &&
                      hb_registry_record(registry, hb_buf_str(&key)).len > 0;
    if (!wanted.is_found && key.len >= HB_CONNECTOR_KEY_MAX)
        hb_registry_each_record(registry, begin, look, &wanted);
    hb_buf_deinit(&key);
    return wanted.is_found;
}

/* The products the body names, each of which must be dead; none named: all. */
static bool read_products(struct hb_sm_api_change *change)
{
    const struct hb_json *list = hb_json_get(change->body, "products");
    size_t count = hb_json_count(list);
    char detail[HB_ERROR_TEXT_MAX];
    free(change->products);
    change->products = NULL;
    change->products_count = 0;
    if (!list)
        return true;
    if (hb_json_kind(list) != HB_JSON_ARRAY || count == 0 || count > HB_CONNECTOR_PRODUCTS_MAX)
        return hb_http_refuse_field(&change->problem, "products", "products is no list of 1..1000 ids.",
                                    "[\"1001\"]; left out: all dead products");
    change->products = calloc(count, sizeof *change->products);
    if (!change->products)
        return hb_http_refuse(&change->problem, 503, "own_trouble", "Out of memory.");
    for (const struct hb_json *item = hb_json_first(list); item; item = hb_json_next(item)) {
        struct hb_str *product = &change->products[change->products_count];
        if (!hb_json_str(item, product) || product->len == 0 || product->len > HB_SUBJECT_MAX)
            return hb_http_refuse_field(&change->problem, "products", "An id of products is no text.", "[\"1001\"]");
        if (!is_dead(change, *product)) {
            (void)snprintf(detail, sizeof detail, "Product %.*s is not dead: nothing is to be sent again.",
                           product->len > 128 ? 128 : (int)product->len, product->ptr);
            (void)hb_http_refuse(&change->problem, 404, "not_found", detail);
            change->problem.field = "products";
            return false;
        }
        change->products_count++;
    }
    return true;
}

static enum hb_pen_verdict edit_replay(struct hb_sm_api_change *change, struct hb_connector *connector)
{
    size_t dead = hb_sm_api_dead_count(change->api, hb_str_c(change->store));
    if (!read_products(change))
        return HB_PEN_REFUSE;
    change->count = (int64_t)(change->products ? change->products_count : dead);
    if (change->count == 0)
        return HB_PEN_NOTHING;
    free(connector->products); /* a connector that was read frees what is put here */
    connector->products_count = change->products_count;
    connector->products = change->products;
    change->products = NULL;
    connector->replay = (struct hb_connector_wish){hb_str_c(change->wish_id), hb_loop_wall(change->api->options.loop)};
    return HB_PEN_WRITE;
}

static void show_replay(struct hb_sm_api_change *change, const struct hb_connector *connector, struct hb_json_writer *w)
{
    hb_json_add_int(w, "products", change->count);
    if (change->count > 0)
        hb_json_add_str(w, "id", connector->replay.id);
    hb_sm_api_show_state(change->api, connector, w);
}

void hb_sm_api_dead_replay(void *user, struct hb_http_call *call)
{
    static const char *const NAMES[] = {"products", NULL};
    static const struct hb_sm_api_change_kind KIND = {
        .action = "connector.replay", .status = 202, .edit = edit_replay, .show = show_replay};
    hb_sm_api_change_run(user, call, &KIND, NAMES);
}
