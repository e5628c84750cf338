/* Job: what a loaded schema is made of, shared by its files: schema_load.c and schema_keywords.c make it, schema.c
 * checks with it, schema_say.c puts a fault into words. Included by those only. */
#ifndef CORE_SCHEMA_INTERNAL_H
#define CORE_SCHEMA_INTERNAL_H

#include "core/json_cursor.h"
#include "core/pattern.h"
#include "core/schema.h"
#include "core/text_format.h"

/* Bits of the types a value may have. */
enum hb_schema_type {
    HB_SCHEMA_NULL = 1,
    HB_SCHEMA_BOOLEAN = 2,
    HB_SCHEMA_INTEGER = 4,
    HB_SCHEMA_NUMBER = 8,
    HB_SCHEMA_STRING = 16,
    HB_SCHEMA_ARRAY = 32,
    HB_SCHEMA_OBJECT = 64,
};

/* A schema within the schema, by its place in nodes. 0 is the whole, which none has inside: it stands for none. */
typedef unsigned hb_schema_index;

struct hb_schema_member {
    struct hb_str name;     /* without escapes: the loader refuses others */
    hb_schema_index schema; /* 0: it is required, but not in properties */
    bool is_required;
};

struct hb_schema_node {
    unsigned types;       /* 0: any */
    struct hb_str *words; /* enum */
    size_t words_count;
    uint64_t length_min, length_max, items_min; /* length_max UINT64_MAX: any */
    struct hb_str minimum;                      /* a JSON number; empty: none */
    struct hb_pattern *pattern;
    struct hb_str pattern_text;
    const struct hb_text_format *format;
    struct hb_schema_member *members;
    size_t members_count;
    uint64_t required; /* bits of members */
    hb_schema_index additional, names, items, ref, condition, consequence;
    hb_schema_index *one_of;
    size_t one_of_count;
};

struct hb_schema {
    struct hb_schema_node *nodes;
    size_t count, capacity;
    struct hb_buf strings; /* all texts; reserved once, so that views stay */
};

enum hb_schema_rule {
    HB_SCHEMA_RULE_TYPE,
    HB_SCHEMA_RULE_ENUM,
    HB_SCHEMA_RULE_LENGTH,
    HB_SCHEMA_RULE_PATTERN,
    HB_SCHEMA_RULE_FORMAT,
    HB_SCHEMA_RULE_MINIMUM,
    HB_SCHEMA_RULE_ITEMS,
    HB_SCHEMA_RULE_REQUIRED, /* the node is the missing member's, or NULL */
    HB_SCHEMA_RULE_NAME,
    HB_SCHEMA_RULE_NONE_OF,
    HB_SCHEMA_RULE_MANY_OF,
};

/* Where in the data a check stands: a chain up to the top on the stack. */
struct hb_schema_place {
    const struct hb_schema_place *up; /* NULL: the top */
    struct hb_str name;               /* of a member, still escaped; ptr NULL: an item */
    size_t index;
};

/* The types a schema asks for, $refs followed and alternatives joined; 0: any. */
unsigned hb_schema_types_of(const struct hb_schema *schema, const struct hb_schema_node *node);
/* Writes the fault of a rule at a place. */
void hb_schema_say(const struct hb_schema *schema, const struct hb_schema_node *node, enum hb_schema_rule rule,
                   const struct hb_schema_place *place, struct hb_schema_fault *ret_fault);

#endif
