/* Job: api processes as the tests need them: objects in one test process, on one loop, with a real Kafka between them.
 *
 * A "process" is a registry, its API and an HTTP server on a free port. Requests go through a real socket; while one waits, the loop
 * runs. Everything that waits has a bound and fails the test. Needs HOOKBUS_TEST_KAFKA (host:port); each world has its own prefix. */
#ifndef TESTS_COMPONENT_REGISTRY_WORLD_H
#define TESTS_COMPONENT_REGISTRY_WORLD_H

#include "hookbus/bytes.h"
#include "platform/crypto/crypto.h"
#include "platform/http_server/http_server.h"
#include "platform/json/json.h"
#include "platform/kafka/kafka.h"
#include "platform/log/log.h"
#include "platform/loop/loop.h"
#include "registry/api.h"
#include "registry/registry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define WORLD_LIMIT_MS 30000

struct world {
    struct hb_loop *loop;
    struct hb_log *log;
    struct hb_log_context context;
    struct hb_keyring *keyring;
    char prefix[64];
    char topic[128];
    const char *brokers;
    int64_t sweep_keep_ms, sweep_every_ms; /* of processes that begin; 0: as always */
};

struct process {
    struct world *world;
    struct hb_registry *registry;
    struct hb_registry_api *api;
    struct hb_http_server *server;
    int port;
    size_t made, changed, removed; /* webhook_changed calls */
};

struct reply {
    int status;
    char etag[32];
    char *body; /* owned; NUL-terminated */
    struct hb_json *json;
};

/* False: there is no Kafka to test against. */
bool world_init(struct world *world);
void world_deinit(struct world *world);
struct hb_kafka_cluster world_cluster(const struct world *world);
/* A process that has read the registry to its end. keyring NULL: one without sealing keys. */
void process_init(struct process *process, struct world *world, const struct hb_keyring *keyring);
void process_deinit(struct process *process);
/* Runs the loop until is_true, or fails the test after WORLD_LIMIT_MS. */
void world_until(struct world *world, bool (*is_true)(void *user), void *user, const char *what);

/* A request that is under way. */
struct ask {
    int fd;
    struct hb_buf answer;
    bool is_whole;
};
void ask_begin(struct ask *ask, const struct process *process, const char *method, const char *path, const char *token,
               const char *if_match, const char *body);
/* Takes what has arrived; true when it is whole. */
bool ask_is_done(struct ask *ask);
void ask_end(struct ask *ask, struct reply *ret_reply);
/* The three together. */
struct reply request(struct process *process, const char *method, const char *path, const char *token, const char *if_match,
                     const char *body);
void reply_free(struct reply *reply);
/* A text member of the reply's body; fails the test without it. Lives as the reply. */
struct hb_str reply_text(const struct reply *reply, const char *name);

/* Makes the first admin key through a file; writes the token. */
void world_admin(struct process *process, char ret_token[80]);

#endif
