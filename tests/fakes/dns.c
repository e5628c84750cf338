#include "fakes/dns.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define PACKET_MAX 1024
#define HEADER_BYTES 12
#define TYPE_A 1
#define RCODE_SERVFAIL 2
#define RCODE_NXDOMAIN 3

struct fake_dns {
    const struct fake_dns_name *names;
    size_t count;
    int fd;
    char servers[32];
    pthread_t thread;
    atomic_bool is_ending;
    atomic_size_t queries[FAKE_DNS_NAMES_MAX];
};

struct query {
    char name[256];
    unsigned type;
    size_t bytes; /* header and question */
};

static bool read_query(const unsigned char *packet, size_t len, struct query *ret_query)
{
    size_t at = HEADER_BYTES;
    size_t out = 0;
    while (at < len && packet[at] != 0) {
        size_t label = packet[at];
        if (at + 1 + label >= len || out + label + 1 >= sizeof(ret_query->name)) {
            return false;
        }
        if (out > 0) {
            ret_query->name[out++] = '.';
        }
        memcpy(ret_query->name + out, packet + at + 1, label);
        out += label;
        at += label + 1;
    }
    if (at + 5 > len) {
        return false;
    }
    ret_query->name[out] = '\0';
    ret_query->type = (unsigned)packet[at + 1] << 8 | packet[at + 2];
    ret_query->bytes = at + 5;
    return true;
}

static struct fake_dns_step step_of(struct fake_dns *dns, const struct query *query)
{
    for (size_t i = 0; i < dns->count; i++) {
        const struct fake_dns_name *name = &dns->names[i];
        if (strcasecmp(name->name, query->name) == 0) {
            size_t at = query->type == TYPE_A ? atomic_fetch_add(&dns->queries[i], 1) : atomic_load(&dns->queries[i]);
            return name->steps[at < name->count ? at : name->count - 1];
        }
    }
    return (struct fake_dns_step){FAKE_DNS_NXDOMAIN, NULL, 0};
}

static size_t add_address(unsigned char *to, const char *text, uint32_t ttl_s)
{
    static const unsigned char fixed[] = {0xc0, HEADER_BYTES, 0, TYPE_A, 0, 1};
    memcpy(to, fixed, sizeof(fixed));
    uint32_t ttl = htonl(ttl_s);
    memcpy(to + 6, &ttl, 4);
    to[10] = 0;
    to[11] = 4;
    if (inet_pton(AF_INET, text, to + 12) != 1) {
        abort();
    }
    return 16;
}

static size_t build(unsigned char *packet, const struct query *query, const struct fake_dns_step *step)
{
    size_t len = query->bytes;
    unsigned answers = 0;
    packet[2] = 0x81;
    packet[3] = 0x80;
    memset(packet + 6, 0, 6);
    if (step->kind == FAKE_DNS_NXDOMAIN) {
        packet[3] |= RCODE_NXDOMAIN;
    } else if (step->kind == FAKE_DNS_SERVFAIL) {
        packet[3] |= RCODE_SERVFAIL;
    } else if (query->type == TYPE_A) {
        char copy[256];
        char *rest = NULL;
        (void)snprintf(copy, sizeof(copy), "%s", step->addresses);
        for (char *one = strtok_r(copy, " ", &rest); one != NULL; one = strtok_r(NULL, " ", &rest)) {
            len += add_address(packet + len, one, step->ttl_s);
            answers++;
        }
    }
    packet[7] = (unsigned char)answers;
    return len;
}

static void *on_thread(void *user)
{
    struct fake_dns *dns = user;
    struct pollfd wait = {.fd = dns->fd, .events = POLLIN};
    while (!atomic_load(&dns->is_ending)) {
        unsigned char packet[PACKET_MAX];
        struct sockaddr_in from;
        socklen_t size = sizeof(from);
        if (poll(&wait, 1, 20) <= 0) {
            continue;
        }
        ssize_t got = recvfrom(dns->fd, packet, PACKET_MAX / 2, 0, (struct sockaddr *)&from, &size);
        struct query query;
        if (got < HEADER_BYTES || !read_query(packet, (size_t)got, &query)) {
            continue;
        }
        struct fake_dns_step step = step_of(dns, &query);
        if (step.kind != FAKE_DNS_SILENT) {
            (void)sendto(dns->fd, packet, build(packet, &query, &step), 0, (struct sockaddr *)&from, size);
        }
    }
    return NULL;
}

struct fake_dns *fake_dns_new(const struct fake_dns_name *names, size_t count)
{
    struct fake_dns *dns = calloc(1, sizeof(*dns));
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(at);
    if (dns == NULL || count > FAKE_DNS_NAMES_MAX) {
        abort();
    }
    dns->names = names;
    dns->count = count;
    dns->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (dns->fd < 0 || bind(dns->fd, (struct sockaddr *)&at, size) != 0 ||
        getsockname(dns->fd, (struct sockaddr *)&at, &size) != 0 ||
        pthread_create(&dns->thread, NULL, on_thread, dns) != 0) {
        perror("fake dns");
        abort();
    }
    (void)snprintf(dns->servers, sizeof(dns->servers), "127.0.0.1:%d", ntohs(at.sin_port));
    return dns;
}

void fake_dns_free(struct fake_dns *dns)
{
    atomic_store(&dns->is_ending, true);
    (void)pthread_join(dns->thread, NULL);
    (void)close(dns->fd);
    free(dns);
}

const char *fake_dns_servers(const struct fake_dns *dns)
{
    return dns->servers;
}

size_t fake_dns_queries(const struct fake_dns *dns, size_t i)
{
    return atomic_load(&dns->queries[i]);
}
