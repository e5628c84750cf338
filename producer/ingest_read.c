#include "producer/ingest_read.h"

#include "core/event_json.h"
#include "core/json_scan.h"
#include "core/shapes.h"
#include "platform/crypto/crypto.h"

#include <stdio.h>
#include <stdlib.h>

/* Room beside the body's own length: the name of an unknown member, shown. */
#define SCRATCH_SPARE 128
/* Decoded headers of the binary mode: the server bounds what comes. */
#define BINARY_SCRATCH_MAX 65536

/* ---- which form ---- */

static struct hb_str media_type(struct hb_str content_type)
{
    struct hb_str rest = content_type, type = {NULL, 0};
    (void)hb_str_split(&rest, ';', &type);
    return hb_str_trim(type);
}

enum hb_ingest_form hb_ingest_form_of(struct hb_str content_type, bool has_specversion)
{
    struct hb_str type = media_type(content_type);
    if (hb_str_eq_nocase(type, HB_STR("application/cloudevents+json"))) {
        return HB_INGEST_CLOUDEVENT;
    }
    if (hb_str_eq_nocase(type, HB_STR("application/cloudevents-batch+json"))) {
        return HB_INGEST_CLOUDEVENT_BATCH;
    }
    if (has_specversion) {
        return HB_INGEST_BINARY;
    }
    return type.len == 0 || hb_str_eq_nocase(type, HB_STR("application/json")) ? HB_INGEST_JSON : HB_INGEST_UNKNOWN;
}

/* ---- one item ---- */

/* Where data does not fit its shape, and what would be right. */
struct hb_ingest_misfit {
    struct hb_ingest_misfit *next;
    struct hb_schema_fault fault;
    char field[sizeof("data") + sizeof(((struct hb_schema_fault *)NULL)->path)];
};

struct reader {
    const struct hb_ingest_request *request;
    const struct hb_ingest_limits *limits;
    struct hb_buf *scratch;
    struct hb_ingest_misfit **misfits;
};

static void refuse(struct hb_accept_item *item, enum hb_refusal refusal, const struct hb_event_problem *problem)
{
    item->state = HB_ACCEPT_REFUSED;
    item->refusal = refusal;
    item->slug = problem ? problem->slug : NULL;
    item->field = problem ? problem->field : NULL;
    item->should = problem ? problem->should : NULL;
}

static void refuse_shape(struct hb_accept_item *item, enum hb_err err, const struct hb_event_problem *problem)
{
    if (err == HB_ERR_INVALID) {
        refuse(item, HB_REFUSAL_INVALID_EVENT, problem);
    } else {
        refuse(item, HB_REFUSAL_MEMORY, NULL);
    }
}

/* The id a CloudEvent brought, one of our own form, or a new one. */
static void settle_id(const struct reader *reader, struct hb_accept_item *item, struct hb_str source)
{
    item->has_own_id = item->event.id.ptr != NULL;
    if (!item->has_own_id) {
        item->event.id = hb_str_n(item->made_id, reader->request->make_id(reader->request->user, item->made_id));
    } else if (source.ptr) {
        (void)hb_event_adopt_id(source, hb_sha256_pair, item->made_id, &item->event);
    }
}

static void refuse_misfit(const struct reader *reader, struct hb_accept_item *item, const struct hb_schema_fault *fault)
{
    struct hb_ingest_misfit *misfit = malloc(sizeof(*misfit));
    if (!misfit) {
        refuse(item, HB_REFUSAL_MEMORY, NULL);
        return;
    }
    misfit->next = *reader->misfits;
    misfit->fault = *fault;
    snprintf(misfit->field, sizeof(misfit->field), "data%s", fault->path);
    *reader->misfits = misfit;
    refuse(item, HB_REFUSAL_INVALID_DATA, &(struct hb_event_problem){NULL, misfit->field, misfit->fault.should});
}

