#include "salesmanago/search.h"

#include "core/smaller.h"

/* How much of the rest is sent at once when two poisons or more are known of: 8, about what holds one poison when there
 * are ten in a hundred, and less when more than ten were found. Grows by half with each group that is accepted. */
#define GROUP_SHARE 80
#define GROUP_POISONS_LEAST 10

_Static_assert(HB_SM_PRODUCTS_MAX <= UINT8_MAX, "a unit is a byte");

static void append(uint8_t *list, size_t *count, const uint8_t *more, size_t more_count)
{
    HB_ASSERT(*count + more_count <= HB_SM_PRODUCTS_MAX);
    memcpy(list + *count, more, more_count);
    *count += more_count;
}

static void prepend(uint8_t *list, size_t *count, const uint8_t *more, size_t more_count)
{
    HB_ASSERT(*count + more_count <= HB_SM_PRODUCTS_MAX);
    memmove(list + more_count, list, *count);
    memcpy(list, more, more_count);
    *count += more_count;
}

static bool take_out(uint8_t *list, size_t *count, uint8_t unit)
{
    uint8_t *found = memchr(list, unit, *count);
    if (!found)
        return false;
    size_t at = (size_t)(found - list);
    memmove(found, found + 1, *count - at - 1);
    (*count)--;
    return true;
}

static size_t first_group(size_t poisons)
{
    size_t group = GROUP_SHARE / (poisons > GROUP_POISONS_LEAST ? poisons : GROUP_POISONS_LEAST);
    return group > 0 ? group : 1;
}

void hb_sm_search_begin(struct hb_sm_search *search, size_t count)
{
    HB_ASSERT(count > 1 && count <= HB_SM_PRODUCTS_MAX);
    *search = (struct hb_sm_search){.count = count,
                                    .requests = 1,
                                    .candidates_count = count,
                                    .group = first_group(0),
                                    .probe_max = HB_SM_PRODUCTS_MAX};
    for (size_t i = 0; i < count; i++)
        search->candidates[i] = (uint8_t)i;
}

/* Of a power of two and what is left of the candidates beside it the smaller: then the larger one halves evenly. */
static size_t part_of(size_t candidates)
{
    size_t power = 1;
    while (2 * power < candidates)
        power *= 2;
    return candidates - power < power ? candidates - power : power;
}

static void choose(struct hb_sm_search *search)
{
    search->is_of_candidates = search->candidates_count > 0;
    uint8_t *from = search->is_of_candidates ? search->candidates : search->rest;
    size_t *left = search->is_of_candidates ? &search->candidates_count : &search->rest_count, wanted;
    if (*left == 1)
        wanted = 1;
    else if (search->is_of_candidates)
        wanted = part_of(*left);
    else
        wanted = search->poisons < 2 ? *left : hb_smaller(search->group, *left);
    wanted = hb_smaller(wanted, search->probe_max);
    append(search->probe, &search->probe_count, from, wanted);
    memmove(from, from + wanted, *left - wanted);
    *left -= wanted;
}

size_t hb_sm_search_next(struct hb_sm_search *search, const uint8_t **ret_units)
{
    if (search->probe_count == 0 && search->candidates_count + search->rest_count > 0)
        choose(search);
    search->probe_sent = search->probe_count;
    *ret_units = search->probe;
    return search->probe_count;
}

static void settle(struct hb_sm_search *search, enum hb_sm_unit_state state)
{
    for (size_t i = 0; i < search->probe_count; i++)
        search->state[search->probe[i]] = (uint8_t)state;
    search->probe_count = 0;
}

void hb_sm_search_accepted(struct hb_sm_search *search)
{
    HB_ASSERT(search->probe_sent > 0);
    search->requests++;
    search->probe_sent = 0;
    settle(search, HB_SM_UNIT_ACCEPTED);
    if (!search->is_of_candidates && search->poisons > 1)
        search->group = hb_smaller(search->group + (search->group + 1) / 2, HB_SM_PRODUCTS_MAX);
}

void hb_sm_search_refused(struct hb_sm_search *search)
{
    HB_ASSERT(search->probe_sent > 0);
    bool was_alone = search->probe_sent == 1;
    search->requests++;
    search->probe_sent = 0;
    /* It holds a poison, so nothing is known of the other candidates any more. */
    append(search->rest, &search->rest_count, search->candidates, search->candidates_count);
    search->candidates_count = 0;
    if (was_alone) {
        search->poisons += search->probe_count;
        settle(search, HB_SM_UNIT_POISON);
    }
    search->group = first_group(search->poisons);
    append(search->candidates, &search->candidates_count, search->probe, search->probe_count);
    search->probe_count = 0;
}

bool hb_sm_search_too_large(struct hb_sm_search *search)
{
    HB_ASSERT(search->probe_sent > 0);
    size_t kept = (search->probe_count + 1) / 2, sent = search->probe_sent;
    search->requests++;
    search->probe_sent = 0;
    if (sent == 1)
        return false;
    search->probe_max = kept > 0 ? kept : 1;
    const uint8_t *tail = search->probe + kept;
    size_t tail_count = search->probe_count - kept;
    if (search->is_of_candidates)
        prepend(search->candidates, &search->candidates_count, tail, tail_count);
    else
        prepend(search->rest, &search->rest_count, tail, tail_count);
    search->probe_count = kept;
    return true;
}

void hb_sm_search_drop(struct hb_sm_search *search, size_t unit)
{
    HB_ASSERT(unit < search->count);
    uint8_t byte = (uint8_t)unit;
    if (take_out(search->candidates, &search->candidates_count, byte) ||
        take_out(search->rest, &search->rest_count, byte) || take_out(search->probe, &search->probe_count, byte))
        search->state[unit] = HB_SM_UNIT_DROPPED;
}

void hb_sm_search_again(struct hb_sm_search *search, size_t unit)
{
    uint8_t byte = (uint8_t)unit;
    HB_ASSERT(unit < search->count && search->state[unit] == HB_SM_UNIT_ACCEPTED);
    search->state[unit] = HB_SM_UNIT_OPEN;
    append(search->rest, &search->rest_count, &byte, 1);
}

enum hb_sm_unit_state hb_sm_search_state(const struct hb_sm_search *search, size_t unit)
{
    HB_ASSERT(unit < search->count);
    return (enum hb_sm_unit_state)search->state[unit];
}
