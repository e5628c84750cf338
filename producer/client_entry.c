#include "producer/client_entry.h"

#include "core/ids.h"
#include "platform/kafka/kafka_event.h"

#include <stdio.h>
#include <stdlib.h>

/* The strings of an event that are copied, in the order of views() and of the memory. */
#define STRINGS 9

static void explain(char *ret_why, const char *field, const char *should)
{
    if (ret_why) {
        snprintf(ret_why, HOOKBUS_TEXT_MAX, "%s: should be %s", field, should);
    }
}

/* A caller built against another version of the header has a struct of another size. */
static bool has_known_shape(const struct hookbus_event *event)
{
    return event && event->size == sizeof(*event) && (event->data || event->data_bytes == 0);
}

static struct hb_event view_of(const struct hookbus_event *given, struct hb_str id)
{
    return (struct hb_event){
        .id = id,
        .store = hb_str_c(given->store),
        .type = hb_str_c(given->type),
        .subject = hb_str_c(given->subject),
        .time = hb_str_c(given->time),
        .content_type = hb_str_c(given->content_type),
        .changed = hb_str_c(given->changed),
        .sequence = hb_str_c(given->sequence),
        .traceparent = hb_str_c(given->traceparent),
        /* Never NULL: a record without a value would be a tombstone. */
        .data = hb_str_n(given->data ? given->data : "", given->data_bytes),
        .registry_stamp = HB_NO_STAMP,
    };
}

static enum hookbus_status check(struct hb_event *event, size_t event_bytes_max, char *ret_why)
{
    struct hb_event_problem problem = {0};
    if (event->data.len > event_bytes_max) {
        explain(ret_why, "data", "no larger than event_bytes_max");
        return HOOKBUS_TOO_LARGE;
    }
    if (!hb_event_check(event, 0, &problem)) {
        explain(ret_why, problem.field ? problem.field : "event", problem.should ? problem.should : "a valid event");
        return HOOKBUS_INVALID;
    }
    if (hb_event_is_notice(event->type)) {
        explain(ret_why, "type", "not hookbus.*: those are hookbus's own notices");
        return HOOKBUS_INVALID;
    }
    return HOOKBUS_OK;
}

static void views(struct hb_event *event, struct hb_str *ret_views[STRINGS])
{
    struct hb_str *all[STRINGS] = {&event->store,    &event->type,         &event->subject,
                                   &event->time,     &event->content_type, &event->changed,
                                   &event->sequence, &event->traceparent,  &event->data};
    memcpy(ret_views, all, sizeof(all));
}

/* Copies what the views point at behind the entry and lets them point there. */
static struct hb_client_entry *copy_of(struct hb_event event)
{
    struct hb_str *strings[STRINGS];
    size_t bytes = 0;
    views(&event, strings);
    for (size_t i = 0; i < STRINGS; i++) {
        bytes += strings[i]->len;
    }
    struct hb_client_entry *entry = malloc(sizeof(*entry) + bytes + 1);
    if (!entry) {
        return NULL;
    }
    char *at = entry->memory;
    for (size_t i = 0; i < STRINGS; i++) {
        if (strings[i]->len > 0) {
            memcpy(at, strings[i]->ptr, strings[i]->len);
        }
        strings[i]->ptr = at;
        at += strings[i]->len;
    }
    memcpy(entry->id, event.id.ptr, event.id.len);
    entry->id[event.id.len] = '\0';
    entry->bytes = sizeof(*entry) + bytes;
    entry->event = event;
    entry->event.id.ptr = entry->id;
    return entry;
}

enum hookbus_status hb_client_entry_new(const struct hookbus_event *event, size_t event_bytes_max, struct hb_wall at,
                                        const unsigned char random[10], struct hb_client_entry **ret_entry,
                                        char *ret_why)
{
    char made[HOOKBUS_ID_BYTES] = "evt_";
    if (!has_known_shape(event)) {
        explain(ret_why, "event", "begun with HOOKBUS_EVENT_INIT of this version, with data where data_bytes is not 0");
        return HOOKBUS_INVALID;
    }
    if (!event->id) {
        hb_uuid7(at, random, made + 4);
    }
    struct hb_event view = view_of(event, hb_str_c(event->id ? event->id : made));
    enum hookbus_status status = check(&view, event_bytes_max, ret_why);
    if (status != HOOKBUS_OK) {
        return status;
    }
    struct hb_client_entry *entry = copy_of(view);
    if (!entry) {
        return HOOKBUS_MEMORY;
    }
    *ret_entry = entry;
    return HOOKBUS_OK;
}

enum hb_err hb_client_entry_produce(struct hb_client_entry *entry, struct hb_kafka_producer *kafka,
                                    struct hb_str topic_prefix, hb_kafka_ack_fn *ack)
{
    return hb_kafka_produce_event(kafka, topic_prefix, &entry->event, ack, entry);
}
