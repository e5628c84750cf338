#include "platform/redis/redis_internal.h"

#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>

int hb_redis_nodes(const char *address)
{
    struct hb_str rest = hb_str_c(address), one;
    int count = 0;
    while (rest.len && hb_str_split(&rest, ',', &one)) {
        count++;
    }
    return count;
}

enum hb_err hb_redis_address_node(const char *list, int node, char *ret_text, size_t text_bytes)
{
    struct hb_str rest = hb_str_c(list), one = {NULL, 0};
    for (int i = 0; i <= node; i++) {
        if (!rest.len || !hb_str_split(&rest, ',', &one)) {
            return HB_ERR_CONFIG;
        }
    }
    one = hb_str_trim(one);
    if (one.len == 0 || one.len >= text_bytes) {
        return HB_ERR_CONFIG;
    }
    memcpy(ret_text, one.ptr, one.len);
    ret_text[one.len] = '\0';
    return HB_OK;
}

enum hb_err hb_redis_address_parse(const char *text, struct hb_redis_address *ret_address)
{
    struct hb_redis_address address = {0};
    address.is_tls = hb_str_has_prefix(hb_str_c(text), HB_STR("rediss://"));
    if (address.is_tls) {
        text += strlen("rediss://");
    }
    struct hb_str all = hb_str_c(text);
    if (hb_str_has_prefix(all, HB_STR("unix:"))) {
        address.is_unix = true;
        if (address.is_tls || all.len <= 5 || all.len - 5 >= sizeof(((struct sockaddr_un *)0)->sun_path)) {
            return HB_ERR_CONFIG;
        }
        memcpy(address.host, all.ptr + 5, all.len - 5);
        *ret_address = address;
        return HB_OK;
    }
    const char *colon = strrchr(text, ':');
    struct hb_str host = {text, colon ? (size_t)(colon - text) : 0};
    struct hb_str port = hb_str_c(colon ? colon + 1 : NULL);
    if (host.len >= 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']') {
        host = (struct hb_str){host.ptr + 1, host.len - 2};
    }
    uint64_t number = 0;
    if (host.len == 0 || host.len >= sizeof(address.host) || !hb_str_to_u64(port, &number) || number == 0 ||
        number > 65535) {
        return HB_ERR_CONFIG;
    }
    memcpy(address.host, host.ptr, host.len);
    (void)snprintf(address.port, sizeof(address.port), "%u", (unsigned)number);
    *ret_address = address;
    return HB_OK;
}

static enum hb_err resolve(const struct hb_redis_address *address, int flags, struct hb_redis_where *ret_where)
{
    const struct addrinfo hints = {
        .ai_flags = AI_NUMERICSERV | flags, .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    if (getaddrinfo(address->host, address->port, &hints, &found) != 0) {
        return HB_ERR_NOT_FOUND;
    }
    memcpy(&ret_where->address, found->ai_addr, found->ai_addrlen);
    ret_where->length = found->ai_addrlen;
    freeaddrinfo(found);
    return HB_OK;
}

enum hb_err hb_redis_address_numeric(const struct hb_redis_address *address, struct hb_redis_where *ret_where)
{
    memset(ret_where, 0, sizeof(*ret_where));
    if (!address->is_unix) {
        return resolve(address, AI_NUMERICHOST, ret_where);
    }
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    memcpy(un.sun_path, address->host, strlen(address->host) + 1);
    memcpy(&ret_where->address, &un, sizeof(un));
    ret_where->length = sizeof(un);
    return HB_OK;
}

/* Shared by the loop and the thread; the last one frees it. */
struct hb_redis_lookup {
    pthread_mutex_t lock;
    int holders;
    struct hb_wake *wake; /* NULL: nobody waits any more */
    struct hb_redis_address address;
    enum hb_err err;
    struct hb_redis_where where;
};

static void let_go(struct hb_redis_lookup *lookup)
{
    (void)pthread_mutex_lock(&lookup->lock);
    bool is_last = --lookup->holders == 0;
    (void)pthread_mutex_unlock(&lookup->lock);
    if (is_last) {
        (void)pthread_mutex_destroy(&lookup->lock);
        free(lookup);
    }
}

static void *look_up(void *user)
{
    struct hb_redis_lookup *lookup = user;
    struct hb_redis_where where = {0};
    enum hb_err err = resolve(&lookup->address, 0, &where);
    (void)pthread_mutex_lock(&lookup->lock);
    lookup->err = err ? HB_ERR_AWAY : HB_OK;
    lookup->where = where;
    if (lookup->wake) {
        hb_wake_send(lookup->wake);
    }
    (void)pthread_mutex_unlock(&lookup->lock);
    let_go(lookup);
    return NULL;
}

static int start_thread(struct hb_redis_lookup *lookup)
{
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    (void)pthread_attr_init(&attributes);
    (void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the loop's */
    int rc = pthread_create(&thread, &attributes, look_up, lookup);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)pthread_attr_destroy(&attributes);
    return rc;
}

enum hb_err hb_redis_lookup_start(struct hb_loop *loop, const struct hb_redis_address *address, void (*fn)(void *user),
                                  void *user, struct hb_redis_lookup **ret_lookup)
{
    struct hb_redis_lookup *lookup = calloc(1, sizeof(*lookup));
    if (!lookup) {
        return HB_ERR_MEMORY;
    }
    lookup->address = *address;
    lookup->holders = 2;
    lookup->err = HB_ERR_AWAY;
    (void)pthread_mutex_init(&lookup->lock, NULL);
    enum hb_err err = hb_wake_new(loop, fn, user, &lookup->wake);
    if (err || start_thread(lookup) != 0) {
        hb_wake_free(&lookup->wake);
        (void)pthread_mutex_destroy(&lookup->lock);
        free(lookup);
        return err ? err : HB_ERR_MEMORY;
    }
    *ret_lookup = lookup;
    return HB_OK;
}

enum hb_err hb_redis_lookup_result(struct hb_redis_lookup *lookup, struct hb_redis_where *ret_where)
{
    (void)pthread_mutex_lock(&lookup->lock);
    enum hb_err err = lookup->err;
    *ret_where = lookup->where;
    (void)pthread_mutex_unlock(&lookup->lock);
    return err;
}

void hb_redis_lookup_free(struct hb_redis_lookup **lookup_ref)
{
    struct hb_redis_lookup *lookup = *lookup_ref;
    if (!lookup) {
        return;
    }
    *lookup_ref = NULL;
    (void)pthread_mutex_lock(&lookup->lock);
    hb_wake_free(&lookup->wake);
    (void)pthread_mutex_unlock(&lookup->lock);
    let_go(lookup);
}
