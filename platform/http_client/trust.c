#include "platform/http_client/internal.h"

#include <openssl/ssl.h>

#include <unistd.h>

#define SYSTEM_BUNDLE "/etc/ssl/certs/ca-certificates.crt"

/* One store for all connections: libcurl's own cache is one a multi handle, and reading the bundle takes milliseconds.
 */
enum hb_err trust_new(const char *ca_file, void **ret_trust, struct hb_error *reterr)
{
    X509_STORE *store = X509_STORE_new();
    if (store == NULL) {
        return hb_fail(reterr, HB_ERR_MEMORY, "out of memory");
    }
    bool is_given = ca_file != NULL && ca_file[0] != '\0';
    const char *file = is_given ? ca_file : SYSTEM_BUNDLE;
    int rc = 0;
    if (is_given || access(file, R_OK) == 0) {
        rc = X509_STORE_load_file(store, file);
    } else {
        rc = X509_STORE_set_default_paths(store);
    }
    if (rc != 1) {
        X509_STORE_free(store);
        return hb_fail(reterr, HB_ERR_CONFIG, "egress.ca_file: no certificates can be read from %.150s", file);
    }
    (void)X509_STORE_set_flags(store, X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN);
    *ret_trust = store;
    return HB_OK;
}

void trust_free(void **trust)
{
    X509_STORE_free(*trust);
    *trust = NULL;
}

CURLcode trust_use(CURL *easy, void *ssl_context, void *trust)
{
    (void)easy;
    SSL_CTX_set1_cert_store(ssl_context, trust);
    return CURLE_OK;
}
