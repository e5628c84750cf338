/* Job: measures and cuts text in UTF-16 units, which is how Java and JavaScript count.
 *
 * Place: limits of services that count so (salesmanago/). A character beyond the first plane counts two, and is never
 * halved. Text that is not UTF-8: each byte that begins no character counts one. Cost: O(n). Threads: any. */
#ifndef CORE_TEXT_CUT_H
#define CORE_TEXT_CUT_H

#include "hookbus/bytes.h"

size_t hb_text_units(struct hb_str text);
/* The longest beginning of at most `units_max` units that ends between two characters. */
struct hb_str hb_text_cut(struct hb_str text, size_t units_max);
/* The same in bytes. */
struct hb_str hb_text_cut_bytes(struct hb_str text, size_t bytes_max);
/* Without white space (of all Unicode), control characters and marks that show nothing at both ends. */
struct hb_str hb_text_strip(struct hb_str text);

#endif
