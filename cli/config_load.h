/* Job: makes the configuration of a process from defaults, one YAML file and the environment, in that order.
 *
 * Place: called once by main, which hands in the environment; nothing else reads either.
 * Owns / borrows: the caller owns the result and frees it with hb_config_deinit.
 * Fails: HB_ERR_CONFIG (unknown key, value out of range: the sentence begins with file:line or the variable's name,
 * offers the nearest key, and never shows a secret), HB_ERR_IO (the file cannot be read), HB_ERR_MEMORY. The file has
 * two levels, section: {name: value}. Variables of sections we do not have are not ours and are left alone; within our
 * sections an unknown name is an error (but for HOOKBUS_API_KEY, which commands read themselves).
 * Limits: a file of 1 MiB.
 * Threads: one; blocks on the file.
 *
 * Example:
 *     struct hb_config config;
 *     struct hb_error error;
 *     if (hb_config_load("/etc/hookbus.yaml", environ, &config, &error)) … error.text … */
#ifndef CLI_CONFIG_LOAD_H
#define CLI_CONFIG_LOAD_H

#include "hookbus/bytes.h"
#include "hookbus/config.h"

/* file NULL: no file. env: "NAME=value" strings, NULL-terminated; NULL: none. */
HB_MUST_USE enum hb_err hb_config_load(const char *file, char *const *env, struct hb_config *ret_config,
                                       struct hb_error *reterr);
/* The same from the text of a file; `name` stands in messages. */
HB_MUST_USE enum hb_err hb_config_read(const char *name, struct hb_str yaml, char *const *env,
                                       struct hb_config *ret_config, struct hb_error *reterr);
/* Frees the strings, secrets wiped; the struct is empty afterwards. NULL is allowed. */
void hb_config_deinit(struct hb_config *config);

#endif
