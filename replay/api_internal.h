/* Job: what the files of the replay API share. Private to replay/api*.c. Threads: the loop's. */
#ifndef REPLAY_API_INTERNAL_H
#define REPLAY_API_INTERNAL_H

#include "platform/http_server/http_server.h"
#include "platform/http_server/json_answer.h"
#include "registry/access.h"
#include "registry/api_key.h"
#include "registry/pen.h"
#include "replay/api.h"
#include "replay/job.h"
#include "replay/task.h"

#define REPLAY_ROUTES 6
#define REPLAY_ANSWER_BYTES_MAX ((size_t)4 * 1024 * 1024)
#define REPLAY_RETRY_AFTER_S 5

struct hb_replay_api {
    struct hb_replay_api_options options;
    struct hb_http_route routes[REPLAY_ROUTES];
    struct replay_dry *dry_runs;
    size_t dry_runs_count;
};

/* hb_http_refuse with a field. */
bool hb_replay_refuse(struct hb_http_problem *problem, int status, const char *slug, const char *field,
                      const char *detail);

/* ---- api_body.c ---- */
/* The job a body asks for: webhook, states … once, with id, store, created and revision still to be set. views of the
 * document, lists owned by the job. */
bool hb_replay_body_read(const struct hb_replay_api *api, const struct hb_json *body, struct hb_wall now,
                         struct hb_replay_job *ret_job, bool *ret_is_dry, struct hb_http_problem *ret_problem);

/* ---- api_create.c ---- */
void hb_replay_api_create(void *user, struct hb_http_call *call);
/* Whether the webhook's deliveries may be replayed now. */
bool hb_replay_webhook_is_fit(const struct hb_replay_api *api, struct hb_str store, struct hb_str webhook,
                              struct hb_http_problem *ret_problem);

/* ---- api_dry.c ---- */
/* Counts what the job (its record's value) would take and answers the call. */
void hb_replay_api_dry_run(struct hb_replay_api *api, struct hb_http_call *call, const struct hb_replay_job *job,
                           struct hb_str value);
void hb_replay_api_dry_end(struct hb_replay_api *api);

/* ---- api_change.c ---- */
/* Writes a job's record through the pen and answers the call with the job. */
struct replay_change {
    struct hb_pen_change pen;
    struct hb_replay_api *api;
    struct hb_http_call *call;
    enum hb_replay_wish wish;
    int status; /* of the answer */
    struct hb_http_problem problem;
    char who[HB_KEY_PREFIX_BYTES + 1];
    char store[HB_ID_MAX + 1], id[HB_ID_MAX + 1];
    char object[HB_REPLAY_KEY_MAX];
    struct hb_buf value; /* of a new job; else empty */
    char webhook[HB_ID_MAX + 1];
    char oldest[HB_ID_MAX + 1]; /* of a store with many jobs: the oldest that ended, to be forgotten for the new one */
};
void hb_replay_api_make(struct hb_replay_api *api, struct hb_http_call *call, const struct hb_api_key *key,
                        const struct hb_replay_job *job, struct hb_buf *take_value);
void hb_replay_api_pause(void *user, struct hb_http_call *call);
void hb_replay_api_resume(void *user, struct hb_http_call *call);
void hb_replay_api_cancel(void *user, struct hb_http_call *call);

/* ---- api_forget.c ---- */
/* The jobs of a store. */
struct replay_census {
    struct hb_registry *registry;
    size_t jobs, open;
    char oldest[HB_ID_MAX + 1]; /* that ended; empty: none */
    struct hb_wall oldest_created;
};
void hb_replay_api_count(struct hb_replay_api *api, struct hb_str store, struct replay_census *ret_census);
/* Takes an ended job's two records out of the registry; nobody waits for it. */
void hb_replay_api_forget(struct hb_replay_api *api, const char *who, struct hb_str store, struct hb_str id);

/* ---- api.c ---- */
/* The job with its progress, as an object. */
void hb_replay_api_show(struct hb_registry *registry, const struct hb_replay_job *job, struct hb_json_writer *w);
void hb_replay_api_answer(struct hb_replay_api *api, struct hb_http_call *call, struct hb_str value, int status);

#endif
