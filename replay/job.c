#include "replay/job.h"

#include "core/event_rules.h"
#include "core/words.h"
#include "platform/json/json.h"

#include <stdio.h>
#include <stdlib.h>

#define RECORD_VERSION 1

static const char *const wish_texts[HB_REPLAY_WISH_COUNT] = {
#define HB_REPLAY_WISH_TEXT(name, text) text,
    HB_REPLAY_WISHES(HB_REPLAY_WISH_TEXT)
#undef HB_REPLAY_WISH_TEXT
};

const char *hb_replay_wish_text(enum hb_replay_wish wish)
{
    HB_ASSERT((unsigned)wish < HB_REPLAY_WISH_COUNT);
    return wish_texts[wish];
}

struct hb_str hb_replay_job_key(struct hb_str store, struct hb_str job, char ret_key[HB_REPLAY_KEY_MAX])
{
    int len = snprintf(ret_key, HB_REPLAY_KEY_MAX, "replay/%.*s/%.*s", HB_ARG(store), HB_ARG(job));
    HB_ASSERT(len > 0 && len < HB_REPLAY_KEY_MAX);
    return hb_str_n(ret_key, (size_t)len);
}

/* ---- writing ---- */

static void add_texts(struct hb_json_writer *w, const char *name, const struct hb_str *texts, size_t count)
{
    if (count == 0)
        return;
    hb_json_array(w, name);
    for (size_t i = 0; i < count; i++)
        hb_json_add_str(w, NULL, texts[i]);
    hb_json_close_array(w);
}

void hb_replay_job_show(const struct hb_replay_job *job, struct hb_json_writer *w)
{
    hb_json_add_str(w, "id", job->id);
    hb_json_add_str(w, "store", job->store);
    hb_json_add_str(w, "webhook", job->webhook);
    hb_json_add_int(w, "revision", job->revision);
    hb_json_add_wall(w, "created", job->created);
    hb_json_add_wall(w, "updated", job->updated);
    hb_json_array(w, "states");
    for (int i = 0; i < HB_REPLAY_STATE_COUNT; i++)
        if (job->states & 1U << i)
            hb_json_add_str(w, NULL, hb_str_c(hb_replay_state_text((enum hb_replay_state)i)));
    hb_json_close_array(w);
    if (job->since.ms > 0)
        hb_json_add_wall(w, "since", job->since);
    if (job->until.ms != HB_REPLAY_NO_UNTIL)
        hb_json_add_wall(w, "until", job->until);
    add_texts(w, "types", job->types, job->types_count);
    add_texts(w, "subjects", job->subjects, job->subjects_count);
    add_texts(w, "events", job->events, job->events_count);
    hb_json_add_int(w, "rate", job->rate);
    hb_json_add_bool(w, "once", job->is_once);
}

enum hb_err hb_replay_job_write(const struct hb_replay_job *job, struct hb_buf *ret_value)
{
    struct hb_json_writer w = hb_json_write(ret_value);
    hb_json_object(&w, NULL);
    hb_json_add_int(&w, "v", RECORD_VERSION);
    hb_json_add_str(&w, "status", hb_str_c(hb_replay_wish_text(job->wish)));
    hb_replay_job_show(job, &w);
    hb_json_close_object(&w);
    return hb_json_end(&w);
}

/* ---- reading ---- */

/* A list of texts, each of which `is_good`; absent: none. */
static enum hb_err read_texts(const struct hb_json *json, size_t max, bool (*is_good)(struct hb_str),
                              struct hb_str **ret_texts, size_t *ret_count)
{
    size_t count = hb_json_count(json);
    if (count == 0)
        return HB_OK;
    if (hb_json_kind(json) != HB_JSON_ARRAY || count > max)
        return HB_ERR_INVALID;
    struct hb_str *texts = calloc(count, sizeof *texts);
    if (!texts)
        return HB_ERR_MEMORY;
    *ret_texts = texts;
    for (const struct hb_json *item = hb_json_first(json); item; item = hb_json_next(item))
        if (!hb_json_str(item, &texts[(*ret_count)++]) || !is_good(texts[*ret_count - 1]))
            return HB_ERR_INVALID;
    return HB_OK;
}

static bool is_any(struct hb_str text)
{
    return text.len > 0;
}

static enum hb_err read_states(const struct hb_json *json, unsigned *ret_states)
{
    struct hb_str text;
    for (const struct hb_json *item = hb_json_first(json); item; item = hb_json_next(item)) {
        int state = hb_json_str(item, &text) ? hb_replay_state_find(text) : -1;
        if (state < 0)
            return HB_ERR_INVALID;
        *ret_states |= 1U << state;
    }
    return *ret_states ? HB_OK : HB_ERR_INVALID;
}

