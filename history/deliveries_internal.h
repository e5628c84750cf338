/* Job: what the files of the deliveries' API share: a question on its way. Private to history/deliver*.c.
 *
 * An ask is made for an allowed call, runs on a thread with its own connection to the read model, and is answered on
 * the loop. Threads: `run` on the ask's thread, touching the ask alone; everything else the loop's. */
#ifndef HISTORY_DELIVERIES_INTERNAL_H
#define HISTORY_DELIVERIES_INTERNAL_H

#include "history/deliveries.h"
#include "history/model_list.h"
#include "history/model_show.h"
#include "history/works.h"
#include "platform/http_server/http_server.h"
#include "registry/access.h"

#define DELIVERIES_ROUTES 5
#define ASK_TEXT_BYTES_MAX 8192
#define ASK_JSON_BYTES_MAX ((size_t)32 * 1024 * 1024)

struct hb_deliveries {
    struct hb_deliveries_options options;
    struct hb_http_route routes[DELIVERIES_ROUTES];
    struct hb_works *asks, *deep;
    struct stream *streams; /* deep readings on their way to a client */
    bool is_ended;
};

struct ask {
    struct hb_work work;
    struct hb_deliveries *deliveries;
    struct hb_http_call *call;
    const struct ask_kind *kind;
    struct hb_buf text; /* what the views below point into; reserved once */
    struct hb_str store;
    struct hb_model_filter filter;
    unsigned char id[16];
    bool has_count, has_data;
    int64_t until_us;
    struct hb_wall now;
    void *more; /* the kind's own, freed by its `forget` */
    struct hb_buf json;
    struct hb_model_found found;
    enum hb_err err;
    struct hb_error error;
};

struct ask_kind {
    /* Asks the open read model; errors as platform/sqlite, HB_ERR_NOT_FOUND. */
    enum hb_err (*run)(struct ask *ask, struct hb_sqlite *db);
    /* HB_OK so far: answers, and frees the ask now or later; NULL: json is the answer. */
    void (*answer)(struct ask *ask);
    void (*forget)(struct ask *ask); /* may be NULL */
};

/* An ask for a call that its key allows; NULL after having answered. */
struct ask *hb_ask_new(struct hb_deliveries *deliveries, struct hb_http_call *call, enum hb_scope scope,
                       const struct ask_kind *kind);
void hb_ask_free(struct ask *ask);
/* Takes the path's delivery id; false after having answered 404 and freed the ask. */
bool hb_ask_take_delivery(struct ask *ask);
/* A copy that lives as long as the ask; ptr NULL when there is no room. */
struct hb_str hb_ask_keep(struct ask *ask, struct hb_str text);
/* Runs it; answers 429 when too many run. */
void hb_ask_start(struct ask *ask);
/* Answers what a failed question comes to. */
void hb_ask_answer_error(struct ask *ask);
/* Adds "complete" and, if it is not, "percent" and "trouble". */
void hb_ask_add_status(struct hb_model *model, struct hb_json_writer *w);
/* Reads the filter's query parameters. NULL: all are good; else the name of the wrong one. */
const char *hb_ask_read_filter(struct ask *ask);

/* ---- the handlers ---- */
void hb_deliveries_list(void *user, struct hb_http_call *call);
void hb_deliveries_show(void *user, struct hb_http_call *call);
void hb_deliveries_health(void *user, struct hb_http_call *call);
void hb_deliveries_retry(void *user, struct hb_http_call *call);
void hb_deliveries_cancel(void *user, struct hb_http_call *call);
/* A list that reads the topic; takes the ask. */
void hb_deliveries_deep(struct ask *ask);
/* Makes all deep readings end soon. */
void hb_deliveries_deep_end(struct hb_deliveries *deliveries);

#endif
