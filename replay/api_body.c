#include "core/event_rules.h"
#include "core/selection.h"
#include "core/words.h"
#include "platform/loop/loop.h"
#include "replay/api_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* What a body is read into, member by member. */
struct body {
    const struct hb_replay_api *api;
    struct hb_replay_job *job;
    bool is_dry;
    bool has_until;
    struct hb_wall now;
    struct hb_http_problem *problem;
};

static bool refuse(struct body *body, const char *field, const char *detail, const char *should)
{
    (void)hb_replay_refuse(body->problem, 422, "invalid_field", field, detail);
    body->problem->should = should;
    return false;
}

static bool read_wall(struct body *body, const struct hb_json *value, const char *name, struct hb_wall *ret_at)
{
    if (hb_json_wall(value, ret_at) && ret_at->ms > 0)
        return true;
    return refuse(body, name, "This is no time.", "RFC 3339: 2026-01-31T12:00:00Z");
}

/* ---- lists ---- */

struct list {
    const char *name;
    size_t max;
    bool (*is_good)(struct hb_str text);
    const char *should;
};

static bool read_list(struct body *body, const struct hb_json *value, const struct list *list,
                      struct hb_str **ret_texts, size_t *ret_count)
{
    size_t count = hb_json_count(value);
    if (hb_json_kind(value) != HB_JSON_ARRAY || count == 0 || count > list->max)
        return refuse(body, list->name, "This must be a list, not empty and not longer than its limit.", list->should);
    *ret_texts = calloc(count, sizeof **ret_texts);
    if (!*ret_texts)
        return hb_http_refuse(body->problem, 503, "own_trouble", "Out of memory.");
    for (const struct hb_json *item = hb_json_first(value); item; item = hb_json_next(item))
        if (!hb_json_str(item, &(*ret_texts)[(*ret_count)++]) || !list->is_good((*ret_texts)[*ret_count - 1]))
            return refuse(body, list->name, "An item of the list cannot be used.", list->should);
    return true;
}

static bool read_types(struct body *body, const struct hb_json *value)
{
    static const struct list LIST = {"types", HB_REPLAY_TYPES_MAX, hb_selection_is_pattern,
                                     "1..64 event types: order.created, order.*, *"};
    return read_list(body, value, &LIST, &body->job->types, &body->job->types_count);
}

static bool read_subjects(struct body *body, const struct hb_json *value)
{
    static const struct list LIST = {"subjects", HB_REPLAY_SUBJECTS_MAX, hb_event_is_subject, "1..200 subjects"};
    return read_list(body, value, &LIST, &body->job->subjects, &body->job->subjects_count);
}

static bool read_events(struct body *body, const struct hb_json *value)
{
    static const struct list LIST = {"events", HB_REPLAY_EVENTS_MAX, hb_event_is_id, "1..1000 event ids"};
    return read_list(body, value, &LIST, &body->job->events, &body->job->events_count);
}

static bool read_states(struct body *body, const struct hb_json *value)
{
    static const char SHOULD[] = "a list of: dead, held, parked, expired, cancelled, skipped, delivered, missing";
    struct hb_str text;
    if (hb_json_kind(value) != HB_JSON_ARRAY || hb_json_count(value) == 0)
        return refuse(body, "states", "This must be a list, not empty.", SHOULD);
    body->job->states = 0;
    for (const struct hb_json *item = hb_json_first(value); item; item = hb_json_next(item)) {
        int state = hb_json_str(item, &text) ? hb_replay_state_find(text) : -1;
        if (state < 0)
            return refuse(body, "states", "There is no such state to replay from.", SHOULD);
        body->job->states |= 1U << state;
    }
    return true;
}

/* ---- members ---- */

static bool read_webhook(struct body *body, const struct hb_json *value)
{
    return (hb_json_str(value, &body->job->webhook) && hb_event_is_id(body->job->webhook)) ||
           refuse(body, "webhook", "This is no id of a webhook.", "wh_…, one webhook a job");
}

static bool read_since(struct body *body, const struct hb_json *value)
{
    return read_wall(body, value, "since", &body->job->since);
}

