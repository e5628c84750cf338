/* Job: turns the text of one value into a field of struct hb_config.
 *
 * Place: used by config_load for file and environment alike.
 * Fails: HB_ERR_CONFIG with a sentence that begins with `where`, names key, value, range and unit, but never a secret's
 * value; HB_ERR_MEMORY.
 * Threads: one. */
#ifndef CLI_CONFIG_VALUE_H
#define CLI_CONFIG_VALUE_H

#include "cli/config_keys.h"

/* Sets a field; a text it held before is freed. Whole numbers; sizes also with KiB, MiB or GiB. true or false. */
HB_MUST_USE enum hb_err hb_config_value_set(struct hb_config *config, const struct hb_config_key *key,
                                            struct hb_str text, const char *where, struct hb_error *reterr);
/* The fields of a key's kind. */
char **hb_config_value_text(struct hb_config *config, const struct hb_config_key *key);
int64_t *hb_config_value_number(struct hb_config *config, const struct hb_config_key *key);
bool *hb_config_value_flag(struct hb_config *config, const struct hb_config_key *key);

#endif
