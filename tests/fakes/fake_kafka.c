#include "fakes/fake_kafka.h"

#include "fakes/fake_loop.h"

#include <stdio.h>
#include <stdlib.h>

#define EVENTS_MAX 256
#define RECORDS_MAX 65536

struct row {
    struct fake_event event;
    char *key, *value;
    struct hb_name_value headers[FAKE_HEADERS];
    size_t headers_count;
};
struct shelf { /* one partition */
    struct row *rows;
    size_t rows_count, rows_capacity;
    int64_t first, low, committed, known, stored, position; /* known: committed as far as the client heard */
    bool is_assigned, is_paused, is_refused;
};
struct happening {
    enum { ASSIGN, ASSIGN_NONE, REVOKE, COMMITTED, ERROR } kind;
    int topic;
    int32_t partition;
    int64_t offset;
    enum hb_err err;
    const char *text;
};
struct hb_kafka_consumer {
    const struct hb_kafka_consumer_events *events;
    void *user;
    bool is_polling;
};
struct hb_kafka_producer {
    bool is_polling;
};
struct answer {
    struct fake_record *record;
    enum hb_err err;
};

static struct {
    struct fake_kafka_hooks hooks;
    struct shelf shelves[FAKE_TOPICS][FAKE_PARTITIONS];
    struct happening happenings[EVENTS_MAX];
    size_t happenings_count;
    struct hb_kafka_consumer *consumer;
    struct hb_kafka_producer *producer;
    struct fake_record *pending, **pending_last;
    struct answer *answers;
    size_t answers_count;
    enum hb_err refusal;
    bool is_away, acks_late;
    int messages_out, polls, turn;
    int64_t next_offset; /* of what is produced, whatever the topic */
} k;

static struct shelf *shelf_of(int topic, int32_t partition)
{
    HB_ASSERT(topic >= 0 && topic < FAKE_TOPICS && partition >= 0 && partition < FAKE_PARTITIONS);
    return &k.shelves[topic][partition];
}

static int64_t end_of(const struct shelf *shelf) { return shelf->first + (int64_t)shelf->rows_count; }

void fake_kafka_open(const struct fake_kafka_hooks *hooks)
{
    memset(&k, 0, sizeof k);
    if (hooks)
        k.hooks = *hooks;
    k.pending_last = &k.pending;
    k.answers = calloc(RECORDS_MAX, sizeof *k.answers);
    HB_ASSERT(k.answers);
    for (int t = 0; t < FAKE_TOPICS; t++)
        for (int32_t p = 0; p < FAKE_PARTITIONS; p++)
            k.shelves[t][p].committed = HB_KAFKA_OFFSET_NONE, k.shelves[t][p].stored = -1;
}

static void record_free(struct fake_record *record)
{
    free(record->key);
    free(record->value);
    free(record->headers);
    free(record);
}

void fake_kafka_close(void)
{
    HB_ASSERT(!k.consumer && !k.producer && k.messages_out == 0);
    for (int t = 0; t < FAKE_TOPICS; t++)
        for (int32_t p = 0; p < FAKE_PARTITIONS; p++) {
            for (size_t i = 0; i < k.shelves[t][p].rows_count; i++) {
                free(k.shelves[t][p].rows[i].key);
                free(k.shelves[t][p].rows[i].value);
                for (size_t h = 0; h < k.shelves[t][p].rows[i].headers_count; h++)
                    free((void *)(uintptr_t)k.shelves[t][p].rows[i].headers[h].value.ptr);
            }
            free(k.shelves[t][p].rows);
        }
    free(k.answers);
}

static bool has_message(const struct shelf *shelf)
{
    return shelf->is_assigned && !shelf->is_paused && !shelf->is_refused && shelf->position < end_of(shelf);
}

bool fake_kafka_is_readable(int fd)
{
    if (fd == FAKE_PRODUCER_FD)
        return k.answers_count > 0;
    for (int t = 0; t < FAKE_TOPICS; t++)
        for (int32_t p = 0; p < FAKE_PARTITIONS; p++)
            if (has_message(&k.shelves[t][p]))
                return true;
    return k.happenings_count > 0;
}

/* ---- what stands in the partitions ---- */

static void add_header(struct row *row, const char *name, const char *value)
{
    if (value)
        row->headers[row->headers_count++] = (struct hb_name_value){hb_str_c(name), hb_str_c(hb_str_dup(hb_str_c(value)))};
}

