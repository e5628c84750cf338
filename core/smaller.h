/* Job: the smaller of two numbers, each evaluated once. Owns nothing, never fails. Threads: any. */
#ifndef CORE_SMALLER_H
#define CORE_SMALLER_H

#include <stddef.h>
#include <stdint.h>

static inline size_t hb_smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}
static inline int64_t hb_smaller_int(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

#endif
