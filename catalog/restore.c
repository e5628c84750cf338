#include "catalog/restore.h"

#include "core/catalog_merge.h"
#include "core/catalog_record.h"

#include <stdlib.h>

#define POLL_MAX 1000
#define POLL_WAIT_MS 100
#define PROMPT_MS 50 /* a member that restores keeps its partitions' changes waiting */
#define COMMIT_RECORDS 10000
/* Half of the time tombstones are kept (delete.retention.ms of the topic): an older file may have missed one. */
#define FILE_AGE_MAX_MS (HB_MS_PER_DAY * 7 / 2)

struct place {
    int32_t partition;
    int64_t next; /* of the file; HB_KAFKA_BEGINNING: nothing of it */
    int64_t end;
    bool has_end, is_done;
};

struct restore {
    const struct hb_restore_options *options;
    struct hb_error *reterr;
    enum hb_err err;
    struct place *places;
    size_t done;
    uint64_t records;
    size_t anew;
    unsigned uncommitted;
    int64_t first_behind, behind; /* records to be read, at the beginning and now: for the progress */
};

static struct place *place_of(struct restore *r, int32_t partition)
{
    for (size_t i = 0; i < r->options->partitions_count; i++)
        if (r->places[i].partition == partition)
            return &r->places[i];
    return NULL;
}

static void fail(struct restore *r, enum hb_err err, const char *what, const char *text)
{
    if (!r->err)
        r->err = hb_fail(r->reterr, err, "%s: %s", what, text);
}

static void file_failed(struct restore *r, enum hb_err err)
{
    if (err)
        fail(r, err, "the state file cannot be read or written", hb_state_file_trouble(r->options->file));
}

/* Brokers that come and go are the library's to wait for; is_over bounds it. */
static void on_error(void *user, enum hb_err err, int topic, int32_t partition, const char *text)
{
    struct restore *r = user;
    (void)topic;
    if (err == HB_ERR_AWAY)
        return;
    if (err == HB_ERR_NOT_FOUND && partition >= 0) /* what the file points to is no longer kept */
        file_failed(r, hb_state_file_forget(r->options->file, partition));
    fail(r, err, "the topic catalog cannot be read", text);
}

/* ---- the ends ---- */

static void drop_message(void *user, struct hb_kafka_message *message)
{
    (void)user;
    hb_kafka_message_free(message);
}

static void on_end_found(void *user, int topic, int32_t partition, int64_t offset)
{
    struct restore *r = user;
    struct place *place = place_of(r, partition);
    (void)topic;
    if (!place || place->has_end)
        return;
    place->end = offset;
    place->has_end = true;
    r->done++;
}

/* Turns a reader until all partitions are done. */
static void run(struct restore *r, bool is_committed_only, const struct hb_kafka_reader_events *events)
{
    const struct hb_restore_options *o = r->options;
    struct hb_kafka_reader *reader = NULL;
    struct hb_kafka_start *starts = calloc(o->partitions_count, sizeof(*starts));
    const struct hb_kafka_reader_options options = {.cluster = o->cluster,
                                                    .topics = &o->topic,
                                                    .topics_count = 1,
                                                    .is_committed_only = is_committed_only,
                                                    .prompt_ms = PROMPT_MS,
                                                    .events = events,
                                                    .user = r};
    if (!starts)
        fail(r, HB_ERR_MEMORY, "restoring", "no memory");
    for (size_t i = 0; starts && i < o->partitions_count; i++)
        starts[i] = (struct hb_kafka_start){0, r->places[i].partition,
                                            is_committed_only ? r->places[i].next : HB_KAFKA_END};
    if (!r->err)
        r->err = hb_kafka_reader_new(&options, &reader, r->reterr);
    if (!r->err && hb_kafka_reader_assign(reader, starts, o->partitions_count))
        fail(r, HB_ERR_BROKER, "restoring", "the topic catalog cannot be assigned");
    r->done = 0;
    while (!r->err && r->done < o->partitions_count) {
        if (o->is_over(o->user))
            fail(r, HB_ERR_CLOSED, "restoring", "asked to stop");
        else
            (void)hb_kafka_reader_poll(reader, POLL_MAX, POLL_WAIT_MS);
    }
    hb_kafka_reader_free(&reader);
    free(starts);
}

/* ---- from where ---- */

