/* Requests that MHD refuses by itself, in HTML and without a type: a first line or headers that are too long or none, a
 * length or a chunk that is no number, another version of HTTP. It has no option for what it says then; but it queues
 * that answer by its own public MHD_queue_response, and a function of that name in the program takes the place of the
 * library's for the library, too (the ordinary rule of shared objects). So ours stands here: the room's own answers go
 * on to the library's, what comes from inside the library becomes a problem. Where the library calls itself past the
 * linker (-Bsymbolic), nothing is lost but that: its HTML is sent as before, which a test would tell. */
#include "platform/http_server/http_server_internal.h"

#include <dlfcn.h>

static const struct {
    unsigned status;
    const char *slug, *title;
} PROBLEMS[] = {
    {413, "body_too_large", "Content Too Large"},
    {414, "path_too_long", "URI Too Long"},
    {431, "headers_too_large", "Request Header Fields Too Large"},
    {500, "own_trouble", "Internal Server Error"},
    {505, "version_not_supported", "HTTP Version Not Supported"},
    {400, "bad_request", "Bad Request"}, /* and for what is not in this table */
};

static size_t problem_of(unsigned status)
{
    size_t i = 0;
    while (i + 1 < sizeof(PROBLEMS) / sizeof(*PROBLEMS) && PROBLEMS[i].status != status) {
        i++;
    }
    return i;
}

bool hb_http_refusal_init(struct hb_http_server *server)
{
    void *found = dlsym(RTLD_NEXT, "MHD_queue_response");
    memcpy(&server->queue, &found, sizeof(server->queue)); /* C has no cast from an object's address to a function's */
    return found != NULL;
}

enum MHD_Result hb_http_queue(struct hb_http_call *call, struct MHD_Response *response)
{
    return call->server->queue(call->mhd, call->status, response);
}

/* Inside TLS nothing can be written past MHD. */
static enum MHD_Result queue_problem(const struct hb_http_conn *conn, struct MHD_Connection *mhd, unsigned status)
{
    const size_t problem = problem_of(status);
    const struct hb_http_problem_words words = {
        .status = (int)status, .slug = PROBLEMS[problem].slug, .title = PROBLEMS[problem].title};
    struct hb_buf text = hb_buf_make(256);
    struct MHD_Response *response = NULL;
    if (hb_http_problem_line(&words, &text) == HB_OK) {
        response = MHD_create_response_from_buffer(text.len, text.ptr, MHD_RESPMEM_MUST_COPY);
    }
    hb_buf_deinit(&text);
    if (!response) {
        return MHD_NO;
    }
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, HB_HTTP_PROBLEM_TYPE);
    enum MHD_Result result = conn->server->queue(mhd, status, response);
    MHD_destroy_response(response);
    return result;
}

/* Headers whole, but no call: MHD (0.9.75) refuses a length that is no number, forgets that it has, and sends its
 * headers twice. */
static bool is_sent_twice(const struct hb_http_conn *conn, struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    bool has_call = false;
    for (const struct hb_http_call *call = conn->server->calls; call && !has_call; call = call->next) {
        has_call = call->conn == conn;
    }
    return info && info->header_size > 0 && !has_call;
}

/* Called by the library alone. MHD_NO: it closes the connection. */
enum MHD_Result MHD_queue_response(struct MHD_Connection *mhd, unsigned status, struct MHD_Response *response)
{
    struct hb_http_conn *conn = hb_http_conn_of(mhd);
    (void)response; /* stays the library's */
    if (!conn) {
        return MHD_NO;
    }
    if (conn->server->tls_cert) {
        return is_sent_twice(conn, mhd) ? MHD_NO : queue_problem(conn, mhd, status);
    }
    const size_t problem = problem_of(status);
    hb_http_send_canned(conn->fd, (int)status, PROBLEMS[problem].slug, PROBLEMS[problem].title);
    conn->must_linger = true;
    return MHD_NO;
}
