/* Job: how replay jobs are shown: what a dry run found, a job's line, the bar that follows one.
 *
 * Place: cli/command_replay.c. Owns / borrows: documents are the caller's. Fails: as cli/api_client.h. Threads: one. */
#ifndef CLI_REPLAY_VIEW_H
#define CLI_REPLAY_VIEW_H

#include "cli/resource.h"

/* What a dry run answered. */
HB_MUST_USE enum hb_err hb_replay_view_dry(struct hb_cli *cli, const struct hb_json *answer);
/* One line about a job. */
void hb_replay_view_job(struct hb_cli *cli, const struct hb_json *job);
/* A row of the list: job, webhook, status, selected, total, made, reason. */
#define HB_REPLAY_VIEW_COLUMNS 7
extern const struct hb_column hb_replay_view_columns[HB_REPLAY_VIEW_COLUMNS];
void hb_replay_view_row(const struct hb_json *item, struct hb_buf *scratch, struct hb_str *ret_cells);
/* Follows a job with a bar until it has ended, or is paused and waits for a person. Leaving (Ctrl-C) does not disturb
 * it. The exit code is HB_EXIT_FOUND when it did not end well. */
HB_MUST_USE enum hb_err hb_replay_view_follow(struct hb_cli *cli, struct hb_api *api, const char *path);

#endif
