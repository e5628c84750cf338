/* Bytes on their way to a sink: what is lost of them, and on which line the next ones begin. */
#include "platform/log/log_internal.h"

size_t hb_log_out_waiting(const struct hb_log_out *out)
{
    return out->bytes.len - out->written;
}

static void forget_written(struct hb_log_out *out)
{
    size_t left = hb_log_out_waiting(out);
    if (left > 0) {
        memmove(out->bytes.ptr, out->bytes.ptr + out->written, left);
    }
    out->bytes.len = left;
    out->written = 0;
}

/* The descriptor refuses: what waits is lost, and counted. Later lines are tried anew, on a line of their own. */
static void drop_waiting(struct hb_log_out *out)
{
    for (size_t i = out->written; i < out->bytes.len; i++) {
        out->lost += out->bytes.ptr[i] == '\n';
    }
    hb_buf_clear(&out->bytes);
    out->written = 0;
    out->needs_break = out->is_inside_a_line;
}

/* Ends a line whose rest was lost; false: not now. */
static bool write_break(struct hb_log_out *out, const struct hb_log_sink *sink)
{
    if (out->needs_break && hb_log_sink_write(sink, HB_STR("\n")) == 1) {
        out->needs_break = false;
        out->is_inside_a_line = false;
    }
    return !out->needs_break;
}

void hb_log_out_write(struct hb_log_out *out, const struct hb_log_sink *sink)
{
    while (hb_log_out_waiting(out) > 0) {
        if (!write_break(out, sink)) {
            break;
        }
        long count =
            hb_log_sink_write(sink, hb_str_n(out->bytes.ptr + out->written, hb_log_out_waiting(out)));
        if (count < 0) {
            drop_waiting(out);
            return;
        }
        if (count == 0) {
            break;
        }
        out->written += (size_t)count;
        out->is_inside_a_line = out->bytes.ptr[out->written - 1] != '\n';
    }
    forget_written(out);
}
