#include "core/ids.h"

static const struct hb_str delivery_prefix = HB_STR_INIT("dlv_");
static const char base32_digits[] = "abcdefghijklmnopqrstuvwxyz234567";

void hb_uuid7(struct hb_wall at, const unsigned char random[10], char ret_text[37])
{
    unsigned char bytes[16];
    uint64_t ms = at.ms < 0 ? 0 : (uint64_t)at.ms;
    for (int i = 0; i < 6; i++)
        bytes[i] = (unsigned char)(ms >> (40 - 8 * i));
    memcpy(bytes + 6, random, 10);
    bytes[6] = (unsigned char)(0x70 | (bytes[6] & 0x0F)); /* version 7 */
    bytes[8] = (unsigned char)(0x80 | (bytes[8] & 0x3F)); /* variant 10 */
    char *out = ret_text;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *out++ = '-';
        *out++ = "0123456789abcdef"[bytes[i] >> 4];
        *out++ = "0123456789abcdef"[bytes[i] & 15];
    }
    *out = '\0';
}

void hb_base32_16(const unsigned char bytes[16], char ret_text[27])
{
    uint32_t held = 0;
    int bits = 0, written = 0;
    for (int i = 0; i < 16; i++) {
        held = held << 8 | bytes[i];
        for (bits += 8; bits >= 5; bits -= 5)
            ret_text[written++] = base32_digits[held >> (bits - 5) & 31];
    }
    ret_text[written++] = base32_digits[held << (5 - bits) & 31];
    ret_text[written] = '\0';
}

bool hb_base32_16_decode(struct hb_str text, unsigned char ret_bytes[16])
{
    if (text.len != 26)
        return false;
    unsigned char bytes[16];
    uint32_t held = 0;
    int bits = 0, written = 0;
    for (size_t i = 0; i < text.len; i++) {
        const char *digit = text.ptr[i] ? strchr(base32_digits, text.ptr[i]) : NULL;
        if (!digit)
            return false;
        held = held << 5 | (uint32_t)(digit - base32_digits);
        bits += 5;
        if (bits >= 8) {
            bits -= 8;
            bytes[written++] = (unsigned char)(held >> bits);
        }
    }
    /* One text an id: the two bits that are left over must be zero. */
    if (held & ((1U << bits) - 1))
        return false;
    memcpy(ret_bytes, bytes, sizeof(bytes));
    return true;
}

void hb_delivery_id(const unsigned char delivery[16], char ret_id[HB_DELIVERY_ID_BYTES + 1])
{
    memcpy(ret_id, delivery_prefix.ptr, delivery_prefix.len);
    hb_base32_16(delivery, ret_id + delivery_prefix.len);
}

bool hb_delivery_id_read(struct hb_str id, unsigned char ret_delivery[16])
{
    return hb_str_has_prefix(id, delivery_prefix) &&
           hb_base32_16_decode(hb_str_n(id.ptr + delivery_prefix.len, id.len - delivery_prefix.len), ret_delivery);
}

int hb_shard_of(const unsigned char digest[32])
{
    uint32_t first = (uint32_t)digest[0] << 24 | (uint32_t)digest[1] << 16 | (uint32_t)digest[2] << 8 | digest[3];
    return (int)(first % HB_SHARDS);
}

uint64_t hb_subject_of(const unsigned char digest[32])
{
    uint64_t first = 0;
    for (int i = 0; i < 8; i++)
        first = first << 8 | digest[i];
    return first;
}
