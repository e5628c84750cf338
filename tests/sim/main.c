/* Runs worlds by their seeds. See CMakeLists.txt for the arguments. */
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>

#define COUNT_DEFAULT 100000
#define FAILURES_TOLD 10
#define PROVE_COUNT 400000

static const char *const guard_texts[SIM_GUARD_COUNT] = {
#define GUARD_TEXT(name, text, meaning) [SIM_GUARD_##name] = text,
    SIM_GUARDS(GUARD_TEXT)
#undef GUARD_TEXT
};
static const char *const guard_meanings[SIM_GUARD_COUNT] = {
#define GUARD_MEANING(name, text, meaning) [SIM_GUARD_##name] = meaning,
    SIM_GUARDS(GUARD_MEANING)
#undef GUARD_MEANING
};
static const char *const cause_texts[SIM_CAUSE_COUNT] = {
#define CAUSE_TEXT(name, text) [SIM_CAUSE_##name] = text,
    SIM_CAUSES(CAUSE_TEXT)
#undef CAUSE_TEXT
};

/* Where a guard matters only in rare company: the faults that every world then has. */
static const struct {
    enum sim_guard guard;
    enum sim_fault faults[4];
} company[] = {
    {SIM_GUARD_SPILL_FORGET, {SIM_FAULT_SPILL, SIM_FAULT_REPLAY, SIM_FAULT_CRASH, SIM_FAULT_EARLY_LEASE}},
    {SIM_GUARD_SPILL_SEEN, {SIM_FAULT_SPILL, SIM_FAULT_REPLAY, SIM_FAULT_RESTORE, SIM_FAULT_LOST_REPLY}},
};

struct totals {
    uint64_t from, count;
    long failures;
    long causes[SIM_CAUSE_COUNT];
    uint64_t first_seed; /* that failed */
    const char *first_promise;
};

/* Runs the worlds of a range; stops at `failures_max` broken ones. */
static void run_range(struct totals *t, const struct sim_options *options, long failures_max)
{
    struct sim_world *w = calloc(1, sizeof(*w));
    HB_ASSERT(w != NULL);
    for (uint64_t seed = t->from; seed < t->from + t->count && t->failures < failures_max; seed++) {
        sim_world_init(w, seed, options);
        const char *broken = sim_world_run(w);
        for (int i = 0; i < SIM_CAUSE_COUNT; i++)
            t->causes[i] += w->causes[i];
        if (!broken)
            continue;
        if (t->failures++ == 0) {
            t->first_seed = seed;
            t->first_promise = broken;
        }
        if (failures_max > 1)
            printf("seed %lu: %s (d%d)\n", (unsigned long)seed, broken, w->broken_delivery);
    }
    free(w);
}

static int run_all(uint64_t from, uint64_t count, const struct sim_options *options)
{
    struct totals t = {.from = from, .count = count};
    run_range(&t, options, FAILURES_TOLD);
    printf("seeds %lu to %lu: %ld broke a promise\n", (unsigned long)from, (unsigned long)(from + count - 1),
           t.failures);
    printf("sent although delivered before:\n");
    for (int i = 0; i < SIM_CAUSE_COUNT; i++)
        printf("  %8ld  %s\n", t.causes[i], cause_texts[i]);
    if (t.failures > 0)
        printf("run one again, told step by step: --seed %lu\n", (unsigned long)t.first_seed);
    return t.failures > 0;
}

static void switch_guard_off(struct sim_options *options, enum sim_guard guard)
{
    options->off[guard] = true;
    for (size_t i = 0; i < sizeof(company) / sizeof(company[0]); i++)
        for (size_t f = 0; f < 4 && company[i].guard == guard; f++)
            options->has_fault[company[i].faults[f]] = true;
}

/* Each guard switched off must break a promise in some world: otherwise the simulator proves nothing about it. */
static int prove(const struct sim_options *options)
{
    int unseen = 0;
    for (int guard = 0; guard < SIM_GUARD_COUNT; guard++) {
        struct sim_options without = *options;
        struct totals t = {.from = 0, .count = PROVE_COUNT};
        switch_guard_off(&without, (enum sim_guard)guard);
        run_range(&t, &without, 1);
        if (t.failures > 0)
            printf("without %-16s seed %5lu: %s\n", guard_texts[guard], (unsigned long)t.first_seed, t.first_promise);
        else
            printf("without %-16s NOT NOTICED in %d worlds (%s)\n", guard_texts[guard], PROVE_COUNT,
                   guard_meanings[guard]);
        unseen += t.failures == 0;
    }
    return unseen > 0;
}

static bool switch_off(struct sim_options *options, const char *name)
{
    for (int guard = 0; guard < SIM_GUARD_COUNT; guard++)
        if (strcmp(guard_texts[guard], name) == 0) {
            switch_guard_off(options, (enum sim_guard)guard);
            return true;
        }
    for (int guard = 0; guard < SIM_GUARD_COUNT; guard++)
        printf("%-16s %s\n", guard_texts[guard], guard_meanings[guard]);
    return false;
}

struct arguments {
    struct sim_options options;
    uint64_t from, count;
    bool is_proof;
};

static bool read_argument(struct arguments *a, const char *name, const char *value)
{
    uint64_t number = 0;
    if (strcmp(name, "--without") == 0)
        return switch_off(&a->options, value);
    if (!hb_str_to_u64(hb_str_c(value), &number))
        return false;
    if (strcmp(name, "--seed") == 0) {
        a->from = number;
        a->count = 1;
        a->options.is_told = true;
    } else if (strcmp(name, "--from") == 0) {
        a->from = number;
    } else if (strcmp(name, "--count") == 0) {
        a->count = number;
    } else if (strcmp(name, "--compaction-lag-ms") == 0) {
        a->options.compaction_lag_ms = (int64_t)number;
    } else {
        return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    struct arguments a = {.count = COUNT_DEFAULT};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--prove") == 0) {
            a.is_proof = true;
        } else if (i + 1 >= argc || !read_argument(&a, argv[i], argv[i + 1])) {
            fprintf(stderr,
                    "usage: %s [--from SEED] [--count N] [--seed N] [--without GUARD|list] [--prove] "
                    "[--compaction-lag-ms N]\n",
                    argv[0]);
            return 64;
        } else {
            i++;
        }
    }
    return a.is_proof ? prove(&a.options) : run_all(a.from, a.count, &a.options);
}
