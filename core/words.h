/* Job: finds a word in a table of words, as names become enum values and rows.
 *
 * Place: everywhere a name is read: core/, rooms, cli. Owns / borrows: nothing. Fails: -1, no such word. Limits: looks
 * at every word; for tables of a few dozen. Threads: pure. Example:
 *     static const char *const texts[COUNT] = {"asc", "desc"};
 *     int order = HB_WORDS_FIND(texts, text);
 *     int row = HB_WORDS_FIND_ROW(rows, name, text);   (rows[row].name is the word) */
#ifndef CORE_WORDS_H
#define CORE_WORDS_H

#include "hookbus/bytes.h"

/* The index of a word in an array of texts, or -1. */
#define HB_WORDS_FIND(words, word) hb_words_find((words), sizeof(*(words)), sizeof(words) / sizeof(*(words)), word)
/* The same in an array of structs with the text as `member`. */
#define HB_WORDS_FIND_ROW(rows, member, word)                                                                          \
    hb_words_find(&(rows)[0].member, sizeof(*(rows)), sizeof(rows) / sizeof(*(rows)), word)
/* The first of `count` texts, each `stride` bytes after the one before. */
int hb_words_find(const char *const *first, size_t stride, size_t count, struct hb_str word);

#endif
