/* Job: runs a file's tests against the client library's own imitation of a cluster, which answers with the errors it is told to.
 *
 * Place: included by one test file a program. Owns: the cluster, for as long as the tests run. Fails: MOCK_RUN gives 1. Threads: one. */
#ifndef TESTS_COMPONENT_KAFKA_MOCK_CLUSTER_H
#define TESTS_COMPONENT_KAFKA_MOCK_CLUSTER_H

#include "component/kafka/kafka_room.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdlib.h>

static rd_kafka_t *holder;
static rd_kafka_mock_cluster_t *cluster;

static inline bool mock_begin(void)
{
    char text[256];

    holder = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), text, sizeof text);
    cluster = holder ? rd_kafka_mock_cluster_new(holder, 1) : NULL;
    return cluster && !setenv("HOOKBUS_TEST_KAFKA", rd_kafka_mock_cluster_bootstraps(cluster), 1);
}

static inline int mock_end(int code)
{
    rd_kafka_mock_cluster_destroy(cluster);
    rd_kafka_destroy(holder);
    return code;
}

#define MOCK_RUN(tests) (mock_begin() ? mock_end(ROOM_RUN(tests)) : 1)

#endif
