/* Job: makes the pieces that roles and commands share out of the configuration.
 *
 * Place: the only code that turns struct hb_config into the options of platform/ and registry/. Roles take what they
 * need, one function a piece, in the order below. Owns / borrows: struct hb_setup owns what was made;
 * hb_setup_deinit frees it in the right order. The configuration must outlive it. Fails: as the pieces do, with a
 * sentence. Threads: the loop's. */
#ifndef CLI_SETUP_H
#define CLI_SETUP_H

#include "core/metrics.h"
#include "hookbus/config.h"
#include "platform/kafka/kafka.h"
#include "platform/log/log.h"

struct hb_egress;
struct hb_http_client;
struct hb_http_server;
struct hb_keyring;
struct hb_loop;
struct hb_resolver;
struct hb_timer;

#define HB_KEY_FILE_BYTES_MAX 16384

struct hb_setup {
    const struct hb_config *config;
    struct hb_loop *loop;
    int log_fd;
    struct hb_log *log;
    struct hb_timer *log_timer;
    struct hb_log_context root;  /* of the log: nothing set */
    struct hb_log_context role;  /* with the role's name */
    struct hb_metrics *metrics;  /* own memory, or given (not freed) */
    struct hb_metrics *own_metrics;
    struct hb_keyring *keyring;  /* NULL: none is configured or it cannot be used: see keys_trouble */
    char keys_trouble[HB_ERROR_TEXT_MAX];
    struct hb_egress *egress;
    struct hb_resolver *resolver;
    struct hb_http_client *http;
    char user_agent[64];
};

/* How to reach Kafka. Views of the configuration. client_id a static string. */
struct hb_kafka_cluster hb_setup_cluster(const struct hb_config *config, const char *client_id);
/* An empty text of the configuration as "not set". */
const char *hb_setup_text(const char *value);
/* A wall clock that does not need a loop. For commands. */
struct hb_wall hb_setup_wall(void);
/* A monotonic clock that any thread may ask. */
struct hb_mono hb_setup_mono(void);

/* Loop, log and metrics. role: "api", "dispatcher"; a static string. metrics: where to count, or NULL for memory of its
 * own. */
HB_MUST_USE enum hb_err hb_setup_init(struct hb_setup *setup, const struct hb_config *config, const char *role,
                                      struct hb_metrics *metrics, struct hb_error *reterr);
/* NULL-safe for half-made setups. */
void hb_setup_deinit(struct hb_setup *setup);
/* The sealing keys. Never fails for a missing or unusable file: keyring stays NULL and keys_trouble says why, because a
 * role without keys must come up, red. */
HB_MUST_USE enum hb_err hb_setup_keys(struct hb_setup *setup);
/* Reads a key file; HB_ERR_CONFIG when none is configured. */
HB_MUST_USE enum hb_err hb_setup_read_keys(const struct hb_config *config, struct hb_keyring **ret_keyring,
                                           struct hb_error *reterr);
/* Address filter, resolver and HTTP client. */
HB_MUST_USE enum hb_err hb_setup_outgoing(struct hb_setup *setup, struct hb_error *reterr);
/* One more HTTP client over the same filter and resolver, for a service whose answers are longer than a receiver's: it
 * keeps answer_bytes_max of each. The caller frees it, before hb_setup_deinit. */
HB_MUST_USE enum hb_err hb_setup_client(struct hb_setup *setup, int in_flight_max, size_t answer_bytes_max,
                                        struct hb_http_client **ret_client, struct hb_error *reterr);
/* Creates missing topics unless that is switched off. Tries until Kafka answers, at most limit_ms. */
HB_MUST_USE enum hb_err hb_setup_topics(const struct hb_setup *setup, int limit_ms, struct hb_error *reterr);
/* An HTTP server on listen:port with the configuration's limits for the api. */
HB_MUST_USE enum hb_err hb_setup_server(struct hb_setup *setup, const char *listen, int port,
                                        struct hb_http_server **ret_server, struct hb_error *reterr);

#endif
