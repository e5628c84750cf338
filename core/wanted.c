#include "core/wanted.h"

#include "core/selection.h"

/* The webhook existed when the event was published: by the registry stamp; without one by append time. */
static bool existed(const struct hb_webhook *webhook, const struct hb_event *event, struct hb_wall appended)
{
    if (event->registry_stamp != HB_NO_STAMP)
        return event->registry_stamp >= webhook->created_offset;
    return appended.ms >= webhook->created.ms - HB_WANTED_CREATED_SLACK_MS;
}

enum hb_filter_match hb_wanted_run(const struct hb_webhook *webhook, const struct hb_event *event,
                                   struct hb_wall appended)
{
    if (!hb_selection_matches(webhook->selection, event) || !existed(webhook, event, appended))
        return HB_FILTER_MATCH_NO;
    if (!webhook->filter)
        return HB_FILTER_MATCH_YES;
    return event->is_json ? hb_filter_match(webhook->filter, event->data, NULL) : HB_FILTER_MATCH_NO;
}
