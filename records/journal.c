#include "records/journal.h"

#include "core/ids.h"
#include "hookbus/topics.h"
#include "platform/crypto/crypto.h"
#include "platform/loop/loop.h"
#include "records/pace.h"

#include <stdlib.h>

/* One record, kept until Kafka has it; its texts stand behind it. */
struct entry {
    struct entry *next; /* of those to be written again */
    struct hb_journal *journal;
    struct entry *older, *newer; /* those at Kafka, by age */
    struct hb_mono written_at;   /* for the first time */
    hb_journal_done_fn *done;
    void *user;
    int32_t partition;
    struct hb_str key, value; /* value.ptr NULL: a tombstone */
    struct hb_name_value headers[HB_JOURNAL_HEADERS_MAX];
    size_t headers_count;
    char texts[];
};

struct hb_journal {
    struct hb_journal_options options;
    char topic[HB_TOPIC_NAME_MAX];
    struct hb_timer *again;
    struct hb_buf value;            /* of the record being put */
    struct entry *to_repeat, **to_repeat_end;
    struct entry *oldest, *newest;  /* at Kafka */
    size_t waiting;
    bool is_refused; /* the last record was not permitted: no more work until one is */
};

int hb_journal_shard(struct hb_str webhook)
{
    unsigned char digest[HB_SHA256_BYTES];
    hb_sha256(webhook, digest);
    return hb_shard_of(digest);
}

uint64_t hb_journal_subject(struct hb_str subject)
{
    unsigned char digest[HB_SHA256_BYTES];
    hb_sha256(subject, digest);
    return hb_subject_of(digest);
}

static void at_kafka_remove(struct hb_journal *journal, struct entry *entry)
{
    *(entry->older ? &entry->older->newer : &journal->oldest) = entry->newer;
    *(entry->newer ? &entry->newer->older : &journal->newest) = entry->older;
    entry->older = entry->newer = NULL;
}

static void at_kafka_add(struct hb_journal *journal, struct entry *entry)
{
    entry->newer = NULL;
    entry->older = journal->newest;
    *(journal->newest ? &journal->newest->newer : &journal->oldest) = entry;
    journal->newest = entry;
}

static void repeat_later(struct hb_journal *journal, struct entry *entry)
{
    entry->next = NULL;
    *journal->to_repeat_end = entry;
    journal->to_repeat_end = &entry->next;
    if (!hb_timer_is_running(journal->again))
        hb_timer_start(journal->again, HB_RECORDS_AGAIN_MS, 0);
}

static void entry_done(struct entry *entry, enum hb_err err, int64_t offset)
{
    entry->journal->waiting--;
    if (entry->done)
        entry->done(entry->user, err, offset);
    free(entry);
}

static void refuse(struct hb_journal *journal, enum hb_err err, const char *text)
{
    journal->is_refused = true;
    journal->options.refused(journal->options.user, err, text);
}

/* The event's id goes first: the owner finds it in the event itself. A quote inside a text does not occur. */
static bool shorten(struct entry *entry)
{
    static const char FROM[] = ",\"event\":\"";
    if (!entry->value.ptr)
        return false;
    char *text = entry->texts + (entry->value.ptr - entry->texts);
    char *from = memmem(text, entry->value.len, FROM, sizeof FROM - 1);
    if (!from)
        return false;
    size_t left = entry->value.len - (size_t)(from - text) - (sizeof FROM - 1);
    char *to = memchr(from + sizeof FROM - 1, '"', left);
    HB_ASSERT(to);
    to++;
    memmove(from, to, entry->value.len - (size_t)(to - text));
    entry->value.len -= (size_t)(to - from);
    return true;
}

static void acknowledged(void *user, const struct hb_kafka_ack *ack)
{
    struct entry *entry = user;
    struct hb_journal *journal = entry->journal;
    at_kafka_remove(journal, entry);
    if (!ack->err) {
        journal->is_refused = false;
        entry_done(entry, HB_OK, ack->offset);
        return;
    }
    bool is_too_large = ack->err == HB_ERR_TOO_LARGE && !shorten(entry);
    if (is_too_large || ack->err == HB_ERR_DENIED || ack->err == HB_ERR_FATAL)
        refuse(journal, ack->err, ack->text);
    repeat_later(journal, entry);
}

static enum hb_err write_entry(struct hb_journal *journal, struct entry *entry)
{
    const struct hb_kafka_record record = {.topic = journal->topic,
                                           .partition = entry->partition,
                                           .key = entry->key,
                                           .value = entry->value,
                                           .headers = entry->headers,
                                           .headers_count = entry->headers_count};
    enum hb_err err = hb_kafka_produce(journal->options.producer, &record, acknowledged, entry);
    if (err == HB_ERR_DENIED || err == HB_ERR_FATAL)
        refuse(journal, err, hb_err_text(err));
    if (!err)
        at_kafka_add(journal, entry);
    return err;
}

