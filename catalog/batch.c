#include "catalog/batch.h"

#include <stdlib.h>

void hb_batch_clear(struct hb_batch *batch)
{
    while (batch->first) {
        struct hb_batch_entry *entry = batch->first;
        batch->first = entry->next;
        hb_buf_deinit(&entry->value);
        free(entry);
    }
    hb_map_deinit(&batch->entries);
    memset(batch, 0, sizeof(*batch));
}

struct hb_batch_entry *hb_batch_find(const struct hb_batch *batch, struct hb_str key)
{
    return hb_map_get(&batch->entries, key);
}

static void touch(struct hb_batch *batch, int32_t partition, struct hb_mono now)
{
    HB_ASSERT(partition >= 0 && partition < HB_CATALOG_PARTITIONS_MAX);
    if (hb_batch_is_empty(batch))
        batch->since = now;
    batch->is_touched[partition] = true;
}

void hb_batch_count(struct hb_batch *batch, int32_t partition, struct hb_mono now)
{
    touch(batch, partition, now);
    batch->events++;
}

static struct hb_batch_entry *add(struct hb_batch *batch, const struct hb_batch_record *record)
{
    struct hb_batch_entry *entry = calloc(1, sizeof(*entry));
    HB_ASSERT(record->key.len <= HB_CATALOG_KEY_MAX);
    if (!entry)
        return NULL;
    memcpy(entry->key, record->key.ptr, record->key.len);
    entry->key_len = record->key.len;
    entry->partition = record->partition;
    if (hb_map_put(&batch->entries, hb_str_n(entry->key, entry->key_len), entry)) {
        free(entry);
        return NULL;
    }
    entry->next = batch->first;
    batch->first = entry;
    return entry;
}

enum hb_err hb_batch_put(struct hb_batch *batch, const struct hb_batch_record *record, struct hb_buf *take_value,
                         struct hb_mono now)
{
    struct hb_batch_entry *entry = hb_batch_find(batch, record->key);
    touch(batch, record->partition, now);
    if (!entry) {
        entry = add(batch, record);
        if (!entry)
            return HB_ERR_MEMORY;
        batch->count++;
        batch->bytes += sizeof(*entry);
    }
    batch->bytes -= entry->value.len;
    hb_buf_deinit(&entry->value);
    entry->is_gone = take_value == NULL;
    entry->state = record->state;
    entry->idle_since = record->idle_since;
    if (take_value) {
        entry->value = *take_value;
        *take_value = hb_buf_make(take_value->max);
        batch->bytes += entry->value.len;
    }
    return HB_OK;
}
