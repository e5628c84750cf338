#include "registry/each.h"
#include "replay/api_internal.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- how many there are ---- */

static void note_ended(struct replay_census *census, const struct hb_replay_job *job)
{
    if (census->oldest[0] && job->created.ms >= census->oldest_created.ms)
        return;
    (void)snprintf(census->oldest, sizeof census->oldest, "%.*s", HB_ARG(job->id));
    census->oldest_created = job->created;
}

static void count_job(void *user, struct hb_str key, struct hb_str value)
{
    struct replay_census *census = user;
    char state_key[HB_REPLAY_KEY_MAX];
    struct hb_replay_job job;
    struct hb_replay_progress *progress = malloc(sizeof *progress);
    (void)key;
    census->jobs++;
    if (progress && hb_replay_job_read(value, &job) == HB_OK) {
        struct hb_str state = hb_registry_record(census->registry, hb_replay_progress_key(job.id, state_key));
        if (hb_replay_progress_read(state, progress) == HB_OK && hb_replay_stage_is_end(progress->stage))
            note_ended(census, &job);
        else
            census->open++;
        hb_replay_job_deinit(&job);
    }
    free(progress);
}

void hb_replay_api_count(struct hb_replay_api *api, struct hb_str store, struct replay_census *ret_census)
{
    char prefix[HB_REPLAY_KEY_MAX];
    struct hb_str none = {NULL, 0};
    *ret_census = (struct replay_census){.registry = api->options.registry};
    hb_registry_each_record(api->options.registry, hb_replay_job_key(store, none, prefix), count_job, ret_census);
}

/* ---- forgetting ---- */

/* One record on its way out. */
struct forgetting {
    struct hb_pen_change pen;
    struct hb_registry *registry;
    char who[HB_KEY_PREFIX_BYTES + 1], store[HB_ID_MAX + 1];
    char object[HB_REPLAY_KEY_MAX];
};

/* Without a value: a tombstone. */
static enum hb_pen_verdict judge(void *user, struct hb_buf *ret_value, int64_t *ret_revision)
{
    const struct forgetting *forgetting = user;
    (void)ret_value;
    *ret_revision = 0;
    return hb_registry_record(forgetting->registry, hb_str_c(forgetting->object)).len > 0 ? HB_PEN_WRITE
                                                                                          : HB_PEN_NOTHING;
}

static void done(void *user, enum hb_err err, enum hb_pen_verdict verdict)
{
    (void)err; /* the next new job tries again */
    (void)verdict;
    free(user);
}

static void forget(struct hb_replay_api *api, const char *who, struct hb_str store, struct hb_str object)
{
    struct forgetting *forgetting = calloc(1, sizeof *forgetting);
    if (!forgetting)
        return;
    forgetting->registry = api->options.registry;
    (void)snprintf(forgetting->who, sizeof forgetting->who, "%s", who);
    (void)snprintf(forgetting->store, sizeof forgetting->store, "%.*s", HB_ARG(store));
    (void)snprintf(forgetting->object, sizeof forgetting->object, "%.*s", HB_ARG(object));
    forgetting->pen = (struct hb_pen_change){.object = hb_str_c(forgetting->object),
                                             .store = hb_str_c(forgetting->store),
                                             .who = hb_str_c(forgetting->who),
                                             .action = HB_STR("replay.forget"),
                                             .judge = judge,
                                             .done = done,
                                             .user = forgetting};
    if (hb_pen_change(api->options.pen, &forgetting->pen))
        free(forgetting);
}

/* The state goes last: without it the job would look as if nobody had begun it. */
void hb_replay_api_forget(struct hb_replay_api *api, const char *who, struct hb_str store, struct hb_str id)
{
    char key[HB_REPLAY_KEY_MAX];
    forget(api, who, store, hb_replay_job_key(store, id, key));
    forget(api, who, store, hb_replay_progress_key(id, key));
}
