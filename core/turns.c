#include "core/turns.h"

#include "hookbus/error.h"

static void bench_enter(struct hb_turns *turns, struct hb_bench *bench)
{
    if (!turns->benches) {
        bench->next = bench->previous = bench;
        turns->benches = bench;
    } else { /* behind all others: just before whose turn it is */
        bench->next = turns->benches;
        bench->previous = turns->benches->previous;
        bench->previous->next = bench;
        bench->next->previous = bench;
    }
    turns->benches_count++;
}

static void bench_leave(struct hb_turns *turns, struct hb_bench *bench)
{
    if (bench->next == bench)
        turns->benches = NULL;
    else if (turns->benches == bench)
        turns->benches = bench->next;
    bench->next->previous = bench->previous;
    bench->previous->next = bench->next;
    bench->next = bench->previous = NULL;
    if (bench->credit > 0)
        bench->credit = 0; /* what is owed stays owed, what was saved is gone */
    turns->benches_count--;
}

void hb_turns_enter(struct hb_turns *turns, struct hb_bench *bench, struct hb_seat *seat)
{
    if (hb_turns_has(seat))
        return;
    seat->bench = bench;
    if (!bench->seats) {
        seat->next = seat->previous = seat;
        bench->seats = seat;
    } else {
        seat->next = bench->seats;
        seat->previous = bench->seats->previous;
        seat->previous->next = seat;
        seat->next->previous = seat;
    }
    if (!bench->next)
        bench_enter(turns, bench);
}

void hb_turns_leave(struct hb_turns *turns, struct hb_seat *seat)
{
    if (!hb_turns_has(seat))
        return;
    struct hb_bench *bench = seat->bench;
    if (seat->next == seat)
        bench->seats = NULL;
    else if (bench->seats == seat)
        bench->seats = seat->next;
    seat->next->previous = seat->previous;
    seat->previous->next = seat->next;
    seat->next = seat->previous = NULL;
    if (seat->credit > 0)
        seat->credit = 0;
    if (!bench->seats)
        bench_leave(turns, bench);
}

/* At the begin of its turn one gets a quantum; who then still owes, passes. The debt is at most one delivery, so this
 * ends after a few rounds. */
struct hb_seat *hb_turns_next(struct hb_turns *turns)
{
    while (turns->benches) {
        struct hb_bench *bench = turns->benches;
        if (bench->credit <= 0 && (bench->credit += HB_TURNS_QUANTUM) <= 0) {
            turns->benches = bench->next;
            continue;
        }
        struct hb_seat *seat = bench->seats;
        if (seat->credit > 0 || (seat->credit += HB_TURNS_QUANTUM) > 0)
            return seat;
        bench->seats = seat->next;
    }
    return NULL;
}

void hb_turns_skip_bench(struct hb_turns *turns)
{
    if (turns->benches)
        turns->benches = turns->benches->next;
}

void hb_turns_spend(struct hb_turns *turns, struct hb_seat *seat, int cost)
{
    struct hb_bench *bench = seat->bench;
    HB_ASSERT(cost >= 1 && hb_turns_has(seat) && turns->benches == bench && bench->seats == seat);
    seat->credit -= cost;
    if (seat->credit <= 0)
        bench->seats = seat->next;
    bench->credit -= cost;
    if (bench->credit <= 0)
        turns->benches = bench->next;
}
