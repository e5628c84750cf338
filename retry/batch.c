#include "retry/view_internal.h"

#include "core/map.h"
#include "retry/packing.h"

#include <stdlib.h>

/* As retry/scripts/apply.lua reads it. */
#define RECORD_BYTES 95
#define CODE_TAKEOVER 9
#define REPAIRS_NOTHING ((UINT64_C(1) << 48))

/* Names (webhooks, jobs) by number, from 1. */
struct names {
    struct hb_map map;
    struct hb_str list[HB_VIEW_BATCH_MAX + 1];
    size_t count;
};

static enum hb_err number_of(struct names *names, struct hb_str name, uint64_t *ret_number)
{
    struct hb_str *known = hb_map_get(&names->map, name);

    if (!known) {
        known = &names->list[names->count];
        *known = name;
        enum hb_err err = hb_map_put(&names->map, name, known);
        if (err)
            return err;
        names->count++;
    }
    *ret_number = (uint64_t)(known - names->list) + 1;
    return HB_OK;
}

static size_t put_entry(const struct hb_view_record *record, unsigned char *place)
{
    const struct hb_shard_record *rule = &record->rule;
    const struct hb_entry entry = {
        .rule = {.state = hb_delivery_state_is_done(rule->state) ? HB_DELIVERY_DEAD : rule->state,
                 .version = rule->version,
                 .offset = rule->offset,
                 .position = rule->position},
        .attempts = record->attempts,
        .reason = record->reason,
        .first_failed = record->first_failed,
        .is_ordered = record->is_ordered,
        .subject = record->subject};

    return hb_entry_pack(&entry, place);
}

/* One record at its fixed length; of an expired or cancelled one the entry only carries the event's position. */
static enum hb_err write_record(const struct hb_view_record *record, struct names *webhooks, struct names *jobs,
                                unsigned char bytes[RECORD_BYTES])
{
    const struct hb_shard_record *rule = &record->rule;
    unsigned char *place = bytes + HB_DELIVERY_BYTES;
    uint64_t webhook = 0, job = 0;
    enum hb_err err = record->is_takeover ? HB_OK : number_of(webhooks, record->webhook, &webhook);

    if (!err && record->job.len && !record->is_takeover)
        err = number_of(jobs, record->job, &job);
    if (err)
        return err;
    memset(bytes, 0, RECORD_BYTES);
    memcpy(bytes, record->delivery, HB_DELIVERY_BYTES);
    hb_packing_put(&place, record->is_takeover ? CODE_TAKEOVER : (uint64_t)hb_entry_code(rule->state), 1);
    hb_packing_put(&place, webhook, 2);
    hb_packing_put(&place, record->is_takeover ? 1 : (uint64_t)rule->version, 7);
    hb_packing_put(&place, (uint64_t)rule->offset, 6);
    hb_packing_put(&place, rule->repairs == HB_SHARD_NONE ? REPAIRS_NOTHING - 1 : (uint64_t)rule->repairs, 6);
    hb_packing_put(&place, record->due.ms > 0 ? (uint64_t)record->due.ms : 0, 6);
    hb_packing_put(&place, job, 2);
    if (!record->is_takeover && rule->state != HB_DELIVERY_DELIVERED)
        *place = (unsigned char)put_entry(record, place + 1);
    return HB_OK;
}

static enum hb_err write_records(const struct hb_view_batch *batch, struct names *webhooks, struct names *jobs,
                                 struct hb_buf *records)
{
    for (size_t i = 0; i < batch->count; i++) {
        const struct hb_view_record *record = &batch->records[i];
        unsigned char bytes[RECORD_BYTES];
        enum hb_err err = write_record(record, webhooks, jobs, bytes);
        if (!err)
            err = hb_buf_add(records, hb_str_n((const char *)bytes, RECORD_BYTES));
        if (err)
            return err;
    }
    return HB_OK;
}

enum hb_err hb_view_batch_write(const struct hb_view_batch *batch, struct hb_view_words *words, struct hb_buf *records)
{
    struct names *names = calloc(2, sizeof(*names));
    struct names *webhooks = names, *jobs = names + 1;

    if (!names)
        return HB_ERR_MEMORY;
    HB_ASSERT(batch->count <= HB_VIEW_BATCH_MAX);
    uint64_t first = 0;
    enum hb_err err = batch->reread.len ? number_of(webhooks, batch->reread, &first) : HB_OK;
    if (!err)
        err = hb_buf_reserve(records, batch->count * RECORD_BYTES);
    if (!err)
        err = write_records(batch, webhooks, jobs, records);
    if (!err) {
        hb_view_words_number(words, (int64_t)webhooks->count);
        hb_view_words_number(words, (int64_t)jobs->count);
        for (size_t i = 0; i < webhooks->count; i++)
            hb_view_words_add(words, webhooks->list[i]);
        for (size_t i = 0; i < jobs->count; i++)
            hb_view_words_add(words, jobs->list[i]);
        hb_view_words_add(words, hb_buf_str(records));
    }
    hb_map_deinit(&webhooks->map);
    hb_map_deinit(&jobs->map);
    free(names);
    return err;
}
