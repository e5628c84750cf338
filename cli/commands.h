/* Job: names every command's row.
 *
 * Place: defined in cli/command_*.c; cli/commands.c lists them by this table. A new command is a row here and its
 * file. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli/command.h"

/* HB_COMMAND(name of the row): in the order of help. */
#define HB_COMMANDS(X)                                                                             \
    X(run) X(api) X(dispatcher) X(catalog) X(salesmanago)                                          \
    X(publish) X(event_list) X(event_show) X(event_tail)                                           \
    X(delivery_list) X(delivery_show) X(delivery_retry) X(delivery_cancel) X(top)                  \
    X(store_add) X(store_list) X(store_show) X(store_set) X(store_remove)                          \
    X(webhook_add) X(webhook_list) X(webhook_show) X(webhook_set) X(webhook_remove)                \
    X(webhook_pause) X(webhook_resume) X(webhook_enable) X(webhook_disable) X(webhook_wake)        \
    X(webhook_health)                                                                              \
    X(webhook_rotate_secret) X(webhook_test) X(webhook_test_filter)                                \
    X(key_add) X(key_list) X(key_show) X(key_remove)                                               \
    X(replay) X(replay_create) X(replay_list) X(replay_show) X(replay_watch)                       \
    X(replay_pause) X(replay_resume) X(replay_cancel)                                              \
    X(salesmanago_connect) X(salesmanago_status) X(salesmanago_sync) X(salesmanago_pause)          \
    X(salesmanago_resume) X(salesmanago_disconnect) X(salesmanago_catalogs)                        \
    X(salesmanago_mapping_show) X(salesmanago_mapping_set) X(salesmanago_mapping_reset)            \
    X(salesmanago_mapping_test) X(salesmanago_dead) X(salesmanago_dead_list)                       \
    X(salesmanago_dead_replay)                                                                     \
    X(topics_list) X(topics_create) X(topics_check)                                                \
    X(config_check) X(config_print) X(config_reference)                                            \
    X(doctor) X(secrets_init) X(secrets_add) X(secrets_rotate) X(listen) X(completion) X(manual) X(version)

#define HB_COMMAND_DECLARE(name) extern const struct hb_command hb_command_##name;
HB_COMMANDS(HB_COMMAND_DECLARE)
#undef HB_COMMAND_DECLARE

#endif
