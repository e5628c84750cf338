/* What a request is made of. A product is made into items when it is taken for a request, never before: so what goes
 * out is the newest. One with more items than a request may have takes several, one after the other; if a newer version
 * comes meanwhile, the rest is dropped. */
#include "salesmanago/state.h"

#include "core/catalog_record.h"
#include "core/smaller.h"

#include <stdio.h>
#include <stdlib.h>

#define STUCK_US (5000 * HB_US_PER_MS)

/* ---- a product's work ---- */

static void work_free(struct hb_sm_work *work)
{
    hb_sm_items_deinit(&work->items);
    free(work);
}

void hb_sm_work_die(struct hb_sm_work *work, enum hb_sm_death death, const struct hb_sm_answer *answer,
                    struct hb_str item)
{
    if (work->death)
        return; /* the first is told */
    work->death = death;
    work->dead_code = answer ? answer->code : 0;
    (void)snprintf(work->dead_item, sizeof work->dead_item, "%.*s", HB_ARG(item));
    (void)snprintf(work->dead_field, sizeof work->dead_field, "%s", answer ? answer->field : "");
    (void)snprintf(work->dead_words, sizeof work->dead_words, "%s", answer ? answer->words : "");
}

static void refused_here(struct hb_sm_lane *lane, struct hb_sm_work *work)
{
    const struct hb_sm_remark *refusal = &work->items.refusal;
    work->death = HB_SM_DEATH_INVALID;
    (void)snprintf(work->dead_item, sizeof work->dead_item, "%s", refusal->item);
    (void)snprintf(work->dead_field, sizeof work->dead_field, "%s", refusal->field ? refusal->field : "");
    (void)snprintf(work->dead_words, sizeof work->dead_words, "%s", refusal->words);
    if (!hb_sm_refusals_refused(&lane->refusals, 0, hb_str_c(work->dead_field)))
        return;
    struct hb_sm_answer answer = {.outcome = HB_SM_REFUSED, .retry_after_ms = HB_NO_RETRY_AFTER};
    (void)snprintf(answer.field, sizeof answer.field, "%s", work->dead_field);
    (void)snprintf(answer.words, sizeof answer.words, "%s", work->dead_words);
    hb_sm_pause(lane, HB_CONNECTOR_PAUSE_MAPPING_REFUSED, &answer);
}

/* Done with the product: nothing of it is open any more. */
static void finish(struct hb_sm_lane *lane, struct hb_sm_work *work)
{
    struct hb_sm_change *change = work->change;
    if (work->is_put_off && !work->death && !work->is_dropped) {
        hb_sm_settle_put_off(lane, change);
        work_free(work);
        return;
    }
    if (!work->is_dropped)
        hb_sm_aside_forget(lane, change->key);
    lane->trimmed += (int64_t)work->items.trimmed;
    hb_metric_add(lane->worker->options.metrics, HB_METRIC_SM_TRIMMED, work->items.trimmed);
    if (work->death && !work->is_dropped) {
        hb_sm_dead_put(lane, work);
    } else {
        if (!work->is_dropped) {
            hb_sm_dead_clear(lane, change);
            hb_metric_add(lane->worker->options.metrics, HB_METRIC_SM_PRODUCTS, 1);
        }
        hb_sm_settle(lane, change);
    }
    work_free(work);
}

void hb_sm_batch_sweep(struct hb_sm_lane *lane)
{
    for (struct hb_sm_work **at = &lane->works; *at;) {
        struct hb_sm_work *work = *at;
        if (work->open > 0 || work->given < work->items.count) {
            at = &work->next;
            continue;
        }
        *at = work->next;
        finish(lane, work);
    }
    lane->works_end = &lane->works;
    while (*lane->works_end)
        lane->works_end = &(*lane->works_end)->next;
}

static void drop_work(struct hb_sm_work *work)
{
    work->is_dropped = true;
    work->given = work->items.count;
    work->open = 0;
}

