/* A Kafka record as lines: key, then "name: value" each, an empty line, the value. What is read must come back the same
 * from its own headers. */
#include "fuzz.h"

#include "core/event_record.h"

#define HEADERS_MAX 20

static void fake_hash(struct hb_str a, struct hb_str b, unsigned char ret_digest[32])
{
    memset(ret_digest, (int)(a.len + b.len) & 0xFF, 32);
}

static void check_round_trip(const struct hb_event *event)
{
    char scratch[HB_EVENT_SCRATCH_MAX], key[HB_EVENT_KEY_MAX], id[HB_ID_MAX];
    struct hb_name_value headers[HB_EVENT_HEADERS_MAX];
    struct hb_event again;
    struct hb_event_problem problem;
    size_t count = hb_event_to_headers(event, scratch, headers);
    struct hb_event_source source = {hb_str_n(key, hb_event_key(event, key)), event->data, headers, count, fake_hash};
    HB_ASSERT(hb_event_from_record(&source, id, &again, &problem) == HB_EVENT_READ_OK);
    HB_ASSERT(hb_str_eq(again.id, event->id) && hb_str_eq(again.store, event->store) &&
              hb_str_eq(again.subject, event->subject));
    HB_ASSERT(hb_str_eq(again.foreign_id, event->foreign_id) && again.registry_stamp == event->registry_stamp);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hb_name_value headers[HEADERS_MAX];
    struct hb_str rest = fuzz_text(data, size), line, key = {NULL, 0};
    size_t count = 0;
    char id[HB_ID_MAX];
    struct hb_event event;
    struct hb_event_problem problem = {NULL, NULL, NULL};
    if (size == 0 || !hb_str_split(&rest, '\n', &key))
        return 0;
    while (count < HEADERS_MAX && hb_str_split(&rest, '\n', &line) && line.len > 0) {
        struct hb_str name;
        (void)hb_str_split(&line, ':', &name);
        headers[count++] = (struct hb_name_value){name, line.ptr ? line : hb_str_n("", 0)};
    }
    struct hb_event_source source = {key, rest, headers, count, fake_hash};
    enum hb_event_read read = hb_event_from_record(&source, id, &event, &problem);
    if (read == HB_EVENT_READ_OK)
        check_round_trip(&event);
    HB_ASSERT(read != HB_EVENT_READ_UNREADABLE || (problem.slug && problem.field && problem.should));
    return 0;
}
