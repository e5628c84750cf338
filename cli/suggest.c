#include "cli/suggest.h"

#define WORD_MAX 64

static size_t least(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;

    return ab < c ? ab : c;
}

size_t hb_suggest_distance(struct hb_str a, struct hb_str b)
{
    size_t rows[3][WORD_MAX + 1];

    if (a.len > WORD_MAX || b.len > WORD_MAX) {
        return SIZE_MAX;
    }
    for (size_t j = 0; j <= b.len; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= a.len; i++) {
        size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];

        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            bool is_same = a.ptr[i - 1] == b.ptr[j - 1];

            row[j] = least(above[j] + 1, row[j - 1] + 1, above[j - 1] + (is_same ? 0 : 1));
            if (i > 1 && j > 1 && a.ptr[i - 1] == b.ptr[j - 2] && a.ptr[i - 2] == b.ptr[j - 1]) {
                row[j] = least(row[j], before[j - 2] + 1, SIZE_MAX);
            }
        }
    }
    return rows[a.len % 3][b.len];
}

struct hb_suggestion hb_suggest_start(struct hb_str given)
{
    size_t allowed = given.len / 3 + 1;

    return (struct hb_suggestion){given, NULL, (allowed < 3 ? allowed : 3) + 1};
}

void hb_suggest_offer(struct hb_suggestion *suggestion, const char *word)
{
    size_t distance = hb_suggest_distance(suggestion->given, hb_str_c(word));

    /* A whole other word of the same length is no slip of the finger. */
    if (distance < suggestion->distance && distance < suggestion->given.len) {
        suggestion->distance = distance;
        suggestion->word = word;
    }
}
