#include "fakes/receiver_tls.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define DAY_S (24L * 3600)

/* One authority a test program. */
static EVP_PKEY *ca_key;
static X509 *ca_certificate;
static char ca_path[64];

static void must(bool holds, const char *what)
{
    if (!holds) {
        (void)fprintf(stderr, "fake receiver: %s failed\n", what);
        abort();
    }
}

static void add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    must(extension != NULL && X509_add_ext(certificate, extension, -1) == 1, "certificate extension");
    X509_EXTENSION_free(extension);
}

static X509 *certificate_new(const char *name, EVP_PKEY *key, long from_s, long until_s)
{
    static long serial = 1;
    X509 *certificate = X509_new();
    must(certificate != NULL, "certificate");
    (void)X509_set_version(certificate, 2);
    (void)ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
    (void)X509_gmtime_adj(X509_getm_notBefore(certificate), from_s);
    (void)X509_gmtime_adj(X509_getm_notAfter(certificate), until_s);
    (void)X509_set_pubkey(certificate, key);
    (void)X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                                     (const unsigned char *)name, -1, -1, 0);
    return certificate;
}

static void make_authority(void)
{
    if (ca_certificate != NULL) {
        return;
    }
    ca_key = EVP_EC_gen("P-256");
    must(ca_key != NULL, "key");
    ca_certificate = certificate_new("hookbus test authority", ca_key, -DAY_S, DAY_S);
    (void)X509_set_issuer_name(ca_certificate, X509_get_subject_name(ca_certificate));
    add_extension(ca_certificate, ca_certificate, NID_basic_constraints, "critical,CA:TRUE");
    must(X509_sign(ca_certificate, ca_key, EVP_sha256()) > 0, "signing");
}

static void remove_ca_file(void)
{
    (void)unlink(ca_path);
}

const char *fake_ca_file(void)
{
    if (ca_path[0] == '\0') {
        make_authority();
        (void)snprintf(ca_path, sizeof(ca_path), "/tmp/hookbus-test-ca-XXXXXX");
        int fd = mkstemp(ca_path);
        FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
        must(file != NULL && PEM_write_X509(file, ca_certificate) == 1 && fclose(file) == 0, "authority's file");
        (void)atexit(remove_ca_file);
    }
    return ca_path;
}

struct ssl_ctx_st *fake_tls_context(enum fake_tls tls, const char *name)
{
    make_authority();
    bool is_expired = tls == FAKE_TLS_EXPIRED;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    must(key != NULL, "key");
    const char *shown = tls == FAKE_TLS_WRONG_HOST ? "other.example" : name;
    X509 *certificate = certificate_new(shown, key, -2 * DAY_S, is_expired ? -DAY_S : DAY_S);
    X509 *issuer = tls == FAKE_TLS_SELF_SIGNED ? certificate : ca_certificate;
    (void)X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
    char names[256];
    (void)snprintf(names, sizeof(names), "DNS:%s%s", shown, tls == FAKE_TLS_WRONG_HOST ? "" : ",IP:127.0.0.1");
    add_extension(certificate, issuer, NID_subject_alt_name, names);
    must(X509_sign(certificate, tls == FAKE_TLS_SELF_SIGNED ? key : ca_key, EVP_sha256()) > 0, "signing");
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    must(context != NULL && SSL_CTX_use_certificate(context, certificate) == 1 &&
             SSL_CTX_use_PrivateKey(context, key) == 1,
         "TLS context");
    X509_free(certificate);
    EVP_PKEY_free(key);
    return context;
}

void fake_tls_context_free(struct ssl_ctx_st *context)
{
    SSL_CTX_free(context);
}

struct ssl_st *fake_tls_accept(struct ssl_ctx_st *context, int fd)
{
    SSL *ssl = SSL_new(context);
    if (ssl == NULL || SSL_set_fd(ssl, fd) != 1 || SSL_accept(ssl) != 1) {
        SSL_free(ssl);
        return NULL;
    }
    return ssl;
}

void fake_tls_end(struct ssl_st *ssl)
{
    SSL_free(ssl);
}

ssize_t fake_tls_read(struct ssl_st *ssl, void *bytes, size_t count)
{
    return SSL_read(ssl, bytes, (int)count);
}

ssize_t fake_tls_write(struct ssl_st *ssl, const void *bytes, size_t count)
{
    return SSL_write(ssl, bytes, (int)count);
}
