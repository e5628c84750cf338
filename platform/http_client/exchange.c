/* From hb_http_send to the callback: resolve, try the addresses one after the other, end, tell. */
#include "platform/http_client/internal.h"

static void finish(struct hb_http_request *request, enum hb_failure failure)
{
    struct hb_http_client *client = request->client;
    deadline_clear(&client->deadlines, &request->deadline);
    request->state = REQUEST_DONE;
    request->answer.failure = failure;
    request->list_next = NULL;
    *(client->done_last != NULL ? &client->done_last->list_next : &client->done_first) = request;
    client->done_last = request;
    if (!client->is_inside && !hb_timer_is_running(client->soon)) {
        hb_timer_start(client->soon, 0, 0);
    }
}

static bool has_next_address(const struct hb_http_request *request)
{
    return request->tried < request->addresses_count && client_now_us(request->client) < request->due_us;
}

static void try_next_address(struct hb_http_request *request)
{
    struct hb_http_client *client = request->client;
    size_t at = (request->addresses_first + request->tried) % request->addresses_count;
    request->tried++;
    request->answer.requests = (int)request->tried;
    request->is_opened = request->is_connected = request->is_final = request->is_blocked = request->is_ours = false;
    request->error_text[0] = '\0';
    request_pin(request, &request->addresses[at]);
    request->dialled_us = client_now_us(client);
    int64_t connect_due_us = request->dialled_us + client->options.connect_timeout_ms * HB_US_PER_MS;
    request->state = REQUEST_RUNNING;
    deadline_set(&client->deadlines, &request->deadline,
                 connect_due_us < request->due_us ? connect_due_us : request->due_us);
    if (shard_start(request->shard, request) != HB_OK) {
        finish(request, HB_FAILURE_OURS);
    }
}

/* Keeps the allowed addresses, the one used last first: a kept connection is reused only for the same address. */
static void take_addresses(struct hb_http_request *request, const struct hb_address *addresses, size_t count)
{
    const struct hb_http_target *target = request->target;
    request->addresses_count = 0;
    request->addresses_first = 0;
    for (size_t i = 0; i < count && request->addresses_count < HB_RESOLVER_ADDRESSES_MAX; i++) {
        if (!hb_egress_allows(request->client->options.egress, &addresses[i], target->url.port)) {
            continue;
        }
        if (target->has_preferred && memcmp(&target->preferred, &addresses[i], sizeof(addresses[i])) == 0) {
            request->addresses_first = request->addresses_count;
        }
        request->addresses[request->addresses_count++] = addresses[i];
    }
}

static void on_resolved(void *user, enum hb_failure failure, const struct hb_address *addresses, size_t count)
{
    struct hb_http_request *request = user;
    request->lookup = NULL;
    request->resolved_us = client_now_us(request->client);
    if (failure != HB_FAILURE_NONE) {
        finish(request, failure);
        return;
    }
    take_addresses(request, addresses, count);
    if (request->addresses_count == 0) {
        finish(request, HB_FAILURE_ADDRESS_BLOCKED);
        return;
    }
    try_next_address(request);
}

void exchange_on_ended(struct hb_http_request *request, CURLcode code)
{
    enum hb_failure failure = failure_of(request, code);
    bool is_unconnected = failure == HB_FAILURE_CONNECT_REFUSED || failure == HB_FAILURE_CONNECT_UNREACHABLE ||
                          failure == HB_FAILURE_CONNECT_TIMEOUT;
    if (is_unconnected && has_next_address(request)) {
        try_next_address(request);
        return;
    }
    request->answer.is_body_cut = code != CURLE_OK;
    finish(request, failure);
}

void exchange_on_deadline(void *user)
{
    struct hb_http_request *request = user;
    if (request->state == REQUEST_RESOLVING) {
        hb_lookup_cancel(request->lookup);
        request->lookup = NULL;
        finish(request, HB_FAILURE_DNS_TIMEOUT);
        return;
    }
    shard_stop(request->shard, request);
    exchange_on_ended(request, CURLE_OPERATION_TIMEDOUT);
}

static void describe(struct hb_http_request *request)
{
    struct hb_answer *answer = &request->answer;
    struct hb_http_client *client = request->client;
    answer->duration_us = client_now_us(client) - request->started_us;
    answer->resolve_us = request->resolved_us - request->started_us;
    answer->is_kept_connection = request->is_connected && !request->is_opened;
    if (request->is_connected && request->is_opened) {
        answer->connect_us = request->connected_us - request->dialled_us;
    }
    answer->detail = hb_str_c(request->error_text);
    answer->location = hb_buf_str(&request->location);
    if (request->tried > 0) {
        memcpy(answer->address, request->peer_text, sizeof(answer->address) - 1);
    }
    client->stats.blocked += answer->failure == HB_FAILURE_ADDRESS_BLOCKED;
    client->stats.connections_reused += answer->is_kept_connection;
    if (answer->failure == HB_FAILURE_NONE && request->addresses_count > 1) {
        request->target->preferred = request->pinned;
        request->target->has_preferred = true;
    }
}

