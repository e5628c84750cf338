#include "platform/http_client/internal.h"

#include "core/headers.h"

#include <stdio.h>
#include <stdlib.h>

#define HEADER_TEXT_MAX (HB_WEBHOOK_HEADER_BYTES_MAX + 1024)

static bool is_accept(struct hb_name_value header)
{
    return hb_str_eq_nocase(header.name, HB_STR("Accept"));
}

static enum hb_err add_line(struct hb_buf *text, struct hb_name_value header)
{
    return hb_buf_addf(text, "%s%.*s: %.*s", text->len > 0 ? "\r\n" : "", HB_ARG(header.name), HB_ARG(header.value));
}

/* One string for all, see build_headers in request.c; Accept apart, because libcurl looks for it. */
static enum hb_err build_text(struct hb_http_target *target, const struct hb_name_value *headers, size_t count)
{
    struct hb_buf text = hb_buf_make(HEADER_TEXT_MAX);
    struct hb_buf accept = hb_buf_make(HEADER_TEXT_MAX);
    struct hb_name_value agent = {HB_STR("User-Agent"), hb_str_c(target->client->user_agent)};
    enum hb_err err = add_line(&text, agent);
    for (size_t i = 0; err == HB_OK && i < count; i++) {
        err = add_line(is_accept(headers[i]) ? &accept : &text, headers[i]);
    }
    target->header_text = text.ptr; /* NUL-terminated by hb_buf */
    target->accept_text = accept.ptr;
    return err;
}

static void link_nodes(struct hb_http_target *target)
{
    target->header_node = (struct curl_slist){target->header_text, &target->expect_node};
    target->expect_node = (struct curl_slist){target->expect_text, NULL};
    if (target->accept_text != NULL) {
        target->accept_node = (struct curl_slist){target->accept_text, NULL};
        target->expect_node.next = &target->accept_node;
    }
}

static char *host_text(const struct hb_url *url)
{
    char *text = NULL;
    if (asprintf(&text, url->is_literal && url->address.is_v6 ? "[%.*s]:%d" : "%.*s:%d", HB_ARG(url->host), url->port) <
        0) {
        return NULL;
    }
    for (char *c = text; *c != '\0'; c++) {
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c + ('a' - 'A') : *c);
    }
    return text;
}

static enum hb_err fill(struct hb_http_target *target, struct hb_str url, const struct hb_name_value *headers,
                        size_t count)
{
    struct hb_http_client *client = target->client;
    target->url_text = hb_str_dup(url);
    if (target->url_text == NULL || hb_url_parse(hb_str_c(target->url_text), &target->url, NULL) != HB_OK) {
        return HB_ERR_MEMORY; /* it parsed before */
    }
    target->host_text = host_text(&target->url);
    if (target->host_text == NULL) {
        return HB_ERR_MEMORY;
    }
    (void)snprintf(target->port_text, sizeof(target->port_text), ":%u", (unsigned)target->url.port);
    target->shard = shard_of(client, hb_str_c(target->host_text));
    enum hb_err err = build_text(target, headers, count);
    memcpy(target->expect_text, NO_EXPECT, sizeof(NO_EXPECT));
    link_nodes(target);
    return err;
}

enum hb_err hb_http_target_new(struct hb_http_client *client, struct hb_str url, const struct hb_name_value *headers,
                               size_t headers_count, struct hb_http_target **ret_target, struct hb_error *reterr)
{
    struct hb_url parsed;
    enum hb_err err = hb_url_parse(url, &parsed, reterr);
    if (err == HB_OK) {
        err = hb_headers_check(headers, headers_count, reterr);
    }
    if (err != HB_OK) {
        return err;
    }
    struct hb_http_target *target = calloc(1, sizeof(*target));
    if (target == NULL) {
        return hb_fail(reterr, HB_ERR_MEMORY, "out of memory");
    }
    target->client = client;
    target->references = 1;
    target->serial = ++client->serial;
    err = fill(target, url, headers, headers_count);
    if (err != HB_OK) {
        hb_http_target_unref(&target);
        return hb_fail(reterr, err, "%s", hb_err_text(err));
    }
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
    if (target == NULL || *target == NULL) {
        return;
    }
    struct hb_http_target *gone = *target;
    *target = NULL;
    HB_ASSERT(gone->references > 0);
    if (--gone->references > 0) {
        return;
    }
    free(gone->url_text);
    free(gone->host_text);
    free(gone->header_text);
    free(gone->accept_text);
    free(gone);
}

struct hb_str hb_http_target_host(const struct hb_http_target *target)
{
    return hb_str_c(target->host_text);
}
