#include "core/delivery_state.h"

#include "core/words.h"

struct state_row {
    const char *text;
    bool is_journaled;
    bool is_done;
    const char *meaning;
};

static const struct state_row state_rows[HB_DELIVERY_STATE_COUNT] = {
#define HB_DELIVERY_STATE(name, text, is_journaled, is_done, meaning)                                                  \
    [HB_DELIVERY_##name] = {text, is_journaled, is_done, meaning},
#include "core/delivery_state.def"
#undef HB_DELIVERY_STATE
};

static const char *const event_meanings[HB_DELIVERY_EVENT_COUNT] = {
#define HB_DELIVERY_EVENT(name, meaning) [HB_DELIVERY_##name] = meaning,
#include "core/delivery_state.def"
#undef HB_DELIVERY_EVENT
};

/* One more than the next state, so that what the table leaves out is 0. */
static const unsigned char moves[HB_DELIVERY_STATE_COUNT][HB_DELIVERY_EVENT_COUNT] = {
#define HB_DELIVERY_MOVE(from, event, to) [HB_DELIVERY_##from][HB_DELIVERY_##event] = HB_DELIVERY_##to + 1,
#include "core/delivery_state.def"
#undef HB_DELIVERY_MOVE
};

static const struct state_row *row_of(enum hb_delivery_state state)
{
    HB_ASSERT((unsigned)state < HB_DELIVERY_STATE_COUNT);
    return &state_rows[state];
}

bool hb_delivery_state_may(enum hb_delivery_state from, enum hb_delivery_event event)
{
    HB_ASSERT((unsigned)from < HB_DELIVERY_STATE_COUNT && (unsigned)event < HB_DELIVERY_EVENT_COUNT);
    return moves[from][event] != 0;
}

enum hb_delivery_state hb_delivery_state_move(enum hb_delivery_state from, enum hb_delivery_event event)
{
    HB_ASSERT(hb_delivery_state_may(from, event));
    return (enum hb_delivery_state)(moves[from][event] - 1);
}

const char *hb_delivery_state_text(enum hb_delivery_state state)
{
    return row_of(state)->text;
}

int hb_delivery_state_find(struct hb_str text)
{
    return HB_WORDS_FIND_ROW(state_rows, text, text);
}

const char *hb_delivery_state_meaning(enum hb_delivery_state state)
{
    return row_of(state)->meaning;
}

const char *hb_delivery_event_meaning(enum hb_delivery_event event)
{
    HB_ASSERT((unsigned)event < HB_DELIVERY_EVENT_COUNT);
    return event_meanings[event];
}

bool hb_delivery_state_is_journaled(enum hb_delivery_state state)
{
    return row_of(state)->is_journaled;
}

bool hb_delivery_state_is_done(enum hb_delivery_state state)
{
    return row_of(state)->is_done;
}
