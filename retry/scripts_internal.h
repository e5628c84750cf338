/* Job: the scripts' bytes, as the build embeds them. Place: private to scripts.c and what embed.cmake makes. */
#ifndef RETRY_SCRIPTS_INTERNAL_H
#define RETRY_SCRIPTS_INTERNAL_H

#include "retry/scripts.h"

struct hb_script {
    const char *name;
    struct hb_str text;
};
extern const struct hb_script hb_script_table[HB_SCRIPT_COUNT];

#endif
