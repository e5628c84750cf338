#include "registry/pen_batch.h"

#include "platform/json/json.h"
#include "registry/registry_internal.h"

#include <stdio.h>

#define AUDIT_BYTES_MAX 4096

static bool is_store(const struct hb_pen_change *change) { return hb_str_has_prefix(change->object, HB_STR("store/")); }

bool hb_pen_batch_fits(const struct pen_batch *batch, const struct hb_pen_change *change)
{
    if (batch->count == HB_PEN_BATCH_MAX) {
        return false;
    }
    for (size_t i = 0; i < batch->count; i++) {
        const struct hb_pen_change *other = batch->drafts[i].change;
        bool is_beside_its_store = hb_str_eq(other->store, change->store) && (is_store(other) || is_store(change));
        if (is_beside_its_store || hb_str_eq(other->object, change->object)) {
            return false;
        }
    }
    return true;
}

static enum hb_err write_audit(struct pen_draft *draft, struct hb_wall now)
{
    const struct hb_pen_change *change = draft->change;
    struct hb_json_writer w = hb_json_write(&draft->audit);
    hb_json_object(&w, NULL);
    hb_json_add_int(&w, "v", 1);
    hb_json_add_wall(&w, "at", now);
    hb_json_add_str(&w, "who", change->who);
    hb_json_add_str(&w, "action", change->action);
    hb_json_add_str(&w, "object", change->object);
    if (change->store.len > 0) {
        hb_json_add_str(&w, "store", change->store);
    }
    hb_json_add_int(&w, "revision", change->revision);
    hb_json_close_object(&w);
    (void)snprintf(draft->audit_key, sizeof(draft->audit_key), "audit/%s", change->audit);
    return hb_json_end(&w);
}

static void draft_deinit(struct pen_draft *draft)
{
    hb_buf_deinit(&draft->value);
    hb_buf_deinit(&draft->audit);
}

enum hb_err hb_pen_batch_add(struct pen_batch *batch, struct hb_pen_change *change, struct hb_wall now,
                             enum hb_pen_verdict *ret_verdict)
{
    struct pen_draft *draft = &batch->drafts[batch->count];
    *draft = (struct pen_draft){change, hb_buf_make(HB_PEN_VALUE_BYTES_MAX), hb_buf_make(AUDIT_BYTES_MAX), ""};
    enum hb_pen_verdict verdict = change->judge(change->user, &draft->value, &change->revision);
    bool has_audit = verdict == HB_PEN_WRITE && change->who.len > 0;
    enum hb_err err = has_audit ? write_audit(draft, now) : HB_OK;
    if (err || verdict != HB_PEN_WRITE) {
        draft_deinit(draft);
    } else {
        batch->count++;
    }
    *ret_verdict = verdict;
    return err;
}

static void add_record(struct pen_batch *batch, const char *topic, struct hb_str key, struct hb_str value)
{
    HB_ASSERT(batch->records_count < PEN_RECORDS_MAX);
    batch->records[batch->records_count++] = (struct hb_kafka_record){topic, 0, key, value, NULL, 0};
}

void hb_pen_batch_lay_out(struct pen_batch *batch, const struct hb_registry *registry, const char *topic)
{
    struct registry_record *const *audit = NULL;
    size_t audit_count = hb_registry_audit(registry, &audit), after = audit_count;
    batch->records_count = 0;
    for (size_t i = 0; i < batch->count; i++) {
        struct pen_draft *draft = &batch->drafts[i];
        add_record(batch, topic, draft->change->object, hb_buf_str(&draft->value));
        if (draft->audit_key[0]) {
            add_record(batch, topic, hb_str_c(draft->audit_key), hb_buf_str(&draft->audit));
            after++;
        }
    }
    size_t excess = after > HB_REGISTRY_AUDIT_MAX ? after - HB_REGISTRY_AUDIT_MAX : 0;
    for (size_t i = 0; i < excess && i < audit_count && i < 2 * batch->count; i++) {
        add_record(batch, topic, audit[i]->key, (struct hb_str){NULL, 0});
    }
}

void hb_pen_batch_clear(struct pen_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        draft_deinit(&batch->drafts[i]);
    }
    batch->count = batch->records_count = 0;
}

bool hb_pen_batch_was_written(const struct hb_registry *registry, const struct hb_pen_change *change)
{
    char key[PEN_AUDIT_KEY_MAX];
    (void)snprintf(key, sizeof(key), "audit/%s", change->audit);
    return hb_registry_record(registry, hb_str_c(key)).len > 0;
}
