/* Job: what the files of the connector's API share. Private to salesmanago/api*.c. Threads: the loop's. */
#ifndef SALESMANAGO_API_INTERNAL_H
#define SALESMANAGO_API_INTERNAL_H

#include "platform/http_server/http_server.h"
#include "platform/http_server/json_answer.h"
#include "registry/access.h"
#include "registry/api_key.h"
#include "registry/pen.h"
#include "salesmanago/answer.h"
#include "salesmanago/api.h"
#include "salesmanago/catalog_scan.h"
#include "salesmanago/connector.h"

#define SM_API_ANSWER_BYTES_MAX ((size_t)4 * 1024 * 1024)
#define SM_API_ROUTES_MAX 20
#define SM_API_DEAD_LIST_MAX 1000
#define SM_API_WISH_ID_MAX 48
#define SM_API_RETRY_AFTER_S 5

struct hb_sm_api {
    struct hb_sm_api_options options;
    struct hb_http_route routes[SM_API_ROUTES_MAX];
    struct hb_sm_api_call *calls;
    size_t calls_count;
    struct hb_sm_api_scan *scans;
    size_t scans_count;
};

/* ---- api_answer.c ---- */
/* 502: it said something that cannot be used. */
bool hb_sm_api_refuse_away(struct hb_http_problem *problem, const char *detail);
/* An answer that is one object: its members are written between the two. revision 0: no ETag. */
void hb_sm_api_answer_begin(struct hb_http_json *answer);
void hb_sm_api_answer_send(struct hb_http_call *call, struct hb_http_json *answer, int status, int64_t revision);
/* The body as an object, or one member at least is not among `names` (NULL-ended): answered, NULL. An empty body:
 * {}. The caller frees it. */
struct hb_json *hb_sm_api_body_read(struct hb_http_call *call, size_t bytes_max, const char *const *names);

/* ---- api.c ---- */
/* The key of the call if it may; NULL after having answered. */
const struct hb_api_key *hb_sm_api_may(const struct hb_sm_api *api, struct hb_http_call *call, enum hb_scope scope);
/* The store's connector, not a deleted one; to be deinit'ed. False: there is none. */
bool hb_sm_api_load(const struct hb_sm_api *api, struct hb_str store, struct hb_connector *ret_connector);
/* The same for a call, which is answered 404 if there is none. */
bool hb_sm_api_load_or_answer(const struct hb_sm_api *api, struct hb_http_call *call,
                              struct hb_connector *ret_connector);
/* The connector as an object, without its key. */
void hb_sm_api_show(const struct hb_sm_api *api, const struct hb_connector *connector, struct hb_json_writer *w);
/* Adds status, and of a paused one reason, code, field, words, since, todo. */
void hb_sm_api_show_state(const struct hb_sm_api *api, const struct hb_connector *connector, struct hb_json_writer *w);

/* ---- api_change.c: a change of the record through the pen ---- */
struct hb_sm_api_change;
struct hb_sm_api_change_kind {
    const char *action; /* "connector.pause": audit, log */
    bool makes;         /* also where there is none yet */
    bool needs_match;   /* If-Match, where there is one */
    int status;         /* of the answer */
    /* Changes what was read (of none: store, id, created are set). HB_PEN_REFUSE: the problem is set. */
    enum hb_pen_verdict (*edit)(struct hb_sm_api_change *change, struct hb_connector *connector);
    /* Adds to the answer's object, which is open; NULL: the connector is shown. */
    void (*show)(struct hb_sm_api_change *change, const struct hb_connector *connector, struct hb_json_writer *w);
};
struct hb_sm_api_change {
    struct hb_pen_change pen;
    struct hb_sm_api *api;
    struct hb_http_call *call;
    const struct hb_sm_api_change_kind *kind;
    struct hb_json *body; /* owned; may be NULL */
    struct hb_http_problem problem;
    char who[HB_KEY_PREFIX_BYTES + 1];
    char store[HB_ID_MAX + 1];
    char object[HB_CONNECTOR_KEY_MAX];
    char wish_id[SM_API_WISH_ID_MAX]; /* of a sync or a replay, made once however often it is judged */
    int64_t if_match;
    int64_t count;                /* the kind's own */
    struct hb_buf sealed;         /* a key that came along */
    struct hb_buf tested;         /* else the sealed key that was tested: another by now is a conflict */
    struct hb_buf base_url;       /* that was tested */
    struct hb_sm_catalog catalog; /* as SALESmanago lists it */
    struct hb_str *products;      /* owned list of views of the body */
    size_t products_count;
};
/* NULL after having answered (no memory, If-Match that is none). take_body passes in any case. */
struct hb_sm_api_change *hb_sm_api_change_new(struct hb_sm_api *api, struct hb_http_call *call,
                                              const struct hb_api_key *key, const struct hb_sm_api_change_kind *kind,
                                              struct hb_json *take_body);
/* Hands it to the pen; it is freed when answered. */
void hb_sm_api_change_submit(struct hb_sm_api_change *change);
/* Answers its problem and frees it. */
void hb_sm_api_change_drop(struct hb_sm_api_change *change);
/* Checks the scope, reads a body of these members, and submits. */
void hb_sm_api_change_run(struct hb_sm_api *api, struct hb_http_call *call, const struct hb_sm_api_change_kind *kind,
                          const char *const *names);
