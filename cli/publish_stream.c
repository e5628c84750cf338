#include "cli/publish_stream.h"

#include <errno.h>
#include <stdlib.h>

#include "cli/progress.h"
#include "core/json_scan.h"
#include "platform/loop/loop.h"

#define BATCHES 4
#define TRIES_MAX 30
#define AGAIN_MS 500

struct stream;

struct batch {
    struct stream *stream;
    struct hb_buf body; /* "[event,event" while it is filled */
    size_t count;
    uint64_t lines[HB_BATCH_EVENTS]; /* of each event: empty ones lie between */
    int tries;
    bool is_busy;     /* at the api */
    bool is_waiting;  /* to be sent again: the api said "later" */
    int64_t again_us;
};

struct stream {
    struct hb_cli *cli;
    struct hb_api *api;
    struct hb_http_target *target;
    struct hb_published *published;
    struct hb_progress progress;
    uint64_t line;
    enum hb_err err;
    struct batch batches[BATCHES];
};

static void note_refused(struct stream *stream, uint64_t line, const struct hb_json *result)
{
    struct hb_published *published = stream->published;
    const struct hb_json *problem = hb_json_get(result, "problem");
    struct hb_str title = {NULL, 0}, field = {NULL, 0}, should = {NULL, 0};

    if (published->refused < HB_REFUSED_LINES_MAX) {
        published->refused_lines[published->refused] = line;
    }
    published->refused++;
    if (published->first_problem[0]) {
        return;
    }
    (void)hb_json_str(hb_json_get(problem, "title"), &title);
    (void)hb_json_str(hb_json_get(problem, "field"), &field);
    (void)hb_json_str(hb_json_get(problem, "should"), &should);
    (void)snprintf(published->first_problem, sizeof(published->first_problem),
                   "line %llu: %.*s%s%.*s%s%s%.*s", (unsigned long long)line, HB_ARG(title), field.len ? " (" : "",
                   HB_ARG(field), field.len ? ")" : "", should.len ? "; right would be: " : "", HB_ARG(should));
}

static void count_results(struct batch *batch, const struct hb_json *answer)
{
    struct hb_published *published = batch->stream->published;
    size_t at = 0;

    published->is_dedup_off = published->is_dedup_off || hb_json_get(answer, "deduplication");
    for (const struct hb_json *item = hb_json_first(hb_json_get(answer, "results")); item && at < batch->count;
         item = hb_json_next(item), at++) {
        int64_t status = 0;
        bool is_duplicate = false;

        (void)hb_json_int(hb_json_get(item, "status"), &status);
        (void)hb_json_bool(hb_json_get(item, "duplicate"), &is_duplicate);
        published->accepted += status == 202 ? 1 : 0;
        published->duplicates += is_duplicate ? 1 : 0;
        if (status != 202) {
            note_refused(batch->stream, batch->lines[at], item);
        }
    }
}

/* 429 and 503 mean "later" when nothing of the batch was taken. */
static bool is_later(const struct batch *batch, const struct hb_answer *answer)
{
    return answer->failure == HB_FAILURE_NONE && (answer->status == 429 || answer->status == 503) &&
           batch->tries < TRIES_MAX;
}

static void answered(void *user, const struct hb_answer *answer)
{
    struct batch *batch = user;
    struct stream *stream = batch->stream;
    struct hb_json *json = NULL;

    batch->is_busy = false;
    if (is_later(batch, answer)) {
        int64_t wait_ms =
            answer->retry_after_ms > 0 && answer->retry_after_ms < 60000 ? answer->retry_after_ms : AGAIN_MS;

        batch->is_waiting = true;
        batch->again_us = hb_loop_mono(hb_api_loop(stream->api)).us + wait_ms * HB_US_PER_MS;
        return;
    }
    if (answer->failure == HB_FAILURE_NONE && !hb_json_parse(answer->body, &json, NULL) &&
        hb_json_get(json, "results")) {
        count_results(batch, json);
    } else if (!stream->err) {
        stream->err = hb_api_judge(stream->api, answer);
    }
    hb_json_free(&json);
    hb_buf_clear(&batch->body);
    batch->count = 0;
    hb_progress_show(&stream->progress, stream->published->accepted, hb_loop_mono(hb_api_loop(stream->api)));
}

static enum hb_err start(struct batch *batch)
{
    enum hb_err err;

    batch->is_waiting = false;
    batch->tries++;
    err = hb_api_start(batch->stream->api, batch->stream->target, hb_buf_str(&batch->body), answered, batch);
    batch->is_busy = !err;
    return err;
}

static enum hb_err send_batch(struct batch *batch)
{
    enum hb_err err = hb_buf_add_char(&batch->body, ']');

    batch->tries = 0;
    return err ? err : start(batch);
}

