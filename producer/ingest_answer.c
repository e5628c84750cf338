#include "producer/ingest_answer.h"

#include "platform/http_server/http_server.h"
#include "platform/http_server/problem.h"

#include <stdio.h>

/* Our own trouble: how long a client should wait. */
#define RETRY_AFTER_S 1

static bool is_taken(const struct hb_accept_item *item)
{
    return item->state == HB_ACCEPT_ACCEPTED || item->state == HB_ACCEPT_DUPLICATE;
}

static size_t taken_count(const struct hb_accept_call *call)
{
    size_t taken = 0;
    for (size_t i = 0; i < call->count; i++) {
        taken += is_taken(&call->items[i]) ? 1 : 0;
    }
    return taken;
}

int hb_ingest_answer_status(const struct hb_accept_call *call)
{
    int common = 0;
    for (size_t i = 0; i < call->count; i++) {
        if (is_taken(&call->items[i])) {
            return 202;
        }
        int status = hb_refusal_spec(call->items[i].refusal)->status;
        if (status == 503 || common == 503) {
            common = 503;
        } else {
            common = common == 0 || common == status ? status : 400;
        }
    }
    return common;
}

/* ---- JSON ---- */

/* Adds pieces one after the other; the first error stays. */
struct writer {
    struct hb_buf *buf;
    enum hb_err err;
};

static void add(struct writer *w, struct hb_str text)
{
    if (!w->err) {
        w->err = hb_buf_add(w->buf, text);
    }
}

static const char *slug_of(const struct hb_accept_item *item)
{
    return item->slug ? item->slug : hb_refusal_spec(item->refusal)->slug;
}

static void add_problem(struct writer *w, const struct hb_accept_item *item)
{
    const struct hb_refusal_spec *spec = hb_refusal_spec(item->refusal);
    const struct hb_http_problem_words words = {.slug = slug_of(item), /* the item has the status */
                                                .title = spec->title,
                                                .detail = spec->detail,
                                                .field = item->field,
                                                .should = item->should};
    add(w, HB_STR(",\"problem\":"));
    if (!w->err) {
        w->err = hb_http_problem_write(&words, w->buf);
    }
}

/* A refused event's id is shown only if it is one: what is wrong may be the id. */
static void add_item(struct writer *w, const struct hb_accept_item *item)
{
    if (is_taken(item)) {
        add(w, HB_STR("{\"status\":202"));
    } else if (!w->err) {
        w->err = hb_buf_addf(w->buf, "{\"status\":%d", hb_refusal_spec(item->refusal)->status);
    }
    if (is_taken(item) || (item->has_own_id && hb_event_is_id(item->event.id))) {
        add(w, HB_STR(",\"id\":\""));
        add(w, item->event.id);
        add(w, HB_STR("\""));
    }
    if (item->state == HB_ACCEPT_DUPLICATE) {
        add(w, HB_STR(",\"duplicate\":true"));
    }
    if (!is_taken(item)) {
        add_problem(w, item);
    }
}

static void add_dedup(struct writer *w, const struct hb_accept_call *call)
{
    if (call->is_dedup_off) {
        add(w, HB_STR(",\"deduplication\":\"off\""));
    }
}

enum hb_err hb_ingest_answer_batch(const struct hb_accept_call *call, struct hb_buf *ret_body)
{
    struct writer w = {ret_body, HB_OK};
    size_t taken = taken_count(call);
    if (taken == 0) {
        const struct hb_refusal_spec *spec = hb_refusal_spec(HB_REFUSAL_ALL_REFUSED);
        w.err = hb_buf_addf(
            ret_body, "{\"type\":\"" HB_HTTP_PROBLEM_BASE "%s\",\"title\":\"%s\",\"status\":%d,\"detail\":\"%s\",",
            spec->slug, spec->title, hb_ingest_answer_status(call), spec->detail);
    } else {
        add(&w, HB_STR("{"));
    }
    if (!w.err) {
        w.err = hb_buf_addf(ret_body, "\"accepted\":%zu,\"refused\":%zu", taken, call->count - taken);
    }
    add_dedup(&w, call);
    add(&w, HB_STR(",\"results\":["));
    for (size_t i = 0; i < call->count; i++) {
        add(&w, i > 0 ? HB_STR(",") : HB_STR(""));
        add_item(&w, &call->items[i]);
        add(&w, HB_STR("}"));
    }
    add(&w, HB_STR("]}"));
    return w.err;
}

/* ---- HTTP ---- */

void hb_ingest_answer_refuse(struct hb_http_call *http, enum hb_refusal refusal, const char *detail, const char *field,
                             const char *should, int64_t retry_after_s)
{
    const struct hb_refusal_spec *spec = hb_refusal_spec(refusal);
    char seconds[24];
    if (retry_after_s > 0) {
        int bytes = snprintf(seconds, sizeof(seconds), "%lld", (long long)retry_after_s);
        hb_http_call_add_header(http, "Retry-After", hb_str_n(seconds, (size_t)bytes));
    }
    hb_http_call_problem(http, spec->status, spec->slug, spec->title, detail ? detail : spec->detail, field, should);
}

static void refuse_one(struct hb_http_call *http, const struct hb_accept_item *item)
{
    const struct hb_refusal_spec *spec = hb_refusal_spec(item->refusal);
    if (spec->status == 503) {
        hb_http_call_add_header(http, "Retry-After", HB_STR("1"));
    }
    hb_http_call_problem(http, spec->status, slug_of(item), spec->title, spec->detail, item->field, item->should);
}

static void send_batch(struct hb_http_call *http, const struct hb_accept_call *call, struct hb_buf *scratch)
{
    if (hb_ingest_answer_batch(call, scratch)) {
        hb_ingest_answer_refuse(
            http, HB_REFUSAL_MEMORY,
            "Out of memory while answering: send the batch again with the same ids to learn what was published.", NULL,
            NULL, RETRY_AFTER_S);
        return;
    }
    int status = hb_ingest_answer_status(call);
    if (status == 503) {
        hb_http_call_add_header(http, "Retry-After", HB_STR("1"));
    }
    hb_http_call_answer(http, status, status == 202 ? "application/json" : HB_HTTP_PROBLEM_TYPE, hb_buf_str(scratch));
}

static void send_one(struct hb_http_call *http, const struct hb_accept_call *call, struct hb_buf *scratch)
{
    struct writer w = {scratch, HB_OK};
    add_item(&w, &call->items[0]);
    add_dedup(&w, call);
    add(&w, HB_STR("}"));
    if (w.err) {
        hb_ingest_answer_refuse(http, HB_REFUSAL_MEMORY, NULL, NULL, NULL, RETRY_AFTER_S);
        return;
    }
    hb_http_call_answer(http, 202, "application/json", hb_buf_str(scratch));
}

void hb_ingest_answer_send(struct hb_http_call *http, const struct hb_accept_call *call, bool is_batch,
                           struct hb_buf *scratch)
{
    hb_buf_clear(scratch);
    if (call->is_dedup_off) {
        hb_http_call_add_header(http, "Hookbus-Deduplication", HB_STR("off"));
    }
    if (is_batch) {
        send_batch(http, call, scratch);
    } else if (is_taken(&call->items[0])) {
        send_one(http, call, scratch);
    } else {
        refuse_one(http, &call->items[0]);
    }
}
