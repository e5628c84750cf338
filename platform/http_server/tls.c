#include "platform/http_server/http_server_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define PEM_BYTES_MAX ((size_t)256 * 1024)

static enum hb_err read_file(const char *path, char **ret_text, struct hb_error *reterr)
{
    FILE *file = fopen(path, "re");
    if (!file) {
        return hb_fail(reterr, HB_ERR_CONFIG, "cannot read %s: %s", path, strerror(errno));
    }
    char *text = calloc(1, PEM_BYTES_MAX + 1);
    size_t len = text ? fread(text, 1, PEM_BYTES_MAX + 1, file) : 0;
    bool is_whole = text && feof(file) && len <= PEM_BYTES_MAX;
    (void)fclose(file);
    if (!is_whole || len == 0) {
        free(text);
        return hb_fail(reterr, HB_ERR_CONFIG, "cannot read %s: it is empty, unreadable or over 256 KiB", path);
    }
    *ret_text = text;
    return HB_OK;
}

enum hb_err hb_http_tls_load(struct hb_http_server *server, struct hb_error *reterr)
{
    const char *cert = server->options.tls_cert_file;
    const char *key = server->options.tls_key_file;
    if (!cert && !key) {
        return HB_OK;
    }
    if (!cert || !key) {
        return hb_fail(reterr, HB_ERR_CONFIG, "TLS needs both a certificate and a key file");
    }
    if (MHD_is_feature_supported(MHD_FEATURE_TLS) != MHD_YES) {
        return hb_fail(reterr, HB_ERR_CONFIG, "this libmicrohttpd was built without TLS");
    }
    enum hb_err err = read_file(cert, &server->tls_cert, reterr);
    return err ? err : read_file(key, &server->tls_key, reterr);
}

void hb_http_tls_unload(struct hb_http_server *server)
{
    if (server->tls_key) {
        explicit_bzero(server->tls_key, strlen(server->tls_key));
    }
    free(server->tls_key);
    free(server->tls_cert);
    server->tls_key = NULL;
    server->tls_cert = NULL;
}
