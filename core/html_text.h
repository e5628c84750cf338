/* Job: the text that a piece of HTML shows, on one line.
 *
 * Place: descriptions for those who show plain text (salesmanago/items). Tags, comments, script, style and the like are
 * dropped; block tags, <br> and <td> part words, <b> and <span> do not; character references are read once ("&amp;lt;"
 * is "&lt;"); runs of white space are one space, none at the ends. A "<" that begins no tag is text; a tag, comment or
 * script that never ends takes the rest, as in a browser.
 * Fails: HB_ERR_MEMORY, HB_ERR_FULL of the buffer. The result is never longer than the input. Cost: O(n), whatever the
 * input. Threads: any. */
#ifndef CORE_HTML_TEXT_H
#define CORE_HTML_TEXT_H

#include "hookbus/bytes.h"

/* Appends the text of `html`. */
HB_MUST_USE enum hb_err hb_html_text(struct hb_str html, struct hb_buf *ret_text);

#endif
