/* Job: says whether a webhook would get an event by its settings: types, changed fields, filter, and that it existed
 * when the event was published.
 *
 * Place: dispatcher/route asks it for each event and webhook, replay/ for what is missing. Whether the webhook may
 * be sent to (paused, disabled …) is not asked here. Fails: TOO_COSTLY: the filter's work limit ended it, nobody knows.
 * Owns: nothing. Cost: as core/filter. Threads: any; a webhook's snapshot does not change. */
#ifndef CORE_WANTED_H
#define CORE_WANTED_H

#include "core/filter.h"
#include "hookbus/webhook.h"

/* An event without a stamp may come up to this long before the webhook's record: clocks of brokers differ. */
#define HB_WANTED_CREATED_SLACK_MS 5000

/* event->data must have passed the well-formedness scan if event->is_json. */
enum hb_filter_match hb_wanted_run(const struct hb_webhook *webhook, const struct hb_event *event,
                                   struct hb_wall appended);

#endif
