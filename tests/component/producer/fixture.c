#include "component/producer/fixture.h"

#include "hookbus/topics.h"
#include "platform/crypto/crypto.h"
#include "platform/http_server/http_server.h"
#include "platform/loop/loop.h"
#include "registry/access.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PARTITIONS 2
#define FIXTURE_STOP_MS 5000

/* ---- the registry, played: the linker takes these ---- */

static struct fixture *the_fixture;

bool hb_registry_is_current(const struct hb_registry *registry)
{
    (void)registry;
    return the_fixture->is_registry_current;
}

int64_t hb_registry_applied(const struct hb_registry *registry)
{
    (void)registry;
    return 4711;
}

const struct hb_store *hb_registry_store(const struct hb_registry *registry, struct hb_str store)
{
    static struct hb_store shop;
    (void)registry;
    shop = (struct hb_store){.id = store, .checks_schemas = the_fixture->checks_schemas};
    return &shop;
}

const struct hb_api_key *hb_access_check(const struct hb_registry *registry, struct hb_http_call *call,
                                         enum hb_scope scope, struct hb_str store, struct hb_wall now)
{
    static const struct hb_api_key KEY = {.scopes = 1u << HB_SCOPE_PUBLISH};
    (void)registry;
    (void)now;
    assert_int_equal(scope, HB_SCOPE_PUBLISH);
    if (!hb_str_eq(hb_http_call_header(call, "Authorization"), HB_STR("Bearer good"))) {
        hb_http_call_problem(call, 401, "unauthorized", "No valid key", "", NULL, NULL);
        return NULL;
    }
    if (!hb_str_eq(store, HB_STR("shop"))) {
        hb_http_call_problem(call, 404, "unknown_store", "There is no such store", "", NULL, NULL);
        return NULL;
    }
    return &KEY;
}

/* ---- life ---- */

bool fixture_is_missing(void)
{
    if (getenv("HOOKBUS_TEST_KAFKA") && getenv("HOOKBUS_TEST_REDIS")) {
        return false;
    }
    fprintf(stderr,
            "skipped: HOOKBUS_TEST_KAFKA and HOOKBUS_TEST_REDIS name no Kafka and Redis; tests/run starts them\n");
    return true;
}

int64_t fixture_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct hb_kafka_cluster cluster_of(const struct fixture *fixture)
{
    return (struct hb_kafka_cluster){.brokers = fixture->config.kafka_brokers, .client_id = "test"};
}

static void create_topics(const struct fixture *fixture)
{
    struct hb_kafka_admin *admin;
    struct hb_error error;
    struct hb_kafka_topic_spec specs[HB_EVENT_TOPIC_COUNT];
    char names[HB_EVENT_TOPIC_COUNT][HB_TOPIC_NAME_MAX];
    struct hb_kafka_cluster cluster = cluster_of(fixture);
    int created;
    for (int i = 0; i < HB_EVENT_TOPIC_COUNT; i++) {
        hb_topic_name(hb_str_c(fixture->prefix), (enum hb_topic)i, names[i]);
        specs[i] = (struct hb_kafka_topic_spec){.name = names[i], .partitions = PARTITIONS, .replication = 1};
    }
    assert_int_equal(hb_kafka_admin_new(&cluster, &admin, &error), HB_OK);
    assert_int_equal(hb_kafka_admin_create(admin, specs, HB_EVENT_TOPIC_COUNT, FIXTURE_WAIT_MS, &created, &error),
                     HB_OK);
    hb_kafka_admin_free(&admin);
}

struct fixture *fixture_new(const char *prefix)
{
    struct fixture *fixture = test_calloc(1, sizeof(*fixture));
    unsigned char random[4];
    struct hb_config *config = &fixture->config;
#define HB_KEY_STR(section, name, def, help)                                                                           \
    config->section##_##name = test_calloc(1, 256), strcpy(config->section##_##name, def);
#define HB_KEY_LIST(section, name, def, help) HB_KEY_STR(section, name, def, help)
#define HB_KEY_INT(section, name, unit, def, min, max, help) config->section##_##name = def;
#define HB_KEY_BOOL(section, name, def, help) config->section##_##name = def;
#include "core/tables/config_keys.def"
#undef HB_KEY_STR
#undef HB_KEY_LIST
#undef HB_KEY_INT
#undef HB_KEY_BOOL
    hb_random_bytes(random, sizeof(random));
    snprintf(fixture->prefix, sizeof(fixture->prefix), "t%02x%02x%02x%02x.", random[0], random[1], random[2],
             random[3]);
    if (prefix) {
        snprintf(fixture->prefix, sizeof(fixture->prefix), "%s", prefix);
    }
    snprintf(config->kafka_brokers, 256, "%s", getenv("HOOKBUS_TEST_KAFKA"));
    snprintf(config->redis_address, 256, "%s", getenv("HOOKBUS_TEST_REDIS"));
    snprintf(config->kafka_topic_prefix, 256, "%s", fixture->prefix);
    if (!prefix) {
        create_topics(fixture);
    }
    fixture->is_registry_current = true;
    the_fixture = fixture;
    return fixture;
}

