/* Job: what the files of the registry's API share.
 *
 * Place: registry/api_*.c only. A change of an object lives as `struct api_change` from the request to the answer.
 * Owns / borrows: a change owns its body document; views of the call live until it is answered. Threads: the loop's. */
#ifndef REGISTRY_API_INTERNAL_H
#define REGISTRY_API_INTERNAL_H

#include "platform/http_server/json_answer.h"
#include "registry/access.h"
#include "registry/api.h"
#include "registry/api_key.h"
#include "registry/pen.h"
#include "registry/registry_internal.h"

#define API_BODY_BYTES_MAX 65536
#define API_TEST_BODY_BYTES_MAX 307200 /* a filter and an event's data */
#define API_ANSWER_BYTES_MAX 8388608
#define API_PAGE_BYTES_MAX 4194304 /* a page ends early beyond this */
#define API_PAGE_DEFAULT 100
#define API_PAGE_MAX 500
#define API_ROUTES_MAX 40
#define API_TOKEN_TEXT_MAX 128
#define API_RETRY_AFTER_S 2

struct hb_registry_api {
    struct hb_loop *loop;
    struct hb_registry *registry;
    const struct hb_keyring *keyring;
    const struct hb_egress *egress;
    const struct hb_log_context *log;
    int64_t webhook_timeout_ms;
    struct hb_pen *pen;
    struct hb_sweep *sweep;
    bool is_closing;
    struct hb_http_route routes[API_ROUTES_MAX];
    size_t routes_count;
};

/* ---- changes ---- */
struct api_change;
struct api_change_kind {
    const char *action; /* "store.create" */
    bool needs_if_match;
    bool needs_body;
    enum hb_pen_verdict (*judge)(struct api_change *change, struct hb_buf *ret_value, int64_t *ret_revision);
    void (*answer)(struct api_change *change);
};

struct api_change {
    struct hb_pen_change pen;
    struct hb_registry_api *api;
    struct hb_http_call *call;
    const struct api_change_kind *kind;
    struct hb_json *body; /* NULL without one */
    unsigned scopes;      /* of the key that asks */
    int64_t if_match;
    struct hb_http_problem problem;
    char who[HB_KEY_PREFIX_BYTES + 1];
    char store[HB_ID_MAX + 1];
    char id[HB_ID_MAX + 1];                /* of the webhook, or the key's prefix */
    char object[HB_REGISTRY_KEY_MAX + 1];
    char secret[API_TOKEN_TEXT_MAX + 1];   /* shown once in the answer, then wiped */
    int64_t overlap_s;
};

/* A change as the request asks for it; NULL after having answered what is wrong (body, If-Match). store, id: may be
 * empty. */
struct api_change *hb_api_change_new(struct hb_registry_api *api, struct hb_http_call *call,
                                     const struct hb_api_key *key, const struct api_change_kind *kind);
/* Sets store, id and the record's key "<kind>/<store>/<id>" (parts that are empty are left out). False: too long,
 * answered. */
bool hb_api_change_name(struct api_change *change, const char *kind, struct hb_str store, struct hb_str id);
/* Hands it to the pen; it is freed when answered. */
void hb_api_change_submit(struct api_change *change);
/* Answers a problem and frees the change. */
void hb_api_change_drop(struct api_change *change);
/* Whether If-Match lets a change of this revision pass; sets the problem if not. */
bool hb_api_change_matches(struct api_change *change, int64_t revision);
enum hb_pen_verdict hb_api_change_refuse(struct api_change *change, int status, const char *slug, const char *detail);

/* ---- pages ---- */
struct api_page {
    size_t limit;
    struct hb_str after; /* the id the last page ended with */
    size_t count;
    struct hb_str last;
    bool is_full; /* there is more */
    struct hb_http_json answer;
};
/* Reads limit and cursor and begins {"items":[; false after having answered what is wrong. */
bool hb_api_page_begin(struct hb_http_call *call, struct api_page *page);
/* Whether the object of this id (ids come in order) belongs on the page; then the caller adds it. */
bool hb_api_page_takes(struct api_page *page, struct hb_str id);
void hb_api_page_send(struct hb_http_call *call, struct api_page *page);

/* ---- the rooms' handlers ---- */
struct hb_http_route; /* tables: user is set when they are taken over */
size_t hb_api_store_routes(struct hb_http_route *ret_routes);
size_t hb_api_webhook_routes(struct hb_http_route *ret_routes);
size_t hb_api_webhook_action_routes(struct hb_http_route *ret_routes);
size_t hb_api_key_routes(struct hb_http_route *ret_routes);
size_t hb_api_audit_routes(struct hb_http_route *ret_routes);
size_t hb_api_secret_routes(struct hb_http_route *ret_routes);

#endif
