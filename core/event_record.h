/* Job: an event to and from a Kafka record's headers (docs/schemas/records.md, "Events").
 *
 * Place: producer/ writes with it, dispatcher/ and the event commands read with it. Strings are views, never copied.
 * Threads: any. Cost: a pass over the headers. */
#ifndef CORE_EVENT_RECORD_H
#define CORE_EVENT_RECORD_H

#include "core/event_rules.h"

#define HB_EVENT_HEADERS_MAX 14
#define HB_EVENT_SCRATCH_MAX 128 /* bytes for what headers need written: source, stamp */

/* Fills headers for an event that passed hb_event_check; scratch holds what is made here and must live as long. Returns
 * how many. */
size_t hb_event_to_headers(const struct hb_event *event, char scratch[HB_EVENT_SCRATCH_MAX],
                           struct hb_name_value ret_headers[HB_EVENT_HEADERS_MAX]);

/* Why a record is no event. */
enum hb_event_read { HB_EVENT_READ_OK, HB_EVENT_READ_UNREADABLE, HB_EVENT_READ_NEWER };
/* Reads and checks an event out of a record. A foreign id outside our grammar is hashed: needs `hash` (SHA-256 of a,
 * 0x00, b). ret_id_scratch holds the made id (HB_ID_MAX bytes) and must live as the event. UNREADABLE: ret_problem says
 * why. */
typedef void hb_hash_pair_fn(struct hb_str a, struct hb_str b, unsigned char ret_digest[32]);
struct hb_event_source {
    struct hb_str key, value; /* value.ptr NULL: a tombstone, unreadable */
    const struct hb_name_value *headers;
    size_t headers_count;
    hb_hash_pair_fn *hash;
};
enum hb_event_read hb_event_from_record(const struct hb_event_source *source, char ret_id_scratch[HB_ID_MAX],
                                        struct hb_event *ret_event, struct hb_event_problem *ret_problem);
/* On publish too: an id outside our grammar becomes "evt_" + base32 of the hash of source and id, and stands in
 * foreign_id from then on; one inside stays. False: it is not an id at all, and stays, for hb_event_check to say so. */
bool hb_event_adopt_id(struct hb_str source, hb_hash_pair_fn *hash, char ret_id_scratch[HB_ID_MAX],
                       struct hb_event *event);

#endif
