#include "core/words.h"
#include "platform/json/json.h"
#include "replay/job.h"

#include <stdio.h>

#define RECORD_VERSION 1

static const struct {
    const char *text;
    bool is_end;
} stages[HB_REPLAY_STAGE_COUNT] = {
#define HB_REPLAY_STAGE_ROW(name, text, is_end) {text, is_end},
    HB_REPLAY_STAGES(HB_REPLAY_STAGE_ROW)
#undef HB_REPLAY_STAGE_ROW
};

const char *hb_replay_stage_text(enum hb_replay_stage stage)
{
    HB_ASSERT((unsigned)stage < HB_REPLAY_STAGE_COUNT);
    return stages[stage].text;
}

bool hb_replay_stage_is_end(enum hb_replay_stage stage)
{
    HB_ASSERT((unsigned)stage < HB_REPLAY_STAGE_COUNT);
    return stages[stage].is_end;
}

struct hb_str hb_replay_progress_key(struct hb_str job, char ret_key[HB_REPLAY_KEY_MAX])
{
    int len = snprintf(ret_key, HB_REPLAY_KEY_MAX, "replay-state/%.*s", HB_ARG(job));
    HB_ASSERT(len > 0 && len < HB_REPLAY_KEY_MAX);
    return hb_str_n(ret_key, (size_t)len);
}

void hb_replay_progress_init(struct hb_replay_progress *ret_state)
{
    memset(ret_state, 0, sizeof *ret_state);
    ret_state->stage = HB_REPLAY_STAGE_WAITING;
    ret_state->total = -1;
    ret_state->cursor = HB_REPLAY_BEGINNING;
}

/* ---- writing ---- */

static void add_cursor(struct hb_json_writer *w, const struct hb_replay_cursor *cursor)
{
    if (cursor->appended.ms < 0)
        return;
    hb_json_object(w, "cursor");
    hb_json_add_int(w, "appended", cursor->appended.ms);
    hb_json_add_int(w, "topic", cursor->topic);
    hb_json_add_int(w, "partition", cursor->partition);
    hb_json_add_int(w, "offset", cursor->offset);
    hb_json_close_object(w);
}

static void add_ends(struct hb_json_writer *w, const struct hb_replay_ends *ends)
{
    hb_json_array(w, "ends");
    for (int topic = 0; topic < HB_TOPIC_COUNT; topic++) {
        if (ends->counts[topic] == 0)
            continue;
        hb_json_object(w, NULL);
        hb_json_add_str(w, "topic", hb_str_c(hb_topic_spec((enum hb_topic)topic)->name));
        hb_json_array(w, "offsets");
        for (size_t i = 0; i < ends->counts[topic]; i++)
            hb_json_add_int(w, NULL, ends->ends[topic][i]);
        hb_json_close_array(w);
        hb_json_close_object(w);
    }
    hb_json_close_array(w);
}

enum hb_err hb_replay_progress_write(const struct hb_replay_progress *state, struct hb_buf *ret_value)
{
    struct hb_json_writer w = hb_json_write(ret_value);
    hb_json_object(&w, NULL);
    hb_json_add_int(&w, "v", RECORD_VERSION);
    hb_json_add_str(&w, "status", hb_str_c(hb_replay_stage_text(state->stage)));
    hb_json_add_wall(&w, "at", state->at);
    if (state->started.ms > 0)
        hb_json_add_wall(&w, "started", state->started);
    hb_json_add_str(&w, "worker", hb_str_c(state->worker));
    hb_json_add_int(&w, "total", state->total);
    hb_json_add_int(&w, "selected", state->selected);
    hb_json_add_int(&w, "gone", state->gone);
    if (state->reason[0])
        hb_json_add_str(&w, "reason", hb_str_c(state->reason));
    if (state->detail[0])
        hb_json_add_str(&w, "detail", hb_str_c(state->detail));
    add_cursor(&w, &state->cursor);
    if (state->has_ends)
        add_ends(&w, &state->ends);
    hb_json_close_object(&w);
    return hb_json_end(&w);
}