enum hb_pen_verdict hb_sm_api_change_refuse(struct hb_sm_api_change *change, int status, const char *slug,
                                            const char *detail);

/* ---- api_call.c: one request to SALESmanago ---- */
struct hb_sm_api_call_spec {
    enum hb_sm_call kind;
    struct hb_str base_url;
    struct hb_str key;  /* copied, wiped at the end */
    struct hb_str body; /* copied */
    struct hb_str store;
    /* Comes once, later; http's views live during it. */
    void (*done)(void *user, const struct hb_answer *http, const struct hb_sm_answer *answer);
    void *user;
};
/* False: the problem says why nothing was sent, and done does not come. */
bool hb_sm_api_call_send(struct hb_sm_api *api, const struct hb_sm_api_call_spec *spec,
                         struct hb_http_problem *ret_problem);
void hb_sm_api_call_end_all(struct hb_sm_api *api);
/* What an answer that is not ACCEPTED means to whoever asked. */
void hb_sm_api_call_problem(const struct hb_sm_answer *answer, struct hb_http_problem *ret_problem);
/* Whether a base URL may be used. */
bool hb_sm_api_base_url_check(const struct hb_sm_api *api, struct hb_str url, struct hb_http_problem *ret_problem);

/* ---- api_access.c: which key and address a call uses ---- */
struct hb_sm_api_access {
    struct hb_buf key; /* opened; wiped by hb_sm_api_access_deinit */
    struct hb_buf base_url;
    struct hb_buf sealed; /* the record's, if that was used; else empty */
    bool is_new_key;
};
/* Of body members key and base_url, else of the store's connector. A kept key never goes to another address. False:
 * the problem is set. */
bool hb_sm_api_access_read(const struct hb_sm_api *api, struct hb_str store, const struct hb_json *body,
                           struct hb_sm_api_access *ret_access, struct hb_http_problem *ret_problem);
void hb_sm_api_access_deinit(struct hb_sm_api_access *access);

/* ---- the routes' handlers ---- */
void hb_sm_api_connect(void *user, struct hb_http_call *call); /* api_connect.c */
void hb_sm_api_test(void *user, struct hb_http_call *call);    /* api_catalogs.c */
void hb_sm_api_catalogs(void *user, struct hb_http_call *call);
void hb_sm_api_catalog_make(void *user, struct hb_http_call *call);
void hb_sm_api_sync(void *user, struct hb_http_call *call); /* api_status.c */
void hb_sm_api_status(void *user, struct hb_http_call *call);
void hb_sm_api_products(void *user, struct hb_http_call *call); /* api_scan.c */
void hb_sm_api_dead(void *user, struct hb_http_call *call);     /* api_dead.c */
void hb_sm_api_dead_replay(void *user, struct hb_http_call *call);
void hb_sm_api_mapping_show(void *user, struct hb_http_call *call); /* api_mapping.c */
void hb_sm_api_mapping_set(void *user, struct hb_http_call *call);
void hb_sm_api_mapping_reset(void *user, struct hb_http_call *call);
void hb_sm_api_mapping_test(void *user, struct hb_http_call *call);

/* ---- api_scan.c ---- */
/* Reads the catalog topic for a call; `answer` comes once, with the scan's result, and must answer the call. */
struct hb_sm_api_scan_spec {
    struct hb_str store, product; /* product empty: count */
    void (*answer)(void *user, struct hb_http_call *call, const struct hb_catalog_scan_result *result);
    void *user;
    void (*drop)(void *user); /* frees user, after answer or when it never comes */
};
bool hb_sm_api_scan_start(struct hb_sm_api *api, struct hb_http_call *call, const struct hb_sm_api_scan_spec *spec,
                          struct hb_http_problem *ret_problem);
void hb_sm_api_scan_end_all(struct hb_sm_api *api);

/* ---- api_dead.c ---- */
/* "connector-dead/<store>/<connector>/" and the like: what the keys begin with; a view of ret_prefix. */
struct hb_str hb_sm_api_prefix(const char *kind, struct hb_str store, char ret_prefix[HB_CONNECTOR_KEY_MAX]);
size_t hb_sm_api_dead_count(const struct hb_sm_api *api, struct hb_str store);

/* ---- api_status.c ---- */
#define HB_SM_API_SYNC_STATES(X) X(NONE, "none") X(WAITING, "waiting") X(RUNNING, "running") X(DONE, "done")
enum hb_sm_api_sync_state {
#define HB_SM_API_SYNC_STATE_ENUM(name, text) HB_SM_API_SYNC_##name,
    HB_SM_API_SYNC_STATES(HB_SM_API_SYNC_STATE_ENUM)
#undef HB_SM_API_SYNC_STATE_ENUM
        HB_SM_API_SYNC_STATE_COUNT
};
/* What the workers say of the sync that is asked for. */
struct hb_sm_api_sync_progress {
    enum hb_sm_api_sync_state state;
    int64_t done, total;
};
struct hb_sm_api_sync_progress hb_sm_api_sync_read(const struct hb_sm_api *api, const struct hb_connector *connector);

#endif
