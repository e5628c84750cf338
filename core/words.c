#include "core/words.h"

int hb_words_find(const char *const *first, size_t stride, size_t count, struct hb_str word)
{
    for (size_t i = 0; i < count; i++) {
        const char *text = NULL;
        memcpy(&text, (const char *)first + i * stride, sizeof(text));
        if (hb_str_eq(word, hb_str_c(text))) {
            return (int)i;
        }
    }
    return -1;
}
