#include "cli/config_check.h"

#include "core/egress.h" /* hb_address_parse */
#include "hookbus/bytes.h"
#include "hookbus/topics.h"

#include <inttypes.h>

#define INSTANCE_MAX 128 /* bytes: with its ending it must be a file name */

struct choice {
    const char *key;
    const char *value;
    const char *words; /* separated by |; the last may be empty */
};

static bool is_one_of(const char *value, const char *words)
{
    struct hb_str rest = hb_str_c(words), word;
    while (hb_str_split(&rest, '|', &word))
        if (hb_str_eq(word, hb_str_c(value)))
            return true;
    return false;
}

static enum hb_err check_choices(const struct hb_config *c, struct hb_error *reterr)
{
    const struct choice choices[] = {
        {"kafka.security_protocol", c->kafka_security_protocol, "plaintext|ssl|sasl_plaintext|sasl_ssl"},
        {"kafka.sasl_mechanism", c->kafka_sasl_mechanism, "PLAIN|SCRAM-SHA-256|SCRAM-SHA-512|"},
        {"log.level", c->log_level, "debug|info|warning|error"},
    };
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++)
        if (!is_one_of(choices[i].value, choices[i].words))
            return hb_fail(reterr, HB_ERR_CONFIG, "%s must be one of %s", choices[i].key, choices[i].words);
    return HB_OK;
}

struct order {
    const char *small_key;
    int64_t small;
    const char *large_key;
    int64_t large;
};

static enum hb_err check_orders(const struct hb_config *c, struct hb_error *reterr)
{
    const struct order orders[] = {
        {"delivery.window_start", c->delivery_window_start, "delivery.window_max", c->delivery_window_max},
        {"delivery.answer_kept_bytes", c->delivery_answer_kept_bytes, "delivery.answer_read_bytes",
         c->delivery_answer_read_bytes},
        {"delivery.connect_timeout_ms", c->delivery_connect_timeout_ms, "delivery.timeout_ms", c->delivery_timeout_ms},
        {"delivery.waiting_per_webhook_max", c->delivery_waiting_per_webhook_max, "delivery.waiting_max",
         c->delivery_waiting_max},
        {"delivery.waiting_per_webhook_bytes", c->delivery_waiting_per_webhook_bytes, "delivery.waiting_bytes",
         c->delivery_waiting_bytes},
        {"dispatcher.session_timeout_ms", c->dispatcher_session_timeout_ms, "dispatcher.max_poll_interval_ms",
         c->dispatcher_max_poll_interval_ms},
        {"publish.event_bytes_max", c->publish_event_bytes_max, "publish.batch_bytes_max", c->publish_batch_bytes_max},
    };
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++)
        if (orders[i].small > orders[i].large)
            return hb_fail(reterr, HB_ERR_CONFIG, "%s (%" PRId64 ") must not be greater than %s (%" PRId64 ")",
                           orders[i].small_key, orders[i].small, orders[i].large_key, orders[i].large);
    return HB_OK;
}

/* What is listened on is never a name: which of its addresses would it be? */
static enum hb_err check_listens(const struct hb_config *c, struct hb_error *reterr)
{
    const struct {
        const char *key, *value;
    } listens[] = {{"api.listen", c->api_listen}, {"dispatcher.listen", c->dispatcher_listen}};
    struct hb_address address;
    for (size_t i = 0; i < sizeof listens / sizeof *listens; i++)
        if (!hb_address_parse(hb_str_c(listens[i].value), &address))
            return hb_fail(reterr, HB_ERR_CONFIG,
                           "%s must be an IP address such as 127.0.0.1, 0.0.0.0 or ::1, not \"%.80s\"", listens[i].key,
                           listens[i].value);
    return HB_OK;
}

/* It is part of a file name in dispatcher.state_dir. */
static bool is_instance(const char *instance)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    return strlen(instance) <= INSTANCE_MAX && strspn(instance, allowed) == strlen(instance) && instance[0] != '.';
}

static bool is_topic_prefix(const char *prefix)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    return strlen(prefix) <= HB_TOPIC_PREFIX_MAX && strspn(prefix, allowed) == strlen(prefix);
}

enum hb_err hb_config_check(const struct hb_config *c, struct hb_error *reterr)
{
    enum hb_err err = check_choices(c, reterr);
    if (!err)
        err = check_orders(c, reterr);
    if (!err)
        err = check_listens(c, reterr);
    if (err)
        return err;
    if (!is_instance(c->dispatcher_instance))
        return hb_fail(reterr, HB_ERR_CONFIG,
                       "dispatcher.instance must be at most %d of A-Z a-z 0-9 . _ - and not begin with a dot",
                       INSTANCE_MAX);
    if (c->kafka_brokers[0] == '\0')
        return hb_fail(reterr, HB_ERR_CONFIG, "kafka.brokers must name at least one broker as host:port");
    if (!is_topic_prefix(c->kafka_topic_prefix))
        return hb_fail(reterr, HB_ERR_CONFIG, "kafka.topic_prefix must be at most %d of A-Z a-z 0-9 . _ -",
                       HB_TOPIC_PREFIX_MAX);
    if ((c->dispatcher_ring_slots & (c->dispatcher_ring_slots - 1)) != 0)
        return hb_fail(reterr, HB_ERR_CONFIG, "dispatcher.ring_slots must be a power of two, not %" PRId64,
                       c->dispatcher_ring_slots);
    if (hb_str_has_prefix(hb_str_c(c->kafka_security_protocol), HB_STR("sasl")) && c->kafka_sasl_mechanism[0] == '\0')
        return hb_fail(reterr, HB_ERR_CONFIG, "kafka.sasl_mechanism must be set with kafka.security_protocol %s",
                       c->kafka_security_protocol);
    return HB_OK;
}
