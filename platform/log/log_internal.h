/* Job: what the files of this folder share: a line's text, a sink's descriptor. Place: private to platform/log. */
#ifndef PLATFORM_LOG_LOG_INTERNAL_H
#define PLATFORM_LOG_LOG_INTERNAL_H

#include "platform/log/log.h"

#define HB_LOG_LINE_BYTES_MAX ((size_t)8192)
#define HB_LOG_WAITING_BYTES_MAX ((size_t)1 << 20)

/* Where bytes go, without ever waiting. */
struct hb_log_sink {
    int fd;        /* -1: nowhere */
    bool is_ours;  /* opened anew by us, so that O_NONBLOCK does not leak into others' descriptors */
    bool is_socket;
};

/* Never fails: a descriptor that is not open is a sink that takes nothing. */
void hb_log_sink_open(struct hb_log_sink *sink, int fd);
void hb_log_sink_close(struct hb_log_sink *sink);
/* Bytes written; 0: try later; -1: it cannot be written (disk full, reader gone). */
long hb_log_sink_write(const struct hb_log_sink *sink, struct hb_str bytes);
/* Waits up to timeout_ms until something can be written. */
void hb_log_sink_wait(const struct hb_log_sink *sink, int timeout_ms);

/* What a line says besides its fields. */
struct hb_log_line {
    struct hb_wall at;
    const char *level;
    const char *event;
};
/* Appends a whole line; a field too long for it is left out and said so by "cut":true. Buffer errors come back. */
HB_MUST_USE enum hb_err hb_log_line_add(struct hb_buf *buf, const struct hb_log_line *line, const struct hb_log_context *context,
                                        const struct hb_log_field *fields, size_t count);

#endif
