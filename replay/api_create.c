#include "core/fate.h"
#include "core/ids.h"
#include "platform/crypto/crypto.h"
#include "platform/loop/loop.h"
#include "replay/api_internal.h"

#include <stdio.h>

bool hb_replay_webhook_is_fit(const struct hb_replay_api *api, struct hb_str store, struct hb_str webhook,
                              struct hb_http_problem *ret_problem)
{
    const struct hb_webhook *found = hb_registry_webhook(api->options.registry, store, webhook);
    if (!found)
        return hb_replay_refuse(ret_problem, 404, "not_found", "webhook", "The store has no such webhook.");
    if (found->status == HB_WEBHOOK_DELETED)
        return hb_replay_refuse(ret_problem, 410, "webhook_deleted", "webhook",
                                "The webhook was deleted: nothing of it can be sent any more.");
    if (found->status == HB_WEBHOOK_DISABLED)
        return hb_replay_refuse(ret_problem, 409, "webhook_disabled", "webhook",
                                "The webhook is disabled: enable it first.");
    return true;
}

static void name_job(const struct hb_replay_job *job, char ret_id[HB_ID_MAX + 1])
{
    unsigned char random[10];
    char uuid[37];
    hb_random_bytes(random, sizeof random);
    hb_uuid7(job->created, random, uuid);
    (void)snprintf(ret_id, HB_ID_MAX + 1, "%s" HB_REPLAY_ID_PREFIX "%s", job->is_once ? HB_FATE_ONCE_PREFIX : "", uuid);
}

/* A read body becomes a dry run, or a job. */
static void carry_out(struct hb_replay_api *api, struct hb_http_call *call, const struct hb_api_key *key,
                      struct hb_replay_job *job, bool is_dry)
{
    char id[HB_ID_MAX + 1];
    struct hb_http_problem problem;
    job->store = hb_http_call_param(call, "store");
    job->revision = 1;
    job->created = job->updated = hb_loop_wall(api->options.loop);
    name_job(job, id);
    job->id = hb_str_c(id);
    struct hb_buf value = hb_buf_make(HB_REPLAY_RECORD_BYTES_MAX);
    if (!hb_replay_webhook_is_fit(api, job->store, job->webhook, &problem)) {
        hb_http_call_refuse(call, &problem, REPLAY_RETRY_AFTER_S);
    } else if (hb_replay_job_write(job, &value)) {
        (void)hb_http_refuse(&problem, 413, "too_large", "The job's lists are too large.");
        hb_http_call_refuse(call, &problem, REPLAY_RETRY_AFTER_S);
    } else if (is_dry) {
        hb_replay_api_dry_run(api, call, job, hb_buf_str(&value));
    } else {
        hb_replay_api_make(api, call, key, job, &value);
    }
    hb_buf_deinit(&value);
}

void hb_replay_api_create(void *user, struct hb_http_call *call)
{
    struct hb_replay_api *api = user;
    struct hb_wall now = hb_loop_wall(api->options.loop);
    const struct hb_api_key *key =
        hb_access_check(api->options.registry, call, HB_SCOPE_MANAGE, hb_http_call_param(call, "store"), now);
    struct hb_json *body = NULL;
    struct hb_replay_job job = {.revision = 0};
    struct hb_http_problem problem;
    bool is_dry = false;
    if (!key)
        return;
    if (hb_http_json_read(hb_http_call_body(call), HB_REPLAY_BODY_BYTES_MAX, &body, &problem) &&
        hb_replay_body_read(api, body, now, &job, &is_dry, &problem))
        carry_out(api, call, key, &job, is_dry);
    else
        hb_http_call_refuse(call, &problem, REPLAY_RETRY_AFTER_S);
    hb_replay_job_deinit(&job);
    hb_json_free(&body);
}
