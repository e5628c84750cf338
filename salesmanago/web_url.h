/* Job: an address of a page or an image as SALESmanago takes it (SM-6), or why not.
 *
 * Place: salesmanago/items. SALESmanago asks Apache's UrlValidator as it comes: http, https, ftp; a host that is an
 * address or ends in a top-level domain (localhost does not); letters of the path are ASCII; no "//" in the path. What
 * a browser would write otherwise is written so: spaces and letters beyond ASCII are percent-encoded as UTF-8 (so that
 * visits match), doubled slashes of the path become one (as the vendor's kit does).
 * The list of top-level domains is not kept here, as it changes: any of letters passes, but not those that are never on
 * the web (localhost, .local, .test, .example, .invalid, .internal, .lan …).
 * Fails: HB_ERR_INVALID; *ret_why is a static text that says what is wrong. Cost: O(n). Threads: any. */
#ifndef SALESMANAGO_WEB_URL_H
#define SALESMANAGO_WEB_URL_H

#include "hookbus/bytes.h"

#define HB_SM_URL_BYTES_MAX ((size_t)16384) /* longer than any limit, before it is looked at */

/* Appends the address as it is to be sent. Also HB_ERR_MEMORY, HB_ERR_FULL (of the buffer). */
HB_MUST_USE enum hb_err hb_sm_web_url(struct hb_str text, struct hb_buf *ret_url, const char **ret_why);

#endif
