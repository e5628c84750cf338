/* What an answer of SALESmanago does. */
#include "salesmanago/state.h"

#include "core/smaller.h"

#include "hookbus/catalog.h"

#include <stdio.h>

#define GOOD_BATCHES 10 /* in a row, before a request that was made smaller grows again */

_Static_assert((int)HB_LABEL_SM_REQUESTS_ACCEPTED == (int)HB_SM_ACCEPTED &&
                   (int)HB_LABEL_SM_REQUESTS_KEY_REFUSED == (int)HB_SM_KEY_REFUSED &&
                   (int)HB_LABEL_SM_REQUESTS_BUSY == (int)HB_SM_BUSY,
               "the metric's labels are the outcomes in their order");

/* ---- accepted ---- */

/* Its id did not come back: once it is sent again, then it is dead. */
static void missing(struct hb_sm_lane *lane, size_t at, const struct hb_sm_answer *answer)
{
    struct hb_sm_batch *batch = &lane->batch;
    struct hb_sm_slot *unit = &batch->units[at];
    if (!unit->was_missing) {
        unit->was_missing = true;
        if (batch->is_searching)
            hb_sm_search_again(&batch->search, at);
        return;
    }
    struct hb_sm_answer told = *answer;
    (void)snprintf(told.words, sizeof told.words,
                   "SALESmanago accepted the request twice and did not name this product in its answer");
    hb_sm_work_die(unit->work, HB_SM_DEATH_NOT_CONFIRMED, &told, batch->items[at].id);
    hb_sm_batch_close(lane, at);
}

static void grow(struct hb_sm_lane *lane)
{
    if (lane->items_max >= HB_SM_PRODUCTS_MAX || ++lane->good_batches < GOOD_BATCHES)
        return;
    lane->good_batches = 0;
    lane->items_max = 2 * lane->items_max < HB_SM_PRODUCTS_MAX ? 2 * lane->items_max : HB_SM_PRODUCTS_MAX;
}

static void recover(struct hb_sm_lane *lane)
{
    hb_sm_backoff_success(&lane->backoff);
    lane->rests_long = false;
    lane->rest_until.us = 0;
    if (lane->doubted_items_max < HB_SM_PRODUCTS_MAX) /* who is at fault may be in the next: small requests find him */
        lane->doubted_items_max = hb_smaller(2 * lane->doubted_items_max, HB_SM_PRODUCTS_MAX);
}

/* Of a request with nothing but a suspect's: a copy of its key; else empty. */
static struct hb_str key_of_suspect(const struct hb_sm_lane *lane, char ret_key[HB_CATALOG_KEY_MAX + 1])
{
    struct hb_str key = lane->works && lane->works->is_alone ? lane->works->change->key : hb_str_n(NULL, 0);
    HB_ASSERT(key.len <= HB_CATALOG_KEY_MAX);
    if (key.len > 0)
        memcpy(ret_key, key.ptr, key.len);
    return hb_str_n(ret_key, key.len);
}

static void accepted(struct hb_sm_lane *lane, const struct hb_sm_answer *answer)
{
    struct hb_sm_batch *batch = &lane->batch;
    bool confirmed[HB_SM_PRODUCTS_MAX];
    uint8_t units[HB_SM_PRODUCTS_MAX];
    size_t count = batch->probe_count;
    memcpy(units, batch->probe, count);
    size_t missed = hb_sm_answer_confirm(answer, batch->items, units, count, confirmed);
    char alone[HB_CATALOG_KEY_MAX + 1];
    struct hb_str suspect = key_of_suspect(lane, alone);
    hb_sm_aside_keep_witness(lane, confirmed);
    if (batch->is_searching)
        hb_sm_search_accepted(&batch->search);
    for (size_t i = 0; i < count; i++) {
        if (confirmed[i])
            hb_sm_batch_close(lane, units[i]);
        else
            missing(lane, units[i], answer);
    }
    lane->accepted += (int64_t)(count - missed);
    lane->trimmed += (int64_t)answer->warnings;
    hb_metric_add(lane->worker->options.metrics, HB_METRIC_SM_ITEMS, count - missed);
    hb_metric_add(lane->worker->options.metrics, HB_METRIC_SM_TRIMMED, answer->warnings);
    hb_sm_refusals_accepted(&lane->refusals, count - missed);
    recover(lane);
    grow(lane);
    hb_sm_batch_sweep(lane);
    if (missed < count)
        hb_sm_aside_accepted(lane, suspect);
}

