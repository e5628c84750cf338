/* A round: every partition that has something wanted reads once over its neighbours, then all of it stops. */
#include "retry/bodies_internal.h"

#include <stdlib.h>

#define ROUND_LIMIT_US (2500 * HB_US_PER_MS)
#define BEYOND_MAX 3
#define BEYOND_PAUSE_US (500 * HB_US_PER_MS)

_Static_assert(HB_BODY_HEADERS_MAX == HB_KAFKA_HEADERS_MAX, "a body is read as the fast path read its event");

static int by_place(const void *a, const void *b)
{
    const struct hb_position *left = &(*(struct hb_wanted *const *)a)->at;
    const struct hb_position *right = &(*(struct hb_wanted *const *)b)->at;

    if (left->topic != right->topic)
        return left->topic < right->topic ? -1 : 1;
    if (left->partition != right->partition)
        return left->partition < right->partition ? -1 : 1;
    return (left->offset > right->offset) - (left->offset < right->offset);
}

/* Which partitions met an offset out of range, by a slot of their numbers; two that share one probe both, once. */
static bool *probe_slot(struct hb_bodies *bodies, int topic, int32_t partition)
{
    return &bodies->must_probe[((size_t)topic * 64 + (size_t)partition % 64) % HB_BODIES_RUNS_MAX];
}

/* What may be read now, out of the waiting ones; what the cache has is answered at once. */
static void gather(struct hb_bodies *bodies)
{
    struct hb_wanted *all = bodies->waiting;
    int64_t now_us = hb_bodies_now_us(bodies);

    bodies->waiting = NULL;
    bodies->waiting_count = 0;
    bodies->round_count = 0;
    while (all) {
        struct hb_wanted *wanted = all;
        all = wanted->next;
        if (wanted->not_before_us > now_us || bodies->round_count == bodies->wanted_max)
            hb_bodies_put_back(bodies, wanted);
        else
            bodies->round[bodies->round_count++] = wanted;
    }
    qsort(bodies->round, bodies->round_count, sizeof(struct hb_wanted *), by_place);
}

static bool continues(const struct hb_body_run *run, const struct hb_wanted *before, const struct hb_wanted *wanted)
{
    return run->topic == wanted->at.topic && run->partition == wanted->at.partition &&
           wanted->at.offset - before->at.offset <= HB_BODIES_GAP_MAX;
}

/* One run a partition: its lowest wanted and those close behind. The others wait for the next round. */
static void make_runs(struct hb_bodies *bodies)
{
    size_t kept = 0;
    struct hb_body_run *run = NULL;

    bodies->runs_count = 0;
    for (size_t i = 0; i < bodies->round_count; i++) {
        struct hb_wanted *wanted = bodies->round[i];
        bool is_same = run && run->topic == wanted->at.topic && run->partition == wanted->at.partition;
        bool is_near = is_same && continues(run, bodies->round[kept - 1], wanted);
        if ((is_same && !is_near) || (!is_same && bodies->runs_count == HB_BODIES_RUNS_MAX)) {
            hb_bodies_put_back(bodies, wanted);
            continue;
        }
        if (!is_same) {
            run = &bodies->runs[bodies->runs_count++];
            *run = (struct hb_body_run){.topic = wanted->at.topic,
                                        .partition = wanted->at.partition,
                                        .first = kept,
                                        .from = wanted->at.offset,
                                        .is_probe = *probe_slot(bodies, wanted->at.topic, wanted->at.partition)};
        }
        bodies->round[kept++] = wanted;
        run->last = kept;
        run->wanted = run->last - run->first;
    }
    bodies->round_count = kept;
}

static void assign(struct hb_bodies *bodies)
{
    struct hb_kafka_start starts[HB_BODIES_RUNS_MAX];

    for (size_t i = 0; i < bodies->runs_count; i++) {
        const struct hb_body_run *run = &bodies->runs[i];
        starts[i] = (struct hb_kafka_start){run->topic, run->partition,
                                            run->is_probe ? HB_KAFKA_BEGINNING : bodies->round[run->first]->at.offset};
    }
    /* What this refuses stays unread, and comes again with the next round until its time is over. */
    (void)!hb_kafka_reader_assign(bodies->reader, starts, bodies->runs_count);
}

