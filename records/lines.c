#include "records/lines.h"

#include "hookbus/topics.h"
#include "platform/loop/loop.h"
#include "records/pace.h"

#include <stdlib.h>

#define TAGS_FIRST 64

/* Whom to tell of a line. */
struct tag {
    const struct hb_lines_client *client;
    void *tag;
};

/* One record: gathered, then written, then acknowledged; kept until that. */
struct batch {
    struct batch *next; /* free list, or the list of those to be written again */
    struct hb_lines *lines;
    struct hb_buf text;
    struct tag *tags;
    size_t tags_count, tags_capacity;
    struct hb_mono written_at;
    struct batch *older, *newer; /* those at Kafka, by age */
};

struct hb_lines {
    struct hb_lines_options options;
    char topic[HB_TOPIC_NAME_MAX];
    struct hb_timer *linger, *again;
    struct batch *open;           /* being gathered */
    struct batch *free_list;
    struct batch *to_repeat;      /* not taken by Kafka's client, oldest first */
    struct batch *oldest, *newest; /* at Kafka */
    size_t records_waiting, lines_waiting;
    size_t held_waiting;          /* lines for which journal records wait */
    bool is_hurried;              /* what is open goes out sooner */
    bool is_refused;              /* the last record was not permitted: no more work until one is */
};

static void at_kafka_remove(struct hb_lines *lines, struct batch *batch)
{
    *(batch->older ? &batch->older->newer : &lines->oldest) = batch->newer;
    *(batch->newer ? &batch->newer->older : &lines->newest) = batch->older;
    batch->older = batch->newer = NULL;
}

static void at_kafka_add(struct hb_lines *lines, struct batch *batch)
{
    batch->newer = NULL;
    batch->older = lines->newest;
    *(lines->newest ? &lines->newest->newer : &lines->oldest) = batch;
    lines->newest = batch;
}

static void repeat_later(struct hb_lines *lines, struct batch *batch)
{
    struct batch **end = &lines->to_repeat;
    while (*end)
        end = &(*end)->next;
    batch->next = NULL;
    *end = batch;
    if (!hb_timer_is_running(lines->again))
        hb_timer_start(lines->again, HB_RECORDS_AGAIN_MS, 0);
}

static void batch_done(struct hb_lines *lines, struct batch *batch)
{
    lines->records_waiting--;
    for (size_t i = 0; i < batch->tags_count; i++) {
        lines->lines_waiting--;
        const struct hb_lines_client *client = batch->tags[i].client;
        lines->held_waiting -= client && client->holds_records;
        if (client)
            client->done(client->user, batch->tags[i].tag);
    }
    batch->tags_count = 0;
    hb_buf_clear(&batch->text);
    batch->next = lines->free_list;
    lines->free_list = batch;
}

static void refuse(struct hb_lines *lines, enum hb_err err, const char *text)
{
    lines->is_refused = true;
    lines->options.refused(lines->options.user, err, text);
}

static struct batch *batch_new(struct hb_lines *lines);
static enum hb_err tags_reserve(struct batch *batch);

/* Moves the second half of the lines into a record of their own. Without memory nothing happens: it is tried again as
 * it is. */
static void split(struct hb_lines *lines, struct batch *batch)
{
    struct batch *second = batch_new(lines);
    if (!second)
        return;
    size_t stay = batch->tags_count / 2, cut = 0;
    for (size_t i = 0; i < stay; i++) /* texts hold no bare line feed */
        cut = (size_t)((const char *)memchr(batch->text.ptr + cut, '\n', batch->text.len - cut) - batch->text.ptr) + 1;
    enum hb_err err = hb_buf_add(&second->text, hb_str_n(batch->text.ptr + cut, batch->text.len - cut));
    for (size_t i = stay; i < batch->tags_count && !err; i++)
        if (!(err = tags_reserve(second)))
            second->tags[second->tags_count++] = batch->tags[i];
    if (err) {
        second->tags_count = 0;
        hb_buf_clear(&second->text);
        second->next = lines->free_list;
        lines->free_list = second;
        return;
    }
    batch->tags_count = stay;
    batch->text.len = cut;
    second->written_at = batch->written_at;
    lines->records_waiting++;
    repeat_later(lines, second);
}

