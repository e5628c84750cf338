/* Measures a shard's view in an empty Redis: bench_view HOST:PORT PARKED. Prints figures as one JSON object. What it
 * finds in that Redis it deletes. */
#include "platform/loop/loop.h"
#include "platform/redis/redis.h"
#include "retry/scripts.h"
#include "retry/store_check.h"
#include "retry/view.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define CLAIMS 50
#define CLAIM_SIZE 100
#define SETTLED_FOR_EACH_LIVE 10

struct bench {
    struct hb_loop *loop;
    struct hb_redis *redis;
    struct hb_scripts *scripts;
    struct hb_view *view;
    int64_t offset; /* the journal's end */
    uint64_t random;
    int answers;
    int64_t used_bytes, claimed;
    struct hb_view_record batch[HB_VIEW_BATCH_MAX];
    char names[HB_VIEW_BATCH_MAX][32];
};

static _Noreturn void stop(const char *what, struct hb_str why)
{
    (void)fprintf(stderr, "bench_view: %s: %.*s\n", what, HB_ARG(why));
    exit(1);
}

static double now_s(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static uint64_t next_random(struct bench *bench)
{
    bench->random ^= bench->random << 13;
    bench->random ^= bench->random >> 7;
    bench->random ^= bench->random << 17;
    return bench->random;
}

static void wait_one(struct bench *bench, enum hb_err sent)
{
    if (sent)
        stop("not sent", hb_str_c(hb_err_text(sent)));
    bench->answers = 0;
    while (bench->answers == 0)
        hb_loop_run_once(bench->loop, 1000);
}

static void on_answer(void *user, const struct hb_view_answer *answer)
{
    struct bench *bench = user;

    if (answer->err || answer->gate != HB_SHARD_OPEN || answer->refusals_count || answer->set_aside)
        stop("a verb", answer->text);
    bench->claimed += (int64_t)answer->deliveries_count;
    bench->answers++;
}

static void on_reply(void *user, enum hb_err err, const struct hb_redis_reply *reply)
{
    if (err || reply->kind == HB_REDIS_ERROR)
        stop("a command", reply ? reply->text : HB_STR("no answer"));
    ((struct bench *)user)->answers++;
}

static void on_checked(void *user, enum hb_err err, const struct hb_store_state *state, const struct hb_error *error)
{
    if (err)
        stop("Redis", hb_str_c(error->text));
    ((struct bench *)user)->used_bytes = state->used_bytes;
    ((struct bench *)user)->answers++;
}

static int64_t used_bytes(struct bench *bench)
{
    wait_one(bench, hb_store_check(bench->redis, on_checked, bench));
    return bench->used_bytes;
}

/* An empty Redis, and a view of it that has taken over. */
static void begin(struct bench *bench)
{
    const struct hb_str flush[] = {HB_STR("FLUSHALL")};
    const struct hb_view_options options = {
        .scripts = bench->scripts, .prefix = HB_STR("hookbus"), .shard = 17};

    wait_one(bench, hb_redis_command(bench->redis, flush, 1, on_reply, bench));
    hb_view_free(&bench->view);
    if (hb_view_new(&options, &bench->view))
        stop("view", HB_STR("out of memory"));
    bench->offset = 0;
    bench->random = 88172645463325252U;
    wait_one(bench, hb_view_takeover(bench->view, 0, on_answer, bench));
}

static void fill_record(struct bench *bench, size_t slot, uint64_t number, uint64_t webhooks, bool is_settled)
{
    struct hb_view_record *record = &bench->batch[slot];
    uint64_t id[2] = {next_random(bench), next_random(bench)};

    (void)snprintf(bench->names[slot], sizeof(bench->names[slot]), "wh_%026" PRIu64, number % webhooks);
    *record = (struct hb_view_record){
        .rule = {.state = is_settled ? HB_DELIVERY_DELIVERED : HB_DELIVERY_PARKED,
                 .version = is_settled ? 2 : 1,
                 .offset = ++bench->offset,
                 .repairs = HB_SHARD_NONE,
                 .position = {1, (int32_t)(number % 24), (int64_t)(1000000 + number), {INT64_C(1767225600000)}}},
        .webhook = hb_str_c(bench->names[slot]),
        .due = {INT64_C(1767225600000) + (int64_t)(next_random(bench) % 86400000)},
        .attempts = 3,
        .reason = HB_REASON_TIMEOUT,
        .first_failed = {INT64_C(1767225600000)}};
    memcpy(record->delivery, id, HB_DELIVERY_BYTES);
}

/* Applies `count` records, of which one in settled_for_each + 1 stays; returns the seconds it took. */
static double apply(struct bench *bench, uint64_t count, uint64_t webhooks, uint64_t settled_for_each)
{
    double began = now_s();

    for (uint64_t number = 0; number < count;) {
        size_t slots = 0;
        for (; slots < HB_VIEW_BATCH_MAX && number < count; slots++, number++)
            fill_record(bench, slots, number, webhooks, number % (settled_for_each + 1) != 0);
        const struct hb_view_batch batch = {.records = bench->batch, .count = slots, .through = bench->offset};
        wait_one(bench, hb_view_apply(bench->view, &batch, on_answer, bench));
    }
    return now_s() - began;
}

static int by_value(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return (left > right) - (left < right);
}

/* Median microseconds of a claim of CLAIM_SIZE, answer included. */
static double claim_us(struct bench *bench)
{
    char name[32];
    double took[CLAIMS];

    (void)snprintf(name, sizeof(name), "wh_%026d", 0);
    const struct hb_view_share share = {hb_str_c(name), CLAIM_SIZE};
    const struct hb_view_claim claim = {&share, 1, CLAIM_SIZE, 35000};
    bench->claimed = 0;
    for (int i = 0; i < CLAIMS; i++) {
        double began = now_s();
        wait_one(bench, hb_view_claim(bench->view, &claim, on_answer, bench));
        took[i] = (now_s() - began) * 1e6;
    }
    if (bench->claimed != CLAIMS * CLAIM_SIZE)
        stop("claims", HB_STR("not everything due was given"));
    qsort(took, CLAIMS, sizeof(took[0]), by_value);
    return took[CLAIMS / 2];
}

static void run(struct bench *bench, uint64_t parked)
{
    begin(bench);
    int64_t empty = used_bytes(bench);
    (void)apply(bench, 10000, 1, 0);
    double claim_10k_us = claim_us(bench);
    begin(bench);
    double park_s = apply(bench, parked, 1, 0);
    double one = (double)(used_bytes(bench) - empty) / (double)parked;
    double claim_many_us = claim_us(bench);
    begin(bench);
    (void)apply(bench, parked, 10000, 0);
    double many = (double)(used_bytes(bench) - empty) / (double)parked;
    begin(bench);
    double rebuild_s = apply(bench, parked, 1000, SETTLED_FOR_EACH_LIVE);
    begin(bench);
    printf("{\"redis_bytes_per_parked\": %.0f, \"redis_bytes_per_parked_10k_webhooks\": %.0f, \"claim_us_10k\": %.2f, "
           "\"claim_us_1m\": %.2f, \"park_per_s\": %.0f, \"rebuild_per_s\": %.0f}\n",
           one, many, claim_10k_us / CLAIM_SIZE, claim_many_us / CLAIM_SIZE, (double)parked / park_s,
           (double)parked / rebuild_s);
}

static void on_connected(void *user, bool is_connected)
{
    ((struct bench *)user)->answers += is_connected;
}

int main(int argc, char **argv)
{
    static struct bench bench;
    uint64_t parked;
    struct hb_error error = {HB_OK, ""};

    if (argc != 3 || !hb_str_to_u64(hb_str_c(argv[2]), &parked) || parked < 10000)
        stop("usage", HB_STR("bench_view HOST:PORT PARKED (10000 or more; everything in that Redis is deleted)"));
    if (hb_loop_new(&bench.loop))
        stop("loop", HB_STR("cannot be made"));
    const struct hb_redis_options options = {.loop = bench.loop,
                                             .address = argv[1],
                                             .connect_timeout_ms = 5000,
                                             .command_timeout_ms = 60000,
                                             .commands_max = 1000,
                                             .jitter_seed = 1,
                                             .connected = on_connected,
                                             .user = &bench};
    if (hb_redis_new(&options, &bench.redis, &error))
        stop("Redis", hb_str_c(error.text));
    if (hb_scripts_new(bench.redis, &bench.scripts))
        stop("parts", HB_STR("out of memory"));
    wait_one(&bench, HB_OK);
    run(&bench, parked);
    hb_view_free(&bench.view);
    hb_scripts_free(&bench.scripts);
    hb_redis_free(&bench.redis);
    hb_loop_free(&bench.loop);
    return 0;
}