/* The items of a product taken out of what waits. NULL: it is done with already, or *ret_is_stuck: not now. */
static struct hb_sm_work *make_work(struct hb_sm_lane *lane, struct hb_sm_change *change, bool *ret_is_stuck)
{
    const struct hb_catalog_source source = {
        .key = change->key, .value = change->value, .headers = &hb_catalog_header, .headers_count = 1};
    const struct hb_sm_settings settings = {.mapping = lane->mapping,
                                            .currency = lane->connector.catalog.currency,
                                            .language = lane->connector.language,
                                            .kept = lane->kept};
    struct hb_catalog_product product;
    const char *problem = "";
    enum hb_catalog_read read = hb_catalog_read(&source, &product, &problem);
    struct hb_sm_work *work = read == HB_CATALOG_READ_OK ? calloc(1, sizeof *work) : NULL;
    *ret_is_stuck = read == HB_CATALOG_READ_NEWER || (read == HB_CATALOG_READ_OK && !work);
    if (read == HB_CATALOG_READ_NEWER)
        hb_sm_trouble_set(lane->worker, "a product of store %s was written by a newer hookbus: update this worker",
                          lane->store);
    if (read == HB_CATALOG_READ_NEWER)
        lane->rest_until.us = hb_sm_now(lane->worker).us + STUCK_US;
    if (read != HB_CATALOG_READ_OK)
        hb_log(&lane->worker->log, HB_LOG_CATALOG_UNREADABLE, HB_LOG_INT("partition", change->partition),
               HB_LOG_INT("offset", change->offset), HB_LOG_C("what", problem ? problem : ""));
    if (!work)
        return NULL;
    work->change = change;
    work->items = HB_SM_ITEMS_EMPTY;
    if (hb_sm_items_make(&product, &settings, &work->items)) {
        work_free(work);
        *ret_is_stuck = true;
        return NULL;
    }
    work->open = work->items.count;
    if (work->items.refused > 0)
        refused_here(lane, work);
    return work;
}

/* ---- filling ---- */

/* What was let go while it was being sent is read again, by us or by whoever has its partition now: who knows what was
 * sent for it since. */
static bool is_obsolete(const struct hb_sm_lane *lane, const struct hb_sm_change *change)
{
    return change->is_let_go || hb_sm_pending_has_newer(&lane->pending, change);
}

/* Puts items into the request as far as there is room. */
static void add_items(struct hb_sm_lane *lane, struct hb_sm_work *work, size_t items_max, size_t *bytes_left)
{
    struct hb_sm_batch *batch = &lane->batch;
    while (work->given < work->items.count && batch->count < items_max) {
        struct hb_sm_item item = hb_sm_item(&work->items, work->given);
        size_t bytes = hb_sm_upsert_item_bytes(&item);
        if (bytes > *bytes_left && batch->count > 0) {
            *bytes_left = 0;
            return;
        }
        *bytes_left -= bytes < *bytes_left ? bytes : *bytes_left;
        batch->units[batch->count] = (struct hb_sm_slot){.work = work};
        batch->items[batch->count] = item;
        batch->count++;
        work->given++;
    }
}

/* What is left of products that take several requests. */
static void add_leftovers(struct hb_sm_lane *lane, size_t items_max, size_t *bytes_left)
{
    for (struct hb_sm_work *work = lane->works; work; work = work->next) {
        if (is_obsolete(lane, work->change))
            drop_work(work);
        else
            add_items(lane, work, items_max, bytes_left);
    }
}

/* One of several items goes whole into the next request rather than in two pieces. */
static bool is_better_next(const struct hb_sm_lane *lane, const struct hb_sm_work *work, size_t items_max)
{
    return lane->batch.count > 0 && work->items.count <= items_max && work->items.count > items_max - lane->batch.count;
}

/* One that waits becomes a work. NULL: it is done with already, or *ret_is_stuck. */
static struct hb_sm_work *begin_work(struct hb_sm_lane *lane, struct hb_sm_change *change, bool *ret_is_stuck)
{
    bool is_alone = change->state == HB_SM_CHANGE_ASIDE;
    hb_sm_pending_take(&lane->pending, change);
    struct hb_sm_work *work = make_work(lane, change, ret_is_stuck);
    if (!work && *ret_is_stuck) {
        hb_sm_settle_back(lane, change); /* as it was: nothing came between */
    } else if (!work) {
        hb_sm_aside_forget(lane, change->key);
        hb_sm_settle(lane, change);
    } else {
        work->is_alone = is_alone;
        *lane->works_end = work;
        lane->works_end = &work->next;
    }
    return work;
}

/* `alone`: of this suspect only, and no work is under way; NULL: of the works under way, then of what waits. What is
 * left of a suspect with many items goes out alone too. */
