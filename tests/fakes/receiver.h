/* Job: a receiver of webhooks that misbehaves as it is told.
 *
 * Place: tests only. Raw sockets and OpenSSL in a thread of its own, one thread more for each connection, on 127.0.0.1
 * (it accepts on all local addresses). Each request takes the next step of the script; the last step repeats. Owns /
 * borrows: the script must live until _free. What it received is kept and copied out. Limits: FAKE_REQUESTS_MAX
 * requests are kept. Threads: the functions here from one thread.
 *
 * Example:
 *     static const struct fake_step script[] = {{.kind = FAKE_ANSWER, .status = 500}, {.kind = FAKE_ANSWER, .status =
 * 200}}; struct fake_receiver *receiver = fake_receiver_new(&(struct fake_receiver_options){.script = script, .count =
 * 2}); */
#ifndef TESTS_FAKES_RECEIVER_H
#define TESTS_FAKES_RECEIVER_H

#include <stdbool.h>
#include <stddef.h>

#define FAKE_REQUESTS_MAX 1024

enum fake_kind {
    FAKE_ANSWER,        /* status, headers, body */
    FAKE_HANG,          /* reads the request and says nothing */
    FAKE_HANG_IN_BODY,  /* status line, headers and half of the body, then nothing */
    FAKE_TRICKLE,       /* a byte of body each 100 ms, for ever */
    FAKE_ENDLESS,       /* a body without a length, for ever */
    FAKE_CHUNKED_10_GB, /* chunks up to 10 GB */
    FAKE_RESET,         /* reads the request, then RST */
    FAKE_RESET_IN_BODY, /* status line and half of the body, then RST */
    FAKE_CLOSE,         /* reads the request, then closes without a word */
    FAKE_CLOSE_AFTER,   /* answers and closes without saying so */
    FAKE_HUGE_HEADERS,  /* a status line, then headers for ever */
    FAKE_HUGE_STATUS,   /* a status line that does not end */
    FAKE_GARBAGE,       /* no HTTP */
    FAKE_ONLY_1XX,      /* 100 Continue again and again, then closes */
    FAKE_ONLY_1XX_HANG, /* 100 Continue, then nothing */
};

struct fake_step {
    enum fake_kind kind;
    int status;
    const char *headers; /* more header lines, each with CRLF; NULL: none */
    const char *body;    /* NULL: "ok" */
};

enum fake_tls {
    FAKE_PLAIN,
    FAKE_TLS_GOOD, /* signed by the authority in fake_ca_file, for `name` and 127.0.0.1 */
    FAKE_TLS_EXPIRED,
    FAKE_TLS_SELF_SIGNED,
    FAKE_TLS_WRONG_HOST, /* for another name */
    FAKE_TLS_STALL,      /* accepts the connection and never answers the handshake */
};

struct fake_receiver_options {
    const struct fake_step *script; /* NULL: 200 always */
    size_t count;
    enum fake_tls tls;
    const char *name; /* in the certificate; NULL: "localhost" */
};

struct fake_receiver;
/* Aborts if it cannot listen. */
struct fake_receiver *fake_receiver_new(const struct fake_receiver_options *options);
void fake_receiver_free(struct fake_receiver *receiver);
int fake_receiver_port(const struct fake_receiver *receiver);
/* "http://127.0.0.1:PORT/hooks" or https; valid until _free. */
const char *fake_receiver_url(const struct fake_receiver *receiver);
/* Whole requests and connections so far, and bytes sent. */
size_t fake_receiver_requests(struct fake_receiver *receiver);
size_t fake_receiver_connections(struct fake_receiver *receiver);
/* Request i as it came, headers and body, to be freed; NULL if there is none. */
char *fake_receiver_request(struct fake_receiver *receiver, size_t i, size_t *ret_bytes);
/* A file with the certificate of the authority that signs the good ones; made at the first use. */
const char *fake_ca_file(void);

#endif
