#include "registry/webhook_config.h"

#include "core/json_cursor.h"
#include "core/json_scan.h"
#include "core/schedule.h"
#include "core/words.h"

#define TEXT_ROW(name, text) text,
static const char *const ORDER_TEXTS[] = {HB_ORDERS(TEXT_ROW)};
static const char *const ON_DEAD_TEXTS[] = {HB_ON_DEADS(TEXT_ROW)};
static const char *const STATUS_TEXTS[] = {HB_WEBHOOK_STATUSES(TEXT_ROW)};
#undef TEXT_ROW

int hb_order_find(struct hb_str text) { return HB_WORDS_FIND(ORDER_TEXTS, text); }
int hb_on_dead_find(struct hb_str text) { return HB_WORDS_FIND(ON_DEAD_TEXTS, text); }
int hb_webhook_status_find(struct hb_str text) { return HB_WORDS_FIND(STATUS_TEXTS, text); }

struct hb_str hb_raw_member(struct hb_str object_text, struct hb_str name)
{
    size_t at = 0;
    if (hb_json_scan(object_text, &at)) {
        return (struct hb_str){NULL, 0};
    }
    struct hb_cursor member = hb_cursor_member(hb_cursor_root(object_text), name);
    bool is_there = member.kind != HB_CURSOR_NONE && member.kind != HB_CURSOR_NULL;
    return is_there ? member.raw : (struct hb_str){NULL, 0};
}

void hb_webhook_config_init(struct hb_webhook_config *ret_config, int64_t timeout_ms)
{
    *ret_config = (struct hb_webhook_config){.created_offset = -1, .created = {INT64_MIN}, .timeout_ms = timeout_ms};
    ret_config->format = HB_FORMAT_STANDARD;
    ret_config->status = HB_WEBHOOK_ACTIVE;
    ret_config->order = HB_ORDER_NONE;
    ret_config->on_dead = HB_ON_DEAD_CONTINUE;
}

/* ---- reading a record ---- */

static bool read_strings(const struct hb_json *array, struct hb_str *ret_items, size_t max, size_t *ret_count)
{
    size_t count = 0;
    for (const struct hb_json *item = hb_json_first(array); item; item = hb_json_next(item)) {
        if (count == max || !hb_json_str(item, &ret_items[count])) {
            return false;
        }
        count++;
    }
    *ret_count = count;
    return true;
}

static bool read_headers(const struct hb_json *object, struct hb_webhook_config *config)
{
    for (const struct hb_json *item = hb_json_first(object); item; item = hb_json_next(item)) {
        if (config->headers_count == HB_WEBHOOK_HEADERS_MAX) {
            return false;
        }
        struct hb_config_header header = {hb_json_name(item), {NULL, 0}, {NULL, 0}};
        if (!hb_json_str(item, &header.value) && !hb_json_str(hb_json_get(item, "sealed"), &header.sealed)) {
            return false;
        }
        config->headers[config->headers_count++] = header;
    }
    return true;
}

static bool read_secrets(const struct hb_json *array, struct hb_webhook_config *config)
{
    for (const struct hb_json *item = hb_json_first(array); item; item = hb_json_next(item)) {
        struct hb_config_secret secret = {{NULL, 0}, {0}, {INT64_MAX}};
        if (config->secrets_count == HB_WEBHOOK_SECRETS_MAX ||
            !hb_json_str(hb_json_get(item, "sealed"), &secret.sealed)) {
            return false;
        }
        (void)hb_json_wall(hb_json_get(item, "created"), &secret.created);
        (void)hb_json_wall(hb_json_get(item, "expires"), &secret.expires);
        config->secrets[config->secrets_count++] = secret;
    }
    return true;
}

static bool read_schedule(const struct hb_json *array, struct hb_webhook_config *config)
{
    for (const struct hb_json *item = hb_json_first(array); item; item = hb_json_next(item)) {
        int64_t wait_s = 0;
        if (config->schedule_count == HB_WEBHOOK_SCHEDULE_MAX || !hb_json_int(item, &wait_s) || wait_s < 0 ||
            wait_s > HB_SCHEDULE_WAIT_S_MAX) {
            return false;
        }
        config->schedule[config->schedule_count] = wait_s;
        config->schedule_count++;
    }
    return true;
}

/* A word of a table; absent keeps the default, an unknown one is a record we do not understand. */
static bool read_word(const struct hb_json *value, int (*find)(struct hb_str), int *found)
{
    struct hb_str text;
    if (!value) {
        return true;
    }
    if (!hb_json_str(value, &text) || find(text) < 0) {
        return false;
    }
    *found = find(text);
    return true;
}