/* Wanted more than once, or kept meanwhile: no need to read. */
static bool answer_from_cache(struct hb_bodies *bodies, size_t index)
{
    struct hb_wanted *wanted = bodies->round[index];
    struct hb_body *body = hb_body_cache_get(bodies->cache, &wanted->at);

    if (!body || !hb_bodies_is_of(bodies, body, hb_str_n(wanted->webhook, wanted->webhook_bytes), wanted->delivery))
        return false;
    bodies->round[index] = NULL;
    body = hb_body_ref(body);
    hb_bodies_answer(bodies, wanted, HB_OK, body);
    hb_body_unref(&body);
    return true;
}

static void answer_what_is_kept(struct hb_bodies *bodies)
{
    size_t kept = 0, count = bodies->round_count;

    for (size_t i = 0; i < count; i++)
        if (!answer_from_cache(bodies, i))
            bodies->round[kept++] = bodies->round[i];
    for (size_t i = kept; i < count; i++)
        bodies->round[i] = NULL;
    bodies->round_count = kept;
}

void hb_bodies_round_begin(struct hb_bodies *bodies)
{
    HB_ASSERT(!bodies->is_reading);
    gather(bodies);
    answer_what_is_kept(bodies);
    make_runs(bodies);
    if (bodies->runs_count == 0)
        return;
    bodies->runs_left = bodies->runs_count;
    bodies->is_reading = true;
    bodies->round_end_us = hb_bodies_now_us(bodies) + ROUND_LIMIT_US;
    bodies->rounds++;
    assign(bodies);
}

void hb_bodies_round_end(struct hb_bodies *bodies)
{
    bodies->is_reading = false;
    (void)!hb_kafka_reader_assign(bodies->reader, NULL, 0); /* fetches nothing more */
    for (size_t i = 0; i < bodies->round_count; i++)
        if (bodies->round[i])
            hb_bodies_put_back(bodies, bodies->round[i]);
    bodies->round_count = 0;
    bodies->runs_count = bodies->runs_left = 0;
}

static struct hb_body_run *any_run_of(struct hb_bodies *bodies, int topic, int32_t partition)
{
    for (size_t i = 0; bodies->is_reading && i < bodies->runs_count; i++)
        if (bodies->runs[i].topic == topic && bodies->runs[i].partition == partition)
            return &bodies->runs[i];
    return NULL;
}

/* One that has something wanted left. */
static struct hb_body_run *run_of(struct hb_bodies *bodies, int topic, int32_t partition)
{
    struct hb_body_run *run = any_run_of(bodies, topic, partition);

    return run && run->first < run->last ? run : NULL;
}

static void end_run(struct hb_bodies *bodies, struct hb_body_run *run)
{
    run->first = run->last;
    bodies->runs_left--;
}

static struct hb_wanted *take(struct hb_bodies *bodies, struct hb_body_run *run)
{
    struct hb_wanted *wanted = bodies->round[run->first];

    bodies->round[run->first++] = NULL;
    return wanted;
}

/* Views of the message; ret_headers: HB_KAFKA_HEADERS_MAX of them, which the record points to. */
static struct hb_body_record record_of(const struct hb_kafka_message *message, struct hb_name_value *ret_headers)
{
    size_t count = hb_kafka_message_headers(message, ret_headers, HB_KAFKA_HEADERS_MAX);

    return (struct hb_body_record){
        .at = {message->topic, message->partition, message->offset, message->appended},
        .key = message->key,
        .value = message->value,
        .headers = ret_headers,
        .headers_count = count > HB_KAFKA_HEADERS_MAX ? HB_KAFKA_HEADERS_MAX : count};
}

/* No memory for what is there: it is read again, and away when its time is over. */
static void wait_for_memory(struct hb_bodies *bodies, struct hb_wanted *take_wanted)
{
    take_wanted->not_before_us = hb_bodies_now_us(bodies) + BEYOND_PAUSE_US;
    hb_bodies_put_back(bodies, take_wanted);
}

/* A record at a wanted offset: every delivery of it gets it, or learns that it is another event's. */
static void hand_out(struct hb_bodies *bodies, struct hb_body_run *run, const struct hb_kafka_message *message)
{
    struct hb_name_value headers[HB_KAFKA_HEADERS_MAX];
    const struct hb_body_record record = record_of(message, headers);
    struct hb_body *body = NULL;
    enum hb_err err = hb_body_new(&record, &body);

    if (body)
        (void)!hb_body_cache_put(bodies->cache, body);
    while (run->first < run->last && bodies->round[run->first]->at.offset == message->offset) {
        struct hb_wanted *wanted = take(bodies, run);
        bool is_it =
            body && hb_bodies_is_of(bodies, body, hb_str_n(wanted->webhook, wanted->webhook_bytes), wanted->delivery);
        if (err == HB_ERR_MEMORY)
            wait_for_memory(bodies, wanted);
        else
            hb_bodies_answer(bodies, wanted, is_it ? HB_OK : HB_ERR_NOT_FOUND, is_it ? body : NULL);
    }
    hb_body_unref(&body);
}