static void choose_start(struct restore *r, struct place *place)
{
    struct hb_state_file *file = r->options->file;
    struct hb_wall at;
    file_failed(r, hb_state_file_offset(file, place->partition, &place->next, &at));
    if (r->err)
        return;
    bool is_known = place->next != HB_STATE_OFFSET_NONE;
    bool is_usable = is_known && place->next <= place->end && r->options->wall().ms - at.ms < FILE_AGE_MAX_MS;
    if (!is_usable) {
        r->anew += is_known;
        place->next = HB_KAFKA_BEGINNING;
        file_failed(r, hb_state_file_forget(file, place->partition));
    }
    r->first_behind += place->end - (is_usable ? place->next : 0);
}

/* ---- the records ---- */

static void take_value(struct restore *r, const struct hb_kafka_message *message, struct hb_state_row *row)
{
    struct hb_name_value headers[HB_KAFKA_HEADERS_MAX];
    struct hb_catalog_product product;
    const char *problem = NULL;
    size_t count = hb_kafka_message_headers(message, headers, HB_KAFKA_HEADERS_MAX);
    struct hb_catalog_source source = {message->key, message->value, headers,
                                       count < HB_KAFKA_HEADERS_MAX ? count : HB_KAFKA_HEADERS_MAX};
    switch (hb_catalog_read(&source, &product, &problem)) {
    case HB_CATALOG_READ_OK:
        row->state = product.state;
        row->idle_since = hb_catalog_idle_since(&product);
        break;
    case HB_CATALOG_READ_NEWER:
        fail(r, HB_ERR_VERSION, "the topic catalog", "a record was written by a newer hookbus: update this process");
        break;
    case HB_CATALOG_READ_UNREADABLE:
    default:
        r->options->foreign(r->options->user, message, problem);
        row->value = hb_str_n(NULL, 0);
        break;
    }
}

static void on_message(void *user, struct hb_kafka_message *message)
{
    struct restore *r = user;
    struct place *place = place_of(r, message->partition);
    struct hb_state_row row = {.partition = message->partition, .key = message->key, .value = message->value};
    if (!r->err && place && message->key.ptr) {
        if (message->value.ptr)
            take_value(r, message, &row);
        if (!r->err)
            file_failed(r, hb_state_file_put(r->options->file, &row));
    }
    if (!r->err && place) {
        place->next = message->offset + 1;
        r->records++;
        r->behind = r->behind > 0 ? r->behind - 1 : 0;
    }
    /* A commit in between is whole only together with the offsets: they are written first. */
    if (!r->err && ++r->uncommitted >= COMMIT_RECORDS) {
        for (size_t i = 0; !r->err && i < r->options->partitions_count; i++)
            if (r->places[i].next >= 0)
                file_failed(r, hb_state_file_set_offset(r->options->file, r->places[i].partition, r->places[i].next,
                                                        r->options->wall()));
        file_failed(r, hb_state_file_commit(r->options->file));
        r->uncommitted = 0;
        if (r->first_behind > 0)
            r->options->progress(r->options->user, (int)(100 - r->behind * 100 / r->first_behind));
    }
    hb_kafka_message_free(message);
}

static void on_end(void *user, int topic, int32_t partition, int64_t offset)
{
    struct restore *r = user;
    struct place *place = place_of(r, partition);
    (void)topic;
    if (r->err || !place || place->is_done || offset < place->end) /* a transaction before the end is not decided yet */
        return;
    place->is_done = true;
    r->done++;
    file_failed(r, hb_state_file_set_offset(r->options->file, partition, offset, r->options->wall()));
}

enum hb_err hb_restore_run(const struct hb_restore_options *options, uint64_t *ret_records, size_t *ret_anew,
                           struct hb_error *reterr)
{
    static const struct hb_kafka_reader_events ENDS = {.message = drop_message, .end = on_end_found, .error = on_error};
    static const struct hb_kafka_reader_events RECORDS = {.message = on_message, .end = on_end, .error = on_error};
    struct restore r = {.options = options, .reterr = reterr, .err = HB_OK};
    r.places = calloc(options->partitions_count, sizeof(*r.places));
    if (!r.places)
        return hb_fail(reterr, HB_ERR_MEMORY, "restoring: no memory");
    for (size_t i = 0; i < options->partitions_count; i++)
        r.places[i].partition = options->partitions[i];
    run(&r, false, &ENDS);
    for (size_t i = 0; !r.err && i < options->partitions_count; i++)
        choose_start(&r, &r.places[i]);
    r.behind = r.first_behind;
    if (!r.err)
        run(&r, true, &RECORDS);
    /* Also after a failure: what was read is true. */
    enum hb_err err = r.err == HB_OK || r.err == HB_ERR_CLOSED ? hb_state_file_commit(options->file) : HB_OK;
    file_failed(&r, err);
    free(r.places);
    *ret_records = r.records;
    *ret_anew = r.anew;
    return r.err;
}
