/* A call's life: headers, body, handler, answer, completion. */
#include "platform/http_server/http_server_internal.h"

#include <stdlib.h>

#define US_PER_S INT64_C(1000000)

static struct hb_http_call *new_call(struct hb_http_server *server, struct MHD_Connection *mhd,
                                     struct hb_http_conn *conn)
{
    struct hb_http_call *call = calloc(1, sizeof(*call));
    if (!call) {
        return NULL;
    }
    call->server = server;
    call->mhd = mhd;
    call->conn = conn;
    call->body = hb_buf_make(server->options.body_bytes_max);
    call->stream = hb_buf_make(HB_HTTP_STREAM_BYTES_MAX);
    call->next = server->calls;
    if (call->next) {
        call->next->previous = call;
    }
    server->calls = call;
    return call;
}

void hb_http_call_free(struct hb_http_call *call)
{
    if (call->previous) {
        call->previous->next = call->next;
    } else {
        call->server->calls = call->next;
    }
    if (call->next) {
        call->next->previous = call->previous;
    }
    if (call->response) {
        MHD_destroy_response(call->response);
    }
    while (call->texts) {
        struct hb_http_text *text = call->texts;
        call->texts = text->next;
        free(text);
    }
    call->server->bodies_bytes -= call->body_counted;
    hb_buf_deinit(&call->body);
    hb_buf_deinit(&call->stream);
    free(call);
}

void hb_http_call_suspend(struct hb_http_call *call)
{
    call->is_suspended = true;
    MHD_suspend_connection(call->mhd);
}

void hb_http_call_resume(struct hb_http_call *call)
{
    if (call->is_suspended && call->mhd) {
        call->is_suspended = false;
        MHD_resume_connection(call->mhd);
        hb_http_drive_soon(call->server);
    }
}

void hb_http_call_settle(struct hb_http_call *call, unsigned status, struct MHD_Response *response)
{
    HB_ASSERT(!call->is_answered); /* exactly once */
    call->is_answered = true;
    call->status = status;
    if (call->is_dispatched && !call->is_stream) {
        call->server->open_calls--;
    }
    if (!call->mhd) {
        if (response) {
            MHD_destroy_response(response);
        }
        if (!call->is_stream) {
            hb_http_call_free(call); /* nobody is left to hear it */
        }
        return;
    }
    call->response = response;
    hb_http_call_resume(call);
}

/* Room for `more` bytes of body within the server's total. */
static enum hb_err count_body(struct hb_http_call *call, size_t more)
{
    struct hb_http_server *server = call->server;
    size_t wanted = call->body.len + more;
    if (wanted <= call->body_counted) {
        return HB_OK;
    }
    size_t growth = wanted - call->body_counted;
    if (server->bodies_bytes + growth > server->options.bodies_bytes_max) {
        return HB_ERR_FULL;
    }
    server->bodies_bytes += growth;
    call->body_counted = wanted;
    return HB_OK;
}

static void refuse_full(struct hb_http_call *call)
{
    hb_http_call_add_header(call, "Retry-After", HB_STR("1"));
    hb_http_call_problem(call, 503, "busy", "Too many request bodies at a time",
                         "The server holds as many request bodies as it may; try again in a moment.", NULL, NULL);
}

static void refuse_large(struct hb_http_call *call)
{
    char should[64];
    struct hb_buf text = hb_buf_make(sizeof(should) - 1);
    text.ptr = should;
    text.capacity = sizeof(should);
    (void)!hb_buf_addf(&text, "at most %zu bytes", call->server->options.body_bytes_max);
    hb_http_call_problem(call, 413, "body_too_large", "Content Too Large", "The request body is larger than its limit.",
                         NULL, should);
}

/* Looks at the headers before any of the body is read; refuses by answering. */
static void admit(struct hb_http_call *call, const char *version)
{
    struct hb_str declared = hb_http_call_header(call, "Content-Length");
    uint64_t length = 0;
    const char *fault = hb_http_framing_fault(call, version);
    if (fault) {
        hb_http_call_problem(call, 400, "bad_request", "Bad Request", fault, NULL, NULL);
    } else if (declared.len == 0 || !hb_str_to_u64(declared, &length)) {
        return; /* none, or chunked: counted as it comes */
    } else if (length > call->server->options.body_bytes_max) {
        refuse_large(call);
    } else if (length > 0 && (count_body(call, (size_t)length) || hb_buf_reserve(&call->body, (size_t)length))) {
        refuse_full(call);
    }
    if (call->is_answered) {
        hb_http_call_add_header(call, "Connection", HB_STR("close"));
        call->conn->must_linger = true;
    }
}

