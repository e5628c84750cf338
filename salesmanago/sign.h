/* Job: when a worker of SALESmanago was last heard of, and when it is taken for gone.
 *
 * Place: a worker writes `connector-look/<worker>` when it begins, is given partitions, and each HB_SM_SIGN_EVERY_MS
 * besides: one small record a worker, whatever it does. What it wrote about connectors is only as current as that: the
 * api leaves who is gone out of its sums, and the owner of the catalog's first partition removes his records after
 * HB_SM_SIGN_KEPT_MS. Fails: nothing; what cannot be read is nobody's sign. Limits: workers' clocks agree within a minute.
 * Threads: any. No clock: time is given. */
#ifndef SALESMANAGO_SIGN_H
#define SALESMANAGO_SIGN_H

#include "hookbus/bytes.h"
#include "hookbus/time.h"

#define HB_SM_SIGN_PREFIX "connector-look/"
#define HB_SM_MARK_PREFIX "connector-sender/" /* sender.c; older than 10 minutes it is nobody's */
#define HB_SM_SIGN_EVERY_MS INT64_C(60000)
#define HB_SM_SIGN_GONE_MS INT64_C(200000) /* three of them were missed */
#define HB_SM_SIGN_KEPT_MS INT64_C(3600000)

enum hb_sm_sign {
    HB_SM_SIGN_NONE, /* never a word: of an older hookbus, or not begun */
    HB_SM_SIGN_FRESH,
    HB_SM_SIGN_GONE,
    HB_SM_SIGN_FORGOTTEN, /* gone for so long that its records may go */
};
/* Of the record's value (empty: none); *ret_at is set unless NONE. */
enum hb_sm_sign hb_sm_sign_read(struct hb_str value, struct hb_wall now, struct hb_wall *ret_at);

#endif
