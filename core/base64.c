#include "core/base64.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void write_group(const unsigned char *in, size_t count, char *out)
{
    unsigned held = (unsigned)in[0] << 16 | (count > 1 ? (unsigned)in[1] << 8 : 0) | (count > 2 ? in[2] : 0U);
    out[0] = digits[held >> 18];
    out[1] = digits[held >> 12 & 63];
    out[2] = count > 1 ? digits[held >> 6 & 63] : '=';
    out[3] = count > 2 ? digits[held & 63] : '=';
}

size_t hb_base64_write(struct hb_str bytes, char *ret_text)
{
    const unsigned char *in = (const unsigned char *)bytes.ptr;
    char *out = ret_text;
    for (size_t at = 0; at < bytes.len; at += 3, out += 4)
        write_group(in + at, bytes.len - at, out);
    *out = '\0';
    return (size_t)(out - ret_text);
}

enum hb_err hb_base64_append(struct hb_str bytes, struct hb_buf *ret_text)
{
    enum hb_err err = hb_buf_reserve(ret_text, HB_BASE64_TEXT_BYTES(bytes.len));
    if (err)
        return err;
    ret_text->len += hb_base64_write(bytes, ret_text->ptr + ret_text->len);
    return HB_OK;
}

/* The text without its padding; SIZE_MAX if the padding is not whole. */
static size_t unpadded(struct hb_str text)
{
    size_t length = text.len;
    while (length > 0 && text.len - length < 2 && text.ptr[length - 1] == '=')
        length--;
    return length < text.len && text.len % 4 != 0 ? SIZE_MAX : length;
}

size_t hb_base64_size(struct hb_str text)
{
    size_t length = unpadded(text);
    if (length == SIZE_MAX || length % 4 == 1)
        return SIZE_MAX;
    return length / 4 * 3 + (length % 4 ? length % 4 - 1 : 0);
}

static int value_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Whether every character is a digit, and the bits left over at the end are zero: one text for the same bytes. */
static bool is_canonical(struct hb_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (value_of(text.ptr[i]) < 0)
            return false;
    if (text.len % 4 == 0)
        return true;
    return (value_of(text.ptr[text.len - 1]) & (text.len % 4 == 2 ? 15 : 3)) == 0;
}

enum hb_err hb_base64_read(struct hb_str text, unsigned char *ret_bytes)
{
    if (hb_base64_size(text) == SIZE_MAX)
        return HB_ERR_INVALID;
    text.len = unpadded(text);
    if (!is_canonical(text))
        return HB_ERR_INVALID;
    unsigned held = 0;
    int bits = 0;
    for (size_t i = 0; i < text.len; i++) {
        held = held << 6 | (unsigned)value_of(text.ptr[i]);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            *ret_bytes++ = (unsigned char)(held >> bits);
        }
    }
    return HB_OK;
}

enum hb_err hb_base64_read_append(struct hb_str text, struct hb_buf *ret_bytes)
{
    size_t size = hb_base64_size(text);
    if (size == SIZE_MAX)
        return HB_ERR_INVALID;
    enum hb_err err = hb_buf_reserve(ret_bytes, size);
    if (!err)
        err = hb_base64_read(text, (unsigned char *)ret_bytes->ptr + ret_bytes->len);
    if (err)
        return err;
    ret_bytes->len += size;
    ret_bytes->ptr[ret_bytes->len] = '\0';
    return HB_OK;
}
