/* Job: the one address filter: which addresses may be called at all.
 *
 * Place: asked by core/url at registration and by platform/http_client where a socket is opened and before each request
 * on a kept connection. Judges addresses, never the text of a URL. Default: only global unicast; an IPv4 address inside
 * an IPv6 one (mapped, compatible, NAT64, 6to4, Teredo, ISATAP) is unwrapped and judged too. The operator's list adds
 * to it. Owns / borrows: a filter is immutable after _new. Fails: HB_ERR_CONFIG (a bad list entry, named),
 * HB_ERR_MEMORY. Limits: HB_EGRESS_RULES_MAX entries. Threads: any, read-only.
 *
 * Example:
 *     struct hb_egress *egress = NULL;
 *     err = hb_egress_new(HB_STR("127.0.0.0/8,[fd00::]/8:443"), &egress, &error);
 *     if (!hb_egress_allows(egress, &address, 443)) … */
#ifndef CORE_EGRESS_H
#define CORE_EGRESS_H

#include "hookbus/address.h"
#include "hookbus/bytes.h"

#define HB_EGRESS_RULES_MAX 256

struct hb_egress;

/* From a comma-separated list of CIDR[:port] or address[:port] (IPv6 in brackets when a port follows); empty: nothing
 * is added to the default. */
HB_MUST_USE enum hb_err hb_egress_new(struct hb_str allow, struct hb_egress **ret_egress, struct hb_error *reterr);
/* NULL is allowed; sets the pointer to NULL. */
void hb_egress_free(struct hb_egress **egress);
/* Whether the address may be called at this port. egress NULL: the default alone. */
bool hb_egress_allows(const struct hb_egress *egress, const struct hb_address *address, uint16_t port);
/* Whether the operator's list has any entry: then names of private networks are left to the filter of addresses. */
bool hb_egress_has_rules(const struct hb_egress *egress);
/* Whether the address is global unicast, embedded IPv4 included. */
bool hb_address_is_global(const struct hb_address *address);
/* Parses a strict dotted quad or an IPv6 address without brackets and zone. */
bool hb_address_parse(struct hb_str text, struct hb_address *ret_address);

#define HB_ADDRESS_TEXT_MAX 64
/* "192.0.2.1" or "2001:db8::1", NUL-terminated. */
void hb_address_format(const struct hb_address *address, char ret_text[HB_ADDRESS_TEXT_MAX]);

#endif
