/* Job: what came of one HTTP request: the facts, before anybody judges them.
 *
 * Made by platform/http_client, read by core/judge. A value; its strings live until the request's callback returns.
 * `enum hb_failure` says how far the request came when no final status line arrived. */
#ifndef HOOKBUS_ANSWER_H
#define HOOKBUS_ANSWER_H

#include "hookbus/bytes.h"
#include "hookbus/time.h"

/* HB_FAILURE(NAME, text, is_overload, is_ours): is_overload: a signal for the webhook's window (core/window.h);
 * is_ours: our own trouble, never charged to the webhook. */
#define HB_FAILURES(X)                                                                             \
    X(NONE, "none", 0, 0)                                                                          \
    X(DNS_NOT_FOUND, "dns_not_found", 0, 0)                                                        \
    X(DNS_FAILED, "dns_failed", 0, 0)                                                              \
    X(DNS_TIMEOUT, "dns_timeout", 0, 0)                                                            \
    X(ADDRESS_BLOCKED, "address_blocked", 0, 0)                                                    \
    X(CONNECT_REFUSED, "connect_refused", 1, 0)                                                    \
    X(CONNECT_UNREACHABLE, "connect_unreachable", 1, 0)                                            \
    X(CONNECT_TIMEOUT, "connect_timeout", 1, 0)                                                    \
    X(TLS_EXPIRED, "tls_expired", 1, 0)                                                            \
    X(TLS_UNTRUSTED, "tls_untrusted", 1, 0)                                                        \
    X(TLS_WRONG_HOST, "tls_wrong_host", 1, 0)                                                      \
    X(TLS_FAILED, "tls_failed", 1, 0)                                                              \
    X(TIMEOUT, "timeout", 1, 0)                                                                    \
    X(RESET, "connection_reset", 1, 0)                                                             \
    X(UNREADABLE, "answer_unreadable", 0, 0)                                                       \
    X(HEADERS_TOO_LARGE, "answer_headers_too_large", 0, 0)                                         \
    X(REQUEST_REFUSED, "request_refused", 0, 0)                                                    \
    X(OURS, "own_trouble", 0, 1)                                                                   \
    X(ENDED_BY_US, "ended_by_us", 0, 1)

enum hb_failure {
#define HB_FAILURE_ENUM(name, text, overload, ours) HB_FAILURE_##name,
    HB_FAILURES(HB_FAILURE_ENUM)
#undef HB_FAILURE_ENUM
        HB_FAILURE_COUNT
};

/* No Retry-After header, or one that cannot be read. */
#define HB_NO_RETRY_AFTER INT64_C(-1)

struct hb_answer {
    enum hb_failure failure;    /* NONE: a status line arrived and decides */
    int status;                 /* 100..599; 0 without a status line */
    int64_t retry_after_ms;     /* >= 0, not yet clamped; HB_NO_RETRY_AFTER */
    struct hb_str location;     /* of a 3xx; empty otherwise */
    struct hb_str body;         /* the kept beginning of the body */
    struct hb_str detail;       /* what the library said, for the operator; never a secret or a URL */
    char address[64];           /* "192.0.2.1:443", the peer, or "" */
    int64_t duration_us;        /* from start to end */
    int64_t resolve_us;         /* waiting for the name; 0 when cached */
    int64_t connect_us;         /* until the connection stood, TLS included; 0 on a kept one */
    int requests;               /* addresses tried */
    bool is_body_cut;           /* the body was cut off, too large or unfinished: says nothing about the outcome */
    bool is_kept_connection;
};

/* The stable word of a failure ("connect_refused"). */
const char *hb_failure_text(enum hb_failure failure);
/* Whether it is a sign of overload at the receiver / our own trouble. */
bool hb_failure_is_overload(enum hb_failure failure);
bool hb_failure_is_ours(enum hb_failure failure);

#endif
