/* Job: a configuration with every key at its default, for tests that have no file and no environment.
 *
 * Owns: nothing; texts are constants. Fails: never. Threads: any. */
#ifndef TESTS_FAKES_CONFIG_DEFAULTS_H
#define TESTS_FAKES_CONFIG_DEFAULTS_H

#include "hookbus/config.h"

static inline void config_set_defaults(struct hb_config *config)
{
#define HB_KEY_STR(section, name, def, help) config->section##_##name = def;
#define HB_KEY_LIST(section, name, def, help) config->section##_##name = def;
#define HB_KEY_INT(section, name, unit, def, min, max, help) config->section##_##name = def;
#define HB_KEY_BOOL(section, name, def, help) config->section##_##name = def;
#include "core/tables/config_keys.def"
#undef HB_KEY_STR
#undef HB_KEY_LIST
#undef HB_KEY_INT
#undef HB_KEY_BOOL
}

#endif
