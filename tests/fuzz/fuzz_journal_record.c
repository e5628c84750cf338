/* A journal record as lines: key, then "name: value" each, an empty line, the value; "-" for a value is a tombstone.
 * What is read must be written again byte for byte as it would be from the start; every view can keep it, and what may
 * come of it in a view can be written into the journal. */
#include "fuzz.h"

#include "core/journal_record.h"
#include "retry/view_internal.h"

#define HEADERS_MAX 8

static void check_round_trip(const struct hb_journal_record *record)
{
    char scratch[HB_JOURNAL_SCRATCH_MAX];
    struct hb_name_value headers[HB_JOURNAL_HEADERS_MAX];
    struct hb_buf value = hb_buf_make(HB_JOURNAL_VALUE_MAX);
    struct hb_journal_record again;
    const char *problem;
    HB_ASSERT(record->kind == HB_JOURNAL_TOMBSTONE || hb_journal_write(record, &value) == HB_OK);
    struct hb_journal_source source = {hb_journal_key(record), hb_buf_str(&value), headers,
                                       hb_journal_headers(record, scratch, headers)};
    HB_ASSERT(hb_journal_read(&source, &again, &problem) == HB_JOURNAL_READ_OK);
    HB_ASSERT(again.kind == record->kind && again.version == record->version && again.repairs == record->repairs);
    HB_ASSERT(again.state == record->state && again.due.ms == record->due.ms && again.subject == record->subject);
    HB_ASSERT(hb_str_eq(again.id, record->id) && hb_str_eq(again.job, record->job) &&
              hb_str_eq(again.owner, record->owner));
    hb_buf_deinit(&value);
}

/* As retry/records_read.c makes it, and core/shard_rule's answers to what follows. */
static void check_kept_and_followed(const struct hb_journal_record *record)
{
    struct hb_view_record kept = {.is_takeover = record->kind == HB_JOURNAL_TAKEOVER,
                                  .webhook = record->webhook,
                                  .due = record->due,
                                  .attempts = record->attempts,
                                  .first_failed = record->first_failed,
                                  .is_ordered = record->subject != HB_JOURNAL_NO_SUBJECT,
                                  .subject = record->subject,
                                  .job = record->job};
    const struct hb_view_batch batch = {.records = &kept, .count = 1};
    struct hb_buf records = hb_buf_make(HB_JOURNAL_VALUE_MAX);
    struct hb_view_words words;
    kept.rule = kept.is_takeover ? (struct hb_shard_record){.repairs = HB_SHARD_NONE}
                                 : hb_journal_to_rule(record, HB_JOURNAL_NUMBER_MAX);
    HB_ASSERT(hb_view_words_init(&words, 8) == HB_OK);
    HB_ASSERT(hb_view_batch_write(&batch, &words, &records) == HB_OK);
    hb_view_words_deinit(&words);
    hb_buf_deinit(&records);
    if (kept.is_takeover)
        return;
    /* Followed, repaired, raised above a memory, and each of that followed again; or replayed. */
    char scratch[HB_JOURNAL_SCRATCH_MAX];
    struct hb_name_value headers[HB_JOURNAL_HEADERS_MAX];
    struct hb_journal_record next = *record;
    const int64_t versions[] = {record->version + 1, record->version + 3,
                                hb_shard_rule_replay_version(record->version, (struct hb_wall){0}) + 1};
    for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
        next.version = versions[i];
        HB_ASSERT(hb_journal_headers(&next, scratch, headers) >= 3);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hb_name_value headers[HEADERS_MAX];
    struct hb_str rest = fuzz_text(data, size), line, key = {NULL, 0};
    size_t count = 0;
    struct hb_journal_record record;
    const char *problem = NULL;
    if (size == 0 || !hb_str_split(&rest, '\n', &key))
        return 0;
    while (count < HEADERS_MAX && hb_str_split(&rest, '\n', &line) && line.len > 0) {
        struct hb_str name;
        (void)hb_str_split(&line, ':', &name);
        headers[count++] = (struct hb_name_value){name, line.ptr ? line : hb_str_n("", 0)};
    }
    if (!rest.ptr)
        rest = hb_str_n("", 0);
    struct hb_journal_source source = {key, hb_str_eq(rest, HB_STR("-")) ? hb_str_n(NULL, 0) : rest, headers, count};
    enum hb_journal_read read = hb_journal_read(&source, &record, &problem);
    if (read == HB_JOURNAL_READ_OK) {
        check_round_trip(&record);
        check_kept_and_followed(&record);
    }
    HB_ASSERT(read != HB_JOURNAL_READ_UNREADABLE || problem);
    return 0;
}
