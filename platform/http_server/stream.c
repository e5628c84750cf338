/* Answers in pieces, as long as the room likes: MHD asks for bytes, and is suspended while there are none. */
#include "platform/http_server/http_server_internal.h"

#define BLOCK_BYTES ((size_t)16 * 1024)

static ssize_t read_stream(void *user, uint64_t position, char *buffer, size_t max)
{
    (void)position;
    struct hb_http_call *call = user;
    size_t waiting = call->stream.len - call->stream_sent;
    if (waiting == 0) {
        if (call->is_stream_ended) {
            return MHD_CONTENT_READER_END_OF_STREAM;
        }
        if (call->server->is_freeing) {
            return MHD_CONTENT_READER_END_WITH_ERROR;
        }
        hb_http_call_suspend(call);
        return 0;
    }
    size_t count = waiting < max ? waiting : max;
    memcpy(buffer, call->stream.ptr + call->stream_sent, count);
    call->stream_sent += count;
    if (call->stream_sent == call->stream.len) {
        hb_buf_clear(&call->stream);
        call->stream_sent = 0;
    }
    return (ssize_t)count;
}

enum hb_err hb_http_call_begin(struct hb_http_call *call, int status, const char *content_type)
{
    struct MHD_Response *response = NULL;
    if (!call->mhd) {
        return HB_ERR_CLOSED; /* still to be ended or answered by the caller */
    }
    response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, read_stream, call, NULL);
    if (!response) {
        return HB_ERR_MEMORY;
    }
    hb_http_add_headers(call, response, content_type);
    call->is_stream = true;
    hb_http_call_settle(call, (unsigned)status, response);
    return HB_OK;
}

/* Moves what waits to the front, so that the sent part's room is used again. */
static void compact(struct hb_http_call *call)
{
    size_t waiting = call->stream.len - call->stream_sent;
    if (call->stream_sent > 0 && call->stream_sent >= call->stream.len / 2) {
        memmove(call->stream.ptr, call->stream.ptr + call->stream_sent, waiting);
        call->stream.len = waiting;
        call->stream_sent = 0;
    }
}

enum hb_err hb_http_call_more(struct hb_http_call *call, struct hb_str piece)
{
    HB_ASSERT(call->is_stream && !call->is_stream_ended);
    if (call->is_gone || !call->mhd) {
        return HB_ERR_CLOSED;
    }
    compact(call);
    enum hb_err err = hb_buf_add(&call->stream, piece);
    if (!err && piece.len > 0) {
        hb_http_call_resume(call);
    }
    return err;
}

void hb_http_call_end(struct hb_http_call *call)
{
    if (!call->is_stream) {
        call->is_stream = true; /* begin failed: nothing was said, so nothing is sent */
        call->is_stream_ended = true;
        call->server->open_calls--;
        call->is_answered = true;
        if (!call->mhd) {
            hb_http_call_free(call);
        } else {
            hb_http_call_resume(call);
        }
        return;
    }
    HB_ASSERT(!call->is_stream_ended);
    call->is_stream_ended = true;
    call->server->open_calls--;
    if (!call->mhd) {
        hb_http_call_free(call);
    } else {
        hb_http_call_resume(call);
    }
}
