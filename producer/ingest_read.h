/* Job: turns one request to publish into the items of a call.
 *
 * Place: between the HTTP request (producer/ingest.c) and producer/accept.c. Reads, by the rules of core/: our own JSON
 * (one event or an array), CloudEvents structured, batched, and binary.
 * Owns / borrows: what is read is views of the request and of the call's scratch. The data bytes are never touched.
 * Fails: a refusal of the whole request, when there are no items to speak of; otherwise each item has its own.
 * Limits: as in struct hb_ingest_limits. Cost: two passes over the body, one allocation a request for scratch. */
#ifndef PRODUCER_INGEST_READ_H
#define PRODUCER_INGEST_READ_H

#include "core/event_http.h"
#include "producer/accept.h"

struct hb_shapes;

struct hb_ingest_limits {
    size_t event_bytes_max; /* data bytes of one event */
    size_t batch_events_max;
    size_t batch_bytes_max; /* of any body */
};

/* Why the whole request is refused. */
struct hb_ingest_fault {
    enum hb_refusal refusal;
    const char *field;  /* may be NULL */
    const char *should; /* may be NULL */
    size_t at;          /* byte position in the body, of INVALID_JSON */
};

enum hb_ingest_form {
    HB_INGEST_JSON,             /* application/json, or no content type: an object, or an array of them */
    HB_INGEST_CLOUDEVENT,       /* application/cloudevents+json */
    HB_INGEST_CLOUDEVENT_BATCH, /* application/cloudevents-batch+json */
    HB_INGEST_BINARY,           /* ce-specversion header: the body is the data, of any content type */
    HB_INGEST_UNKNOWN,
};
/* The form of a request by its Content-Type header and whether it has a ce-specversion header. */
enum hb_ingest_form hb_ingest_form_of(struct hb_str content_type, bool has_specversion);

struct hb_ingest_request {
    enum hb_ingest_form form;
    struct hb_str store;
    struct hb_str body;
    const struct hb_name_value *headers; /* of a BINARY one */
    size_t headers_count;
    int64_t registry_stamp;
    const struct hb_shapes *shapes; /* to hold data against; NULL: the store does not ask for it */
    /* Writes a new event id without NUL (at most HB_ID_MAX bytes); returns its length. */
    size_t (*make_id)(void *user, char ret_id[HB_ID_MAX]);
    void *user;
};

struct hb_ingest_misfit;

struct hb_ingest_items {
    struct hb_accept_item *items; /* free() */
    size_t count;
    bool is_batch;
    struct hb_buf scratch; /* must live as the items */
    struct hb_ingest_misfit *misfits; /* the words of refusals for data, which items point to */
};

/* Reads and checks everything. NONE: ret_items holds at least one item, each NEW or REFUSED. Otherwise ret_fault says
 * why, and nothing needs to be freed. */
HB_MUST_USE enum hb_refusal hb_ingest_read(const struct hb_ingest_request *request,
                                           const struct hb_ingest_limits *limits, struct hb_ingest_items *ret_items,
                                           struct hb_ingest_fault *ret_fault);
void hb_ingest_items_deinit(struct hb_ingest_items *items);

#endif
