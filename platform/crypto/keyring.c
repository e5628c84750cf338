#include "platform/crypto/keyring.h"

#include "core/base64.h"

#include <stdlib.h>

static bool is_key_id(struct hb_str id)
{
    if (id.len == 0 || id.len > HB_KEYRING_ID_MAX)
        return false;
    for (size_t i = 0; i < id.len; i++) {
        char c = id.ptr[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_letter && !(c >= '0' && c <= '9') && c != '_' && c != '-')
            return false;
    }
    return true;
}

static bool decode_key(struct hb_str text, unsigned char ret_key[HB_SEAL_KEY_BYTES])
{
    return hb_base64_size(text) == HB_SEAL_KEY_BYTES && hb_base64_read(text, ret_key) == HB_OK;
}

/* One line "id key". Messages name the line, never what stands in it. */
static enum hb_err add_line(struct hb_keyring *keyring, struct hb_str line, int number, struct hb_error *reterr)
{
    struct hb_str rest = line, id = {NULL, 0};
    (void)hb_str_split(&rest, ' ', &id);
    if (!is_key_id(id))
        return hb_fail(reterr, HB_ERR_INVALID,
                       "line %d of the key file: expected \"id key\", id 1..%d of [A-Za-z0-9_-]", number,
                       HB_KEYRING_ID_MAX);
    if (hb_keyring_find(keyring, id))
        return hb_fail(reterr, HB_ERR_INVALID, "line %d of the key file: a key of that id stands there already",
                       number);
    if (keyring->count == HB_KEYRING_KEYS_MAX)
        return hb_fail(reterr, HB_ERR_INVALID, "the key file holds more than %d keys", HB_KEYRING_KEYS_MAX);
    struct hb_seal_key *key = &keyring->keys[keyring->count];
    if (!decode_key(hb_str_trim(rest), key->key))
        return hb_fail(reterr, HB_ERR_INVALID, "line %d of the key file: the key must be the base64 of %d bytes",
                       number, HB_SEAL_KEY_BYTES);
    memcpy(key->id, id.ptr, id.len);
    key->id[id.len] = '\0';
    keyring->count++;
    return HB_OK;
}

static enum hb_err add_lines(struct hb_keyring *keyring, struct hb_str text, struct hb_error *reterr)
{
    struct hb_str line;
    for (int number = 1; hb_str_split(&text, '\n', &line); number++) {
        if (line.len > 0 && line.ptr[line.len - 1] == '\r')
            line.len--;
        line = hb_str_trim(line);
        if (line.len == 0 || line.ptr[0] == '#')
            continue;
        enum hb_err err = add_line(keyring, line, number, reterr);
        if (err)
            return err;
    }
    if (keyring->count == 0)
        return hb_fail(reterr, HB_ERR_INVALID, "the key file holds no key; `hookbus secrets init FILE` makes one");
    return HB_OK;
}

enum hb_err hb_keyring_parse(struct hb_str file_text, struct hb_keyring **ret_keyring, struct hb_error *reterr)
{
    struct hb_keyring *keyring = calloc(1, sizeof *keyring);
    if (!keyring)
        return hb_fail(reterr, HB_ERR_MEMORY, "out of memory");
    enum hb_err err = add_lines(keyring, file_text, reterr);
    if (err)
        hb_keyring_free(&keyring);
    else
        *ret_keyring = keyring;
    return err;
}

void hb_keyring_free(struct hb_keyring **keyring)
{
    if (!keyring || !*keyring)
        return;
    hb_wipe(*keyring, sizeof **keyring);
    free(*keyring);
    *keyring = NULL;
}

struct hb_str hb_keyring_newest(const struct hb_keyring *keyring)
{
    return hb_str_c(keyring->keys[keyring->count - 1].id);
}

bool hb_keyring_has(const struct hb_keyring *keyring, struct hb_str key_id)
{
    return hb_keyring_find(keyring, key_id) != NULL;
}

const struct hb_seal_key *hb_keyring_find(const struct hb_keyring *keyring, struct hb_str key_id)
{
    for (size_t i = 0; i < keyring->count; i++)
        if (hb_str_eq(key_id, hb_str_c(keyring->keys[i].id)))
            return &keyring->keys[i];
    return NULL;
}