/* A single line goes without location, detail and body, which stand together before the topic; a quote inside a text is
 * escaped, so these are found. */
static void shorten(struct batch *batch)
{
    static const char *const CUT[] = {",\"location\":\"", ",\"detail\":\"", ",\"body\":\""};
    char *text = batch->text.ptr, *from = NULL;
    for (size_t i = 0; i < sizeof CUT / sizeof *CUT && !from; i++)
        from = memmem(text, batch->text.len, CUT[i], strlen(CUT[i]));
    char *to = from ? memmem(from, batch->text.len - (size_t)(from - text), ",\"topic\":\"", 10) : NULL;
    if (!to)
        return;
    memmove(from, to, batch->text.len - (size_t)(to - text));
    batch->text.len -= (size_t)(to - from);
}

static void acknowledged(void *user, const struct hb_kafka_ack *ack)
{
    struct batch *batch = user;
    struct hb_lines *lines = batch->lines;
    at_kafka_remove(lines, batch);
    if (!ack->err) {
        lines->is_refused = false;
        batch_done(lines, batch);
        return;
    }
    if (ack->err == HB_ERR_DENIED || ack->err == HB_ERR_FATAL)
        refuse(lines, ack->err, ack->text);
    else if (ack->err == HB_ERR_TOO_LARGE && batch->tags_count > 1)
        split(lines, batch);
    else if (ack->err == HB_ERR_TOO_LARGE)
        shorten(batch);
    repeat_later(lines, batch);
}

static enum hb_err write_batch(struct hb_lines *lines, struct batch *batch)
{
    const struct hb_name_value version = {HB_STR("hb_v"), HB_STR("1")};
    const struct hb_kafka_record record = {
        .topic = lines->topic, .partition = HB_KAFKA_PARTITION_ANY, .key = hb_str_c(lines->options.worker),
        .value = hb_buf_str(&batch->text), .headers = &version, .headers_count = 1};
    enum hb_err err = hb_kafka_produce(lines->options.producer, &record, acknowledged, batch);
    if (err == HB_ERR_DENIED || err == HB_ERR_FATAL)
        refuse(lines, err, hb_err_text(err));
    if (!err)
        at_kafka_add(lines, batch);
    return err;
}

void hb_lines_flush(struct hb_lines *lines)
{
    struct batch *batch = lines->open;
    hb_timer_stop(lines->linger);
    lines->is_hurried = false;
    if (!batch)
        return;
    lines->open = NULL;
    lines->records_waiting++;
    batch->written_at = hb_loop_mono(lines->options.loop);
    if (write_batch(lines, batch))
        repeat_later(lines, batch);
}

static void linger_over(void *user) { hb_lines_flush(user); }

void hb_lines_hurry(struct hb_lines *lines)
{
    if (!lines->open || lines->is_hurried || lines->options.linger_ms <= HB_LINES_HURRY_MS)
        return;
    lines->is_hurried = true;
    hb_timer_start(lines->linger, HB_LINES_HURRY_MS, 0);
}

static void write_again(void *user)
{
    struct hb_lines *lines = user;
    while (lines->to_repeat) {
        struct batch *batch = lines->to_repeat;
        if (write_batch(lines, batch)) {
            hb_timer_start(lines->again, HB_RECORDS_AGAIN_MS, 0);
            return;
        }
        lines->to_repeat = batch->next;
    }
}

