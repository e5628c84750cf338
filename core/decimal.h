/* Job: rounds a decimal number that is text, exactly.
 *
 * Place: money on its way to somebody who wants fewer digits (salesmanago/items). Never a double: 19.90 stays 19.90.
 * Takes what a JSON number or a price as text can be: "-"? digits ("." digits)?, no exponent, no plus, no space.
 * Fails: nothing; the answer says why there is no number. Cost: O(n). Threads: any. */
#ifndef CORE_DECIMAL_H
#define CORE_DECIMAL_H

#include "hookbus/bytes.h"

#define HB_DECIMAL_TEXT_MAX 48

struct hb_decimal_limit {
    unsigned whole_max; /* digits before the point, without leading zeros, after rounding */
    unsigned places;    /* digits behind the point: always written, so 5 becomes 5.00 */
};                      /* together below HB_DECIMAL_TEXT_MAX - 2 */

enum hb_decimal_read { HB_DECIMAL_OK, HB_DECIMAL_NO_NUMBER, HB_DECIMAL_NEGATIVE, HB_DECIMAL_TOO_LARGE };

/* Half is rounded up, as money is: 0.005 at 2 places is 0.01. A minus before nothing but zeros is no minus. On OK
 * *ret_text is a view of `bytes`: a JSON number. */
enum hb_decimal_read hb_decimal_round(struct hb_str text, struct hb_decimal_limit limit,
                                      char bytes[HB_DECIMAL_TEXT_MAX], struct hb_str *ret_text);
/* Whether both are such numbers and the same one: 5, 5.0 and 05 are. */
bool hb_decimal_eq(struct hb_str a, struct hb_str b);

#endif
