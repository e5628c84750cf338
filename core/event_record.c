#include "core/event_record.h"

#include "core/ids.h"

#include <inttypes.h>
#include <stdio.h>

#define SOURCE_PREFIX "/stores/"
#define RECORD_VERSION 1

static void add(struct hb_name_value *headers, size_t *count, struct hb_str name, struct hb_str value)
{
    if (value.len == 0)
        return;
    HB_ASSERT(*count < HB_EVENT_HEADERS_MAX);
    headers[(*count)++] = (struct hb_name_value){name, value};
}

/* "/stores/<store>" at the start of scratch. */
static struct hb_str make_source(struct hb_str store, char *scratch)
{
    size_t prefix = sizeof(SOURCE_PREFIX) - 1;
    HB_ASSERT(store.len <= HB_ID_MAX);
    memcpy(scratch, SOURCE_PREFIX, prefix);
    memcpy(scratch + prefix, store.ptr, store.len);
    return hb_str_n(scratch, prefix + store.len);
}

size_t hb_event_to_headers(const struct hb_event *event, char scratch[HB_EVENT_SCRATCH_MAX],
                           struct hb_name_value ret_headers[HB_EVENT_HEADERS_MAX])
{
    size_t count = 0;
    struct hb_str source = make_source(event->store, scratch), stamp = {NULL, 0};
    if (event->registry_stamp >= 0) {
        char *at = scratch + source.len;
        stamp =
            hb_str_n(at, (size_t)snprintf(at, HB_EVENT_SCRATCH_MAX - source.len, "%" PRId64, event->registry_stamp));
    }
    add(ret_headers, &count, HB_STR("hb_v"), HB_STR("1"));
    add(ret_headers, &count, HB_STR("ce_specversion"), HB_STR("1.0"));
    add(ret_headers, &count, HB_STR("ce_id"), event->id);
    add(ret_headers, &count, HB_STR("ce_source"), source);
    add(ret_headers, &count, HB_STR("ce_type"), event->type);
    add(ret_headers, &count, HB_STR("ce_subject"), event->subject);
    add(ret_headers, &count, HB_STR("ce_time"), event->time);
    add(ret_headers, &count, HB_STR("content-type"), event->content_type);
    add(ret_headers, &count, HB_STR("ce_changed"), event->changed);
    add(ret_headers, &count, HB_STR("ce_sequence"), event->sequence);
    add(ret_headers, &count, HB_STR("ce_traceparent"), event->traceparent);
    add(ret_headers, &count, HB_STR("ce_foreignid"), event->foreign_id);
    add(ret_headers, &count, HB_STR("hb_registry"), stamp);
    return count;
}

/* The headers we know, and where each is put. */
enum known {
    VERSION,
    SPECVERSION,
    ID,
    SOURCE,
    TYPE,
    SUBJECT,
    TIME,
    CONTENT_TYPE,
    CHANGED,
    SEQUENCE,
    TRACEPARENT,
    FOREIGN_ID,
    STAMP,
    KNOWN_COUNT
};
static const char *const known_names[KNOWN_COUNT] = {
    "hb_v",         "ce_specversion", "ce_id",       "ce_source",      "ce_type",      "ce_subject", "ce_time",
    "content-type", "ce_changed",     "ce_sequence", "ce_traceparent", "ce_foreignid", "hb_registry"};

/* A header that is there, even with an empty value, has a ptr. */
struct found {
    struct hb_str values[KNOWN_COUNT];
};

static bool refuse(struct hb_event_problem *ret_problem, const char *slug, const char *field, const char *should)
{
    *ret_problem = (struct hb_event_problem){slug, field, should};
    return false;
}

static int find_known(struct hb_str name)
{
    for (int i = 0; i < KNOWN_COUNT; i++)
        if (hb_str_eq(name, hb_str_c(known_names[i])))
            return i;
    return -1;
}

static bool gather(const struct hb_event_source *source, struct found *ret_found, struct hb_event_problem *ret_problem)
{
    for (size_t i = 0; i < source->headers_count; i++) {
        int known = find_known(source->headers[i].name);
        if (known < 0)
            continue;
        if (ret_found->values[known].ptr)
            return refuse(ret_problem, "duplicate_header", known_names[known], "each header at most once");
        struct hb_str value = source->headers[i].value;
        if (value.len == 0)
            return refuse(ret_problem, "empty_header", known_names[known], "a value, or no such header");
        ret_found->values[known] = value;
    }
    return true;
}