static void write_again(void *user)
{
    struct hb_journal *journal = user;
    while (journal->to_repeat) {
        struct entry *entry = journal->to_repeat;
        if (write_entry(journal, entry)) {
            hb_timer_start(journal->again, HB_RECORDS_AGAIN_MS, 0);
            return;
        }
        journal->to_repeat = entry->next;
        if (!journal->to_repeat)
            journal->to_repeat_end = &journal->to_repeat;
    }
}

static struct hb_str keep(char **at, struct hb_str text)
{
    memcpy(*at, text.ptr, text.len);
    struct hb_str kept = hb_str_n(*at, text.len);
    *at += text.len;
    return kept;
}

static struct entry *entry_new(struct hb_journal *journal, const struct hb_journal_record *record)
{
    char scratch[HB_JOURNAL_SCRATCH_MAX];
    struct hb_name_value headers[HB_JOURNAL_HEADERS_MAX];
    size_t count = hb_journal_headers(record, scratch, headers);
    bool has_value = record->kind != HB_JOURNAL_TOMBSTONE;
    hb_buf_clear(&journal->value);
    if (has_value && hb_journal_write(record, &journal->value))
        return NULL;
    struct hb_str key = hb_journal_key(record), value = hb_buf_str(&journal->value);
    size_t bytes = key.len + (has_value ? value.len : 0);
    for (size_t i = 0; i < count; i++)
        bytes += headers[i].value.len;
    struct entry *entry = malloc(sizeof *entry + bytes);
    if (!entry)
        return NULL;
    *entry = (struct entry){.journal = journal, .headers_count = count};
    char *at = entry->texts;
    entry->key = keep(&at, key);
    if (has_value)
        entry->value = keep(&at, value);
    for (size_t i = 0; i < count; i++) /* names are constants */
        entry->headers[i] = (struct hb_name_value){headers[i].name, keep(&at, headers[i].value)};
    return entry;
}

static enum hb_err put(struct hb_journal *journal, int shard, const struct hb_journal_record *record,
                       hb_journal_done_fn *done, void *user)
{
    struct entry *entry = entry_new(journal, record);
    if (!entry)
        return HB_ERR_MEMORY;
    entry->partition = shard;
    entry->done = done;
    entry->user = user;
    entry->written_at = hb_loop_mono(journal->options.loop);
    journal->waiting++;
    if (journal->to_repeat || write_entry(journal, entry))
        repeat_later(journal, entry);
    return HB_OK;
}

enum hb_err hb_journal_put(struct hb_journal *journal, const struct hb_journal_record *record,
                           hb_journal_done_fn *done, void *user)
{
    HB_ASSERT(record->kind != HB_JOURNAL_TAKEOVER);
    return put(journal, hb_journal_shard(record->webhook), record, done, user);
}

enum hb_err hb_journal_put_takeover(struct hb_journal *journal, int shard, const struct hb_journal_record *record,
                                    hb_journal_done_fn *done, void *user)
{
    HB_ASSERT(record->kind == HB_JOURNAL_TAKEOVER && shard >= 0 && shard < HB_SHARDS);
    return put(journal, shard, record, done, user);
}

size_t hb_journal_waiting(const struct hb_journal *journal)
{
    return journal->waiting;
}

bool hb_journal_is_congested(const struct hb_journal *journal)
{
    if (journal->waiting == 0)
        return false;
    if (journal->is_refused || journal->waiting >= HB_RECORDS_WAITING_MAX)
        return true;
    int64_t now_us = hb_loop_mono(journal->options.loop).us;
    const struct entry *repeated = journal->to_repeat, *oldest = journal->oldest;
    return (repeated && now_us - repeated->written_at.us > HB_RECORDS_ACK_WAIT_MAX_US) ||
           (oldest && now_us - oldest->written_at.us > HB_RECORDS_ACK_WAIT_MAX_US);
}

enum hb_err hb_journal_new(const struct hb_journal_options *options, struct hb_journal **ret_journal)
{
    struct hb_journal *journal = calloc(1, sizeof *journal);
    if (!journal)
        return HB_ERR_MEMORY;
    journal->options = *options;
    journal->to_repeat_end = &journal->to_repeat;
    journal->value = hb_buf_make(HB_JOURNAL_VALUE_MAX);
    hb_topic_name(options->topic_prefix, HB_TOPIC_JOURNAL, journal->topic);
    enum hb_err err = hb_timer_new(options->loop, write_again, journal, &journal->again);
    if (err)
        hb_journal_free(&journal);
    else
        *ret_journal = journal;
    return err;
}

void hb_journal_free(struct hb_journal **journal)
{
    struct hb_journal *j = *journal;
    if (!j)
        return;
    hb_timer_free(&j->again);
    while (j->to_repeat) {
        struct entry *entry = j->to_repeat;
        j->to_repeat = entry->next;
        entry_done(entry, HB_ERR_CLOSED, -1);
    }
    while (j->oldest) {
        struct entry *entry = j->oldest;
        j->oldest = entry->newer;
        entry_done(entry, HB_ERR_CLOSED, -1);
    }
    hb_buf_deinit(&j->value);
    free(j);
    *journal = NULL;
}
