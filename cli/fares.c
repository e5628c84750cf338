#include "cli/fares.h"

#include <stdlib.h>

#include "cli/resource.h"

static void take_text(const struct hb_json *item, const char *name, char *ret_text, size_t bytes)
{
    (void)snprintf(ret_text, bytes, "%.*s", HB_ARG(hb_json_text_or(item, name, "")));
}

static int64_t take_int(const struct hb_json *item, const char *name)
{
    int64_t value = 0;

    (void)hb_json_int(hb_json_get(item, name), &value);
    return value;
}

static double take_number(const struct hb_json *item, const char *name)
{
    double value = -1;

    (void)hb_json_number(hb_json_get(item, name), &value);
    return value;
}

static struct hb_wall take_time(const struct hb_json *item, const char *name)
{
    struct hb_wall at = {0};
    struct hb_str text = hb_json_text_or(item, name, "");

    return text.len > 0 && hb_wall_parse(text, &at) == HB_OK ? at : (struct hb_wall){0};
}

void hb_fare_read(const char *store, const struct hb_json *item, struct hb_fare *ret_fare)
{
    *ret_fare = (struct hb_fare){
        .delivered = take_int(item, "delivered"),
        .failed = take_int(item, "failed"),
        .parked = take_int(item, "parked"),
        .dead = take_int(item, "dead"),
        .held = take_int(item, "held"),
        .window = take_int(item, "window"),
        .workers = take_int(item, "workers"),
        .success_percent = take_number(item, "success_percent"),
        .per_s = take_number(item, "per_s"),
        .p50_ms = take_number(item, "p50_ms"),
        .p99_ms = take_number(item, "p99_ms"),
        .until = take_time(item, "until"),
        .oldest = take_time(item, "oldest"),
        .next_due = take_time(item, "next_due"),
        .failing_since = take_time(item, "failing_since"),
    };
    (void)snprintf(ret_fare->store, sizeof(ret_fare->store), "%s", store);
    take_text(item, "webhook", ret_fare->webhook, sizeof(ret_fare->webhook));
    take_text(item, "state", ret_fare->state, sizeof(ret_fare->state));
    take_text(item, "last_reason", ret_fare->reason, sizeof(ret_fare->reason));
    take_text(item, "url", ret_fare->url, sizeof(ret_fare->url));
}

/* Larger is worse. */
static int badness(const struct hb_fare *fare)
{
    return strcmp(fare->state, "disabled") == 0  ? 4
           : strcmp(fare->state, "resting") == 0 ? 3
           : fare->failing_since.ms > 0          ? 2
           : fare->parked > 0                    ? 1
                                                 : 0;
}

static int order_of(double a, double b) { return a > b ? -1 : a < b ? 1 : 0; }

int hb_fare_compare(const void *a, const void *b)
{
    const struct hb_fare *x = a, *y = b;
    int order = order_of(badness(x), badness(y));

    order = order ? order : order_of((double)x->parked, (double)y->parked);
    order = order ? order : order_of((double)x->failed, (double)y->failed);
    order = order ? order : order_of(x->per_s, y->per_s);
    return order ? order : strcmp(x->webhook, y->webhook);
}

/* ---- asking ---- */

static enum hb_err add(struct hb_fares *fares, const char *store, const struct hb_json *item)
{
    if (fares->count == fares->capacity) {
        size_t capacity = fares->capacity ? fares->capacity * 2 : 64;
        struct hb_fare *bigger = realloc(fares->items, capacity * sizeof(*bigger));

        if (!bigger) {
            return HB_ERR_MEMORY;
        }
        fares->items = bigger;
        fares->capacity = capacity;
    }
    hb_fare_read(store, item, &fares->items[fares->count++]);
    return HB_OK;
}

static enum hb_err read_store(struct hb_cli *cli, struct hb_api *api, const char *store, struct hb_fares *fares)
{
    char path[HB_API_PATH_MAX];
    struct hb_api_request request = {.method = "GET", .path = path};
    struct hb_api_answer answer;
    bool is_complete = true;
    enum hb_err err = hb_api_path(cli, (const char *const[]){"stores", store, "webhooks", "health", NULL}, path);

    err = err ? err : hb_api_call(api, &request, &answer);
    if (err) {
        return err;
    }
    for (const struct hb_json *item = hb_json_first(hb_json_get(answer.json, "items")); item && !err;
         item = hb_json_next(item)) {
        err = add(fares, store, item);
    }
    (void)hb_json_bool(hb_json_get(answer.json, "complete"), &is_complete);
    fares->is_complete = fares->is_complete && is_complete;
    fares->percent = is_complete ? fares->percent : take_int(answer.json, "percent");
    take_text(answer.json, "trouble", fares->trouble, sizeof(fares->trouble));
    hb_api_answer_deinit(&answer);
    return err;
}

static enum hb_err read_page(struct hb_cli *cli, struct hb_api *api, struct hb_fares *fares, char cursor[HB_ID_MAX + 1])
{
    char path[128];
    struct hb_api_request request = {.method = "GET", .path = path};
    struct hb_api_answer answer;

    /* Ids of stores need no encoding. */
    (void)snprintf(path, sizeof(path), "/v1/stores?limit=500%s%s", cursor[0] ? "&cursor=" : "", cursor);
    enum hb_err err = hb_api_call(api, &request, &answer);
    if (err) {
        return err;
    }
    for (const struct hb_json *item = hb_json_first(hb_json_get(answer.json, "items")); item && !err;
         item = hb_json_next(item)) {
        char store[HB_ID_MAX + 1];

        take_text(item, "id", store, sizeof(store));
        err = read_store(cli, api, store, fares);
    }
    take_text(answer.json, "next", cursor, HB_ID_MAX + 1);
    hb_api_answer_deinit(&answer);
    return err;
}

enum hb_err hb_fares_read(struct hb_cli *cli, struct hb_api *api, const char *store, struct hb_fares *in_out_fares)
{
    char cursor[HB_ID_MAX + 1] = "";
    enum hb_err err = HB_OK;

    in_out_fares->count = 0;
    in_out_fares->is_complete = true;
    if (store) {
        err = read_store(cli, api, store, in_out_fares);
    } else {
        for (int pages = 0; !err && (pages == 0 || cursor[0]) && pages < HB_FARES_STORES_MAX / 500; pages++) {
            err = read_page(cli, api, in_out_fares, cursor);
        }
    }
    if (!err && in_out_fares->count > 1) {
        qsort(in_out_fares->items, in_out_fares->count, sizeof(in_out_fares->items[0]), hb_fare_compare);
    }
    return err;
}

void hb_fares_deinit(struct hb_fares *fares)
{
    free(fares->items);
    *fares = (struct hb_fares){.items = NULL};
}
