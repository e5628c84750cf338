#include "platform/resolver/internal.h"

#include "core/egress.h" /* hb_address_parse */
#include "platform/loop/loop.h"

#include <stdlib.h>

#define NAME_MAX_BYTES 255
/* Our own trouble is not remembered for long: it ends for all names at once. */
#define OURS_TTL_MS 1000
#define DEADLINE_TICK_MS 50

struct hb_resolver {
    struct hb_resolver_options options;
    struct channel *channel;
    struct cache cache;
    struct cache_entry *done_first, *done_last;
    struct hb_timer *deadlines;     /* runs while anybody waits */
    struct hb_lookup *first, *last; /* who waits, in the order of asking */
    bool is_telling;
};

struct channel *hb_resolver_channel(struct hb_resolver *resolver)
{
    return resolver->channel;
}

static struct hb_mono now_of(const struct hb_resolver *resolver)
{
    return hb_loop_mono(resolver->options.loop);
}

static int64_t clamp_s(int64_t value, int64_t least, int64_t most)
{
    if (value < least) {
        return least;
    }
    return value > most ? most : value;
}

static int64_t keep_ms(const struct hb_resolver *resolver, enum hb_failure failure, int ttl_s)
{
    const struct hb_resolver_options *options = &resolver->options;
    if (failure == HB_FAILURE_NONE) {
        return clamp_s(ttl_s, options->ttl_min_s, options->ttl_max_s) * HB_MS_PER_S;
    }
    return failure == HB_FAILURE_OURS ? OURS_TTL_MS : (int64_t)options->negative_ttl_s * HB_MS_PER_S;
}

static void remember(struct cache_entry *entry, enum hb_failure failure, const struct hb_address *addresses,
                     size_t count, int ttl_s)
{
    entry->is_answered = true;
    entry->failure = failure;
    entry->count = count;
    if (count > 0) {
        memcpy(entry->addresses, addresses, count * sizeof(addresses[0]));
    }
    int64_t kept_ms = keep_ms(entry->resolver, failure, ttl_s);
    entry->expires = (struct hb_mono){now_of(entry->resolver).us + kept_ms * HB_US_PER_MS};
}

/* Inside c-ares: only noted, told by tell_all outside of it. */
static void on_done(struct cache_entry *entry, enum hb_failure failure, const struct hb_address *addresses,
                    size_t count, int ttl_s)
{
    struct hb_resolver *resolver = entry->resolver;
    entry->is_running = false;
    remember(entry, failure, addresses, count, ttl_s);
    entry->pins++;
    entry->done_next = NULL;
    *(resolver->done_last != NULL ? &resolver->done_last->done_next : &resolver->done_first) = entry;
    resolver->done_last = entry;
}

static void unlink_lookup(struct hb_lookup *lookup)
{
    struct hb_resolver *resolver = lookup->resolver;
    *(lookup->previous != NULL ? &lookup->previous->next : &lookup->entry->lookups) = lookup->next;
    if (lookup->next != NULL) {
        lookup->next->previous = lookup->previous;
    }
    *(lookup->earlier != NULL ? &lookup->earlier->later : &resolver->first) = lookup->later;
    *(lookup->later != NULL ? &lookup->later->earlier : &resolver->last) = lookup->earlier;
    if (resolver->first == NULL) {
        hb_timer_stop(resolver->deadlines);
    }
}

static void link_lookup(struct hb_lookup *lookup)
{
    struct hb_resolver *resolver = lookup->resolver;
    lookup->next = lookup->entry->lookups;
    if (lookup->next != NULL) {
        lookup->next->previous = lookup;
    }
    lookup->entry->lookups = lookup;
    if (resolver->first == NULL) {
        hb_timer_start(resolver->deadlines, DEADLINE_TICK_MS, DEADLINE_TICK_MS);
    }
    lookup->earlier = resolver->last;
    *(resolver->last != NULL ? &resolver->last->later : &resolver->first) = lookup;
    resolver->last = lookup;
}

/* A callback may cancel other lookups and start new ones: the list is read anew after each. Those who ask meanwhile are
 * answered from the entry at once and do not join the list. */
static void tell(struct cache_entry *entry)
{
    while (entry->lookups != NULL && !entry->is_running) {
        struct hb_lookup *lookup = entry->lookups;
        hb_lookup_fn *fn = lookup->fn;
        void *user = lookup->user;
        unlink_lookup(lookup);
        free(lookup);
        fn(user, entry->failure, entry->addresses, entry->count);
    }
}

static void tell_all(void *user)
{
    struct hb_resolver *resolver = user;
    while (resolver->done_first != NULL && !resolver->is_telling) {
        struct cache_entry *entry = resolver->done_first;
        resolver->done_first = entry->done_next;
        if (resolver->done_first == NULL) {
            resolver->done_last = NULL;
        }
        resolver->is_telling = true;
        tell(entry);
        resolver->is_telling = false;
        entry->pins--;
    }
}

/* c-ares may take longer than our limit: then its askers go without it, and its late answer still fills the cache. All
 * have the same limit, so who asked first is due first. */
