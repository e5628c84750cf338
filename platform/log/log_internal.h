/* Job: what the files of this folder share: a line's text, a sink's descriptor. Place: private to platform/log. */
#ifndef PLATFORM_LOG_LOG_INTERNAL_H
#define PLATFORM_LOG_LOG_INTERNAL_H

#include "platform/log/log.h"

#define HB_LOG_LINE_BYTES_MAX ((size_t)8192)
#define HB_LOG_WAITING_BYTES_MAX ((size_t)1 << 20)

/* Where bytes go. */
struct hb_log_sink {
    int fd;        /* -1: nowhere */
    bool is_ours;  /* opened anew by us, so that O_NONBLOCK does not leak into others' descriptors */
    bool is_socket;
    bool may_wait; /* a write can wait (a plain file, or what cannot be opened anew): by a thread only */
};

/* Never fails: a descriptor that is not open is a sink that takes nothing. */
void hb_log_sink_open(struct hb_log_sink *sink, int fd);
void hb_log_sink_close(struct hb_log_sink *sink);
/* Bytes written; 0: try later; -1: it cannot be written (disk full, reader gone). Waits only where may_wait says so. */
long hb_log_sink_write(const struct hb_log_sink *sink, struct hb_str bytes);
/* Waits up to timeout_ms until something can be written. */
void hb_log_sink_wait(const struct hb_log_sink *sink, int timeout_ms);

/* out.c: bytes on their way to a sink. */
struct hb_log_out {
    struct hb_buf bytes;
    size_t written;        /* bytes at the front that are out already */
    bool is_inside_a_line; /* the last byte out was not a line's end */
    bool needs_break;      /* and the rest of that line is lost */
    uint64_t lost;         /* lines the sink refused */
};
size_t hb_log_out_waiting(const struct hb_log_out *out);
/* Writes until nothing is left or the sink takes no more. */
void hb_log_out_write(struct hb_log_out *out, const struct hb_log_sink *sink);

/* writer.c: a thread that writes where a write can wait. HB_ERR_MEMORY; HB_ERR_IO: no thread or descriptor left. */
struct hb_log_writer;
HB_MUST_USE enum hb_err hb_log_writer_new(int fd, struct hb_log_writer **ret_writer);
/* Bytes still in the writer's hands; 0: it is free, and ret_lost is how many lines it lost of the last ones. Never
 * waits for the disk. */
size_t hb_log_writer_take_back(struct hb_log_writer *writer, uint64_t *ret_lost);
/* Hands all of `bytes` to a free writer; what comes back in their place is empty. */
void hb_log_writer_give(struct hb_log_writer *writer, struct hb_buf *bytes);
/* Waits up to timeout_ms until the writer is free. */
void hb_log_writer_wait(struct hb_log_writer *writer, int timeout_ms);
/* A writer whose disk hangs is left behind: it ends by itself when the write returns. */
void hb_log_writer_free(struct hb_log_writer **writer);

/* hb_log_new with a writer's thread, whatever the descriptor is: for tests, which make a pipe of a hanging disk. */
HB_MUST_USE enum hb_err hb_log_new_threaded(int fd, enum hb_log_level least, struct hb_wall (*now)(void *user),
                                            void *user, struct hb_log **ret_log);

/* What a line says besides its fields. */
struct hb_log_line {
    struct hb_wall at;
    const char *level;
    const char *event;
};
/* Appends a whole line; a field too long for it is left out and said so by "cut":true. Buffer errors come back. */
HB_MUST_USE enum hb_err hb_log_line_add(struct hb_buf *buf, const struct hb_log_line *line,
                                        const struct hb_log_context *context, const struct hb_log_field *fields,
                                        size_t count);

#endif
