/* Job: every way in which publishing an event can be refused, as one table.
 *
 * Place: set by the steps of producer/, turned into an answer by producer/ingest_answer.c; docs/publish.md is held
 * against it. Owns: nothing. Threads: any.
 * HB_REFUSAL(NAME, status, "slug", "title", "detail") */
#ifndef PRODUCER_REFUSAL_H
#define PRODUCER_REFUSAL_H

enum hb_refusal {
    HB_REFUSAL_NONE = 0,
#define HB_REFUSAL(name, status, slug, title, detail) HB_REFUSAL_##name,
#include "producer/refusals.def"
#undef HB_REFUSAL
    HB_REFUSAL_COUNT
};

struct hb_refusal_spec {
    int status; /* HTTP */
    const char *slug;
    const char *title;
    const char *detail;
};

/* The row of a refusal other than NONE. */
const struct hb_refusal_spec *hb_refusal_spec(enum hb_refusal refusal);

#endif
