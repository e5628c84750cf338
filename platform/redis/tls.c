/* TLS on the connection (rediss://): OpenSSL on our own socket. hiredis has it from 1.0 on, which Debian 12 has not;
 * and of hiredis only the parser is used here anyway. */
#include "platform/redis/redis_internal.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <errno.h>
#include <limits.h>

struct ssl_ctx_st *hb_redis_tls_context(const char *ca_file, struct hb_error *reterr)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());

    if (!context) {
        (void)hb_fail(reterr, HB_ERR_MEMORY, "out of memory for TLS to Redis");
        return NULL;
    }
    (void)SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    (void)SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    int done =
        ca_file ? SSL_CTX_load_verify_locations(context, ca_file, NULL) : SSL_CTX_set_default_verify_paths(context);
    ERR_clear_error();
    if (done == 1) {
        return context;
    }
    (void)hb_fail(reterr, HB_ERR_CONFIG, "redis.ca_file: no certificates can be read from %.150s",
                  ca_file ? ca_file : "the system's bundle");
    SSL_CTX_free(context);
    return NULL;
}

void hb_redis_tls_context_free(struct ssl_ctx_st **context)
{
    SSL_CTX_free(*context);
    *context = NULL;
}

/* The certificate must be for the host as it stands in the configuration: a name, or an address. */
static bool expect_host(SSL *ssl, const char *host)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(ssl);

    if (X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1) {
        return true;
    }
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return X509_VERIFY_PARAM_set1_host(param, host, 0) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

struct ssl_st *hb_redis_tls_begin(struct ssl_ctx_st *context, int fd, const char *host)
{
    SSL *ssl = SSL_new(context);

    if (ssl && (!expect_host(ssl, host) || SSL_set_fd(ssl, fd) != 1)) {
        SSL_free(ssl);
        ssl = NULL;
    }
    if (ssl) {
        SSL_set_connect_state(ssl);
    }
    ERR_clear_error();
    return ssl;
}

void hb_redis_tls_end(struct ssl_st **ssl)
{
    SSL_free(*ssl);
    *ssl = NULL;
}

/* What OpenSSL said, as a system call would: EAGAIN with the wanted events, 0 for the end, EPROTO. */
static ssize_t translate(SSL *ssl, int result, int *ret_wanted)
{
    int why = result > 0 ? SSL_ERROR_NONE : SSL_get_error(ssl, result);

    *ret_wanted = why == SSL_ERROR_WANT_WRITE ? HB_WATCH_WRITE : why == SSL_ERROR_WANT_READ ? HB_WATCH_READ : 0;
    if (why == SSL_ERROR_NONE) {
        return result;
    }
    if (why == SSL_ERROR_ZERO_RETURN) {
        return 0;
    }
    if (*ret_wanted) {
        errno = EAGAIN;
    } else if (why != SSL_ERROR_SYSCALL || errno == 0 || errno == EAGAIN) {
        errno = EPROTO;
    }
    return -1;
}

ssize_t hb_redis_tls_handshake(struct ssl_st *ssl, int *ret_wanted)
{
    ERR_clear_error();
    errno = 0;
    return translate(ssl, SSL_do_handshake(ssl), ret_wanted);
}

ssize_t hb_redis_tls_read(struct ssl_st *ssl, void *bytes, size_t count, int *ret_wanted)
{
    ERR_clear_error();
    errno = 0;
    return translate(ssl, SSL_read(ssl, bytes, count < INT_MAX ? (int)count : INT_MAX), ret_wanted);
}

ssize_t hb_redis_tls_write(struct ssl_st *ssl, const void *bytes, size_t count, int *ret_wanted)
{
    ERR_clear_error();
    errno = 0;
    return translate(ssl, SSL_write(ssl, bytes, count < INT_MAX ? (int)count : INT_MAX), ret_wanted);
}

const char *hb_redis_tls_trouble(const struct ssl_st *ssl)
{
    long verdict = SSL_get_verify_result(ssl);

    return verdict == X509_V_OK ? "the TLS handshake failed" : X509_verify_cert_error_string(verdict);
}
