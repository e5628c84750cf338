#include "core/signature.h"

#include "core/base64.h"

#define SECRET_PREFIX "whsec_"
#define KEY_BYTES_MIN 24
#define KEY_BYTES_MAX 64

void hb_signature_pieces(struct hb_str id, struct hb_str timestamp, struct hb_str body, struct hb_str ret_pieces[5])
{
    ret_pieces[0] = id;
    ret_pieces[1] = HB_STR(".");
    ret_pieces[2] = timestamp;
    ret_pieces[3] = HB_STR(".");
    ret_pieces[4] = body;
}

size_t hb_signature_header(const unsigned char (*digests)[32], size_t count, char ret_header[HB_SIGNATURE_HEADER_MAX])
{
    HB_ASSERT(count >= 1 && count * (HB_SIGNATURE_ONE_BYTES + 1) <= HB_SIGNATURE_HEADER_MAX);
    char *out = ret_header;
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            *out++ = ' ';
        memcpy(out, "v1,", 3);
        out += 3;
        out += hb_base64_write(hb_str_n((const char *)digests[i], 32), out);
    }
    return (size_t)(out - ret_header);
}

enum hb_err hb_signature_parse_secret(struct hb_str text, unsigned char ret_key[64], size_t *ret_key_bytes)
{
    struct hb_str prefix = HB_STR(SECRET_PREFIX);
    if (hb_str_has_prefix(text, prefix))
        text = hb_str_n(text.ptr + prefix.len, text.len - prefix.len);
    size_t size = hb_base64_size(text);
    if (size < KEY_BYTES_MIN || size > KEY_BYTES_MAX)
        return HB_ERR_INVALID;
    enum hb_err err = hb_base64_read(text, ret_key);
    if (!err)
        *ret_key_bytes = size;
    return err;
}

size_t hb_signature_format_secret(const unsigned char *key, size_t key_bytes, char ret_text[96])
{
    HB_ASSERT(key_bytes >= KEY_BYTES_MIN && key_bytes <= KEY_BYTES_MAX);
    size_t prefix = sizeof(SECRET_PREFIX) - 1;
    memcpy(ret_text, SECRET_PREFIX, prefix);
    return prefix + hb_base64_write(hb_str_n((const char *)key, key_bytes), ret_text + prefix);
}
