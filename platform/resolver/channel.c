/* c-ares asks for descriptors and time through the loop; it opens a handful of sockets at a time and no thread. */
#include "platform/resolver/internal.h"

#include "platform/loop/loop.h"

#include <ares.h>

#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>

#define SOCKETS_MAX 64
#define TRIES 2
#define TRY_MS_MIN 100
#define TRY_MS_MAX 2000

struct channel_socket {
    struct channel *channel;
    struct hb_watch *watch; /* NULL: free slot */
    ares_socket_t fd;
};

struct channel {
    ares_channel ares;
    struct hb_loop *loop;
    struct hb_timer *timer;
    channel_done_fn *done;
    void (*after)(void *user);
    void *user;
    struct channel_socket sockets[SOCKETS_MAX];
};

static void plan_timer(struct channel *channel)
{
    struct timeval most = {.tv_sec = 3600};
    struct timeval wait;
    struct timeval *next = ares_timeout(channel->ares, &most, &wait);
    if (next->tv_sec >= 3600) {
        hb_timer_stop(channel->timer);
        return;
    }
    hb_timer_start(channel->timer, (int64_t)next->tv_sec * 1000 + next->tv_usec / 1000 + 1, 0);
}

static void process(struct channel *channel, ares_socket_t readable, ares_socket_t writable)
{
    ares_process_fd(channel->ares, readable, writable);
    plan_timer(channel);
    channel->after(channel->user);
}

static void on_socket(void *user, int events)
{
    struct channel_socket *slot = user;
    ares_socket_t fd = slot->fd;
    process(slot->channel, (events & HB_WATCH_READ) ? fd : ARES_SOCKET_BAD,
            (events & HB_WATCH_WRITE) ? fd : ARES_SOCKET_BAD);
}

