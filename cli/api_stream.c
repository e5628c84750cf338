#include "cli/api_stream.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/api_problem.h"
#include "core/url.h"

#define LINE_MAX_BYTES ((size_t)1024 * 1024)
#define HEAD_MAX_BYTES ((size_t)32 * 1024)
#define REQUEST_MAX_BYTES 4096

struct reader {
    int fd;
    char buf[16384];
    size_t at, end;
    bool is_chunked;
    size_t left;     /* of the chunk */
};

static int dial(struct hb_cli *cli, const struct hb_url *url)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    char host[HB_URL_HOST_MAX + 1], port[8];
    int fd = -1;

    (void)snprintf(host, sizeof(host), "%.*s", HB_ARG(url->host));
    (void)snprintf(port, sizeof(port), "%u", url->port);
    if (getaddrinfo(host, port, &hints, &found) != 0) {
        (void)hb_cli_fail(cli, HB_ERR_AWAY, "the api's host %s cannot be resolved", host);
        return -1;
    }
    for (struct addrinfo *at = found; at && fd < 0; at = at->ai_next) {
        fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol);
        if (fd >= 0 && connect(fd, at->ai_addr, at->ai_addrlen) != 0) {
            (void)close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(found);
    if (fd < 0) {
        (void)hb_cli_fail(cli, HB_ERR_AWAY, "the api at %s:%s cannot be reached: %s", host, port, strerror(errno));
    }
    return fd;
}

/* The next raw byte, or -1 at the end. */
static int next_raw(struct reader *reader)
{
    if (reader->at == reader->end) {
        ssize_t got;

        do {
            got = read(reader->fd, reader->buf, sizeof(reader->buf));
        } while (got < 0 && errno == EINTR);
        if (got <= 0) {
            return -1;
        }
        reader->at = 0;
        reader->end = (size_t)got;
    }
    return (unsigned char)reader->buf[reader->at++];
}

/* A line of the head or of the chunk framing, without its end. */
static bool read_head_line(struct reader *reader, struct hb_buf *ret_line)
{
    int c;

    hb_buf_clear(ret_line);
    while ((c = next_raw(reader)) >= 0 && c != '\n') {
        if (c != '\r' && hb_buf_add_char(ret_line, (char)c)) {
            return false;
        }
    }
    return c == '\n';
}

static bool next_chunk(struct reader *reader)
{
    struct hb_buf line = hb_buf_make(128);
    bool is_there = read_head_line(reader, &line) && (line.len > 0 || read_head_line(reader, &line)) && line.len > 0 &&
                    !hb_buf_add_char(&line, '\0');

    reader->left = is_there ? strtoul(line.ptr, NULL, 16) : 0;
    hb_buf_deinit(&line);
    return reader->left > 0;
}

/* The next byte of the body, or -1. */
static int next_byte(struct reader *reader)
{
    if (reader->is_chunked && reader->left == 0 && !next_chunk(reader)) {
        return -1;
    }
    if (reader->is_chunked) {
        reader->left--;
    }
    return next_raw(reader);
}

/* Status, or 0. */
static int read_head(struct reader *reader)
{
    struct hb_buf line = hb_buf_make(HEAD_MAX_BYTES);
    int status = 0;

    if (read_head_line(reader, &line) && line.len > 12 && !hb_buf_add_char(&line, '\0')) {
        status = (int)strtol(line.ptr + 9, NULL, 10);
    }
    while (status && read_head_line(reader, &line) && line.len > 0) {
        struct hb_str rest = hb_buf_str(&line), name;

        if (hb_str_split(&rest, ':', &name) && hb_str_eq_nocase(name, HB_STR("Transfer-Encoding"))) {
            reader->is_chunked = hb_str_eq_nocase(hb_str_trim(rest), HB_STR("chunked"));
        }
    }
    hb_buf_deinit(&line);
    return status;
}

static enum hb_err send_request(struct hb_cli *cli, const struct hb_api *api, const struct hb_url *url,
                                const char *path, int fd)
{
    struct hb_buf request = hb_buf_make(REQUEST_MAX_BYTES);
    enum hb_err err = hb_buf_addf(
        &request,
        "GET %s HTTP/1.1\r\nHost: %.*s:%u\r\nAuthorization: Bearer %s\r\nAccept: application/x-ndjson\r\n\r\n", path,
        HB_ARG(url->host), url->port, hb_api_key(api));

    if (!err && send(fd, request.ptr, request.len, MSG_NOSIGNAL) != (ssize_t)request.len) {
        err = hb_cli_fail(cli, HB_ERR_AWAY, "the api went away");
    }
    hb_buf_deinit(&request);
    return err;
}

static enum hb_err read_lines(struct reader *reader, bool (*fn)(void *user, struct hb_str line), void *user)
{
    struct hb_buf line = hb_buf_make(LINE_MAX_BYTES);
    enum hb_err err = HB_OK;
    int c;

    while (!err && (c = next_byte(reader)) >= 0) {
        if (c != '\n') {
            err = hb_buf_add_char(&line, (char)c);
            continue;
        }
        if (line.len > 0 && !fn(user, hb_buf_str(&line))) {
            break;
        }
        hb_buf_clear(&line);
    }
    hb_buf_deinit(&line);
    return err;
}

static enum hb_err read_problem(struct hb_cli *cli, struct reader *reader, int status)
{
    struct hb_buf body = hb_buf_make(HEAD_MAX_BYTES);
    enum hb_err err;
    int c;

    /* The api keeps the connection open: a problem is one JSON object, so it ends with its last brace. */
    while ((c = next_byte(reader)) >= 0 && !hb_buf_add_char(&body, (char)c) && c != '}') {
    }
    err = hb_api_problem(status, hb_buf_str(&body), &cli->error);
    hb_buf_deinit(&body);
    return err;
}

enum hb_err hb_api_stream(struct hb_cli *cli, const struct hb_api *api, const char *path,
                          bool (*fn)(void *user, struct hb_str line), void *user)
{
    struct reader *reader = calloc(1, sizeof(*reader));
    struct hb_url url;
    enum hb_err err = reader ? hb_url_parse(hb_str_c(hb_api_url(api)), &url, &cli->error) : HB_ERR_MEMORY;

    if (!err && url.is_https) {
        err = hb_cli_fail(cli, HB_ERR_CONFIG,
                          "a live tail needs a plain http api; 'hookbus event list' works over https");
    }
    if (!err) {
        reader->fd = dial(cli, &url);
        err = reader->fd < 0 ? cli->error.code : send_request(cli, api, &url, path, reader->fd);
    }
    if (!err) {
        int status = read_head(reader);

        err = status == 0 ? hb_cli_fail(cli, HB_ERR_AWAY, "the api's answer cannot be read")
              : status >= 400 ? read_problem(cli, reader, status) : read_lines(reader, fn, user);
    }
    if (reader && reader->fd > 0) {
        (void)close(reader->fd);
    }
    free(reader);
    return err;
}