/* A body that outgrows a limit under way: MHD takes no answer in the middle of one, so we write it and close. */
static enum MHD_Result take_body(struct hb_http_call *call, const char *bytes, size_t *count)
{
    if (call->body.len + *count > call->server->options.body_bytes_max) {
        hb_http_conn_refuse(call->conn, 413, "body_too_large", "Content Too Large");
        return MHD_NO;
    }
    if (count_body(call, *count) != HB_OK || hb_buf_add(&call->body, hb_str_n(bytes, *count)) != HB_OK) {
        hb_http_conn_refuse(call->conn, 503, "busy", "Service Unavailable");
        return MHD_NO;
    }
    *count = 0;
    return MHD_YES;
}

static void refuse_route(struct hb_http_call *call, enum hb_http_route_result result, const struct hb_buf *allow)
{
    if (result == HB_HTTP_ROUTE_NO_METHOD) {
        hb_http_call_add_header(call, "Allow", hb_buf_str(allow));
        hb_http_call_problem(call, 405, "method_not_allowed", "Method Not Allowed", "The path has no such method.",
                             NULL, allow->ptr);
    } else if (result == HB_HTTP_ROUTE_NO_PATH) {
        hb_http_call_problem(call, 404, "no_such_path", "Not Found", "There is nothing at this path.", NULL, NULL);
    } else {
        hb_http_call_problem(call, 400, "bad_path", "Bad Request",
                             "The path has a percent sign without two hex digits.", "path", "%25 for a percent sign");
    }
}

static void dispatch(struct hb_http_call *call)
{
    call->is_dispatched = true;
    call->conn->is_receiving = false;
    call->conn->deadline_us = 0;
    call->server->open_calls++;
    call->is_in_handler = true;
    struct hb_buf allow = hb_buf_make(256);
    const struct hb_http_route *route = NULL;
    enum hb_http_route_result result = hb_http_route_find(call, &route, &allow);
    if (result == HB_HTTP_ROUTE_FOUND) {
        route->handler(route->user, call);
    } else {
        refuse_route(call, result, &allow);
    }
    hb_buf_deinit(&allow);
    call->is_in_handler = false;
}

static enum MHD_Result queue(struct hb_http_call *call)
{
    if (!call->response) {
        return MHD_NO; /* no memory for an answer: close */
    }
    struct MHD_Response *response = call->response;
    call->response = NULL;
    enum MHD_Result result = hb_http_queue(call, response);
    MHD_destroy_response(response);
    return result;
}

enum MHD_Result hb_http_call_access(void *user, struct MHD_Connection *mhd, const char *url, const char *method,
                                    const char *version, const char *upload, size_t *upload_size, void **context)
{
    struct hb_http_server *server = user;
    struct hb_http_call *call = *context;
    if (server->is_freeing) {
        return MHD_NO;
    }
    if (!call) {
        struct hb_http_conn *conn = hb_http_conn_of(mhd);
        call = conn ? new_call(server, mhd, conn) : NULL;
        if (!call) {
            return MHD_NO;
        }
        *context = call;
        call->method = method;
        call->url = url;
        admit(call, version);
        return call->is_answered ? queue(call) : MHD_YES;
    }
    if (*upload_size > 0) {
        return take_body(call, upload, upload_size);
    }
    if (!call->is_dispatched) {
        dispatch(call);
    }
    if (call->is_answered) {
        return queue(call);
    }
    hb_http_call_suspend(call);
    return MHD_YES;
}

void hb_http_call_completed(void *user, struct MHD_Connection *mhd, void **context,
                            enum MHD_RequestTerminationCode reason)
{
    (void)mhd;
    struct hb_http_server *server = user;
    struct hb_http_call *call = *context;
    if (!call) {
        return;
    }
    *context = NULL;
    struct hb_http_conn *conn = call->conn;
    conn->is_receiving = conn->is_receiving && reason != MHD_REQUEST_TERMINATED_COMPLETED_OK;
    /* Between requests the idle timeout is MHD's; a next request that dribbles in has its own time on top. */
    conn->deadline_us = hb_loop_mono(server->options.loop).us +
                        (server->options.idle_timeout_s + server->options.request_timeout_s) * US_PER_S;
    call->conn = NULL;
    call->mhd = NULL;
    call->is_suspended = false;
    bool is_over = call->is_stream ? call->is_stream_ended : call->is_answered || !call->is_dispatched;
    if (is_over) {
        hb_http_call_free(call);
    } else {
        call->is_gone = true;
    }
}