static void on_timer(void *user)
{
    process(user, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

static struct channel_socket *find_slot(struct channel *channel, ares_socket_t fd)
{
    struct channel_socket *empty = NULL;
    for (size_t i = 0; i < SOCKETS_MAX; i++) {
        struct channel_socket *slot = &channel->sockets[i];
        if (slot->watch != NULL && slot->fd == fd) {
            return slot;
        }
        if (slot->watch == NULL && empty == NULL) {
            empty = slot;
        }
    }
    return empty;
}

/* A socket without a slot is not watched: its query ends by c-ares's own time limit. */
static void on_state(void *user, ares_socket_t fd, int readable, int writable)
{
    struct channel *channel = user;
    struct channel_socket *slot = find_slot(channel, fd);
    if (slot == NULL) {
        return;
    }
    if (!readable && !writable) {
        if (slot->watch != NULL) {
            hb_watch_free(&slot->watch);
        }
        return;
    }
    if (slot->watch == NULL) {
        slot->channel = channel;
        slot->fd = fd;
        if (hb_watch_new(channel->loop, fd, on_socket, slot, &slot->watch) != HB_OK) {
            slot->watch = NULL;
            return;
        }
    }
    hb_watch_set(slot->watch, (readable ? HB_WATCH_READ : 0) | (writable ? HB_WATCH_WRITE : 0));
}

static int try_ms(int timeout_ms)
{
    /* Two tries, the second twice as long, fit into the lookup's own limit. */
    int each_ms = timeout_ms / 3;
    if (each_ms < TRY_MS_MIN) {
        return TRY_MS_MIN;
    }
    return each_ms < TRY_MS_MAX ? each_ms : TRY_MS_MAX;
}

static enum hb_err open_ares(struct channel *channel, const struct hb_resolver_options *options,
                             struct hb_error *reterr)
{
    /* Failures are passed on as they are: otherwise "the name's servers fail" looks like "our resolver is down". */
    struct ares_options ares = {
        .flags = ARES_FLAG_NOCHECKRESP,
        .timeout = try_ms(options->timeout_ms),
        .tries = TRIES,
        .ndomains = 0,
        .domains = NULL,
        .lookups = (char[]){"fb"},
        .sock_state_cb = on_state,
        .sock_state_cb_data = channel,
    };
    int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_DOMAINS | ARES_OPT_LOOKUPS |
               ARES_OPT_SOCK_STATE_CB;
    int rc = ares_init_options(&channel->ares, &ares, mask);
    if (rc != ARES_SUCCESS) {
        channel->ares = NULL;
        return hb_fail(reterr, rc == ARES_ENOMEM ? HB_ERR_MEMORY : HB_ERR_CONFIG, "the resolver cannot start: %s",
                       ares_strerror(rc));
    }
    if (options->servers != NULL && options->servers[0] != '\0') {
        rc = ares_set_servers_ports_csv(channel->ares, options->servers);
        if (rc != ARES_SUCCESS) {
            return hb_fail(reterr, HB_ERR_CONFIG, "egress.dns_servers: \"%.100s\" is not a list of address:port",
                           options->servers);
        }
    }
    return HB_OK;
}

enum hb_err channel_new(const struct hb_resolver_options *options, channel_done_fn *done, void (*after)(void *user),
                        void *user, struct channel **ret_channel, struct hb_error *reterr)
{
    if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS) {
        return hb_fail(reterr, HB_ERR_MEMORY, "the resolver cannot start");
    }
    struct channel *channel = calloc(1, sizeof(*channel));
    if (channel == NULL) {
        ares_library_cleanup();
        return hb_fail(reterr, HB_ERR_MEMORY, "out of memory");
    }
    *channel = (struct channel){.loop = options->loop, .done = done, .after = after, .user = user};
    enum hb_err err = hb_timer_new(options->loop, on_timer, channel, &channel->timer);
    if (err == HB_OK) {
        err = open_ares(channel, options, reterr);
    }
    if (err != HB_OK) {
        channel_free(&channel);
        return err;
    }
    *ret_channel = channel;
    return HB_OK;
}

void channel_free(struct channel **channel)
{
    if (*channel == NULL) {
        return;
    }
    if ((*channel)->ares != NULL) {
        ares_destroy((*channel)->ares);
    }
    for (size_t i = 0; i < SOCKETS_MAX; i++) {
        if ((*channel)->sockets[i].watch != NULL) {
            hb_watch_free(&(*channel)->sockets[i].watch);
        }
    }
    hb_timer_free(&(*channel)->timer);
    ares_library_cleanup();
    free(*channel);
    *channel = NULL;
}

static enum hb_failure failure_of(int status)
{
    switch (status) {
    case ARES_SUCCESS:
        return HB_FAILURE_NONE;
    case ARES_ENOTFOUND:
    case ARES_ENODATA:
    case ARES_EBADNAME:
        return HB_FAILURE_DNS_NOT_FOUND;
    case ARES_ETIMEOUT:
        return HB_FAILURE_DNS_TIMEOUT;
    case ARES_ENOMEM:
    case ARES_ECONNREFUSED: /* no server listens: our resolver is down, not their name */
    case ARES_ECANCELLED:
    case ARES_EDESTRUCTION:
        return HB_FAILURE_OURS;
    default:
        return HB_FAILURE_DNS_FAILED;
    }
}

static bool read_address(const struct ares_addrinfo_node *node, struct hb_address *ret_address)
{
    *ret_address = (struct hb_address){.is_v6 = node->ai_family == AF_INET6};
    if (node->ai_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)node->ai_addr;
        memcpy(ret_address->bytes, &v4->sin_addr, 4);
        return true;
    }
    if (node->ai_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const void *)node->ai_addr;
        memcpy(ret_address->bytes, &v6->sin6_addr, 16);
        return true;
    }
    return false;
}

static void on_addresses(void *user, int status, int timeouts, struct ares_addrinfo *found)
{
    (void)timeouts;
    struct cache_entry *entry = user;
    struct hb_address addresses[HB_RESOLVER_ADDRESSES_MAX];
    size_t count = 0;
    int ttl_s = INT32_MAX;
    const struct ares_addrinfo_node *node = status == ARES_SUCCESS && found != NULL ? found->nodes : NULL;
    for (; node != NULL && count < HB_RESOLVER_ADDRESSES_MAX; node = node->ai_next) {
        if (read_address(node, &addresses[count])) {
            count++;
            ttl_s = node->ai_ttl < ttl_s ? node->ai_ttl : ttl_s;
        }
    }
    ares_freeaddrinfo(found);
    enum hb_failure failure = failure_of(status);
    if (failure == HB_FAILURE_NONE && count == 0) {
        failure = HB_FAILURE_DNS_NOT_FOUND;
    }
    struct channel *channel = hb_resolver_channel(entry->resolver);
    channel->done(entry, failure, addresses, count, count > 0 ? ttl_s : 0);
}

void channel_start(struct channel *channel, struct cache_entry *entry)
{
    const struct ares_addrinfo_hints hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    ares_getaddrinfo(channel->ares, entry->name, NULL, &hints, on_addresses, entry);
    plan_timer(channel);
}
