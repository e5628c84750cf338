/* One shard's life: takeover → catch-up → open; lost on every doubt, and begun anew as long as Kafka says it is ours
 * (decision 6, point 9). */
#include "retry/state.h"

#include "platform/crypto/crypto.h"
#include "retry/glance.h"

#include <stdlib.h>

/* After being shut out: whoever did it may still believe to own the shard; its next word from Kafka comes within a
 * heartbeat. */
#define FENCED_PAUSE_US (INT64_C(3) * 1000 * 1000)
/* Tombstones stay for 7 days (delete.retention.ms of the journal): a day less. */
#define TOMBSTONES_MS (6 * HB_MS_PER_DAY)
#define AGAIN_PAUSE_US (INT64_C(1) * 1000 * 1000)

static void begin(struct hb_retry_shard *shard);

/* ---- losing it ---- */

static void close_shard(struct hb_retry_shard *shard)
{
    hb_reading_stop(shard);
    hb_claiming_closed(shard);
    hb_repairing_stop(shard);
    hb_scanning_stop(shard);
    hb_spilling_closed(shard);
    hb_rereading_closed(shard);
}

static void wait_a_while(struct hb_retry_shard *shard, int64_t pause_us)
{
    close_shard(shard);
    shard->phase = HB_PHASE_WAITING;
    shard->wait_until = (struct hb_mono){hb_retry_now(shard->retry).us + pause_us};
}

void hb_shard_node_down(struct hb_retry_shard *shard)
{
    if (shard->phase == HB_PHASE_HALTED)
        return;
    if (shard->view)
        hb_view_lose(shard->view);
    wait_a_while(shard, 0);
}

void hb_shard_node_up(struct hb_retry_shard *shard)
{
    if (shard->phase == HB_PHASE_WAITING)
        begin(shard);
}

void hb_shard_halt(struct hb_retry_shard *shard, const char *sentence)
{
    close_shard(shard);
    shard->phase = HB_PHASE_HALTED;
    hb_retry_set_lasting_trouble(shard->retry, sentence);
}

bool hb_shard_check(struct hb_retry_shard *shard, const struct hb_view_answer *answer)
{
    if (!answer->err)
        hb_nodes_clock(shard->node, answer->now);
    if (!answer->err && answer->set_aside > 0) {
        hb_log(&shard->retry->log, HB_LOG_RETRY_SET_ASIDE, HB_LOG_INT("shard", shard->number),
               HB_LOG_INT("entries", answer->set_aside));
        hb_metric_add(shard->retry->options.metrics, HB_METRIC_RETRY_SET_ASIDE, (uint64_t)answer->set_aside);
    }
    if (!answer->err && answer->gate == HB_SHARD_OPEN)
        return true;
    if (answer->err == HB_ERR_VERSION) {
        hb_shard_halt(shard, "the retry queue in Redis was written by a newer hookbus: update this one");
        return false;
    }
    bool is_fenced = !answer->err && answer->gate == HB_SHARD_FENCED;
    hb_log(&shard->retry->log, HB_LOG_RETRY_LOST, HB_LOG_INT("shard", shard->number),
           HB_LOG_C("why", answer->err ? hb_err_name(answer->err) : is_fenced ? "shut out" : "not as it was"),
           HB_LOG_STR("redis", answer->text));
    hb_view_lose(shard->view);
    if (is_fenced)
        shard->shut_out_by = answer->head.mark;
    if (!answer->err)
        shard->has_caught_up = false; /* another view than ours: take over anew */
    wait_a_while(shard, is_fenced ? FENCED_PAUSE_US : AGAIN_PAUSE_US);
    return false;
}

/* ---- taking over ---- */

struct announcement {
    struct hb_retry_shard *shard;
    unsigned generation;
};

/* The answer of a verb may come when the shard has moved on: its view was freed then, and no answer comes. */
static void taken_over(void *user, const struct hb_view_answer *answer);

static void take_over(struct hb_retry_shard *shard)
{
    shard->phase = HB_PHASE_TAKING;
    if (hb_view_takeover(shard->view, shard->mark, taken_over, shard))
        wait_a_while(shard, AGAIN_PAUSE_US);
}

static void cleared(void *user, const struct hb_view_answer *answer)
{
    struct hb_retry_shard *shard = user;

    if (shard->phase == HB_PHASE_CLEARING && hb_shard_check(shard, answer))
        take_over(shard);
}

/* Behind what the journal still has, beyond its end (it was made anew), or older than tombstones that compaction may
 * have removed since: what is there cannot be read on. */
static bool is_too_old(const struct hb_retry_shard *shard, const struct hb_view_answer *answer)
{
    int64_t applied = answer->head.applied;
    int64_t age_ms = hb_loop_wall(shard->retry->options.loop).ms - answer->seen.ms;

    if (applied == HB_SHARD_NONE)
        return false;
    return applied + 1 < shard->low || applied > shard->mark || (answer->seen.ms > 0 && age_ms > TOMBSTONES_MS);
}

static void taken_over(void *user, const struct hb_view_answer *answer)
{
    struct hb_retry_shard *shard = user;

    if (shard->phase != HB_PHASE_TAKING || !hb_shard_check(shard, answer))
        return;
    if (is_too_old(shard, answer)) {
        hb_log(&shard->retry->log, HB_LOG_RETRY_CLEARED, HB_LOG_INT("shard", shard->number),
               HB_LOG_INT("applied", answer->head.applied));
        shard->phase = HB_PHASE_CLEARING;
        if (hb_view_clear(shard->view, cleared, shard))
            wait_a_while(shard, AGAIN_PAUSE_US);
        return;
    }
    shard->phase = HB_PHASE_CATCHING_UP;
    hb_reading_start(shard, answer->head.applied == HB_SHARD_NONE ? HB_KAFKA_BEGINNING : answer->head.applied + 1);
}

