/* Job: finds the end of a run of plain bytes in a JSON string, eight bytes a step.
 *
 * Place: private to core/json_scan and core/json_cursor, which spend their time here. Threads: any. */
#ifndef CORE_JSON_PLAIN_H
#define CORE_JSON_PLAIN_H

#include "hookbus/bytes.h"

#define HB_JSON_ONES UINT64_C(0x0101010101010101)
#define HB_JSON_HIGHS UINT64_C(0x8080808080808080)

/* The high bit of each byte of word that is c. What stands behind the first one found may be wrong (borrows), which
 * does not matter to who looks for the first. */
static inline uint64_t hb_json_find(uint64_t word, unsigned char c)
{
    uint64_t zero = word ^ (HB_JSON_ONES * c);
    return (zero - HB_JSON_ONES) & ~zero & HB_JSON_HIGHS;
}

/* The first byte from at on that is a quote or a backslash or, if is_strict, a control character or not ASCII; or end.
 */
static inline const unsigned char *hb_json_skip_plain(const unsigned char *at, const unsigned char *end, bool is_strict)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    while (end - at >= 8) {
        uint64_t word;
        memcpy(&word, at, sizeof(word));
        uint64_t special = hb_json_find(word, '"') | hb_json_find(word, '\\');
        if (is_strict)
            special |= ((word - HB_JSON_ONES * 0x20) & ~word & HB_JSON_HIGHS) | (word & HB_JSON_HIGHS);
        if (special)
            return at + (__builtin_ctzll(special) >> 3);
        at += 8;
    }
#endif
    while (at < end && *at != '"' && *at != '\\' && (!is_strict || (*at >= 0x20 && *at < 0x80)))
        at++;
    return at;
}

#endif