int64_t fake_kafka_append(int topic, int32_t partition, const struct fake_event *event)
{
    struct shelf *shelf = shelf_of(topic, partition);
    if (shelf->rows_count == shelf->rows_capacity) {
        shelf->rows_capacity = shelf->rows_capacity ? 2 * shelf->rows_capacity : 64;
        shelf->rows = realloc(shelf->rows, shelf->rows_capacity * sizeof *shelf->rows);
        HB_ASSERT(shelf->rows);
    }
    struct row *row = &shelf->rows[shelf->rows_count];
    memset(row, 0, sizeof *row);
    char key[256], source[128];
    (void)snprintf(key, sizeof key, "%s/%s", event->store, event->subject);
    (void)snprintf(source, sizeof source, "/stores/%s", event->store);
    row->key = hb_str_dup(hb_str_c(key));
    row->value = event->value ? hb_str_dup(hb_str_c(event->value)) : NULL;
    add_header(row, "ce_specversion", "1.0");
    add_header(row, "ce_id", event->id);
    add_header(row, "ce_source", source);
    add_header(row, "ce_type", event->type);
    add_header(row, "ce_subject", event->subject);
    HB_ASSERT(!event->stamp || !event->version); /* room for one of them */
    add_header(row, "hb_registry", event->stamp);
    add_header(row, "hb_v", event->version);
    return shelf->first + (int64_t)shelf->rows_count++;
}

int64_t fake_kafka_end(int topic, int32_t partition) { return end_of(shelf_of(topic, partition)); }
void fake_kafka_set_low(int topic, int32_t partition, int64_t low) { shelf_of(topic, partition)->low = low; }
void fake_kafka_set_committed(int topic, int32_t partition, int64_t offset) { shelf_of(topic, partition)->committed = offset; }
int64_t fake_kafka_committed(int topic, int32_t partition) { return shelf_of(topic, partition)->committed; }
int64_t fake_kafka_stored(int topic, int32_t partition) { return shelf_of(topic, partition)->stored; }
bool fake_kafka_is_paused(int topic, int32_t partition) { return shelf_of(topic, partition)->is_paused; }
bool fake_kafka_is_refused(int topic, int32_t partition) { return shelf_of(topic, partition)->is_refused; }
bool fake_kafka_has_consumer(void) { return k.consumer != NULL; }
int fake_kafka_polls(void) { return k.polls; }

void fake_kafka_set_end_base(int topic, int32_t partition, int64_t first)
{
    struct shelf *shelf = shelf_of(topic, partition);
    HB_ASSERT(shelf->rows_count == 0);
    shelf->first = shelf->low = first;
}

/* ---- the group ---- */

static void happen(struct happening happening)
{
    HB_ASSERT(k.happenings_count < EVENTS_MAX);
    k.happenings[k.happenings_count++] = happening;
}

void fake_kafka_assign(int topic, int32_t partition) { happen((struct happening){.kind = ASSIGN, .topic = topic, .partition = partition}); }
void fake_kafka_assign_none(void) { happen((struct happening){.kind = ASSIGN_NONE}); }
void fake_kafka_revoke(int topic, int32_t partition) { happen((struct happening){.kind = REVOKE, .topic = topic, .partition = partition}); }

void fake_kafka_error(enum hb_err err, int topic, int32_t partition, const char *text)
{
    happen((struct happening){.kind = ERROR, .topic = topic, .partition = partition, .err = err, .text = text});
}

static void commit_shelf(int topic, int32_t partition, bool is_acked)
{
    struct shelf *shelf = shelf_of(topic, partition);
    if (shelf->stored < 0 || shelf->stored == shelf->known)
        return;
    HB_ASSERT(shelf->committed == HB_KAFKA_OFFSET_NONE || shelf->stored >= shelf->committed);
    shelf->committed = shelf->stored;
    if (!is_acked)
        return; /* the client commits it again, until it hears of it */
    shelf->known = shelf->stored;
    happen((struct happening){.kind = COMMITTED, .topic = topic, .partition = partition, .offset = shelf->stored});
}

void fake_kafka_commit(bool is_acked)
{
    for (int t = 0; t < FAKE_TOPICS; t++)
        for (int32_t p = 0; p < FAKE_PARTITIONS; p++)
            commit_shelf(t, p, is_acked);
}

