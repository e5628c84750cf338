/* Job: writes log events as JSON lines, with a context that is set once and inherited.
 *
 * Place: used where something is decided (rooms, roles); core never logs. Events are the table
 * core/tables/log_events.def: a call site names the event and gives typed fields, never prose. Owns / borrows: a
 * context borrows its parent and its strings. Fails: never; lines that cannot be written (disk full, closed standard
 * output) are counted. Limits: 8 KiB a line, 1 MiB waiting and as much being written; beyond that lines are dropped,
 * counted and told by an event of their own. Threads: the loop's. Never blocks: pipes, terminals and sockets are
 * written without waiting; a plain file, whose disk may hang, by a thread of the sink's own.
 *
 * Example:
 *     struct hb_log_context ctx = hb_log_context(parent, HB_LOG_STR("store", store), HB_LOG_STR("webhook", id));
 *     hb_log(&ctx, HB_LOG_ATTEMPT_FAILED, HB_LOG_INT("status", 503), HB_LOG_STR("reason", reason)); */
#ifndef PLATFORM_LOG_LOG_H
#define PLATFORM_LOG_LOG_H

#include "hookbus/bytes.h"
#include "hookbus/time.h"

enum hb_log_level { HB_LOG_LEVEL_DEBUG, HB_LOG_LEVEL_INFO, HB_LOG_LEVEL_WARNING, HB_LOG_LEVEL_ERROR };

enum hb_log_event {
#define HB_LOG_EVENT(name, text, level, help) HB_LOG_##name,
#include "core/tables/log_events.def"
#undef HB_LOG_EVENT
    HB_LOG_EVENT_COUNT
};

struct hb_log_field {
    const char *name; /* NULL: empty slot */
    enum { HB_LOG_FIELD_STR, HB_LOG_FIELD_INT, HB_LOG_FIELD_BOOL } kind;
    struct hb_str text;
    int64_t integer;
};
#define HB_LOG_STR(n, v) ((struct hb_log_field){(n), HB_LOG_FIELD_STR, (v), 0})
#define HB_LOG_C(n, v) ((struct hb_log_field){(n), HB_LOG_FIELD_STR, hb_str_c(v), 0})
#define HB_LOG_INT(n, v) ((struct hb_log_field){(n), HB_LOG_FIELD_INT, {NULL, 0}, (int64_t)(v)})
#define HB_LOG_BOOL(n, v) ((struct hb_log_field){(n), HB_LOG_FIELD_BOOL, {NULL, 0}, (v) ? 1 : 0})

struct hb_log; /* the sink */
#define HB_LOG_CONTEXT_FIELDS 4
struct hb_log_context {
    struct hb_log *log;
    const struct hb_log_context *parent;
    struct hb_log_field fields[HB_LOG_CONTEXT_FIELDS];
};

/* A sink on a descriptor (not closed by it); `now` is asked for each line's time. HB_ERR_MEMORY; HB_ERR_IO: a plain
 * file, and no thread or descriptor is left. */
HB_MUST_USE enum hb_err hb_log_new(int fd, enum hb_log_level least, struct hb_wall (*now)(void *user), void *user,
                                   struct hb_log **ret_log);
/* Writes what waits (at most a second) and frees; a write that hangs is left behind and ends when it can. */
void hb_log_free(struct hb_log **log);
/* Tries to write what waits; call it from the loop now and then. Returns the bytes still waiting. */
size_t hb_log_flush(struct hb_log *log);
/* Lines dropped so far. */
uint64_t hb_log_dropped(const struct hb_log *log);
/* The outermost context of a sink. log NULL: nothing is written. */
struct hb_log_context hb_log_root(struct hb_log *log);

/* A context below `parent` with up to HB_LOG_CONTEXT_FIELDS fields. */
struct hb_log_context hb_log_context_fields(const struct hb_log_context *parent, const struct hb_log_field *fields,
                                            size_t count);
#define hb_log_context(parent, ...)                                                                \
    hb_log_context_fields((parent), (const struct hb_log_field[]){__VA_ARGS__},                    \
                          sizeof((const struct hb_log_field[]){__VA_ARGS__}) / sizeof(struct hb_log_field))
void hb_log_fields(const struct hb_log_context *context, enum hb_log_event event, const struct hb_log_field *fields,
                   size_t count);
/* One line: the event, at its table's level, with the context's fields and these. */
#define hb_log(context, event, ...)                                                                \
    hb_log_fields((context), (event), (const struct hb_log_field[]){__VA_ARGS__},                  \
                  sizeof((const struct hb_log_field[]){__VA_ARGS__}) / sizeof(struct hb_log_field))

#endif
