#include "platform/http_client/internal.h"

#include <stdlib.h>

/* libcurl asked for a call at once and asks again in it: so often, then the loop goes first. */
#define ROUNDS_MAX 4
/* libcurl remembers every address it ever dialled until a request lets it forget: one in so many does. */
#define FORGET_EVERY 256
#define FORGET_AFTER_S 60L
#define SWEEP_MS 5000

static struct slot *slot_of(struct hb_http_client *client, int fd)
{
    return fd >= 0 && (size_t)fd < client->slots_count ? client->slots[fd] : NULL;
}

static bool grow_slots(struct hb_http_client *client, int fd)
{
    size_t count = client->slots_count > 0 ? client->slots_count : 256;
    while (count <= (size_t)fd) {
        count *= 2;
    }
    struct slot **slots = realloc(client->slots, count * sizeof(*slots));
    if (slots == NULL) {
        return false;
    }
    memset(slots + client->slots_count, 0, (count - client->slots_count) * sizeof(*slots));
    client->slots = slots;
    client->slots_count = count;
    return true;
}

bool slot_open(struct shard *shard, int fd, const struct hb_http_request *opener)
{
    struct hb_http_client *client = shard->client;
    if ((size_t)fd >= client->slots_count && !grow_slots(client, fd)) {
        return false;
    }
    struct slot *slot = client->slots[fd];
    if (slot == NULL) {
        slot = calloc(1, sizeof(*slot));
        if (slot == NULL) {
            return false;
        }
        client->slots[fd] = slot;
    }
    slot_close(client, fd); /* if it was closed without telling */
    *slot = (struct slot){.client = client, .shard = shard, .fd = fd, .is_open = true, .opener = opener};
    shard->open++;
    if (client->open++ == 0) {
        hb_timer_start(client->sweep, SWEEP_MS, SWEEP_MS);
    }
    return true;
}

void slot_close(struct hb_http_client *client, int fd)
{
    struct slot *slot = slot_of(client, fd);
    if (slot == NULL || !slot->is_open) {
        return;
    }
    if (slot->watch != NULL) {
        hb_watch_free(&slot->watch);
    }
    slot->is_open = false;
    slot->shard->open--;
    if (--client->open == 0) {
        hb_timer_stop(client->sweep);
    }
}

void slot_connected(struct hb_http_request *request)
{
    struct slot *slot = slot_of(request->client, request->opened_fd);
    if (slot != NULL && slot->opener == request) {
        slot->opener = NULL;
    }
    request->opened_fd = -1;
}

/* The request ends: if its connection never stood, its descriptor is closed already. */
static void forget_opened(struct hb_http_request *request)
{
    struct slot *slot = slot_of(request->client, request->opened_fd);
    if (slot != NULL && slot->is_open && slot->opener == request) {
        slot_close(request->client, request->opened_fd);
    }
    request->opened_fd = -1;
}

static void watch(struct slot *slot, int events)
{
    if (slot->watched != events) {
        slot->watched = events;
        hb_watch_set(slot->watch, events);
    }
}

static void collect(struct shard *shard)
{
    int left = 0;
    CURLMsg *message;
    while ((message = curl_multi_info_read(shard->multi, &left)) != NULL) {
        struct hb_http_request *request = NULL;
        CURLcode code = message->data.result;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &request);
        shard_stop(shard, request);
        exchange_on_ended(request, code);
    }
}

