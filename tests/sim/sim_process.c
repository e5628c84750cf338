/* What a process has beside its roles: a produce queue, acknowledgements on their way, requests under way. */
#include "sim.h"

void sim_process_clear(struct sim_process *p)
{
    *p = (struct sim_process){.mark = SIM_NEVER, .applied = HB_SHARD_NONE};
    for (int i = 0; i < SIM_WEBHOOKS; i++) {
        p->rest[i] = hb_rest_make();
        p->window[i] = hb_window_make(4, 64);
    }
    for (int d = 0; d < SIM_DELIVERIES; d++)
        p->repairing[d] = SIM_NEVER;
}

struct sim_record sim_record_of(const struct sim_world *w, int delivery, enum hb_delivery_state state, int64_t version)
{
    return (struct sim_record){.rule = {.state = state,
                                        .version = version,
                                        .repairs = HB_SHARD_NONE,
                                        .position = {0, 0, sim_event_of(delivery), {w->now_ms}}},
                               .delivery = delivery,
                               .due_ms = w->now_ms,
                               .since_ms = w->now_ms};
}

void sim_process_produce(struct sim_world *w, int writer, const struct sim_record *record)
{
    struct sim_process *p = &w->processes[writer];
    HB_ASSERT(p->queue_count < SIM_QUEUE_MAX);
    p->queue[p->queue_count] = *record;
    p->queue[p->queue_count].writer = writer;
    p->queue[p->queue_count++].generation = p->generation;
}

/* Kafka writes the oldest of the queue. The idempotent producer keeps the order and writes none twice. */
bool sim_process_write(struct sim_world *w, int writer)
{
    struct sim_process *p = &w->processes[writer];
    if (p->queue_count == 0 || p->acks_count == SIM_QUEUE_MAX)
        return false;
    struct sim_record record = p->queue[0];
    memmove(p->queue, p->queue + 1, (size_t)--p->queue_count * sizeof(p->queue[0]));
    sim_journal_append(w, &record);
    p->acks[p->acks_count++] = (struct sim_ack){record.delivery, w->journal.end - 1, record.settles, record.generation};
    return true;
}

bool sim_process_acknowledge(struct sim_world *w, int writer)
{
    struct sim_process *p = &w->processes[writer];
    if (p->acks_count == 0)
        return false;
    struct sim_ack ack = p->acks[0];
    memmove(p->acks, p->acks + 1, (size_t)--p->acks_count * sizeof(p->acks[0]));
    if (ack.delivery == SIM_TAKEOVER) {
        if (p->has_shard)
            p->mark = ack.offset;
    } else if (ack.settles) {
        sim_worker_acknowledged(p, &ack);
    }
    return true;
}

struct sim_flight *sim_process_send(struct sim_world *w, int writer, int delivery, bool is_fast)
{
    struct sim_process *p = &w->processes[writer];
    for (int i = 0; i < SIM_FLIGHTS_MAX; i++) {
        struct sim_flight *flight = &p->flights[i];
        if (flight->is_there)
            continue;
        *flight = (struct sim_flight){
            .is_there = true, .is_fast = is_fast, .delivery = delivery, .generation = p->generation};
        sim_check_send(w, writer, delivery, is_fast);
        w->truths[delivery].sends++;
        w->truths[delivery].fast_sends += is_fast;
        sim_tell(w, "process %d sends d%d %s", writer, delivery, is_fast ? "fast" : "leased");
        return flight;
    }
    return NULL;
}

/* The result of some request arrives. */
bool sim_process_finish(struct sim_world *w, int writer)
{
    struct sim_process *p = &w->processes[writer];
    uint32_t first = sim_random(w, SIM_FLIGHTS_MAX);
    for (uint32_t i = 0; i < SIM_FLIGHTS_MAX; i++) {
        struct sim_flight *flight = &p->flights[(first + i) % SIM_FLIGHTS_MAX];
        if (!flight->is_there)
            continue;
        struct sim_flight ended = *flight;
        flight->is_there = false;
        struct hb_outcome outcome = sim_receiver_answer(w, ended.delivery);
        sim_tell(w, "process %d: d%d %s", writer, ended.delivery, hb_reason_text(outcome.reason));
        if (ended.is_fast)
            sim_worker_finish(w, writer, &ended, outcome);
        else
            sim_owner_finish(w, writer, &ended, outcome);
        return true;
    }
    return false;
}
