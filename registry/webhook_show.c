#include "registry/webhook_show.h"

#include "core/json_cursor.h"
#include "registry/webhook_url.h"

#include <stdio.h>
#include <stdlib.h>

void hb_webhook_record_key(struct hb_str store, struct hb_str id, char ret_key[HB_REGISTRY_KEY_MAX + 1])
{
    (void)snprintf(ret_key, HB_REGISTRY_KEY_MAX + 1, "webhook/%.*s/%.*s", HB_ARG(store), HB_ARG(id));
}

static void add_headers(struct hb_json_writer *w, const struct hb_webhook_config *config)
{
    hb_json_object(w, "headers");
    for (size_t i = 0; i < config->headers_count; i++) {
        const struct hb_config_header *header = &config->headers[i];
        char *name = hb_str_dup(header->name);
        if (!name) {
            w->err = HB_ERR_MEMORY;
        } else if (header->sealed.ptr) {
            hb_json_object(w, name);
            hb_json_add_bool(w, "sealed", true);
            hb_json_close_object(w);
        } else {
            hb_json_add_str(w, name, header->value);
        }
        free(name);
    }
    hb_json_close_object(w);
}

static void add_secrets(struct hb_json_writer *w, const struct hb_webhook_config *config)
{
    hb_json_array(w, "secrets");
    for (size_t i = 0; i < config->secrets_count; i++) {
        hb_json_object(w, NULL);
        hb_json_add_wall(w, "created", config->secrets[i].created);
        if (config->secrets[i].expires.ms != INT64_MAX) {
            hb_json_add_wall(w, "expires", config->secrets[i].expires);
        }
        hb_json_close_object(w);
    }
    hb_json_close_array(w);
}

/* Members of a run-time state record that are shown, the first under another name. */
static void add_members(struct hb_json_writer *w, const struct registry_record *record, const char *since)
{
    static const char *const NAMES[] = {"until", "reason", "worker", "revision"};
    struct hb_cursor object = hb_cursor_root(record->value);
    struct hb_str raw = hb_cursor_member(object, hb_str_c(since)).raw;
    if (raw.len > 0) {
        hb_json_add_raw(w, "since", raw);
    }
    for (size_t i = 0; i < sizeof(NAMES) / sizeof(*NAMES); i++) {
        raw = hb_cursor_member(object, hb_str_c(NAMES[i])).raw;
        if (raw.len > 0) {
            hb_json_add_raw(w, NAMES[i], raw);
        }
    }
}

/* What runs it now, as opposed to what the operator set. */
static void add_state(struct hb_json_writer *w, const struct hb_registry *registry, const struct hb_webhook *webhook,
                      struct hb_wall now)
{
    const struct registry_record *disabled = hb_registry_disabled_record(registry, webhook->id);
    const struct registry_record *rest = hb_registry_rest_record(registry, webhook->id);
    bool rests = !disabled && rest && webhook->resting_until.ms > now.ms;
    hb_json_object(w, "state");
    hb_json_add_str(w, "status", disabled ? HB_STR("disabled") : rests ? HB_STR("resting") : HB_STR("active"));
    if (disabled) {
        add_members(w, disabled, "at");
    } else if (rests) {
        add_members(w, rest, "since");
    }
    hb_json_close_object(w);
}

#define HIDDEN "?\u2026"

/* The URL up to its query, which may hold a token. */
static struct hb_str hide_query(const struct hb_webhook_config *config,
                                char scratch[HB_WEBHOOK_URL_MAX + sizeof(HIDDEN)])
{
    struct hb_str query = hb_webhook_url_plain_query(config);
    size_t kept = config->url.len - query.len;
    if ((query.len == 0 && !config->url_query.ptr) || kept > HB_WEBHOOK_URL_MAX) {
        return hb_str_n(config->url.ptr, kept);
    }
    memcpy(scratch, config->url.ptr, kept);
    memcpy(scratch + kept, HIDDEN, sizeof(HIDDEN));
    return hb_str_n(scratch, kept + sizeof(HIDDEN) - 1);
}

/* What the viewer may see of it: all, unless it could not be opened here. */
static struct hb_str url_for(const struct hb_webhook_config *config, const struct hb_webhook *webhook,
                             const struct hb_webhook_viewer *viewer,
                             char scratch[HB_WEBHOOK_URL_MAX + sizeof(HIDDEN)])
{
    bool is_open = !config->url_query.ptr || webhook->url.len > config->url.len;
    return viewer->is_manager && is_open ? webhook->url : hide_query(config, scratch);
}

void hb_webhook_show(struct hb_json_writer *w, const struct hb_registry *registry, const struct hb_webhook *webhook,
                     const struct hb_webhook_viewer *viewer)
{
    char key[HB_REGISTRY_KEY_MAX + 1], url[HB_WEBHOOK_URL_MAX + sizeof(HIDDEN)];
    hb_webhook_record_key(webhook->store, webhook->id, key);
    struct hb_str text = hb_registry_record(registry, hb_str_c(key));
    struct hb_webhook_config *config = malloc(sizeof(*config));
    struct hb_json *json = NULL;
    if (!config || hb_json_parse(text, &json, NULL) || hb_webhook_config_read(json, text, config)) {
        w->err = w->err ? w->err : HB_ERR_MEMORY;
    } else {
        config->url = url_for(config, webhook, viewer, url);
        hb_json_object(w, NULL);
        hb_webhook_config_add_common(w, config);
        hb_json_add_wall(w, "created", webhook->created);
        hb_json_add_str(w, "status", hb_str_c(hb_webhook_status_text(webhook->status)));
        add_headers(w, config);
        add_secrets(w, config);
        add_state(w, registry, webhook, viewer->now);
        if (webhook->is_secret_damaged) {
            hb_json_add_bool(w, "secret_damaged", true);
        }
        if (viewer->secret.len > 0) {
            hb_json_add_str(w, "secret", viewer->secret);
        }
        hb_json_close_object(w);
    }
    hb_json_free(&json);
    free(config);
}