static bool read_until(struct body *body, const struct hb_json *value)
{
    body->has_until = true;
    return read_wall(body, value, "until", &body->job->until);
}

static bool read_rate(struct body *body, const struct hb_json *value)
{
    if (hb_json_int(value, &body->job->rate) && body->job->rate >= 1 && body->job->rate <= body->api->options.rate_max)
        return true;
    char detail[96];
    (void)snprintf(detail, sizeof detail, "A job may select 1..%" PRId64 " deliveries a second (replay.rate_max).",
                   body->api->options.rate_max);
    return refuse(body, "rate", detail, "deliveries a second");
}

static bool read_once(struct body *body, const struct hb_json *value)
{
    return hb_json_bool(value, &body->job->is_once) || refuse(body, "once", "once is no truth value.", "true or false");
}

static bool read_dry_run(struct body *body, const struct hb_json *value)
{
    return hb_json_bool(value, &body->is_dry) || refuse(body, "dry_run", "dry_run is no truth value.", "true or false");
}

static const struct {
    const char *name;
    bool (*read)(struct body *body, const struct hb_json *value);
} MEMBERS[] = {{"webhook", read_webhook}, {"states", read_states},     {"since", read_since},   {"until", read_until},
               {"types", read_types},     {"subjects", read_subjects}, {"events", read_events}, {"rate", read_rate},
               {"once", read_once},       {"dry_run", read_dry_run}};

static bool read_member(struct body *body, const struct hb_json *item)
{
    int member = HB_WORDS_FIND_ROW(MEMBERS, name, hb_json_name(item));
    if (member >= 0)
        return MEMBERS[member].read(body, item);
    return refuse(body, NULL, "The body has a member that is unknown.",
                  "webhook, states, since, until, types, subjects, events, rate, once, dry_run");
}

/* ---- the whole ---- */

/* Events and history are kept so long: what was before cannot be known, so it is not promised. */
static bool check_range(struct body *body)
{
    struct hb_replay_job *job = body->job;
    int64_t kept_ms = hb_topic_spec(HB_TOPIC_ATTEMPTS)->retention_days * HB_MS_PER_DAY;
    char oldest[HB_WALL_TEXT_MAX], detail[HB_ERROR_TEXT_MAX];
    (void)hb_wall_format((struct hb_wall){body->now.ms - kept_ms}, oldest);
    if (job->since.ms > 0 && job->since.ms < body->now.ms - kept_ms) {
        (void)snprintf(detail, sizeof detail, "History is kept for %d days: the earliest that can be replayed is %s.",
                       hb_topic_spec(HB_TOPIC_ATTEMPTS)->retention_days, oldest);
        return refuse(body, "since", detail, "a time not before that");
    }
    int64_t missing_until = body->now.ms - HB_REPLAY_MISSING_GRACE_MS;
    bool is_missing = job->states & HB_REPLAY_BIT(MISSING);
    if (!body->has_until)
        job->until.ms = is_missing ? missing_until : HB_REPLAY_NO_UNTIL;
    else if (is_missing && job->until.ms > missing_until)
        job->until.ms = missing_until;
    return job->since.ms < job->until.ms || refuse(body, "until", "The range of time is empty.", "later than since");
}

bool hb_replay_body_read(const struct hb_replay_api *api, const struct hb_json *json, struct hb_wall now,
                         struct hb_replay_job *ret_job, bool *ret_is_dry, struct hb_http_problem *ret_problem)
{
    struct body body = {.api = api, .job = ret_job, .now = now, .problem = ret_problem};
    ret_job->states = HB_REPLAY_BIT(DEAD);
    ret_job->rate = api->options.rate;
    for (const struct hb_json *item = hb_json_first(json); item; item = hb_json_next(item))
        if (!read_member(&body, item))
            return false;
    if (ret_job->webhook.len == 0)
        return refuse(&body, "webhook", "Which webhook's deliveries?", "wh_…, one webhook a job");
    *ret_is_dry = body.is_dry;
    return check_range(&body);
}
