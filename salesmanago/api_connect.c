#include "registry/webhook_config.h"
#include "salesmanago/api_internal.h"

#include <stdio.h>
#include <stdlib.h>

/* Connecting: what the body says is checked, the key is tried (catalogList), the catalog is looked for in the answer;
 * only then the record is written. */

/* ---- writing the record ---- */

static void take_text(const struct hb_json *body, const char *name, struct hb_str *text)
{
    const struct hb_json *member = hb_json_get(body, name);
    if (member && !hb_json_str(member, text))
        *text = (struct hb_str){NULL, 0}; /* null: none */
}

static bool take_key(struct hb_sm_api_change *change, struct hb_connector *connector)
{
    bool is_as_tested = change->tested.len > 0 && hb_str_eq(connector->sealed_key, hb_buf_str(&change->tested)) &&
                        hb_str_eq(connector->base_url, hb_buf_str(&change->base_url));
    if (change->sealed.len > 0)
        connector->sealed_key = hb_buf_str(&change->sealed);
    else if (!is_as_tested)
        return hb_http_refuse(&change->problem, 409, "changed_meanwhile",
                              "Somebody else connected while the kept key was tested: look, then try again.");
    return true;
}

static enum hb_pen_verdict edit(struct hb_sm_api_change *change, struct hb_connector *connector)
{
    if (!take_key(change, connector))
        return HB_PEN_REFUSE;
    connector->base_url = hb_buf_str(&change->base_url);
    connector->catalog =
        (struct hb_connector_catalog){hb_str_c(change->catalog.id), hb_str_c(change->catalog.name),
                                      hb_str_c(change->catalog.currency), hb_str_c(change->catalog.location)};
    take_text(change->body, "name", &connector->name);
    take_text(change->body, "language", &connector->language);
    const struct hb_json *mapping = hb_json_get(change->body, "mapping");
    if (mapping)
        connector->mapping = hb_json_kind(mapping) == HB_JSON_OBJECT
                                 ? hb_raw_member(hb_http_call_body(change->call), HB_STR("mapping"))
                                 : (struct hb_str){NULL, 0};
    connector->status = HB_CONNECTOR_ACTIVE;
    connector->enabled_revision = connector->revision;
    return HB_PEN_WRITE;
}

static const struct hb_sm_api_change_kind CONNECT = {
    .action = "connector.connect", .makes = true, .needs_match = true, .status = 200, .edit = edit};

/* ---- the test ---- */

static bool find_catalog(struct hb_sm_api_change *change, const struct hb_sm_catalogs *catalogs)
{
    for (size_t i = 0; i < catalogs->count; i++)
        if (strcmp(catalogs->list[i].id, change->catalog.id) == 0) {
            change->catalog = catalogs->list[i];
            return true;
        }
    return hb_http_refuse_field(&change->problem, "catalog",
                                "The key is right, but SALESmanago lists no catalog of this id for it.",
                                "one of GET …/connectors/salesmanago/catalogs, or a new one by POST");
}

static void tested(void *user, const struct hb_answer *http, const struct hb_sm_answer *answer)
{
    struct hb_sm_api_change *change = user;
    struct hb_sm_catalogs catalogs = {.list = NULL};
    struct hb_error error = {HB_OK, ""};
    bool is_good = false;
    if (answer->outcome != HB_SM_ACCEPTED)
        hb_sm_api_call_problem(answer, &change->problem);
    else if (hb_sm_catalogs_read(http->body, &catalogs, &error))
        (void)hb_sm_api_refuse_away(&change->problem, error.text);
    else
        is_good = find_catalog(change, &catalogs);
    hb_sm_catalogs_deinit(&catalogs);
    if (is_good)
        hb_sm_api_change_submit(change);
    else
        hb_sm_api_change_drop(change);
}

/* ---- the body ---- */

static bool check_catalog(struct hb_sm_api_change *change, const struct hb_connector *connector)
{
    const struct hb_json *member = hb_json_get(change->body, "catalog");
    struct hb_str id = connector ? connector->catalog.id : hb_str_c(NULL);
    if (member && !hb_json_str(member, &id) && !hb_json_str(hb_json_get(member, "id"), &id))
        return hb_http_refuse_field(&change->problem, "catalog", "catalog has no id.", "{\"id\": \"…\"}");
    if (id.len == 0 || id.len >= sizeof change->catalog.id || memchr(id.ptr, '\0', id.len))
        return hb_http_refuse_field(&change->problem, "catalog", "Which catalog of SALESmanago?",
                                    "{\"id\": \"…\"}, an id of at most 36 characters");
    memcpy(change->catalog.id, id.ptr, id.len);
    return true;
}

