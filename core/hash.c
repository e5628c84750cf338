#include "core/hash.h"

struct sip {
    uint64_t v0, v1, v2, v3;
    uint64_t held; /* bytes that do not fill a word yet, the first lowest */
    size_t length; /* of everything so far */
};

static uint64_t rotate(uint64_t x, int bits)
{
    return x << bits | x >> (64 - bits);
}

/* In one expression, which a compiler makes one load of; of a loop it does not, and event bodies pass through here. */
static uint64_t load(const unsigned char *b)
{
    return (uint64_t)b[0] | (uint64_t)b[1] << 8 | (uint64_t)b[2] << 16 | (uint64_t)b[3] << 24 | (uint64_t)b[4] << 32 |
           (uint64_t)b[5] << 40 | (uint64_t)b[6] << 48 | (uint64_t)b[7] << 56;
}

static void store(uint64_t word, unsigned char *ret_bytes)
{
    for (int i = 0; i < 8; i++)
        ret_bytes[i] = (unsigned char)(word >> (8 * i));
}

static void mix(struct sip *s, int rounds)
{
    while (rounds-- > 0) {
        s->v0 += s->v1;
        s->v1 = rotate(s->v1, 13) ^ s->v0;
        s->v0 = rotate(s->v0, 32);
        s->v2 += s->v3;
        s->v3 = rotate(s->v3, 16) ^ s->v2;
        s->v0 += s->v3;
        s->v3 = rotate(s->v3, 21) ^ s->v0;
        s->v2 += s->v1;
        s->v1 = rotate(s->v1, 17) ^ s->v2;
        s->v2 = rotate(s->v2, 32);
    }
}

static void take_word(struct sip *s, uint64_t word)
{
    s->v3 ^= word;
    mix(s, 2);
    s->v0 ^= word;
}

static void take_byte(struct sip *s, unsigned char byte)
{
    s->held |= (uint64_t)byte << (8 * (s->length % 8));
    if (++s->length % 8 == 0) {
        take_word(s, s->held);
        s->held = 0;
    }
}

static void take_piece(struct sip *s, struct hb_str piece)
{
    const unsigned char *at = (const unsigned char *)piece.ptr, *end = at + piece.len;
    while (at < end && s->length % 8 != 0)
        take_byte(s, *at++);
    for (; end - at >= 8; at += 8, s->length += 8)
        take_word(s, load(at));
    while (at < end)
        take_byte(s, *at++);
}

void hb_hash_pieces(const unsigned char key[HB_HASH_KEY_BYTES], const struct hb_str *pieces, size_t count,
                    unsigned char ret_hash[HB_HASH_BYTES])
{
    uint64_t k0 = load(key), k1 = load(key + 8);
    struct sip s = {.v0 = k0 ^ UINT64_C(0x736f6d6570736575),
                    .v1 = k1 ^ UINT64_C(0x646f72616e646f6d) ^ 0xee,
                    .v2 = k0 ^ UINT64_C(0x6c7967656e657261),
                    .v3 = k1 ^ UINT64_C(0x7465646279746573)};
    for (size_t i = 0; i < count; i++)
        if (pieces[i].len > 0)
            take_piece(&s, pieces[i]);
    take_word(&s, s.held | (uint64_t)s.length << 56);
    s.v2 ^= 0xee;
    mix(&s, 4);
    store(s.v0 ^ s.v1 ^ s.v2 ^ s.v3, ret_hash);
    s.v1 ^= 0xdd;
    mix(&s, 4);
    store(s.v0 ^ s.v1 ^ s.v2 ^ s.v3, ret_hash + 8);
}
