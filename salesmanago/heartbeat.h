/* Job: when a worker of SALESmanago was last heard of, and when it is taken for gone.
 *
 * Place: a worker writes its heartbeat when it begins, is given partitions, and each HB_SM_HEARTBEAT_EVERY_MS besides
 * (alive.c): one small record a worker, whatever it does. What it wrote about connectors is only as current as that:
 * the api leaves who is gone out of its sums, and the owner of the catalog's first partition removes his records after
 * HB_SM_HEARTBEAT_KEPT_MS (gone.c). Fails: nothing; what cannot be read is nobody's heartbeat. Limits: workers' clocks
 * agree within a minute. Threads: any. No clock: time is given. */
#ifndef SALESMANAGO_HEARTBEAT_H
#define SALESMANAGO_HEARTBEAT_H

#include "hookbus/time.h"
#include "salesmanago/connector.h"

/* Older than its use as a heartbeat: what is asked with it is how far the registry has to be read (sender.c). A worker
 * that knows no more of it writes it once, when it is given partitions, and may live for long: only who promises to
 * write it again (HB_SM_HEARTBEAT_EVERY) is gone when it does not. */
#define HB_SM_HEARTBEAT_PREFIX "connector-look/"
#define HB_SM_HEARTBEAT_EVERY "every_s"
#define HB_SM_HEARTBEAT_EVERY_MS INT64_C(60000)
#define HB_SM_HEARTBEAT_GONE_MS INT64_C(200000) /* three of them were missed */
#define HB_SM_HEARTBEAT_KEPT_MS INT64_C(3600000)
#define HB_SM_MARK_PREFIX "connector-sender/" /* sender.c */
#define HB_SM_MARK_OLD_MS INT64_C(600000)     /* one that was not written anew for so long is nobody's */

enum hb_sm_heartbeat {
    HB_SM_HEARTBEAT_NONE, /* none, or the record of an older hookbus, which promises no other */
    HB_SM_HEARTBEAT_FRESH,
    HB_SM_HEARTBEAT_GONE,
    HB_SM_HEARTBEAT_FORGOTTEN, /* gone for so long that its records may go */
};
/* Of the record's value (empty: none); *ret_at is set unless NONE. */
enum hb_sm_heartbeat hb_sm_heartbeat_read(struct hb_str value, struct hb_wall now, struct hb_wall *ret_at);
/* The key of a worker's heartbeat or mark, a view of ret_key; empty: longer than a key may be. */
struct hb_str hb_sm_heartbeat_key(const char *prefix, struct hb_str worker, char ret_key[HB_CONNECTOR_KEY_MAX]);

#endif