static enum hb_event_read read_version(const struct found *found, struct hb_event_problem *ret_problem)
{
    struct hb_str text = found->values[VERSION];
    uint64_t version = RECORD_VERSION;
    if (text.ptr && (!hb_str_to_u64(text, &version) || version == 0)) {
        (void)refuse(ret_problem, "invalid_version", "hb_v", "a version number");
        return HB_EVENT_READ_UNREADABLE;
    }
    return version > RECORD_VERSION ? HB_EVENT_READ_NEWER : HB_EVENT_READ_OK;
}

static bool read_store(const struct found *found, struct hb_event *event, struct hb_event_problem *ret_problem)
{
    struct hb_str prefix = HB_STR(SOURCE_PREFIX), source = found->values[SOURCE];
    if (!hb_str_has_prefix(source, prefix))
        return refuse(ret_problem, "invalid_source", "ce_source", "/stores/<store>");
    event->store = hb_str_n(source.ptr + prefix.len, source.len - prefix.len);
    return true;
}

static bool read_stamp(const struct found *found, struct hb_event *event, struct hb_event_problem *ret_problem)
{
    uint64_t stamp;
    event->registry_stamp = HB_NO_STAMP;
    if (!found->values[STAMP].ptr)
        return true;
    if (!hb_str_to_u64(found->values[STAMP], &stamp) || stamp > INT64_MAX)
        return refuse(ret_problem, "invalid_stamp", "hb_registry", "a decimal offset");
    event->registry_stamp = (int64_t)stamp;
    return true;
}

/* The key decides the partition, and so the order: it must be the one the attributes give. */
static bool check_key(const struct hb_event_source *source, const struct hb_event *event,
                      struct hb_event_problem *ret_problem)
{
    char key[HB_EVENT_KEY_MAX];
    if (hb_str_eq(source->key, hb_str_n(key, hb_event_key(event, key))))
        return true;
    return refuse(ret_problem, "key_mismatch", "key", "<store>/<subject> of ce_source and ce_subject");
}

bool hb_event_adopt_id(struct hb_str source, hb_hash_pair_fn *hash, char ret_id_scratch[HB_ID_MAX],
                       struct hb_event *event)
{
    if (hb_event_is_id(event->id))
        return true;
    if (!hb_event_is_foreign_id(event->id))
        return false;
    unsigned char digest[32];
    char text[27];
    hash(source, event->id, digest);
    hb_base32_16(digest, text);
    memcpy(ret_id_scratch, "evt_", 4);
    memcpy(ret_id_scratch + 4, text, 26);
    event->foreign_id = event->id;
    event->id = hb_str_n(ret_id_scratch, 30);
    return true;
}

static bool read_attributes(const struct hb_event_source *source, const struct found *found, struct hb_event *event,
                            struct hb_event_problem *ret_problem)
{
    if (!source->value.ptr)
        return refuse(ret_problem, "tombstone", "value", "a value: events are never removed");
    if (!hb_str_eq(found->values[SPECVERSION], HB_STR("1.0")))
        return refuse(ret_problem, "invalid_specversion", "ce_specversion", "1.0");
    *event = (struct hb_event){.id = found->values[ID],
                               .type = found->values[TYPE],
                               .subject = found->values[SUBJECT],
                               .time = found->values[TIME],
                               .content_type = found->values[CONTENT_TYPE],
                               .changed = found->values[CHANGED],
                               .sequence = found->values[SEQUENCE],
                               .traceparent = found->values[TRACEPARENT],
                               .foreign_id = found->values[FOREIGN_ID],
                               .data = source->value};
    return read_store(found, event, ret_problem) && read_stamp(found, event, ret_problem);
}

enum hb_event_read hb_event_from_record(const struct hb_event_source *source, char ret_id_scratch[HB_ID_MAX],
                                        struct hb_event *ret_event, struct hb_event_problem *ret_problem)
{
    struct found found = {0};
    struct hb_event event;
    if (!gather(source, &found, ret_problem))
        return HB_EVENT_READ_UNREADABLE;
    enum hb_event_read version = read_version(&found, ret_problem);
    if (version != HB_EVENT_READ_OK)
        return version;
    if (!read_attributes(source, &found, &event, ret_problem))
        return HB_EVENT_READ_UNREADABLE;
    (void)hb_event_adopt_id(found.values[SOURCE], source->hash, ret_id_scratch, &event);
    if (!hb_event_check(&event, 0, ret_problem) || !check_key(source, &event, ret_problem))
        return HB_EVENT_READ_UNREADABLE;
    *ret_event = event;
    return HB_EVENT_READ_OK;
}
