#include "fakes/fake_http_client.h"

#include <stdio.h>
#include <stdlib.h>

struct hb_http_client {
    struct fake_request *first, **last;
    int sent;
    enum hb_err refusal;
    void (*on_send)(void *user, const struct fake_request *request);
    void *on_send_user;
};
struct hb_http_target {
    int references;
    char url[256], host[256];
};

static int targets;
int fake_http_targets(void) { return targets; }

struct hb_http_client *fake_http_client_new(void)
{
    struct hb_http_client *client = calloc(1, sizeof *client);
    HB_ASSERT(client);
    client->last = &client->first;
    return client;
}

enum hb_err hb_http_target_new(struct hb_http_client *client, struct hb_str url, const struct hb_name_value *headers,
                               size_t headers_count, struct hb_http_target **ret_target, struct hb_error *reterr)
{
    (void)client, (void)headers, (void)headers_count;
    if (hb_str_has_prefix(url, HB_STR("bad:")))
        return hb_fail(reterr, HB_ERR_INVALID, "the URL is not usable");
    struct hb_http_target *target = calloc(1, sizeof *target);
    HB_ASSERT(target);
    target->references = 1;
    (void)snprintf(target->url, sizeof target->url, "%.*s", HB_ARG(url));
    (void)sscanf(target->url, "http://%250[^/]", target->host);
    targets++;
    *ret_target = target;
    return HB_OK;
}

struct hb_http_target *hb_http_target_ref(struct hb_http_target *target)
{
    target->references++;
    return target;
}

void hb_http_target_unref(struct hb_http_target **target)
{
    if (*target && --(*target)->references == 0) {
        free(*target);
        targets--;
    }
    *target = NULL;
}

struct hb_str hb_http_target_host(const struct hb_http_target *target) { return hb_str_c(target->host); }

static char *join_headers(const struct hb_http_request_spec *spec)
{
    struct hb_buf buf = hb_buf_make(65536);
    for (size_t i = 0; i < spec->headers_count; i++)
        HB_ASSERT(hb_buf_addf(&buf, "%.*s: %.*s\n", HB_ARG(spec->headers[i].name), HB_ARG(spec->headers[i].value)) == HB_OK);
    return buf.ptr;
}

enum hb_err hb_http_send(struct hb_http_client *client, const struct hb_http_request_spec *spec, struct hb_http_request **ret_request)
{
    (void)ret_request;
    if (client->refusal)
        return client->refusal;
    struct fake_request *request = calloc(1, sizeof *request);
    HB_ASSERT(request);
    *request = (struct fake_request){.target = hb_http_target_ref(spec->target), .headers = join_headers(spec), .body = hb_str_dup(spec->body),
                                     .timeout_ms = spec->timeout_ms, .done = spec->done, .user = spec->user};
    memcpy(request->url, spec->target->url, sizeof request->url);
    *client->last = request;
    client->last = &request->next;
    client->sent++;
    if (client->on_send)
        client->on_send(client->on_send_user, request);
    return HB_OK;
}

static void end(struct hb_http_client *client, struct fake_request *request, const struct hb_answer *answer)
{
    struct fake_request **at = &client->first;
    while (*at != request) {
        HB_ASSERT(*at);
        at = &(*at)->next;
    }
    *at = request->next;
    if (!*at)
        client->last = at;
    request->done(request->user, answer);
    hb_http_target_unref(&request->target);
    free(request->headers);
    free(request->body);
    free(request);
}

void fake_http_answer(struct hb_http_client *client, struct fake_request *request, int status)
{
    struct hb_answer answer = {.status = status, .retry_after_ms = HB_NO_RETRY_AFTER, .body = HB_STR("answer"), .address = "192.0.2.1:80",
                               .duration_us = 1500, .requests = 1};
    end(client, request, &answer);
}

void fake_http_answer_later(struct hb_http_client *client, struct fake_request *request, int status, int64_t retry_after_ms)
{
    struct hb_answer answer = {.status = status, .retry_after_ms = retry_after_ms, .body = HB_STR("later"), .address = "192.0.2.1:80",
                               .duration_us = 1500, .requests = 1};
    end(client, request, &answer);
}

void fake_http_fail(struct hb_http_client *client, struct fake_request *request, enum hb_failure failure)
{
    struct hb_answer answer = {.failure = failure, .retry_after_ms = HB_NO_RETRY_AFTER, .duration_us = 1500};
    end(client, request, &answer);
}

void hb_http_client_free(struct hb_http_client **client)
{
    while (*client && (*client)->first)
        fake_http_fail(*client, (*client)->first, HB_FAILURE_ENDED_BY_US);
    free(*client);
    *client = NULL;
}

void hb_http_client_read_stats(const struct hb_http_client *client, struct hb_http_client_stats *ret_stats)
{
    *ret_stats = (struct hb_http_client_stats){.requests = (uint64_t)client->sent};
}

struct fake_request *fake_http_pending(struct hb_http_client *client) { return client->first; }
int fake_http_sent_count(const struct hb_http_client *client) { return client->sent; }
void fake_http_refuse(struct hb_http_client *client, enum hb_err err) { client->refusal = err; }

int fake_http_pending_count(struct hb_http_client *client)
{
    int count = 0;
    for (struct fake_request *request = client->first; request; request = request->next)
        count++;
    return count;
}

void fake_http_on_send(struct hb_http_client *client, void (*sent)(void *user, const struct fake_request *request), void *user)
{
    client->on_send = sent;
    client->on_send_user = user;
}

const char *fake_request_header(const struct fake_request *request, const char *name)
{
    static char value[1024];
    struct hb_str rest = hb_str_c(request->headers), line;
    while (hb_str_split(&rest, '\n', &line)) {
        struct hb_str found;
        if (hb_str_split(&line, ':', &found) && hb_str_eq_nocase(found, hb_str_c(name))) {
            (void)snprintf(value, sizeof value, "%.*s", HB_ARG(hb_str_trim(line)));
            return value;
        }
    }
    return NULL;
}
