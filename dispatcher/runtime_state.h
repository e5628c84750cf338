/* Job: says in the registry what a webhook is doing at run time: that it rests, or that hookbus disabled it.
 *
 * Place: `state/<webhook>` by the owner of the webhook's shard, `disabled/<webhook>` by whoever learns it (another kind,
 * because it has other writers). Everyone's snapshots then say so (include/hookbus/webhook.h). dispatcher/telling.c
 * writes it until it stands there. Fails: false: Kafka's producer did not take the record, `told` is not called.
 * Threads: the loop's. */
#ifndef DISPATCHER_RUNTIME_STATE_H
#define DISPATCHER_RUNTIME_STATE_H

#include "hookbus/webhook.h"
#include "platform/kafka/kafka.h"

struct hb_registry;

struct hb_runtime_writer {
    struct hb_kafka_producer *producer; /* NULL: nothing is written any more */
    const char *registry_topic;
    const char *worker;
    hb_kafka_ack_fn *told; /* what became of a record that was taken */
    void *user;
};
struct hb_runtime_rest {
    bool is_resting;
    struct hb_wall until;
    struct hb_wall failing_since; /* INT64_MAX: it is not failing */
    int failed_probes;            /* since then; and whether a delivery died */
    bool has_died;
    const char *reason;           /* empty: none */
};
struct hb_runtime_gone {
    int64_t revision;   /* of the configuration that it happened under */
    const char *reason; /* "gone" or "failing" */
    struct hb_wall at;
};
HB_MUST_USE bool hb_runtime_write_rest(const struct hb_runtime_writer *writer, const struct hb_webhook *webhook,
                                       const struct hb_runtime_rest *rest);
HB_MUST_USE bool hb_runtime_write_disabled(const struct hb_runtime_writer *writer, const struct hb_webhook *webhook,
                                           const struct hb_runtime_gone *gone);
/* What a former owner saw of its failing: failing_since, failed_probes, has_died. Since INT64_MAX: it did not fail, or
 * that was under an older enabling. */
struct hb_runtime_rest hb_runtime_past(const struct hb_registry *registry, const struct hb_webhook *webhook);

#endif
