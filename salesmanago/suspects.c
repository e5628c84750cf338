#include "salesmanago/suspects.h"

#include <stdio.h>
#include <stdlib.h>

#define PAUSE_GROWS 4

static struct hb_sm_suspect *next_of(const struct hb_sm_suspects *suspects, size_t *state)
{
    return hb_map_next(&suspects->by_key, state);
}

void hb_sm_suspects_clear(struct hb_sm_suspects *suspects)
{
    struct hb_sm_suspect *suspect;
    size_t state = 0;
    while ((suspect = next_of(suspects, &state)) != NULL)
        free(suspect);
    hb_map_deinit(&suspects->by_key);
    suspects->is_well = suspects->are_others_doubted = false;
}

static enum hb_err make(struct hb_sm_suspects *suspects, struct hb_str key, struct hb_sm_suspect **ret_suspect)
{
    if (suspects->by_key.count >= suspects->max)
        return HB_ERR_FULL;
    struct hb_sm_suspect *suspect = malloc(sizeof *suspect + key.len);
    if (!suspect)
        return HB_ERR_MEMORY;
    char *bytes = (char *)(suspect + 1);
    memcpy(bytes, key.ptr, key.len);
    *suspect = (struct hb_sm_suspect){.key = {bytes, key.len}, .offset = -1};
    if (hb_map_put(&suspects->by_key, suspect->key, suspect)) {
        free(suspect);
        return HB_ERR_MEMORY;
    }
    *ret_suspect = suspect;
    return HB_OK;
}

static int64_t longer(const struct hb_sm_suspects *suspects, int64_t pause_ms)
{
    if (pause_ms == 0)
        return suspects->first_ms < suspects->most_ms ? suspects->first_ms : suspects->most_ms;
    return pause_ms > suspects->most_ms / PAUSE_GROWS ? suspects->most_ms : PAUSE_GROWS * pause_ms;
}

enum hb_err hb_sm_suspects_failed(struct hb_sm_suspects *suspects, const struct hb_sm_failure *failure,
                                  struct hb_mono now)
{
    struct hb_sm_suspect *suspect = hb_sm_suspects_find(suspects, failure->key);
    enum hb_err err = suspect ? HB_OK : make(suspects, failure->key, &suspect);
    if (err)
        return err;
    if (now.us >= suspect->due.us) /* else of the same try: of a product's items one part after another fails */
        suspect->pause_ms = longer(suspects, suspect->pause_ms);
    suspect->partition = failure->partition;
    suspect->offset = failure->offset;
    suspect->is_asked = true;
    suspect->due.us = now.us + suspect->pause_ms * HB_US_PER_MS;
    suspect->status = failure->answer->status;
    (void)snprintf(suspect->item, sizeof suspect->item, "%.*s", HB_ARG(failure->item));
    (void)snprintf(suspect->words, sizeof suspect->words, "%s", failure->answer->words);
    suspects->is_well = false;
    return HB_OK;
}

static void judge(struct hb_sm_suspects *suspects, struct hb_str key)
{
    struct hb_sm_suspect *suspect;
    size_t state = 0;
    suspects->is_well = true;
    while ((suspect = next_of(suspects, &state)) != NULL) {
        if (hb_str_eq(suspect->key, key))
            continue; /* others of its items are good: what failed is judged by other products */
        suspect->evidence += suspect->is_asked;
        suspect->is_asked = false;
    }
}

void hb_sm_suspects_accepted(struct hb_sm_suspects *suspects, struct hb_str key)
{
    suspects->are_others_doubted &= key.len > 0;
    judge(suspects, key);
}

void hb_sm_suspects_witnessed(struct hb_sm_suspects *suspects)
{
    judge(suspects, hb_str_n(NULL, 0));
}

void hb_sm_suspects_doubt(struct hb_sm_suspects *suspects, bool is_of_others)
{
    struct hb_sm_suspect *suspect;
    size_t state = 0;
    suspects->is_well = false;
    suspects->are_others_doubted |= is_of_others;
    while ((suspect = next_of(suspects, &state)) != NULL)
        suspect->is_asked = false;
}

bool hb_sm_suspect_is_condemned(const struct hb_sm_suspect *suspect)
{
    return suspect->evidence >= HB_SM_EVIDENCE_MAX;
}

void hb_sm_suspects_remove(struct hb_sm_suspects *suspects, struct hb_str key)
{
    free(hb_map_remove(&suspects->by_key, key));
}

void hb_sm_suspects_remove_partition(struct hb_sm_suspects *suspects, int32_t partition)
{
    struct hb_sm_suspect *suspect;
    size_t state = 0;
    while ((suspect = next_of(suspects, &state)) != NULL)
        if (suspect->partition == partition) {
            hb_sm_suspects_remove(suspects, suspect->key);
            state = 0; /* what came after it may stand elsewhere now */
        }
}

bool hb_sm_suspects_ask(const struct hb_sm_suspects *suspects)
{
    struct hb_sm_suspect *suspect;
    size_t state = 0;
    while ((suspect = next_of(suspects, &state)) != NULL)
        if (suspect->is_asked)
            return true;
    return false;
}

static enum hb_sm_turn turn_of(const struct hb_sm_suspects *suspects, const struct hb_sm_turn_question *question,
                               bool is_due)
{
    bool can_witness = question->has_witness && question->has_suspect && (is_due || hb_sm_suspects_ask(suspects));
    bool can_others_tell = suspects->is_well || !suspects->are_others_doubted;
    if (is_due && suspects->is_well)
        return HB_SM_TURN_SUSPECT;
    if (question->has_others && (!can_witness || can_others_tell))
        return HB_SM_TURN_OTHERS;
    if (can_witness)
        return HB_SM_TURN_WITNESS;
    return is_due ? HB_SM_TURN_SUSPECT : HB_SM_TURN_NONE;
}

enum hb_sm_turn hb_sm_suspects_turn(const struct hb_sm_suspects *suspects, const struct hb_sm_turn_question *question,
                                    struct hb_mono now, struct hb_mono *ret_again)
{
    bool is_due = question->has_suspect && question->suspect_due.us <= now.us;
    enum hb_sm_turn turn = turn_of(suspects, question, is_due);
    /* While SALESmanago is not well the others, or the witness, go first, however long a suspect is due. */
    bool has_time = question->has_suspect && (turn == HB_SM_TURN_NONE || suspects->is_well);
    if (turn == HB_SM_TURN_SUSPECT || turn == HB_SM_TURN_WITNESS)
        ret_again->us = 0;
    else
        ret_again->us = has_time ? question->suspect_due.us : INT64_MAX;
    return turn;
}
