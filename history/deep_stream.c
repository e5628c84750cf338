/* Job: GET …/deliveries?deep=true: what the reading thread finds (history/deep) goes to the client as it comes.
 *
 * Between the two stands a bounded buffer: the thread waits when the client reads slowly, and ends when it has left. */
#include "history/deep.h"
#include "history/deliveries_internal.h"
#include "platform/loop/loop.h"

#include <stdlib.h>

#define WAITING_BYTES_MAX ((size_t)512 * 1024)
#define ALL_BYTES_MAX ((size_t)4 * 1024 * 1024)
#define AGAIN_MS 50

struct stream {
    struct stream *next;
    struct ask *ask;
    struct hb_work work;
    struct hb_wake *wake; /* there is something to send */
    struct hb_timer *timer;
    pthread_mutex_t mutex; /* of what follows */
    pthread_cond_t moved;
    struct hb_buf waiting;
    bool is_left;
};

static void stream_free(struct stream *stream)
{
    for (struct stream **at = &stream->ask->deliveries->streams; *at; at = &(*at)->next) {
        if (*at == stream) {
            *at = stream->next;
            break;
        }
    }
    hb_wake_free(&stream->wake);
    hb_timer_free(&stream->timer);
    pthread_cond_destroy(&stream->moved);
    pthread_mutex_destroy(&stream->mutex);
    hb_buf_deinit(&stream->waiting);
    hb_ask_free(stream->ask);
    free(stream);
}

/* ---- the thread's side ---- */

static bool say(void *user, struct hb_str piece)
{
    struct stream *stream = user;
    pthread_mutex_lock(&stream->mutex);
    while (!stream->is_left && stream->waiting.len > WAITING_BYTES_MAX) {
        pthread_cond_wait(&stream->moved, &stream->mutex);
    }
    bool is_wanted = !stream->is_left && hb_buf_add(&stream->waiting, piece) == HB_OK;
    pthread_mutex_unlock(&stream->mutex);
    hb_wake_send(stream->wake);
    return is_wanted;
}

static void run(void *user)
{
    struct stream *stream = user;
    const struct hb_deliveries_options *options = &stream->ask->deliveries->options;
    const struct hb_deep_ask ask = {.cluster = options->cluster,
                                    .topic_prefix = options->topic_prefix,
                                    .filter = &stream->ask->filter,
                                    .now = options->now,
                                    .say = say,
                                    .user = stream};
    hb_deep_run(&ask);
}

/* ---- the loop's side ---- */

static void leave(struct stream *stream)
{
    pthread_mutex_lock(&stream->mutex);
    stream->is_left = true;
    pthread_cond_signal(&stream->moved);
    pthread_mutex_unlock(&stream->mutex);
}

/* Sends whole what waits; a client that reads too slowly gets it later. False: it has to wait. */
static bool send_waiting(struct stream *stream)
{
    pthread_mutex_lock(&stream->mutex);
    enum hb_err err = stream->waiting.len > 0 && !stream->is_left
                          ? hb_http_call_more(stream->ask->call, hb_buf_str(&stream->waiting))
                          : HB_OK;
    if (err != HB_ERR_FULL) {
        stream->is_left |= err != HB_OK;
        hb_buf_clear(&stream->waiting);
        pthread_cond_signal(&stream->moved);
    }
    pthread_mutex_unlock(&stream->mutex);
    return err != HB_ERR_FULL;
}

static void on_wake(void *user)
{
    struct stream *stream = user;
    if (!send_waiting(stream)) {
        hb_timer_start(stream->timer, AGAIN_MS, 0);
    }
}

static void finish(void *user)
{
    struct stream *stream = user;
    if (!send_waiting(stream)) {
        hb_timer_start(stream->timer, AGAIN_MS, 0);
        return;
    }
    hb_http_call_end(stream->ask->call);
    stream_free(stream);
}

static void on_timer(void *user)
{
    struct stream *stream = user;
    if (stream->work.works) {
        on_wake(stream);
    } else {
        finish(stream);
    }
}

static void on_done(void *user)
{
    struct stream *stream = user;
    stream->work.works = NULL; /* the thread has ended: what is left is sent by the timer */
    finish(stream);
}

static void on_drop(void *user) { stream_free(user); }

/* Takes the ask, also when there is no memory: NULL. */
static struct stream *stream_new(struct ask *ask)
{
    struct hb_loop *loop = ask->deliveries->options.loop;
    struct stream *stream = calloc(1, sizeof(*stream));
    if (!stream) {
        hb_ask_free(ask);
        return NULL;
    }
    stream->ask = ask;
    stream->waiting = hb_buf_make(ALL_BYTES_MAX);
    pthread_mutex_init(&stream->mutex, NULL);
    pthread_cond_init(&stream->moved, NULL);
    stream->work =
        (struct hb_work){.store = ask->store, .run = run, .done = on_done, .drop = on_drop, .user = stream};
    return hb_wake_new(loop, on_wake, stream, &stream->wake) || hb_timer_new(loop, on_timer, stream, &stream->timer)
               ? (stream_free(stream), NULL)
               : stream;
}

void hb_deliveries_deep(struct ask *ask)
{
    struct hb_http_call *call = ask->call;
    struct hb_deliveries *deliveries = ask->deliveries;
    struct stream *stream = stream_new(ask);
    if (!stream || hb_works_start(deliveries->deep, &stream->work)) {
        hb_http_call_add_header(call, "Retry-After", HB_STR("5"));
        hb_http_call_problem(call, 429, "too_many_queries", "Too many deep readings at a time",
                             "Each reads Kafka's topic; try again when one has ended.", NULL, NULL);
        if (stream) {
            stream_free(stream);
        }
        return;
    }
    stream->next = deliveries->streams;
    deliveries->streams = stream;
    /* Its thread may have said something by now; the loop sends it in a later turn. */
    if (hb_http_call_begin(call, 200, "application/x-ndjson")) {
        leave(stream);
    }
}

void hb_deliveries_deep_end(struct hb_deliveries *deliveries)
{
    for (struct stream *stream = deliveries->streams; stream; stream = stream->next) {
        leave(stream);
    }
}