/* The data of a valid event against the shape of its type, if the store asks for it and the type has one. */
static void check_data(const struct reader *reader, struct hb_accept_item *item)
{
    static const struct hb_event_problem NOT_JSON = {NULL, "content_type",
                                                     "application/json: the shape of this type's data is JSON"};
    struct hb_schema_fault fault;
    const struct hb_schema *schema =
        reader->request->shapes ? hb_shapes_of_type(reader->request->shapes, item->event.type) : NULL;
    if (schema && !item->event.is_json) {
        refuse(item, HB_REFUSAL_INVALID_DATA, &NOT_JSON);
    } else if (schema && !hb_schema_fits(schema, item->event.data, &fault)) {
        refuse_misfit(reader, item, &fault);
    }
}

/* The values of an event whose shape is right. */
static void check(const struct reader *reader, struct hb_accept_item *item, struct hb_str source)
{
    static const struct hb_event_problem TOO_LARGE = {NULL, "data", "at most publish.event_bytes_max bytes"};
    static const struct hb_event_problem NOTICE = {NULL, "type", "any other first word than hookbus"};
    struct hb_event_problem problem = {0};
    item->event.store = reader->request->store;
    item->event.registry_stamp = reader->request->registry_stamp;
    settle_id(reader, item, source);
    if (item->event.data.len > reader->limits->event_bytes_max) {
        refuse(item, HB_REFUSAL_EVENT_TOO_LARGE, &TOO_LARGE);
    } else if (!hb_event_check(&item->event, 0, &problem)) {
        refuse(item, HB_REFUSAL_INVALID_EVENT, &problem);
    } else if (hb_event_is_notice(item->event.type)) {
        refuse(item, HB_REFUSAL_NOTICE_TYPE, &NOTICE);
    } else {
        check_data(reader, item);
    }
}

static void read_json(const struct reader *reader, struct hb_str text, bool is_cloudevent, struct hb_accept_item *item)
{
    struct hb_event_problem problem = {0};
    struct hb_str source = {NULL, 0};
    *item = (struct hb_accept_item){.state = HB_ACCEPT_NEW};
    enum hb_err err = is_cloudevent
                          ? hb_event_json_read_cloudevent(text, reader->scratch, &item->event, &source, &problem)
                          : hb_event_json_read(text, reader->scratch, &item->event, &problem);
    if (err) {
        refuse_shape(item, err, &problem);
    } else {
        check(reader, item, source);
    }
}

static void read_binary(const struct reader *reader, struct hb_accept_item *item)
{
    struct hb_event_problem problem = {0};
    struct hb_str source = {NULL, 0};
    const struct hb_event_request request = {reader->request->headers, reader->request->headers_count,
                                             reader->request->body};
    *item = (struct hb_accept_item){.state = HB_ACCEPT_NEW};
    enum hb_err err = hb_event_http_read(&request, reader->scratch, &item->event, &source, &problem);
    if (err) {
        refuse_shape(item, err, &problem);
    } else {
        check(reader, item, source);
    }
}

/* ---- a request ---- */

static enum hb_refusal fault(struct hb_ingest_fault *ret_fault, enum hb_refusal refusal, const char *should)
{
    *ret_fault = (struct hb_ingest_fault){.refusal = refusal, .should = should};
    return refusal;
}

/* A view into scratch must not move: all the room there can be is taken at once, and it cannot grow. Base64 stands
 * there twice, unescaped and decoded. */
static enum hb_err reserve(const struct reader *reader, struct hb_ingest_items *items, size_t count)
{
    size_t bytes = reader->request->form == HB_INGEST_BINARY ? 0 : 2 * reader->request->body.len + SCRATCH_SPARE;
    items->scratch = hb_buf_make(bytes ? bytes : BINARY_SCRATCH_MAX);
    items->items = malloc(count * sizeof(*items->items));
    items->count = 0;
    items->misfits = NULL;
    enum hb_err err = bytes ? hb_buf_reserve(&items->scratch, bytes) : HB_OK;
    return items->items ? err : HB_ERR_MEMORY;
}

