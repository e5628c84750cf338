/* Job: says which of two versions of a group of fields is the newer one.
 *
 * Place: core/catalog_merge and core/catalog_record. By sequence if both have one (two decimal numbers as numbers, else
 * byte by byte), else by the events' own times if both have one, else by append time. This is no order: with sequences
 * here and not there a can be newer than b, b than c and c than a. So who uses it asks in a fixed sequence (decision
 * 11). Cost: O(1). Threads: any. */
#ifndef CORE_CATALOG_VERSION_H
#define CORE_CATALOG_VERSION_H

#include "hookbus/catalog.h"

/* <0: a is older, 0: neither, >0: a is newer. One that is not known is older than any that is. */
int hb_catalog_version_cmp(const struct hb_catalog_version *a, const struct hb_catalog_version *b);

#endif
