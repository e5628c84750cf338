#include "cli/config_reference.h"

#include "cli/config_keys.h"
#include "core/delivery_state.h"
#include "core/metrics.h"
#include "hookbus/outcome.h"
#include "hookbus/topics.h"
#include "salesmanago/answer.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define LINE_MAX_BYTES 1024

/* The document being written. Errors stick, as in the JSON writer: each line is one call. */
struct document {
    struct hb_buf *text;
    enum hb_err err;
};

__attribute__((format(printf, 2, 3))) static void line(struct document *d, const char *format, ...)
{
    char bytes[LINE_MAX_BYTES];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(bytes, sizeof bytes, format, args);
    va_end(args);
    HB_ASSERT(length >= 0 && (size_t)length < sizeof bytes);
    if (!d->err)
        d->err = hb_buf_add(d->text, hb_str_n(bytes, (size_t)length));
    if (!d->err)
        d->err = hb_buf_add_char(d->text, '\n');
}

static void head(struct document *d, const char *title, const char *table)
{
    line(d, "# %s\n\nMade from `%s` by the `docs` build target; do not edit.\n", title, table);
}

static void number(int64_t value, char ret_text[32])
{
    (void)snprintf(ret_text, 32, "%" PRId64, value);
}

static void config_row(struct document *d, const struct hb_config_key *key)
{
    char def[32], min[32], max[32], variable[HB_CONFIG_VARIABLE_MAX];
    number(key->number, def);
    number(key->min, min);
    number(key->max, max);
    (void)hb_config_key_variable(key, variable);
    if (key->kind == HB_CONFIG_INT)
        line(d, "| `%s` | %s %s | %s..%s | %s |", key->name, def, key->unit, min, max, key->help);
    else if (key->kind == HB_CONFIG_BOOL)
        line(d, "| `%s` | %s | true, false | %s |", key->name, key->number ? "true" : "false", key->help);
    else
        line(d, "| `%s` | %s%s%s | %s | %s |", key->name, key->text[0] ? "`" : "", key->text[0] ? key->text : "not set",
             key->text[0] ? "`" : "", key->kind == HB_CONFIG_LIST ? "list" : "text", key->help);
}

static void write_config(struct document *d)
{
    size_t count;
    const struct hb_config_key *keys = hb_config_keys(&count);
    head(d, "Configuration keys", "core/tables/config_keys.def");
    line(
        d,
        "One YAML file, `section:` with indented `name: value` lines. Every key is also an environment variable,\n"
        "`HOOKBUS_<SECTION>_<NAME>` in capitals, which wins over the file. Sizes may be written with KiB, MiB or GiB.\n"
        "An unknown key is an error. Under Kubernetes set `enableServiceLinks: false`, or a service called "
        "hookbus-api\n"
        "would bring a variable HOOKBUS_API_PORT that is no port.");
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || strcmp(keys[i].section, keys[i - 1].section) != 0)
            line(d, "\n## %s\n\n| key | default | range | what |\n|---|---|---|---|", keys[i].section);
        config_row(d, &keys[i]);
    }
}

static void write_log_events(struct document *d)
{
    static const struct {
        const char *name, *level, *help;
    } events[] = {
#define HB_LOG_EVENT(name, text, level, help) {text, #level, help},
#include "core/tables/log_events.def"
#undef HB_LOG_EVENT
    };
    head(d, "Log events", "core/tables/log_events.def");
    line(d,
         "A log line is one JSON object; its `event` is one of these.\n\n| event | level | meaning |\n|---|---|---|");
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        line(d, "| `%s` | %s | %s |", events[i].name, events[i].level, events[i].help);
}

static void write_metrics(struct document *d)
{
    static const char *const kinds[] = {"counter", "gauge", "gauge (greatest of the workers)", "histogram, ms"};
    size_t count;
    const struct hb_metric_row *rows = hb_metric_rows(&count);
    head(d, "Metrics", "core/tables/metrics.def");
    line(d, "Served in the Prometheus text format on `/metrics`.\n\n| metric | kind | label | meaning "
            "|\n|---|---|---|---|");
    for (size_t i = 0; i < count; i++)
        if (rows[i].label)
            line(d, "| `%s` | %s | %s | %s |", rows[i].name, kinds[rows[i].kind], rows[i].label, rows[i].help);
    for (size_t i = 0; i < count; i++) {
        if (rows[i].label && rows[i].label[0])
            line(d, "\nValues of `%s` in `%s`:\n", rows[i].label, rows[i].name);
        else if (!rows[i].label)
            line(d, "- `%s`", rows[i].name);
    }
}

