/* Under which sealing keys values stand in the registry, and sealing those of a webhook anew under the newest: what
 * `hookbus secrets rotate` asks for (a connector's: salesmanago/api.c). Deleted webhooks, and all of deleted stores, are
 * left out: nothing of theirs is ever opened again. */
#include "registry/api_webhook_change.h"

#include "platform/crypto/crypto.h"
#include "platform/loop/loop.h"
#include "registry/seal_places.h"

#include <stdlib.h>

#define KEYS_MAX 64       /* told apart; more are summed up in the last */
#define KEY_ID_MAX 32
#define SHOWN_MAX 100     /* webhooks and other records named at a time */
#define RESEALED_BYTES_MAX ((size_t)512 * 1024)
#define MARK "\"sealed\":\"v1."

/* ---- what seals what ---- */

struct census {
    const struct hb_registry_api *api;
    bool is_listing_lost; /* second look: those of a key that is not at hand, behind all that can be sealed anew */
    struct hb_str newest;
    struct {
        char id[KEY_ID_MAX + 1];
        int64_t values;
    } keys[KEYS_MAX];
    size_t keys_count;
    struct registry_record *webhooks[SHOWN_MAX], *connectors[SHOWN_MAX]; /* with a value of an older key */
    struct registry_record *others[SHOWN_MAX];
    size_t webhooks_count, connectors_count, others_count;
};

static void count(struct census *census, struct hb_str id)
{
    size_t i = 0;
    while (i < census->keys_count && !hb_str_eq(hb_str_c(census->keys[i].id), id)) {
        i++;
    }
    if (i == census->keys_count && i < KEYS_MAX) {
        memcpy(census->keys[i].id, id.ptr, id.len);
        census->keys_count++;
    }
    census->keys[i < KEYS_MAX ? i : KEYS_MAX - 1].values++;
}

/* What of a record is sealed by which keys. */
struct seals {
    bool is_old;  /* one of them is not the newest's */
    bool is_lost; /* one of them is of a key that is not at hand */
};

static struct seals look_at_seals(struct census *census, struct hb_str text)
{
    struct seals seals = {false, false};
    const char *at = text.ptr;
    const char *end = text.ptr + text.len;
    while ((at = memmem(at, (size_t)(end - at), MARK, sizeof(MARK) - 1)) != NULL) {
        at += sizeof(MARK) - 1;
        const char *dot = memchr(at, '.', (size_t)(end - at));
        struct hb_str id = hb_str_n(at, dot ? (size_t)(dot - at) : 0);
        if (id.len > 0 && id.len <= KEY_ID_MAX) {
            if (!census->is_listing_lost) {
                count(census, id);
            }
            seals.is_old |= !hb_str_eq(id, census->newest);
            seals.is_lost |= !hb_keyring_has(census->api->keyring, id);
        }
    }
    return seals;
}

/* Of keys like kind/<store>/… */
static bool is_of_deleted_store(const struct census *census, struct hb_str key)
{
    struct hb_str kind = {NULL, 0}, id = {NULL, 0};
    const struct hb_store *store =
        hb_str_split(&key, '/', &kind) && hb_str_split(&key, '/', &id) ? hb_registry_store(census->api->registry, id) : NULL;
    return store && store->is_deleted;
}

static void show(struct registry_record **list, size_t *count, struct registry_record *record)
{
    if (*count < SHOWN_MAX) {
        list[(*count)++] = record;
    }
}

static void look_at(struct census *census, struct registry_record *record)
{
    bool is_webhook = hb_str_has_prefix(record->key, HB_STR("webhook/"));
    struct hb_str rest = record->key, id = {NULL, 0};
    while (is_webhook && hb_str_split(&rest, '/', &id)) {
    }
    const struct registry_webhook *webhook = is_webhook ? hb_map_get(&census->api->registry->webhooks, id) : NULL;
    if ((webhook && webhook->snapshot->status == HB_WEBHOOK_DELETED) || is_of_deleted_store(census, record->key)) {
        return;
    }
    const struct seals seals = look_at_seals(census, record->value);
    if (!seals.is_old || seals.is_lost != census->is_listing_lost) {
        return;
    }
    if (webhook) {
        show(census->webhooks, &census->webhooks_count, record);
    } else if (hb_str_has_prefix(record->key, HB_STR("connector/"))) {
        show(census->connectors, &census->connectors_count, record);
    } else {
        show(census->others, &census->others_count, record);
    }
}

static void look_at_all(struct census *census)
{
    struct registry_record *record = NULL;
    size_t state = 0;
    while ((record = hb_map_next(&census->api->registry->records, &state)) != NULL) {
        look_at(census, record);
    }
}

static void add_records(struct hb_json_writer *w, const char *name, struct registry_record *const *records,
                        size_t count)
{
    hb_json_array(w, name);
    for (size_t i = 0; i < count; i++) {
        hb_json_add_str(w, NULL, records[i]->key);
    }
    hb_json_close_array(w);
}

