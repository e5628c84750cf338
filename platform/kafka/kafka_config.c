#include "platform/kafka/kafka_internal.h"

#include <stdio.h>
#include <time.h>

/* The library's log lines repeat what its error callback says; who decides, logs (our caller). */
static void drop_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    (void)rk;
    (void)level;
    (void)facility;
    (void)text;
}

void hb_kafka_config_set(struct hb_kafka_config *config, const char *name, const char *value)
{
    char text[512];

    if (config->err || !value)
        return;
    if (rd_kafka_conf_set(config->conf, name, value, text, sizeof text) != RD_KAFKA_CONF_OK)
        config->err = hb_fail(config->reterr, HB_ERR_CONFIG, "Kafka client: %s", text);
}

void hb_kafka_config_set_int(struct hb_kafka_config *config, const char *name, int value)
{
    char text[16];

    snprintf(text, sizeof text, "%d", value);
    hb_kafka_config_set(config, name, text);
}

void hb_kafka_config_try(struct hb_kafka_config *config, const char *name, const char *value)
{
    char text[512];

    if (!config->err)
        (void)rd_kafka_conf_set(config->conf, name, value, text, sizeof text);
}

static void set_security(struct hb_kafka_config *config, const struct hb_kafka_cluster *cluster)
{
    hb_kafka_config_set(config, "security.protocol", cluster->security_protocol);
    hb_kafka_config_set(config, "sasl.mechanism", cluster->sasl_mechanism);
    hb_kafka_config_set(config, "sasl.username", cluster->sasl_username);
    hb_kafka_config_set(config, "sasl.password", cluster->sasl_password);
    hb_kafka_config_set(config, "ssl.ca.location", cluster->ca_file);
}

void hb_kafka_config_open(struct hb_kafka_config *config, const struct hb_kafka_cluster *cluster,
                          struct hb_error *reterr)
{
    *config = (struct hb_kafka_config){.conf = rd_kafka_conf_new(), .reterr = reterr, .err = HB_OK};
    if (!cluster->brokers || !*cluster->brokers) {
        config->err = hb_fail(reterr, HB_ERR_CONFIG, "no Kafka brokers are configured: set kafka.brokers to host:port");
        return;
    }
    hb_kafka_config_set(config, "bootstrap.servers", cluster->brokers);
    hb_kafka_config_set(config, "client.id", cluster->client_id ? cluster->client_id : "hookbus");
    set_security(config, cluster);
    hb_kafka_config_set(config, "socket.nagle.disable", "true");
    hb_kafka_config_set(config, "socket.keepalive.enable", "true");
    hb_kafka_config_set(config, "reconnect.backoff.ms", "50");
    /* The default of 10 s is the gap after a broker's restart. */
    hb_kafka_config_set(config, "reconnect.backoff.max.ms", "500");
    hb_kafka_config_set(config, "socket.connection.setup.timeout.ms", "10000");
    hb_kafka_config_set(config, "statistics.interval.ms", "0");
    hb_kafka_config_set(config, "log.connection.close", "false");
    hb_kafka_config_set(config, "log_level", "3");
    rd_kafka_conf_set_log_cb(config->conf, drop_log);
}

void hb_kafka_config_set_fetching(struct hb_kafka_config *config, int queued_records_min, int queued_kib_max)
{
    hb_kafka_config_set_int(config, "queued.min.messages", queued_records_min);
    hb_kafka_config_set_int(config, "queued.max.messages.kbytes", queued_kib_max);
    /* `latest` would skip history in silence, `earliest` repeat it: what happens then is our caller's rule. */
    hb_kafka_config_set(config, "auto.offset.reset", "error");
    hb_kafka_config_set(config, "allow.auto.create.topics", "false");
    hb_kafka_config_set(config, "check.crcs", "true");
    hb_kafka_config_set(config, "enable.auto.offset.store", "false");
    hb_kafka_config_set(config, "fetch.error.backoff.ms", "100");
    /* What one fetch brings is compressed, and counts against the limit above only when it is unpacked: small helpings a
     * partition keep the overshoot small. Three runs each over 200,000 events of 1 KiB, in turn: 206..222 MiB with this,
     * 301..327 MiB with 1 MiB a partition, at the same rate. */
    hb_kafka_config_set(config, "fetch.message.max.bytes", "131072");
    /* 2.2 and later: how long a fetcher with a full queue sleeps; before that it is a fixed second. */
    hb_kafka_config_try(config, "fetch.queue.backoff.ms", "50");
}

enum hb_err hb_kafka_config_start(struct hb_kafka_config *config, rd_kafka_type_t type, rd_kafka_t **ret_rk)
{
    char text[512];
    rd_kafka_t *rk;

    if (!config->err) {
        rk = rd_kafka_new(type, config->conf, text, sizeof text);
        if (rk) {
            config->conf = NULL;
            *ret_rk = rk;
            return HB_OK;
        }
        config->err = hb_fail(config->reterr, HB_ERR_CONFIG, "Kafka client: %s", text);
    }
    rd_kafka_conf_destroy(config->conf);
    config->conf = NULL;
    return config->err;
}

int64_t hb_kafka_clock_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

const char *hb_kafka_library_version(void)
{
    return rd_kafka_version_str();
}
