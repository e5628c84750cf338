/* Job: turns a host name into addresses without blocking the loop.
 *
 * Place: the only includer of c-ares. Used by platform/http_client. Looks at /etc/hosts first, then DNS (the
 * system's or configured servers); search domains are not used: a name means the same everywhere.
 * Owns / borrows: answers are views valid during the callback.
 * Fails: HB_ERR_CONFIG, HB_ERR_MEMORY. A lookup's own trouble (no server can be reached, no memory, all entries of
 * the cache are in use) is HB_FAILURE_OURS.
 * Limits: cache entries, TTLs, lookups at a time and the time of each bounded by the options; names in lookup are
 * joined (one query for many askers); at most HB_RESOLVER_ADDRESSES_MAX addresses of a name are kept.
 * Threads: the loop's; starts none. */
#ifndef PLATFORM_RESOLVER_RESOLVER_H
#define PLATFORM_RESOLVER_RESOLVER_H

#include "hookbus/address.h"
#include "hookbus/answer.h"

struct hb_loop;
struct hb_resolver;
struct hb_lookup;

struct hb_resolver_options {
    struct hb_loop *loop;
    const char *servers; /* "127.0.0.1:5353,…"; NULL: the system's */
    int timeout_ms;      /* for one lookup in all */
    int cache_entries_max;
    int ttl_min_s, ttl_max_s; /* what a TTL is clamped to */
    int negative_ttl_s;       /* how long a failure is remembered */
};
#define HB_RESOLVER_ADDRESSES_MAX 16
/* failure NONE and at least one address, or a HB_FAILURE_DNS_*, or HB_FAILURE_OURS. */
typedef void hb_lookup_fn(void *user, enum hb_failure failure, const struct hb_address *addresses, size_t count);

HB_MUST_USE enum hb_err hb_resolver_new(const struct hb_resolver_options *options, struct hb_resolver **ret_resolver,
                                        struct hb_error *reterr);
void hb_resolver_free(struct hb_resolver **resolver);
/* A cached answer or literal address calls back at once, before the function returns (*ret_lookup stays NULL).
 * Otherwise later, exactly once unless canceled. */
HB_MUST_USE enum hb_err hb_resolver_lookup(struct hb_resolver *resolver, struct hb_str host, hb_lookup_fn *fn,
                                           void *user, struct hb_lookup **ret_lookup);
/* No callback any more. */
void hb_lookup_cancel(struct hb_lookup *lookup);

#endif
