/* Job: the configuration of a process: one struct, made from the table core/tables/config_keys.def.
 *
 * Filled by cli/config_load.c from defaults, one YAML file and the environment, in that order; below main it is only
 * read.
 * Owns / borrows: strings are owned by whoever loaded it (hb_config_deinit). Limits: each key's range is in the
 * table.
 * Threads: read-only after loading. */
#ifndef HOOKBUS_CONFIG_H
#define HOOKBUS_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

struct hb_config {
#define HB_KEY_STR(section, name, def, help) char *section##_##name;
#define HB_KEY_LIST(section, name, def, help) char *section##_##name; /* comma-separated */
#define HB_KEY_INT(section, name, unit, def, min, max, help) int64_t section##_##name;
#define HB_KEY_BOOL(section, name, def, help) bool section##_##name;
#include "core/tables/config_keys.def"
#undef HB_KEY_STR
#undef HB_KEY_LIST
#undef HB_KEY_INT
#undef HB_KEY_BOOL
};

#endif
