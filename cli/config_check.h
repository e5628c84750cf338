/* Job: the rules of the configuration that concern more than one number's range.
 *
 * Place: the last step of config_load.
 * Fails: HB_ERR_CONFIG with a sentence that names the keys.
 * Threads: any. */
#ifndef CLI_CONFIG_CHECK_H
#define CLI_CONFIG_CHECK_H

#include "hookbus/config.h"
#include "hookbus/error.h"

HB_MUST_USE enum hb_err hb_config_check(const struct hb_config *config, struct hb_error *reterr);

#endif
