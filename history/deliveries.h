/* Job: the HTTP API of deliveries: list, count, show, retry, cancel; how webhooks fare.
 *
 * Place: routes of the api role under /v1/stores/{store}: GET deliveries (out of the read model; ?deep=true reads the
 * topic), GET deliveries/{delivery}, POST …/retry, POST …/cancel, GET webhooks/health; described in docs/openapi.yaml.
 * Scope read to look, read:data for the event's bytes, manage to retry and cancel. Every answer out of the read model
 * says whether that is complete. HEAD is refused (405): it would cost what GET costs.
 * Owns / borrows: what the options give must outlive it. Fails: HB_ERR_MEMORY. Limits: HB_DELIVERIES_ASKS_MAX questions
 * and HB_DELIVERIES_DEEP_MAX deep readings at a time, half of them for one store, HB_DELIVERIES_MS_MAX a question.
 * Threads: the loop's; questions run on threads (history/works). */
#ifndef HISTORY_DELIVERIES_H
#define HISTORY_DELIVERIES_H

#include "history/model.h"

#define HB_DELIVERIES_ASKS_MAX 8
#define HB_DELIVERIES_DEEP_MAX 2
#define HB_DELIVERIES_MS_MAX 5000

struct hb_deliveries;
struct hb_http_server;
struct hb_loop;
struct hb_outbox;
struct hb_registry;

struct hb_deliveries_options {
    struct hb_loop *loop;
    struct hb_kafka_cluster cluster;
    struct hb_str topic_prefix;
    struct hb_registry *registry;
    struct hb_model *model;
    struct hb_outbox *outbox; /* what retry and cancel write */
    struct hb_mono (*now)(void); /* any thread */
};
/* Mounts the routes. Before the registry's: .../webhooks/health is no webhook. */
HB_MUST_USE enum hb_err hb_deliveries_new(const struct hb_deliveries_options *options, struct hb_http_server *server,
                                          struct hb_deliveries **ret_deliveries);
/* No call is answered any more. Call before the server is freed. NULL is allowed. */
void hb_deliveries_end(struct hb_deliveries *deliveries);
/* Waits for questions under way; it must have been ended, the server freed and the outbox ended (hb_outbox_end). NULL
 * is allowed. */
void hb_deliveries_free(struct hb_deliveries **deliveries);

#endif
