/* Job: visits the registry's records of a kind as they were last applied.
 *
 * Place: for rooms that keep objects of their own there (replay jobs). Owns / borrows: views live until the next turn
 * of the loop. Fails: without memory nothing is visited. Cost: a look at every record. Threads: the loop's. */
#ifndef REGISTRY_EACH_H
#define REGISTRY_EACH_H

#include "registry/registry.h"

/* Calls `fn` for each record whose key begins with `prefix`, in the order of the keys. */
void hb_registry_each_record(const struct hb_registry *registry, struct hb_str prefix,
                             void (*fn)(void *user, struct hb_str key, struct hb_str value), void *user);

#endif
