/* Job: tells whether data fits a JSON Schema, and if not, where and what would be right.
 *
 * Place: core/shapes holds docs/schemas in this form; producer/ asks it on publish. Runs in place over
 * core/json_cursor: no tree, no doubles, numbers are exact decimals.
 * Of JSON Schema 2020-12 exactly these keywords: type (a word or a list), enum (of strings), minLength, maxLength,
 * pattern (core/pattern), format (core/text_format; asserted), minimum, required, properties, additionalProperties,
 * propertyNames, items, minItems, oneOf, if with then, $ref to #/$defs/<name>; and without meaning: $schema, $id,
 * title, description, examples. $defs, $schema, $id and examples stand at the top only.
 * Any other keyword, any other value of one, a boolean in a schema's place, or a $ref that leads back to itself refuses
 * the schema: nothing that stands in one goes unchecked. Members of one name are all checked, for who reads the data
 * may take any of them.
 * Owns / borrows: a schema owns all it needs; a fault is a copy. Fails: HB_ERR_INVALID, HB_ERR_MEMORY, on load only.
 * Limits: below; depth of a check is the schema's. Cost: O(bytes of data) times the schema's depth, no allocation.
 * Measured with docs/schemas: 1 to 7 us for the samples of deploy/, and some 20 ns a byte for data made to be slow.
 * Threads: a schema is immutable.
 * Example: struct hb_schema_fault fault; if (!hb_schema_fits(schema, data, &fault)) puts(fault.should); */
#ifndef CORE_SCHEMA_H
#define CORE_SCHEMA_H

#include "hookbus/bytes.h"

#define HB_SCHEMA_NODES_MAX 512
#define HB_SCHEMA_DEPTH_MAX 16   /* schemas within schemas, $refs followed */
#define HB_SCHEMA_MEMBERS_MAX 64 /* names in properties and required of one schema */

struct hb_schema;

/* What does not fit: NUL-terminated UTF-8 without control characters, cut at its limit. */
struct hb_schema_fault {
    char path[192];   /* a JSON Pointer: "/lines/0/price"; of a missing member, its own; "" is all of the data */
    char should[256]; /* "a string that matches ^[A-Z]{3}$" */
};

/* Loads a schema. HB_ERR_INVALID (reterr says where and why) or HB_ERR_MEMORY. */
HB_MUST_USE enum hb_err hb_schema_new(struct hb_str text, struct hb_schema **ret_schema, struct hb_error *reterr);
/* NULL is allowed; sets the pointer to NULL. */
void hb_schema_free(struct hb_schema **schema);
/* Whether the data, which passed hb_json_scan, fits. False: ret_fault (may be NULL) is the first fault in the data's
 * own order. */
bool hb_schema_fits(const struct hb_schema *schema, struct hb_str data, struct hb_schema_fault *ret_fault);

#endif
