/* Job: what follows from an answer: verdict and reason, as one value.
 *
 * Made by core/judge (from an answer) or by the room that decides not to send; read by settle, by attempt lines and
 * metrics. The table of reasons is the only place where a reason's word, verdict and weight stand. Owns: nothing; a
 * plain value. Fails: never. Threads: any.
 *
 * Example:
 *     struct hb_outcome outcome = hb_judge_run(answer);
 *     line_add(hb_verdict_recorded(outcome.verdict), hb_reason_text(outcome.reason)); */
#ifndef HOOKBUS_OUTCOME_H
#define HOOKBUS_OUTCOME_H

#include "hookbus/answer.h"

/* HB_VERDICT(NAME, text, recorded): `recorded` is the word in an attempt line, unless the schedule is used up
 * (core/fate.h). DELIVERED: done. RETRY: the attempt counts, again on the schedule. DEAD: refused for good. PARK: the
 * attempt is not charged (not sent, or our own trouble); it waits, parked. SKIPPED: selected, but not sent. */
#define HB_VERDICTS(X)                                                                                                 \
    X(DELIVERED, "delivered", "delivered")                                                                             \
    X(RETRY, "retry", "failed")                                                                                        \
    X(DEAD, "dead", "dead")                                                                                            \
    X(PARK, "park", "parked")                                                                                          \
    X(SKIPPED, "skipped", "skipped")

enum hb_verdict {
#define HB_VERDICT_ENUM(name, text, recorded) HB_VERDICT_##name,
    HB_VERDICTS(HB_VERDICT_ENUM)
#undef HB_VERDICT_ENUM
        HB_VERDICT_COUNT
};

/* HB_REASON(NAME, text, VERDICT, is_overload, help). The failures of answer.h have their rows under the same names:
 * core/judge holds one against the other at compile time. A new row goes to the end: a row's number stands in Redis
 * (retry/entry.h). */
