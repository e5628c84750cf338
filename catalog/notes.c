#include "catalog/notes.h"

#include <stdio.h>

void hb_notes_init(struct hb_notes *notes)
{
    memset(notes, 0, sizeof(*notes));
    pthread_mutex_init(&notes->lock, NULL);
}

void hb_notes_deinit(struct hb_notes *notes)
{
    pthread_mutex_destroy(&notes->lock);
}

void hb_notes_add(struct hb_notes *notes, const struct hb_note *note)
{
    pthread_mutex_lock(&notes->lock);
    if (notes->count < HB_NOTES_MAX)
        notes->notes[notes->count++] = *note;
    else
        notes->left_out++;
    pthread_mutex_unlock(&notes->lock);
}

static void set_text(struct hb_notes *notes, char text[HB_ERROR_TEXT_MAX], const char *sentence)
{
    pthread_mutex_lock(&notes->lock);
    (void)snprintf(text, HB_ERROR_TEXT_MAX, "%s", sentence ? sentence : "");
    pthread_mutex_unlock(&notes->lock);
}

void hb_notes_set_trouble(struct hb_notes *notes, const char *sentence)
{
    set_text(notes, notes->trouble, sentence);
}

void hb_notes_fail(struct hb_notes *notes, const char *sentence)
{
    set_text(notes, notes->failed, sentence);
}

void hb_notes_end(struct hb_notes *notes)
{
    pthread_mutex_lock(&notes->lock);
    notes->is_ended = true;
    pthread_mutex_unlock(&notes->lock);
}

static struct hb_log_field text_field(const char *name, const char *text)
{
    return text[0] ? HB_LOG_C(name, text) : (struct hb_log_field){.name = NULL};
}

static struct hb_log_field number_field(const char *name, int64_t number)
{
    return number >= 0 ? HB_LOG_INT(name, number) : (struct hb_log_field){.name = NULL};
}

static void log_one(const struct hb_note *note, const struct hb_log_context *log)
{
    hb_log(log, note->event, text_field("reason", note->reason), text_field("product", note->key),
           text_field("topic", note->topic), number_field("partition", note->partition),
           number_field("offset", note->offset), number_field("count", note->count));
}

void hb_notes_log(struct hb_notes *notes, const struct hb_log_context *log)
{
    struct hb_note note;
    size_t at = 0;

    for (;;) {
        pthread_mutex_lock(&notes->lock);
        bool is_last = at >= notes->count;
        if (is_last) {
            note = HB_NOTE(HB_LOG_LINES_DROPPED);
            note.count = notes->left_out;
            notes->count = 0;
            notes->left_out = 0;
        } else {
            note = notes->notes[at++];
        }
        pthread_mutex_unlock(&notes->lock);
        if (!is_last || note.count > 0)
            log_one(&note, log);
        if (is_last)
            return;
    }
}