void fixture_make_topics(const char *prefix)
{
    struct fixture fixture = {.config.kafka_brokers = getenv("HOOKBUS_TEST_KAFKA")};
    snprintf(fixture.prefix, sizeof(fixture.prefix), "%s", prefix);
    create_topics(&fixture);
}

static void wait_for_redis(struct fixture *fixture)
{
    /* The first connection takes a moment: turn until it stands, so that tests begin with de-duplication. */
    int64_t until = fixture_now_ms() + 300;
    while (fixture_now_ms() < until) {
        hb_loop_run_once(fixture->loop, 10);
    }
}

void fixture_start(struct fixture *fixture)
{
    struct hb_error error = {0};
    fixture->log = hb_log_root(NULL);
    assert_int_equal(hb_loop_new(&fixture->loop), HB_OK);
    struct hb_http_server_options server = {.loop = fixture->loop,
                                            .address = "127.0.0.1",
                                            .connections_max = 200,
                                            .connections_per_address_max = 200,
                                            .idle_timeout_s = 60,
                                            .request_timeout_s = 30,
                                            .body_bytes_max = 8 * 1024 * 1024,
                                            .bodies_bytes_max = 128 * 1024 * 1024};
    assert_int_equal(hb_http_server_new(&server, &fixture->server, &error), HB_OK);
    struct hb_ingest_options options = {
        .loop = fixture->loop, .config = &fixture->config, .log = &fixture->log, .cluster = cluster_of(fixture)};
    if (hb_ingest_new(&options, &fixture->ingest, &error)) {
        fail_msg("%s", error.text);
    }
    assert_int_equal(hb_ingest_mount(fixture->ingest, fixture->server), HB_OK);
    wait_for_redis(fixture);
}

static void config_free(struct hb_config *config)
{
#define HB_KEY_STR(section, name, def, help) test_free(config->section##_##name);
#define HB_KEY_LIST(section, name, def, help) test_free(config->section##_##name);
#define HB_KEY_INT(section, name, unit, def, min, max, help)
#define HB_KEY_BOOL(section, name, def, help)
#include "core/tables/config_keys.def"
#undef HB_KEY_STR
#undef HB_KEY_LIST
#undef HB_KEY_INT
#undef HB_KEY_BOOL
}

void fixture_free(struct fixture *fixture)
{
    hb_ingest_free(&fixture->ingest, 2000);
    hb_http_server_free(&fixture->server);
    hb_loop_free(&fixture->loop);
    hb_kafka_reader_free(&fixture->reader);
    config_free(&fixture->config);
    test_free(fixture);
}

/* ---- HTTP ---- */

void fixture_turn_until_readable(struct fixture *fixture, int fd)
{
    int64_t until = fixture_now_ms() + FIXTURE_WAIT_MS;
    struct pollfd poller = {fd, POLLIN, 0};
    while (poll(&poller, 1, 0) == 0) {
        if (fixture_now_ms() > until) {
            fail_msg("no answer within %d ms", FIXTURE_WAIT_MS);
        }
        hb_loop_run_once(fixture->loop, 5);
    }
}

static void write_all(struct fixture *fixture, int fd, const char *bytes, size_t count)
{
    int64_t until = fixture_now_ms() + FIXTURE_WAIT_MS;
    while (count > 0 && fixture_now_ms() < until) {
        ssize_t written = send(fd, bytes, count, MSG_NOSIGNAL);
        if (written > 0) {
            bytes += written;
            count -= (size_t)written;
        } else if (errno != EAGAIN && errno != EWOULDBLOCK) {
            return; /* the server refused early: the answer says why */
        }
        hb_loop_run_once(fixture->loop, 1);
    }
}

int fixture_send(struct fixture *fixture, const char *headers, const void *body, size_t bytes)
{
    char head[4096];
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)hb_http_server_port(fixture->server)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    bool has_key = strstr(headers, "Authorization:") != NULL, has_path = headers[0] == '/';
    const char *rest = has_path ? strchr(headers, '\n') + 1 : headers;
    int head_bytes =
        snprintf(head, sizeof(head),
                 "POST %.*s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s%sContent-Length: %zu\r\nConnection: close\r\n\r\n",
                 has_path ? (int)(strchr(headers, '\n') - headers) : 22, has_path ? headers : "/v1/stores/shop/events",
                 has_key ? "" : "Authorization: Bearer good\r\n", rest, bytes);
    assert_in_range(head_bytes, 1, sizeof(head) - 1);
    write_all(fixture, fd, head, (size_t)head_bytes);
    write_all(fixture, fd, body, bytes);
    return fd;
}