static bool check_texts(struct hb_sm_api_change *change)
{
    const struct hb_json *name = hb_json_get(change->body, "name"), *language = hb_json_get(change->body, "language");
    struct hb_str text;
    if (name && (!hb_json_str(name, &text) || text.len > HB_CONNECTOR_NAME_MAX))
        return hb_http_refuse_field(&change->problem, "name", "The name is no text or too long.", "at most 128 bytes");
    if (language && hb_json_kind(language) != HB_JSON_NULL &&
        (!hb_json_str(language, &text) || !hb_sm_language_is_valid(text)))
        return hb_http_refuse_field(&change->problem, "language", "That is no language.",
                                    "pl, en, pt-BR; null for none");
    return true;
}

static bool check_mapping(struct hb_sm_api_change *change)
{
    const struct hb_json *member = hb_json_get(change->body, "mapping");
    struct hb_sm_mapping *mapping = NULL;
    struct hb_error error = {HB_OK, ""};
    if (!member || hb_json_kind(member) == HB_JSON_NULL)
        return true;
    struct hb_str text = hb_raw_member(hb_http_call_body(change->call), HB_STR("mapping"));
    if (hb_json_kind(member) != HB_JSON_OBJECT || hb_sm_mapping_read(text, &mapping, &error))
        return hb_http_refuse_field(&change->problem, "mapping", error.code ? error.text : "The mapping is no object.",
                                    "docs/salesmanago.md, The mapping");
    hb_sm_mapping_free(&mapping);
    return true;
}

static bool check(struct hb_sm_api_change *change)
{
    struct hb_connector connector;
    bool is_there = hb_sm_api_load(change->api, hb_str_c(change->store), &connector);
    bool is_good = check_catalog(change, is_there ? &connector : NULL) && check_texts(change) && check_mapping(change);
    if (is_there)
        hb_connector_deinit(&connector);
    return is_good;
}

/* What is kept until the record is written: the address, and the key sealed, or as it was sealed already. */
static bool keep_access(struct hb_sm_api_change *change, const struct hb_sm_api_access *access)
{
    enum hb_err err = hb_buf_add(&change->base_url, hb_buf_str(&access->base_url));
    if (access->is_new_key)
        err = err ? err
                  : hb_seal(change->api->options.keyring,
                            hb_connector_place(hb_str_c(change->store), HB_STR(HB_CONNECTOR_ID)),
                            hb_buf_str(&access->key), &change->sealed);
    else
        err = err ? err : hb_buf_add(&change->tested, hb_buf_str(&access->sealed));
    return !err || hb_http_refuse(&change->problem, 503, "own_trouble", "The API key could not be sealed.");
}

static bool try_access(struct hb_sm_api_change *change)
{
    struct hb_sm_api_access access;
    if (!hb_sm_api_access_read(change->api, hb_str_c(change->store), change->body, &access, &change->problem))
        return false;
    const struct hb_sm_api_call_spec spec = {.kind = HB_SM_CALL_CATALOG_LIST,
                                             .base_url = hb_buf_str(&access.base_url),
                                             .key = hb_buf_str(&access.key),
                                             .store = hb_str_c(change->store),
                                             .done = tested,
                                             .user = change};
    bool is_sent = keep_access(change, &access) && hb_sm_api_call_send(change->api, &spec, &change->problem);
    hb_sm_api_access_deinit(&access);
    return is_sent;
}

void hb_sm_api_connect(void *user, struct hb_http_call *call)
{
    static const char *const NAMES[] = {"key", "catalog", "name", "base_url", "language", "mapping", NULL};
    struct hb_sm_api *api = user;
    const struct hb_api_key *key = hb_sm_api_may(api, call, HB_SCOPE_MANAGE);
    struct hb_json *body = key ? hb_sm_api_body_read(call, HB_SM_API_BODY_BYTES_MAX, NAMES) : NULL;
    struct hb_sm_api_change *change = body ? hb_sm_api_change_new(api, call, key, &CONNECT, body) : NULL;
    if (change && !(check(change) && try_access(change)))
        hb_sm_api_change_drop(change);
}