static struct batch *batch_new(struct hb_lines *lines)
{
    struct batch *batch = lines->free_list;
    if (batch) {
        lines->free_list = batch->next;
        batch->next = NULL;
        return batch;
    }
    batch = calloc(1, sizeof *batch);
    if (batch) {
        batch->lines = lines;
        batch->text = hb_buf_make(lines->options.record_bytes_max + HB_LINE_BYTES_MAX);
    }
    return batch;
}

static enum hb_err tags_reserve(struct batch *batch)
{
    if (batch->tags_count < batch->tags_capacity)
        return HB_OK;
    size_t capacity = batch->tags_capacity ? 2 * batch->tags_capacity : TAGS_FIRST;
    struct tag *tags = realloc(batch->tags, capacity * sizeof *tags);
    if (!tags)
        return HB_ERR_MEMORY;
    batch->tags = tags;
    batch->tags_capacity = capacity;
    return HB_OK;
}

enum hb_err hb_lines_add(struct hb_lines *lines, struct hb_attempt_line *line, const struct hb_lines_client *client,
                         void *tag)
{
    if (!lines->open && !(lines->open = batch_new(lines)))
        return HB_ERR_MEMORY;
    struct batch *batch = lines->open;
    line->worker = hb_str_c(lines->options.worker);
    enum hb_err err = tags_reserve(batch);
    if (!err)
        err = hb_attempt_line_add(&batch->text, line);
    if (err)
        return err;
    batch->tags[batch->tags_count++] = (struct tag){client, tag};
    lines->lines_waiting++;
    lines->held_waiting += client && client->holds_records;
    if (batch->text.len >= lines->options.record_bytes_max)
        hb_lines_flush(lines);
    else if (batch->tags_count == 1)
        hb_timer_start(lines->linger, lines->options.linger_ms, 0);
    return HB_OK;
}

size_t hb_lines_waiting(const struct hb_lines *lines) { return lines->lines_waiting; }

bool hb_lines_is_congested(const struct hb_lines *lines)
{
    if (lines->records_waiting == 0)
        return false;
    if (lines->is_refused || lines->records_waiting + lines->held_waiting >= HB_RECORDS_WAITING_MAX)
        return true;
    const struct batch *oldest = lines->to_repeat ? lines->to_repeat : lines->oldest;
    return oldest && hb_loop_mono(lines->options.loop).us - oldest->written_at.us > HB_RECORDS_ACK_WAIT_MAX_US;
}

enum hb_err hb_lines_new(const struct hb_lines_options *options, struct hb_lines **ret_lines)
{
    struct hb_lines *lines = calloc(1, sizeof *lines);
    if (!lines)
        return HB_ERR_MEMORY;
    lines->options = *options;
    hb_topic_name(options->topic_prefix, HB_TOPIC_ATTEMPTS, lines->topic);
    enum hb_err err = hb_timer_new(options->loop, linger_over, lines, &lines->linger);
    if (!err)
        err = hb_timer_new(options->loop, write_again, lines, &lines->again);
    if (err)
        hb_lines_free(&lines);
    else
        *ret_lines = lines;
    return err;
}

static void batches_free(struct batch *batch, bool is_at_kafka)
{
    while (batch) {
        struct batch *next = is_at_kafka ? batch->newer : batch->next;
        for (size_t i = 0; i < batch->tags_count; i++) {
            const struct hb_lines_client *client = batch->tags[i].client;
            if (client && client->dropped)
                client->dropped(client->user, batch->tags[i].tag);
        }
        hb_buf_deinit(&batch->text);
        free(batch->tags);
        free(batch);
        batch = next;
    }
}

void hb_lines_free(struct hb_lines **lines)
{
    struct hb_lines *l = *lines;
    if (!l)
        return;
    hb_timer_free(&l->linger);
    hb_timer_free(&l->again);
    batches_free(l->open, false);
    batches_free(l->free_list, false);
    batches_free(l->to_repeat, false);
    batches_free(l->oldest, true);
    free(l);
    *lines = NULL;
}