static void write_errors(struct document *d)
{
    head(d, "Errors and exit codes", "include/hookbus/errors.def");
    line(
        d,
        "Our own failures. What a receiver answers is never here: see outcomes.md. A command that fails ends with the\n"
        "code of its error.\n\n| error | exit code | meaning |\n|---|---|---|");
    for (int err = 1; err < HB_ERR_COUNT; err++)
        line(d, "| `%s` | %d | %s |", hb_err_name((enum hb_err)err), hb_err_exit_code((enum hb_err)err),
             hb_err_text((enum hb_err)err));
}

static void write_outcomes(struct document *d)
{
    static const struct {
        const char *name, *help;
        enum hb_verdict verdict;
        bool is_overload;
    } reasons[] = {
#define HB_REASON_ROW(name, text, verdict, overload, help) {text, help, HB_VERDICT_##verdict, overload},
        HB_REASONS(HB_REASON_ROW)
#undef HB_REASON_ROW
    };
    head(d, "Outcomes", "include/hookbus/outcome.h");
    line(d, "What came of a delivery's attempt, or why it was not sent. *Overload* shrinks the webhook's window.\n\n"
            "| reason | verdict | overload | meaning |\n|---|---|---|---|");
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        line(d, "| `%s` | %s | %s | %s |", reasons[i].name, hb_verdict_text(reasons[i].verdict),
             reasons[i].is_overload ? "yes" : "", reasons[i].help);
}

static void write_topics(struct document *d)
{
    head(d, "Kafka topics", "include/hookbus/topics.def");
    line(d, "Names stand behind `kafka.topic_prefix`. Partition counts are for life.\n\n"
            "| topic | partitions | cleanup | kept | key |\n|---|---|---|---|---|");
    for (int topic = 0; topic < HB_TOPIC_COUNT; topic++) {
        const struct hb_topic_spec *spec = hb_topic_spec((enum hb_topic)topic);
        char kept[32] = "not by time";
        if (spec->retention_days)
            (void)snprintf(kept, sizeof kept, "%d days", spec->retention_days);
        line(d, "| `%s` | %d | %s | %s | %s |", spec->name, spec->partitions, spec->policy, kept, spec->key);
    }
}

static void write_moves_from(struct document *d, enum hb_delivery_state from)
{
    for (int event = 0; event < HB_DELIVERY_EVENT_COUNT; event++) {
        enum hb_delivery_event happened = (enum hb_delivery_event)event;
        if (hb_delivery_state_may(from, happened))
            line(d, "| %s | %s | %s |", hb_delivery_state_text(from), hb_delivery_event_meaning(happened),
                 hb_delivery_state_text(hb_delivery_state_move(from, happened)));
    }
}

static void write_delivery_states(struct document *d)
{
    head(d, "States of a delivery", "core/delivery_state.def");
    line(d, "One delivery is one event for one webhook. *Journaled*: a record of the retry journal can say it. *Done*: "
            "nothing\nis kept for it any more.\n\n| state | journaled | done | meaning |\n|---|---|---|---|");
    for (int i = 0; i < HB_DELIVERY_STATE_COUNT; i++) {
        enum hb_delivery_state state = (enum hb_delivery_state)i;
        line(d, "| `%s` | %s | %s | %s |", hb_delivery_state_text(state),
             hb_delivery_state_is_journaled(state) ? "yes" : "", hb_delivery_state_is_done(state) ? "yes" : "",
             hb_delivery_state_meaning(state));
    }
    line(d, "\n## Moves\n\nWhat is not here cannot happen.\n\n| from | what happens | to |\n|---|---|---|");
    for (int i = 0; i < HB_DELIVERY_STATE_COUNT; i++)
        write_moves_from(d, (enum hb_delivery_state)i);
}

static void write_salesmanago_limits(struct document *d)
{
    static const char *const units[] = {"", "UTF-16 units", "digits before the point, 2 behind it"};
    static const char *const actions[] = {"trimmed", "left out", "refused"};
    static const struct hb_sm_limit limits[] = {
#define HB_SM_FIELD(name, text, place, kind, required, count, limit, unit, action, source)                             \
    {text,  HB_SM_PLACE_##place, HB_SM_KIND_##kind,     required, count,                                               \
     limit, HB_SM_UNIT_##unit,   HB_SM_ACTION_##action, source},
#include "salesmanago/limits.def"
#undef HB_SM_FIELD
    };
    line(d, "## Limits\n\n| field | required | limit | what does not fit is | rule |\n|---|---|---|---|---|");
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        const struct hb_sm_limit *row = &limits[i];
        char list[32] = "", most[96] = "";
        if (row->count_max > 0)
            (void)snprintf(list, sizeof list, "%u of ", row->count_max);
        if (row->limit > 0)
            (void)snprintf(most, sizeof most, "%s%u %s", list, row->limit, units[row->unit]);
        line(d, "| `%s%s` | %s | %s | %s | %s |", row->place == HB_SM_PLACE_SYSTEM ? "systemDetails." : "", row->name,
             row->is_required ? "yes" : "", most, actions[row->action], row->source);
    }
}

