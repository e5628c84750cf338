#include "registry/webhook_url.h"

#include "registry/seal_places.h"

struct hb_str hb_webhook_url_plain_query(const struct hb_webhook_config *config)
{
    const char *query = config->url_query.ptr ? NULL : memchr(config->url.ptr, '?', config->url.len);
    return query ? hb_str_n(query, config->url.len - (size_t)(query - config->url.ptr)) : (struct hb_str){NULL, 0};
}

enum hb_err hb_webhook_url_seal(struct hb_webhook_config *config, const struct hb_keyring *keyring,
                                struct hb_buf *sealed)
{
    struct hb_str query = hb_webhook_url_plain_query(config);
    if (query.len == 0) {
        return HB_OK;
    }
    size_t at = sealed->len;
    enum hb_err err = hb_seal(keyring, hb_seal_place_query(config->store, config->id), query, sealed);
    if (!err) {
        config->url.len -= query.len;
        config->url_query = hb_str_n(sealed->ptr + at, sealed->len - at);
    }
    return err;
}

enum hb_err hb_webhook_url_open(const struct hb_webhook_config *config, const struct hb_keyring *keyring,
                                struct hb_buf *ret_url)
{
    enum hb_err err = hb_buf_add(ret_url, config->url);
    if (!err && config->url_query.ptr) {
        err = hb_unseal(keyring, hb_seal_place_query(config->store, config->id), config->url_query, ret_url);
    }
    return err;
}
