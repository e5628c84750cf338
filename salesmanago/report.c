/* What operators see: a status record of each connector and worker, at most every 5 s and only when it changed;
 * gauges. */
#include "salesmanago/state.h"

#include "platform/json/json.h"

#include <stdio.h>

#define VALUE_MAX 4096
#define EVERY_US (5000 * HB_US_PER_MS) /* one status record of a connector in the long run; */
#define BURST 4                        /* so many may be saved up, and written a second apart */

/* Records of the topic between where it stands and the end, of what is detached here: other stores' are among them. */
static int64_t behind(const struct hb_sm_lane *lane)
{
    int64_t count = 0;
    for (int i = 0; i < HB_SM_PARTITIONS_MAX; i++) {
        const struct hb_sm_track *track = &lane->tracks[i];
        const struct hb_sm_partition *partition = &lane->worker->partitions[i];
        if ((track->state == HB_SM_TRACK_DETACHED || track->state == HB_SM_TRACK_LEAVING) && partition->is_ours &&
            partition->next > track->position)
            count += partition->next - track->position;
    }
    return count;
}

static const char *why_detached(const struct hb_sm_lane *lane)
{
    for (int i = 0; i < HB_SM_PARTITIONS_MAX; i++) {
        const struct hb_sm_track *track = &lane->tracks[i];
        if (track->state == HB_SM_TRACK_DETACHED || track->state == HB_SM_TRACK_LEAVING)
            return track->why[0] ? track->why : "restart";
    }
    return NULL;
}

static int64_t oldest_ms(const struct hb_sm_lane *lane)
{
    const struct hb_sm_change *first = hb_sm_pending_next(&lane->pending);
    int64_t age = first ? hb_loop_wall(lane->worker->options.loop).ms - first->appended.ms : 0;
    return age > 0 ? age : 0;
}

static void add_last(struct hb_json_writer *json, const struct hb_sm_last_batch *last)
{
    if (!last->status)
        return;
    hb_json_object(json, "last_batch");
    hb_json_add_wall(json, "at", last->at);
    hb_json_add_int(json, "ms", last->ms);
    hb_json_add_int(json, "items", (int64_t)last->items);
    hb_json_add_str(json, "status", hb_str_c(last->status));
    hb_json_add_str(json, "words", hb_str_c(last->words));
    hb_json_close_object(json);
}

static void add_sync(struct hb_json_writer *json, struct hb_sm_lane *lane)
{
    if (!lane->sync_state)
        return;
    if (lane->walk && strcmp(lane->sync_state, "running") == 0) {
        lane->sync_done = lane->walk_done;
        lane->sync_total = lane->walk_total;
    }
    hb_json_object(json, "sync");
    hb_json_add_str(json, "id", hb_str_c(lane->sync_id));
    hb_json_add_str(json, "state", hb_str_c(lane->sync_state));
    hb_json_add_int(json, "done", lane->sync_done < lane->sync_total ? lane->sync_done : lane->sync_total);
    hb_json_add_int(json, "total", lane->sync_total);
    hb_json_close_object(json);
}

static void add_numbers(struct hb_json_writer *json, struct hb_sm_lane *lane, int64_t since_us)
{
    int64_t waiting = (int64_t)lane->pending.open, seconds = since_us / (HB_US_PER_MS * HB_MS_PER_S);
    hb_json_add_int(json, "lag", behind(lane) + waiting);
    hb_json_add_int(json, "lag_ms", oldest_ms(lane) / HB_MS_PER_S * HB_MS_PER_S);
    hb_json_add_int(json, "waiting", waiting);
    hb_json_add_int(json, "aside", (int64_t)lane->pending.waiting_aside);
    hb_json_add_int(json, "sent", lane->sent);
    hb_json_add_int(json, "accepted", lane->accepted);
    hb_json_add_int(json, "trimmed", lane->trimmed);
    hb_json_add_int(json, "refused", lane->refused);
    hb_json_add_int(json, "rate", seconds > 0 ? (lane->accepted - lane->accepted_before) / seconds : 0);
}