void fake_kafka_commit_fails(void)
{
    for (int t = 0; t < FAKE_TOPICS; t++)
        for (int32_t p = 0; p < FAKE_PARTITIONS; p++)
            if (k.shelves[t][p].stored >= 0)
                happen((struct happening){.kind = COMMITTED, .topic = t, .partition = p, .offset = k.shelves[t][p].stored, .err = HB_ERR_TIMEOUT});
}

enum hb_err hb_kafka_consumer_new(const struct hb_kafka_consumer_options *options, struct hb_kafka_consumer **ret_consumer, struct hb_error *reterr)
{
    (void)reterr;
    HB_ASSERT(!k.consumer);
    k.consumer = calloc(1, sizeof *k.consumer);
    HB_ASSERT(k.consumer);
    *k.consumer = (struct hb_kafka_consumer){.events = options->events, .user = options->user};
    *ret_consumer = k.consumer;
    return HB_OK;
}

void hb_kafka_consumer_free(struct hb_kafka_consumer **consumer, int timeout_ms)
{
    (void)timeout_ms;
    if (!*consumer)
        return;
    HB_ASSERT(k.messages_out == 0); /* the library would wait for them */
    for (int t = 0; t < FAKE_TOPICS; t++)
        for (int32_t p = 0; p < FAKE_PARTITIONS; p++) {
            struct shelf *shelf = &k.shelves[t][p];
            if (!k.is_away && shelf->is_assigned)
                commit_shelf(t, p, false);
            shelf->is_assigned = shelf->is_paused = shelf->is_refused = false;
            shelf->stored = -1;
        }
    k.happenings_count = 0;
    free(*consumer);
    *consumer = k.consumer = NULL;
}

int hb_kafka_consumer_fd(const struct hb_kafka_consumer *consumer)
{
    (void)consumer;
    return FAKE_CONSUMER_FD;
}

static void tell_assigned(struct hb_kafka_consumer *consumer, const struct happening *happening)
{
    struct shelf *shelf = shelf_of(happening->topic, happening->partition);
    HB_ASSERT(!shelf->is_assigned);
    struct hb_kafka_partition partition = {
        .topic = happening->topic, .partition = happening->partition, .committed = shelf->committed, .low = shelf->low, .high = end_of(shelf),
        .start = shelf->committed == HB_KAFKA_OFFSET_NONE ? shelf->low : shelf->committed};
    consumer->events->assigned(consumer->user, &partition, 1);
    shelf->is_assigned = true;
    shelf->is_paused = false;
    shelf->is_refused = partition.is_refused;
    shelf->position = partition.start;
    shelf->stored = -1;
    shelf->known = shelf->committed;
    HB_ASSERT(partition.is_refused || (partition.start >= shelf->low && partition.start <= end_of(shelf)));
}

static void tell_revoked(struct hb_kafka_consumer *consumer, const struct happening *happening)
{
    struct shelf *shelf = shelf_of(happening->topic, happening->partition);
    HB_ASSERT(shelf->is_assigned);
    const struct hb_kafka_partition partition = {.topic = happening->topic, .partition = happening->partition};
    consumer->events->revoked(consumer->user, &partition, 1, false);
    if (!k.is_away)
        commit_shelf(happening->topic, happening->partition, true);
    shelf->is_assigned = shelf->is_paused = shelf->is_refused = false;
    shelf->stored = -1;
}

static void tell(struct hb_kafka_consumer *consumer, const struct happening *happening)
{
    switch (happening->kind) {
    case ASSIGN:
        tell_assigned(consumer, happening);
        break;
    case ASSIGN_NONE:
        consumer->events->assigned(consumer->user, NULL, 0);
        break;
    case REVOKE:
        tell_revoked(consumer, happening);
        break;
    case COMMITTED:
        consumer->events->committed(consumer->user, happening->topic, happening->partition, happening->offset, happening->err);
        break;
    case ERROR:
    default:
        consumer->events->error(consumer->user, happening->err, happening->topic, happening->partition, happening->text);
        break;
    }
}

