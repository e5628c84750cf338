/* Job: a webhook as the API shows it: its configuration, its run-time state, never a secret.
 *
 * Place: answers of registry/api_webhooks.c and _actions.c. Fails: through the writer. Threads: the loop's. */
#ifndef REGISTRY_WEBHOOK_SHOW_H
#define REGISTRY_WEBHOOK_SHOW_H

#include "registry/api_internal.h"

/* Who asks. Without scope manage the query of the URL, which may hold a token, is shown as "?…". */
struct hb_webhook_viewer {
    bool is_manager;
    struct hb_str secret; /* empty: none; the new one, shown this once */
    struct hb_wall now;   /* a rest that is over is not shown */
};
/* Adds the webhook's object. */
void hb_webhook_show(struct hb_json_writer *w, const struct hb_registry *registry, const struct hb_webhook *webhook,
                     const struct hb_webhook_viewer *viewer);
/* "webhook/<store>/<id>" and a NUL. Ids are at most HB_ID_MAX. */
void hb_webhook_record_key(struct hb_str store, struct hb_str id, char ret_key[HB_REGISTRY_KEY_MAX + 1]);

#endif
