/* Job: a DNS server that answers as it is told.
 *
 * Place: tests only; UDP on 127.0.0.1, a thread of its own. Each name has a script: one step a query of type A, the
 * last repeats. Queries of other types are answered "no data", or as the step says when it is a failure. Threads: the
 * functions here from one thread.
 *
 * Example:
 *     static const struct fake_dns_step steps[] = {{FAKE_DNS_ADDRESS, "203.0.113.7", 1}, {FAKE_DNS_ADDRESS,
 * "127.0.0.1", 1}}; static const struct fake_dns_name names[] = {{"rebind.example", steps, 2}}; struct fake_dns *dns =
 * fake_dns_new(names, 1); */
#ifndef TESTS_FAKES_DNS_H
#define TESTS_FAKES_DNS_H

#include <stddef.h>
#include <stdint.h>

enum fake_dns_kind {
    FAKE_DNS_ADDRESS, /* `addresses`, space-separated IPv4 */
    FAKE_DNS_NXDOMAIN,
    FAKE_DNS_SERVFAIL,
    FAKE_DNS_SILENT, /* no answer at all */
};

struct fake_dns_step {
    enum fake_dns_kind kind;
    const char *addresses;
    uint32_t ttl_s;
};

struct fake_dns_name {
    const char *name;
    const struct fake_dns_step *steps;
    size_t count;
};

#define FAKE_DNS_NAMES_MAX 16

struct fake_dns;
/* Names not listed do not exist. The arrays must live until _free. */
struct fake_dns *fake_dns_new(const struct fake_dns_name *names, size_t count);
void fake_dns_free(struct fake_dns *dns);
/* "127.0.0.1:PORT"; valid until _free. */
const char *fake_dns_servers(const struct fake_dns *dns);
/* Queries of type A for name i so far. */
size_t fake_dns_queries(const struct fake_dns *dns, size_t i);

#endif
