/* Job: the reader and administration parts of platform/kafka/kafka.h over records that a test writes down. Threads: one. */
#ifndef TESTS_UNIT_HISTORY_FAKE_TOPICS_H
#define TESTS_UNIT_HISTORY_FAKE_TOPICS_H

#include "platform/kafka/kafka.h"

struct fake_event_row {
    const char *store, *subject, *id, *type, *data;
};
void fake_topics_open(void);
void fake_topics_close(void);
/* topic: "hookbus.events.order" …; appended at `ms`. The partition is `partition`. */
void fake_topics_add_event(const char *topic, int32_t partition, int64_t ms, const struct fake_event_row *row);
void fake_topics_add_lines(int32_t partition, const char *lines);
/* The end of this partition of attempts or events is told so many times more, before anything else is read. */
void fake_topics_repeat_end(int32_t partition, int times);
/* How many milliseconds each poll takes. */
void fake_topics_set_slow(int64_t ms);
struct hb_mono fake_topics_now(void);

#endif
