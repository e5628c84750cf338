#include "platform/kafka/kafka_consumer.h"

#include <string.h>

/* Called by the consumer's own poll. The library says in a line of its log, and nowhere else, that it gave its
 * membership up by itself: no answer for a whole session, or not polled for max.poll.interval.ms. */
static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    struct hb_kafka_consumer *consumer = rd_kafka_opaque(rk);

    (void)level;
    (void)text;
    if (rk == consumer->rk && (!strcmp(facility, "SESSTMOUT") || !strcmp(facility, "MAXPOLL")))
        consumer->has_expired = true;
}

void hb_kafka_fence_configure(struct hb_kafka_config *config)
{
    hb_kafka_config_set(config, "log_level", "4"); /* warnings: those two are */
    hb_kafka_config_set(config, "log.queue", "true");
    rd_kafka_conf_set_log_cb(config->conf, on_log);
}

void hb_kafka_fence_open(struct hb_kafka_consumer *consumer)
{
    consumer->has_expired = false;
    (void)rd_kafka_set_log_queue(consumer->rk, NULL); /* the main queue: what the poll serves */
}

bool hb_kafka_fence_is_own(const struct hb_kafka_consumer *consumer)
{
    return (consumer->has_expired || consumer->is_to_renew) &&
           rd_kafka_fatal_error(consumer->rk, NULL, 0) == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID;
}

bool hb_kafka_fence_take(struct hb_kafka_consumer *consumer)
{
    if (consumer->is_closing || !hb_kafka_fence_is_own(consumer))
        return false;
    if (!consumer->is_fence_told)
        consumer->events.error(consumer->user, HB_ERR_FENCED, -1, -1,
                               "after its session had ended Kafka took this member for a stranger of its name: it "
                               "joins anew");
    consumer->is_fence_told = true;
    consumer->is_to_renew = true;
    return true;
}
