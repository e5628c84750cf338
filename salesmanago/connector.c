#include "salesmanago/connector.h"

#include "core/event_rules.h"
#include "core/words.h"
#include "platform/json/json.h"
#include "registry/webhook_config.h"

#include <stdio.h>
#include <stdlib.h>

#define RECORD_VERSION 1

static const char *const status_texts[HB_CONNECTOR_STATUS_COUNT] = {
#define STATUS_TEXT(name, text) text,
    HB_CONNECTOR_STATUSES(STATUS_TEXT)
#undef STATUS_TEXT
};

const char *hb_connector_status_text(enum hb_connector_status status)
{
    HB_ASSERT((unsigned)status < HB_CONNECTOR_STATUS_COUNT);
    return status_texts[status];
}

/* ---- keys ---- */

struct hb_str hb_connector_key(const char *kind, struct hb_str store, struct hb_str connector,
                               char ret_key[HB_CONNECTOR_KEY_MAX])
{
    int len = snprintf(ret_key, HB_CONNECTOR_KEY_MAX, "%s/%.*s/%.*s", kind, HB_ARG(store), HB_ARG(connector));
    HB_ASSERT(len > 0 && (size_t)len < HB_CONNECTOR_KEY_MAX);
    return hb_str_n(ret_key, (size_t)len);
}

bool hb_connector_key_read(const char *kind, struct hb_str key, struct hb_str *ret_store, struct hb_str *ret_connector,
                           struct hb_str *ret_rest)
{
    struct hb_str rest = key, field;
    if (key.len == 0 || !hb_str_split(&rest, '/', &field) || !hb_str_eq(field, hb_str_c(kind)) ||
        !hb_str_split(&rest, '/', ret_store) || !hb_event_is_id(*ret_store) ||
        !hb_str_split(&rest, '/', ret_connector) || !hb_event_is_id(*ret_connector))
        return false;
    *ret_rest = rest;
    return true;
}

struct hb_seal_place hb_connector_place(struct hb_str store, struct hb_str connector)
{
    return (struct hb_seal_place){store, HB_STR("connector"), connector, HB_STR("key")};
}

void hb_connector_hide_key(char *text, struct hb_str key)
{
    const char *end = text + strlen(text);
    for (char *at = text; key.len > 0 && (at = memmem(at, (size_t)(end - at), key.ptr, key.len)); at += key.len)
        memset(at, '*', key.len);
}

/* ---- writing ---- */

static void add_catalog(struct hb_json_writer *w, const struct hb_connector_catalog *catalog)
{
    hb_json_object(w, "catalog");
    hb_json_add_str(w, "id", catalog->id);
    hb_json_add_str(w, "name", catalog->name);
    hb_json_add_str(w, "currency", catalog->currency);
    hb_json_add_str(w, "location", catalog->location);
    hb_json_close_object(w);
}

static void add_wish(struct hb_json_writer *w, const char *name, const struct hb_connector_wish *wish,
                     const struct hb_str *products, size_t products_count)
{
    if (wish->id.len == 0)
        return;
    hb_json_object(w, name);
    hb_json_add_str(w, "id", wish->id);
    hb_json_add_wall(w, "at", wish->at);
    if (products_count > 0) {
        hb_json_array(w, "products");
        for (size_t i = 0; i < products_count; i++)
            hb_json_add_str(w, NULL, products[i]);
        hb_json_close_array(w);
    }
    hb_json_close_object(w);
}

enum hb_err hb_connector_write(const struct hb_connector *connector, struct hb_buf *ret_value)
{
    struct hb_json_writer w = hb_json_write(ret_value);
    hb_json_object(&w, NULL);
    hb_json_add_int(&w, "v", RECORD_VERSION);
    hb_json_add_str(&w, "id", connector->id);
    hb_json_add_str(&w, "store", connector->store);
    hb_json_add_str(&w, "kind", HB_STR(HB_CONNECTOR_KIND));
    hb_json_add_int(&w, "revision", connector->revision);
    hb_json_add_int(&w, "enabled_revision", connector->enabled_revision);
    hb_json_add_str(&w, "name", connector->name);
    hb_json_add_str(&w, "status", hb_str_c(hb_connector_status_text(connector->status)));
    hb_json_add_str(&w, "base_url", connector->base_url);
    hb_json_object(&w, "key");
    hb_json_add_str(&w, "sealed", connector->sealed_key);
    hb_json_close_object(&w);
    add_catalog(&w, &connector->catalog);
    if (connector->language.len > 0)
        hb_json_add_str(&w, "language", connector->language);
    if (connector->mapping.len > 0)
        hb_json_add_raw(&w, "mapping", connector->mapping);
    add_wish(&w, "sync", &connector->sync, NULL, 0);
    add_wish(&w, "replay", &connector->replay, connector->products, connector->products_count);
    hb_json_add_wall(&w, "created", connector->created);
    hb_json_add_wall(&w, "updated", connector->updated);
    hb_json_close_object(&w);
    return hb_json_end(&w);
}

