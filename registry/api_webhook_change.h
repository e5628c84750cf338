/* Job: what every change of a webhook has in common: load, change, seal, write, answer.
 *
 * Place: registry/api_webhooks.c and api_webhook_actions.c. Threads: the loop's. */
#ifndef REGISTRY_API_WEBHOOK_CHANGE_H
#define REGISTRY_API_WEBHOOK_CHANGE_H

#include "registry/webhook_merge.h"

/* The configuration record as it is now, loaded to be changed: views live until _deinit. */
struct webhook_edit {
    struct hb_webhook_merge merge;
    struct hb_json *json;
    struct hb_buf sealed_secret, sealed_url;
};
/* Loads the webhook of the change with its revision raised by one; NULL with the problem set: unknown, deleted, changed
 * meanwhile. */
struct webhook_edit *hb_webhook_edit_new(struct api_change *change);
/* An empty one for a webhook that is being made. */
struct webhook_edit *hb_webhook_edit_make(struct api_change *change);
void hb_webhook_edit_free(struct webhook_edit **edit);
/* Puts change->secret, sealed, in front of the secrets; the former current one expires at `expires`. False: the problem
 * says why not. */
bool hb_webhook_edit_add_secret(struct webhook_edit *edit, struct api_change *change, struct hb_wall expires);
/* Writes the record and frees the edit: the verdict of the change. */
enum hb_pen_verdict hb_webhook_edit_finish(struct webhook_edit **edit, struct api_change *change,
                                           struct hb_buf *ret_value, int64_t *ret_revision);
/* Chooses change->secret: the body's `secret` if it has one, else a new random one. False: it has a bad one. */
bool hb_webhook_choose_secret(struct api_change *change);
/* Answers with the webhook as it is now, and the secret if there is a new one. */
void hb_webhook_answer(struct api_change *change, int status);

#endif