static void run_due(struct shard *shard)
{
    int running = 0;
    for (int round = 0; shard->is_due && round < ROUNDS_MAX; round++) {
        shard->is_due = false;
        (void)curl_multi_socket_action(shard->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
    if (shard->is_due) {
        deadline_set(&shard->client->deadlines, &shard->timer, client_now_us(shard->client));
    }
}

static void on_shard_timer(void *user)
{
    struct shard *shard = user;
    shard->client->is_inside = true;
    shard->is_due = true;
    run_due(shard);
    collect(shard);
    shard->client->is_inside = false;
    exchange_deliver(shard->client);
}

static void on_event(void *user, int events)
{
    struct slot *slot = user;
    if (slot->wanted == 0) {
        watch(slot, 0); /* a kept connection that its peer closed: libcurl finds out when it looks for one */
        return;
    }
    struct shard *shard = slot->shard;
    int mask = ((events & HB_WATCH_READ) ? CURL_CSELECT_IN : 0) | ((events & HB_WATCH_WRITE) ? CURL_CSELECT_OUT : 0);
    int running = 0;
    shard->client->is_inside = true;
    (void)curl_multi_socket_action(shard->multi, slot->fd, mask, &running);
    run_due(shard);
    collect(shard);
    shard->client->is_inside = false;
    exchange_deliver(shard->client);
}

/* libcurl says what it waits for. */
static int on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *user, void *unused)
{
    (void)easy;
    (void)unused;
    struct shard *shard = user;
    struct slot *slot = slot_of(shard->client, fd);
    if (slot == NULL || !slot->is_open) {
        return 0;
    }
    slot->wanted = ((what & CURL_POLL_IN) ? HB_WATCH_READ : 0) | ((what & CURL_POLL_OUT) ? HB_WATCH_WRITE : 0);
    if (what == CURL_POLL_REMOVE) {
        slot->wanted = 0;
        if (slot->watch != NULL && slot->opener != NULL) {
            hb_watch_free(&slot->watch); /* closed already, most likely: nobody else may get its events */
            slot->watched = 0;
        } else if (slot->watch != NULL && (slot->watched & HB_WATCH_WRITE)) {
            watch(slot, HB_WATCH_READ);
        }
        return 0;
    }
    if (slot->watch == NULL && hb_watch_new(shard->client->options.loop, fd, on_event, slot, &slot->watch) != HB_OK) {
        slot->watch = NULL; /* the request ends by its deadline */
        return 0;
    }
    watch(slot, slot->wanted);
    return 0;
}

static int on_curl_timer(CURLM *multi, long timeout_ms, void *user)
{
    (void)multi;
    struct shard *shard = user;
    struct deadlines *deadlines = &shard->client->deadlines;
    shard->is_due = timeout_ms == 0;
    if (timeout_ms <= 0) {
        deadline_clear(deadlines, &shard->timer);
    } else {
        deadline_set(deadlines, &shard->timer, client_now_us(shard->client) + timeout_ms * HB_US_PER_MS);
    }
    return 0;
}

static enum hb_err open_multi(struct shard *shard)
{
    shard->multi = curl_multi_init();
    if (shard->multi == NULL) {
        return HB_ERR_MEMORY;
    }
    (void)curl_multi_setopt(shard->multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
    (void)curl_multi_setopt(shard->multi, CURLMOPT_SOCKETDATA, shard);
    (void)curl_multi_setopt(shard->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
    (void)curl_multi_setopt(shard->multi, CURLMOPT_TIMERDATA, shard);
    (void)curl_multi_setopt(shard->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
    shard->limit = 0;
    return HB_OK;
}

static void close_multi(struct shard *shard)
{
    deadline_clear(&shard->client->deadlines, &shard->timer);
    shard->is_due = false;
    (void)curl_multi_cleanup(shard->multi);
    shard->multi = NULL;
}

/* Connections nobody used for as long as they may be used again are closed with their multi handle: libcurl has no
 * other way, and only looks at its cache when a request starts. */
static void on_sweep(void *user)
{
    struct hb_http_client *client = user;
    int64_t idle_us = ((int64_t)client->options.kept_idle_s * HB_MS_PER_S + SWEEP_MS) * HB_US_PER_MS;
    int64_t now_us = client_now_us(client);
    for (int i = 0; i < client->options.shards; i++) {
        struct shard *shard = &client->shards[i];
        if (shard->open > 0 && shard->running == 0 && now_us - shard->used_us > idle_us) {
            CURLM *former = shard->multi;
            if (open_multi(shard) == HB_OK) {
                (void)curl_multi_cleanup(former);
            } else {
                shard->multi = former;
            }
        }
    }
}

enum hb_err shards_init(struct hb_http_client *client)
{
    client->shards = calloc((size_t)client->options.shards, sizeof(struct shard));
    if (client->shards == NULL || hb_timer_new(client->options.loop, on_sweep, client, &client->sweep) != HB_OK) {
        return HB_ERR_MEMORY;
    }
    for (int i = 0; i < client->options.shards; i++) {
        struct shard *shard = &client->shards[i];
        shard->client = client;
        shard->timer.fn = on_shard_timer;
        shard->timer.user = shard;
        enum hb_err err = open_multi(shard);
        if (err != HB_OK) {
            return err;
        }
    }
    return HB_OK;
}

void shards_deinit(struct hb_http_client *client)
{
    for (int i = 0; client->shards != NULL && i < client->options.shards; i++) {
        if (client->shards[i].multi != NULL) {
            close_multi(&client->shards[i]);
        }
    }
    for (size_t i = 0; i < client->slots_count; i++) {
        free(client->slots[i]);
    }
    free(client->slots);
    free(client->shards);
    client->slots = NULL;
    client->shards = NULL;
    hb_timer_free(&client->sweep);
}

struct shard *shard_of(struct hb_http_client *client, struct hb_str destination)
{
    uint32_t hash = 2166136261U;
    for (size_t i = 0; i < destination.len; i++) {
        hash = (hash ^ (unsigned char)destination.ptr[i]) * 16777619U;
    }
    hash ^= hash >> 15;
    return &client->shards[hash % (uint32_t)client->options.shards];
}

/* While idle connections are at their maximum, a shard that has more than its share gives one up for each that comes
 * back. Its share is a fixed number: one that followed the shard's own size would grow with it, a connection at a time,
 * until no descriptor is left. */
static void limit_kept(struct shard *shard)
{
    struct hb_http_client *client = shard->client;
    long limit = (long)client->options.kept_connections_max + client->options.in_flight_max + 1;
    if (client->open - client->running >= client->options.kept_connections_max) {
        limit = client->options.kept_connections_max / client->options.shards + shard->running + 1;
    }
    if (limit != shard->limit) {
        (void)curl_multi_setopt(shard->multi, CURLMOPT_MAXCONNECTS, limit);
        shard->limit = limit;
    }
}

enum hb_err shard_start(struct shard *shard, struct hb_http_request *request)
{
    limit_kept(shard);
    bool forgets = ++shard->started % FORGET_EVERY == 0;
    if (forgets) {
        (void)curl_easy_setopt(request->easy, CURLOPT_DNS_CACHE_TIMEOUT, FORGET_AFTER_S);
    }
    if (curl_multi_add_handle(shard->multi, request->easy) != CURLM_OK) {
        return HB_ERR_MEMORY;
    }
    shard->running++;
    shard->client->running++;
    shard->used_us = client_now_us(shard->client);
    request->forgets = forgets;
    shard->is_due = true;
    run_due(shard);
    collect(shard);
    return HB_OK;
}

void shard_stop(struct shard *shard, struct hb_http_request *request)
{
    (void)curl_multi_remove_handle(shard->multi, request->easy);
    forget_opened(request);
    shard->running--;
    shard->client->running--;
    if (request->forgets) {
        (void)curl_easy_setopt(request->easy, CURLOPT_DNS_CACHE_TIMEOUT, -1L);
        request->forgets = false;
    }
}