/* What was accepted before was sent once more. */
static void witnessed(struct hb_sm_lane *lane, const struct hb_sm_answer *answer)
{
    bool is_confirmed = false;
    (void)hb_sm_answer_confirm(answer, lane->batch.items, lane->batch.probe, 1, &is_confirmed);
    lane->witness.is_kept &= is_confirmed;
    if (!is_confirmed)
        return;
    recover(lane);
    hb_sm_aside_witnessed(lane);
}

/* ---- refused ---- */

/* A field that may not be set to null leaves the list: the products are made anew without it. */
static bool leaves_nulls(struct hb_sm_lane *lane, const struct hb_sm_answer *answer)
{
    uint32_t bit = answer->code == 17 ? hb_sm_mapping_null_bit(lane->mapping, hb_str_c(answer->field)) : 0;
    if (bit == 0 || (lane->kept & bit))
        return false;
    lane->kept |= bit;
    hb_log(&lane->worker->log, HB_LOG_NULLS_REFUSED, HB_LOG_C("store", lane->store), HB_LOG_C("field", answer->field),
           HB_LOG_C("words", answer->words));
    hb_sm_batch_give_back(lane);
    return true;
}

static void die(struct hb_sm_lane *lane, size_t unit, const struct hb_sm_answer *answer, enum hb_sm_death death)
{
    hb_sm_work_die(lane->batch.units[unit].work, death, answer, lane->batch.items[unit].id);
    hb_sm_batch_close(lane, unit);
    hb_sm_batch_sweep(lane);
}

/* Perhaps only what did not come back was sent: the others are done. */
static void begin_search(struct hb_sm_batch *batch)
{
    hb_sm_search_begin(&batch->search, batch->count);
    for (size_t i = 0; i < batch->count; i++)
        if (batch->units[i].is_closed)
            hb_sm_search_drop(&batch->search, i);
    batch->is_searching = true;
}

static void refused(struct hb_sm_lane *lane, const struct hb_sm_answer *answer)
{
    struct hb_sm_batch *batch = &lane->batch;
    size_t single = batch->probe[0], count = batch->probe_count;
    if (leaves_nulls(lane, answer))
        return;
    if (count == 1 && hb_sm_refusals_refused(&lane->refusals, answer->code, hb_str_c(answer->field))) {
        hb_sm_batch_give_back(lane);
        hb_sm_pause(lane, HB_CONNECTOR_PAUSE_MAPPING_REFUSED, answer);
        return;
    }
    if (batch->is_searching) {
        hb_sm_search_refused(&batch->search);
    } else if (count > 1) {
        begin_search(batch);
    }
    if (count == 1)
        die(lane, single, answer, HB_SM_DEATH_REFUSED);
}

static void too_large(struct hb_sm_lane *lane, const struct hb_sm_answer *answer)
{
    struct hb_sm_batch *batch = &lane->batch;
    lane->good_batches = 0;
    if (batch->probe_count > 1)
        lane->items_max = batch->probe_count / 2;
    if (batch->is_searching) {
        if (!hb_sm_search_too_large(&batch->search)) {
            size_t single = batch->probe[0];
            hb_sm_search_refused(&batch->search);
            die(lane, single, answer, HB_SM_DEATH_TOO_LARGE);
        }
    } else if (batch->probe_count == 1) {
        die(lane, batch->probe[0], answer, HB_SM_DEATH_TOO_LARGE);
    } else {
        hb_sm_batch_give_back(lane);
    }
}

/* ---- later ---- */

