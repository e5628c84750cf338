#include "cli/setup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cli/files.h"
#include "core/egress.h"
#include "core/words.h"
#include "platform/crypto/crypto.h"
#include "platform/http_client/http_client.h"
#include "platform/http_server/http_server.h"
#include "platform/kafka/kafka_topics.h"
#include "platform/loop/loop.h"
#include "platform/resolver/resolver.h"

#define LOG_FLUSH_MS 200
#define ADMIN_TIMEOUT_MS 10000
#define CLIENT_SHARDS 64 /* hb_http_client_options: at least */
#define DNS_CACHE_ENTRIES 20000
#define DNS_TTL_MIN_S 5
#define DNS_TTL_MAX_S 300
#define DNS_NEGATIVE_TTL_S 5

const char *hb_setup_text(const char *value)
{
    return value && *value ? value : NULL;
}

struct hb_kafka_cluster hb_setup_cluster(const struct hb_config *config, const char *client_id)
{
    return (struct hb_kafka_cluster){
        .brokers = config->kafka_brokers,
        .client_id = client_id,
        .security_protocol = hb_setup_text(config->kafka_security_protocol),
        .sasl_mechanism = hb_setup_text(config->kafka_sasl_mechanism),
        .sasl_username = hb_setup_text(config->kafka_sasl_username),
        .sasl_password = hb_setup_text(config->kafka_sasl_password),
        .ca_file = hb_setup_text(config->kafka_ca_file),
    };
}

struct hb_wall hb_setup_wall(void)
{
    struct timespec now;

    HB_ASSERT(clock_gettime(CLOCK_REALTIME, &now) == 0);
    return (struct hb_wall){(int64_t)now.tv_sec * HB_MS_PER_S + now.tv_nsec / 1000000};
}

struct hb_mono hb_setup_mono(void)
{
    struct timespec now;

