/* Job: how a webhook fares, out of the read model.
 *
 * Place: behind GET /v1/stores/{store}/webhooks/health. Fails: as platform/sqlite. Limits: durations are known by
 * buckets of 18 %, rates by whole minutes. Threads: the database's. */
#ifndef HISTORY_MODEL_HEALTH_H
#define HISTORY_MODEL_HEALTH_H

#include "hookbus/time.h"
#include "platform/json/json.h"
#include "platform/sqlite/sqlite.h"

/* The statements of many questions. */
struct hb_model_health;
HB_MUST_USE enum hb_err hb_model_health_new(struct hb_sqlite *db, struct hb_model_health **ret_health);
void hb_model_health_free(struct hb_model_health **health);
/* Adds the webhook's members into an open object: delivered, failed, success_percent, p50_ms, p99_ms of the last hour;
 * per_s of the last one to two minutes; window, the requests that all workers with attempts within an hour of the last
 * one may have under way, as they last told, and workers, how many these are; parked, dead, held; oldest, next_due;
 * failing_since, last_reason, last_status. What is not known is left out. */
HB_MUST_USE enum hb_err hb_model_health_write(struct hb_model_health *health, struct hb_str webhook, struct hb_wall now,
                                              struct hb_json_writer *w);

#endif
