#include "registry/api_key.h"

#include "core/ids.h"
#include "core/words.h"
#include "platform/crypto/crypto.h"

#define BASE32_16_BYTES 26

void hb_key_token_make(char ret_token[HB_KEY_TOKEN_BYTES + 1])
{
    unsigned char random[48];
    char text[3][BASE32_16_BYTES + 1];
    hb_random_bytes(random, sizeof(random));
    for (size_t i = 0; i < 3; i++) {
        hb_base32_16(random + i * 16, text[i]);
    }
    memcpy(ret_token, "hbk_", 4);
    memcpy(ret_token + 4, text[0], HB_KEY_PREFIX_BYTES);
    ret_token[4 + HB_KEY_PREFIX_BYTES] = '_';
    char *secret = ret_token + 4 + HB_KEY_PREFIX_BYTES + 1;
    memcpy(secret, text[1], BASE32_16_BYTES);
    memcpy(secret + BASE32_16_BYTES, text[2], BASE32_16_BYTES);
    ret_token[HB_KEY_TOKEN_BYTES] = '\0';
    hb_wipe(random, sizeof(random));
    hb_wipe(text, sizeof(text));
}

static bool is_base32(struct hb_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '2' && c <= '7'))) {
            return false;
        }
    }
    return true;
}

struct hb_str hb_key_token_prefix(struct hb_str token)
{
    struct hb_str none = {NULL, 0};
    if (token.len != HB_KEY_TOKEN_BYTES || !hb_str_has_prefix(token, HB_STR("hbk_")) ||
        token.ptr[4 + HB_KEY_PREFIX_BYTES] != '_') {
        return none;
    }
    struct hb_str prefix = hb_str_n(token.ptr + 4, HB_KEY_PREFIX_BYTES);
    struct hb_str secret = hb_str_n(prefix.ptr + HB_KEY_PREFIX_BYTES + 1, HB_KEY_SECRET_BYTES);
    return is_base32(prefix) && is_base32(secret) ? prefix : none;
}

#define SCOPE_TEXT(name, text) text,
static const char *const SCOPE_TEXTS[] = {HB_SCOPES(SCOPE_TEXT)};
#undef SCOPE_TEXT

const char *hb_scope_text(enum hb_scope scope)
{
    return (unsigned)scope < HB_SCOPE_COUNT ? SCOPE_TEXTS[scope] : "unknown";
}

int hb_scope_find(struct hb_str text)
{
    return HB_WORDS_FIND(SCOPE_TEXTS, text);
}

unsigned hb_scopes_effective(unsigned scopes)
{
    bool may_manage = (scopes & (1U << HB_SCOPE_MANAGE)) != 0;
    return may_manage ? scopes | (1U << HB_SCOPE_READ) | (1U << HB_SCOPE_PUBLISH) : scopes;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_hash(struct hb_str hex, unsigned char ret_hash[HB_SHA256_BYTES])
{
    for (size_t i = 0; i < HB_SHA256_BYTES; i++) {
        int high = hex.len == 2 * HB_SHA256_BYTES ? hex_digit(hex.ptr[2 * i]) : -1;
        int low = high >= 0 ? hex_digit(hex.ptr[2 * i + 1]) : -1;
        if (low < 0) {
            return false;
        }
        ret_hash[i] = (unsigned char)(high * 16 + low);
    }
    return true;
}

enum hb_err hb_api_key_read(const struct hb_json *record, struct hb_api_key *ret_key)
{
    struct hb_api_key key = {.expires = {INT64_MAX}};
    struct hb_str hex = {NULL, 0};
    if (!hb_json_str(hb_json_get(record, "prefix"), &key.prefix) ||
        !hb_json_str(hb_json_get(record, "hash"), &hex) || !read_hash(hex, key.hash)) {
        return HB_ERR_INVALID;
    }
    (void)hb_json_str(hb_json_get(record, "name"), &key.name);
    (void)hb_json_str(hb_json_get(record, "store"), &key.store);
    (void)hb_json_bool(hb_json_get(record, "revoked"), &key.is_revoked);
    /* An end that cannot be read must not make a key eternal. */
    if (hb_json_get(record, "expires") && !hb_json_wall(hb_json_get(record, "expires"), &key.expires)) {
        return HB_ERR_INVALID;
    }
    const struct hb_json *scopes = hb_json_get(record, "scopes");
    for (const struct hb_json *item = hb_json_first(scopes); item; item = hb_json_next(item)) {
        struct hb_str text;
        int scope = hb_json_str(item, &text) ? hb_scope_find(text) : -1;
        key.scopes |= scope >= 0 ? 1U << scope : 0;
    }
    *ret_key = key;
    return HB_OK;
}

void hb_api_key_add_common(struct hb_json_writer *w, const struct hb_api_key *key)
{
    hb_json_add_str(w, "prefix", key->prefix);
    hb_json_add_str(w, "name", key->name);
    if (key->store.len > 0) {
        hb_json_add_str(w, "store", key->store);
    }
    hb_json_array(w, "scopes");
    for (int i = 0; i < HB_SCOPE_COUNT; i++) {
        if (key->scopes & (1U << i)) {
            hb_json_add_str(w, NULL, hb_str_c(hb_scope_text((enum hb_scope)i)));
        }
    }
    hb_json_close_array(w);
    if (key->expires.ms != INT64_MAX) {
        hb_json_add_wall(w, "expires", key->expires);
    }
    hb_json_add_bool(w, "revoked", key->is_revoked);
}

enum hb_err hb_api_key_write(const struct hb_api_key *key, struct hb_wall created, struct hb_buf *ret_text)
{
    static const char HEX[] = "0123456789abcdef";
    char hash[2 * HB_SHA256_BYTES];
    for (size_t i = 0; i < HB_SHA256_BYTES; i++) {
        hash[2 * i] = HEX[key->hash[i] >> 4];
        hash[2 * i + 1] = HEX[key->hash[i] & 15];
    }
    struct hb_json_writer w = hb_json_write(ret_text);
    hb_json_object(&w, NULL);
    hb_json_add_int(&w, "v", 1);
    hb_api_key_add_common(&w, key);
    hb_json_add_str(&w, "hash", hb_str_n(hash, sizeof(hash)));
    if (created.ms != INT64_MIN) {
        hb_json_add_wall(&w, "created", created);
    }
    hb_json_close_object(&w);
    return hb_json_end(&w);
}
