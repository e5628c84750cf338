/* Job: the HTTP API of replay jobs: make one, count one beforehand (dry run), see how far it is, pause, resume, cancel.
 *
 * Place: routes of the api role: POST and GET /v1/stores/{store}/replays, GET …/{replay}, POST …/{replay}/pause,
 * resume, cancel; described in docs/openapi.yaml. Scope read to look, manage to do. A job is a registry record, written
 * by the registry's pen; whoever owns the webhook's shard runs it (replay/runner.h). Owns / borrows: what the options
 * give must outlive it. Fails: HB_ERR_MEMORY. Limits: HB_REPLAY_DRY_RUNS_MAX dry runs at a time, one a store,
 * HB_REPLAY_DRY_MS_MAX each; HB_REPLAY_STORE_JOBS_MAX jobs of a store are remembered, of which HB_REPLAY_STORE_OPEN_MAX
 * may be unfinished. Threads: the loop's. */
#ifndef REPLAY_API_H
#define REPLAY_API_H

#include "platform/kafka/kafka.h"

#define HB_REPLAY_DRY_RUNS_MAX 2
#define HB_REPLAY_DRY_MS_MAX 25000 /* below what clients wait for */
#define HB_REPLAY_STORE_JOBS_MAX 1000
#define HB_REPLAY_STORE_OPEN_MAX 100
#define HB_REPLAY_SAMPLE 10
#define HB_REPLAY_BODY_BYTES_MAX ((size_t)96 * 1024)
#define HB_REPLAY_LIST_MAX 500

struct hb_http_server;
struct hb_loop;
struct hb_pen;
struct hb_registry;
struct hb_replay_api;

struct hb_replay_api_options {
    struct hb_loop *loop;
    struct hb_kafka_cluster cluster; /* its texts must outlive it, as topic_prefix */
    struct hb_str topic_prefix;
    struct hb_registry *registry;
    struct hb_pen *pen;          /* must be freed before this is: changes that wait end then */
    int64_t rate;                /* replay.rate: of a job that names none */
    int64_t rate_max;            /* replay.rate_max */
    size_t deliveries_max;       /* replay.deliveries_max */
    struct hb_mono (*now)(void); /* the monotonic clock, callable from any thread */
};
/* Mounts the routes. */
HB_MUST_USE enum hb_err hb_replay_api_new(const struct hb_replay_api_options *options, struct hb_http_server *server,
                                          struct hb_replay_api **ret_api);
/* Waits for dry runs under way; pen and server must have been freed before. */
void hb_replay_api_free(struct hb_replay_api **api);

#endif
