#include "registry/webhook_merge.h"

#include "core/event_rules.h"
#include "core/filter.h"
#include "core/schedule.h"
#include "core/selection.h"
#include "core/url.h"
#include "core/utf8.h"
#include "core/words.h"
#include "registry/webhook_url.h"

#define SEALED_BYTES_MAX (HB_WEBHOOK_HEADER_BYTES_MAX * 2 + HB_WEBHOOK_HEADERS_MAX * 128)

static bool is_null(const struct hb_json *value) { return hb_json_kind(value) == HB_JSON_NULL; }

static bool merge_name(struct hb_webhook_merge *merge, const struct hb_json *value)
{
    struct hb_str name = {NULL, 0};
    if (!is_null(value) && (!hb_json_str(value, &name) || name.len > HB_WEBHOOK_NAME_MAX || !hb_utf8_is_valid(name))) {
        return hb_http_refuse_field(merge->problem, "name", "name cannot be used.", "text of at most 128 bytes");
    }
    merge->config.name = name;
    return true;
}

static bool merge_url(struct hb_webhook_merge *merge, const struct hb_json *value)
{
    struct hb_webhook_config *config = &merge->config;
    config->url_query = (struct hb_str){NULL, 0};
    if (!hb_json_str(value, &config->url)) {
        return hb_http_refuse_field(merge->problem, "url", "url is no text.", "https://host[:port]/path");
    }
    return merge->keyring || hb_webhook_url_plain_query(config).len == 0 ||
           hb_http_refuse(merge->problem, 503, "sealing_key_missing",
                          "This process has no sealing key (secrets.key_file): a URL with a query cannot be kept.");
}

static bool merge_texts(const struct hb_json *value, struct hb_str *ret_items, size_t max, size_t *ret_count)
{
    size_t count = 0;
    if (!is_null(value) && hb_json_kind(value) != HB_JSON_ARRAY) {
        return false;
    }
    for (const struct hb_json *item = hb_json_first(value); item; item = hb_json_next(item)) {
        if (count == max || !hb_json_str(item, &ret_items[count++])) {
            return false;
        }
    }
    *ret_count = count;
    return true;
}

static bool merge_events(struct hb_webhook_merge *merge, const struct hb_json *value)
{
    static const char SHOULD[] = "1..64 of: a type (order.created), order.*, or *";
    struct hb_webhook_config *config = &merge->config;
    if (!merge_texts(value, config->types, HB_WEBHOOK_TYPES_MAX, &config->types_count)) {
        return hb_http_refuse_field(merge->problem, "events", "events is no list of texts, or too long.", SHOULD);
    }
    for (size_t i = 0; i < config->types_count; i++) {
        if (!hb_selection_is_pattern(config->types[i])) {
            return hb_http_refuse_field(merge->problem, "events", "events holds what is neither a type nor a pattern.",
                                        SHOULD);
        }
    }
    return true;
}

static bool merge_changed(struct hb_webhook_merge *merge, const struct hb_json *value)
{
    static const char SHOULD[] = "at most 64 paths like price or variants[].price";
    struct hb_webhook_config *config = &merge->config;
    if (!merge_texts(value, config->changed, HB_WEBHOOK_CHANGED_MAX, &config->changed_count)) {
        return hb_http_refuse_field(merge->problem, "changed", "changed is no list of texts, or too long.", SHOULD);
    }
    for (size_t i = 0; i < config->changed_count; i++) {
        bool has_comma = memchr(config->changed[i].ptr, ',', config->changed[i].len) != NULL;
        if (config->changed[i].len == 0 || has_comma || !hb_event_is_changed(config->changed[i])) {
            return hb_http_refuse_field(merge->problem, "changed", "changed holds what is no path.", SHOULD);
        }
    }
    return true;
}

static bool merge_filter(struct hb_webhook_merge *merge, const struct hb_json *value)
{
    /* By its bytes: as a tree its numbers would become doubles. */
    merge->config.filter =
        is_null(value) ? (struct hb_str){NULL, 0} : hb_raw_member(merge->body_text, HB_STR("filter"));
    return true;
}

static bool merge_word(struct hb_webhook_merge *merge, const struct hb_json *value, int (*find)(struct hb_str),
                       int *found)
{
    struct hb_str text;
    (void)merge;
    if (!hb_json_str(value, &text) || find(text) < 0) {
        return false;
    }
    *found = find(text);
    return true;
}