/* One item failed alone: its product steps aside when the rest of it is done, and the others go on. */
static void put_off(struct hb_sm_lane *lane, const struct hb_sm_answer *answer)
{
    struct hb_sm_batch *batch = &lane->batch;
    size_t single = batch->probe[0];
    struct hb_sm_work *work = batch->units[single].work;
    if (work->change->is_let_go)
        return; /* whoever reads it again meets it again */
    hb_sm_aside_failed(lane, work, batch->items[single].id, answer);
    if (batch->is_searching)
        hb_sm_search_refused(&batch->search);
    if (!work->is_alone)
        lane->doubted_items_max = HB_SM_PRODUCTS_MAX;
    work->is_put_off = true;
    hb_sm_batch_close(lane, single);
    hb_sm_batch_sweep(lane);
}

/* The same request failed again and again, nobody says why: perhaps for something in it. What times out may just be too
 * much; of the rest one half is tried, then the other. */
static void halve(struct hb_sm_lane *lane, const struct hb_sm_answer *answer)
{
    struct hb_sm_batch *batch = &lane->batch;
    bool is_alone = lane->works->is_alone;
    if (!is_alone)
        lane->doubted_items_max = batch->probe_count / 2; /* if the search has to be given up for a long rest */
    if (answer->outcome == HB_SM_TIMEOUT && !is_alone) {
        lane->items_max = batch->probe_count / 2;
        lane->good_batches = 0;
        if (batch->is_searching)
            (void)hb_sm_search_too_large(&batch->search);
        return;
    }
    if (batch->is_searching)
        hb_sm_search_refused(&batch->search);
    else
        begin_search(batch);
    batch->is_doubted = true;
}

static void doubt(struct hb_sm_lane *lane, const struct hb_sm_answer *answer)
{
    bool is_timeout = answer->outcome == HB_SM_TIMEOUT;
    bool is_known = lane->works->is_alone || lane->batch.is_doubted || lane->doubted_items_max < HB_SM_PRODUCTS_MAX;
    unsigned enough = is_known ? 1 : hb_sm_outcome_halve_after(answer->outcome);
    lane->timeouts = is_timeout ? lane->timeouts + 1 : 0;
    lane->doubts += answer->may_be_of_request;
    if (!answer->may_be_of_request || (is_timeout ? lane->timeouts : lane->doubts) < enough)
        return;
    if (lane->batch.probe_count > 1)
        halve(lane, answer);
    else
        put_off(lane, answer);
}

static void later(struct hb_sm_lane *lane, const struct hb_sm_answer *answer)
{
    struct hb_sm_batch *batch = &lane->batch;
    bool is_suspects = lane->works && lane->works->is_alone && answer->may_be_of_request;
    /* A suspect's own failure is noted, also of a part of its items: the search for which of them it is may be lost to
     * a long rest. Anything else means that SALESmanago is not well, or cannot be asked. */
    if (is_suspects && batch->probe_count > 1 && !lane->works->change->is_let_go)
        hb_sm_aside_failed(lane, lane->works, batch->items[batch->probe[0]].id, answer);
    else if (!is_suspects)
        hb_sm_suspects_doubt(&lane->suspects, answer->may_be_of_request && !batch->is_witness);
    if (batch->is_witness) /* it was accepted before; if it is at fault now, it must not stand before the others */
        lane->witness.is_kept &= lane->pending.waiting == 0;
    else
        doubt(lane, answer);
    /* Made anew when it is sent, of the newest versions. A search goes on where it stands. */
    if (!batch->is_searching)
        hb_sm_batch_give_back(lane);
    hb_sm_lane_rest(lane, answer);
}

static void pause_all(struct hb_sm_lane *lane, const struct hb_sm_answer *answer)
{
    static const enum hb_connector_pause REASONS[HB_SM_OUTCOME_COUNT] = {
        [HB_SM_KEY_REFUSED] = HB_CONNECTOR_PAUSE_KEY_REFUSED,
        [HB_SM_CATALOG_UNKNOWN] = HB_CONNECTOR_PAUSE_CATALOG_UNKNOWN,
        [HB_SM_OVER_LIMIT] = HB_CONNECTOR_PAUSE_OVER_LIMIT};
    hb_sm_batch_give_back(lane);
    hb_sm_pause(lane, REASONS[answer->outcome], answer);
}

/* ---- the answer ---- */

