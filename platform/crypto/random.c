#include "platform/crypto/crypto.h"

#include <openssl/crypto.h>

#include <errno.h>
#include <sys/random.h>

void hb_random_bytes(void *ret_bytes, size_t count)
{
    unsigned char *at = ret_bytes;
    while (count > 0) {
        ssize_t got = getrandom(at, count, 0);
        if (got < 0 && errno == EINTR)
            continue;
        HB_ASSERT(got > 0);
        at += got;
        count -= (size_t)got;
    }
}

bool hb_equal_constant_time(const void *a, const void *b, size_t count)
{
    return CRYPTO_memcmp(a, b, count) == 0;
}

void hb_wipe(void *memory, size_t count)
{
    OPENSSL_cleanse(memory, count);
}
