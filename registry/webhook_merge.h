/* Job: changes a webhook's configuration as a request's body asks, field by field.
 *
 * Place: used by the API for making and changing webhooks. A member that is null goes back to its default; one that
 * is not there stays as it is. Owns / borrows: the merge owns what it sealed; the configuration's views then point
 * into it, into the body and into the old record. Fails: a problem with the field and what would be right. Threads:
 * no shared state. */
#ifndef REGISTRY_WEBHOOK_MERGE_H
#define REGISTRY_WEBHOOK_MERGE_H

#include "registry/api_internal.h"
#include "registry/webhook_config.h"

struct hb_webhook_merge {
    struct hb_webhook_config config;
    struct hb_str body_text; /* for what must keep its bytes: the filter */
    const struct hb_keyring *keyring;
    const struct hb_egress *egress;
    struct hb_http_problem *problem;
    struct hb_buf sealed; /* header values sealed for this change; reserved once, so views stay */
    bool is_new;
};

/* Merges all members of the body, then checks the whole. False: merge->problem says what is wrong. */
HB_MUST_USE bool hb_webhook_merge_run(struct hb_webhook_merge *merge, const struct hb_json *body);
void hb_webhook_merge_deinit(struct hb_webhook_merge *merge);
/* webhook_merge_headers.c: takes the member `headers`, and seals what holds a credential. */
bool hb_webhook_merge_headers(struct hb_webhook_merge *merge, const struct hb_json *value);
/* Whether a header of this name holds a credential and is sealed at rest. */
bool hb_header_is_credential(struct hb_str name);

#endif
