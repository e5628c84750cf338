/* Job: finds the word a person probably meant.
 *
 * Place: unknown commands and flags. A word is offered only if few letters differ (one in three, at most three; two
 * letters that changed places count as one). Owns: nothing. Limits: words of 64 bytes. Threads: any.
 *
 * Example:
 *     struct hb_suggestion best = hb_suggest_start(HB_STR("pubish"));
 *     hb_suggest_offer(&best, "publish");   // best.word is "publish" */
#ifndef CLI_SUGGEST_H
#define CLI_SUGGEST_H

#include "hookbus/bytes.h"

struct hb_suggestion {
    struct hb_str given;
    const char *word; /* NULL: nothing is near enough */
    size_t distance;
};

struct hb_suggestion hb_suggest_start(struct hb_str given);
/* Keeps the word if it is nearer than what was offered before. */
void hb_suggest_offer(struct hb_suggestion *suggestion, const char *word);
/* Letters to insert, drop, change or swap; SIZE_MAX when a word is longer than 64 bytes. */
size_t hb_suggest_distance(struct hb_str a, struct hb_str b);

#endif
