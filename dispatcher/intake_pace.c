/* How fast intake goes: it polls while there is room, sleeps when there is none, and keeps the membership alive
 * meanwhile. */
#include "dispatcher/state.h"

#include "platform/loop/loop.h"
#include "registry/registry.h"

/* After this long without room partitions are paused, so that polling (rebalances, max.poll.interval) goes on. */
#define STARVED_PAUSE_S 5
/* With Kafka away sooner: an assignment that is lost meanwhile must be met before the coordinator is back, or the library
 * commits for a member that is no longer one, is fenced, and this process would have to end. */
#define AWAY_PAUSE_S 1

static bool has_room(const struct hb_dispatcher *d)
{
    return !d->is_stopping && !hb_admit_is_full(&d->admit) && !hb_outbox_is_congested(d->outbox);
}

/* With a large fan-out few records fill the queues. */
static int batch_size(const struct hb_dispatcher *d)
{
    size_t room = hb_admit_room(&d->admit);
    size_t fits = room / (d->fan_out ? d->fan_out : 1);
    return fits < 1 ? 1 : fits > HB_INTAKE_BATCH ? HB_INTAKE_BATCH : (int)fits;
}

void hb_intake_run(struct hb_dispatcher *d)
{
    if (!d->consumer)
        return;
    if (!d->is_all_paused && !has_room(d)) {
        d->is_starved = true;
        hb_age_watch_full(d);
        hb_watch_set(d->consumer_watch, 0);
        return;
    }
    int most = d->is_all_paused ? HB_INTAKE_BATCH : batch_size(d);
    d->fan_out = 1;
    int served = hb_kafka_consumer_poll(d->consumer, most);
    hb_dispatcher_pump(d);
    if (served == most)
        hb_timer_start(d->intake_timer, 0, 0);
}

static void pause_one(void *user, struct hb_partition *partition)
{
    struct hb_dispatcher *d = user;
    if (!partition->is_paused) {
        hb_metric_add(d->options.metrics, HB_METRIC_PARTITION_PAUSES, 1);
        hb_kafka_consumer_pause(d->consumer, partition->topic, partition->partition);
    }
    partition->is_paused = true;
}

static void resume_one(void *user, struct hb_partition *partition)
{
    struct hb_dispatcher *d = user;
    if (partition->held) {
        hb_intake_resume(d, partition);
    } else if (partition->is_paused) {
        partition->is_paused = false;
        hb_kafka_consumer_resume(d->consumer, partition->topic, partition->partition);
    }
}

void hb_intake_wake(struct hb_dispatcher *d)
{
    if (!d->is_starved || d->is_stopping || !hb_admit_has_room(&d->admit) || hb_outbox_is_congested(d->outbox))
        return;
    d->is_starved = false;
    d->starved_s = 0;
    if (d->is_all_paused) {
        d->is_all_paused = false;
        hb_partitions_each(&d->partitions, resume_one, d);
    }
    hb_watch_set(d->consumer_watch, HB_WATCH_READ);
    hb_timer_start(d->intake_timer, 0, 0);
}

static void look_again(void *user, struct hb_partition *partition) { hb_intake_resume(user, partition); }

void hb_intake_second(struct hb_dispatcher *d)
{
    hb_intake_wake(d);
    hb_partitions_each(&d->partitions, look_again, d);
    if (!d->is_starved)
        return;
    int pause_s = hb_outbox_is_congested(d->outbox) ? AWAY_PAUSE_S : STARVED_PAUSE_S;
    if (!d->is_all_paused && ++d->starved_s >= pause_s) {
        d->is_all_paused = true;
        hb_partitions_each(&d->partitions, pause_one, d);
        hb_watch_set(d->consumer_watch, HB_WATCH_READ);
    }
    if (d->is_all_paused)
        hb_intake_run(d);
}
