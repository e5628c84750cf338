/* Suspects (suspects.h): products that failed alone wait aside and are tried alone, between requests that SALESmanago
 * accepts. Where nothing else is to be sent, what was accepted last is sent once more to learn whether SALESmanago is
 * well: nothing of its id was sent since, so it is the newest there is of it. */
#include "salesmanago/state.h"

#include "core/catalog_record.h"

#include <stdio.h>
#include <stdlib.h>

#define WITNESS_BYTES_MAX ((size_t)256 * 1024)

/* ---- who ---- */

static void bring_back(struct hb_sm_lane *lane, struct hb_str key)
{
    struct hb_sm_change *change = hb_sm_pending_of(&lane->pending, key);
    if (change && change->state == HB_SM_CHANGE_ASIDE)
        hb_sm_pending_bring_back(&lane->pending, change);
}

void hb_sm_aside_forget(struct hb_sm_lane *lane, struct hb_str key)
{
    if (!hb_sm_suspects_find(&lane->suspects, key))
        return;
    bring_back(lane, key); /* a newer version, that waits beside the one whose fate is known */
    hb_sm_suspects_remove(&lane->suspects, key);
}

void hb_sm_aside_clear(struct hb_sm_lane *lane)
{
    while (lane->pending.aside.last) /* the last first: each goes before all that wait */
        hb_sm_pending_bring_back(&lane->pending, lane->pending.aside.last);
    hb_sm_suspects_clear(&lane->suspects);
    lane->witness.is_kept = false;
    lane->doubts = lane->timeouts = 0;
    lane->doubted_items_max = HB_SM_PRODUCTS_MAX;
}

void hb_sm_aside_lose(struct hb_sm_lane *lane, int32_t partition)
{
    hb_sm_suspects_remove_partition(&lane->suspects, partition);
    lane->witness.is_kept &= lane->witness.partition != partition;
}

void hb_sm_aside_failed(struct hb_sm_lane *lane, const struct hb_sm_work *work, struct hb_str item,
                        const struct hb_sm_answer *answer)
{
    const struct hb_sm_change *change = work->change;
    const struct hb_sm_failure failure = {.key = change->key,
                                          .partition = change->partition,
                                          .offset = change->offset,
                                          .item = item,
                                          .answer = answer};
    (void)!hb_sm_suspects_failed(&lane->suspects, &failure, hb_sm_now(lane->worker)); /* full: it goes last */
    const struct hb_sm_suspect *suspect = hb_sm_suspects_find(&lane->suspects, change->key);
    struct hb_str store, product = change->key;
    if (lane->batch.probe_count > 1)
        return; /* told when it is known which item it is */
    (void)hb_catalog_key_read(change->key, &store, &product);
    hb_log(&lane->worker->log, HB_LOG_PRODUCT_ASIDE, HB_LOG_C("store", lane->store), HB_LOG_STR("product", product),
           HB_LOG_STR("item", item), HB_LOG_INT("status", answer->status), HB_LOG_C("words", answer->words),
           HB_LOG_INT("evidence", suspect ? suspect->evidence : 0),
           HB_LOG_INT("pause_ms", suspect ? suspect->pause_ms : 0));
}

/* ---- what others say of them ---- */

/* False: no memory; with the next word. */
static bool bury(struct hb_sm_lane *lane, const struct hb_sm_suspect *suspect, struct hb_sm_change *change)
{
    struct hb_sm_answer answer = {.outcome = HB_SM_REFUSED, .status = suspect->status};
    struct hb_sm_work *work = calloc(1, sizeof *work);
    if (!work)
        return false;
    (void)snprintf(answer.words, sizeof answer.words,
                   "failed each of %u times it was sent alone, while other products were accepted: %.*s",
                   suspect->evidence, (int)(sizeof answer.words / 2), suspect->words);
    work->change = change;
    hb_sm_work_die(work, HB_SM_DEATH_KEEPS_FAILING, &answer, hb_str_c(suspect->item));
    hb_sm_pending_take(&lane->pending, change);
    hb_sm_suspects_remove(&lane->suspects, change->key);
    hb_sm_dead_put(lane, work);
    free(work);
    return true;
}