static bool read_words(const struct hb_json *record, struct hb_webhook_config *config)
{
    int format = (int)config->format, status = (int)config->status;
    int order = (int)config->order, on_dead = (int)config->on_dead;
    bool is_good = read_word(hb_json_get(record, "format"), hb_format_find, &format) &&
                   read_word(hb_json_get(record, "status"), hb_webhook_status_find, &status) &&
                   read_word(hb_json_get(record, "order"), hb_order_find, &order) &&
                   read_word(hb_json_get(record, "on_dead"), hb_on_dead_find, &on_dead);
    config->format = (enum hb_format)format;
    config->status = (enum hb_webhook_status)status;
    config->order = (enum hb_order)order;
    config->on_dead = (enum hb_on_dead)on_dead;
    return is_good;
}

/* Both numbers in their ranges, or none. */
static bool read_rate(const struct hb_json *rate, struct hb_webhook_config *config)
{
    if (!rate) {
        return true;
    }
    return hb_json_int(hb_json_get(rate, "count"), &config->rate_count) &&
           hb_json_int(hb_json_get(rate, "per_s"), &config->rate_per_s) && config->rate_count >= 1 &&
           config->rate_count <= HB_WEBHOOK_RATE_COUNT_MAX && config->rate_per_s >= 1 &&
           config->rate_per_s <= HB_WEBHOOK_RATE_PER_S_MAX;
}

static bool read_lists(const struct hb_json *record, struct hb_webhook_config *config)
{
    return read_strings(hb_json_get(record, "events"), config->types, HB_WEBHOOK_TYPES_MAX, &config->types_count) &&
           read_strings(hb_json_get(record, "changed"), config->changed, HB_WEBHOOK_CHANGED_MAX,
                        &config->changed_count) &&
           read_headers(hb_json_get(record, "headers"), config) &&
           read_secrets(hb_json_get(record, "secrets"), config) &&
           read_schedule(hb_json_get(record, "schedule"), config) &&
           read_rate(hb_json_get(record, "rate_limit"), config);
}

/* Another program's record may say anything; a request's time is bounded whatever it says. */
static void read_timeout(const struct hb_json *value, struct hb_webhook_config *config)
{
    int64_t timeout_ms = 0;
    if (hb_json_int(value, &timeout_ms)) {
        int64_t at_least = timeout_ms > HB_WEBHOOK_TIMEOUT_MS_MIN ? timeout_ms : HB_WEBHOOK_TIMEOUT_MS_MIN;
        config->timeout_ms = at_least < HB_WEBHOOK_TIMEOUT_MS_MAX ? at_least : HB_WEBHOOK_TIMEOUT_MS_MAX;
    }
}

static void read_optional(const struct hb_json *record, struct hb_webhook_config *config)
{
    (void)hb_json_str(hb_json_get(record, "name"), &config->name);
    (void)hb_json_int(hb_json_get(record, "enabled_revision"), &config->enabled_revision);
    (void)hb_json_int(hb_json_get(record, "created_offset"), &config->created_offset);
    read_timeout(hb_json_get(record, "timeout_ms"), config);
    (void)hb_json_wall(hb_json_get(record, "created"), &config->created);
    (void)hb_json_wall(hb_json_get(record, "updated"), &config->updated);
}

static bool read_url(const struct hb_json *record, struct hb_webhook_config *config)
{
    const struct hb_json *query = hb_json_get(record, "url_query");
    return hb_json_str(hb_json_get(record, "url"), &config->url) &&
           (!query || hb_json_str(hb_json_get(query, "sealed"), &config->url_query));
}

#define TIMEOUT_MS_DEFAULT 15000

enum hb_err hb_webhook_config_read(const struct hb_json *record, struct hb_str text,
                                   struct hb_webhook_config *ret_config)
{
    hb_webhook_config_init(ret_config, TIMEOUT_MS_DEFAULT);
    if (!hb_json_str(hb_json_get(record, "id"), &ret_config->id) ||
        !hb_json_str(hb_json_get(record, "store"), &ret_config->store) ||
        !read_url(record, ret_config) ||
        !hb_json_int(hb_json_get(record, "revision"), &ret_config->revision)) {
        return HB_ERR_INVALID;
    }
    read_optional(record, ret_config);
    ret_config->filter = hb_raw_member(text, HB_STR("filter"));
    return read_words(record, ret_config) && read_lists(record, ret_config) ? HB_OK : HB_ERR_INVALID;
}