/* Whether head and body of an answer are there. */
static bool is_whole(const char *text, size_t count)
{
    const char *end = strstr(text, "\r\n\r\n"), *length = strcasestr(text, "Content-Length:");
    return end && length && length < end && count >= (size_t)(end + 4 - text) + strtoul(length + 15, NULL, 10);
}

struct reply fixture_receive(struct fixture *fixture, int connection)
{
    struct reply reply = {0};
    size_t room = 65536, count = 0;
    char *text = malloc(room);
    for (;;) {
        fixture_turn_until_readable(fixture, connection);
        if (count + 1 == room) {
            text = realloc(text, room *= 2);
        }
        ssize_t got = recv(connection, text + count, room - count - 1, 0);
        if (got <= 0) {
            break;
        }
        count += (size_t)got;
        text[count] = '\0';
        if (is_whole(text, count)) {
            break;
        }
    }
    close(connection);
    text[count] = '\0';
    char *end = strstr(text, "\r\n\r\n");
    if (!end || sscanf(text, "HTTP/1.1 %d", &reply.status) != 1) {
        fail_msg("not an answer: '%s'", text);
    }
    reply.head = strndup(text, (size_t)(end - text));
    reply.body = strdup(end + 4);
    free(text);
    return reply;
}

struct reply fixture_post(struct fixture *fixture, const char *headers, const char *body)
{
    return fixture_receive(fixture, fixture_send(fixture, headers, body, strlen(body)));
}

void reply_free(struct reply *reply)
{
    free(reply->head);
    free(reply->body);
    *reply = (struct reply){0};
}

int fixture_port(const struct fixture *fixture)
{
    return hb_http_server_port(fixture->server);
}

int fixture_send_to(int port, const char *body)
{
    char text[2048];
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    int bytes =
        snprintf(text, sizeof(text),
                 "POST /v1/stores/shop/events HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer good\r\n" HEADERS_JSON
                 "Content-Length: %zu\r\n\r\n%s",
                 strlen(body), body);
    assert_int_equal(send(fd, text, (size_t)bytes, MSG_NOSIGNAL), bytes);
    return fd;
}

int fixture_status_of(int connection)
{
    char text[4096];
    int status = 0;
    struct pollfd poller = {connection, POLLIN, 0};
    assert_int_equal(poll(&poller, 1, FIXTURE_WAIT_MS), 1);
    ssize_t got = recv(connection, text, sizeof(text) - 1, 0);
    text[got > 0 ? got : 0] = '\0';
    close(connection);
    return sscanf(text, "HTTP/1.1 %d", &status) == 1 ? status : 0;
}

/* ---- Kafka ---- */

struct reading {
    struct fixture *fixture;
    struct record *records;
    size_t count, room;
    size_t ends;
};

static char *text_of(struct hb_str s)
{
    char *text = malloc(s.len + 1);
    if (s.len) {
        memcpy(text, s.ptr, s.len);
    }
    text[s.len] = '\0';
    return text;
}

static char *headers_of(const struct hb_kafka_message *message)
{
    struct hb_name_value headers[HB_KAFKA_HEADERS_MAX];
    size_t count = hb_kafka_message_headers(message, headers, HB_KAFKA_HEADERS_MAX), at = 0;
    char *text = calloc(1, 16384);
    for (size_t i = 0; i < count; i++) {
        at += (size_t)snprintf(text + at, 16384 - at, "%.*s=%.*s\n", HB_ARG(headers[i].name), HB_ARG(headers[i].value));
    }
    return text;
}

static void on_message(void *user, struct hb_kafka_message *message)
{
    struct reading *reading = user;
    if (reading->count < reading->room) {
        struct record *record = &reading->records[reading->count];
        hb_topic_name(hb_str_c(reading->fixture->prefix), (enum hb_topic)message->topic, record->topic);
        record->key = text_of(message->key);
        record->value = text_of(message->value);
        record->value_bytes = message->value.len;
        record->headers = headers_of(message);
    }
    reading->count++;
    hb_kafka_message_free(message);
}

static void on_end(void *user, int topic, int32_t partition, int64_t offset)
{
    (void)topic;
    (void)partition;
    (void)offset;
    ((struct reading *)user)->ends++;
}

static void on_error(void *user, enum hb_err err, int topic, int32_t partition, const char *text)
{
    (void)user;
    (void)topic;
    (void)partition;
    if (err != HB_ERR_AWAY) {
        fail_msg("reading: %s", text);
    }
}

static struct reading the_reading;

