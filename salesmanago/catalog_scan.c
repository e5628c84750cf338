#include "salesmanago/catalog_scan.h"

#include "core/hash.h"
#include "hookbus/topics.h"
#include "platform/crypto/crypto.h"
#include "platform/loop/loop.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define POLL_RECORDS 500
#define POLL_WAIT_MS 100
#define ADMIN_MS 5000
#define PARTITIONS_MAX 1024
#define VALUE_BYTES_MAX ((size_t)2 * 1024 * 1024)
#define STATE_WITHIN_BYTES 2048 /* of a record's beginning: store, product and state stand first */
#define SLOTS_BEGIN ((size_t)4096)
#define LIVE UINT64_C(1) /* the lowest bit of a slot; the others are the hash */

/* Which products were met, and whether each lives by its newest record. Open addressing, at most half full. */
struct set {
    uint64_t *slots; /* 0: empty */
    size_t capacity, count, live;
};

struct hb_catalog_scan {
    struct hb_catalog_scan_options options;
    struct hb_wake *wake;
    pthread_t thread;
    bool is_running; /* the thread is not joined */
    atomic_bool is_cancelled;
    char *store, *product;
    unsigned char hash_key[HB_HASH_KEY_BYTES];
    struct hb_mono ends_at;
    /* The thread's until it is joined. */
    struct hb_kafka_reader *reader;
    struct set set;
    bool is_ended[PARTITIONS_MAX];
    size_t open;
    enum hb_err err;
    struct hb_error error;
    uint64_t scanned;
    struct hb_buf key, value, header_bytes;
    size_t headers_count;
    struct hb_name_value headers[HB_KAFKA_HEADERS_MAX];
};

/* ---- telling products apart ---- */

static uint64_t *slot_of(const struct set *set, uint64_t hash)
{
    size_t at = (size_t)(hash >> 1) & (set->capacity - 1);
    while (set->slots[at] && (set->slots[at] | LIVE) != (hash | LIVE))
        at = (at + 1) & (set->capacity - 1);
    return &set->slots[at];
}

static enum hb_err grow(struct set *set)
{
    struct set bigger = {.capacity = set->capacity ? set->capacity * 2 : SLOTS_BEGIN};
    if (bigger.capacity > 4 * HB_CATALOG_SCAN_PRODUCTS_MAX)
        return HB_ERR_FULL;
    bigger.slots = calloc(bigger.capacity, sizeof *bigger.slots);
    if (!bigger.slots)
        return HB_ERR_MEMORY;
    for (size_t i = 0; i < set->capacity; i++)
        if (set->slots[i])
            *slot_of(&bigger, set->slots[i]) = set->slots[i];
    bigger.count = set->count;
    bigger.live = set->live;
    free(set->slots);
    *set = bigger;
    return HB_OK;
}

static enum hb_err set_put(struct set *set, uint64_t hash, bool is_live)
{
    enum hb_err err = set->count * 2 >= set->capacity ? grow(set) : HB_OK;
    if (err)
        return err;
    hash = hash > LIVE ? hash : LIVE + 1; /* 0 is an empty slot */
    uint64_t *slot = slot_of(set, hash);
    set->count += *slot == 0;
    set->live -= *slot != 0 && (*slot & LIVE);
    set->live += is_live;
    *slot = (hash & ~LIVE) | (is_live ? LIVE : 0);
    return HB_OK;
}

/* By the record's beginning: its members have their order (docs/schemas/records.md), and a quote inside a text is
 * escaped. */
static bool is_live(struct hb_str value)
{
    size_t within = value.len < STATE_WITHIN_BYTES ? value.len : STATE_WITHIN_BYTES;
    return value.ptr && memmem(value.ptr, within, "\"state\":\"active\"", strlen("\"state\":\"active\""));
}

/* ---- reading ---- */

static enum hb_err count(struct hb_catalog_scan *scan, const struct hb_kafka_message *message)
{
    unsigned char digest[HB_HASH_BYTES];
    uint64_t hash;
    hb_hash_pieces(scan->hash_key, &message->key, 1, digest);
    memcpy(&hash, digest, sizeof hash);
    return set_put(&scan->set, hash, is_live(message->value));
}

static enum hb_err keep_text(struct hb_buf *buf, struct hb_str *text)
{
    size_t at = buf->len;
    enum hb_err err = hb_buf_add(buf, *text);
    *text = err ? (struct hb_str){NULL, 0} : hb_str_n(buf->ptr + at, text->len);
    return err;
}

