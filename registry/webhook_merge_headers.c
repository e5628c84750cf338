#include "registry/webhook_merge.h"

#include "core/headers.h"
#include "registry/seal_places.h"

#include <stdlib.h>

bool hb_header_is_credential(struct hb_str name)
{
    static const char *const WORDS[] = {"authorization", "key",    "token",      "secret",
                                        "password",      "cookie", "credential", "signature"};
    for (size_t i = 0; i < sizeof(WORDS) / sizeof(*WORDS); i++) {
        struct hb_str word = hb_str_c(WORDS[i]);
        for (size_t at = 0; at + word.len <= name.len; at++) {
            if (hb_str_eq_nocase(hb_str_n(name.ptr + at, word.len), word)) {
                return true;
            }
        }
    }
    return false;
}

static bool seal_header(struct hb_webhook_merge *merge, struct hb_config_header *header)
{
    const struct hb_webhook_config *config = &merge->config;
    size_t at = merge->sealed.len;
    if (!merge->keyring) {
        return hb_http_refuse(
            merge->problem, 503, "sealing_key_missing",
            "This process has no sealing key (secrets.key_file): a header with a credential cannot be kept.");
    }
    if (hb_seal(merge->keyring, hb_seal_place_header(config->store, config->id, header->name), header->value,
                &merge->sealed)) {
        return hb_http_refuse(merge->problem, 503, "own_trouble", "The header could not be sealed.");
    }
    header->sealed = hb_str_n(merge->sealed.ptr + at, merge->sealed.len - at);
    header->value = (struct hb_str){NULL, 0};
    return true;
}

/* {"sealed": true} stands for the value that is kept already: what a client read and sends back unchanged. */
static bool is_kept(const struct hb_json *value)
{
    bool is_sealed = false;
    return hb_json_bool(hb_json_get(value, "sealed"), &is_sealed) && is_sealed;
}

static bool keep_header(struct hb_webhook_merge *merge, const struct hb_webhook_config *old,
                        struct hb_config_header *header)
{
    for (size_t i = 0; i < old->headers_count; i++) {
        if (hb_str_eq(old->headers[i].name, header->name) && old->headers[i].sealed.ptr) {
            header->sealed = old->headers[i].sealed;
            return true;
        }
    }
    return hb_http_refuse_field(merge->problem, "headers", "No sealed value of that header is kept.",
                                "the header's value as text");
}

static bool check_headers(struct hb_webhook_merge *merge)
{
    struct hb_webhook_config *config = &merge->config;
    struct hb_name_value headers[HB_WEBHOOK_HEADERS_MAX];
    struct hb_error error = {HB_OK, ""};
    for (size_t i = 0; i < config->headers_count; i++) {
        /* A kept one was checked when it was given. */
        struct hb_str value = config->headers[i].sealed.ptr ? HB_STR("kept") : config->headers[i].value;
        headers[i] = (struct hb_name_value){config->headers[i].name, value};
    }
    if (hb_headers_check(headers, config->headers_count, &error)) {
        return hb_http_refuse_field(merge->problem, "headers", error.text, NULL);
    }
    for (size_t i = 0; i < config->headers_count; i++) {
        struct hb_config_header *header = &config->headers[i];
        if (!header->sealed.ptr && hb_header_is_credential(header->name) && !seal_header(merge, header)) {
            return false;
        }
    }
    return true;
}

bool hb_webhook_merge_headers(struct hb_webhook_merge *merge, const struct hb_json *value)
{
    static const char SHOULD[] = "an object of at most 20 names with text values";
    struct hb_webhook_config *config = &merge->config;
    struct hb_webhook_config *old = malloc(sizeof(*old));
    bool is_good = old != NULL;
    if (old) {
        *old = *config;
    }
    config->headers_count = 0;
    if (hb_json_kind(value) != HB_JSON_NULL &&
        (hb_json_kind(value) != HB_JSON_OBJECT || hb_json_count(value) > HB_WEBHOOK_HEADERS_MAX)) {
        is_good = hb_http_refuse_field(merge->problem, "headers", "headers cannot be used.", SHOULD);
    }
    for (const struct hb_json *item = is_good ? hb_json_first(value) : NULL; item && is_good;
         item = hb_json_next(item)) {
        struct hb_config_header header = {hb_json_name(item), {NULL, 0}, {NULL, 0}};
        if (is_kept(item)) {
            is_good = keep_header(merge, old, &header);
        } else if (!hb_json_str(item, &header.value)) {
            is_good = hb_http_refuse_field(merge->problem, "headers", "A header's value is no text.", SHOULD);
        }
        config->headers[config->headers_count++] = header;
    }
    free(old);
    return is_good && check_headers(merge);
}
