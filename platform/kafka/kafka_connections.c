#include "platform/kafka/kafka_internal.h"

#include <pthread.h>
#include <stdlib.h>

#define BROKERS_MAX 64 /* connections watched; more are not counted */

/* As the library's broker threads tell: the only thing of ours they touch. */
struct hb_kafka_connections {
    pthread_mutex_t lock;
    struct {
        uint64_t name_hash;
        bool is_up;
    } brokers[BROKERS_MAX];
    size_t count;
};

static uint64_t hash_broker(const char *name, int port)
{
    uint64_t hash = UINT64_C(14695981039346656037) ^ (uint64_t)port;

    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * UINT64_C(1099511628211);
    return hash;
}

static rd_kafka_resp_err_t on_broker_state(rd_kafka_t *rk, int32_t id, const char *protocol, const char *name, int port,
                                           const char *state, void *opaque)
{
    struct hb_kafka_connections *connections = opaque;
    uint64_t hash = hash_broker(name, port);
    size_t i = 0;

    /* The library's own pseudo broker is always up. */
    if (port == 0)
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    (void)rk;
    (void)id;
    (void)protocol;
    pthread_mutex_lock(&connections->lock);
    while (i < connections->count && connections->brokers[i].name_hash != hash)
        i++;
    if (i == connections->count && i < BROKERS_MAX)
        connections->brokers[connections->count++].name_hash = hash;
    if (i < BROKERS_MAX)
        connections->brokers[i].is_up = strcmp(state, "UP") == 0 || strcmp(state, "UPDATE") == 0;
    pthread_mutex_unlock(&connections->lock);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t on_new(rd_kafka_t *rk, const rd_kafka_conf_t *conf, void *opaque, char *text,
                                  size_t text_bytes)
{
    (void)conf;
    (void)text;
    (void)text_bytes;
    return rd_kafka_interceptor_add_on_broker_state_change(rk, "hookbus", on_broker_state, opaque);
}

struct hb_kafka_connections *hb_kafka_connections_new(rd_kafka_conf_t *conf)
{
    struct hb_kafka_connections *connections = calloc(1, sizeof *connections);

    if (!connections)
        return NULL;
    pthread_mutex_init(&connections->lock, NULL);
    rd_kafka_conf_interceptor_add_on_new(conf, "hookbus", on_new, connections); /* no part of a copy */
    return connections;
}

bool hb_kafka_connections_is_any(struct hb_kafka_connections *connections)
{
    bool is_any = false;

    pthread_mutex_lock(&connections->lock);
    for (size_t i = 0; i < connections->count; i++)
        is_any |= connections->brokers[i].is_up;
    pthread_mutex_unlock(&connections->lock);
    return is_any;
}

void hb_kafka_connections_free(struct hb_kafka_connections *connections)
{
    if (!connections)
        return;
    pthread_mutex_destroy(&connections->lock);
    free(connections);
}
