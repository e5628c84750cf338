#include "platform/http_client/internal.h"

#include "core/headers.h"

#include <stdio.h>
#include <stdlib.h>

#define LOCATION_BYTES_MAX HB_WEBHOOK_URL_MAX
/* Answers are short, and thousands of requests are under way: libcurl's own choice of 16 and 64 KiB each would be most
 * of our memory. */
#define READ_BUFFER_BYTES 4096L
#define SEND_BUFFER_BYTES 16384L /* libcurl's least */

/* The options no request changes. What keeps us safe stands here, once. */
static void set_invariants(struct hb_http_request *request)
{
    CURL *easy = request->easy;
    struct hb_http_client *client = request->client;
    (void)curl_easy_setopt(easy, CURLOPT_PRIVATE, request);
    (void)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, request->error_text);
    (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, READ_BUFFER_BYTES);
    (void)curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, SEND_BUFFER_BYTES);
    (void)curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(easy, CURLOPT_NOPROXY, ""); /* else it asks the environment, each time */
    (void)curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    (void)curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    (void)curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L);
    (void)curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, -1L);
    (void)curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long)client->options.kept_idle_s);
    (void)curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, client->options.kept_connections_max > 0 ? 0L : 1L);
    (void)curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    (void)curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, request);
    (void)curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close_socket);
    (void)curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, client);
    (void)curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_prereq);
    (void)curl_easy_setopt(easy, CURLOPT_PREREQDATA, request);
    (void)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    (void)curl_easy_setopt(easy, CURLOPT_HEADERDATA, request);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, request);
    (void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, &request->header_node);
    (void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    (void)curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    (void)curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
    (void)curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    (void)curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, trust_use);
    (void)curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, client->trust);
}

static struct hb_http_request *request_new(struct hb_http_client *client)
{
    struct hb_http_request *request = calloc(1, sizeof(*request));
    if (request == NULL) {
        return NULL;
    }
    request->client = client;
    request->opened_fd = -1;
    request->easy = curl_easy_init();
    if (request->easy == NULL) {
        free(request);
        return NULL;
    }
    request->header_text = hb_buf_make(HB_HTTP_REQUEST_HEADER_BYTES_MAX);
    request->location = hb_buf_make(LOCATION_BYTES_MAX);
    request->deadline.fn = exchange_on_deadline;
    request->deadline.user = request;
    request->connect_to_node.data = request->connect_to_text;
    request->no_type_node.data = request->no_type_text;
    memcpy(request->no_type_text, NO_TYPE, sizeof(NO_TYPE));
    set_invariants(request);
    return request;
}

void request_free(struct hb_http_request *request)
{
    curl_easy_cleanup(request->easy);
    hb_buf_deinit(&request->header_text);
    hb_buf_deinit(&request->location);
    free(request->body_kept);
    free(request);
}

struct hb_http_request *request_take(struct hb_http_client *client)
{
    struct hb_http_request *request = client->free_first;
    if (request != NULL) {
        client->free_first = request->list_next;
        request->list_next = NULL;
        return request;
    }
    return request_new(client);
}

void request_give_back(struct hb_http_request *request)
{
    struct hb_http_client *client = request->client;
    if (request->target != NULL) {
        hb_http_target_unref(&request->target);
    }
    request->state = REQUEST_FREE;
    request->list_next = client->free_first;
    client->free_first = request;
}

static enum hb_err add_header(struct hb_buf *text, struct hb_name_value header)
{
    size_t needed = header.name.len + header.value.len + 4;
    enum hb_err err = hb_buf_reserve(text, needed);
    if (err != HB_OK) {
        return err;
    }
    char *to = text->ptr + text->len;
    memcpy(to, header.name.ptr, header.name.len);
    to += header.name.len;
    *to++ = ':';
    *to++ = ' ';
    if (header.value.len > 0) {
        memcpy(to, header.value.ptr, header.value.len);
    }
    to += header.value.len;
    *to++ = '\r';
    *to = '\n';
    text->len += needed;
    return HB_OK;
}

/* All headers of the request as one string, the type first: libcurl writes it as it is and searches one element instead
 * of ten, several times a request. */