/* ---- reading ---- */

static enum hb_err read_version(const struct hb_json *json)
{
    int64_t version = 0;
    if (!hb_json_int(hb_json_get(json, "v"), &version) || version < 1)
        return HB_ERR_INVALID;
    return version > RECORD_VERSION ? HB_ERR_VERSION : HB_OK;
}

static enum hb_err read_wish(const struct hb_json *json, struct hb_connector_wish *ret_wish)
{
    if (!json)
        return HB_OK;
    bool is_right = hb_json_str(hb_json_get(json, "id"), &ret_wish->id) && hb_event_is_id(ret_wish->id) &&
                    hb_json_wall(hb_json_get(json, "at"), &ret_wish->at);
    return is_right ? HB_OK : HB_ERR_INVALID;
}

static enum hb_err read_products(const struct hb_json *json, struct hb_connector *connector)
{
    size_t count = hb_json_count(json);
    if (count == 0)
        return HB_OK;
    if (hb_json_kind(json) != HB_JSON_ARRAY || count > HB_CONNECTOR_PRODUCTS_MAX)
        return HB_ERR_INVALID;
    connector->products = calloc(count, sizeof *connector->products);
    if (!connector->products)
        return HB_ERR_MEMORY;
    for (const struct hb_json *item = hb_json_first(json); item; item = hb_json_next(item))
        if (!hb_json_str(item, &connector->products[connector->products_count++]))
            return HB_ERR_INVALID;
    return HB_OK;
}

static bool read_names(const struct hb_json *json, struct hb_connector *connector)
{
    struct hb_str kind;
    const struct hb_json *catalog = hb_json_get(json, "catalog");
    (void)hb_json_str(hb_json_get(json, "name"), &connector->name);
    (void)hb_json_str(hb_json_get(json, "language"), &connector->language);
    (void)hb_json_str(hb_json_get(catalog, "name"), &connector->catalog.name);
    (void)hb_json_str(hb_json_get(catalog, "currency"), &connector->catalog.currency);
    (void)hb_json_str(hb_json_get(catalog, "location"), &connector->catalog.location);
    return hb_json_str(hb_json_get(json, "id"), &connector->id) && hb_event_is_id(connector->id) &&
           hb_json_str(hb_json_get(json, "store"), &connector->store) && hb_event_is_id(connector->store) &&
           hb_json_str(hb_json_get(json, "kind"), &kind) && hb_str_eq(kind, HB_STR(HB_CONNECTOR_KIND)) &&
           hb_json_str(hb_json_get(json, "base_url"), &connector->base_url) &&
           hb_json_str(hb_json_get(hb_json_get(json, "key"), "sealed"), &connector->sealed_key) &&
           hb_json_str(hb_json_get(catalog, "id"), &connector->catalog.id);
}

static bool read_plain(const struct hb_json *json, struct hb_connector *connector)
{
    struct hb_str text;
    int status = hb_json_str(hb_json_get(json, "status"), &text) ? HB_WORDS_FIND(status_texts, text) : -1;
    if (status < 0)
        return false;
    connector->status = (enum hb_connector_status)status;
    return hb_json_int(hb_json_get(json, "revision"), &connector->revision) &&
           hb_json_int(hb_json_get(json, "enabled_revision"), &connector->enabled_revision) &&
           hb_json_wall(hb_json_get(json, "created"), &connector->created) &&
           hb_json_wall(hb_json_get(json, "updated"), &connector->updated);
}

static enum hb_err read_record(const struct hb_json *json, struct hb_connector *connector)
{
    enum hb_err err = read_version(json);
    if (err)
        return err;
    if (!read_names(json, connector) || !read_plain(json, connector))
        return HB_ERR_INVALID;
    connector->mapping = hb_raw_member(hb_buf_str(&connector->text), HB_STR("mapping"));
    err = read_wish(hb_json_get(json, "sync"), &connector->sync);
    err = err ? err : read_wish(hb_json_get(json, "replay"), &connector->replay);
    return err ? err : read_products(hb_json_get(hb_json_get(json, "replay"), "products"), connector);
}