static enum hb_err keep(struct hb_catalog_scan *scan, const struct hb_kafka_message *message)
{
    hb_buf_clear(&scan->key);
    hb_buf_clear(&scan->value);
    hb_buf_clear(&scan->header_bytes);
    enum hb_err err = hb_buf_add(&scan->key, message->key);
    err = err ? err : hb_buf_add(&scan->value, message->value);
    scan->headers_count = hb_kafka_message_headers(message, scan->headers, HB_KAFKA_HEADERS_MAX);
    if (scan->headers_count > HB_KAFKA_HEADERS_MAX)
        scan->headers_count = HB_KAFKA_HEADERS_MAX;
    err = err ? err : hb_buf_reserve(&scan->header_bytes, scan->header_bytes.max); /* never moves again */
    for (size_t i = 0; !err && i < scan->headers_count; i++) {
        err = keep_text(&scan->header_bytes, &scan->headers[i].name);
        err = err ? err : keep_text(&scan->header_bytes, &scan->headers[i].value);
    }
    return err;
}

static enum hb_err take(struct hb_catalog_scan *scan, const struct hb_kafka_message *message)
{
    struct hb_str store = hb_str_c(scan->store), product = hb_str_c(scan->product), key = message->key;
    scan->scanned++;
    if (!hb_str_has_prefix(key, store) || key.len <= store.len || key.ptr[store.len] != '/')
        return HB_OK;
    if (product.len == 0)
        return count(scan, message);
    key = hb_str_n(key.ptr + store.len + 1, key.len - store.len - 1);
    return hb_str_eq(key, product) ? keep(scan, message) : HB_OK;
}

static void end(struct hb_catalog_scan *scan, int32_t partition)
{
    if (partition < 0 || partition >= PARTITIONS_MAX || scan->is_ended[partition])
        return;
    scan->is_ended[partition] = true;
    scan->open--;
}

static void on_message(void *user, struct hb_kafka_message *message)
{
    struct hb_catalog_scan *scan = user;
    if (!scan->err)
        scan->err = take(scan, message);
    hb_kafka_message_free(message);
}

static void on_end(void *user, int topic, int32_t partition, int64_t offset)
{
    (void)topic;
    (void)offset;
    end(user, partition);
}

static void on_error(void *user, enum hb_err err, int topic, int32_t partition, const char *text)
{
    struct hb_catalog_scan *scan = user;
    (void)topic;
    if (err == HB_ERR_NOT_FOUND && partition >= 0)
        end(scan, partition);
    else if (err != HB_ERR_AWAY && !scan->err)
        scan->err = hb_fail(&scan->error, err == HB_ERR_DENIED ? HB_ERR_DENIED : HB_ERR_BROKER,
                            "Kafka refused to read the catalog: %s", text ? text : "");
}

static const struct hb_kafka_reader_events events = {on_message, on_end, on_error};

static enum hb_err count_partitions(struct hb_catalog_scan *scan, const char *topic, int *ret_count)
{
    struct hb_kafka_admin *admin = NULL;
    int replication = 0;
    enum hb_err err = hb_kafka_admin_new(&scan->options.cluster, &admin, &scan->error);
    err = err ? err : hb_kafka_admin_topic(admin, topic, ADMIN_MS, ret_count, &replication, &scan->error);
    hb_kafka_admin_free(&admin);
    if (!err && *ret_count > PARTITIONS_MAX)
        err = hb_fail(&scan->error, HB_ERR_FULL, "the catalog has more than %d partitions", PARTITIONS_MAX);
    return err;
}

/* To find a product its partition is enough. */
static size_t choose(struct hb_catalog_scan *scan, int partitions, struct hb_kafka_start *ret_starts)
{
    struct hb_buf key = hb_buf_make(HB_ID_MAX + 1 + HB_SUBJECT_MAX);
    size_t counted = 0;
    int32_t only = -1;
    if (scan->product[0] && hb_buf_addf(&key, "%s/%s", scan->store, scan->product) == HB_OK)
        only = hb_kafka_partition_of(hb_buf_str(&key), partitions);
    for (int32_t i = 0; i < partitions; i++) {
        scan->is_ended[i] = only >= 0 && i != only;
        if (!scan->is_ended[i])
            ret_starts[counted++] = (struct hb_kafka_start){0, i, HB_KAFKA_BEGINNING};
    }
    hb_buf_deinit(&key);
    scan->open = counted;
    return counted;
}

static enum hb_err go_on(struct hb_catalog_scan *scan)
{
    while (scan->open > 0 && !scan->err) {
        if (atomic_load_explicit(&scan->is_cancelled, memory_order_relaxed))
            return hb_fail(&scan->error, HB_ERR_CLOSED, "the reading was ended");
        if (scan->options.now().us >= scan->ends_at.us)
            return hb_fail(&scan->error, HB_ERR_TIMEOUT, "reading the catalog took too long");
        (void)hb_kafka_reader_poll(scan->reader, POLL_RECORDS, POLL_WAIT_MS);
    }
    return scan->err;
}