static enum hb_err write_value(struct hb_sm_lane *lane, int64_t since_us, struct hb_buf *value)
{
    struct hb_json_writer json = hb_json_write(value);
    const struct hb_loop *loop = lane->worker->options.loop;
    const char *why = why_detached(lane);
    hb_json_object(&json, NULL);
    hb_json_add_int(&json, "v", 1);
    add_numbers(&json, lane, since_us);
    hb_json_add_bool(&json, "detached", why != NULL);
    if (why)
        hb_json_add_str(&json, "why", hb_str_c(why));
    if (lane->hold == HB_SM_HOLD_UNUSABLE && lane->unusable_what) {
        hb_json_object(&json, "unusable");
        hb_json_add_str(&json, "what", hb_str_c(lane->unusable_what));
        hb_json_add_str(&json, "why", hb_str_c(lane->unusable_why));
        hb_json_close_object(&json);
    }
    add_last(&json, &lane->last);
    add_sync(&json, lane);
    if (lane->rest_until.us > hb_sm_now(lane->worker).us) {
        int64_t left_ms = (lane->rest_until.us - hb_sm_now(lane->worker).us) / HB_US_PER_MS;
        hb_json_add_wall(&json, "next_try",
                         (struct hb_wall){(hb_loop_wall(loop).ms + left_ms) / HB_MS_PER_S * HB_MS_PER_S});
    }
    hb_json_close_object(&json);
    return hb_json_end(&json);
}

static uint64_t hash_of(const struct hb_sm_worker *worker, struct hb_str text)
{
    unsigned char hash[HB_HASH_BYTES];
    uint64_t word;
    hb_sm_hash(worker, text, hash);
    memcpy(&word, hash, sizeof word);
    return word;
}

void hb_sm_report_lane(struct hb_sm_lane *lane, bool is_end)
{
    char key[HB_SM_RECORD_KEY_MAX];
    struct hb_sm_worker *worker = lane->worker;
    struct hb_buf value = hb_buf_make(VALUE_MAX);
    struct hb_mono now = hb_sm_now(worker);
    int len = snprintf(key, sizeof key, "%s/%s/%s/%s", HB_CONNECTOR_STATUS, lane->store, HB_CONNECTOR_ID,
                       worker->options.worker);
    if (len < 0 || (size_t)len >= sizeof key)
        return;
    if (is_end) {
        (void)!hb_sm_record_write(worker, hb_str_n(key, (size_t)len), NULL, NULL, NULL);
        return;
    }
    if (write_value(lane, now.us - lane->reported_at.us, &value) == HB_OK &&
        hash_of(worker, hb_buf_str(&value)) != lane->reported &&
        hb_sm_record_write(worker, hb_str_n(key, (size_t)len), &value, NULL, NULL) == HB_OK) {
        lane->reported = hash_of(worker, hb_buf_str(&value));
        lane->accepted_before = lane->accepted;
        lane->reported_at = now;
        lane->reports_left -= lane->reports_left > 0;
    }
    hb_buf_deinit(&value);
}

static bool is_known(const struct hb_sm_lane *lane)
{
    return (lane->connector.text.ptr || lane->unusable_what) && lane->hold != HB_SM_HOLD_DELETED;
}

static void report(struct hb_sm_lane *lane)
{
    struct hb_mono now = hb_sm_now(lane->worker);
    if (now.us - lane->saved_up_at.us >= EVERY_US) {
        lane->saved_up_at = now;
        lane->reports_left += lane->reports_left < BURST;
    }
    if (lane->reports_left > 0)
        hb_sm_report_lane(lane, false);
}

void hb_sm_report_second(struct hb_sm_worker *worker)
{
    struct hb_metrics *metrics = worker->options.metrics;
    struct hb_sm_lane *lane;
    size_t state = 0, waiting = 0, bytes = 0;
    int64_t lag = 0, known = 0, detached = 0, partitions = 0;
    while ((lane = hb_map_next(&worker->lanes, &state)) != NULL) {
        waiting += lane->pending.open;
        bytes += lane->pending.bytes;
        lag += behind(lane);
        known += is_known(lane);
        detached += is_known(lane) && why_detached(lane) != NULL;
        if (is_known(lane))
            report(lane);
    }
    for (int i = 0; i < HB_SM_PARTITIONS_MAX; i++)
        partitions += worker->partitions[i].is_ours;
    hb_metric_set(metrics, HB_METRIC_SM_WAITING, (int64_t)waiting);
    hb_metric_set(metrics, HB_METRIC_SM_WAITING_BYTES, (int64_t)bytes);
    hb_metric_set(metrics, HB_METRIC_SM_BEHIND, lag);
    hb_metric_set(metrics, HB_METRIC_SM_CONNECTORS, known);
    hb_metric_set(metrics, HB_METRIC_SM_DETACHED, detached);
    hb_metric_set(metrics, HB_METRIC_SM_PARTITIONS, partitions);
}
