/* Job: says whether a call to the API may do what it asks; answers 401, 403 or 404 itself if not.
 *
 * Place: every room's routes call it first. Another store's objects are 404, never 403. Threads: the loop's. */
#ifndef REGISTRY_ACCESS_H
#define REGISTRY_ACCESS_H

#include "registry/registry.h"

struct hb_http_call;

/* The key of the call if it has `scope` for `store` (empty: a key for all stores is needed) and the store exists and is
 * not deleted; NULL after having answered. manage includes read and publish; read:data does not follow from read. now:
 * the loop's wall time. */
const struct hb_api_key *hb_access_check(const struct hb_registry *registry, struct hb_http_call *call,
                                         enum hb_scope scope, struct hb_str store, struct hb_wall now);
/* As above, without looking whether the store exists (making stores, listing). */
const struct hb_api_key *hb_access_check_key(const struct hb_registry *registry, struct hb_http_call *call,
                                             enum hb_scope scope, struct hb_str store, struct hb_wall now);

#endif