static enum hb_refusal read_batch(const struct reader *reader, struct hb_event_batch *batch,
                                  struct hb_ingest_items *items, struct hb_ingest_fault *ret_fault)
{
    struct hb_str text;
    items->is_batch = true;
    while (hb_event_batch_next(batch, &text)) {
        if (items->count == reader->limits->batch_events_max) {
            return fault(ret_fault, HB_REFUSAL_BATCH_TOO_LARGE, "at most publish.batch_events_max events");
        }
        read_json(reader, text, reader->request->form == HB_INGEST_CLOUDEVENT_BATCH, &items->items[items->count++]);
    }
    return items->count > 0 ? HB_REFUSAL_NONE : fault(ret_fault, HB_REFUSAL_EMPTY_BATCH, "at least one event");
}

static enum hb_refusal read_body(struct reader *reader, struct hb_ingest_items *items,
                                 struct hb_ingest_fault *ret_fault)
{
    struct hb_event_batch batch;
    const struct hb_ingest_request *request = reader->request;
    bool may_be_batch = request->form == HB_INGEST_JSON || request->form == HB_INGEST_CLOUDEVENT_BATCH;
    bool is_batch = may_be_batch && hb_event_batch_init(request->body, &batch);
    /* The shortest item with its comma takes two bytes. */
    size_t most = request->body.len / 2 + 1;
    size_t count = !is_batch ? 1 : most < reader->limits->batch_events_max ? most : reader->limits->batch_events_max;
    if (request->form == HB_INGEST_CLOUDEVENT_BATCH && !is_batch) {
        return fault(ret_fault, HB_REFUSAL_INVALID_JSON, "a JSON array of CloudEvents");
    }
    if (reserve(reader, items, count)) {
        return fault(ret_fault, HB_REFUSAL_MEMORY, NULL);
    }
    reader->scratch = &items->scratch;
    reader->misfits = &items->misfits;
    if (is_batch) {
        return read_batch(reader, &batch, items, ret_fault);
    }
    items->count = 1;
    if (request->form == HB_INGEST_BINARY) {
        read_binary(reader, items->items);
    } else {
        read_json(reader, request->body, request->form == HB_INGEST_CLOUDEVENT, items->items);
    }
    return HB_REFUSAL_NONE;
}

enum hb_refusal hb_ingest_read(const struct hb_ingest_request *request, const struct hb_ingest_limits *limits,
                               struct hb_ingest_items *ret_items, struct hb_ingest_fault *ret_fault)
{
    struct reader reader = {.request = request, .limits = limits};
    struct hb_ingest_items items = {0};
    size_t at = 0;
    if (request->form == HB_INGEST_UNKNOWN) {
        enum hb_refusal refusal = fault(ret_fault, HB_REFUSAL_UNSUPPORTED_TYPE,
                                        "application/json, application/cloudevents+json, "
                                        "application/cloudevents-batch+json, or any type with ce-* headers");
        ret_fault->field = "Content-Type";
        return refusal;
    }
    if (request->body.len > limits->batch_bytes_max) {
        return fault(ret_fault, HB_REFUSAL_BATCH_TOO_LARGE, "at most publish.batch_bytes_max bytes");
    }
    if (request->form != HB_INGEST_BINARY && hb_json_scan(request->body, &at)) {
        enum hb_refusal refusal =
            fault(ret_fault, HB_REFUSAL_INVALID_JSON, "one JSON value in UTF-8, at most 64 levels deep");
        ret_fault->at = at;
        return refusal;
    }
    enum hb_refusal refusal = read_body(&reader, &items, ret_fault);
    if (refusal) {
        hb_ingest_items_deinit(&items);
        return refusal;
    }
    *ret_items = items;
    return HB_REFUSAL_NONE;
}

void hb_ingest_items_deinit(struct hb_ingest_items *items)
{
    free(items->items);
    items->items = NULL;
    items->count = 0;
    hb_buf_deinit(&items->scratch);
    while (items->misfits) {
        struct hb_ingest_misfit *next = items->misfits->next;
        free(items->misfits);
        items->misfits = next;
    }
}
