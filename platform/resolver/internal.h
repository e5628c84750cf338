/* Job: what the resolver's files share: the cache's entries and the channel to c-ares.
 * Threads: the loop's. */
#ifndef PLATFORM_RESOLVER_INTERNAL_H
#define PLATFORM_RESOLVER_INTERNAL_H

#include "platform/resolver/resolver.h"

/* Who asked, until it is answered or canceled. */
struct hb_lookup {
    struct hb_resolver *resolver;
    struct cache_entry *entry;
    hb_lookup_fn *fn;
    void *user;
    struct hb_mono deadline;
    struct hb_lookup *previous, *next; /* of the entry */
    struct hb_lookup *earlier, *later; /* of the resolver */
};

/* A name: its answer while that is fresh, its askers while it is looked up. */
struct cache_entry {
    struct hb_resolver *resolver;
    struct cache_entry *chain;         /* same bucket */
    struct cache_entry *newer, *older; /* by last use */
    struct cache_entry *done_next;     /* answered, askers not told yet */
    struct hb_lookup *lookups;
    struct hb_mono expires;
    enum hb_failure failure;
    bool is_running;  /* c-ares works on it */
    bool is_answered; /* failure and addresses mean something */
    unsigned pins;    /* being told right now: not to be freed */
    uint32_t hash;
    size_t count;
    struct hb_address addresses[HB_RESOLVER_ADDRESSES_MAX];
    size_t name_len;
    char name[]; /* lower case, NUL-terminated */
};

/* A bounded table of entries; the least recently used one that nobody needs makes room. */
struct cache {
    struct cache_entry **buckets;
    size_t buckets_count; /* a power of two */
    size_t count, max;
    struct cache_entry *newest, *oldest;
};

HB_MUST_USE enum hb_err cache_init(struct cache *cache, size_t max);
void cache_deinit(struct cache *cache);
/* NULL if the name is not there. Counts as a use. */
struct cache_entry *cache_find(struct cache *cache, struct hb_str name, uint32_t hash);
/* NULL when out of memory or all entries are in use. */
struct cache_entry *cache_add(struct cache *cache, struct hb_str name, uint32_t hash);
uint32_t cache_hash(struct hb_str name);

struct channel;
/* The resolver's own; c-ares gives back the entry alone. */
struct channel *hb_resolver_channel(struct hb_resolver *resolver);
/* Called from inside c-ares, once for each channel_start; the addresses are valid during the call. */
typedef void channel_done_fn(struct cache_entry *entry, enum hb_failure failure, const struct hb_address *addresses,
                             size_t count, int ttl_s);
/* `after` is called when c-ares has done what there was to do, outside of it. */
HB_MUST_USE enum hb_err channel_new(const struct hb_resolver_options *options, channel_done_fn *done,
                                    void (*after)(void *user), void *user, struct channel **ret_channel,
                                    struct hb_error *reterr);
/* What runs still is told as canceled before it returns. */
void channel_free(struct channel **channel);
/* May call `done` at once. */
void channel_start(struct channel *channel, struct cache_entry *entry);

#endif
