/* The one place where libcurl's errors become ours. */
#include "platform/http_client/internal.h"

#include <openssl/x509_vfy.h>

#include <errno.h>

static enum hb_failure of_connect(const struct hb_http_request *request)
{
    long os_error = 0;
    (void)curl_easy_getinfo(request->easy, CURLINFO_OS_ERRNO, &os_error);
    switch (os_error) {
    case ECONNREFUSED:
        return HB_FAILURE_CONNECT_REFUSED;
    case ETIMEDOUT:
        return HB_FAILURE_CONNECT_TIMEOUT;
    case ECONNRESET:
        return HB_FAILURE_RESET;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EADDRNOTAVAIL: /* no local port is left */
        return HB_FAILURE_OURS;
    default:
        return HB_FAILURE_CONNECT_UNREACHABLE;
    }
}

/* libcurl names one error for all; what OpenSSL found out says which. It checks the name itself, after the chain and
 * before it asks for the chain's result: then the result is still what it began with. */
static enum hb_failure of_certificate(const struct hb_http_request *request)
{
    long verified = X509_V_OK;
    (void)curl_easy_getinfo(request->easy, CURLINFO_SSL_VERIFYRESULT, &verified);
    switch (verified) {
    case X509_V_OK:
    case X509_V_ERR_UNSPECIFIED:
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return HB_FAILURE_TLS_WRONG_HOST;
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return HB_FAILURE_TLS_EXPIRED;
    default:
        return HB_FAILURE_TLS_UNTRUSTED;
    }
}

static enum hb_failure of_memory(const struct hb_http_request *request)
{
    /* libcurl's line buffer is bounded, and a line beyond that bound is "out of memory" to it. */
    curl_off_t first_byte_us = 0;
    (void)curl_easy_getinfo(request->easy, CURLINFO_STARTTRANSFER_TIME_T, &first_byte_us);
    return request->is_connected && first_byte_us > 0 ? HB_FAILURE_HEADERS_TOO_LARGE : HB_FAILURE_OURS;
}

static enum hb_failure of_tls_or_answer(const struct hb_http_request *request, CURLcode code)
{
    switch ((int)code) {
    case CURLE_PEER_FAILED_VERIFICATION:
        return of_certificate(request);
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_SHUTDOWN_FAILED:
    case CURLE_USE_SSL_FAILED:
        return HB_FAILURE_TLS_FAILED;
    case CURLE_UNSUPPORTED_PROTOCOL: /* an answer that is no HTTP/1 */
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_OK: /* ended without a final status */
        return HB_FAILURE_UNREADABLE;
    case CURLE_URL_MALFORMAT:
        return HB_FAILURE_REQUEST_REFUSED;
    default:
        return HB_FAILURE_OURS;
    }
}

enum hb_failure failure_of(const struct hb_http_request *request, CURLcode code)
{
    if (request->is_blocked) {
        return HB_FAILURE_ADDRESS_BLOCKED;
    }
    if (request->is_final) {
        return HB_FAILURE_NONE;
    }
    if (request->is_ours) {
        return HB_FAILURE_OURS;
    }
    switch ((int)code) {
    case CURLE_COULDNT_CONNECT:
        return of_connect(request);
    case CURLE_OPERATION_TIMEDOUT:
        return request->is_connected ? HB_FAILURE_TIMEOUT : HB_FAILURE_CONNECT_TIMEOUT;
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
        return HB_FAILURE_RESET;
    case CURLE_WRITE_ERROR: /* ours: on_header gave up */
        return HB_FAILURE_HEADERS_TOO_LARGE;
    case CURLE_OUT_OF_MEMORY:
        return of_memory(request);
    default:
        return of_tls_or_answer(request, code);
    }
}
