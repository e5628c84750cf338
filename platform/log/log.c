#include "platform/log/log_internal.h"

#include <stdlib.h>

/* A burst is gathered to this size before it is written, or for a millisecond. */
#define WRITE_AT_BYTES ((size_t)32768)
#define FREE_WAIT_MS 1000
#define FREE_STEP_MS 50

struct hb_log {
    struct hb_log_sink sink;
    struct hb_log_writer *writer; /* NULL: the loop writes itself, as the sink never waits */
    enum hb_log_level least;
    struct hb_wall (*now)(void *user);
    void *user;
    struct hb_log_out out;
    uint64_t dropped;
    uint64_t dropped_told;
    uint64_t telling; /* what the notice in the writer's hands says; 0: none is */
    struct hb_wall flushed_at;
};

static const struct {
    const char *name;
    enum hb_log_level level;
} events[HB_LOG_EVENT_COUNT] = {
#define HB_LOG_EVENT(name, text, level, help) [HB_LOG_##name] = {text, HB_LOG_LEVEL_##level},
#include "core/tables/log_events.def"
#undef HB_LOG_EVENT
};

static const char *const level_names[] = {"debug", "info", "warning", "error"};

static enum hb_err new_log(const struct hb_log_sink *sink, const struct hb_log *settings, struct hb_log **ret_log)
{
    HB_ASSERT(settings->now);
    struct hb_log *log = calloc(1, sizeof(*log));
    if (!log) {
        return HB_ERR_MEMORY;
    }
    *log = *settings;
    log->sink = *sink;
    log->out.bytes = hb_buf_make(HB_LOG_WAITING_BYTES_MAX);
    enum hb_err err = sink->may_wait ? hb_log_writer_new(sink->fd, &log->writer) : HB_OK;
    if (err) {
        free(log);
        return err;
    }
    *ret_log = log;
    return HB_OK;
}

enum hb_err hb_log_new(int fd, enum hb_log_level least, struct hb_wall (*now)(void *user), void *user,
                       struct hb_log **ret_log)
{
    struct hb_log_sink sink;
    hb_log_sink_open(&sink, fd);
    enum hb_err err = new_log(&sink, &(struct hb_log){.least = least, .now = now, .user = user}, ret_log);
    if (err) {
        hb_log_sink_close(&sink);
    }
    return err;
}

enum hb_err hb_log_new_threaded(int fd, enum hb_log_level least, struct hb_wall (*now)(void *user), void *user,
                                struct hb_log **ret_log)
{
    struct hb_log_sink sink = {.fd = fd, .may_wait = true};
    return new_log(&sink, &(struct hb_log){.least = least, .now = now, .user = user}, ret_log);
}

/* Says how many lines were lost since it was last said; false: nothing to say, or no room for it now. */
static bool add_notice(struct hb_log *log)
{
    if (log->dropped == log->dropped_told) {
        return false;
    }
    struct hb_log_line line = {log->now(log->user), level_names[events[HB_LOG_LINES_DROPPED].level],
                               events[HB_LOG_LINES_DROPPED].name};
    struct hb_log_field field = HB_LOG_INT("lines", log->dropped - log->dropped_told);
    size_t before = log->out.bytes.len;
    if (hb_log_line_add(&log->out.bytes, &line, NULL, &field, 1) != HB_OK) {
        log->out.bytes.len = before;
        return false;
    }
    return true;
}

/* The sink never waits: what it takes goes out at once, and the notice as soon as it has taken all. */
static size_t flush_here(struct hb_log *log)
{
    hb_log_out_write(&log->out, &log->sink);
    log->dropped += log->out.lost;
    log->out.lost = 0;
    if (hb_log_out_waiting(&log->out) == 0 && add_notice(log)) {
        hb_log_out_write(&log->out, &log->sink);
        if (log->out.lost == 0) {
            log->dropped_told = log->dropped;
        }
        log->out.lost = 0; /* the notice itself is no loss */
    }
    return hb_log_out_waiting(&log->out);
}

/* The notice goes as the last line of what is handed over: if any of that was lost, so was the notice. */
static size_t flush_by_writer(struct hb_log *log)
{
    uint64_t lost = 0;
    size_t writing = hb_log_writer_take_back(log->writer, &lost);
    if (writing > 0) {
        return writing + log->out.bytes.len;
    }
    if (log->telling != 0 && lost == 0) {
        log->dropped_told = log->telling;
    }
    log->dropped += log->telling != 0 && lost > 0 ? lost - 1 : lost;
    log->telling = add_notice(log) ? log->dropped : 0;
    writing = log->out.bytes.len;
    if (writing > 0) {
        hb_log_writer_give(log->writer, &log->out.bytes);
    }
    return writing;
}

size_t hb_log_flush(struct hb_log *log)
{
    log->flushed_at = log->now(log->user);
    return log->writer ? flush_by_writer(log) : flush_here(log);
}

void hb_log_free(struct hb_log **log_ref)
{
    struct hb_log *log = *log_ref;
    if (!log) {
        return;
    }
    *log_ref = NULL;
    for (int waited_ms = 0; hb_log_flush(log) > 0 && waited_ms < FREE_WAIT_MS; waited_ms += FREE_STEP_MS) {
        if (log->writer) {
            hb_log_writer_wait(log->writer, FREE_STEP_MS);
        } else {
            hb_log_sink_wait(&log->sink, FREE_STEP_MS);
        }
    }
    hb_log_writer_free(&log->writer);
    hb_log_sink_close(&log->sink);
    hb_buf_deinit(&log->out.bytes);
    free(log);
}

uint64_t hb_log_dropped(const struct hb_log *log)
{
    return log->dropped;
}

struct hb_log_context hb_log_root(struct hb_log *log)
{
    return (struct hb_log_context){.log = log};
}

struct hb_log_context hb_log_context_fields(const struct hb_log_context *parent, const struct hb_log_field *fields,
                                            size_t count)
{
    HB_ASSERT(count <= HB_LOG_CONTEXT_FIELDS);
    struct hb_log_context context = {.log = parent ? parent->log : NULL, .parent = parent};
    for (size_t i = 0; i < count; i++) {
        context.fields[i] = fields[i];
    }
    return context;
}

void hb_log_fields(const struct hb_log_context *context, enum hb_log_event event, const struct hb_log_field *fields,
                   size_t count)
{
    HB_ASSERT((unsigned)event < HB_LOG_EVENT_COUNT);
    struct hb_log *log = context ? context->log : NULL;
    if (!log || events[event].level < log->least) {
        return;
    }
    struct hb_wall now = log->now(log->user);
    struct hb_log_line line = {now, level_names[events[event].level], events[event].name};
    size_t before = log->out.bytes.len;
    if (hb_log_line_add(&log->out.bytes, &line, context, fields, count) != HB_OK) {
        log->out.bytes.len = before;
        log->dropped++;
        return;
    }
    if (now.ms != log->flushed_at.ms || hb_log_out_waiting(&log->out) >= WRITE_AT_BYTES) {
        (void)hb_log_flush(log);
    }
}