/* ---- writing ---- */

static void add_strings(struct hb_json_writer *w, const char *name, const struct hb_str *items, size_t count)
{
    hb_json_array(w, name);
    for (size_t i = 0; i < count; i++) {
        hb_json_add_str(w, NULL, items[i]);
    }
    hb_json_close_array(w);
}

static void add_governance(struct hb_json_writer *w, const struct hb_webhook_config *config)
{
    hb_json_add_str(w, "order", hb_str_c(ORDER_TEXTS[config->order]));
    hb_json_add_str(w, "on_dead", hb_str_c(ON_DEAD_TEXTS[config->on_dead]));
    if (config->rate_count > 0) {
        hb_json_object(w, "rate_limit");
        hb_json_add_int(w, "count", config->rate_count);
        hb_json_add_int(w, "per_s", config->rate_per_s);
        hb_json_close_object(w);
    }
    if (config->schedule_count > 0) {
        hb_json_array(w, "schedule");
        for (size_t i = 0; i < config->schedule_count; i++) {
            hb_json_add_int(w, NULL, config->schedule[i]);
        }
        hb_json_close_array(w);
    }
}

void hb_webhook_config_add_common(struct hb_json_writer *w, const struct hb_webhook_config *config)
{
    hb_json_add_str(w, "id", config->id);
    hb_json_add_str(w, "store", config->store);
    hb_json_add_int(w, "revision", config->revision);
    hb_json_add_str(w, "name", config->name);
    hb_json_add_str(w, "url", config->url);
    add_strings(w, "events", config->types, config->types_count);
    add_strings(w, "changed", config->changed, config->changed_count);
    if (config->filter.len > 0) {
        hb_json_add_raw(w, "filter", config->filter);
    }
    hb_json_add_str(w, "format", hb_str_c(hb_format_text(config->format)));
    hb_json_add_int(w, "timeout_ms", config->timeout_ms);
    add_governance(w, config);
    hb_json_add_wall(w, "updated", config->updated);
}

static void add_header(struct hb_json_writer *w, const struct hb_config_header *header)
{
    char name[HB_WEBHOOK_HEADER_BYTES_MAX + 1];
    if (header->name.len >= sizeof(name)) {
        w->err = w->err ? w->err : HB_ERR_TOO_LARGE;
        return;
    }
    memcpy(name, header->name.ptr, header->name.len);
    name[header->name.len] = '\0';
    if (!header->sealed.ptr) {
        hb_json_add_str(w, name, header->value);
        return;
    }
    hb_json_object(w, name);
    hb_json_add_str(w, "sealed", header->sealed);
    hb_json_close_object(w);
}

static void add_secrets(struct hb_json_writer *w, const struct hb_webhook_config *config)
{
    hb_json_array(w, "secrets");
    for (size_t i = 0; i < config->secrets_count; i++) {
        hb_json_object(w, NULL);
        hb_json_add_str(w, "sealed", config->secrets[i].sealed);
        hb_json_add_wall(w, "created", config->secrets[i].created);
        if (config->secrets[i].expires.ms != INT64_MAX) {
            hb_json_add_wall(w, "expires", config->secrets[i].expires);
        }
        hb_json_close_object(w);
    }
    hb_json_close_array(w);
}

enum hb_err hb_webhook_config_write(const struct hb_webhook_config *config, struct hb_buf *ret_text)
{
    struct hb_json_writer w = hb_json_write(ret_text);
    hb_json_object(&w, NULL);
    /* A reader of version 1 would leave the query out of each request. */
    hb_json_add_int(&w, "v", config->url_query.ptr ? HB_WEBHOOK_RECORD_VERSION : 1);
    hb_webhook_config_add_common(&w, config);
    if (config->url_query.ptr) {
        hb_json_object(&w, "url_query");
        hb_json_add_str(&w, "sealed", config->url_query);
        hb_json_close_object(&w);
    }
    hb_json_add_int(&w, "enabled_revision", config->enabled_revision);
    if (config->created_offset >= 0) {
        hb_json_add_int(&w, "created_offset", config->created_offset);
        hb_json_add_wall(&w, "created", config->created);
    }
    hb_json_object(&w, "headers");
    for (size_t i = 0; i < config->headers_count; i++) {
        add_header(&w, &config->headers[i]);
    }
    hb_json_close_object(&w);
    add_secrets(&w, config);
    hb_json_add_str(&w, "status", hb_str_c(hb_webhook_status_text(config->status)));
    hb_json_close_object(&w);
    return hb_json_end(&w);
}