static void bury_condemned(struct hb_sm_lane *lane)
{
    const struct hb_sm_suspect *suspect;
    size_t state = 0;
    while ((suspect = hb_map_next(&lane->suspects.by_key, &state)) != NULL) {
        struct hb_sm_change *change = hb_sm_pending_of(&lane->pending, suspect->key);
        bool is_that = change && change->state == HB_SM_CHANGE_ASIDE && change->offset == suspect->offset;
        if (is_that && hb_sm_suspect_is_condemned(suspect) && bury(lane, suspect, change))
            state = 0; /* the map changed */
    }
}

void hb_sm_aside_accepted(struct hb_sm_lane *lane, struct hb_str key)
{
    hb_sm_suspects_accepted(&lane->suspects, key);
    bury_condemned(lane);
}

void hb_sm_aside_witnessed(struct hb_sm_lane *lane)
{
    hb_sm_suspects_witnessed(&lane->suspects);
    bury_condemned(lane);
}

/* ---- the witness ---- */

void hb_sm_aside_keep_witness(struct hb_sm_lane *lane, const bool *confirmed)
{
    const struct hb_sm_batch *batch = &lane->batch;
    struct hb_sm_witness *witness = &lane->witness;
    int smallest = -1;
    for (size_t i = 0; i < batch->probe_count; i++) {
        int at = batch->probe[i];
        if (confirmed[i] && !batch->units[at].work->change->is_let_go &&
            (smallest < 0 || batch->items[at].json.len < batch->items[smallest].json.len))
            smallest = at;
    }
    witness->is_kept = false;
    hb_buf_deinit(&witness->bytes);
    if (smallest < 0)
        return;
    const struct hb_sm_item *item = &batch->items[smallest];
    witness->bytes = hb_buf_make(WITNESS_BYTES_MAX);
    witness->id_len = item->id.len;
    witness->partition = batch->units[smallest].work->change->partition;
    witness->is_kept = hb_buf_add(&witness->bytes, item->id) == HB_OK &&
                       hb_buf_add(&witness->bytes, item->json) == HB_OK;
}

static struct hb_sm_item witness_of(const struct hb_sm_lane *lane)
{
    struct hb_str all = hb_buf_str(&lane->witness.bytes);
    size_t id_len = lane->witness.id_len;
    return (struct hb_sm_item){hb_str_n(all.ptr, id_len), hb_str_n(all.ptr + id_len, all.len - id_len)};
}

/* What is sent now of the same id may be newer, and accepted although nobody hears of it. */
void hb_sm_aside_sent(struct hb_sm_lane *lane)
{
    const struct hb_sm_batch *batch = &lane->batch;
    if (batch->is_witness || !lane->witness.is_kept)
        return;
    for (size_t i = 0; i < batch->probe_count && lane->witness.is_kept; i++)
        lane->witness.is_kept = !hb_str_eq(batch->items[batch->probe[i]].id, witness_of(lane).id);
}

void hb_sm_aside_make_witness(struct hb_sm_lane *lane)
{
    struct hb_sm_batch *batch = &lane->batch;
    batch->is_witness = true;
    batch->items[0] = witness_of(lane);
    batch->probe[0] = 0;
    batch->probe_count = 1;
}

/* ---- whose turn ---- */

enum hb_sm_turn hb_sm_aside_turn(const struct hb_sm_lane *lane, struct hb_sm_change **ret_change,
                                 struct hb_mono *ret_again)
{
    struct hb_sm_turn_question question = {.has_others = lane->pending.waiting > 0,
                                           .has_witness = lane->witness.is_kept};
    struct hb_sm_change *first = NULL;
    struct hb_mono again;
    /* Who stops has little time left: the others go out in it, and not one that makes them wait for its time limit.
     * The next process reads suspects again: their records are not settled. */
    for (struct hb_sm_change *change = lane->pending.aside.first; change && !lane->worker->is_stopping;
         change = change->next) {
        const struct hb_sm_suspect *suspect = hb_sm_suspects_find(&lane->suspects, change->key);
        HB_ASSERT(suspect);
        if (first && suspect->due.us >= question.suspect_due.us)
            continue;
        first = change;
        question.has_suspect = true;
        question.suspect_due = suspect->due;
    }
    enum hb_sm_turn turn = hb_sm_suspects_turn(&lane->suspects, &question, hb_sm_now(lane->worker), &again);
    if (ret_change)
        *ret_change = first;
    if (ret_again)
        *ret_again = again;
    return turn;
}
