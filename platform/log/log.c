#include "platform/log/log_internal.h"

#include <stdlib.h>

/* A burst is gathered to this size before it is written, or for a millisecond. */
#define WRITE_AT_BYTES ((size_t)32768)
#define FREE_WAIT_MS 1000
#define FREE_STEP_MS 50

struct hb_log {
    struct hb_log_sink sink;
    enum hb_log_level least;
    struct hb_wall (*now)(void *user);
    void *user;
    struct hb_buf waiting;
    size_t written;        /* bytes at the front of `waiting` that are out already */
    bool is_inside_a_line; /* the last byte out was not a line's end */
    bool needs_break;      /* and the rest of that line is lost */
    uint64_t dropped;
    uint64_t dropped_told;
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

enum hb_err hb_log_new(int fd, enum hb_log_level least, struct hb_wall (*now)(void *user), void *user,
                       struct hb_log **ret_log)
{
    HB_ASSERT(now);
    struct hb_log *log = calloc(1, sizeof(*log));
    if (!log) {
        return HB_ERR_MEMORY;
    }
    log->least = least;
    log->now = now;
    log->user = user;
    log->waiting = hb_buf_make(HB_LOG_WAITING_BYTES_MAX);
    hb_log_sink_open(&log->sink, fd);
    *ret_log = log;
    return HB_OK;
}

static size_t waiting_bytes(const struct hb_log *log)
{
    return log->waiting.len - log->written;
}

static void forget_written(struct hb_log *log)
{
    size_t left = waiting_bytes(log);
    if (left > 0) {
        memmove(log->waiting.ptr, log->waiting.ptr + log->written, left);
    }
    log->waiting.len = left;
    log->written = 0;
}

/* The descriptor refuses: what waits is lost, and counted. Later lines are tried anew, on a line of their own. */
static void drop_waiting(struct hb_log *log)
{
    for (size_t i = log->written; i < log->waiting.len; i++) {
        log->dropped += log->waiting.ptr[i] == '\n';
    }
    hb_buf_clear(&log->waiting);
    log->written = 0;
    log->needs_break = log->is_inside_a_line;
}

/* Ends a line whose rest was lost; false: not now. */
static bool write_break(struct hb_log *log)
{
    if (log->needs_break && hb_log_sink_write(&log->sink, HB_STR("\n")) == 1) {
        log->needs_break = false;
        log->is_inside_a_line = false;
    }
    return !log->needs_break;
}

static void write_waiting(struct hb_log *log)
{
    while (waiting_bytes(log) > 0) {
        if (!write_break(log)) {
            break;
        }
        long count = hb_log_sink_write(&log->sink, hb_str_n(log->waiting.ptr + log->written, waiting_bytes(log)));
        if (count < 0) {
            drop_waiting(log);
            return;
        }
        if (count == 0) {
            break;
        }
        log->written += (size_t)count;
        log->is_inside_a_line = log->waiting.ptr[log->written - 1] != '\n';
    }
    forget_written(log);
}

/* Says once how many lines were lost, as soon as there is room again. */
static void tell_dropped(struct hb_log *log)
{
    uint64_t lost = log->dropped - log->dropped_told;
    if (lost == 0 || waiting_bytes(log) > 0) {
        return;
    }
    struct hb_log_line line = {log->now(log->user), level_names[events[HB_LOG_LINES_DROPPED].level],
                               events[HB_LOG_LINES_DROPPED].name};
    struct hb_log_field field = HB_LOG_INT("lines", lost);
    if (hb_log_line_add(&log->waiting, &line, NULL, &field, 1) != HB_OK) {
        log->waiting.len = 0;
        return;
    }
    uint64_t before = log->dropped;
    write_waiting(log);
    if (log->dropped == before) {
        log->dropped_told = before;
    } else {
        log->dropped = before; /* the notice itself is no loss */
    }
}

size_t hb_log_flush(struct hb_log *log)
{
    write_waiting(log);
    tell_dropped(log);
    log->flushed_at = log->now(log->user);
    return waiting_bytes(log);
}

void hb_log_free(struct hb_log **log_ref)
{
    struct hb_log *log = *log_ref;
    if (!log) {
        return;
    }
    *log_ref = NULL;
    for (int waited_ms = 0; hb_log_flush(log) > 0 && waited_ms < FREE_WAIT_MS; waited_ms += FREE_STEP_MS) {
        hb_log_sink_wait(&log->sink, FREE_STEP_MS);
    }
    hb_log_sink_close(&log->sink);
    hb_buf_deinit(&log->waiting);
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
    size_t before = log->waiting.len;
    if (hb_log_line_add(&log->waiting, &line, context, fields, count) != HB_OK) {
        log->waiting.len = before;
        log->dropped++;
        return;
    }
    if (now.ms != log->flushed_at.ms || waiting_bytes(log) >= WRITE_AT_BYTES) {
        (void)hb_log_flush(log);
    }
}
