#include "producer/client_options.h"

#include "hookbus/topics.h"

#include <stdio.h>

#define MIB ((size_t)1048576)

/* 0 is the default. */
struct range {
    const char *name;
    const char *unit;
    long long given, fallback, min, max;
};

static bool settle(const struct range *range, long long *ret_value, char *ret_why)
{
    *ret_value = range->given == 0 ? range->fallback : range->given;
    if (*ret_value >= range->min && *ret_value <= range->max) {
        return true;
    }
    if (ret_why) {
        snprintf(ret_why, HOOKBUS_TEXT_MAX, "%s: should be %lld..%lld %s", range->name, range->min, range->max,
                 range->unit);
    }
    return false;
}

/* What does not fit a long long is out of every range anyway. */
static long long signed_of(size_t value)
{
    return value > INT64_MAX ? INT64_MAX : (long long)value;
}

static bool settle_numbers(const struct hookbus_options *given, struct hb_client_options *ret_options, char *ret_why)
{
    long long linger, timeout, events, bytes, event_bytes;
    if (!settle(&(struct range){"linger_ms", "ms", given->linger_ms == -1 ? 0 : given->linger_ms, 5, 0, 1000}, &linger,
                ret_why) ||
        !settle(&(struct range){"ack_timeout_ms", "ms", given->ack_timeout_ms, 30000, 1000, 600000}, &timeout,
                ret_why) ||
        !settle(&(struct range){"queue_events_max", "events", signed_of(given->queue_events_max), 100000, 1, 2000000},
                &events, ret_why) ||
        !settle(&(struct range){"queue_bytes_max", "bytes", signed_of(given->queue_bytes_max), 64 * (long long)MIB,
                                (long long)MIB, 1024 * (long long)MIB},
                &bytes, ret_why) ||
        !settle(&(struct range){"event_bytes_max", "bytes", signed_of(given->event_bytes_max), 262144, 1, 900000},
                &event_bytes, ret_why)) {
        return false;
    }
    ret_options->kafka.linger_ms = given->linger_ms == -1 ? 0 : (int)linger;
    ret_options->kafka.message_timeout_ms = (int)timeout;
    /* Our own bounds decide; Kafka's local queue only must not be smaller. */
    ret_options->kafka.queue_records_max = (int)events;
    ret_options->kafka.queue_kib_max = (int)(bytes / 1024);
    ret_options->queue_events_max = (size_t)events;
    ret_options->queue_bytes_max = (size_t)bytes;
    ret_options->event_bytes_max = (size_t)event_bytes;
    return true;
}

enum hookbus_status hb_client_options_settle(const struct hookbus_options *given, struct hb_client_options *ret_options,
                                             char *ret_why)
{
    const char *wrong = NULL;
    if (!given || given->size != sizeof(*given)) {
        wrong = "options: should begin with HOOKBUS_OPTIONS_INIT of this version";
    } else if (!given->brokers || !*given->brokers) {
        wrong = "brokers: should be host:port[,host:port]";
    } else if (given->topic_prefix && strlen(given->topic_prefix) > HB_TOPIC_PREFIX_MAX) {
        wrong = "topic_prefix: should be at most 64 bytes";
    }
    if (wrong) {
        if (ret_why) {
            snprintf(ret_why, HOOKBUS_TEXT_MAX, "%s", wrong);
        }
        return HOOKBUS_INVALID;
    }
    *ret_options = (struct hb_client_options){
        .kafka.cluster = {.brokers = given->brokers,
                          .client_id = given->client_id ? given->client_id : "libhookbus",
                          .security_protocol = given->security_protocol,
                          .sasl_mechanism = given->sasl_mechanism,
                          .sasl_username = given->sasl_username,
                          .sasl_password = given->sasl_password,
                          .ca_file = given->ca_file},
        .topic_prefix = hb_str_c(given->topic_prefix ? given->topic_prefix : HB_TOPIC_PREFIX_DEFAULT),
    };
    return settle_numbers(given, ret_options, ret_why) ? HOOKBUS_OK : HOOKBUS_INVALID;
}