enum hb_err hb_connector_read(struct hb_str value, struct hb_connector *ret_connector)
{
    struct hb_connector connector = {.text = hb_buf_make(value.len), .revision = 0};
    if (value.len == 0)
        return HB_ERR_NOT_FOUND;
    enum hb_err err = hb_buf_add(&connector.text, value);
    err = err ? err : hb_json_parse(hb_buf_str(&connector.text), &connector.json, NULL);
    err = err ? err : read_record(connector.json, &connector);
    if (err)
        hb_connector_deinit(&connector);
    else
        *ret_connector = connector;
    return err;
}

void hb_connector_deinit(struct hb_connector *connector)
{
    hb_buf_deinit(&connector->text);
    if (connector->json) {
        hb_json_free(&connector->json);
        free(connector->products);
    }
    *connector = (struct hb_connector){.revision = 0};
}

/* ---- the state ---- */

struct pause_row {
    const char *text, *todo;
};

static const struct pause_row pauses[HB_CONNECTOR_PAUSE_COUNT] = {
#define PAUSE_ROW(name, text, todo) {text, todo},
    HB_CONNECTOR_PAUSES(PAUSE_ROW)
#undef PAUSE_ROW
};

const char *hb_connector_pause_text(enum hb_connector_pause reason)
{
    HB_ASSERT((unsigned)reason < HB_CONNECTOR_PAUSE_COUNT);
    return pauses[reason].text;
}

const char *hb_connector_pause_todo(enum hb_connector_pause reason)
{
    HB_ASSERT((unsigned)reason < HB_CONNECTOR_PAUSE_COUNT);
    return pauses[reason].todo;
}

static bool read_reason(const struct hb_json *json, enum hb_connector_pause *ret_reason)
{
    struct hb_str text;
    if (!hb_json_str(hb_json_get(json, "reason"), &text))
        return false;
    int reason = HB_WORDS_FIND_ROW(pauses, text, text);
    if (reason >= 0)
        *ret_reason = (enum hb_connector_pause)reason;
    return reason >= 0;
}

static enum hb_err read_state(const struct hb_json *json, struct hb_connector_state *state)
{
    struct hb_str status;
    enum hb_err err = read_version(json);
    if (err)
        return err;
    if (!hb_json_str(hb_json_get(json, "status"), &status) ||
        !hb_json_int(hb_json_get(json, "revision"), &state->revision) ||
        !hb_json_wall(hb_json_get(json, "at"), &state->at))
        return HB_ERR_INVALID;
    state->is_paused = hb_str_eq(status, HB_STR("paused"));
    if (state->is_paused && !read_reason(json, &state->reason))
        return HB_ERR_INVALID;
    (void)hb_json_int(hb_json_get(json, "code"), &state->code);
    (void)hb_json_str(hb_json_get(json, "field"), &state->field);
    (void)hb_json_str(hb_json_get(json, "words"), &state->words);
    (void)hb_json_str(hb_json_get(json, "worker"), &state->worker);
    return HB_OK;
}

enum hb_err hb_connector_state_read(struct hb_str value, struct hb_connector_state *ret_state)
{
    struct hb_connector_state state = {.revision = 0};
    enum hb_err err = HB_OK;
    if (value.len > 0) {
        err = hb_json_parse(value, &state.json, NULL);
        err = err ? err : read_state(state.json, &state);
    }
    if (err)
        hb_connector_state_deinit(&state);
    else
        *ret_state = state;
    return err;
}

void hb_connector_state_deinit(struct hb_connector_state *state)
{
    hb_json_free(&state->json);
    *state = (struct hb_connector_state){.revision = 0};
}

enum hb_err hb_connector_state_write(const struct hb_connector_state *state, struct hb_buf *ret_value)
{
    struct hb_json_writer w = hb_json_write(ret_value);
    hb_json_object(&w, NULL);
    hb_json_add_int(&w, "v", RECORD_VERSION);
    hb_json_add_int(&w, "revision", state->revision);
    hb_json_add_str(&w, "status", hb_str_c(state->is_paused ? "paused" : "active"));
    if (state->is_paused) {
        hb_json_add_str(&w, "reason", hb_str_c(hb_connector_pause_text(state->reason)));
        hb_json_add_int(&w, "code", state->code);
        hb_json_add_str(&w, "field", state->field);
        hb_json_add_str(&w, "words", state->words);
    }
    hb_json_add_wall(&w, "at", state->at);
    hb_json_add_str(&w, "worker", state->worker);
    hb_json_close_object(&w);
    return hb_json_end(&w);
}

bool hb_connector_state_holds(const struct hb_connector_state *state, const struct hb_connector *connector)
{
    return state->is_paused && state->revision >= connector->enabled_revision;
}