static enum hb_err read_topic(struct hb_catalog_scan *scan)
{
    static const char NO_MEMORY[] = "out of memory";
    char topic[HB_TOPIC_NAME_MAX];
    const char *topics[] = {topic};
    int partitions = 0;
    (void)hb_topic_name(scan->options.topic_prefix, HB_TOPIC_CATALOG, topic);
    enum hb_err err = count_partitions(scan, topic, &partitions);
    if (err)
        return err;
    struct hb_kafka_start *starts = calloc((size_t)partitions + 1, sizeof *starts);
    if (!starts)
        return hb_fail(&scan->error, HB_ERR_MEMORY, "%s", NO_MEMORY);
    const struct hb_kafka_reader_options options = {.cluster = scan->options.cluster,
                                                    .topics = topics,
                                                    .topics_count = 1,
                                                    .is_committed_only = true,
                                                    .events = &events,
                                                    .user = scan};
    size_t counted = choose(scan, partitions, starts);
    err = hb_kafka_reader_new(&options, &scan->reader, &scan->error);
    err = err ? err : hb_kafka_reader_assign(scan->reader, starts, counted);
    err = err ? err : go_on(scan);
    hb_kafka_reader_free(&scan->reader);
    free(starts);
    return err;
}

/* ---- life ---- */

static void *run(void *user)
{
    struct hb_catalog_scan *scan = user;
    scan->err = read_topic(scan);
    hb_wake_send(scan->wake);
    return NULL;
}

static void join(struct hb_catalog_scan *scan)
{
    if (scan->is_running)
        pthread_join(scan->thread, NULL);
    scan->is_running = false;
}

static void ended(void *user)
{
    struct hb_catalog_scan *scan = user;
    join(scan);
    scan->options.done(scan->options.user, scan);
}

enum hb_err hb_catalog_scan_start(const struct hb_catalog_scan_options *options, struct hb_catalog_scan **ret_scan)
{
    struct hb_catalog_scan *scan = calloc(1, sizeof *scan);
    if (!scan)
        return HB_ERR_MEMORY;
    scan->options = *options;
    scan->store = hb_str_dup(options->store);
    scan->product = hb_str_dup(options->product);
    scan->key = hb_buf_make(HB_ID_MAX + 1 + HB_SUBJECT_MAX);
    scan->value = hb_buf_make(VALUE_BYTES_MAX);
    scan->header_bytes = hb_buf_make(4096);
    scan->ends_at = (struct hb_mono){options->now().us + options->limit_ms * HB_US_PER_MS};
    hb_random_bytes(scan->hash_key, sizeof scan->hash_key);
    atomic_init(&scan->is_cancelled, false);
    enum hb_err err =
        scan->store && scan->product ? hb_wake_new(options->loop, ended, scan, &scan->wake) : HB_ERR_MEMORY;
    if (!err && pthread_create(&scan->thread, NULL, run, scan) != 0)
        err = HB_ERR_MEMORY;
    if (err) {
        hb_catalog_scan_free(&scan);
        return err;
    }
    scan->is_running = true;
    *ret_scan = scan;
    return HB_OK;
}

void hb_catalog_scan_cancel(struct hb_catalog_scan *scan)
{
    atomic_store_explicit(&scan->is_cancelled, true, memory_order_relaxed);
}

void hb_catalog_scan_result(const struct hb_catalog_scan *scan, struct hb_catalog_scan_result *ret_result)
{
    HB_ASSERT(!scan->is_running);
    *ret_result =
        (struct hb_catalog_scan_result){.err = scan->err,
                                        .text = scan->error.text[0] ? scan->error.text : hb_err_text(scan->err),
                                        .products = scan->set.live,
                                        .scanned = scan->scanned,
                                        .key = hb_buf_str(&scan->key),
                                        .value = hb_buf_str(&scan->value),
                                        .headers_count = scan->headers_count};
    memcpy(ret_result->headers, scan->headers, sizeof scan->headers);
}

void hb_catalog_scan_free(struct hb_catalog_scan **scan)
{
    struct hb_catalog_scan *s = *scan;
    if (!s)
        return;
    hb_catalog_scan_cancel(s);
    join(s);
    if (s->wake)
        hb_wake_free(&s->wake);
    free(s->set.slots);
    hb_buf_deinit(&s->key);
    hb_buf_deinit(&s->value);
    hb_buf_deinit(&s->header_bytes);
    free(s->store);
    free(s->product);
    free(s);
    *scan = NULL;
}