static enum hb_err read_plain(const struct hb_json *json, struct hb_replay_job *job)
{
    struct hb_str status;
    int64_t version = 0;
    if (!hb_json_int(hb_json_get(json, "v"), &version))
        return HB_ERR_INVALID;
    if (version > RECORD_VERSION)
        return HB_ERR_VERSION;
    int wish = hb_json_str(hb_json_get(json, "status"), &status) ? HB_WORDS_FIND(wish_texts, status) : -1;
    bool is_right = wish >= 0 && hb_json_str(hb_json_get(json, "id"), &job->id) && hb_event_is_id(job->id) &&
                    hb_json_str(hb_json_get(json, "store"), &job->store) && hb_event_is_id(job->store) &&
                    hb_json_str(hb_json_get(json, "webhook"), &job->webhook) && hb_event_is_id(job->webhook) &&
                    hb_json_int(hb_json_get(json, "revision"), &job->revision) &&
                    hb_json_int(hb_json_get(json, "rate"), &job->rate) && job->rate >= 1 &&
                    job->rate <= HB_REPLAY_RATE_MAX && hb_json_bool(hb_json_get(json, "once"), &job->is_once) &&
                    hb_json_wall(hb_json_get(json, "created"), &job->created) && job->created.ms >= 0 &&
                    hb_json_wall(hb_json_get(json, "updated"), &job->updated);
    if (!is_right)
        return HB_ERR_INVALID;
    (void)hb_json_wall(hb_json_get(json, "since"), &job->since);
    if (!hb_json_wall(hb_json_get(json, "until"), &job->until))
        job->until.ms = HB_REPLAY_NO_UNTIL;
    job->wish = (enum hb_replay_wish)wish;
    return HB_OK;
}

/* The document's strings end with it: they are copied into one text of the job's own. */
static enum hb_err keep_texts(struct hb_replay_job *job)
{
    struct hb_str *single[] = {&job->id, &job->store, &job->webhook};
    struct {
        struct hb_str *texts;
        size_t count;
    } lists[] = {
        {job->types, job->types_count}, {job->subjects, job->subjects_count}, {job->events, job->events_count}};
    size_t bytes = 0;
    for (size_t i = 0; i < 3; i++)
        bytes += single[i]->len;
    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < lists[i].count; j++)
            bytes += lists[i].texts[j].len;
    job->text = hb_buf_make(bytes);
    enum hb_err err = hb_buf_reserve(&job->text, bytes); /* never moves again */
    for (size_t i = 0; !err && i < 3; i++) {
        const char *at = job->text.ptr + job->text.len;
        err = hb_buf_add(&job->text, *single[i]);
        single[i]->ptr = at;
    }
    for (size_t i = 0; !err && i < 3; i++)
        for (size_t j = 0; !err && j < lists[i].count; j++) {
            const char *at = job->text.ptr + job->text.len;
            err = hb_buf_add(&job->text, lists[i].texts[j]);
            lists[i].texts[j].ptr = at;
        }
    return err;
}

enum hb_err hb_replay_job_read(struct hb_str value, struct hb_replay_job *ret_job)
{
    struct hb_json *json = NULL;
    struct hb_replay_job job = {.revision = 0};
    enum hb_err err = hb_json_parse(value, &json, NULL);
    if (err)
        return err;
    err = read_plain(json, &job);
    if (!err)
        err = read_states(hb_json_get(json, "states"), &job.states);
    if (!err)
        err = read_texts(hb_json_get(json, "types"), HB_REPLAY_TYPES_MAX, is_any, &job.types, &job.types_count);
    if (!err)
        err = read_texts(hb_json_get(json, "subjects"), HB_REPLAY_SUBJECTS_MAX, hb_event_is_subject, &job.subjects,
                         &job.subjects_count);
    if (!err)
        err = read_texts(hb_json_get(json, "events"), HB_REPLAY_EVENTS_MAX, hb_event_is_id, &job.events,
                         &job.events_count);
    if (!err)
        err = keep_texts(&job);
    hb_json_free(&json);
    if (err)
        hb_replay_job_deinit(&job);
    else
        *ret_job = job;
    return err;
}

void hb_replay_job_deinit(struct hb_replay_job *job)
{
    hb_buf_deinit(&job->text);
    free(job->types);
    free(job->subjects);
    free(job->events);
    *job = (struct hb_replay_job){.revision = 0};
}
