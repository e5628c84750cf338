/* Job: what came of a request to SALESmanago: one verdict, with its own words.
 *
 * Place: made of what platform/http_client gives; the worker and the api act on the verdict. The one table is
 * salesmanago/outcomes.def. Both shapes of errors are read ({"reasonCode","messages"} and {"problems":[…]}), messages
 * as text or list; 200 may carry warnings (12). Owns / borrows: words are copies; ids are looked for in the answer's
 * body, which must still be there. Fails: nothing; what cannot be understood is a verdict too. Limits: the whole body
 * must have been kept (HB_SM_ANSWER_BYTES_MAX covers 100 ids and 100 warnings); a 200 that was cut is UNREADABLE.
 * Cost: O(body). Threads: any. */
#ifndef SALESMANAGO_ANSWER_H
#define SALESMANAGO_ANSWER_H

#include "hookbus/answer.h"
#include "salesmanago/catalog_calls.h"

#define HB_SM_ANSWER_BYTES_MAX ((size_t)512 * 1024)
#define HB_SM_ANSWER_WORDS_MAX 512 /* bytes, with NUL */
#define HB_SM_ANSWER_FIELD_MAX 128 /* bytes, with NUL */

enum hb_sm_outcome {
#define HB_SM_OUTCOME(name, text, halve_after, action) HB_SM_##name,
#include "salesmanago/outcomes.def"
#undef HB_SM_OUTCOME
    HB_SM_OUTCOME_COUNT
};

enum hb_sm_death {
    HB_SM_DEATH_NONE,
#define HB_SM_DEATH(name, text, why) HB_SM_DEATH_##name,
#include "salesmanago/outcomes.def"
#undef HB_SM_DEATH
    HB_SM_DEATH_COUNT
};

struct hb_sm_answer {
    enum hb_sm_outcome outcome;
    int status;                           /* HTTP; 0: none */
    int64_t code;                         /* the deciding reason code; 0: none */
    char field[HB_SM_ANSWER_FIELD_MAX];   /* it speaks of, without a type; "" */
    char words[HB_SM_ANSWER_WORDS_MAX];   /* SALESmanago's as they came, cut; of a failure on the wire its word */
    size_t warnings;                      /* problems with code 12 */
    char warning[HB_SM_ANSWER_WORDS_MAX]; /* the first of them */
    int64_t retry_after_ms;               /* HB_NO_RETRY_AFTER: not said */
    bool may_be_of_request;               /* of a LATER one: what was sent may be why, or SALESmanago as a whole */
    struct hb_str ids;                    /* the JSON array productIds, a view of the body; empty: none */
};

/* Of an upsert: ACCEPTED needs requestId and productIds. */
void hb_sm_answer_read(const struct hb_answer *http, enum hb_sm_call call, struct hb_sm_answer *ret_answer);
/* Which of the items came back in productIds (SM-56): ret_confirmed[i] is that of items[units[i]] (units NULL:
 * items[i]). Returns how many did not. */
size_t hb_sm_answer_confirm(const struct hb_sm_answer *answer, const struct hb_sm_item *items, const uint8_t *units,
                            size_t count, bool *ret_confirmed);

/* "key_refused" …; what is done then; after how many in a row a request is halved (0: never). */
const char *hb_sm_outcome_text(enum hb_sm_outcome outcome);
const char *hb_sm_outcome_action(enum hb_sm_outcome outcome);
unsigned hb_sm_outcome_halve_after(enum hb_sm_outcome outcome);
/* Whether it pauses the connector (KEY_REFUSED, CATALOG_UNKNOWN, OVER_LIMIT) / is tried again later. */
bool hb_sm_outcome_is_pause(enum hb_sm_outcome outcome);
bool hb_sm_outcome_is_later(enum hb_sm_outcome outcome);
/* "refused" …; not of NONE. */
const char *hb_sm_death_text(enum hb_sm_death death);

#endif
