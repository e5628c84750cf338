/* What every fuzz target is made of. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include "hookbus/bytes.h"

/* Called with each input; aborts (HB_ASSERT) when a promise does not hold. Always 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline struct hb_str fuzz_text(const uint8_t *data, size_t size)
{
    return hb_str_n((const char *)data, size);
}

#endif
