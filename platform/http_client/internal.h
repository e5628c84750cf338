/* Job: what the files of the HTTP client share.
 *
 * Nouns: a *request* is a pooled easy handle with all that changes from request to request beside it; its invariant
 * options are set once and never reset. A *shard* is a multi handle: a destination always goes to the same one. A
 * *slot* is a descriptor libcurl opened. A *deadline* ends a request (libcurl's own time limits are not used: each
 * costs it a tree operation a transfer). An *exchange* is what happens between hb_http_send and the callback: resolve,
 * try addresses, end. Threads: the loop's. No function here but exchange_deliver calls out of this folder. */
#ifndef PLATFORM_HTTP_CLIENT_INTERNAL_H
#define PLATFORM_HTTP_CLIENT_INTERNAL_H

#include "core/egress.h"
#include "core/url.h"
#include "platform/http_client/http_client.h"
#include "platform/loop/loop.h"
#include "platform/resolver/resolver.h"

#include <curl/curl.h>

/* deadlines.c: a wheel of time, O(1) to set and to take back; precise to a tick. */
#define DEADLINE_TICK_MS 20
#define DEADLINE_SLOTS 2048

struct deadline {
    struct deadline *previous, *next; /* NULL: not set */
    int64_t due_us;
    void (*fn)(void *user);
    void *user;
};

struct deadlines {
    struct hb_loop *loop;
    struct hb_timer *timer; /* runs while any is set */
    size_t count;
    int64_t tick;                          /* the last one looked at */
    struct deadline slots[DEADLINE_SLOTS]; /* heads of rings */
};

HB_MUST_USE enum hb_err deadlines_init(struct deadlines *deadlines, struct hb_loop *loop);
void deadlines_deinit(struct deadlines *deadlines);
/* (Re)sets; fires within a tick after due_us. */
void deadline_set(struct deadlines *deadlines, struct deadline *deadline, int64_t due_us);
void deadline_clear(struct deadlines *deadlines, struct deadline *deadline);

struct shard {
    struct hb_http_client *client;
    CURLM *multi;
    struct deadline timer; /* when libcurl wants to be called without an event */
    bool is_due;           /* at once */
    int open;              /* connections */
    int running;           /* transfers */
    long limit;            /* CURLMOPT_MAXCONNECTS as set */
    unsigned started;      /* transfers so far */
    int64_t used_us;
};

/* One for each descriptor number that was ever used; kept for the next connection. */
struct slot {
    struct hb_http_client *client;
    struct shard *shard;
    struct hb_watch *watch; /* NULL: none yet */
    int fd;
    int wanted;  /* HB_WATCH_*, as libcurl said */
    int watched; /* as the loop has it: reading stays on between transfers, which saves two changes each */
    bool is_open;
    /* Who opened it, until the connection stands. Before that libcurl closes it without telling (on_close_socket is for
     * finished connections only): then the end of that request is the end of the descriptor. */
    const struct hb_http_request *opener;
};

/* Tells libcurl to leave out what it would add. */
#define NO_TYPE "Content-Type:"
#define NO_EXPECT "Expect:"

enum request_state { REQUEST_FREE, REQUEST_RESOLVING, REQUEST_RUNNING, REQUEST_DONE };

struct hb_http_request {
    struct hb_http_client *client;
    CURL *easy;
    enum request_state state;
    struct hb_http_request *previous, *next; /* of those in flight */
    struct hb_http_request *list_next;       /* of the free or of the done */
    struct deadline deadline;
    struct hb_lookup *lookup;

    struct hb_http_target *target;
    struct shard *shard;
    hb_http_done_fn *done;
    void *user;
    int64_t started_us, resolved_us, dialled_us, connected_us;
    int64_t due_us; /* the whole request */

    struct hb_address addresses[HB_RESOLVER_ADDRESSES_MAX]; /* allowed ones */
    size_t addresses_count, addresses_first, tried;

    /* What the easy handle points to: lists made by hand, so that no request allocates them. */
    struct curl_slist header_node, no_type_node, connect_to_node;
    struct hb_buf header_text;
    char no_type_text[sizeof(NO_TYPE)];
    char connect_to_text[HB_ADDRESS_TEXT_MAX + 8];
    struct hb_address pinned;
    char pinned_text[HB_ADDRESS_TEXT_MAX]; /* as libcurl prints it; "" while nothing is pinned */
    uint16_t pinned_port;
    char peer_text[HB_ADDRESS_TEXT_MAX + 24];
    char error_text[CURL_ERROR_SIZE];
    /* What the easy handle was last told, so that it is told only what changes. */
    uint64_t url_serial;
    const char *method;
    bool is_connect_to, is_connect_to_written, forgets;