/* ---- reading ---- */

static bool read_cursor(const struct hb_json *json, struct hb_replay_cursor *cursor)
{
    int64_t topic = 0, partition = 0;
    if (!json)
        return true;
    if (!hb_json_int(hb_json_get(json, "appended"), &cursor->appended.ms) ||
        !hb_json_int(hb_json_get(json, "topic"), &topic) || topic < 0 || topic >= HB_EVENT_TOPIC_COUNT ||
        !hb_json_int(hb_json_get(json, "partition"), &partition) || partition < 0 || partition > INT32_MAX ||
        !hb_json_int(hb_json_get(json, "offset"), &cursor->offset))
        return false;
    cursor->topic = (int)topic;
    cursor->partition = (int32_t)partition;
    return true;
}

static bool read_ends_of(const struct hb_json *json, struct hb_replay_ends *ends)
{
    struct hb_str name;
    int topic = hb_json_str(hb_json_get(json, "topic"), &name) ? hb_topic_find((struct hb_str){NULL, 0}, name) : -1;
    const struct hb_json *offsets = hb_json_get(json, "offsets");
    if (topic < 0 || hb_json_count(offsets) > HB_REPLAY_PARTITIONS_MAX)
        return false;
    for (const struct hb_json *item = hb_json_first(offsets); item; item = hb_json_next(item))
        if (!hb_json_int(item, &ends->ends[topic][ends->counts[topic]++]))
            return false;
    return true;
}

static bool read_ends(const struct hb_json *json, struct hb_replay_progress *state)
{
    state->has_ends = json != NULL;
    for (const struct hb_json *item = hb_json_first(json); item; item = hb_json_next(item))
        if (!read_ends_of(item, &state->ends))
            return false;
    return true;
}

static void copy_text(const struct hb_json *json, char *ret_text, size_t room)
{
    struct hb_str text;
    if (hb_json_str(json, &text))
        (void)snprintf(ret_text, room, "%.*s", HB_ARG(text));
}

static enum hb_err read_state(const struct hb_json *json, struct hb_replay_progress *state)
{
    int64_t version = 0;
    struct hb_str started;
    struct hb_str status;
    int stage = hb_json_str(hb_json_get(json, "status"), &status) ? HB_WORDS_FIND_ROW(stages, text, status) : -1;
    if (!hb_json_int(hb_json_get(json, "v"), &version))
        return HB_ERR_INVALID;
    if (version > RECORD_VERSION)
        return HB_ERR_VERSION;
    if (stage < 0 || !hb_json_wall(hb_json_get(json, "at"), &state->at) ||
        !hb_json_int(hb_json_get(json, "total"), &state->total) ||
        !hb_json_int(hb_json_get(json, "selected"), &state->selected) ||
        !hb_json_int(hb_json_get(json, "gone"), &state->gone) ||
        !read_cursor(hb_json_get(json, "cursor"), &state->cursor) || !read_ends(hb_json_get(json, "ends"), state))
        return HB_ERR_INVALID;
    if (hb_json_str(hb_json_get(json, "started"), &started) && hb_wall_parse(started, &state->started))
        return HB_ERR_INVALID;
    state->stage = (enum hb_replay_stage)stage;
    copy_text(hb_json_get(json, "worker"), state->worker, sizeof state->worker);
    copy_text(hb_json_get(json, "reason"), state->reason, sizeof state->reason);
    copy_text(hb_json_get(json, "detail"), state->detail, sizeof state->detail);
    return HB_OK;
}

enum hb_err hb_replay_progress_read(struct hb_str value, struct hb_replay_progress *ret_state)
{
    struct hb_json *json = NULL;
    hb_replay_progress_init(ret_state);
    if (value.len == 0)
        return HB_OK;
    enum hb_err err = hb_json_parse(value, &json, NULL);
    if (!err)
        err = read_state(json, ret_state);
    hb_json_free(&json);
    return err;
}