/* Lets the loop run, and sends again what was told to wait. */
static enum hb_err turn(struct stream *stream)
{
    hb_api_turn(stream->api, 50);
    for (size_t i = 0; i < BATCHES; i++) {
        struct batch *batch = &stream->batches[i];

        if (batch->is_waiting && hb_loop_mono(hb_api_loop(stream->api)).us >= batch->again_us) {
            enum hb_err err = start(batch);

            if (err) {
                return err;
            }
        }
    }
    return stream->err;
}

static bool is_at_work(const struct batch *batch)
{
    return batch->is_busy || batch->is_waiting;
}

/* A batch that can be filled; waits for one if all are at the api. */
static enum hb_err free_batch(struct stream *stream, struct batch **ret_batch)
{
    for (;;) {
        enum hb_err err;

        for (size_t i = 0; i < BATCHES; i++) {
            if (!is_at_work(&stream->batches[i])) {
                *ret_batch = &stream->batches[i];
                return HB_OK;
            }
        }
        err = turn(stream);
        if (err) {
            return err;
        }
    }
}

static enum hb_err add_line(struct stream *stream, struct batch *batch, struct hb_str line)
{
    size_t at = 0;
    enum hb_err err;

    if (hb_json_scan(line, &at)) {
        return hb_cli_fail(stream->cli, HB_ERR_INVALID,
                           "line %llu is no well-formed JSON (byte %zu); nothing behind it was sent",
                           (unsigned long long)stream->line, at);
    }
    batch->lines[batch->count] = stream->line;
    err = hb_buf_add_char(&batch->body, batch->count++ == 0 ? '[' : ',');
    return err ? err : hb_buf_add(&batch->body, line);
}

/* Adds an event's line to the batch, begun when there is none, and sends it when it is full. Empty lines say
 * nothing. */
static enum hb_err take_line(struct stream *stream, struct batch **batch, struct hb_str line)
{
    struct hb_str text = hb_str_trim(line);
    enum hb_err err;

    stream->line++;
    if (text.len == 0) {
        return HB_OK;
    }
    if (text.len > HB_LINE_BYTES_MAX) {
        return hb_cli_fail(stream->cli, HB_ERR_TOO_LARGE, "line %llu is too long", (unsigned long long)stream->line);
    }
    err = *batch ? HB_OK : free_batch(stream, batch);
    err = err ? err : add_line(stream, *batch, text);
    if (!err && ((*batch)->count == HB_BATCH_EVENTS || (*batch)->body.len >= HB_BATCH_BYTES)) {
        err = send_batch(*batch);
        *batch = NULL;
    }
    return err;
}

static enum hb_err read_lines(struct stream *stream, FILE *in)
{
    struct batch *batch = NULL;
    char *line = NULL;
    size_t capacity = 0;
    enum hb_err err = HB_OK;
    ssize_t got;

    while (!err && (got = getline(&line, &capacity, in)) >= 0) {
        size_t length = (size_t)got;

        err = take_line(stream, &batch, hb_str_n(line, length > 0 && line[length - 1] == '\n' ? length - 1 : length));
    }
    if (!err && ferror(in)) {
        err = hb_cli_fail(stream->cli, HB_ERR_IO, "standard input cannot be read: %s", strerror(errno));
    }
    free(line);
    /* What was read before an error is published too: the sentence says from which line on it was not. */
    if (batch && batch->count > 0 && (!err || err == HB_ERR_INVALID)) {
        enum hb_err sent = send_batch(batch);

        err = err ? err : sent;
    }
    return err;
}

static enum hb_err finish(struct stream *stream)
{
    enum hb_err err = HB_OK;

    for (size_t i = 0; i < BATCHES && !err; i++) {
        while (!err && is_at_work(&stream->batches[i])) {
            err = turn(stream);
        }
    }
    return err;
}

enum hb_err hb_publish_stream(struct hb_cli *cli, struct hb_api *api, const char *path, FILE *in,
                              struct hb_published *ret_published)
{
    struct stream *stream = calloc(1, sizeof(*stream));
    enum hb_err err, end;

    if (!stream) {
        return HB_ERR_MEMORY;
    }
    *ret_published = (struct hb_published){.accepted = 0};
    stream->cli = cli;
    stream->api = api;
    stream->published = ret_published;
    stream->progress = hb_progress_start(&cli->out, "published", 0, hb_loop_mono(hb_api_loop(api)));
    for (size_t i = 0; i < BATCHES; i++) {
        stream->batches[i] =
            (struct batch){.stream = stream, .body = hb_buf_make(HB_BATCH_BYTES + HB_LINE_BYTES_MAX + 16)};
    }
    err = hb_api_target(api, path, &stream->target);
    err = err ? err : read_lines(stream, in);
    end = finish(stream);
    hb_progress_end(&stream->progress);
    hb_http_target_unref(&stream->target);
    for (size_t i = 0; i < BATCHES; i++) {
        hb_buf_deinit(&stream->batches[i].body);
    }
    free(stream);
    return err ? err : end;
}
