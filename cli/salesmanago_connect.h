/* Job: what the files of `hookbus salesmanago connect` share.
 *
 * Place: command_salesmanago_connect.c asks for the key, tries it and connects; salesmanago_choose.c chooses the
 * catalog or makes one. Owns / borrows: struct hb_salesmanago_connect lives for one command; its key is wiped at its
 * end. Fails: as cli/api_client.h. Threads: one. */
#ifndef CLI_SALESMANAGO_CONNECT_H
#define CLI_SALESMANAGO_CONNECT_H

#include "cli/salesmanago_view.h"

#define HB_SALESMANAGO_BODY_MAX ((size_t)64 * 1024)
#define HB_SALESMANAGO_TEXT_MAX 1024
#define HB_SALESMANAGO_ID_MAX 128

struct hb_salesmanago_connect {
    struct hb_cli *cli;
    struct hb_api *api;
    struct hb_buf key; /* empty: the kept one */
    bool is_there;     /* the store is connected already */
    char catalog[HB_SALESMANAGO_ID_MAX];
    char kept_catalog[HB_SALESMANAGO_ID_MAX];
};

/* Adds the key and the address to a body. */
void hb_salesmanago_add_access(const struct hb_salesmanago_connect *connect, struct hb_json_writer *w);
/* A call with a body that holds the key: wiped and freed afterwards. */
HB_MUST_USE enum hb_err hb_salesmanago_send(struct hb_salesmanago_connect *connect, const char *method,
                                            const char *verb, struct hb_buf *body, struct hb_api_answer *ret_answer);
/* Sets connect->catalog by what the command or the person says; `tested` is what POST …/test answered. */
HB_MUST_USE enum hb_err hb_salesmanago_choose(struct hb_salesmanago_connect *connect, const struct hb_json *tested);

#endif
