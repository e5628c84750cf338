#include "registry/access.h"

#include "platform/http_server/http_server.h"
#include "registry/api_key.h"

static void refuse_unknown(struct hb_http_call *call, const char *detail)
{
    hb_http_call_add_header(call, "WWW-Authenticate", HB_STR("Bearer"));
    hb_http_call_problem(call, 401, "unauthorized", "No valid key", detail, "Authorization",
                         "Authorization: Bearer hbk_…");
}

static void refuse_store(struct hb_http_call *call)
{
    hb_http_call_problem(call, 404, "not_found", "There is no such store", "No store of this id belongs to your key.",
                         NULL, NULL);
}

/* The token of "Bearer <token>"; empty if the header is not that. */
static struct hb_str bearer(const struct hb_http_call *call)
{
    struct hb_str header = hb_http_call_header(call, "Authorization");
    struct hb_str scheme = {header.ptr, header.len < 7 ? header.len : 7};
    if (!hb_str_eq_nocase(scheme, HB_STR("Bearer "))) {
        return (struct hb_str){NULL, 0};
    }
    return hb_str_trim(hb_str_n(header.ptr + 7, header.len - 7));
}

static const struct hb_api_key *authenticate(const struct hb_registry *registry, struct hb_http_call *call,
                                             struct hb_wall now)
{
    struct hb_str token = bearer(call);
    if (!hb_registry_is_current(registry)) {
        /* Nothing may be concluded from a key that is missing yet. */
        hb_http_call_add_header(call, "Retry-After", HB_STR("1"));
        hb_http_call_problem(call, 503, "starting", "Not ready yet", "The registry has not been read to its end.", NULL,
                             NULL);
        return NULL;
    }
    if (token.len == 0) {
        refuse_unknown(call, "The request has no bearer key.");
        return NULL;
    }
    const struct hb_api_key *key = hb_registry_authenticate(registry, token, now);
    if (!key) {
        refuse_unknown(call, "The key is unknown, revoked or has expired.");
    }
    return key;
}

const struct hb_api_key *hb_access_check_key(const struct hb_registry *registry, struct hb_http_call *call,
                                             enum hb_scope scope, struct hb_str store, struct hb_wall now)
{
    const struct hb_api_key *key = authenticate(registry, call, now);
    if (!key) {
        return NULL;
    }
    const struct hb_store *own = key->store.len > 0 ? hb_registry_store(registry, key->store) : NULL;
    if (key->store.len > 0 && store.len > 0 && (!hb_str_eq(key->store, store) || (own && own->is_deleted))) {
        refuse_store(call);
        return NULL;
    }
    if (key->store.len > 0 && store.len == 0) {
        hb_http_call_problem(call, 403, "forbidden", "The key is bound to one store",
                             "This needs a key for all stores.", NULL, NULL);
        return NULL;
    }
    if (!(hb_scopes_effective(key->scopes) & (1U << scope))) {
        hb_http_call_problem(call, 403, "forbidden", "The key lacks a scope", "The key may not do this.", "scopes",
                             hb_scope_text(scope));
        return NULL;
    }
    return key;
}

const struct hb_api_key *hb_access_check(const struct hb_registry *registry, struct hb_http_call *call,
                                         enum hb_scope scope, struct hb_str store, struct hb_wall now)
{
    const struct hb_api_key *key = hb_access_check_key(registry, call, scope, store, now);
    const struct hb_store *found = key && store.len > 0 ? hb_registry_store(registry, store) : NULL;
    if (key && store.len > 0 && (!found || found->is_deleted)) {
        refuse_store(call);
        return NULL;
    }
    return key;
}