static void unlink_flight(struct hb_http_request *request)
{
    struct hb_http_client *client = request->client;
    *(request->previous != NULL ? &request->previous->next : &client->flight_first) = request->next;
    if (request->next != NULL) {
        request->next->previous = request->previous;
    }
    request->previous = request->next = NULL;
    client->stats.in_flight--;
}

/* What ends while callbacks run is told in the next turn: no callback can keep this loop from ending. */
void exchange_deliver(struct hb_http_client *client)
{
    if (client->is_delivering || client->done_first == NULL) {
        return;
    }
    struct hb_http_request *request = client->done_first;
    client->done_first = client->done_last = NULL;
    if (hb_timer_is_running(client->soon)) {
        hb_timer_stop(client->soon);
    }
    client->is_delivering = true;
    while (request != NULL) {
        struct hb_http_request *next = request->list_next;
        describe(request);
        unlink_flight(request); /* so that the callback can send at once */
        request->done(request->user, &request->answer);
        request_give_back(request);
        request = next;
    }
    client->is_delivering = false;
}

static void begin(struct hb_http_request *request)
{
    struct hb_http_target *target = request->target;
    struct hb_http_client *client = request->client;
    if (target->url.is_literal) {
        on_resolved(request, HB_FAILURE_NONE, &target->url.address, 1);
        return;
    }
    struct hb_lookup *lookup = NULL;
    enum hb_err err = hb_resolver_lookup(client->options.resolver, target->url.host, on_resolved, request, &lookup);
    if (err != HB_OK) {
        finish(request, HB_FAILURE_OURS);
    } else if (lookup != NULL) {
        request->lookup = lookup;
    }
}

static void link_flight(struct hb_http_request *request, int timeout_ms)
{
    struct hb_http_client *client = request->client;
    request->previous = NULL;
    request->next = client->flight_first;
    if (request->next != NULL) {
        request->next->previous = request;
    }
    client->flight_first = request;
    client->stats.in_flight++;
    client->stats.requests++;
    request->state = REQUEST_RESOLVING;
    request->started_us = request->resolved_us = client_now_us(client);
    request->due_us = request->started_us + timeout_ms * HB_US_PER_MS;
    request->tried = request->addresses_count = 0;
    request->is_opened = request->is_connected = request->is_final = request->is_blocked = request->is_ours = false;
    request->error_text[0] = '\0';
    request->body_bytes = request->headers_bytes = 0;
    hb_buf_clear(&request->location);
    request->answer = (struct hb_answer){.retry_after_ms = HB_NO_RETRY_AFTER};
}

enum hb_err hb_http_send(struct hb_http_client *client, const struct hb_http_request_spec *spec,
                         struct hb_http_request **ret_request)
{
    HB_ASSERT(spec->target != NULL && spec->target->client == client && spec->done != NULL && spec->timeout_ms > 0);
    HB_ASSERT(spec->headers_count <= HB_HTTP_REQUEST_HEADERS_MAX);
    if (client->stats.in_flight >= client->options.in_flight_max) {
        return HB_ERR_FULL;
    }
    struct hb_http_request *request = request_take(client);
    if (request == NULL) {
        return HB_ERR_MEMORY;
    }
    enum hb_err err = request_prepare(request, spec);
    if (err != HB_OK && err != HB_ERR_INVALID) {
        request_give_back(request);
        return err;
    }
    link_flight(request, spec->timeout_ms);
    if (ret_request != NULL) {
        *ret_request = request;
    }
    if (err == HB_ERR_INVALID) {
        finish(request, HB_FAILURE_REQUEST_REFUSED);
        return HB_OK;
    }
    deadline_set(&client->deadlines, &request->deadline, request->due_us);
    begin(request);
    return HB_OK;
}

void hb_http_cancel(struct hb_http_client *client, struct hb_http_request *request)
{
    HB_ASSERT(request->client == client && request->state != REQUEST_FREE);
    if (request->state == REQUEST_DONE) {
        return;
    }
    if (request->lookup != NULL) {
        hb_lookup_cancel(request->lookup);
        request->lookup = NULL;
    } else {
        shard_stop(request->shard, request);
    }
    finish(request, HB_FAILURE_ENDED_BY_US);
}
