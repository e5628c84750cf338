/* Job: an IP address as a value.
 *
 * Place: given by platform/resolver and core/url, judged by core/egress, dialled by platform/http_client.
 * Owns: nothing. Threads: any. Limits: 17 bytes, no zone. */
#ifndef HOOKBUS_ADDRESS_H
#define HOOKBUS_ADDRESS_H

#include <stdbool.h>

/* An IP address in network byte order; IPv4 uses the first four bytes, the others are zero. */
struct hb_address {
    unsigned char bytes[16];
    bool is_v6;
};

#endif
