#include "history/tail.h"

#include "core/json_cursor.h"
#include "core/json_scan.h"
#include "history/found.h"
#include "hookbus/topics.h"
#include "platform/crypto/crypto.h"
#include "platform/http_server/http_server.h"
#include "platform/kafka/kafka_event.h"
#include "platform/loop/loop.h"

#include <stdlib.h>

#define TOPICS (HB_EVENT_TOPIC_COUNT + 1) /* the event topics and attempts */
#define POLL_RECORDS 256
#define LINE_BYTES_MAX (3 * 1024 * 1024)
#define BEAT_MS 15000 /* an empty line, so that both sides notice a dead connection */

struct tail {
    struct tail *next;
    struct hb_tails *tails;
    struct hb_http_call *call;
    char store[HB_ID_MAX + 1];
    bool has_data;
    bool is_gone;
};

struct hb_tails {
    struct hb_history_options options;
    char names[TOPICS][HB_TOPIC_NAME_MAX];
    struct hb_kafka_reader *reader;
    struct hb_watch *watch;
    struct hb_timer *beat, *sweep;
    struct tail *first;
    size_t count;
};

static void send(struct tail *tail, struct hb_str line)
{
    if (!tail->is_gone && hb_http_call_more(tail->call, line) != HB_OK) {
        tail->is_gone = true;
        hb_timer_start(tail->tails->sweep, 0, 0);
    }
}

/* Data may be written over several lines; here a line feed ends a line. Outside of strings it is white space, and
 * inside none stands bare. */
static void make_one_line(struct hb_buf *line)
{
    for (size_t i = 0; i < line->len; i++)
        if (line->ptr[i] == '\n' || line->ptr[i] == '\r')
            line->ptr[i] = ' ';
}

static enum hb_err write_line(struct hb_buf *line, const struct hb_event *event, const struct hb_position *position,
                              enum hb_found_data data)
{
    struct hb_json_writer json = hb_json_write(line);
    hb_json_object(&json, NULL);
    hb_json_add_str(&json, "kind", HB_STR("event"));
    hb_json_object(&json, "event");
    hb_found_write_event(&json, event, position, data);
    hb_json_close_object(&json);
    hb_json_close_object(&json);
    make_one_line(line);
    enum hb_err err = hb_json_end(&json);
    return err ? err : hb_buf_add_char(line, '\n');
}

/* Larger than a stream can hold, it would end every tail that gets it: then it goes without its data. */
static enum hb_err make_line(struct hb_buf *line, const struct hb_event *event, const struct hb_position *position,
                             bool has_data)
{
    enum hb_err err = write_line(line, event, position, has_data ? HB_FOUND_DATA_SHOWN : HB_FOUND_DATA_HIDDEN);
    if (!has_data || (!err && line->len <= HB_HTTP_STREAM_BYTES_MAX))
        return err;
    hb_buf_clear(line);
    return write_line(line, event, position, HB_FOUND_DATA_OMITTED);
}

static void send_event(struct hb_tails *tails, const struct hb_event *event, const struct hb_position *position)
{
    for (int with_data = 0; with_data < 2; with_data++) {
        struct hb_buf line = hb_buf_make(LINE_BYTES_MAX);
        for (struct tail *tail = tails->first; tail; tail = tail->next) {
            if (tail->has_data != (with_data == 1) || !hb_str_eq(hb_str_c(tail->store), event->store))
                continue;
            if (line.len == 0 && make_line(&line, event, position, tail->has_data))
                break;
            send(tail, hb_buf_str(&line));
        }
        hb_buf_deinit(&line);
    }
}

static void take_event(struct hb_tails *tails, const struct hb_kafka_message *message)
{
    char id_scratch[HB_ID_MAX];
    struct hb_event event;
    struct hb_event_problem problem;
    const struct hb_position position = {message->topic, message->partition, message->offset, message->appended};
    if (hb_kafka_read_event(message, hb_sha256_pair, id_scratch, &event, &problem) == HB_EVENT_READ_OK)
        send_event(tails, &event, &position);
}

static void take_line(struct hb_tails *tails, struct hb_str line)
{
    size_t at;
    if (line.len < 2 || hb_json_scan(line, &at))
        return;
    struct hb_cursor store = hb_cursor_member(hb_cursor_root(line), HB_STR("store"));
    if (store.kind != HB_CURSOR_STRING || store.raw.len < 2)
        return;
    struct hb_buf out = hb_buf_make(LINE_BYTES_MAX);
    if (hb_buf_add(&out, HB_STR("{\"kind\":\"attempt\",")) == HB_OK &&
        hb_buf_add(&out, hb_str_n(line.ptr + 1, line.len - 1)) == HB_OK && hb_buf_add_char(&out, '\n') == HB_OK)
        for (struct tail *tail = tails->first; tail; tail = tail->next)
            if (hb_cursor_text_eq(hb_str_n(store.raw.ptr + 1, store.raw.len - 2), hb_str_c(tail->store)))
                send(tail, hb_buf_str(&out));
    hb_buf_deinit(&out);
}

static void on_message(void *user, struct hb_kafka_message *message)
{
    struct hb_tails *tails = user;
    if (message->topic < HB_EVENT_TOPIC_COUNT) {
        take_event(tails, message);
    } else {
        struct hb_str rest = message->value, line;
        while (hb_str_split(&rest, '\n', &line))
            take_line(tails, line);
    }
    hb_kafka_message_free(message);
}

static void on_error(void *user, enum hb_err err, int topic, int32_t partition, const char *text)
{
    (void)user, (void)err, (void)topic, (void)partition,
        (void)text; /* a tail shows what it can; the dispatcher says what is wrong */
}

