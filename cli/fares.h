/* Job: how webhooks fare, as the API tells it, for the commands that show it.
 *
 * Place: `hookbus webhook health`, `hookbus top`. Owns: the list (hb_fares_deinit). Fails: as cli/api_client.h. Limits:
 * HB_FARES_STORES_MAX stores. Threads: one. */
#ifndef CLI_FARES_H
#define CLI_FARES_H

#include "cli/api_client.h"
#include "hookbus/event.h"
#include "hookbus/time.h"

#define HB_FARES_STORES_MAX 10000

/* One webhook. Numbers -1 and times 0: not known, or none. */
struct hb_fare {
    char store[HB_ID_MAX + 1], webhook[HB_ID_MAX + 1];
    char state[16], reason[40], url[128];
    int64_t delivered, failed; /* attempts of the last hour */
    int64_t parked, dead, held;
    int64_t window, workers; /* requests that may be under way, in how many workers; 0: not known */
    double success_percent, per_s, p50_ms, p99_ms;
    struct hb_wall until, oldest, next_due, failing_since;
};

struct hb_fares {
    struct hb_fare *items;
    size_t count, capacity;
    bool is_complete;
    int64_t percent;
    char trouble[HB_ERROR_TEXT_MAX];
};

/* Those of one store, or (NULL) of all that the key may see; the worst first. Replaces what is there. */
HB_MUST_USE enum hb_err hb_fares_read(struct hb_cli *cli, struct hb_api *api, const char *store,
                                      struct hb_fares *in_out_fares);
void hb_fares_deinit(struct hb_fares *fares);
/* For tests: one webhook out of the API's object; the order of two. */
void hb_fare_read(const char *store, const struct hb_json *item, struct hb_fare *ret_fare);
int hb_fare_compare(const void *a, const void *b);

#endif