    HB_ASSERT(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (struct hb_mono){(int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000};
}

static struct hb_wall log_now(void *user)
{
    return hb_loop_wall(user);
}

static void log_flush(void *user)
{
    struct hb_setup *setup = user;

    (void)hb_log_flush(setup->log);
    hb_metric_set(setup->metrics, HB_METRIC_LOG_DROPPED, (int64_t)hb_log_dropped(setup->log));
    hb_metric_set(setup->metrics, HB_METRIC_LOOP_STALLS, (int64_t)hb_loop_stalls(setup->loop));
}

static enum hb_log_level log_level(const char *text)
{
    static const char *const LEVELS[] = {"debug", "info", "warning", "error"};

    int level = HB_WORDS_FIND(LEVELS, hb_str_c(text));
    return level >= 0 ? (enum hb_log_level)level : HB_LOG_LEVEL_INFO;
}

static enum hb_err open_log(struct hb_setup *setup, struct hb_error *reterr)
{
    const char *file = hb_setup_text(setup->config->log_file);
    enum hb_err err;

    setup->log_fd = -1;
    if (file) {
        setup->log_fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
        if (setup->log_fd < 0) {
            return hb_fail(reterr, HB_ERR_IO, "log.file %s cannot be opened: %s", file, strerror(errno));
        }
    }
    err = hb_log_new(file ? setup->log_fd : STDERR_FILENO, log_level(setup->config->log_level), log_now, setup->loop,
                     &setup->log);
    return err ? hb_fail(reterr, err, "no memory for the log") : HB_OK;
}

enum hb_err hb_setup_init(struct hb_setup *setup, const struct hb_config *config, const char *role,
                          struct hb_metrics *metrics, struct hb_error *reterr)
{
    enum hb_err err;

    *setup = (struct hb_setup){.config = config, .log_fd = -1};
    (void)snprintf(setup->user_agent, sizeof(setup->user_agent), "hookbus/%s", HB_VERSION);
    err = hb_loop_new(&setup->loop);
    if (!err && !metrics) {
        metrics = setup->own_metrics = calloc(1, sizeof(*metrics));
        err = metrics ? HB_OK : HB_ERR_MEMORY;
    }
    if (err) {
        return hb_fail(reterr, err, "the event loop could not be made: %s", hb_err_text(err));
    }
    setup->metrics = metrics;
    hb_metrics_init(metrics);
    hb_metric_set(metrics, HB_METRIC_UP, 1);
    err = open_log(setup, reterr);
    if (!err) {
        err = hb_timer_new(setup->loop, log_flush, setup, &setup->log_timer);
    }
    if (err) {
        return err;
    }
    hb_timer_start(setup->log_timer, LOG_FLUSH_MS, LOG_FLUSH_MS);
    setup->root = hb_log_root(setup->log);
    setup->role = hb_log_context(&setup->root, HB_LOG_C("role", role));
    return HB_OK;
}

void hb_setup_deinit(struct hb_setup *setup)
{
    hb_http_client_free(&setup->http);
    hb_resolver_free(&setup->resolver);
    hb_egress_free(&setup->egress);
    hb_keyring_free(&setup->keyring);
    hb_timer_free(&setup->log_timer);
    hb_log_free(&setup->log);
    hb_loop_free(&setup->loop);
    free(setup->own_metrics);
    setup->own_metrics = NULL;
    if (setup->log_fd >= 0) {
        (void)close(setup->log_fd);
        setup->log_fd = -1;
    }
}

enum hb_err hb_setup_read_keys(const struct hb_config *config, struct hb_keyring **ret_keyring, struct hb_error *reterr)
{
    const char *file = hb_setup_text(config->secrets_key_file);
    struct hb_buf text = hb_buf_make(HB_KEY_FILE_BYTES_MAX);
    enum hb_err err;

    if (!file) {
        return hb_fail(reterr, HB_ERR_CONFIG,
                       "no sealing keys: make them by 'hookbus secrets init FILE' and set secrets.key_file");
    }
    err = hb_file_read_private(file, &text, reterr);
    if (!err) {
        err = hb_keyring_parse(hb_buf_str(&text), ret_keyring, reterr);
    }
    if (text.ptr) {
        hb_wipe(text.ptr, text.capacity);
    }
    hb_buf_deinit(&text);
    return err;
}

enum hb_err hb_setup_keys(struct hb_setup *setup)
{
    struct hb_error error = {HB_OK, ""};
    enum hb_err err = hb_setup_read_keys(setup->config, &setup->keyring, &error);

    setup->keys_trouble[0] = '\0';
    if (err) {
        (void)snprintf(setup->keys_trouble, sizeof(setup->keys_trouble), "%s",
                       error.text[0] ? error.text : hb_err_text(err));
    }
    return err == HB_ERR_MEMORY ? err : HB_OK;
}

static enum hb_err make_resolver(struct hb_setup *setup, struct hb_error *reterr)
{
    struct hb_resolver_options options = {
        .loop = setup->loop,
        .servers = hb_setup_text(setup->config->egress_dns_servers),
        .timeout_ms = (int)setup->config->egress_dns_timeout_ms,
        .cache_entries_max = DNS_CACHE_ENTRIES,
        .ttl_min_s = DNS_TTL_MIN_S,
        .ttl_max_s = DNS_TTL_MAX_S,
        .negative_ttl_s = DNS_NEGATIVE_TTL_S,
    };

    return hb_resolver_new(&options, &setup->resolver, reterr);
}

enum hb_err hb_setup_outgoing(struct hb_setup *setup, struct hb_error *reterr)
{
    const struct hb_config *config = setup->config;
    enum hb_err err = hb_egress_new(hb_str_c(config->egress_allow), &setup->egress, reterr);

    err = err ? err : make_resolver(setup, reterr);
    if (err) {
        return err;
    }
    struct hb_http_client_options options = {
        .loop = setup->loop,
        .resolver = setup->resolver,
        .egress = setup->egress,
        .user_agent = setup->user_agent,
        .ca_file = hb_setup_text(config->egress_ca_file),
        .shards = (int)config->delivery_shards,
        .in_flight_max = (int)config->delivery_in_flight_max,
        .kept_connections_max = (int)config->delivery_kept_connections,
        .kept_idle_s = (int)config->delivery_kept_idle_s,
        .connect_timeout_ms = (int)config->delivery_connect_timeout_ms,
        .answer_read_bytes_max = (size_t)config->delivery_answer_read_bytes,
        .answer_kept_bytes_max = (size_t)config->delivery_answer_kept_bytes,
        .answer_headers_bytes_max = (size_t)config->delivery_answer_header_bytes,
    };
    return hb_http_client_new(&options, &setup->http, reterr);
}

enum hb_err hb_setup_client(struct hb_setup *setup, int in_flight_max, size_t answer_bytes_max,
                            struct hb_http_client **ret_client, struct hb_error *reterr)
{
    const struct hb_config *config = setup->config;
    const struct hb_http_client_options options = {
        .loop = setup->loop,
        .resolver = setup->resolver,
        .egress = setup->egress,
        .user_agent = setup->user_agent,
        .ca_file = hb_setup_text(config->egress_ca_file),
        .shards = CLIENT_SHARDS,
        .in_flight_max = in_flight_max,
        .kept_connections_max = in_flight_max,
        .kept_idle_s = (int)config->delivery_kept_idle_s,
        .connect_timeout_ms = (int)config->delivery_connect_timeout_ms,
        .answer_read_bytes_max = answer_bytes_max,
        .answer_kept_bytes_max = answer_bytes_max,
        .answer_headers_bytes_max = (size_t)config->delivery_answer_header_bytes,
    };
    return hb_http_client_new(&options, ret_client, reterr);
}

static enum hb_err create_topics(const struct hb_setup *setup, int *ret_created, struct hb_error *reterr)
{
    const struct hb_config *config = setup->config;
    struct hb_kafka_cluster cluster = hb_setup_cluster(config, "hookbus-topics");
    struct hb_kafka_topics_options options = {
        .prefix = hb_str_c(config->kafka_topic_prefix),
        .replication = (int)config->kafka_replication,
        .timeout_ms = ADMIN_TIMEOUT_MS,
    };
    struct hb_kafka_admin *admin = NULL;
    enum hb_err err = hb_kafka_admin_new(&cluster, &admin, reterr);

    err = err ? err : hb_kafka_topics_create(admin, &options, ret_created, reterr);
    hb_kafka_admin_free(&admin);
    return err;
}

enum hb_err hb_setup_topics(const struct hb_setup *setup, int limit_ms, struct hb_error *reterr)
{
    int64_t deadline_us = hb_loop_mono(setup->loop).us + limit_ms * HB_US_PER_MS;
    int created = 0;
    enum hb_err err;

    if (!setup->config->kafka_create_topics) {
        return HB_OK;
    }
    for (;;) {
        struct hb_error error = {HB_OK, ""};

        err = create_topics(setup, &created, &error);
        hb_loop_update_time(setup->loop);
        /* Not found: just made, and a busy cluster has not chosen their leaders yet. */
        if ((err != HB_ERR_AWAY && err != HB_ERR_NOT_FOUND) || hb_loop_mono(setup->loop).us >= deadline_us) {
            return err ? hb_fail(reterr, err, "topics: %.220s", error.text) : HB_OK;
        }
        hb_log(&setup->role, HB_LOG_KAFKA_AWAY, HB_LOG_C("detail", error.text));
        (void)hb_log_flush(setup->log);
    }
}

enum hb_err hb_setup_server(struct hb_setup *setup, const char *listen, int port, struct hb_http_server **ret_server,
                            struct hb_error *reterr)
{
    const struct hb_config *config = setup->config;
    struct hb_http_server_options options = {
        .loop = setup->loop,
        .address = listen,
        .port = port,
        .connections_max = (int)config->api_connections_max,
        .connections_per_address_max = (int)config->api_connections_per_address_max,
        .idle_timeout_s = (int)config->api_idle_timeout_s,
        .request_timeout_s = (int)config->api_request_timeout_s,
        .body_bytes_max = (size_t)config->publish_batch_bytes_max + 65536,
        .bodies_bytes_max = (size_t)config->api_bodies_bytes_max,
    };

    return hb_http_server_new(&options, ret_server, reterr);
}