static void reader_start(struct fixture *fixture)
{
    static const struct hb_kafka_reader_events EVENTS = {on_message, on_end, on_error};
    char names[HB_EVENT_TOPIC_COUNT][HB_TOPIC_NAME_MAX];
    const char *topics[HB_EVENT_TOPIC_COUNT];
    struct hb_kafka_start starts[HB_EVENT_TOPIC_COUNT * PARTITIONS];
    struct hb_error error;
    if (fixture->reader) {
        return;
    }
    for (int i = 0; i < HB_EVENT_TOPIC_COUNT; i++) {
        hb_topic_name(hb_str_c(fixture->prefix), (enum hb_topic)i, names[i]);
        topics[i] = names[i];
        for (int p = 0; p < PARTITIONS; p++) {
            starts[i * PARTITIONS + p] = (struct hb_kafka_start){i, p, HB_KAFKA_BEGINNING};
        }
    }
    struct hb_kafka_reader_options options = {
        .cluster = {.brokers = getenv("HOOKBUS_TEST_KAFKA"), .client_id = "test-reader"},
        .topics = topics,
        .topics_count = HB_EVENT_TOPIC_COUNT,
        .events = &EVENTS,
        .user = &the_reading,
    };
    assert_int_equal(hb_kafka_reader_new(&options, &fixture->reader, &error), HB_OK);
    assert_int_equal(hb_kafka_reader_assign(fixture->reader, starts, HB_EVENT_TOPIC_COUNT * PARTITIONS), HB_OK);
}

void fixture_read(struct fixture *fixture, struct record *ret_records, size_t count)
{
    int64_t until = fixture_now_ms() + FIXTURE_WAIT_MS;
    the_reading = (struct reading){.fixture = fixture, .records = ret_records, .room = count};
    reader_start(fixture);
    while (the_reading.count < count && fixture_now_ms() < until) {
        hb_kafka_reader_poll(fixture->reader, 1, 50);
    }
    if (the_reading.count != count) {
        fail_msg("%zu records came, not %zu", the_reading.count, count);
    }
}

void fixture_expect_no_more(struct fixture *fixture)
{
    int64_t until = fixture_now_ms() + 500;
    the_reading = (struct reading){.fixture = fixture};
    reader_start(fixture);
    while (fixture_now_ms() < until) {
        hb_kafka_reader_poll(fixture->reader, 10, 50);
    }
    assert_int_equal(the_reading.count, 0);
}

void record_free(struct record *record)
{
    free(record->key);
    free(record->value);
    free(record->headers);
    *record = (struct record){0};
}

/* ---- the services ---- */

static bool has_stopped(int pid)
{
    char path[600], state = 'T';
    snprintf(path, sizeof(path), "/proc/%d/task", pid);
    DIR *tasks = opendir(path);
    assert_non_null(tasks);
    for (const struct dirent *task; state == 'T' && (task = readdir(tasks)) != NULL;) {
        if (task->d_name[0] == '.') {
            continue;
        }
        snprintf(path, sizeof(path), "/proc/%d/task/%s/stat", pid, task->d_name);
        FILE *file = fopen(path, "r");
        if (file && fscanf(file, "%*d (%*[^)]) %c", &state) != 1) {
            state = 'T'; /* it has just ended */
        }
        if (file) {
            fclose(file);
        }
    }
    closedir(tasks);
    return state == 'T';
}

bool fixture_signal(const char *service, int number)
{
    char path[512];
    int pid = 0;
    const char *folder = getenv(strcmp(service, "kafka") == 0 ? "HOOKBUS_TEST_KAFKA_DIR" : "HOOKBUS_TEST_REDIS_DIR");
    snprintf(path, sizeof(path), "%s/%s.pid", folder ? folder : "/nowhere", service);
    FILE *file = fopen(path, "r");
    bool is_known = file && fscanf(file, "%d", &pid) == 1 && pid > 1;
    if (file) {
        fclose(file);
    }
    bool is_sent = is_known && kill(pid, number) == 0;
    /* A thread that runs on another core goes on for a moment: long enough to acknowledge a record. */
    int64_t until = fixture_now_ms() + FIXTURE_STOP_MS;
    while (is_sent && number == SIGSTOP && !has_stopped(pid)) {
        assert_true(fixture_now_ms() < until);
        (void)sched_yield();
    }
    return is_sent;
}

void fixture_redis(const char *command, char *ret_answer, size_t bytes)
{
    char line[512];
    const char *address = getenv("HOOKBUS_TEST_REDIS");
    const char *port = strrchr(address, ':');
    snprintf(line, sizeof(line), "redis-cli -h %.*s -p %s %s", (int)(port - address), address, port + 1, command);
    FILE *pipe = popen(line, "r");
    assert_non_null(pipe);
    size_t got = fread(ret_answer, 1, bytes - 1, pipe);
    ret_answer[got] = '\0';
    ret_answer[strcspn(ret_answer, "\n")] = '\0';
    pclose(pipe);
}
