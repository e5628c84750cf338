#include "platform/crypto/crypto.h"
#include "salesmanago/api_internal.h"

#include <stdio.h>

void hb_sm_api_access_deinit(struct hb_sm_api_access *access)
{
    if (access->key.ptr)
        hb_wipe(access->key.ptr, access->key.capacity);
    hb_buf_deinit(&access->key);
    hb_buf_deinit(&access->base_url);
    hb_buf_deinit(&access->sealed);
}

static bool take_new_key(const struct hb_json *body, struct hb_sm_api_access *access, struct hb_http_problem *problem)
{
    struct hb_error error = {HB_OK, ""};
    struct hb_str key;
    const struct hb_json *member = hb_json_get(body, "key");
    if (!hb_json_str(member, &key) || key.len > HB_SM_API_KEY_MAX || hb_sm_key_check(key, &error))
        return hb_http_refuse_field(problem, "key", error.code ? error.text : "The key is no text, or too long.",
                                    "the API key of SALESmanago as it stands in Integration Center, API, API v3");
    access->is_new_key = true;
    return hb_buf_add(&access->key, key) == HB_OK || hb_http_refuse(problem, 503, "own_trouble", "Out of memory.");
}

static bool open_kept_key(const struct hb_sm_api *api, const struct hb_connector *connector,
                          struct hb_sm_api_access *access, struct hb_http_problem *problem)
{
    enum hb_err err = hb_unseal(api->options.keyring, hb_connector_place(connector->store, connector->id),
                                connector->sealed_key, &access->key);
    if (err == HB_ERR_NOT_FOUND)
        return hb_http_refuse(problem, 503, "sealing_key_missing",
                              "The sealing key of the kept API key is not in secrets.key_file of this process.");
    if (err)
        return hb_http_refuse(problem, 409, "key_damaged", "The kept API key cannot be opened: give it again.");
    if (hb_buf_add(&access->sealed, connector->sealed_key))
        return hb_http_refuse(problem, 503, "own_trouble", "Out of memory.");
    return true;
}

/* Who may change a connector must not get a key sent to his own server that he was never shown. */
static bool use_kept_key(const struct hb_sm_api *api, const struct hb_connector *connector, struct hb_str base_url,
                         struct hb_sm_api_access *access, struct hb_http_problem *problem)
{
    if (!connector)
        return hb_http_refuse_field(problem, "key",
                                    "The store has no SALESmanago connector yet, so its API key is needed.",
                                    "the API key of SALESmanago");
    if (!hb_str_eq(base_url, connector->base_url))
        return hb_http_refuse_field(
            problem, "key", "base_url leads elsewhere: the kept key does not go along, since it would be sent there.",
            "the key in the same request");
    return open_kept_key(api, connector, access, problem);
}

static bool read(const struct hb_sm_api *api, const struct hb_connector *connector, const struct hb_json *body,
                 struct hb_sm_api_access *access, struct hb_http_problem *problem)
{
    const struct hb_json *member = hb_json_get(body, "base_url");
    struct hb_str base_url = connector ? connector->base_url : HB_STR(HB_CONNECTOR_BASE_URL);
    if (member && (!hb_json_str(member, &base_url) || base_url.len == 0))
        return hb_http_refuse_field(problem, "base_url", "base_url is no text.", HB_CONNECTOR_BASE_URL);
    if (!hb_sm_api_base_url_check(api, base_url, problem))
        return false;
    if (hb_buf_add(&access->base_url, base_url))
        return hb_http_refuse(problem, 503, "own_trouble", "Out of memory.");
    return hb_json_get(body, "key") ? take_new_key(body, access, problem)
                                    : use_kept_key(api, connector, base_url, access, problem);
}

bool hb_sm_api_access_read(const struct hb_sm_api *api, struct hb_str store, const struct hb_json *body,
                           struct hb_sm_api_access *ret_access, struct hb_http_problem *ret_problem)
{
    struct hb_connector connector;
    *ret_access = (struct hb_sm_api_access){.key = hb_buf_make(HB_SM_API_KEY_MAX),
                                            .base_url = hb_buf_make(HB_CONNECTOR_URL_MAX),
                                            .sealed = hb_buf_make(HB_SM_API_KEY_MAX * 4)};
    if (!api->options.keyring)
        return hb_http_refuse(ret_problem, 503, "sealing_key_missing",
                              "This process has no sealing key (secrets.key_file): no API key can be kept or opened.");
    bool is_there = hb_sm_api_load(api, store, &connector);
    bool is_good = read(api, is_there ? &connector : NULL, body, ret_access, ret_problem);
    if (is_there)
        hb_connector_deinit(&connector);
    if (!is_good)
        hb_sm_api_access_deinit(ret_access);
    return is_good;
}
