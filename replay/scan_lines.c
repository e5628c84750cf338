#include "core/json_cursor.h"
#include "core/json_scan.h"
#include "replay/scan_internal.h"

#include <stdlib.h>

/* Lines are made by workers' clocks, events get their time from the brokers. */
#define CLOCK_SLACK_MS (10 * 60 * HB_MS_PER_S)

/* Whether a delivery that only these lines know of is put among the candidates. */
struct taking {
    struct hb_scan *scan;
    bool puts_delivered, puts_skipped;
};

static struct hb_str text_of(struct hb_cursor line, const char *name)
{
    struct hb_cursor value = hb_cursor_member(line, hb_str_c(name));
    return value.kind == HB_CURSOR_STRING ? hb_cursor_text(value) : (struct hb_str){NULL, 0};
}

static bool number_of(struct hb_cursor line, const char *name, int64_t *ret)
{
    uint64_t number = 0;
    struct hb_cursor value = hb_cursor_member(line, hb_str_c(name));
    if (value.kind != HB_CURSOR_NUMBER || !hb_str_to_u64(value.raw, &number) || number > INT64_MAX)
        return false;
    *ret = (int64_t)number;
    return true;
}

static bool delivery_of(struct hb_cursor line, unsigned char ret_delivery[HB_REPLAY_DELIVERY_BYTES])
{
    return hb_delivery_id_read(text_of(line, "delivery"), ret_delivery);
}

/* Where its event stands, as the line says; when it was appended only the record itself says. */
static void take_position(const struct taking *taking, struct hb_cursor line, struct hb_candidate *candidate)
{
    int64_t partition = 0, offset = 0;
    int topic = hb_topic_find(taking->scan->spec->topic_prefix, text_of(line, "topic"));
    if (candidate->flags & HB_CANDIDATE_HAS_POSITION || topic < 0 || topic >= HB_EVENT_TOPIC_COUNT ||
        !number_of(line, "partition", &partition) || partition >= HB_REPLAY_PARTITIONS_MAX ||
        !number_of(line, "offset", &offset))
        return;
    candidate->position = (struct hb_position){topic, (int32_t)partition, offset, {0}};
    candidate->flags |= HB_CANDIDATE_HAS_POSITION;
}

static enum hb_err take_line(const struct taking *taking, struct hb_str text)
{
    size_t at;
    unsigned char delivery[HB_REPLAY_DELIVERY_BYTES];
    if (hb_json_scan(text, &at))
        return HB_OK;
    struct hb_cursor line = hb_cursor_root(text);
    struct hb_str outcome = text_of(line, "outcome");
    bool is_delivered = hb_str_eq(outcome, HB_STR("delivered")), is_skipped = hb_str_eq(outcome, HB_STR("skipped"));
    if (!(is_delivered || is_skipped) || !hb_str_eq(text_of(line, "webhook"), taking->scan->spec->job->webhook) ||
        !delivery_of(line, delivery))
        return HB_OK;
    struct hb_candidate *candidate = hb_candidates_get(taking->scan->candidates, delivery);
    if (!candidate && (is_delivered ? taking->puts_delivered : taking->puts_skipped)) {
        enum hb_err err = hb_candidates_put(taking->scan->candidates, delivery, &candidate);
        if (err)
            return err;
    }
    if (!candidate)
        return HB_OK;
    candidate->flags |= is_delivered ? HB_CANDIDATE_DELIVERED : HB_CANDIDATE_SKIPPED;
    take_position(taking, line, candidate);
    return HB_OK;
}

static enum hb_err take_record(void *user, const struct hb_kafka_message *message)
{
    const struct taking *taking = user;
    struct hb_str webhook = taking->scan->spec->job->webhook, rest = message->value, line;
    if (rest.len == 0 || !memmem(rest.ptr, rest.len, webhook.ptr, webhook.len))
        return HB_OK;
    while (hb_str_split(&rest, '\n', &line)) {
        enum hb_err err =
            line.len > 0 && memmem(line.ptr, line.len, webhook.ptr, webhook.len) ? take_line(taking, line) : HB_OK;
        if (err)
            return err;
    }
    return HB_OK;
}

static enum hb_err read_lines(struct taking *taking, const int64_t *starts)
{
    static const enum hb_topic TOPIC = HB_TOPIC_ATTEMPTS;
    struct hb_scan *scan = taking->scan;
    struct hb_reading_range ranges[HB_REPLAY_PARTITIONS_MAX];
    size_t count = scan->ends->counts[TOPIC];
    for (size_t i = 0; i < count; i++)
        ranges[i] = (struct hb_reading_range){0, (int32_t)i, starts[i], scan->ends->ends[TOPIC][i]};
    const struct hb_scan_part part = {&TOPIC, 1, ranges, count, take_record, taking};
    return hb_scan_read(scan, &part);
}

enum hb_err hb_scan_lines(struct hb_scan *scan)
{
    int64_t starts[HB_REPLAY_PARTITIONS_MAX];
    struct hb_wall from = {scan->rule.since.ms > CLOCK_SLACK_MS ? scan->rule.since.ms - CLOCK_SLACK_MS : 0};
    bool needs_delivered = scan->rule.states & (HB_REPLAY_BIT(DELIVERED) | HB_REPLAY_BIT(MISSING));
    enum hb_err err = hb_scan_offsets(scan, HB_TOPIC_ATTEMPTS, from, scan->ends->counts[HB_TOPIC_ATTEMPTS], starts);
    struct taking taking = {scan, needs_delivered, scan->rule.states & HB_REPLAY_BIT(SKIPPED)};
    if (!err)
        err = read_lines(&taking, starts);
    /* Which of the skipped were delivered after all: partitions come in any order, and to keep every delivered one only
     * for that would fill the memory of a busy webhook. */
    if (!err && !needs_delivered && hb_candidates_count(scan->candidates) > 0) {
        taking.puts_skipped = false;
        err = read_lines(&taking, starts);
    }
    return err;
}
