#include "registry/webhook_snapshot.h"

#include "core/filter.h"
#include "core/selection.h"
#include "core/signature.h"
#include "platform/crypto/crypto.h"
#include "registry/registry.h"
#include "registry/seal_places.h"
#include "registry/webhook_url.h"

#include <stdlib.h>

struct snapshot {
    struct hb_webhook webhook; /* first: what the others hold is a pointer to it */
    unsigned references;
    struct hb_buf text; /* id, store, url, header names and values */
    struct hb_name_value headers[HB_WEBHOOK_HEADERS_MAX];
    struct hb_webhook_secret secrets[HB_WEBHOOK_SECRETS_MAX];
    int64_t schedule_s[HB_WEBHOOK_SCHEDULE_MAX];
    struct hb_selection *selection;
    struct hb_filter *filter;
};

#define TEXT_BYTES_MAX (2 * HB_ID_MAX + HB_WEBHOOK_URL_MAX + HB_WEBHOOK_HEADER_BYTES_MAX)

static void free_snapshot(struct snapshot *snapshot)
{
    hb_selection_free(&snapshot->selection);
    hb_filter_free(&snapshot->filter);
    /* Header values and the URL's query may have been sealed. */
    if (snapshot->text.ptr) {
        hb_wipe(snapshot->text.ptr, snapshot->text.capacity);
    }
    hb_buf_deinit(&snapshot->text);
    hb_wipe(snapshot->secrets, sizeof(snapshot->secrets));
    free(snapshot);
}

struct hb_webhook *hb_webhook_ref(struct hb_webhook *webhook)
{
    ((struct snapshot *)webhook)->references++;
    return webhook;
}

void hb_webhook_unref(struct hb_webhook **webhook)
{
    struct snapshot *snapshot = (struct snapshot *)*webhook;
    *webhook = NULL;
    if (!snapshot) {
        return;
    }
    HB_ASSERT(snapshot->references > 0);
    if (--snapshot->references == 0) {
        free_snapshot(snapshot);
    }
}

enum hb_err hb_secret_decode(struct hb_str text, unsigned char ret_key[HB_SECRET_KEY_BYTES_MAX], size_t *ret_bytes)
{
    return hb_str_has_prefix(text, HB_STR(HB_SECRET_TEXT_PREFIX)) ? hb_signature_parse_secret(text, ret_key, ret_bytes)
                                                                  : HB_ERR_INVALID;
}

/* Text is copied in one buffer that never grows: views into it stay good. */
static struct hb_str keep(struct snapshot *snapshot, struct hb_str text)
{
    size_t at = snapshot->text.len;
    if (hb_buf_add(&snapshot->text, text)) {
        return (struct hb_str){NULL, 0};
    }
    return hb_str_n(snapshot->text.ptr + at, text.len);
}

static enum hb_err open_secret(struct snapshot *snapshot, const struct hb_webhook_config *config,
                               const struct hb_keyring *keyring, const struct hb_config_secret *sealed)
{
    struct hb_webhook_secret *secret = &snapshot->secrets[snapshot->webhook.secrets_count];
    struct hb_buf text = hb_buf_make(HB_SEALED_TEXT_MAX);
    enum hb_err err = hb_unseal(keyring, hb_seal_place_secret(config->store, config->id), sealed->sealed, &text);
    if (!err) {
        err = hb_secret_decode(hb_buf_str(&text), secret->key, &secret->key_bytes);
    }
    if (!err) {
        secret->expires = sealed->expires;
        snapshot->webhook.secrets_count++;
    }
    if (text.ptr) {
        hb_wipe(text.ptr, text.capacity);
    }
    hb_buf_deinit(&text);
    return err;
}

static void open_secrets(struct snapshot *snapshot, const struct hb_webhook_config *config,
                         const struct hb_keyring *keyring)
{
    for (size_t i = 0; keyring && i < config->secrets_count; i++) {
        /* One damaged secret taints all: signing with a rest of them would be found out by the receiver only. */
        snapshot->webhook.is_secret_damaged |= open_secret(snapshot, config, keyring, &config->secrets[i]) != HB_OK;
    }
    if (snapshot->webhook.is_secret_damaged) {
        hb_wipe(snapshot->secrets, sizeof(snapshot->secrets));
        snapshot->webhook.secrets_count = 0;
    }
}

/* The URL as it is called. Without keys it ends before its query: then nothing is sent at all. */
static void open_url(struct snapshot *snapshot, const struct hb_webhook_config *config,
                     const struct hb_keyring *keyring)
{
    size_t at = snapshot->text.len;
    if (!keyring || hb_webhook_url_open(config, keyring, &snapshot->text)) {
        snapshot->webhook.is_secret_damaged |= keyring != NULL;
        snapshot->text.len = at;
        snapshot->webhook.url = keep(snapshot, config->url);
        return;
    }
    snapshot->webhook.url = hb_str_n(snapshot->text.ptr + at, snapshot->text.len - at);
}

