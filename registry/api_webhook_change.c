#include "registry/api_webhook_change.h"

#include "core/signature.h"
#include "platform/crypto/crypto.h"
#include "platform/loop/loop.h"
#include "registry/seal_places.h"
#include "registry/webhook_show.h"
#include "registry/webhook_snapshot.h"
#include "registry/webhook_url.h"

#include <stdio.h>
#include <stdlib.h>

#define SECRET_KEY_BYTES 32
#define SEALED_SECRET_BYTES_MAX 1024

struct webhook_edit *hb_webhook_edit_make(struct api_change *change)
{
    struct webhook_edit *edit = calloc(1, sizeof(*edit));
    if (!edit) {
        (void)hb_http_refuse(&change->problem, 503, "own_trouble", "Out of memory.");
        return NULL;
    }
    edit->merge.keyring = change->api->keyring;
    edit->merge.egress = change->api->egress;
    edit->merge.problem = &change->problem;
    edit->merge.body_text = hb_http_call_body(change->call);
    edit->sealed_secret = hb_buf_make(SEALED_SECRET_BYTES_MAX);
    edit->sealed_url = hb_buf_make(HB_WEBHOOK_URL_SEALED_MAX);
    return edit;
}

void hb_webhook_edit_free(struct webhook_edit **edit)
{
    if (!*edit) {
        return;
    }
    hb_webhook_merge_deinit(&(*edit)->merge);
    hb_buf_deinit(&(*edit)->sealed_secret);
    hb_buf_deinit(&(*edit)->sealed_url);
    hb_json_free(&(*edit)->json);
    free(*edit);
    *edit = NULL;
}

static bool load(struct webhook_edit *edit, struct api_change *change, const struct hb_webhook *webhook)
{
    struct hb_webhook_config *config = &edit->merge.config;
    struct hb_str text = hb_registry_record(change->api->registry, hb_str_c(change->object));
    if (hb_json_parse(text, &edit->json, NULL) || hb_webhook_config_read(edit->json, text, config)) {
        return hb_http_refuse(&change->problem, 503, "own_trouble", "The webhook's record cannot be read.");
    }
    /* Compaction will remove the record that created it: what it alone knew goes along from now on. */
    config->created_offset = webhook->created_offset;
    config->created = webhook->created;
    if (!hb_api_change_matches(change, config->revision)) {
        return false;
    }
    config->revision++;
    config->updated = hb_loop_wall(change->api->loop);
    return true;
}

struct webhook_edit *hb_webhook_edit_new(struct api_change *change)
{
    const struct hb_webhook *webhook =
        hb_registry_webhook(change->api->registry, hb_str_c(change->store), hb_str_c(change->id));
    if (!webhook || webhook->status == HB_WEBHOOK_DELETED) {
        (void)hb_http_refuse(&change->problem, 404, "not_found", "No webhook of this id belongs to the store.");
        return NULL;
    }
    struct webhook_edit *edit = hb_webhook_edit_make(change);
    if (edit && !load(edit, change, webhook)) {
        hb_webhook_edit_free(&edit);
    }
    return edit;
}

/* Ended secrets make room; the newest stays in front. */
static void drop_expired(struct hb_webhook_config *config, struct hb_wall now)
{
    size_t kept = 0;
    for (size_t i = 0; i < config->secrets_count; i++) {
        if (config->secrets[i].expires.ms > now.ms) {
            config->secrets[kept++] = config->secrets[i];
        }
    }
    config->secrets_count = kept;
}

bool hb_webhook_edit_add_secret(struct webhook_edit *edit, struct api_change *change, struct hb_wall expires)
{
    struct hb_webhook_config *config = &edit->merge.config;
    struct hb_wall now = hb_loop_wall(change->api->loop);
    if (!change->api->keyring) {
        return hb_http_refuse(&change->problem, 503, "sealing_key_missing",
                              "This process has no sealing key (secrets.key_file): no secret can be kept.");
    }
    for (size_t i = 0; i < config->secrets_count; i++) {
        config->secrets[i].expires.ms =
            config->secrets[i].expires.ms < expires.ms ? config->secrets[i].expires.ms : expires.ms;
    }
    drop_expired(config, now);
    if (config->secrets_count == HB_WEBHOOK_SECRETS_MAX) {
        return hb_http_refuse(
            &change->problem, 409, "too_many_secrets",
            "Four secrets sign at the same time already; wait until one ends, or rotate with overlap_s 0.");
    }
    struct hb_seal_place place = hb_seal_place_secret(hb_str_c(change->store), hb_str_c(change->id));
    if (hb_seal(change->api->keyring, place, hb_str_c(change->secret), &edit->sealed_secret)) {
        return hb_http_refuse(&change->problem, 503, "own_trouble", "The secret could not be sealed.");
    }
    memmove(&config->secrets[1], &config->secrets[0], config->secrets_count * sizeof(config->secrets[0]));
    config->secrets[0] = (struct hb_config_secret){hb_buf_str(&edit->sealed_secret), now, {INT64_MAX}};
    config->secrets_count++;
    return true;
}

enum hb_pen_verdict hb_webhook_edit_finish(struct webhook_edit **edit, struct api_change *change,
                                           struct hb_buf *ret_value, int64_t *ret_revision)
{
    struct hb_webhook_config *config = &(*edit)->merge.config;
    const struct hb_keyring *keyring = change->api->keyring;
    /* Also one that an older record had in plain text. */
    enum hb_err err = keyring ? hb_webhook_url_seal(config, keyring, &(*edit)->sealed_url) : HB_OK;
    err = err ? err : hb_webhook_config_write(config, ret_value);
    *ret_revision = config->revision;
    hb_webhook_edit_free(edit);
    return err ? hb_api_change_refuse(change, 503, "own_trouble", "The record could not be made.") : HB_PEN_WRITE;
}

bool hb_webhook_choose_secret(struct api_change *change)
{
    struct hb_str given;
    unsigned char key[HB_SECRET_KEY_BYTES_MAX];
    size_t bytes = 0;
    const struct hb_json *member = hb_json_get(change->body, "secret");
    if (member && (!hb_json_str(member, &given) || hb_secret_decode(given, key, &bytes))) {
        return hb_http_refuse_field(&change->problem, "secret", "The secret cannot be used.",
                                    "whsec_ and the base64 of 24..64 bytes");
    }
    if (member) {
        (void)snprintf(change->secret, sizeof(change->secret), "%.*s", HB_ARG(given));
    } else {
        hb_random_bytes(key, SECRET_KEY_BYTES);
        (void)hb_signature_format_secret(key, SECRET_KEY_BYTES, change->secret);
    }
    hb_wipe(key, sizeof(key));
    return true;
}

void hb_webhook_answer(struct api_change *change, int status)
{
    struct hb_webhook *webhook =
        hb_registry_webhook(change->api->registry, hb_str_c(change->store), hb_str_c(change->id));
    struct hb_http_json answer;
    HB_ASSERT(webhook != NULL); /* our own reader has applied it */
    hb_http_json_begin(&answer, API_ANSWER_BYTES_MAX);
    const struct hb_webhook_viewer viewer = {
        .is_manager = true, .secret = hb_str_c(change->secret), .now = hb_loop_wall(change->api->loop)};
    hb_webhook_show(&answer.w, change->api->registry, webhook, &viewer);
    hb_http_json_send(change->call, &answer, status, webhook->revision);
}
