#include "core/egress.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

struct block {
    unsigned char bytes[16];
    unsigned bits;
};

struct rule {
    struct hb_address network;
    unsigned bits;
    uint16_t port; /* 0: any */
};

struct hb_egress {
    size_t count;
    struct rule rules[HB_EGRESS_RULES_MAX];
};

/* IANA special-purpose registries, and metadata services that sit in otherwise global space. */
static const struct block denied_v4[] = {
    {{0}, 8},                 /* this network */
    {{10}, 8},                /* private */
    {{100, 64}, 10},          /* carrier-grade NAT; also a metadata service */
    {{127}, 8},               /* loopback */
    {{168, 63, 129, 16}, 32}, /* a cloud's own host agent */
    {{169, 254}, 16},         /* link local; metadata services */
    {{172, 16}, 12},          /* private */
    {{192, 0, 0}, 24},        /* protocol assignments */
    {{192, 0, 2}, 24},        /* documentation */
    {{192, 88, 99}, 24},      /* 6to4 relays, gone */
    {{192, 168}, 16},         /* private */
    {{198, 18}, 15},          /* benchmarks */
    {{198, 51, 100}, 24},     /* documentation */
    {{203, 0, 113}, 24},      /* documentation */
    {{224}, 4},               /* multicast */
    {{240}, 4},               /* reserved, broadcast */
};

/* Inside 2000::/3; everything outside it is denied anyway. 2001::/23 holds Teredo, which says nothing certain about who
 * answers. */
static const struct block denied_v6[] = {
    {{0x20, 0x01}, 23},             /* protocol assignments, Teredo */
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation */
    {{0x3f, 0xfe}, 16},             /* 6bone, gone */
    {{0x3f, 0xff}, 20},             /* documentation */
};

static bool has_prefix(const unsigned char *bytes, const unsigned char *network, unsigned bits)
{
    if (memcmp(bytes, network, bits / 8) != 0) {
        return false;
    }
    unsigned rest = bits % 8;
    unsigned mask = (0xff00U >> rest) & 0xffU;
    return rest == 0 || (bytes[bits / 8] & mask) == (network[bits / 8] & mask);
}

static bool is_in(const unsigned char *bytes, const struct block *blocks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (has_prefix(bytes, blocks[i].bytes, blocks[i].bits)) {
            return true;
        }
    }
    return false;
}

static bool is_global_v4(const unsigned char *bytes)
{
    return !is_in(bytes, denied_v4, sizeof(denied_v4) / sizeof(denied_v4[0]));
}

static const unsigned char mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
static const unsigned char nat64_prefix[12] = {0x00, 0x64, 0xff, 0x9b};

/* An interface identifier of ISATAP: 0000:5efe or 0200:5efe before the IPv4 address. */
static bool is_isatap(const unsigned char *bytes)
{
    return (bytes[8] & 0xfd) == 0 && bytes[9] == 0 && bytes[10] == 0x5e && bytes[11] == 0xfe;
}

static bool is_global_v6(const unsigned char *bytes)
{
    if (memcmp(bytes, nat64_prefix, sizeof(nat64_prefix)) == 0) {
        return is_global_v4(bytes + 12);
    }
    if ((bytes[0] & 0xe0) != 0x20 || is_in(bytes, denied_v6, sizeof(denied_v6) / sizeof(denied_v6[0]))) {
        return false; /* also compatible (::/96) and local NAT64 (64:ff9b:1::/48): neither is global unicast */
    }
    if (bytes[0] == 0x20 && bytes[1] == 0x02 && !is_global_v4(bytes + 2)) {
        return false; /* 6to4 */
    }
    return !is_isatap(bytes) || is_global_v4(bytes + 12);
}

/* A mapped address is that IPv4 address: the kernel dials it so. */
static struct hb_address unmap(const struct hb_address *address)
{
    struct hb_address plain = *address;
    if (address->is_v6 && memcmp(address->bytes, mapped_prefix, sizeof(mapped_prefix)) == 0) {
        plain = (struct hb_address){.is_v6 = false};
        memcpy(plain.bytes, address->bytes + 12, 4);
    }
    return plain;
}

bool hb_address_is_global(const struct hb_address *address)
{
    struct hb_address plain = unmap(address);
    return plain.is_v6 ? is_global_v6(plain.bytes) : is_global_v4(plain.bytes);
}

static bool is_matching(const struct rule *rule, const struct hb_address *address, uint16_t port)
{
    return rule->network.is_v6 == address->is_v6 && (rule->port == 0 || rule->port == port) &&
           has_prefix(address->bytes, rule->network.bytes, rule->bits);
}

bool hb_egress_allows(const struct hb_egress *egress, const struct hb_address *address, uint16_t port)
{
    struct hb_address plain = unmap(address);
    for (size_t i = 0; egress != NULL && i < egress->count; i++) {
        if (is_matching(&egress->rules[i], &plain, port)) {
            return true;
        }
    }
    return port != 0 && (plain.is_v6 ? is_global_v6(plain.bytes) : is_global_v4(plain.bytes));
}

bool hb_egress_has_rules(const struct hb_egress *egress)
{
    return egress != NULL && egress->count > 0;
}

