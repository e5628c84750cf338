#include "platform/crypto/crypto.h"

#include "core/base64.h"

size_t hb_base64_encode(const unsigned char *bytes, size_t count, char *ret_text)
{
    return hb_base64_write(hb_str_n((const char *)bytes, count), ret_text);
}

enum hb_err hb_base64_decode(struct hb_str text, unsigned char *ret_bytes, size_t *ret_count)
{
    size_t count = hb_base64_size(text);
    enum hb_err err = count == SIZE_MAX ? HB_ERR_INVALID : hb_base64_read(text, ret_bytes);
    if (!err)
        *ret_count = count;
    return err;
}
