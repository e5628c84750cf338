/* Job: reads `attempts` and `journal` from where the file is to their ends, and follows them.
 *
 * Place: part of history/model, on its thread. Owns: its Kafka handles. Fails: HB_ERR_INVALID: the file is further than
 * the topics, or behind what they keep: make it anew; as platform/kafka, platform/sqlite. Limits:
 * HB_FEED_PARTITIONS_MAX a topic. Threads: the model's; hb_feed_poll waits. */
#ifndef HISTORY_MODEL_FEED_H
#define HISTORY_MODEL_FEED_H

#include "history/model_apply.h"
#include "platform/kafka/kafka.h"

#define HB_FEED_PARTITIONS_MAX 512

struct hb_feed;

HB_MUST_USE enum hb_err hb_feed_new(const struct hb_kafka_cluster *cluster, struct hb_str topic_prefix,
                                    struct hb_model_apply *apply, struct hb_feed **ret_feed, struct hb_error *reterr);
void hb_feed_free(struct hb_feed **feed);
/* Takes what has come, waits at most wait_ms for it. */
HB_MUST_USE enum hb_err hb_feed_poll(struct hb_feed *feed, int wait_ms, struct hb_error *reterr);
/* Whether the ends seen at the beginning were reached, and how much of the way is done. */
bool hb_feed_is_complete(const struct hb_feed *feed);
int hb_feed_percent(const struct hb_feed *feed);
/* No broker can be reached just now. */
bool hb_feed_is_away(const struct hb_feed *feed);

#endif
