/* Job: how a SALESmanago connector is shown: its status, a sync that is followed, its catalogs, its dead products.
 *
 * Place: cli/command_salesmanago_*.c. Owns / borrows: documents are the caller's. Fails: as cli/api_client.h. Threads:
 * one. */
#ifndef CLI_SALESMANAGO_VIEW_H
#define CLI_SALESMANAGO_VIEW_H

#include "cli/resource.h"

/* The path of the store's connector and what follows ("pause"; two words: a path; NULL: none). */
HB_MUST_USE enum hb_err hb_salesmanago_path(struct hb_cli *cli, const char *first, const char *second,
                                            char ret_path[HB_API_PATH_MAX]);
/* What GET …/status answered, as lines. The exit code is HB_EXIT_FOUND while it is paused or cannot be used. */
void hb_salesmanago_view_status(struct hb_cli *cli, const struct hb_json *status);
/* One line about a connector that was changed. */
void hb_salesmanago_view_changed(struct hb_cli *cli, const struct hb_json *connector, void *user);
/* Follows the sync with a bar until it is done, or the connector is paused. Leaving (Ctrl-C) does not disturb it. */
HB_MUST_USE enum hb_err hb_salesmanago_view_sync(struct hb_cli *cli, struct hb_api *api);
/* Shows the status anew every second until Ctrl-C. */
HB_MUST_USE enum hb_err hb_salesmanago_view_watch(struct hb_cli *cli, struct hb_api *api);

#define HB_SALESMANAGO_CATALOG_COLUMNS 5
extern const struct hb_column hb_salesmanago_catalog_columns[HB_SALESMANAGO_CATALOG_COLUMNS];
/* Prints the catalogs of an answer, numbered, and how many there may be. */
HB_MUST_USE enum hb_err hb_salesmanago_view_catalogs(struct hb_cli *cli, const struct hb_json *answer);

#define HB_SALESMANAGO_DEAD_COLUMNS 6
extern const struct hb_column hb_salesmanago_dead_columns[HB_SALESMANAGO_DEAD_COLUMNS];
void hb_salesmanago_dead_row(const struct hb_json *item, struct hb_buf *scratch, struct hb_str *ret_cells);

/* JSON with an indent, for people who edit it. */
void hb_salesmanago_view_json(const struct hb_output *output, struct hb_str json);

#endif
