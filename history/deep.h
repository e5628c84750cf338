/* Job: finds lines of history that are older than what the read model keeps, by reading the topic.
 *
 * Place: behind GET /v1/stores/{store}/deliveries?deep=true, on a thread. What it finds goes out as it is found, with
 * the progress: JSON lines {"kind":"line","line":{…}}, {"kind":"progress","percent":n,"scanned":n,"found":n} once a
 * second, and at the end {"kind":"end","complete":bool,…}. Fails: as platform/kafka, told in the "end" line.
 * Limits: HB_DEEP_MS_MAX, the filter's limit of lines. Threads: hb_deep_run waits: not on the loop. */
#ifndef HISTORY_DEEP_H
#define HISTORY_DEEP_H

#include "history/model_list.h"
#include "platform/kafka/kafka.h"

#define HB_DEEP_MS_MAX (INT64_C(30) * 60 * 1000)

struct hb_deep_ask {
    struct hb_kafka_cluster cluster;
    struct hb_str topic_prefix;
    const struct hb_model_filter *filter; /* cursor is not looked at; since counts by the lines' own time */
    struct hb_mono (*now)(void);
    /* A piece of the answer, whole lines; false: nobody wants more. May wait. */
    bool (*say)(void *user, struct hb_str piece);
    void *user;
};
void hb_deep_run(const struct hb_deep_ask *ask);
/* Whether a line is one the filter asks for. */
bool hb_deep_matches(const struct hb_model_filter *filter, struct hb_str line, struct hb_buf *scratch);

#endif
