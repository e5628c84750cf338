/* Job: the compiled form of a filter, shared by the file that makes it (filter_compile.c) and the one that runs it
 * (filter.c).
 *
 * Place: private to core/filter. Nodes stand in one array and point to each other by index, 0 is "none" (node 0 is
 * never used by anything), so that the array may move while it grows. Strings are unescaped; numbers are raw text. */
#ifndef CORE_FILTER_PROGRAM_H
#define CORE_FILTER_PROGRAM_H

#include "core/filter.h"

enum hb_filter_kind {
    HB_FILTER_NESTED, /* a member whose value is a pattern: child is its first member */
    HB_FILTER_ANY_OF, /* a member whose value is a list of alternatives: child is the first */
    HB_FILTER_OR,     /* "$or": child is the first HB_FILTER_BRANCH */
    HB_FILTER_BRANCH, /* a pattern of $or: child is its first member */
    /* Alternatives. */
    HB_FILTER_TEXT,
    HB_FILTER_NUMBER,
    HB_FILTER_LITERAL, /* true, false, null: the raw text is equal */
    HB_FILTER_PREFIX,
    HB_FILTER_SUFFIX,
    HB_FILTER_NUMERIC, /* child: the comparisons, all must hold */
    HB_FILTER_EXISTS,
    HB_FILTER_ABSENT,
    HB_FILTER_BUT, /* child: what it must not be */
    /* Comparisons of HB_FILTER_NUMERIC. */
    HB_FILTER_EQUAL,
    HB_FILTER_LESS,
    HB_FILTER_LESS_EQUAL,
    HB_FILTER_GREATER,
    HB_FILTER_GREATER_EQUAL
};

struct hb_filter_node {
    enum hb_filter_kind kind;
    uint16_t next;      /* the next of the same list */
    uint16_t child;     /* the first of its own list */
    struct hb_str text; /* name of a member; string, number or literal of an alternative or comparison */
};

struct hb_filter {
    struct hb_filter_node *nodes;
    uint16_t first; /* the first member of the pattern */
    char *text;     /* the copied pattern, which raw numbers point into */
    struct hb_buf strings;
};

#endif