#define HB_REASONS(X)                                                                                                  \
    X(NONE, "none", DELIVERED, 0, "The receiver answered 2xx.")                                                        \
    X(GONE, "gone", DEAD, 0, "410: the receiver wants nothing more; the webhook is disabled.")                         \
    X(TOO_MANY_REQUESTS, "too_many_requests", RETRY, 1, "429: the receiver asks for less.")                            \
    X(UNAVAILABLE, "unavailable", RETRY, 1, "503: the receiver is down or overloaded.")                                \
    X(BAD_GATEWAY, "bad_gateway", RETRY, 1, "502: the receiver's proxy did not reach it.")                             \
    X(GATEWAY_TIMEOUT, "gateway_timeout", RETRY, 1, "504: the receiver's proxy waited in vain.")                       \
    X(REQUEST_TIMEOUT, "request_timeout", RETRY, 0, "408: the receiver did not get the request in time.")              \
    X(TOO_EARLY, "too_early", RETRY, 0, "425: the receiver wants this request later.")                                 \
    X(REDIRECT, "redirect", RETRY, 0, "3xx: redirects are never followed; set the webhook's URL to the new place.")    \
    X(CLIENT_ERROR, "client_error", RETRY, 0, "Another 4xx: the receiver refused the request.")                        \
    X(SERVER_ERROR, "server_error", RETRY, 0, "Another 5xx: the receiver failed.")                                     \
    X(INFORMATIONAL_ONLY, "informational_only", RETRY, 0, "Only 1xx status lines came, never a final one.")            \
    X(UNKNOWN_STATUS, "unknown_status", RETRY, 0, "A status outside 100..599.")                                        \
    X(DNS_NOT_FOUND, "dns_not_found", RETRY, 0, "The host name does not exist or has no address.")                     \
    X(DNS_FAILED, "dns_failed", RETRY, 0, "The host name's servers failed or refused.")                                \
    X(DNS_TIMEOUT, "dns_timeout", RETRY, 0, "The host name's servers did not answer in time.")                         \
    X(ADDRESS_BLOCKED, "address_blocked", PARK, 0,                                                                     \
      "The host's address is not allowed (egress.allow); nothing was sent.")                                           \
    X(CONNECT_REFUSED, "connect_refused", RETRY, 1, "Nothing listens at the address.")                                 \
    X(CONNECT_UNREACHABLE, "connect_unreachable", RETRY, 1, "There is no way to the address.")                         \
    X(CONNECT_TIMEOUT, "connect_timeout", RETRY, 1, "No connection, TLS included, within the connect limit.")          \
    X(TLS_EXPIRED, "tls_expired", RETRY, 1, "The receiver's certificate has expired or is not valid yet.")             \
    X(TLS_UNTRUSTED, "tls_untrusted", RETRY, 1, "The receiver's certificate is signed by nobody we trust.")            \
    X(TLS_WRONG_HOST, "tls_wrong_host", RETRY, 1, "The receiver's certificate is for another name.")                   \
    X(TLS_FAILED, "tls_failed", RETRY, 1, "The TLS handshake failed.")                                                 \
    X(TIMEOUT, "timeout", RETRY, 1, "No final status line within the request's limit.")                                \
    X(RESET, "connection_reset", RETRY, 1, "The connection broke before a final status line.")                         \
    X(UNREADABLE, "answer_unreadable", RETRY, 0, "The answer is not HTTP.")                                            \
    X(HEADERS_TOO_LARGE, "answer_headers_too_large", RETRY, 0, "The answer's headers are larger than the limit.")      \
    X(REQUEST_REFUSED, "request_refused", DEAD, 0, "The webhook's own headers or request cannot be sent safely.")      \
    X(OURS, "own_trouble", PARK, 0, "Our own trouble: memory, descriptors, the resolver. Not the receiver's fault.")   \
    X(ENDED_BY_US, "ended_by_us", PARK, 0, "The request was ended by us, at shutdown.")                                \
    X(URL_REFUSED, "url_refused", PARK, 0, "The webhook's URL is not usable; nothing was sent.")                       \
    X(SECRET_DAMAGED, "secret_damaged", SKIPPED, 0, "The webhook's own secret cannot be opened.")                      \
    X(PAUSED, "paused", PARK, 0, "The webhook is paused by an operator.")                                              \
    X(GOVERNED, "governed", PARK, 0, "The webhook is ordered or rate-limited: the retry queue sends it.")              \
    X(DISABLED, "disabled", SKIPPED, 0, "The webhook is disabled.")                                                    \
    X(WEBHOOK_DELETED, "webhook_deleted", SKIPPED, 0, "The webhook was deleted meanwhile.")                            \
    X(DUPLICATE_ID, "duplicate_id", SKIPPED, 0, "The same event id was met before with the same data.")                \
    X(CONFLICTING_ID, "conflicting_id", SKIPPED, 0, "The same event id was met before with other data.")               \
    X(UNKNOWN_STORE, "unknown_store", SKIPPED, 0, "The event's store is not in the registry.")                         \
    X(UNREADABLE_EVENT, "unreadable", SKIPPED, 0, "The record is not an event we can read.")                           \
    X(TOO_LARGE, "too_large", SKIPPED, 0, "The rendered request is larger than its limit.")                            \
    X(NOT_SENT, "not_sent", PARK, 0, "Our own trouble kept us from sending: memory or a full queue.")                  \
    X(FILTER_TOO_COSTLY, "filter_too_costly", SKIPPED, 0,                                                              \
      "The webhook's filter would have to look at this event's data too often; nothing says that it does not match.")  \
    X(RESTING, "resting", PARK, 0, "The webhook rests: its receiver was overloaded or away; it waits for the probe.")  \
    X(QUEUE_FULL, "queue_full", PARK, 0, "More waited in memory than may: parked, to be sent by the retry queue.")     \
    X(SLOW, "slow", PARK, 0, "It still waited or ran after settle_after: parked, so that its event is settled.")       \
    X(BODY_GONE, "body_gone", DEAD, 0, "The event's record is no longer in Kafka.")                                    \
    X(EXPIRED, "expired", DEAD, 0, "It waited longer than a delivery may.")                                            \
    X(CANCELLED, "cancelled", DEAD, 0, "An operator cancelled it.")                                                    \
    X(REPLAY, "replay", PARK, 0, "Selected to be sent again by a replay or an operator.")

enum hb_reason {
#define HB_REASON_ENUM(name, text, verdict, overload, help) HB_REASON_##name,
    HB_REASONS(HB_REASON_ENUM)
#undef HB_REASON_ENUM
        HB_REASON_COUNT
};

struct hb_outcome {
    enum hb_verdict verdict;
    enum hb_reason reason;
    int status;             /* as in the answer; 0 without one */
    int64_t retry_after_ms; /* this delivery not before: 0..24 h; HB_NO_RETRY_AFTER */
    int64_t rest_ms;        /* the webhook rests so long: 0..1 h; 0: it does not */
    bool is_overload;       /* shrinks the webhook's window */
    bool is_ours;           /* our own trouble: never charged to the webhook */
    bool disables_webhook;  /* 410 */
};

/* The outcome of a selected delivery that is not sent, by the table's row. */
struct hb_outcome hb_outcome_of(enum hb_reason reason);
/* "delivered" …; and the word in attempt lines ("failed" for what will be tried again). */
const char *hb_verdict_text(enum hb_verdict verdict);
const char *hb_verdict_recorded(enum hb_verdict verdict);
/* "connect_refused" …, and the sentence for the operator. */
const char *hb_reason_text(enum hb_reason reason);
const char *hb_reason_help(enum hb_reason reason);

#endif
