/* Job: a producer as the api role runs it, with real Kafka, Redis and HTTP, in the test's own process.
 *
 * The registry is played here: one store "shop", one key "Bearer good"; everything else is as in production. Topics get
 * a random prefix. Needs HOOKBUS_TEST_KAFKA and HOOKBUS_TEST_REDIS (host:port); without them the tests skip. */
#ifndef TESTS_COMPONENT_PRODUCER_FIXTURE_H
#define TESTS_COMPONENT_PRODUCER_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "hookbus/config.h"
#include "platform/kafka/kafka.h"
#include "platform/log/log.h"
#include "producer/ingest.h"

#define FIXTURE_WAIT_MS 20000

struct fixture {
    struct hb_config config; /* change it before fixture_start */
    char prefix[32];
    struct hb_loop *loop;
    struct hb_http_server *server;
    struct hb_ingest *ingest;
    struct hb_kafka_reader *reader;
    struct hb_log_context log;
    bool is_registry_current;
    bool checks_schemas; /* what the store asks for */
};

/* True, and says so, if there is no Kafka or Redis to test with. */
bool fixture_is_missing(void);
/* Defaults and a prefix; creates the topics unless `prefix` names one that has them. */
struct fixture *fixture_new(const char *prefix);
/* Starts server and ingest with the configuration as it is now. */
void fixture_start(struct fixture *fixture);
void fixture_free(struct fixture *fixture);
/* Turns the loop until `fd` is readable or FIXTURE_WAIT_MS passed. */
void fixture_turn_until_readable(struct fixture *fixture, int fd);
/* Creates the event topics of a prefix, for a fixture_new(prefix) of another process. */
void fixture_make_topics(const char *prefix);
int fixture_port(const struct fixture *fixture);
/* Posts one JSON event to another process's port, blocking; returns the connection. */
int fixture_send_to(int port, const char *body);
/* Waits, blocking, for the status of that answer, and closes. */
int fixture_status_of(int connection);
/* Milliseconds on the monotonic clock. */
int64_t fixture_now_ms(void);

struct reply {
    int status;
    char *head; /* status line and headers */
    char *body; /* NUL-terminated */
};
/* Sends a request, reading nothing yet; headers: lines with \r\n, may be "". Returns the connection. */
int fixture_send(struct fixture *fixture, const char *headers, const void *body, size_t bytes);
/* Waits for the answer and closes the connection. */
struct reply fixture_receive(struct fixture *fixture, int connection);
struct reply fixture_post(struct fixture *fixture, const char *headers, const char *body);
void reply_free(struct reply *reply);
#define HEADERS_JSON "Content-Type: application/json\r\n"

/* One record as it stands in Kafka. */
struct record {
    char topic[128];
    char *key, *value; /* NUL-terminated copies */
    size_t value_bytes;
    char *headers; /* "name=value\n" each */
};
/* Reads exactly `count` more records of all event topics, in the order they come; the test fails if they do not come.
 */
void fixture_read(struct fixture *fixture, struct record *ret_records, size_t count);
/* Fails if within a short time (half a second) one more record comes. */
void fixture_expect_no_more(struct fixture *fixture);
void record_free(struct record *record);

/* Sends a signal to the broker or Redis the tests run against; false: where its pid is is not known. */
bool fixture_signal(const char *service, int number);
/* The answer of redis-cli to a command. */
void fixture_redis(const char *command, char *ret_answer, size_t bytes);

#endif