static void on_deadlines(void *user)
{
    struct hb_resolver *resolver = user;
    while (resolver->first != NULL && resolver->first->deadline.us <= now_of(resolver).us) {
        struct hb_lookup *lookup = resolver->first;
        hb_lookup_fn *fn = lookup->fn;
        void *asker = lookup->user;
        unlink_lookup(lookup);
        free(lookup);
        fn(asker, HB_FAILURE_DNS_TIMEOUT, NULL, 0);
    }
}

enum hb_err hb_resolver_new(const struct hb_resolver_options *options, struct hb_resolver **ret_resolver,
                            struct hb_error *reterr)
{
    HB_ASSERT(options->loop != NULL && options->cache_entries_max > 0 && options->timeout_ms > 0);
    struct hb_resolver *resolver = calloc(1, sizeof(*resolver));
    if (resolver == NULL) {
        return hb_fail(reterr, HB_ERR_MEMORY, "out of memory");
    }
    resolver->options = *options;
    enum hb_err err = cache_init(&resolver->cache, (size_t)options->cache_entries_max);
    if (err == HB_OK) {
        err = hb_timer_new(options->loop, on_deadlines, resolver, &resolver->deadlines);
    }
    if (err != HB_OK) {
        (void)hb_fail(reterr, err, "the resolver cannot start: %s", hb_err_text(err));
    } else {
        err = channel_new(options, on_done, tell_all, resolver, &resolver->channel, reterr);
    }
    if (err != HB_OK) {
        hb_resolver_free(&resolver);
        return err;
    }
    *ret_resolver = resolver;
    return HB_OK;
}

void hb_resolver_free(struct hb_resolver **resolver)
{
    if (resolver == NULL || *resolver == NULL) {
        return;
    }
    struct hb_resolver *gone = *resolver;
    HB_ASSERT(!gone->is_telling && gone->first == NULL);
    if (gone->channel != NULL) {
        channel_free(&gone->channel);
    }
    cache_deinit(&gone->cache);
    hb_timer_free(&gone->deadlines);
    free(gone);
    *resolver = NULL;
}

static bool is_fresh(const struct cache_entry *entry, struct hb_mono now)
{
    return entry->is_answered && !entry->is_running && now.us < entry->expires.us;
}

static enum hb_err wait_for(struct hb_resolver *resolver, struct cache_entry *entry, hb_lookup_fn *fn, void *user,
                            struct hb_lookup **ret_lookup)
{
    struct hb_lookup *lookup = calloc(1, sizeof(*lookup));
    if (lookup == NULL) {
        return HB_ERR_MEMORY;
    }
    int64_t deadline_us = now_of(resolver).us + (int64_t)resolver->options.timeout_ms * HB_US_PER_MS;
    *lookup = (struct hb_lookup){.resolver = resolver, .entry = entry, .fn = fn, .user = user};
    lookup->deadline = (struct hb_mono){deadline_us};
    link_lookup(lookup);
    *ret_lookup = lookup;
    return HB_OK;
}

/* Asks; /etc/hosts and plain refusals answer before it returns. */
static void start(struct hb_resolver *resolver, struct cache_entry *entry)
{
    entry->resolver = resolver;
    entry->is_running = true;
    entry->is_answered = false;
    channel_start(resolver->channel, entry);
    tell_all(resolver);
}

/* Lower case, without the root's dot; an empty view if it is too long for a name. */
static struct hb_str plain_name(struct hb_str host, char *buffer)
{
    if (host.len > 0 && host.ptr[host.len - 1] == '.') {
        host.len--;
    }
    if (host.len == 0 || host.len > NAME_MAX_BYTES || memchr(host.ptr, '\0', host.len) != NULL) {
        return (struct hb_str){NULL, 0};
    }
    for (size_t i = 0; i < host.len; i++) {
        char c = host.ptr[i];
        buffer[i] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
    }
    return hb_str_n(buffer, host.len);
}

enum hb_err hb_resolver_lookup(struct hb_resolver *resolver, struct hb_str host, hb_lookup_fn *fn, void *user,
                               struct hb_lookup **ret_lookup)
{
    *ret_lookup = NULL;
    struct hb_address literal;
    if (hb_address_parse(host, &literal)) {
        fn(user, HB_FAILURE_NONE, &literal, 1);
        return HB_OK;
    }
    char buffer[NAME_MAX_BYTES + 1];
    struct hb_str name = plain_name(host, buffer);
    if (name.len == 0) {
        fn(user, HB_FAILURE_DNS_NOT_FOUND, NULL, 0);
        return HB_OK;
    }
    uint32_t hash = cache_hash(name);
    struct cache_entry *entry = cache_find(&resolver->cache, name, hash);
    if (entry == NULL && (entry = cache_add(&resolver->cache, name, hash)) == NULL) {
        fn(user, HB_FAILURE_OURS, NULL, 0);
        return HB_OK;
    }
    if (!entry->is_running && !is_fresh(entry, now_of(resolver))) {
        start(resolver, entry);
    }
    if (entry->is_running) {
        return wait_for(resolver, entry, fn, user, ret_lookup);
    }
    entry->pins++;
    fn(user, entry->failure, entry->addresses, entry->count);
    entry->pins--;
    return HB_OK;
}

void hb_lookup_cancel(struct hb_lookup *lookup)
{
    unlink_lookup(lookup);
    free(lookup);
}