static void write_status(struct document *d, int first, int last, const char *outcome, const char *source)
{
    if (first == last)
        line(d, "| %d | `%s` | %s |", first, outcome, source);
    else
        line(d, "| %d..%d, if not above | `%s` | %s |", first, last, outcome, source);
}

static void write_salesmanago_answers(struct document *d)
{
    static const struct {
        const char *text, *action;
        int halve_after;
    } outcomes[] = {
#define HB_SM_OUTCOME(name, text, halve_after, action) {text, action, halve_after},
#include "salesmanago/outcomes.def"
#undef HB_SM_OUTCOME
    };
    line(d, "\n## Outcomes\n\nOf several problems in one answer the one whose outcome stands first decides.\n\n"
            "| outcome | what is done |\n|---|---|");
    for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++) {
        char later[160] = "";
        if (outcomes[i].halve_after > 1)
            (void)snprintf(later, sizeof later,
                           " After %d in a row, a request of more than one item is halved; an item that fails alone "
                           "steps aside, and the others go on.",
                           outcomes[i].halve_after);
        line(d, "| `%s` | %s%s |", outcomes[i].text, outcomes[i].action, later);
    }
    line(d, "\n| reason code | it says | outcome | rule |\n|---|---|---|---|");
#define HB_SM_CODE(code, outcome, meaning, source)                                                                     \
    line(d, "| %d | %s | `%s` | %s |", code, meaning, outcomes[HB_SM_##outcome].text, source);
#include "salesmanago/outcomes.def"
#undef HB_SM_CODE
    line(d, "\n| HTTP status | outcome | rule |\n|---|---|---|");
#define HB_SM_STATUS(first, last, outcome, source) write_status(d, first, last, outcomes[HB_SM_##outcome].text, source);
#include "salesmanago/outcomes.def"
#undef HB_SM_STATUS
}

static void write_salesmanago_deaths(struct document *d)
{
    line(d, "\n## Dead products\n\n| reason | why it is dead |\n|---|---|");
#define HB_SM_DEATH(name, text, why) line(d, "| `%s` | %s |", text, why);
#include "salesmanago/outcomes.def"
#undef HB_SM_DEATH
}

static void write_salesmanago(struct document *d)
{
    head(d, "SALESmanago: limits and outcomes", "salesmanago/limits.def` and `salesmanago/outcomes.def");
    line(d,
         "What stands behind them: [salesmanago.md](../salesmanago.md). A rule: "
         "[salesmanago-rules.md](../salesmanago-rules.md).\n");
    write_salesmanago_limits(d);
    write_salesmanago_answers(d);
    write_salesmanago_deaths(d);
}

static const struct {
    const char *file;
    void (*write)(struct document *d);
} references[HB_REFERENCE_COUNT] = {
    [HB_REFERENCE_CONFIG] = {"config.md", write_config},
    [HB_REFERENCE_LOG_EVENTS] = {"log-events.md", write_log_events},
    [HB_REFERENCE_METRICS] = {"metrics.md", write_metrics},
    [HB_REFERENCE_ERRORS] = {"errors.md", write_errors},
    [HB_REFERENCE_OUTCOMES] = {"outcomes.md", write_outcomes},
    [HB_REFERENCE_TOPICS] = {"topics.md", write_topics},
    [HB_REFERENCE_DELIVERY_STATES] = {"delivery-states.md", write_delivery_states},
    [HB_REFERENCE_SALESMANAGO] = {"salesmanago.md", write_salesmanago},
};

const char *hb_reference_file(enum hb_reference reference)
{
    HB_ASSERT((unsigned)reference < HB_REFERENCE_COUNT);
    return references[reference].file;
}

enum hb_err hb_reference_write(enum hb_reference reference, struct hb_buf *ret_text)
{
    HB_ASSERT((unsigned)reference < HB_REFERENCE_COUNT);
    struct document d = {ret_text, HB_OK};
    references[reference].write(&d);
    return d.err;
}