static bool give_message(struct hb_kafka_consumer *consumer)
{
    for (int i = 0; i < FAKE_TOPICS * FAKE_PARTITIONS; i++) {
        int at = (k.turn + i) % (FAKE_TOPICS * FAKE_PARTITIONS);
        struct shelf *shelf = &k.shelves[at / FAKE_PARTITIONS][at % FAKE_PARTITIONS];
        if (!has_message(shelf))
            continue;
        k.turn = at + 1;
        int64_t offset = shelf->position++;
        struct row *row = &shelf->rows[offset - shelf->first];
        /* The bytes die with the message, so that a view that outlives it is seen by the sanitizer. */
        struct hb_kafka_message *handle = malloc(sizeof *handle);
        HB_ASSERT(handle);
        *handle = (struct hb_kafka_message){
            .handle = handle, .topic = at / FAKE_PARTITIONS, .partition = at % FAKE_PARTITIONS, .offset = offset,
            .appended = {FAKE_LOOP_START_MS + offset}, .key = hb_str_c(hb_str_dup(hb_str_c(row->key)))};
        if (row->value)
            handle->value = hb_str_c(hb_str_dup(hb_str_c(row->value)));
        k.messages_out++;
        struct hb_kafka_message given = *handle;
        consumer->events->message(consumer->user, &given);
        return true;
    }
    return false;
}

int hb_kafka_consumer_poll(struct hb_kafka_consumer *consumer, int max)
{
    HB_ASSERT(!consumer->is_polling && max > 0);
    consumer->is_polling = true;
    k.polls++;
    int served = 0;
    while (served < max && k.happenings_count > 0) {
        struct happening happening = k.happenings[0];
        memmove(k.happenings, k.happenings + 1, --k.happenings_count * sizeof happening);
        tell(consumer, &happening);
        served++;
    }
    while (served < max && give_message(consumer))
        served++;
    consumer->is_polling = false;
    return served;
}

enum hb_err hb_kafka_consumer_store(struct hb_kafka_consumer *consumer, int topic, int32_t partition, int64_t next_offset)
{
    HB_ASSERT(consumer && consumer == k.consumer);
    struct shelf *shelf = shelf_of(topic, partition);
    if (!shelf->is_assigned)
        return HB_OK;
    HB_ASSERT(next_offset >= shelf->stored && next_offset <= shelf->position);
    shelf->stored = next_offset;
    if (k.hooks.stored)
        k.hooks.stored(k.hooks.user, topic, partition, next_offset);
    return HB_OK;
}

void hb_kafka_consumer_pause(struct hb_kafka_consumer *consumer, int topic, int32_t partition)
{
    HB_ASSERT(consumer == k.consumer);
    shelf_of(topic, partition)->is_paused = true;
}

void hb_kafka_consumer_resume(struct hb_kafka_consumer *consumer, int topic, int32_t partition)
{
    HB_ASSERT(consumer == k.consumer);
    shelf_of(topic, partition)->is_paused = false;
}

void hb_kafka_message_free(struct hb_kafka_message *message)
{
    struct hb_kafka_message *handle = message->handle;
    HB_ASSERT(handle && k.messages_out > 0);
    k.messages_out--;
    free((void *)(uintptr_t)handle->key.ptr);
    free((void *)(uintptr_t)handle->value.ptr);
    free(handle);
    *message = (struct hb_kafka_message){0};
}

size_t hb_kafka_message_headers(const struct hb_kafka_message *message, struct hb_name_value *ret_headers, size_t max)
{
    const struct shelf *shelf = shelf_of(message->topic, message->partition);
    const struct row *row = &shelf->rows[message->offset - shelf->first];
    for (size_t i = 0; i < row->headers_count && i < max; i++)
        ret_headers[i] = row->headers[i];
    return row->headers_count;
}

/* ---- the producer ---- */

enum hb_err hb_kafka_producer_new(const struct hb_kafka_producer_options *options, struct hb_kafka_producer **ret_producer, struct hb_error *reterr)
{
    (void)options, (void)reterr;
    HB_ASSERT(!k.producer);
    k.producer = calloc(1, sizeof *k.producer);
    HB_ASSERT(k.producer);
    *ret_producer = k.producer;
    return HB_OK;
}

int hb_kafka_producer_fd(const struct hb_kafka_producer *producer)
{
    (void)producer;
    return FAKE_PRODUCER_FD;
}