/* The value as it is sent; false: it is sealed and cannot be opened. */
static bool open_header(struct snapshot *snapshot, const struct hb_webhook_config *config,
                        const struct hb_keyring *keyring, const struct hb_config_header *header)
{
    struct hb_name_value *opened = &snapshot->headers[snapshot->webhook.headers_count];
    struct hb_buf text = hb_buf_make(HB_WEBHOOK_HEADER_BYTES_MAX);
    bool is_open = true;
    struct hb_str value = header->value;
    if (header->sealed.ptr) {
        struct hb_seal_place place = hb_seal_place_header(config->store, config->id, header->name);
        is_open = hb_unseal(keyring, place, header->sealed, &text) == HB_OK;
        value = hb_buf_str(&text);
    }
    if (is_open) {
        *opened = (struct hb_name_value){keep(snapshot, header->name), keep(snapshot, value)};
        snapshot->webhook.headers_count++;
    }
    if (text.ptr) {
        hb_wipe(text.ptr, text.capacity);
    }
    hb_buf_deinit(&text);
    return is_open;
}

static void open_headers(struct snapshot *snapshot, const struct hb_webhook_config *config,
                         const struct hb_keyring *keyring)
{
    for (size_t i = 0; i < config->headers_count; i++) {
        if (config->headers[i].sealed.ptr && !keyring) {
            continue; /* without keys nothing is sent at all */
        }
        snapshot->webhook.is_secret_damaged |= !open_header(snapshot, config, keyring, &config->headers[i]);
    }
}

static enum hb_err compile(struct snapshot *snapshot, const struct hb_webhook_config *config)
{
    enum hb_err err = hb_selection_new(config->types, config->types_count, config->changed, config->changed_count,
                                       &snapshot->selection, NULL);
    if (!err && config->filter.len > 0) {
        err = hb_filter_new(config->filter, &snapshot->filter, NULL);
    }
    snapshot->webhook.selection = snapshot->selection;
    snapshot->webhook.filter = snapshot->filter;
    return err;
}

static void fill_governance(struct snapshot *snapshot, const struct hb_webhook_config *config)
{
    struct hb_webhook *webhook = &snapshot->webhook;
    webhook->is_ordered = config->order == HB_ORDER_PER_SUBJECT;
    webhook->holds_dead = webhook->is_ordered && config->on_dead == HB_ON_DEAD_HOLD;
    webhook->rate_count = config->rate_count;
    webhook->rate_per_s = config->rate_per_s;
    webhook->is_governed = webhook->is_ordered || webhook->rate_count > 0;
    memcpy(snapshot->schedule_s, config->schedule, config->schedule_count * sizeof(config->schedule[0]));
    webhook->schedule_count = config->schedule_count;
    webhook->schedule_s = snapshot->schedule_s;
    webhook->enabled_revision = config->enabled_revision;
}

static void fill(struct snapshot *snapshot, const struct hb_webhook_config *config,
                 const struct hb_snapshot_facts *facts)
{
    struct hb_webhook *webhook = &snapshot->webhook;
    webhook->id = keep(snapshot, config->id);
    webhook->store = keep(snapshot, config->store);
    webhook->revision = config->revision;
    webhook->created_offset = facts->created_offset;
    webhook->created = facts->created;
    webhook->format = config->format;
    webhook->status = facts->status;
    webhook->timeout_ms = (int)config->timeout_ms;
    webhook->headers = snapshot->headers;
    webhook->secrets = snapshot->secrets;
    webhook->resting_until = facts->resting_until;
    fill_governance(snapshot, config);
}

enum hb_err hb_webhook_snapshot_new(const struct hb_webhook_config *config, const struct hb_snapshot_facts *facts,
                                    struct hb_webhook **ret_webhook)
{
    struct snapshot *snapshot = calloc(1, sizeof(*snapshot));
    if (!snapshot) {
        return HB_ERR_MEMORY;
    }
    snapshot->references = 1;
    /* Exactly what is kept: sealed values are shorter opened than closed. */
    size_t bytes = config->id.len + config->store.len + config->url.len + config->url_query.len;
    for (size_t i = 0; i < config->headers_count; i++) {
        const struct hb_config_header *header = &config->headers[i];
        bytes += header->name.len + (header->sealed.ptr ? header->sealed.len : header->value.len);
    }
    snapshot->text = hb_buf_make(TEXT_BYTES_MAX * 2);
    enum hb_err err = hb_buf_reserve(&snapshot->text, bytes);
    if (!err) {
        err = compile(snapshot, config);
    }
    if (err) {
        free_snapshot(snapshot);
        return err;
    }
    fill(snapshot, config, facts);
    open_url(snapshot, config, facts->keyring);
    open_secrets(snapshot, config, facts->keyring);
    open_headers(snapshot, config, facts->keyring);
    *ret_webhook = &snapshot->webhook;
    return HB_OK;
}