bool hb_address_parse(struct hb_str text, struct hb_address *ret_address)
{
    char copy[INET6_ADDRSTRLEN];
    if (text.len == 0 || text.len >= sizeof(copy) || memchr(text.ptr, '\0', text.len) != NULL) {
        return false;
    }
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    struct hb_address address = {.is_v6 = memchr(text.ptr, ':', text.len) != NULL};
    if (inet_pton(address.is_v6 ? AF_INET6 : AF_INET, copy, address.bytes) != 1) {
        return false;
    }
    *ret_address = address;
    return true;
}

void hb_address_format(const struct hb_address *address, char ret_text[HB_ADDRESS_TEXT_MAX])
{
    if (inet_ntop(address->is_v6 ? AF_INET6 : AF_INET, address->bytes, ret_text, HB_ADDRESS_TEXT_MAX) == NULL) {
        ret_text[0] = '\0';
    }
}

/* Cuts ":443" behind an address or a prefix length; false if it is there but no port. */
static bool cut_port(struct hb_str *entry, uint16_t *ret_port)
{
    const char *bracket = memchr(entry->ptr, ']', entry->len);
    size_t begin = bracket != NULL ? (size_t)(bracket - entry->ptr) + 1 : 0;
    const char *colon = memchr(entry->ptr + begin, ':', entry->len - begin);
    *ret_port = 0;
    if (colon == NULL || (bracket == NULL && memchr(colon + 1, ':', entry->len - (size_t)(colon + 1 - entry->ptr)))) {
        return true; /* none, or the colons of a bare IPv6 address */
    }
    uint64_t port = 0;
    struct hb_str digits = {colon + 1, entry->len - (size_t)(colon + 1 - entry->ptr)};
    if (!hb_str_to_u64(digits, &port) || port < 1 || port > 65535) {
        return false;
    }
    entry->len = (size_t)(colon - entry->ptr);
    *ret_port = (uint16_t)port;
    return true;
}

/* The address without brackets; false if they do not pair. */
static bool parse_network(struct hb_str text, struct hb_address *ret_network)
{
    if (text.len > 0 && text.ptr[0] == '[') {
        if (text.ptr[text.len - 1] != ']') {
            return false;
        }
        return hb_address_parse(hb_str_n(text.ptr + 1, text.len - 2), ret_network) && ret_network->is_v6;
    }
    return hb_address_parse(text, ret_network);
}

static bool parse_rule(struct hb_str entry, struct rule *ret_rule)
{
    struct rule rule;
    struct hb_str network = entry;
    if (!cut_port(&network, &rule.port)) {
        return false;
    }
    const char *slash = memchr(network.ptr, '/', network.len);
    struct hb_str length = {NULL, 0};
    if (slash != NULL) {
        length = hb_str_n(slash + 1, network.len - (size_t)(slash + 1 - network.ptr));
        network.len = (size_t)(slash - network.ptr);
    }
    if (!parse_network(network, &rule.network)) {
        return false;
    }
    uint64_t bits_max = rule.network.is_v6 ? 128 : 32;
    uint64_t bits = bits_max;
    if (slash != NULL && (!hb_str_to_u64(length, &bits) || bits > bits_max)) {
        return false;
    }
    rule.bits = (unsigned)bits;
    *ret_rule = rule;
    return true;
}

/* Addresses are judged unmapped: a network of mapped ones would never match. */
static bool is_mapped(const struct rule *rule)
{
    return rule->network.is_v6 && rule->bits >= 96 &&
           memcmp(rule->network.bytes, mapped_prefix, sizeof(mapped_prefix)) == 0;
}

static enum hb_err add_rules(struct hb_egress *egress, struct hb_str list, struct hb_error *reterr)
{
    struct hb_str field;
    while (hb_str_split(&list, ',', &field)) {
        struct hb_str entry = hb_str_trim(field);
        if (entry.len == 0) {
            continue;
        }
        if (egress->count == HB_EGRESS_RULES_MAX) {
            return hb_fail(reterr, HB_ERR_CONFIG, "egress.allow: more than %d entries", HB_EGRESS_RULES_MAX);
        }
        if (!parse_rule(entry, &egress->rules[egress->count])) {
            return hb_fail(reterr, HB_ERR_CONFIG,
                           "egress.allow: \"%.*s\" is not an address or network with an optional port, such as "
                           "10.0.0.0/8, 10.1.2.3:8080 or [fd00::]/8:443",
                           entry.len < 80 ? (int)entry.len : 80, entry.ptr);
        }
        if (is_mapped(&egress->rules[egress->count])) {
            return hb_fail(
                reterr, HB_ERR_CONFIG,
                "egress.allow: \"%.*s\" holds IPv4 addresses in IPv6 form: write them as IPv4, such as 10.0.0.0/8",
                entry.len < 80 ? (int)entry.len : 80, entry.ptr);
        }
        egress->count++;
    }
    return HB_OK;
}

enum hb_err hb_egress_new(struct hb_str allow, struct hb_egress **ret_egress, struct hb_error *reterr)
{
    struct hb_egress *egress = calloc(1, sizeof(*egress));
    if (egress == NULL) {
        return hb_fail(reterr, HB_ERR_MEMORY, "out of memory");
    }
    enum hb_err err = add_rules(egress, allow, reterr);
    if (err != HB_OK) {
        free(egress);
        return err;
    }
    *ret_egress = egress;
    return HB_OK;
}

void hb_egress_free(struct hb_egress **egress)
{
    if (egress != NULL) {
        free(*egress);
        *egress = NULL;
    }
}
