/* Job: numbers as big-endian bytes of any width, as the scripts' struct.unpack reads them.
 * Place: retry/entry and retry/batch. Owns: nothing. Fails: never; a number wider than its place is a bug. Threads:
 * any. */
#ifndef RETRY_PACKING_H
#define RETRY_PACKING_H

#include "hookbus/error.h"

#include <stdint.h>

/* Writes `width` (1..8) bytes and moves *place behind them. */
static inline void hb_packing_put(unsigned char **place, uint64_t value, int width)
{
    HB_ASSERT(width == 8 || value >> (8 * width) == 0);
    for (int i = width - 1; i >= 0; i--)
        *(*place)++ = (unsigned char)(value >> (8 * i));
}

/* Reads `width` (1..8) bytes and moves *place behind them. */
static inline uint64_t hb_packing_take(const unsigned char **place, int width)
{
    uint64_t value = 0;

    for (int i = 0; i < width; i++)
        value = value << 8 | *(*place)++;
    return value;
}

#endif