/* Nothing stands at offsets below `offset` that was not delivered: those are gone. */
static void give_up_below(struct hb_bodies *bodies, struct hb_body_run *run, int64_t offset)
{
    while (run->first < run->last && bodies->round[run->first]->at.offset < offset)
        hb_bodies_answer(bodies, take(bodies, run), HB_ERR_NOT_FOUND, NULL);
}

/* last: the offset of its last wanted record. */
static void plan_ahead(struct hb_body_run *run, int64_t last)
{
    bool is_close = run->wanted > 1 && last - run->from < (int64_t)run->wanted * HB_BODIES_CLOSE;

    run->ahead = is_close ? run->wanted * HB_BODIES_AHEAD_PART : 0;
    if (run->ahead > HB_BODIES_AHEAD_MAX)
        run->ahead = HB_BODIES_AHEAD_MAX;
}

static void keep_ahead(struct hb_bodies *bodies, struct hb_body_run *run, const struct hb_kafka_message *message)
{
    struct hb_name_value headers[HB_KAFKA_HEADERS_MAX];
    const struct hb_body_record record = record_of(message, headers);

    run->ahead--;
    hb_bodies_keep(bodies, &record);
}

static void on_message(void *user, struct hb_kafka_message *message)
{
    struct hb_bodies *bodies = user;
    struct hb_body_run *run = any_run_of(bodies, message->topic, message->partition);

    if (run && run->first == run->last) {
        if (run->ahead > 0)
            keep_ahead(bodies, run, message);
    } else if (run) {
        give_up_below(bodies, run, message->offset);
        if (run->first < run->last && bodies->round[run->first]->at.offset == message->offset)
            hand_out(bodies, run, message);
        if (run->is_probe) {
            /* Now it is known where the partition begins; the rest is read from its own place in the next round. */
            *probe_slot(bodies, run->topic, run->partition) = false;
            end_run(bodies, run);
        } else if (run->first == run->last) {
            end_run(bodies, run);
            plan_ahead(run, message->offset);
        }
    }
    hb_kafka_message_free(message);
}

/* Seen behind the end, or out of range, once more: gone, or looked for again. */
static void give_up_or_wait(struct hb_bodies *bodies, struct hb_wanted *wanted, bool is_slow)
{
    if (++wanted->beyond >= BEYOND_MAX) {
        hb_bodies_answer(bodies, wanted, HB_ERR_NOT_FOUND, NULL);
        return;
    }
    if (is_slow)
        wanted->not_before_us = hb_bodies_now_us(bodies) + BEYOND_PAUSE_US;
    hb_bodies_put_back(bodies, wanted);
}

/* The end came before what is wanted. */
static void on_end(void *user, int topic, int32_t partition, int64_t offset)
{
    struct hb_bodies *bodies = user;
    struct hb_body_run *run = run_of(bodies, topic, partition);

    if (!run)
        return;
    if (run->is_probe)
        *probe_slot(bodies, topic, partition) = false;
    give_up_below(bodies, run, offset); /* passed over: there is no record */
    while (run->first < run->last)
        give_up_or_wait(bodies, take(bodies, run), true);
    end_run(bodies, run);
}

/* Out of range: below the first record or behind the end; a probe tells. Everything else heals or times out. */
static void on_error(void *user, enum hb_err err, int topic, int32_t partition, const char *text)
{
    struct hb_bodies *bodies = user;
    struct hb_body_run *run = err == HB_ERR_NOT_FOUND && partition >= 0 ? run_of(bodies, topic, partition) : NULL;

    (void)text;
    if (!run)
        return;
    *probe_slot(bodies, topic, partition) = true;
    for (size_t i = run->first; i < run->last; i++) {
        struct hb_wanted *wanted = bodies->round[i];
        bodies->round[i] = NULL;
        give_up_or_wait(bodies, wanted, wanted->beyond > 0);
    }
    end_run(bodies, run);
}

const struct hb_kafka_reader_events hb_bodies_events = {on_message, on_end, on_error};
