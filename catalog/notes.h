/* Job: what the thread has to say, kept until the loop says it.
 *
 * Place: between catalog/session.c and catalog/catalog.c: log and readiness belong to the loop's thread. Limits:
 * HB_NOTES_MAX notes wait; more are counted and told as one number. Threads: any, each function locks. */
#ifndef CATALOG_NOTES_H
#define CATALOG_NOTES_H

#include "hookbus/catalog.h"
#include "platform/log/log.h"

#include <pthread.h>

#define HB_NOTES_MAX 64
#define HB_NOTE_TEXT_MAX 256

struct hb_note {
    enum hb_log_event event;
    char reason[HB_NOTE_TEXT_MAX];
    char key[HB_CATALOG_KEY_MAX + 1]; /* "<store>/<product>", or empty */
    char topic[128];                  /* or empty */
    int64_t partition, offset;        /* -1: none */
    int64_t count;                    /* -1: none */
};
#define HB_NOTE(log_event) ((struct hb_note){.event = (log_event), .partition = -1, .offset = -1, .count = -1})

struct hb_notes {
    pthread_mutex_t lock;
    struct hb_note notes[HB_NOTES_MAX];
    size_t count;
    int64_t left_out;
    char trouble[HB_ERROR_TEXT_MAX]; /* empty: none */
    char failed[HB_ERROR_TEXT_MAX];  /* empty: it goes on */
    bool is_ended;
};

void hb_notes_init(struct hb_notes *notes);
void hb_notes_deinit(struct hb_notes *notes);
void hb_notes_add(struct hb_notes *notes, const struct hb_note *note);
/* NULL: no trouble any more. */
void hb_notes_set_trouble(struct hb_notes *notes, const char *sentence);
void hb_notes_fail(struct hb_notes *notes, const char *sentence);
void hb_notes_end(struct hb_notes *notes);
/* Writes what waits to the log. */
void hb_notes_log(struct hb_notes *notes, const struct hb_log_context *log);

#endif
