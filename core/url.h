/* Job: reads and refuses URLs of receivers.
 *
 * Place: hb_url_check is asked at registration, hb_url_parse by platform/http_client; neither resolves names: the
 * address a name leads to meets core/egress when it is dialled. Owns / borrows: the result's views point into the text
 * given. Fails: HB_ERR_INVALID (not a URL we use), HB_ERR_TOO_LARGE, HB_ERR_DENIED (an address or name that may not be
 * called), each with a sentence that says what would be right and never repeats the URL (paths hold secrets). Limits:
 * HB_WEBHOOK_URL_MAX bytes. Threads: any.
 *
 * Example:
 *     struct hb_url url;
 *     err = hb_url_check(HB_STR("https://shop.example/hooks?k=1"), egress, &url, &error); */
#ifndef CORE_URL_H
#define CORE_URL_H

#include "core/egress.h"
#include "hookbus/webhook.h" /* HB_WEBHOOK_URL_MAX */

#define HB_URL_HOST_MAX 253

struct hb_url {
    bool is_https;
    bool is_literal;           /* the host is an address */
    struct hb_address address; /* of a literal */
    uint16_t port;             /* 1..65535, the scheme's default if none is given */
    struct hb_str host;        /* as written, without brackets */
    struct hb_str path;        /* path and query as written; empty means "/" */
};

/* The grammar alone: http or https, host name or plain address, port 1..65535, no userinfo, fragment, backslash, space
 * or control character; addresses only as four decimal numbers or bracketed IPv6 without zone. */
HB_MUST_USE enum hb_err hb_url_parse(struct hb_str text, struct hb_url *ret_url, struct hb_error *reterr);
/* The grammar, and that host is nothing the filter (NULL: the default) is sure to refuse: a literal address is judged,
 * names of metadata services and of private networks (localhost, .local, .internal …) are refused unless the filter's
 * own list lets such addresses through. */
HB_MUST_USE enum hb_err hb_url_check(struct hb_str text, const struct hb_egress *egress, struct hb_url *ret_url,
                                     struct hb_error *reterr);

#endif
