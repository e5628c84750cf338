/* Job: the members of a JSON object whose grammar is ours: each known, each there once, those that are needed there.
 *
 * Place: readers of records that are strict (core/journal_record, core/catalog_record). Who passes over what he does
 * not know takes hb_cursor_member. Owns / borrows: values are views of the document, which passed hb_json_scan. Fails:
 * nothing; the answer names the member at fault. Cost: members times names. Threads: any.
 *
 * Example:
 *     static const char *const names[] = {"v", "at", "reason"};
 *     struct hb_cursor values[3] = {0};
 *     const char *fault = hb_json_members_gather(object, &(struct hb_json_members){names, 3, 2}, values); */
#ifndef CORE_JSON_MEMBERS_H
#define CORE_JSON_MEMBERS_H

#include "core/json_cursor.h"

struct hb_json_members {
    const char *const *names; /* those that are needed first */
    size_t count, needed;
};

/* ret_values: one for each name, all of kind NONE before. The name at fault ("value": it is no object; "unknown
 * member"), a static text or one of the names; or NULL. */
const char *hb_json_members_gather(struct hb_cursor object, const struct hb_json_members *members,
                                   struct hb_cursor *ret_values);
/* A whole number that fits, as a count is written: 1.0 and 1e2 are none. */
bool hb_json_members_whole(struct hb_cursor value, int64_t *ret_number);

#endif
