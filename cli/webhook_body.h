/* Job: the flags that describe a webhook, as the API's JSON body.
 *
 * Place: `hookbus webhook add` and `set`. Fails: usage errors; HB_ERR_IO for --filter @file. Threads: one. */
#ifndef CLI_WEBHOOK_BODY_H
#define CLI_WEBHOOK_BODY_H

#include "cli/command.h"
#include "platform/json/json.h"

/* The flags, for both commands' tables. */
#define HB_WEBHOOK_FLAGS                                                                                               \
    {"events", 'e', "TYPES", "event types, comma-separated: order.created, order.*, *", true, false},                  \
    {"changed", 0, "PATHS", "only when one of these changed: price,stock.quantity", true, false},                      \
    {"filter", 'f', "JSON", "a pattern on the data, or @FILE; see docs/filters.md", false, false},                     \
    {"format", 0, "FORMAT", "standard, cloudevents, cloudevents-binary or data", false, false},                        \
    {"header", 'H', "NAME: VALUE", "a header of each request", true, false},                                           \
    {"timeout-ms", 0, "MS", "limit for a whole request, 1000..30000", false, false},                                   \
    {"name", 'n', "TEXT", "a name for people", false, false},                                                          \
    {"order", 0, "ORDER", "none or per_subject", false, false},                                                        \
    {"on-dead", 0, "WHAT", "continue or hold, with per_subject", false, false},                                        \
    {"rate", 0, "N/SECONDS", "at most N requests in so many seconds: 10/1", false, false},                             \
    {"schedule", 0, "SECONDS", "waits before the attempts, comma-separated: 0,5,300,1800", true, false},               \
    {"secret", 0, "SECRET", "sign with this instead of a new one (whsec_…), or @FILE", false, false}

/* Adds the members that were given. */
HB_MUST_USE enum hb_err hb_webhook_body(struct hb_cli *cli, struct hb_json_writer *w);
/* A flag's value, or with "@" before it the content of that file ("@-" is standard input), trimmed. The buffer holds
 * it. */
HB_MUST_USE enum hb_err hb_text_or_file(struct hb_cli *cli, const char *value, struct hb_buf *ret_text);

#endif
