#include "platform/http_client/internal.h"

#include <stdlib.h>

static void on_soon(void *user)
{
    exchange_deliver(user);
}

static enum hb_err open_client(struct hb_http_client *client, struct hb_error *reterr)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return hb_fail(reterr, HB_ERR_MEMORY, "libcurl cannot start");
    }
    client->is_curl_ready = true;
    enum hb_err err = trust_new(client->options.ca_file, &client->trust, reterr);
    if (err != HB_OK) {
        return err;
    }
    client->user_agent = hb_str_dup(hb_str_c(client->options.user_agent));
    err = client->user_agent != NULL ? HB_OK : HB_ERR_MEMORY;
    if (err == HB_OK) {
        err = deadlines_init(&client->deadlines, client->options.loop);
    }
    if (err == HB_OK) {
        err = hb_timer_new(client->options.loop, on_soon, client, &client->soon);
    }
    if (err == HB_OK) {
        err = shards_init(client);
    }
    return err == HB_OK ? HB_OK : hb_fail(reterr, err, "the HTTP client cannot start: %s", hb_err_text(err));
}

enum hb_err hb_http_client_new(const struct hb_http_client_options *options, struct hb_http_client **ret_client,
                               struct hb_error *reterr)
{
    HB_ASSERT(options->loop != NULL && options->resolver != NULL && options->user_agent != NULL);
    HB_ASSERT(options->shards > 0 && options->in_flight_max > 0 && options->connect_timeout_ms > 0);
    struct hb_http_client *client = calloc(1, sizeof(*client));
    if (client == NULL) {
        return hb_fail(reterr, HB_ERR_MEMORY, "out of memory");
    }
    client->options = *options;
    enum hb_err err = open_client(client, reterr);
    if (err != HB_OK) {
        hb_http_client_free(&client);
        return err;
    }
    *ret_client = client;
    return HB_OK;
}

static void cancel_all(struct hb_http_client *client)
{
    while (client->flight_first != NULL) {
        for (struct hb_http_request *request = client->flight_first; request != NULL; request = request->next) {
            hb_http_cancel(client, request);
        }
        exchange_deliver(client);
    }
}

void hb_http_client_free(struct hb_http_client **client)
{
    if (client == NULL || *client == NULL) {
        return;
    }
    struct hb_http_client *gone = *client;
    HB_ASSERT(!gone->is_delivering);
    gone->options.in_flight_max = 0; /* callbacks cannot send any more */
    cancel_all(gone);
    shards_deinit(gone);
    while (gone->free_first != NULL) {
        request_free(request_take(gone));
    }
    hb_timer_free(&gone->soon);
    deadlines_deinit(&gone->deadlines);
    trust_free(&gone->trust);
    free(gone->user_agent);
    if (gone->is_curl_ready) {
        curl_global_cleanup();
    }
    free(gone);
    *client = NULL;
}

void hb_http_client_read_stats(const struct hb_http_client *client, struct hb_http_client_stats *ret_stats)
{
    *ret_stats = client->stats;
    int kept = client->open - client->running;
    ret_stats->kept_connections = kept > 0 ? kept : 0;
}
