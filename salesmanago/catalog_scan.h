/* Job: reads the catalog topic on a thread of its own: how many products of a store are known, or one product's record.
 *
 * Place: the connector's API. Reads what is committed, from each partition's beginning to the end it has then. Owns /
 * borrows: the options' texts must outlive the scan. Fails: HB_ERR_MEMORY at the start; the result says what else:
 * HB_ERR_AWAY, HB_ERR_BROKER, HB_ERR_TIMEOUT (counted so far), HB_ERR_CLOSED. Limits: HB_CATALOG_SCAN_PRODUCTS_MAX
 * products are told apart; one thread a scan. Cost: a read of the whole topic (to count), of one partition (to find).
 * Threads: the loop's, but for its own. */
#ifndef SALESMANAGO_CATALOG_SCAN_H
#define SALESMANAGO_CATALOG_SCAN_H

#include "platform/kafka/kafka.h"

#define HB_CATALOG_SCAN_PRODUCTS_MAX ((size_t)2 * 1000 * 1000) /* 8 bytes each, at most half full */

struct hb_loop;
struct hb_catalog_scan;

struct hb_catalog_scan_options {
    struct hb_loop *loop;
    struct hb_kafka_cluster cluster;
    struct hb_str topic_prefix;
    struct hb_str store, product; /* copied; product empty: count */
    int64_t limit_ms;
    struct hb_mono (*now)(void);
    void (*done)(void *user, struct hb_catalog_scan *scan);
    void *user;
};
struct hb_catalog_scan_result {
    enum hb_err err;
    const char *text;         /* a sentence, of an error */
    uint64_t products;        /* of a count: not deleted, not partial */
    uint64_t scanned;         /* records */
    struct hb_str key, value; /* of a find: the newest record; value empty: there is none */
    size_t headers_count;
    struct hb_name_value headers[HB_KAFKA_HEADERS_MAX];
};
/* `done` comes once, unless it is freed before. */
HB_MUST_USE enum hb_err hb_catalog_scan_start(const struct hb_catalog_scan_options *options,
                                              struct hb_catalog_scan **ret_scan);
/* Asks it to end soon: `done` still comes. */
void hb_catalog_scan_cancel(struct hb_catalog_scan *scan);
/* After `done`; views live as the scan. */
void hb_catalog_scan_result(const struct hb_catalog_scan *scan, struct hb_catalog_scan_result *ret_result);
/* Waits for its thread: at once after `done`. NULL is allowed. */
void hb_catalog_scan_free(struct hb_catalog_scan **scan);

#endif
