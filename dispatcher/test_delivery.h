/* Job: `webhook test`: sends one signed sample event to a webhook and answers with what came of it.
 *
 * Place: a route of the api role. The request goes the way of every delivery (same rendering, headers, signature,
 * address filter), but not through Kafka: it is in no history and settles nothing.
 * Owns / borrows: what the options give must outlive it. Fails: HB_ERR_MEMORY. Limits: 16 tests at a
 * time, 8 of one store. Threads:
 * the loop's. */
#ifndef DISPATCHER_TEST_DELIVERY_H
#define DISPATCHER_TEST_DELIVERY_H

#include "hookbus/error.h"

struct hb_http_client;
struct hb_http_server;
struct hb_loop;
struct hb_registry;
struct hb_tests;

struct hb_tests_options {
    struct hb_loop *loop;
    struct hb_registry *registry;
    struct hb_http_client *http;
};
/* Mounts POST /v1/stores/{store}/webhooks/{webhook}/test, scope manage. */
HB_MUST_USE enum hb_err hb_tests_new(const struct hb_tests_options *options, struct hb_http_server *server,
                                     struct hb_tests **ret_tests);
/* The http client must have been freed before: no answer may come after this. */
void hb_tests_free(struct hb_tests **tests);

#endif
