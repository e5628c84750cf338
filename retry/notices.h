/* Job: tells a store, by an event, that a webhook of it fails or was disabled.
 *
 * Place: the owner's; it sees every death in the journal, in order. Once a webhook, kind and revision: this process
 * remembers what it told, and a repeat by another one has the same id and bytes (core/notice.h). Nothing is told about
 * the delivery of a notice. Fails: a notice Kafka refused is written again with the next death; the log and /metrics
 * have it either way. Threads: the loop's. */
#ifndef RETRY_NOTICES_H
#define RETRY_NOTICES_H

#include "core/notice.h"
#include "retry/state.h"

/* A journal record of this shard was read. appended: when it was written. */
void hb_notices_of_record(struct hb_retry_shard *shard, const struct hb_view_record *record, struct hb_wall appended);
/* hookbus disabled the webhook. */
void hb_notices_disabled(struct hb_retry_webhook *webhook);

#endif