static enum hb_err build_headers(struct hb_http_request *request, const struct hb_http_request_spec *spec)
{
    struct hb_buf *text = &request->header_text;
    size_t type = spec->headers_count;
    hb_buf_clear(text);
    for (size_t i = 0; i < spec->headers_count; i++) {
        if (!hb_header_is_safe(spec->headers[i])) {
            return HB_ERR_INVALID;
        }
        if (spec->headers[i].name.len == 12 && hb_str_eq_nocase(spec->headers[i].name, HB_STR("Content-Type"))) {
            type = i;
        }
    }
    enum hb_err err = type < spec->headers_count ? add_header(text, spec->headers[type]) : HB_OK;
    for (size_t i = 0; err == HB_OK && i < spec->headers_count; i++) {
        if (i != type) {
            err = add_header(text, spec->headers[i]);
        }
    }
    if (err != HB_OK) {
        return err == HB_ERR_FULL ? HB_ERR_INVALID : err;
    }
    struct curl_slist *tail = &request->target->header_node;
    request->no_type_node.next = tail;
    if (text->len == 0) {
        request->header_node.data = request->no_type_node.data;
        request->header_node.next = tail;
        return HB_OK;
    }
    text->ptr[text->len - 2] = '\0'; /* libcurl ends the line itself */
    request->header_node.data = text->ptr;
    request->header_node.next = type < spec->headers_count ? tail : &request->no_type_node;
    return HB_OK;
}

static void set_method(struct hb_http_request *request, const char *method)
{
    if (request->method != NULL && strcmp(request->method, method) == 0) {
        return;
    }
    bool is_get = strcmp(method, "GET") == 0;
    (void)curl_easy_setopt(request->easy, is_get ? CURLOPT_HTTPGET : CURLOPT_POST, 1L);
    (void)curl_easy_setopt(request->easy, CURLOPT_CUSTOMREQUEST, is_get || strcmp(method, "POST") == 0 ? NULL : method);
    request->method = method;
}

enum hb_err request_prepare(struct hb_http_request *request, const struct hb_http_request_spec *spec)
{
    CURL *easy = request->easy;
    request->target = hb_http_target_ref(spec->target);
    request->shard = spec->target->shard;
    request->done = spec->done;
    request->user = spec->user;
    enum hb_err err = build_headers(request, spec);
    if (err != HB_OK) {
        return err;
    }
    if (request->url_serial != spec->target->serial) {
        request->url_serial = 0;
        if (curl_easy_setopt(easy, CURLOPT_URL, spec->target->url_text) != CURLE_OK) {
            return HB_ERR_MEMORY;
        }
        request->url_serial = spec->target->serial;
    }
    set_method(request, spec->method);
    if (strcmp(spec->method, "GET") != 0) {
        (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)spec->body.len);
        (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDS, spec->body.len > 0 ? spec->body.ptr : "");
    }
    return HB_OK;
}

/* "[::1]:443" or "127.0.0.1:443" by hand: with many destinations this runs for each request. */
static void write_peer(struct hb_http_request *request, bool is_v6)
{
    size_t len = strlen(request->pinned_text);
    char *to = request->peer_text;
    if (is_v6) {
        *to++ = '[';
    }
    memcpy(to, request->pinned_text, len);
    to += len;
    if (is_v6) {
        *to++ = ']';
    }
    memcpy(to, request->target->port_text, sizeof(request->target->port_text));
}

void request_pin(struct hb_http_request *request, const struct hb_address *address)
{
    const struct hb_http_target *target = request->target;
    bool is_connect_to = !target->url.is_literal;
    if (request->pinned_text[0] == '\0' || target->url.port != request->pinned_port ||
        memcmp(&request->pinned, address, sizeof(*address)) != 0) {
        request->pinned = *address;
        request->pinned_port = target->url.port;
        hb_address_format(address, request->pinned_text);
        write_peer(request, address->is_v6);
        request->is_connect_to_written = false;
    }
    if (is_connect_to && !request->is_connect_to_written) {
        request->is_connect_to_written = true;
        (void)snprintf(request->connect_to_text, sizeof(request->connect_to_text),
                       address->is_v6 ? "::[%s]:" : "::%s:", request->pinned_text);
    }
    if (is_connect_to != request->is_connect_to) {
        request->is_connect_to = is_connect_to;
        (void)curl_easy_setopt(request->easy, CURLOPT_CONNECT_TO, is_connect_to ? &request->connect_to_node : NULL);
    }
}