static bool merge_format(struct hb_webhook_merge *merge, const struct hb_json *value)
{
    int format = HB_FORMAT_STANDARD;
    if (!is_null(value) && !merge_word(merge, value, hb_format_find, &format)) {
        return hb_http_refuse_field(merge->problem, "format", "format is unknown.",
                                    "standard, cloudevents, cloudevents-binary or data");
    }
    merge->config.format = (enum hb_format)format;
    return true;
}

static bool merge_order(struct hb_webhook_merge *merge, const struct hb_json *value)
{
    int order = HB_ORDER_NONE;
    if (!is_null(value) && !merge_word(merge, value, hb_order_find, &order)) {
        return hb_http_refuse_field(merge->problem, "order", "order is unknown.", "none or per_subject");
    }
    merge->config.order = (enum hb_order)order;
    return true;
}

static bool merge_on_dead(struct hb_webhook_merge *merge, const struct hb_json *value)
{
    int on_dead = HB_ON_DEAD_CONTINUE;
    if (!is_null(value) && !merge_word(merge, value, hb_on_dead_find, &on_dead)) {
        return hb_http_refuse_field(merge->problem, "on_dead", "on_dead is unknown.", "continue or hold");
    }
    merge->config.on_dead = (enum hb_on_dead)on_dead;
    return true;
}

static bool merge_timeout(struct hb_webhook_merge *merge, const struct hb_json *value)
{
    int64_t timeout_ms = 0;
    if (!hb_json_int(value, &timeout_ms) || timeout_ms < HB_WEBHOOK_TIMEOUT_MS_MIN ||
        timeout_ms > HB_WEBHOOK_TIMEOUT_MS_MAX) {
        return hb_http_refuse_field(merge->problem, "timeout_ms", "timeout_ms is no such number.", "1000..30000");
    }
    merge->config.timeout_ms = timeout_ms;
    return true;
}

static bool merge_rate(struct hb_webhook_merge *merge, const struct hb_json *value)
{
    int64_t count = 0, per_s = 0;
    bool is_rate = hb_json_int(hb_json_get(value, "count"), &count) &&
                   hb_json_int(hb_json_get(value, "per_s"), &per_s) && count >= 1 &&
                   count <= HB_WEBHOOK_RATE_COUNT_MAX && per_s >= 1 && per_s <= HB_WEBHOOK_RATE_PER_S_MAX &&
                   hb_json_count(value) == 2;
    if (!is_null(value) && !is_rate) {
        return hb_http_refuse_field(merge->problem, "rate_limit", "rate_limit cannot be used.",
                                    "{\"count\": 1..1000000, \"per_s\": 1..86400} or null");
    }
    merge->config.rate_count = count;
    merge->config.rate_per_s = per_s;
    return true;
}

static bool merge_schedule(struct hb_webhook_merge *merge, const struct hb_json *value)
{
    static const char SHOULD[] = "1..32 waiting times in seconds, each 0..604800, or null";
    struct hb_webhook_config *config = &merge->config;
    config->schedule_count = 0;
    if (is_null(value)) {
        return true;
    }
    if (hb_json_kind(value) != HB_JSON_ARRAY || hb_json_count(value) == 0 ||
        hb_json_count(value) > HB_WEBHOOK_SCHEDULE_MAX) {
        return hb_http_refuse_field(merge->problem, "schedule", "schedule is no such list.", SHOULD);
    }
    for (const struct hb_json *item = hb_json_first(value); item; item = hb_json_next(item)) {
        int64_t *wait_s = &config->schedule[config->schedule_count++];
        if (!hb_json_int(item, wait_s) || *wait_s < 0 || *wait_s > HB_SCHEDULE_WAIT_S_MAX) {
            return hb_http_refuse_field(merge->problem, "schedule", "schedule holds what is no waiting time.", SHOULD);
        }
    }
    return true;
}

static bool merge_status(struct hb_webhook_merge *merge, const struct hb_json *value)
{
    int status = HB_WEBHOOK_ACTIVE;
    if (!merge->is_new) {
        return hb_http_refuse_field(merge->problem, "status",
                                    "status is changed by POST …/enable, /pause, /resume, /disable.", NULL);
    }
    if (!merge_word(merge, value, hb_webhook_status_find, &status) || status == HB_WEBHOOK_DELETED) {
        return hb_http_refuse_field(merge->problem, "status", "status cannot be used.", "active, paused or disabled");
    }
    merge->config.status = (enum hb_webhook_status)status;
    return true;
}