static void on_end(void *user, int topic, int32_t partition, int64_t offset)
{
    (void)user, (void)topic, (void)partition, (void)offset; /* the end is where a tail always is */
}

static const struct hb_kafka_reader_events tail_events = {.message = on_message, .end = on_end, .error = on_error};

static void readable(void *user, int events)
{
    struct hb_tails *tails = user;
    (void)events;
    while (tails->reader && hb_kafka_reader_poll(tails->reader, POLL_RECORDS, 0) == POLL_RECORDS)
        ;
}

static void reader_stop(struct hb_tails *tails)
{
    hb_watch_free(&tails->watch);
    hb_kafka_reader_free(&tails->reader);
    hb_timer_stop(tails->beat);
}

static enum hb_err reader_start(struct hb_tails *tails)
{
    const char *names[TOPICS];
    struct hb_kafka_start starts[TOPICS * 64];
    size_t count = 0;
    for (int topic = 0; topic < TOPICS; topic++) {
        enum hb_topic which = topic < HB_EVENT_TOPIC_COUNT ? (enum hb_topic)topic : HB_TOPIC_ATTEMPTS;
        hb_topic_name(tails->options.topic_prefix, which, tails->names[topic]);
        names[topic] = tails->names[topic];
        for (int32_t p = 0; p < hb_topic_spec(which)->partitions && count < TOPICS * 64; p++)
            starts[count++] = (struct hb_kafka_start){topic, p, HB_KAFKA_END};
    }
    const struct hb_kafka_reader_options options = {.cluster = tails->options.cluster,
                                                    .topics = names,
                                                    .topics_count = TOPICS,
                                                    .is_committed_only = true,
                                                    .events = &tail_events,
                                                    .user = tails};
    enum hb_err err = hb_kafka_reader_new(&options, &tails->reader, NULL);
    if (!err)
        err = hb_kafka_reader_assign(tails->reader, starts, count);
    if (!err)
        err = hb_watch_new(tails->options.loop, hb_kafka_reader_fd(tails->reader), readable, tails, &tails->watch);
    if (err) {
        reader_stop(tails);
        return err;
    }
    hb_watch_set(tails->watch, HB_WATCH_READ);
    hb_timer_start(tails->beat, BEAT_MS, BEAT_MS);
    return HB_OK;
}

/* Ends the streams whose clients left; outside of all callbacks that walk the list. */
static void sweep(void *user)
{
    struct hb_tails *tails = user;
    for (struct tail **at = &tails->first; *at;) {
        struct tail *tail = *at;
        if (!tail->is_gone) {
            at = &tail->next;
            continue;
        }
        *at = tail->next;
        hb_http_call_end(tail->call);
        free(tail);
        tails->count--;
    }
    if (!tails->first && tails->reader)
        reader_stop(tails);
}

static void beat(void *user)
{
    struct hb_tails *tails = user;
    for (struct tail *tail = tails->first; tail; tail = tail->next)
        send(tail, HB_STR("\n"));
}

static void client_gone(void *user)
{
    struct tail *tail = user;
    tail->is_gone = true;
    hb_timer_start(tail->tails->sweep, 0, 0);
}

static bool has_room(const struct hb_tails *tails, struct hb_str store)
{
    size_t of_store = 0;
    for (const struct tail *tail = tails->first; tail; tail = tail->next)
        of_store += hb_str_eq(hb_str_c(tail->store), store);
    return tails->count < HB_HISTORY_TAILS_MAX && of_store < HB_HISTORY_STORE_TAILS_MAX;
}

void hb_tails_add(struct hb_tails *tails, struct hb_http_call *call, struct hb_str store, bool has_data)
{
    struct tail *tail = NULL;
    enum hb_err err = has_room(tails, store) ? HB_OK : HB_ERR_FULL;
    if (!err && !(tail = calloc(1, sizeof *tail)))
        err = HB_ERR_MEMORY;
    if (!err && !tails->reader)
        err = reader_start(tails);
    if (!err)
        err = hb_http_call_begin(call, 200, "application/x-ndjson");
    if (err) {
        free(tail);
        hb_http_call_add_header(call, "Retry-After", HB_STR("5"));
        hb_http_call_problem(call, err == HB_ERR_FULL ? 429 : 503, "tail_unavailable", "The tail is not available",
                             hb_err_text(err), NULL, NULL);
        return;
    }
    *tail = (struct tail){.next = tails->first, .tails = tails, .call = call, .has_data = has_data};
    memcpy(tail->store, store.ptr, store.len < HB_ID_MAX ? store.len : HB_ID_MAX);
    tails->first = tail;
    tails->count++;
    hb_http_call_on_gone(call, client_gone, tail);
}

enum hb_err hb_tails_new(const struct hb_history_options *options, struct hb_tails **ret_tails)
{
    struct hb_tails *tails = calloc(1, sizeof *tails);
    if (!tails)
        return HB_ERR_MEMORY;
    tails->options = *options;
    enum hb_err err = hb_timer_new(options->loop, beat, tails, &tails->beat);
    if (!err)
        err = hb_timer_new(options->loop, sweep, tails, &tails->sweep);
    if (err)
        hb_tails_free(&tails);
    else
        *ret_tails = tails;
    return err;
}

void hb_tails_free(struct hb_tails **tails)
{
    struct hb_tails *t = *tails;
    if (!t)
        return;
    reader_stop(t);
    hb_timer_free(&t->beat);
    hb_timer_free(&t->sweep);
    while (t->first) { /* their calls went with the server */
        struct tail *next = t->first->next;
        free(t->first);
        t->first = next;
    }
    free(t);
    *tails = NULL;
}
