/* Job: the requests of SALESmanago's API v3 that we send, and what is read out of the two about catalogs.
 *
 * Place: the worker (upsert) and the api (catalogList, catalogUpsert). The outcome of any of them: salesmanago/answer.
 * Owns / borrows: bodies are appended to the caller's buffer; what is read are copies. Fails: HB_ERR_INVALID with a
 * sentence (what an operator wrote, or an answer that is none), HB_ERR_MEMORY, HB_ERR_FULL. Threads: any. */
#ifndef SALESMANAGO_CATALOG_CALLS_H
#define SALESMANAGO_CATALOG_CALLS_H

#include "salesmanago/items.h"

#define HB_SM_KEY_HEADER "API-KEY"            /* SM-1: the one authentication there is */
#define HB_SM_CONTENT_TYPE "application/json" /* SM-3 */
#define HB_SM_CATALOG_ID_BYTES_MAX 112        /* 36 UTF-16 units */
#define HB_SM_CATALOG_TEXT_BYTES_MAX 768      /* 255 UTF-16 units */
#define HB_SM_CATALOGS_MAX 64                 /* of one answer that are read */
#define HB_SM_UPSERT_BYTES_MAX ((size_t)16 * 1024 * 1024)

/* HB_SM_CALLS(X): X(NAME, method, path): SM-4 knows two methods. */
#define HB_SM_CALLS(X)                                                                                                 \
    X(CATALOG_LIST, "GET", "/v3/product/catalogList")                                                                  \
    X(CATALOG_UPSERT, "POST", "/v3/product/catalogUpsert")                                                             \
    X(UPSERT, "POST", "/v3/product/upsert")
enum hb_sm_call {
#define HB_SM_CALL_ENUM(name, method, path) HB_SM_CALL_##name,
    HB_SM_CALLS(HB_SM_CALL_ENUM)
#undef HB_SM_CALL_ENUM
        HB_SM_CALL_COUNT
};
const char *hb_sm_call_method(enum hb_sm_call call);
const char *hb_sm_call_path(enum hb_sm_call call);
/* Whether it can stand in the header: 1..HB_SM_API_KEY_MAX visible ASCII characters. */
HB_MUST_USE enum hb_err hb_sm_key_check(struct hb_str key, struct hb_error *reterr);

/* ---- POST upsert ---- */

/* Appends {"catalogId":…,"products":[…]} of items[units[0..count)] (units NULL: the first `count`); of several with the
 * same id only the last, which is the newest. count: 1..HB_SM_PRODUCTS_MAX (SM-31; asserted). */
HB_MUST_USE enum hb_err hb_sm_upsert_write(struct hb_str catalog_id, const struct hb_sm_item *items,
                                           const uint8_t *units, size_t count, struct hb_buf *ret_body);
/* Bytes that an item adds to a body, and those of one without items. */
size_t hb_sm_upsert_item_bytes(const struct hb_sm_item *item);
size_t hb_sm_upsert_empty_bytes(struct hb_str catalog_id);

/* ---- POST catalogUpsert ---- */

struct hb_sm_catalog_wish {
    struct hb_str id; /* empty: create one (SM-23) */
    struct hb_str name, currency, location;
    bool is_default;         /* SM-24 */
    const char *name_member; /* hb_sm_mapping_catalog_name; NULL: "catalogName" */
};
/* Checks by SM-7, SM-22 to SM-26 and appends the body. */
HB_MUST_USE enum hb_err hb_sm_catalog_write(const struct hb_sm_catalog_wish *wish, struct hb_buf *ret_body,
                                            struct hb_error *reterr);
/* The id in its answer (SM-28), with a NUL. */
HB_MUST_USE enum hb_err hb_sm_catalog_id_read(struct hb_str body, char ret_id[HB_SM_CATALOG_ID_BYTES_MAX],
                                              struct hb_error *reterr);

/* ---- GET catalogList ---- */

struct hb_sm_catalog {
    char id[HB_SM_CATALOG_ID_BYTES_MAX];
    char name[HB_SM_CATALOG_TEXT_BYTES_MAX]; /* of "catalogName" or "name" */
    char currency[8];
    char location[HB_SM_CATALOG_TEXT_BYTES_MAX];
};
struct hb_sm_catalogs {
    struct hb_sm_catalog *list;
    size_t count;
    bool is_cut;   /* there are more than are read */
    int64_t limit; /* how many catalogs the account may have; -1: not said */
};
HB_MUST_USE enum hb_err hb_sm_catalogs_read(struct hb_str body, struct hb_sm_catalogs *ret_catalogs,
                                            struct hb_error *reterr);
void hb_sm_catalogs_deinit(struct hb_sm_catalogs *catalogs);

/* ---- words of standards ---- */

bool hb_sm_currency_is_known(struct hb_str code); /* ISO 4217: SM-7 */
bool hb_sm_language_is_valid(struct hb_str code); /* ISO 639-1 with what BCP 47 puts behind it: SM-8, SM-9 */
bool hb_sm_location_is_valid(struct hb_str text); /* SM-26 */

#endif
