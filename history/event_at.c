#include "history/event_at.h"

#include "history/found.h"
#include "hookbus/topics.h"
#include "platform/crypto/crypto.h"
#include "platform/kafka/kafka_event.h"

#define POLL_WAIT_MS 100
#define QUEUED_KIB 4096

struct search {
    const struct hb_event_at *ask;
    struct hb_json_writer *w;
    bool is_over, is_found;
    enum hb_err err;
};

static bool is_asked_for(const struct search *search, const struct hb_event *event)
{
    return hb_str_eq(event->store, search->ask->store) &&
           (search->ask->event.len == 0 || hb_str_eq(event->id, search->ask->event));
}

static void on_message(void *user, struct hb_kafka_message *message)
{
    struct search *search = user;
    char id_scratch[HB_ID_MAX];
    struct hb_event event;
    struct hb_event_problem problem;
    if (!search->is_over) {
        search->is_over = true;
        search->is_found = message->offset == search->ask->position.offset &&
                           hb_kafka_read_event(message, hb_sha256_pair, id_scratch, &event, &problem) ==
                               HB_EVENT_READ_OK &&
                           is_asked_for(search, &event);
        if (search->is_found) {
            struct hb_position position = search->ask->position;
            position.appended = message->appended;
            hb_found_write_event(search->w, &event, &position,
                                 search->ask->has_data ? HB_FOUND_DATA_SHOWN : HB_FOUND_DATA_HIDDEN);
        }
    }
    hb_kafka_message_free(message);
}

static void on_end(void *user, int topic, int32_t partition, int64_t offset)
{
    (void)topic, (void)partition, (void)offset;
    ((struct search *)user)->is_over = true;
}

static void on_error(void *user, enum hb_err err, int topic, int32_t partition, const char *text)
{
    struct search *search = user;
    (void)topic, (void)partition, (void)text;
    if (err != HB_ERR_AWAY) {
        search->is_over = true; /* HB_ERR_NOT_FOUND: what stood there is gone */
        search->err = err;
    }
}

enum hb_err hb_event_at(const struct hb_event_at *ask, struct hb_json_writer *w, struct hb_error *reterr)
{
    static const struct hb_kafka_reader_events EVENTS = {on_message, on_end, on_error};
    struct search search = {.ask = ask, .w = w};
    struct hb_kafka_reader *reader = NULL;
    char name[HB_TOPIC_NAME_MAX];
    const char *const names[1] = {name};
    if (ask->position.topic < 0 || ask->position.topic >= HB_EVENT_TOPIC_COUNT || ask->position.offset < 0) {
        return HB_ERR_NOT_FOUND;
    }
    (void)hb_topic_name(ask->topic_prefix, (enum hb_topic)ask->position.topic, name);
    const struct hb_kafka_reader_options options = {.cluster = ask->cluster,
                                                    .topics = names,
                                                    .topics_count = 1,
                                                    .is_committed_only = true,
                                                    .queued_records_min = 1,
                                                    .queued_kib_max = QUEUED_KIB,
                                                    .events = &EVENTS,
                                                    .user = &search};
    const struct hb_kafka_start start = {0, ask->position.partition, ask->position.offset};
    int64_t until_us = ask->now().us + HB_EVENT_AT_MS_MAX * HB_US_PER_MS;
    enum hb_err err = hb_kafka_reader_new(&options, &reader, reterr);
    err = err ? err : hb_kafka_reader_assign(reader, &start, 1);
    while (!err && !search.is_over && ask->now().us < until_us) {
        (void)hb_kafka_reader_poll(reader, 1, POLL_WAIT_MS);
    }
    hb_kafka_reader_free(&reader);
    if (!err && !search.is_over) {
        err = hb_fail(reterr, HB_ERR_TIMEOUT, "Kafka did not give the event in time");
    }
    return err || search.is_found ? err : search.err ? search.err : HB_ERR_NOT_FOUND;
}
