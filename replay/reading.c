#include "replay/reading.h"

#include <stdlib.h>

#define POLL_RECORDS 500
#define POLL_WAIT_MS 100
/* The library's fetcher sleeps for a second whenever so much waits: above what comes in one (docs/libraries.md). */
#define QUEUED_RECORDS 1000000
#define QUEUED_KIB 32768

/* One range under way. */
struct part {
    const struct hb_reading_range *range;
    bool is_ended;
};

struct run {
    const struct hb_reading *reading;
    struct hb_kafka_reader *reader;
    struct part *parts; /* of each topic's partitions, HB_READING_PARTITIONS a topic */
    size_t parts_each;
    size_t open;
    enum hb_err err;
};

static struct part *part_of(const struct run *run, int topic, int32_t partition)
{
    HB_ASSERT(topic >= 0 && (size_t)topic < run->reading->topics_count && partition >= 0 &&
              (size_t)partition < run->parts_each);
    return &run->parts[(size_t)topic * run->parts_each + (size_t)partition];
}

/* Once a range: the end comes again when more was written meanwhile. */
static void end(struct run *run, struct part *part)
{
    if (part->is_ended || !part->range)
        return;
    part->is_ended = true;
    run->open--;
}

static void on_message(void *user, struct hb_kafka_message *message)
{
    struct run *run = user;
    struct part *part = part_of(run, message->topic, message->partition);
    if (part->range && message->offset < part->range->to && !run->err) {
        if (run->reading->scanned)
            atomic_fetch_add_explicit(run->reading->scanned, 1, memory_order_relaxed);
        run->err = run->reading->take(run->reading->user, message);
    }
    if (part->range && message->offset + 1 >= part->range->to)
        end(run, part);
    hb_kafka_message_free(message);
}

static void on_end(void *user, int topic, int32_t partition, int64_t offset)
{
    struct run *run = user;
    (void)offset;
    end(run, part_of(run, topic, partition));
}

static void on_error(void *user, enum hb_err err, int topic, int32_t partition, const char *text)
{
    struct run *run = user;
    (void)text;
    if (err == HB_ERR_NOT_FOUND && partition >= 0)
        end(run, part_of(run, topic, partition)); /* what was there is gone meanwhile */
    else if (err != HB_ERR_AWAY && !run->err)
        run->err = err == HB_ERR_DENIED ? HB_ERR_DENIED : HB_ERR_BROKER;
}

static const struct hb_kafka_reader_events events = {on_message, on_end, on_error};

static enum hb_err begin(struct run *run, struct hb_kafka_start *starts, struct hb_error *reterr)
{
    const struct hb_reading *reading = run->reading;
    size_t count = 0;
    for (size_t i = 0; i < reading->ranges_count; i++) {
        const struct hb_reading_range *range = &reading->ranges[i];
        if (range->from >= range->to)
            continue;
        part_of(run, range->topic, range->partition)->range = range;
        starts[count++] = (struct hb_kafka_start){range->topic, range->partition, range->from};
    }
    run->open = count;
    if (count == 0)
        return HB_OK;
    const struct hb_kafka_reader_options options = {.cluster = reading->cluster,
                                                    .topics = reading->topics,
                                                    .topics_count = reading->topics_count,
                                                    .is_committed_only = true,
                                                    .queued_records_min = QUEUED_RECORDS,
                                                    .queued_kib_max = QUEUED_KIB,
                                                    .events = &events,
                                                    .user = run};
    enum hb_err err = hb_kafka_reader_new(&options, &run->reader, reterr);
    return err ? err : hb_kafka_reader_assign(run->reader, starts, count);
}

static enum hb_err go_on(struct run *run, struct hb_error *reterr)
{
    const struct hb_reading *reading = run->reading;
    while (run->open > 0 && !run->err) {
        if (atomic_load_explicit(reading->is_cancelled, memory_order_relaxed))
            return hb_fail(reterr, HB_ERR_CLOSED, "the reading was ended");
        if (reading->now().us >= reading->ends_at.us)
            return hb_fail(reterr, HB_ERR_TIMEOUT, "reading the topics took too long; narrow the range of time");
        (void)hb_kafka_reader_poll(run->reader, POLL_RECORDS, POLL_WAIT_MS);
    }
    switch ((int)run->err) {
    case HB_ERR_BROKER:
        return hb_fail(reterr, HB_ERR_BROKER, "Kafka refused to read the topics");
    case HB_ERR_DENIED:
        return hb_fail(reterr, HB_ERR_DENIED, "Kafka does not permit this user to read the topics");
    default:
        return run->err;
    }
}

enum hb_err hb_reading_run(const struct hb_reading *reading, struct hb_error *reterr)
{
    HB_ASSERT(reading->topics_count <= HB_READING_TOPICS_MAX && reading->ranges_count <= HB_READING_RANGES_MAX);
    struct run run = {.reading = reading, .parts_each = 1};
    for (size_t i = 0; i < reading->ranges_count; i++)
        if ((size_t)reading->ranges[i].partition >= run.parts_each)
            run.parts_each = (size_t)reading->ranges[i].partition + 1;
    run.parts = calloc(reading->topics_count * run.parts_each, sizeof *run.parts);
    struct hb_kafka_start *starts = calloc(reading->ranges_count + 1, sizeof *starts);
    enum hb_err err = run.parts && starts ? begin(&run, starts, reterr) : HB_ERR_MEMORY;
    if (!err)
        err = go_on(&run, reterr);
    hb_kafka_reader_free(&run.reader);
    free(starts);
    free(run.parts);
    return err;
}