static void answer_census(struct hb_http_call *call, const struct census *census)
{
    struct hb_http_json answer;
    hb_http_json_begin(&answer, API_ANSWER_BYTES_MAX);
    struct hb_json_writer *w = &answer.w;
    hb_json_object(w, NULL);
    hb_json_add_str(w, "newest", census->newest);
    hb_json_array(w, "keys");
    for (size_t i = 0; i < census->keys_count; i++) {
        hb_json_object(w, NULL);
        hb_json_add_str(w, "id", hb_str_c(census->keys[i].id));
        hb_json_add_int(w, "values", census->keys[i].values);
        hb_json_close_object(w);
    }
    hb_json_close_array(w);
    add_records(w, "webhooks", census->webhooks, census->webhooks_count);
    add_records(w, "connectors", census->connectors, census->connectors_count);
    add_records(w, "others", census->others, census->others_count);
    hb_json_close_object(w);
    hb_http_json_send(call, &answer, 200, 0);
}

static void show_secrets(void *user, struct hb_http_call *call)
{
    struct hb_registry_api *api = user;
    struct hb_http_problem problem = {0};
    struct hb_str all = {NULL, 0};
    if (!hb_access_check_key(api->registry, call, HB_SCOPE_MANAGE, all, hb_loop_wall(api->loop))) {
        return;
    }
    struct census *census = api->keyring ? calloc(1, sizeof(*census)) : NULL;
    if (!census) {
        (void)hb_http_refuse(&problem, 503, api->keyring ? "own_trouble" : "sealing_key_missing",
                             api->keyring ? "Out of memory." : "This process has no sealing key (secrets.key_file).");
        hb_http_call_refuse(call, &problem, API_RETRY_AFTER_S);
        return;
    }
    census->api = api;
    census->newest = hb_keyring_newest(api->keyring);
    look_at_all(census);
    census->is_listing_lost = true;
    look_at_all(census);
    answer_census(call, census);
    free(census);
}

/* ---- anew ---- */

/* The value under the newest key, a view of `text`, which has room. */
static enum hb_err reseal(const struct hb_keyring *keyring, struct hb_seal_place place, struct hb_str *sealed,
                          struct hb_buf *text)
{
    size_t at = text->len;
    enum hb_err err = hb_reseal(keyring, place, *sealed, text);
    if (!err) {
        *sealed = hb_str_n(text->ptr + at, text->len - at);
    }
    return err;
}

static enum hb_err reseal_all(const struct hb_keyring *keyring, struct hb_webhook_config *config, struct hb_buf *text)
{
    enum hb_err err = hb_buf_reserve(text, RESEALED_BYTES_MAX);
    for (size_t i = 0; !err && i < config->secrets_count; i++) {
        err = reseal(keyring, hb_seal_place_secret(config->store, config->id), &config->secrets[i].sealed, text);
    }
    for (size_t i = 0; !err && i < config->headers_count; i++) {
        struct hb_config_header *header = &config->headers[i];
        if (header->sealed.ptr) {
            err = reseal(keyring, hb_seal_place_header(config->store, config->id, header->name), &header->sealed, text);
        }
    }
    if (!err && config->url_query.ptr) {
        err = reseal(keyring, hb_seal_place_query(config->store, config->id), &config->url_query, text);
    }
    return err;
}

static enum hb_pen_verdict judge_reseal(struct api_change *change, struct hb_buf *ret_value, int64_t *ret_revision)
{
    if (!change->api->keyring) {
        return hb_api_change_refuse(change, 503, "sealing_key_missing",
                                    "This process has no sealing key (secrets.key_file).");
    }
    struct webhook_edit *edit = hb_webhook_edit_new(change);
    if (!edit) {
        return HB_PEN_REFUSE;
    }
    struct hb_buf text = hb_buf_make(RESEALED_BYTES_MAX);
    enum hb_pen_verdict verdict = HB_PEN_REFUSE;
    if (reseal_all(change->api->keyring, &edit->merge.config, &text)) {
        hb_webhook_edit_free(&edit);
        verdict = hb_api_change_refuse(change, 409, "cannot_be_opened",
                                       "One of its sealed values cannot be opened with the keys at hand: bring its key "
                                       "back, or give secret, header or URL anew.");
    } else {
        verdict = hb_webhook_edit_finish(&edit, change, ret_value, ret_revision);
    }
    hb_buf_deinit(&text);
    return verdict;
}

static void answer_resealed(struct api_change *change) { hb_webhook_answer(change, 200); }

static void reseal_webhook(void *user, struct hb_http_call *call)
{
    static const struct api_change_kind KIND = {"webhook.reseal", false, false, judge_reseal, answer_resealed};
    struct hb_registry_api *api = user;
    struct hb_str store = hb_http_call_param(call, "store");
    const struct hb_api_key *key =
        hb_access_check(api->registry, call, HB_SCOPE_MANAGE, store, hb_loop_wall(api->loop));
    struct api_change *change = key ? hb_api_change_new(api, call, key, &KIND) : NULL;
    if (change && hb_api_change_name(change, "webhook", store, hb_http_call_param(call, "webhook"))) {
        hb_api_change_submit(change);
    }
}

size_t hb_api_secret_routes(struct hb_http_route *ret_routes)
{
    static const struct hb_http_route ROUTES[] = {
        {"GET", "/v1/secrets", show_secrets, NULL},
        {"POST", "/v1/stores/{store}/webhooks/{webhook}/reseal", reseal_webhook, NULL},
    };
    memcpy(ret_routes, ROUTES, sizeof(ROUTES));
    return sizeof(ROUTES) / sizeof(*ROUTES);
}