static void announced(void *user, enum hb_err err, int64_t offset)
{
    struct announcement *announcement = user;
    struct hb_retry_shard *shard = announcement->shard;
    bool is_now = shard->generation == announcement->generation && shard->phase == HB_PHASE_ANNOUNCING;

    free(announcement);
    if (!is_now)
        return;
    if (err) {
        wait_a_while(shard, AGAIN_PAUSE_US);
        return;
    }
    shard->mark = offset;
    take_over(shard);
}

static void announce(struct hb_retry_shard *shard)
{
    const struct hb_journal_record record = {.kind = HB_JOURNAL_TAKEOVER,
                                             .repairs = HB_SHARD_NONE,
                                             .owner = hb_str_c(shard->retry->owner)};
    struct announcement *announcement = malloc(sizeof(*announcement));
    enum hb_err err = announcement ? HB_OK : HB_ERR_MEMORY;

    if (!err) {
        *announcement = (struct announcement){shard, shard->generation};
        shard->phase = HB_PHASE_ANNOUNCING;
        err = hb_journal_put_takeover(hb_outbox_journal(shard->retry->options.outbox), shard->number, &record,
                                      announced, announcement);
    }
    if (err) {
        free(announcement);
        wait_a_while(shard, AGAIN_PAUSE_US);
    }
}

/* ---- looking again after a connection broke ---- */

static void opened(struct hb_retry_shard *shard, bool is_taken_over)
{
    hb_claiming_opened(shard, is_taken_over);
    hb_scanning_opened(shard);
    hb_repairing_run(shard);
}

static void looked(void *user, const struct hb_view_answer *answer)
{
    struct hb_retry_shard *shard = user;

    if (shard->phase != HB_PHASE_LOOKING || !hb_shard_check(shard, answer))
        return;
    shard->phase = answer->head.applied >= shard->mark ? HB_PHASE_OPEN : HB_PHASE_CATCHING_UP;
    hb_reading_start(shard, answer->head.applied + 1);
    if (shard->phase == HB_PHASE_OPEN)
        opened(shard, false);
}

static void look(struct hb_retry_shard *shard)
{
    shard->phase = HB_PHASE_LOOKING;
    enum hb_err err = hb_view_look(shard->view, looked, shard);
    if (err == HB_ERR_FENCED) {
        shard->has_caught_up = false;
        wait_a_while(shard, FENCED_PAUSE_US);
    } else if (err) {
        wait_a_while(shard, AGAIN_PAUSE_US);
    }
}

static enum hb_err make_view(struct hb_retry_shard *shard)
{
    const struct hb_view_options options = {.scripts = shard->node->scripts,
                                            .prefix = hb_str_c(shard->retry->options.config->kafka_topic_prefix),
                                            .shard = shard->number,
                                            .shut_out_by = shard->shut_out_by};
    return hb_view_new(&options, &shard->view);
}

static void begin(struct hb_retry_shard *shard)
{
    if (!shard->node->is_fit || shard->retry->is_stopping || hb_retry_now(shard->retry).us < shard->wait_until.us)
        return;
    if (shard->view && shard->has_caught_up) {
        look(shard);
        return;
    }
    hb_claiming_forget(shard);
    hb_view_free(&shard->view); /* what is under way says nothing any more */
    if (make_view(shard) == HB_OK)
        announce(shard);
    else
        wait_a_while(shard, AGAIN_PAUSE_US);
}

void hb_shard_second(struct hb_retry_shard *shard)
{
    if (shard->phase == HB_PHASE_WAITING)
        begin(shard);
}

/* ---- ours, and not ---- */

void hb_shard_assign(struct hb_retry_shard *shard, int64_t low)
{
    HB_ASSERT(!shard->is_ours);
    shard->is_ours = true;
    shard->generation++;
    shard->has_caught_up = false;
    shard->spilled = 0;
    shard->low = low;
    shard->mark = HB_SHARD_NONE;
    shard->shut_out_by = 0;
    shard->phase = HB_PHASE_WAITING;
    shard->wait_until = (struct hb_mono){0};
    begin(shard);
}

void hb_shard_revoke(struct hb_retry_shard *shard)
{
    if (!shard->is_ours)
        return;
    close_shard(shard);
    hb_sending_drop(shard);
    hb_claiming_forget(shard);
    hb_view_free(&shard->view);
    shard->is_ours = false;
    shard->phase = HB_PHASE_IDLE;
}

void hb_shard_applied(struct hb_retry_shard *shard, const struct hb_view_answer *answer)
{
    if (!hb_shard_check(shard, answer))
        return;
    if (shard->phase == HB_PHASE_CATCHING_UP && answer->head.applied >= shard->mark) {
        shard->phase = HB_PHASE_OPEN;
        bool is_taken_over = !shard->has_caught_up;
        shard->has_caught_up = true;
        opened(shard, is_taken_over);
    }
    shard->spilled = answer->spilled;
    if (answer->skipped)
        hb_metric_add(shard->retry->options.metrics, HB_METRIC_RETRY_SPILLED_RECORDS, (uint64_t)answer->skipped);
    hb_repairing_take(shard, answer);
    if (!hb_shard_is_open(shard))
        return;
    hb_repairing_run(shard);
    hb_claiming_due(shard, answer->next_due);
}