static void fill(struct hb_sm_lane *lane, struct hb_sm_change *alone)
{
    size_t most = (size_t)lane->worker->options.config->salesmanago_request_bytes_max;
    size_t empty = hb_sm_upsert_empty_bytes(lane->connector.catalog.id), left = most > empty ? most - empty : 0;
    size_t items_max = hb_smaller(lane->items_max, lane->doubted_items_max);
    struct hb_sm_change *change;
    bool is_stuck = false, is_alone = alone || (lane->works && lane->works->is_alone);
    lane->batch.count = 0;
    lane->batch.is_doubted = false;
    add_leftovers(lane, items_max, &left);
    if (alone && begin_work(lane, alone, &is_stuck))
        add_items(lane, lane->works, items_max, &left);
    while (!is_alone && !is_stuck && left > 0 && lane->batch.count < items_max && lane->hold == HB_SM_HOLD_NONE &&
           (change = hb_sm_pending_next(&lane->pending)) != NULL) {
        struct hb_sm_work *work = begin_work(lane, change, &is_stuck);
        if (work && is_better_next(lane, work, items_max))
            break;
        if (work)
            add_items(lane, work, items_max, &left);
    }
    hb_sm_batch_sweep(lane);
}

static size_t probe_open_units(struct hb_sm_batch *batch)
{
    batch->probe_count = 0;
    for (size_t i = 0; i < batch->count; i++)
        if (!batch->units[i].is_closed)
            batch->probe[batch->probe_count++] = (uint8_t)i;
    return batch->probe_count;
}

/* ---- searching ---- */

/* That is not sent any more, and not searched. */
static void drop_obsolete(struct hb_sm_lane *lane)
{
    struct hb_sm_batch *batch = &lane->batch;
    for (size_t i = 0; i < batch->count; i++) {
        struct hb_sm_slot *unit = &batch->units[i];
        if (unit->is_closed || !is_obsolete(lane, unit->work->change))
            continue;
        if (batch->is_searching)
            hb_sm_search_drop(&batch->search, i);
        unit->work->is_dropped = true;
        unit->work->open -= unit->work->items.count - unit->work->given; /* the rest of it too */
        unit->work->items.count = unit->work->given;
        hb_sm_batch_close(lane, i);
    }
    hb_sm_batch_sweep(lane);
}

static size_t next_of_search(struct hb_sm_lane *lane)
{
    struct hb_sm_batch *batch = &lane->batch;
    const uint8_t *units = NULL;
    batch->probe_count = hb_sm_search_next(&batch->search, &units);
    if (batch->probe_count > 0) {
        memcpy(batch->probe, units, batch->probe_count);
        return batch->probe_count;
    }
    batch->is_searching = false;
    return 0;
}

size_t hb_sm_batch_next(struct hb_sm_lane *lane)
{
    struct hb_sm_batch *batch = &lane->batch;
    drop_obsolete(lane);
    if (batch->is_searching && next_of_search(lane) > 0)
        return batch->probe_count;
    if (batch->count > 0 && probe_open_units(batch) > 0)
        return batch->probe_count;
    struct hb_sm_change *suspect = NULL;
    enum hb_sm_turn turn = lane->works ? HB_SM_TURN_OTHERS : hb_sm_aside_turn(lane, &suspect, NULL);
    if (turn == HB_SM_TURN_WITNESS) {
        batch->count = 0;
        hb_sm_aside_make_witness(lane);
        return batch->probe_count;
    }
    fill(lane, turn == HB_SM_TURN_SUSPECT ? suspect : NULL);
    return probe_open_units(batch);
}

/* ---- the end of it ---- */

void hb_sm_batch_close(struct hb_sm_lane *lane, size_t unit)
{
    struct hb_sm_slot *of = &lane->batch.units[unit];
    if (of->is_closed)
        return;
    of->is_closed = true;
    of->work->open--;
}

static void reverse(struct hb_sm_work **works)
{
    struct hb_sm_work *reversed = NULL;
    while (*works) {
        struct hb_sm_work *work = *works;
        *works = work->next;
        work->next = reversed;
        reversed = work;
    }
    *works = reversed;
}

/* The last first: each goes before all that wait. */
void hb_sm_batch_give_back(struct hb_sm_lane *lane)
{
    lane->batch.count = lane->batch.probe_count = 0;
    lane->batch.is_searching = lane->batch.is_doubted = lane->batch.is_witness = false;
    reverse(&lane->works);
    while (lane->works) {
        struct hb_sm_work *work = lane->works;
        lane->works = work->next;
        hb_sm_settle_back(lane, work->change);
        work_free(work);
    }
    lane->works_end = &lane->works;
}
