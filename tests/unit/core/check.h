/* cmocka with what it wants before it, and a few comparisons that print both sides. */
#ifndef TESTS_UNIT_CORE_CHECK_H
#define TESTS_UNIT_CORE_CHECK_H

#include "hookbus/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* A view of a literal in the initializer of a static table, where HB_STR is not constant enough. */
#define TEXT(literal) {"" literal, sizeof(literal) - 1}

/* The view holds exactly this text. */
static inline void check_str_at(struct hb_str found, struct hb_str wanted, const char *file, int line)
{
    if (!hb_str_eq(found, wanted)) {
        print_error("found  \"%.*s\"\nwanted \"%.*s\"\n", HB_ARG(found), HB_ARG(wanted));
        _fail(file, line);
    }
}
#define check_str(found, wanted) check_str_at((found), hb_str_c(wanted), __FILE__, __LINE__)

/* A condition about a row of a table: what is printed names the row. */
#define check_row(condition, row)                                                                                      \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            print_error("%s: row \"%s\"\n", #condition, (row));                                                        \
            _fail(__FILE__, __LINE__);                                                                                 \
        }                                                                                                              \
    } while (0)

/* A small generator for property tests: the seed is printed by whoever fails. */
static inline uint32_t next_random(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 33);
}

#endif