static bool merge_secret(struct hb_webhook_merge *merge, const struct hb_json *value)
{
    (void)value; /* the change has read it: it is sealed apart */
    return merge->is_new ||
           hb_http_refuse_field(merge->problem, "secret", "The secret is changed by POST …/secret.", NULL);
}

/* ---- the whole ---- */

static const struct {
    const char *name;
    bool (*merge)(struct hb_webhook_merge *merge, const struct hb_json *value);
} FIELDS[] = {
    {"name", merge_name},
    {"url", merge_url},
    {"events", merge_events},
    {"changed", merge_changed},
    {"filter", merge_filter},
    {"format", merge_format},
    {"headers", hb_webhook_merge_headers},
    {"timeout_ms", merge_timeout},
    {"order", merge_order},
    {"on_dead", merge_on_dead},
    {"rate_limit", merge_rate},
    {"schedule", merge_schedule},
    {"status", merge_status},
    {"secret", merge_secret},
};

static bool merge_member(struct hb_webhook_merge *merge, const struct hb_json *item)
{
    int field = HB_WORDS_FIND_ROW(FIELDS, name, hb_json_name(item));
    if (field >= 0) {
        return FIELDS[field].merge(merge, item);
    }
    return hb_http_refuse_field(
        merge->problem, NULL, "The body has a member that is unknown or cannot be changed.",
        "name, url, events, changed, filter, format, headers, timeout_ms, order, on_dead, rate_limit, schedule");
}

static bool check_filter(struct hb_webhook_merge *merge)
{
    struct hb_filter *filter = NULL;
    struct hb_error error = {HB_OK, ""};
    if (merge->config.filter.len > 0 && hb_filter_new(merge->config.filter, &filter, &error)) {
        return hb_http_refuse_field(merge->problem, "filter", error.text, NULL);
    }
    hb_filter_free(&filter);
    return true;
}

/* A value sealed by this very change lies in its buffer; any other one was there before. */
static bool is_from_before(const struct hb_webhook_merge *merge, const struct hb_config_header *header)
{
    const char *begin = merge->sealed.ptr;
    return header->sealed.ptr && !(header->sealed.ptr >= begin && header->sealed.ptr < begin + merge->sealed.len);
}

/* Who may change a webhook must not get a credential sent to his own receiver that he was never shown. */
static bool check_destination(struct hb_webhook_merge *merge, const struct hb_url *url, struct hb_str old_text)
{
    struct hb_url old;
    struct hb_error error = {HB_OK, ""};
    bool is_same = old_text.len > 0 && hb_url_parse(old_text, &old, &error) == HB_OK &&
                   hb_str_eq_nocase(old.host, url->host) && old.port == url->port;
    for (size_t i = 0; i < merge->config.headers_count && !is_same; i++) {
        if (is_from_before(merge, &merge->config.headers[i])) {
            return hb_http_refuse_field(
                merge->problem, "headers",
                "The URL leads to another host or port: sealed headers do not go along, since they "
                "would be sent there.",
                "headers in the same request, each sealed one with its value anew or left out");
        }
    }
    return true;
}

static bool check_whole(struct hb_webhook_merge *merge, struct hb_str old_url)
{
    struct hb_error error = {HB_OK, ""};
    struct hb_url url;
    if (hb_url_check(merge->config.url, merge->egress, &url, &error)) {
        return hb_http_refuse_field(merge->problem, "url", error.text,
                                    "an http or https URL of a host that may be called");
    }
    if (merge->config.types_count == 0) {
        return hb_http_refuse_field(merge->problem, "events", "A webhook needs at least one event type.",
                                    "[\"order.created\"] or [\"*\"]");
    }
    return check_destination(merge, &url, old_url) && check_filter(merge);
}

bool hb_webhook_merge_run(struct hb_webhook_merge *merge, const struct hb_json *body)
{
    const struct hb_str old_url = merge->config.url;
    merge->sealed = hb_buf_make(SEALED_BYTES_MAX);
    if (hb_buf_reserve(&merge->sealed, SEALED_BYTES_MAX)) {
        return hb_http_refuse(merge->problem, 503, "own_trouble", "Out of memory.");
    }
    for (const struct hb_json *item = hb_json_first(body); item; item = hb_json_next(item)) {
        if (!merge_member(merge, item)) {
            return false;
        }
    }
    return check_whole(merge, old_url);
}

void hb_webhook_merge_deinit(struct hb_webhook_merge *merge) { hb_buf_deinit(&merge->sealed); }