/* Whoever is asked may say our key back: it stands in no record and no log. */
static void hide_key(const struct hb_sm_lane *lane, struct hb_sm_answer *answer)
{
    struct hb_buf key = hb_buf_make(HB_SM_API_KEY_MAX);
    if ((answer->words[0] || answer->warning[0] || answer->field[0]) && lane->connector.sealed_key.len > 0 &&
        hb_unseal(lane->worker->options.keyring, hb_connector_place(lane->connector.store, lane->connector.id),
                  lane->connector.sealed_key, &key) == HB_OK) {
        hb_connector_hide_key(answer->words, hb_buf_str(&key));
        hb_connector_hide_key(answer->warning, hb_buf_str(&key));
        hb_connector_hide_key(answer->field, hb_buf_str(&key));
    }
    if (key.ptr)
        hb_wipe(key.ptr, key.len);
    hb_buf_deinit(&key);
}

static void remember(struct hb_sm_lane *lane, const struct hb_answer *http, const struct hb_sm_answer *answer)
{
    struct hb_metrics *metrics = lane->worker->options.metrics;
    lane->last.at = hb_loop_wall(lane->worker->options.loop);
    lane->last.ms = http->duration_us / HB_US_PER_MS;
    lane->last.items = lane->batch.probe_count;
    lane->last.status = hb_sm_outcome_text(answer->outcome);
    (void)snprintf(lane->last.words, sizeof lane->last.words, "%s",
                   answer->outcome == HB_SM_ACCEPTED ? answer->warning : answer->words);
    hb_metric_add_label(metrics, HB_METRIC_SM_REQUESTS, (unsigned)answer->outcome, 1);
    hb_metric_observe_us(metrics, HB_METRIC_SM_REQUEST_TIME, http->duration_us);
    hb_log(&lane->worker->log, HB_LOG_SALESMANAGO_BATCH, HB_LOG_C("store", lane->store),
           HB_LOG_C("outcome", lane->last.status), HB_LOG_INT("status", answer->status),
           HB_LOG_INT("items", lane->batch.probe_count), HB_LOG_INT("ms", lane->last.ms),
           HB_LOG_BOOL("search", lane->batch.is_searching), HB_LOG_C("words", lane->last.words));
}

static void judge(struct hb_sm_lane *lane, const struct hb_sm_answer *answer)
{
    if (!hb_sm_outcome_is_later(answer->outcome))
        lane->doubts = lane->timeouts = 0;
    if (hb_sm_outcome_is_pause(answer->outcome))
        pause_all(lane, answer);
    else if (lane->batch.is_witness && !hb_sm_outcome_is_later(answer->outcome))
        witnessed(lane, answer);
    else if (answer->outcome == HB_SM_ACCEPTED)
        accepted(lane, answer);
    else if (answer->outcome == HB_SM_REFUSED)
        refused(lane, answer);
    else if (answer->outcome == HB_SM_TOO_LARGE)
        too_large(lane, answer);
    else
        later(lane, answer);
}

void hb_sm_answered(void *user, const struct hb_answer *http)
{
    struct hb_sm_lane *lane = user;
    struct hb_sm_answer answer;
    lane->request = NULL;
    hb_sm_answer_read(http, HB_SM_CALL_UPSERT, &answer);
    hide_key(lane, &answer);
    remember(lane, http, &answer);
    hb_sm_sender_ended(lane->worker);
    lane->worker->body_bytes -= lane->body.len;
    hb_buf_deinit(&lane->body);
    lane->is_looking = true; /* until everything stands as the answer says */
    /* What was asked with another key, for another catalog or by another mapping says nothing of those there are
     * now. */
    if (!lane->is_outdated && (lane->hold == HB_SM_HOLD_NONE || answer.outcome == HB_SM_ACCEPTED))
        judge(lane, &answer);
    if (lane->is_outdated || lane->hold != HB_SM_HOLD_NONE)
        hb_sm_batch_give_back(lane);
    lane->is_outdated = lane->batch.is_witness = false;
    hb_sm_track_step(lane);
    lane->is_looking = false;
    hb_sm_walk_look(lane);
    hb_sm_lane_look(lane);
}