    /* What happened. */
    struct hb_answer answer;
    size_t body_bytes, headers_bytes;
    char *body_kept;
    struct hb_buf location;
    int opened_fd; /* while connecting; -1: none */
    bool is_opened, is_connected, is_final, is_blocked, is_ours;
};

struct hb_http_target {
    struct hb_http_client *client;
    unsigned references;
    uint64_t serial; /* never used twice */
    struct hb_url url;
    char *url_text;
    char *host_text;    /* host:port, lower case */
    char port_text[16]; /* ":443" */
    struct shard *shard;
    struct hb_address preferred; /* the address used last: connections to it are kept */
    bool has_preferred;
    char *header_text; /* User-Agent and the webhook's own, one string */
    char *accept_text; /* its Accept, which libcurl must see to leave out its own */
    char expect_text[sizeof(NO_EXPECT)];
    struct curl_slist header_node, accept_node, expect_node;
};

struct hb_http_client {
    struct hb_http_client_options options;
    char *user_agent;
    void *trust; /* X509_STORE */
    struct deadlines deadlines;
    struct hb_timer *soon;  /* tells what ended outside of an event */
    struct hb_timer *sweep; /* closes what nobody used for long; runs while connections are open */
    struct shard *shards;
    struct slot **slots; /* by descriptor */
    size_t slots_count;
    struct hb_http_request *free_first, *flight_first, *done_first, *done_last;
    struct hb_http_client_stats stats;
    int open, running;
    uint64_t serial;
    bool is_inside; /* an event is being handled, at its end exchange_deliver is called */
    bool is_delivering;
    bool is_curl_ready;
};

/* trust.c: the certificates we trust, read once. */
HB_MUST_USE enum hb_err trust_new(const char *ca_file, void **ret_trust, struct hb_error *reterr);
void trust_free(void **trust);
CURLcode trust_use(CURL *easy, void *ssl_context, void *trust);

/* shards.c */
HB_MUST_USE enum hb_err shards_init(struct hb_http_client *client);
void shards_deinit(struct hb_http_client *client);
struct shard *shard_of(struct hb_http_client *client, struct hb_str destination);
/* Adds the request's handle and lets it begin. HB_ERR_MEMORY if libcurl refuses. */
HB_MUST_USE enum hb_err shard_start(struct shard *shard, struct hb_http_request *request);
/* Takes the handle out; a connection with an unfinished answer is closed. */
void shard_stop(struct shard *shard, struct hb_http_request *request);
/* A descriptor libcurl opened for this shard; false: no memory. And closed. */
bool slot_open(struct shard *shard, int fd, const struct hb_http_request *opener);
void slot_close(struct hb_http_client *client, int fd);
/* Its connection stands now. */
void slot_connected(struct hb_http_request *request);

/* request.c */
/* A pooled one, or a new one with all invariant options set; NULL: no memory. */
struct hb_http_request *request_take(struct hb_http_client *client);
void request_give_back(struct hb_http_request *request);
void request_free(struct hb_http_request *request);
/* Sets what this request changes. HB_ERR_INVALID: a header could split the request. */
HB_MUST_USE enum hb_err request_prepare(struct hb_http_request *request, const struct hb_http_request_spec *spec);
/* Pins the next address. */
void request_pin(struct hb_http_request *request, const struct hb_address *address);

/* callbacks.c: what libcurl calls during a transfer; user is the request, of on_close_socket the client. */
size_t on_header(char *bytes, size_t size, size_t count, void *user);
size_t on_body(char *bytes, size_t size, size_t count, void *user);
int on_prereq(void *user, char *peer, char *local, int peer_port, int local_port);
curl_socket_t on_open_socket(void *user, curlsocktype purpose, struct curl_sockaddr *address);
int on_close_socket(void *user, curl_socket_t fd);

/* failures.c */
enum hb_failure failure_of(const struct hb_http_request *request, CURLcode code);

/* exchange.c */
/* libcurl says that the transfer ended; the handle is out of its shard already. */
void exchange_on_ended(struct hb_http_request *request, CURLcode code);
void exchange_on_deadline(void *request);
/* Calls back for all that ended so far. */
void exchange_deliver(struct hb_http_client *client);

static inline int64_t client_now_us(const struct hb_http_client *client)
{
    return hb_loop_mono(client->options.loop).us;
}

#endif
