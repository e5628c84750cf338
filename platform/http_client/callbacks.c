#include "platform/http_client/internal.h"

#include "core/retry_after.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* "HTTP/1.1 200 …": libcurl has checked the form, or it would not be here. */
static int parse_status(struct hb_str line)
{
    const char *space = memchr(line.ptr, ' ', line.len);
    if (space == NULL || line.len - (size_t)(space - line.ptr) < 4) {
        return 0;
    }
    int status = 0;
    for (int i = 1; i <= 3; i++) {
        if (space[i] < '0' || space[i] > '9') {
            return 0;
        }
        status = status * 10 + (space[i] - '0');
    }
    return status;
}

/* A final status line decides; what follows it has little time left. */
static void on_status(struct hb_http_request *request, int status)
{
    request->answer.status = status;
    request->answer.retry_after_ms = HB_NO_RETRY_AFTER;
    hb_buf_clear(&request->location);
    request->is_final = status >= 200 || status == 101;
    if (!request->is_final) {
        return;
    }
    struct hb_http_client *client = request->client;
    int64_t rest_due_us = client_now_us(client) + HB_HTTP_REST_MS_MAX * HB_US_PER_MS;
    if (rest_due_us < request->due_us) {
        deadline_set(&client->deadlines, &request->deadline, rest_due_us);
    }
}

static bool read_field(struct hb_str line, struct hb_str name, struct hb_str *ret_value)
{
    if (line.len <= name.len || line.ptr[name.len] != ':' || !hb_str_eq_nocase(hb_str_n(line.ptr, name.len), name)) {
        return false;
    }
    struct hb_str value = hb_str_n(line.ptr + name.len + 1, line.len - name.len - 1);
    while (value.len > 0 && (value.ptr[value.len - 1] == '\r' || value.ptr[value.len - 1] == '\n')) {
        value.len--;
    }
    *ret_value = hb_str_trim(value);
    return true;
}

static void on_field(struct hb_http_request *request, struct hb_str line)
{
    struct hb_str value;
    int status = request->answer.status;
    if (status >= 300 && status < 400 && read_field(line, HB_STR("Location"), &value)) {
        hb_buf_clear(&request->location);
        if (hb_buf_add(&request->location, value) != HB_OK) {
            hb_buf_clear(&request->location); /* too long to be kept */
        }
    } else if (status >= 400 && read_field(line, HB_STR("Retry-After"), &value)) {
        request->answer.retry_after_ms = hb_retry_after_parse(value, hb_loop_wall(request->client->options.loop));
    }
}

size_t on_header(char *bytes, size_t size, size_t count, void *user)
{
    struct hb_http_request *request = user;
    struct hb_str line = hb_str_n(bytes, size * count);
    request->headers_bytes += line.len;
    if (line.len > 5 && memcmp(line.ptr, "HTTP/", 5) == 0) {
        on_status(request, parse_status(line));
    } else if (request->answer.status >= 300) {
        on_field(request, line);
    }
    return request->headers_bytes <= request->client->options.answer_headers_bytes_max ? line.len : 0;
}

size_t on_body(char *bytes, size_t size, size_t count, void *user)
{
    struct hb_http_request *request = user;
    const struct hb_http_client_options *options = &request->client->options;
    size_t total = size * count;
    if (request->body_kept == NULL && options->answer_kept_bytes_max > 0) {
        request->body_kept = malloc(options->answer_kept_bytes_max);
    }
    size_t kept = request->answer.body.len;
    size_t more = options->answer_kept_bytes_max - kept;
    more = more < total ? more : total;
    if (request->body_kept != NULL && more > 0) {
        memcpy(request->body_kept + kept, bytes, more);
        request->answer.body = hb_str_n(request->body_kept, kept + more);
    }
    request->body_bytes += total;
    return request->body_bytes <= options->answer_read_bytes_max ? total : 0;
}

/* Before each request, on new and on kept connections, after the TLS handshake. */
int on_prereq(void *user, char *peer, char *local, int peer_port, int local_port)
{
    (void)local;
    (void)local_port;
    struct hb_http_request *request = user;
    struct hb_http_client *client = request->client;
    struct hb_address address = request->pinned;
    bool is_known = strcmp(peer, request->pinned_text) == 0 || hb_address_parse(hb_str_c(peer), &address);
    if (!is_known || !hb_egress_allows(client->options.egress, &address, (uint16_t)peer_port)) {
        request->is_blocked = true;
        return CURL_PREREQFUNC_ABORT;
    }
    request->is_connected = true;
    slot_connected(request);
    request->connected_us = client_now_us(client);
    deadline_set(&client->deadlines, &request->deadline, request->due_us);
    return CURL_PREREQFUNC_OK;
}

static bool read_sockaddr(const struct curl_sockaddr *from, struct hb_address *ret_address, uint16_t *ret_port)
{
    *ret_address = (struct hb_address){.is_v6 = from->family == AF_INET6};
    if (from->family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)&from->addr;
        memcpy(ret_address->bytes, &v4->sin_addr, 4);
        *ret_port = ntohs(v4->sin_port);
        return true;
    }
    if (from->family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const void *)&from->addr;
        memcpy(ret_address->bytes, &v6->sin6_addr, 16);
        *ret_port = ntohs(v6->sin6_port);
        return true;
    }
    return false;
}

/* Where every connection begins: the address about to be dialled, whatever text led to it. */
curl_socket_t on_open_socket(void *user, curlsocktype purpose, struct curl_sockaddr *to)
{
    struct hb_http_request *request = user;
    struct hb_address address;
    uint16_t port = 0;
    if (purpose != CURLSOCKTYPE_IPCXN || !read_sockaddr(to, &address, &port) ||
        !hb_egress_allows(request->client->options.egress, &address, port)) {
        request->is_blocked = true;
        return CURL_SOCKET_BAD;
    }
    int fd = socket(to->family, to->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, to->protocol);
    if (fd < 0) {
        request->is_ours = errno != EAFNOSUPPORT;
        return CURL_SOCKET_BAD;
    }
    if (!slot_open(request->shard, fd, request)) {
        (void)close(fd);
        request->is_ours = true;
        return CURL_SOCKET_BAD;
    }
    request->is_opened = true;
    request->opened_fd = fd;
    request->client->stats.connections_opened++;
    return fd;
}

int on_close_socket(void *user, curl_socket_t fd)
{
    slot_close(user, fd);
    return close(fd);
}
