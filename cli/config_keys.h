/* Job: the configuration keys as rows that a program can walk over.
 *
 * Place: made from core/tables/config_keys.def; used by config_load, config_value and config_reference.
 * Owns: nothing, the table is constant.
 * Fails: nothing.
 * Threads: any. */
#ifndef CLI_CONFIG_KEYS_H
#define CLI_CONFIG_KEYS_H

#include "hookbus/bytes.h"
#include "hookbus/config.h"

enum hb_config_kind { HB_CONFIG_STR, HB_CONFIG_LIST, HB_CONFIG_INT, HB_CONFIG_BOOL };

struct hb_config_key {
    const char *path;    /* "kafka.brokers" */
    const char *section; /* "kafka" */
    const char *name;    /* "brokers" */
    enum hb_config_kind kind;
    size_t offset;    /* in struct hb_config */
    const char *text; /* STR, LIST: the default */
    int64_t number;   /* INT: the default; BOOL: 0 or 1 */
    int64_t min, max; /* INT */
    const char *unit; /* INT */
    const char *help;
};

/* All rows, in the table's order: a section's rows stand together. */
const struct hb_config_key *hb_config_keys(size_t *ret_count);
/* The row of a section and name, or NULL. */
const struct hb_config_key *hb_config_key_find(struct hb_str section, struct hb_str name);
/* True if there is such a section. */
bool hb_config_section_exists(struct hb_str section);
/* The path ("kafka.brokers") a person probably meant, or NULL. */
const char *hb_config_key_suggest(struct hb_str section, struct hb_str name);
/* The section a person probably meant, or NULL. */
const char *hb_config_section_suggest(struct hb_str section);
/* True if the value must never be shown. */
bool hb_config_key_is_secret(const struct hb_config_key *key);
/* The key's variable ("HOOKBUS_KAFKA_BROKERS") and a NUL; returns the length. */
#define HB_CONFIG_VARIABLE_MAX 128
size_t hb_config_key_variable(const struct hb_config_key *key, char ret_name[HB_CONFIG_VARIABLE_MAX]);

#endif
