/* Job: the HTTP API of a store's SALESmanago connector: connect, look, pause, resume, sync, the dead, the mapping.
 *
 * Place: routes of the api role under /v1/stores/{store}/connectors/salesmanago, described in docs/openapi.yaml. Scope
 * read to look, manage to change; read:data where a product's own data is shown. Changes go through the registry's pen;
 * the worker (role salesmanago) acts on the records. Calls of SALESmanago (catalogList, catalogUpsert) leave from here,
 * through the one address filter. An API key that came in is sealed, used, wiped, and never in an answer, a log or an
 * audit record. Owns / borrows: what the options give must outlive it. Fails: HB_ERR_MEMORY. Limits:
 * HB_SM_API_CALLS_MAX calls of SALESmanago at a time, HB_SM_API_STORE_CALLS_MAX of one store; HB_SM_API_SCANS_MAX scans
 * of the catalog, one of a store, HB_SM_API_SCAN_MS_MAX each. Threads: the loop's. Free it before the http client, the
 * server and the registry's API. */
#ifndef SALESMANAGO_API_H
#define SALESMANAGO_API_H

#include "platform/kafka/kafka.h"

#define HB_SM_API_CALLS_MAX 16
#define HB_SM_API_STORE_CALLS_MAX 4
#define HB_SM_API_TIMEOUT_MS 15000
#define HB_SM_API_SCANS_MAX 2
#define HB_SM_API_SCAN_MS_MAX 20000 /* below what clients wait for */
#define HB_SM_API_BODY_BYTES_MAX ((size_t)64 * 1024)
#define HB_SM_API_TEST_BODY_BYTES_MAX ((size_t)300 * 1024) /* with a product's data */

struct hb_egress;
struct hb_http_client;
struct hb_http_server;
struct hb_keyring;
struct hb_loop;
struct hb_pen;
struct hb_registry;
struct hb_sm_api;

struct hb_sm_api_options {
    struct hb_loop *loop;
    struct hb_kafka_cluster cluster; /* its texts must outlive it, as topic_prefix */
    struct hb_str topic_prefix;
    struct hb_registry *registry;
    struct hb_pen *pen;
    struct hb_http_client *http;      /* keeps answers of HB_SM_ANSWER_BYTES_MAX */
    const struct hb_keyring *keyring; /* NULL: nothing with a secret can be made: 503 */
    const struct hb_egress *egress;   /* NULL: only global addresses */
    struct hb_mono (*now)(void);      /* any thread */
};
/* Mounts the routes. */
HB_MUST_USE enum hb_err hb_sm_api_new(const struct hb_sm_api_options *options, struct hb_http_server *server,
                                      struct hb_sm_api **ret_api);
/* NULL is allowed; sets the pointer to NULL. */
void hb_sm_api_free(struct hb_sm_api **api);

#endif
