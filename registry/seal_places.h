/* Job: says to which place each sealed value of the registry is bound.
 *
 * Place: used where values are sealed (the API) and opened (snapshots); both must agree for good. Owns: nothing; the
 * views given are borrowed. Threads: any. */
#ifndef REGISTRY_SEAL_PLACES_H
#define REGISTRY_SEAL_PLACES_H

#include "platform/crypto/crypto.h"

#define HB_SEALED_TEXT_MAX 1024 /* bytes of an opened signing secret, with room */

/* A webhook's signing secret ("whsec_…" is what is sealed). */
static inline struct hb_seal_place hb_seal_place_secret(struct hb_str store, struct hb_str webhook)
{
    return (struct hb_seal_place){store, HB_STR("webhook"), webhook, HB_STR("secret")};
}

/* The value of a header that holds a credential; the field is the header's name, so values cannot be swapped between
 * headers. */
static inline struct hb_seal_place hb_seal_place_header(struct hb_str store, struct hb_str webhook, struct hb_str name)
{
    return (struct hb_seal_place){store, HB_STR("webhook-header"), webhook, name};
}

/* The query of its URL, with its '?'. */
static inline struct hb_seal_place hb_seal_place_query(struct hb_str store, struct hb_str webhook)
{
    return (struct hb_seal_place){store, HB_STR("webhook-url"), webhook, HB_STR("query")};
}

#endif
