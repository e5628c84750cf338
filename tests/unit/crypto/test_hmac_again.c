/* With an OpenSSL in which an HMAC does not begin anew, no signature is made: this program's EVP_MAC_init does, while
 * asked to, what that of 3.0.0 to 3.0.2 does. */
#include "platform/crypto/crypto.h"

#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

typedef int init_fn(void *context, const unsigned char *key, size_t key_bytes, const void *params);
init_fn EVP_MAC_init;
static bool is_old;

int EVP_MAC_init(void *context, const unsigned char *key, size_t key_bytes, const void *params)
{
    init_fn *next = NULL;
    void *symbol = dlsym(RTLD_NEXT, "EVP_MAC_init");
    memcpy(&next, &symbol, sizeof next);
    assert_non_null(next);
    return is_old && !key ? 1 : next(context, key, key_bytes, params);
}

static void an_hmac_that_does_not_begin_anew_is_refused_before_anything_is_signed_with_it(void **state)
{
    static const unsigned char KEY[] = "0123456789abcdef";
    struct hb_hmac *hmac = NULL;
    (void)state;
    is_old = true;
    assert_int_equal(hb_hmac_new(KEY, sizeof KEY, &hmac), HB_ERR_CRYPTO);
    assert_null(hmac);
    is_old = false;
    assert_int_equal(hb_hmac_new(KEY, sizeof KEY, &hmac), HB_OK);
    hb_hmac_free(&hmac);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_hmac_that_does_not_begin_anew_is_refused_before_anything_is_signed_with_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