enum hb_err hb_kafka_produce(struct hb_kafka_producer *producer, const struct hb_kafka_record *record, hb_kafka_ack_fn *ack, void *user)
{
    HB_ASSERT(producer == k.producer);
    if (k.refusal)
        return k.refusal;
    struct fake_record *copy = calloc(1, sizeof *copy);
    HB_ASSERT(copy);
    struct hb_buf headers = hb_buf_make(4096);
    for (size_t i = 0; i < record->headers_count; i++)
        HB_ASSERT(!hb_buf_addf(&headers, "%.*s: %.*s\n", HB_ARG(record->headers[i].name), HB_ARG(record->headers[i].value)));
    *copy = (struct fake_record){.partition = record->partition,
                                 .key = hb_str_dup(record->key),
                                 .value = record->value.ptr ? hb_str_dup(record->value) : NULL,
                                 .headers = hb_str_dup(hb_buf_str(&headers)),
                                 .ack = ack,
                                 .user = user};
    hb_buf_deinit(&headers);
    (void)snprintf(copy->topic, sizeof copy->topic, "%s", record->topic);
    *k.pending_last = copy;
    k.pending_last = &copy->next;
    return HB_OK;
}

const char *fake_record_header(const struct fake_record *record, const char *name)
{
    static char value[256];
    char line[64];
    int len = snprintf(line, sizeof line, "%s: ", name);
    for (const char *at = record->headers; *at; at = strchr(at, '\n') + 1)
        if (strncmp(at, line, (size_t)len) == 0) {
            (void)snprintf(value, sizeof value, "%.*s", (int)strcspn(at + len, "\n"), at + len);
            return value;
        }
    return NULL;
}

struct fake_record *fake_kafka_pending(void) { return k.pending; }
void fake_kafka_refuse(enum hb_err err) { k.refusal = err; }
void fake_kafka_set_away(bool is_away) { k.is_away = is_away; }
void fake_kafka_ack_late(void) { k.acks_late = true; }

int fake_kafka_pending_count(void)
{
    int count = 0;
    for (struct fake_record *record = k.pending; record; record = record->next)
        count++;
    return count;
}

void fake_kafka_ack(struct fake_record *record, enum hb_err err)
{
    struct fake_record **at = &k.pending;
    while (*at != record) {
        HB_ASSERT(*at);
        at = &(*at)->next;
    }
    *at = record->next;
    if (!*at)
        k.pending_last = at;
    HB_ASSERT(k.answers_count < RECORDS_MAX);
    k.answers[k.answers_count++] = (struct answer){record, err};
}

void fake_kafka_ack_all(void)
{
    while (k.pending)
        fake_kafka_ack(k.pending, HB_OK);
}

static void give_answer(void)
{
    struct answer answer = k.answers[0];
    memmove(k.answers, k.answers + 1, --k.answers_count * sizeof answer);
    if (!answer.err && k.hooks.acked)
        k.hooks.acked(k.hooks.user, answer.record);
    const struct hb_kafka_ack ack = {.err = answer.err,
                                     .partition = answer.record->partition,
                                     .offset = answer.err ? -1 : k.next_offset++,
                                     .text = answer.err ? "refused by the fake" : ""};
    if (answer.record->ack)
        answer.record->ack(answer.record->user, &ack);
    record_free(answer.record);
}

int hb_kafka_producer_poll(struct hb_kafka_producer *producer, int max)
{
    HB_ASSERT(!producer->is_polling);
    producer->is_polling = true;
    int served = 0;
    for (; served < max && k.answers_count > 0; served++)
        give_answer();
    producer->is_polling = false;
    return served;
}

enum hb_err hb_kafka_producer_flush(struct hb_kafka_producer *producer, int timeout_ms)
{
    (void)producer, (void)timeout_ms;
    do { /* what an answer makes somebody write is waited for, too */
        if (!k.is_away)
            fake_kafka_ack_all();
        while (k.answers_count > 0)
            give_answer();
    } while (!k.is_away && k.pending);
    return k.pending ? HB_ERR_TIMEOUT : HB_OK;
}

void hb_kafka_producer_free(struct hb_kafka_producer **producer, int timeout_ms)
{
    (void)timeout_ms;
    if (!*producer)
        return;
    while (k.pending)
        fake_kafka_ack(k.pending, k.acks_late ? HB_OK : HB_ERR_TIMEOUT);
    while (k.answers_count > 0)
        give_answer();
    free(*producer);
    *producer = k.producer = NULL;
}
