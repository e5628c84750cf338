#include "retry/view_internal.h"

#include <limits.h>
#include <stdlib.h>

/* Places in an answer that is OK: the script's name for it, applied, mark, set aside, next due, now, rows, more. */
enum { AT_WORD, AT_APPLIED, AT_MARK, AT_ASIDE, AT_NEXT_DUE, AT_NOW, AT_ROWS, AT_MORE };
/* apply has no clock: refusals, wanted repairs, spilled webhooks, records left */
#define AT_REFUSALS AT_NOW
enum { AT_WANTED = AT_REFUSALS + 1, AT_SPILLED, AT_SKIPPED };
/* takeover: seen, wanted repairs, spilled webhooks */
#define AT_SEEN AT_NOW

static const struct {
    struct hb_str prefix;
    enum hb_err err;
} error_kinds[] = {
    {HB_STR_INIT("LOADING"), HB_ERR_AWAY},     {HB_STR_INIT("READONLY"), HB_ERR_AWAY},
    {HB_STR_INIT("MASTERDOWN"), HB_ERR_AWAY},  {HB_STR_INIT("BUSY"), HB_ERR_AWAY},
    {HB_STR_INIT("TRYAGAIN"), HB_ERR_AWAY},    {HB_STR_INIT("OOM"), HB_ERR_FULL},
    {HB_STR_INIT("NOAUTH"), HB_ERR_DENIED},    {HB_STR_INIT("NOPERM"), HB_ERR_DENIED},
    {HB_STR_INIT("WRONGPASS"), HB_ERR_DENIED},
};

enum hb_err hb_view_error_of(struct hb_str text)
{
    for (size_t i = 0; i < sizeof(error_kinds) / sizeof(error_kinds[0]); i++)
        if (hb_str_has_prefix(text, error_kinds[i].prefix))
            return error_kinds[i].err;
    return HB_ERR_STORE;
}

static const struct hb_redis_reply *item(const struct hb_redis_reply *array, size_t index)
{
    static const struct hb_redis_reply nothing = {.kind = HB_REDIS_NIL};

    return array->kind == HB_REDIS_ARRAY && index < array->items_count ? &array->items[index] : &nothing;
}

/* An integer, also as Redis writes scores: false for anything else. */
static bool number_of(const struct hb_redis_reply *reply, int64_t *ret_number)
{
    uint64_t number;

    if (reply->kind == HB_REDIS_INTEGER) {
        *ret_number = reply->integer;
        return true;
    }
    if (reply->kind != HB_REDIS_STRING)
        return false;
    if (hb_str_eq(reply->text, HB_STR("-1"))) {
        *ret_number = -1;
        return true;
    }
    if (!hb_str_to_u64(reply->text, &number) || number > INT64_MAX)
        return false;
    *ret_number = (int64_t)number;
    return true;
}

static bool text_of(const struct hb_redis_reply *reply, struct hb_str *ret_text)
{
    *ret_text = reply->text;
    return reply->kind == HB_REDIS_STRING;
}

static bool id_of(const struct hb_redis_reply *reply, unsigned char ret_delivery[HB_DELIVERY_BYTES])
{
    if (reply->kind != HB_REDIS_STRING || reply->text.len != HB_DELIVERY_BYTES)
        return false;
    memcpy(ret_delivery, reply->text.ptr, HB_DELIVERY_BYTES);
    return true;
}

/* A name that could be no job's is none. */
static bool job_of(const struct hb_redis_reply *reply, struct hb_str *ret_job)
{
    *ret_job = hb_event_is_id(reply->text) ? reply->text : (struct hb_str){NULL, 0};
    return reply->kind == HB_REDIS_STRING;
}

/* webhook, id, entry, due, job. ret_is_usable false: the entry is not ours; one such is no reason to read none. */
static bool read_delivery(const struct hb_redis_reply *row, struct hb_view_delivery *ret_delivery, bool *ret_is_usable)
{
    *ret_is_usable = hb_entry_unpack(item(row, 2)->text, &ret_delivery->entry);
    return text_of(item(row, 0), &ret_delivery->webhook) && id_of(item(row, 1), ret_delivery->delivery) &&
           item(row, 2)->kind == HB_REDIS_STRING && number_of(item(row, 3), &ret_delivery->due.ms) &&
           job_of(item(row, 4), &ret_delivery->job);
}

static bool read_deliveries(const struct hb_redis_reply *rows, struct hb_view_answer *answer)
{
    struct hb_view_delivery *deliveries = calloc(rows->items_count + 1, sizeof(*deliveries));

    answer->deliveries = deliveries;
    for (size_t i = 0; deliveries && i < rows->items_count; i++) {
        bool is_usable;
        if (!read_delivery(item(rows, i), &deliveries[answer->deliveries_count], &is_usable))
            return false;
        answer->deliveries_count += is_usable;
        answer->set_aside += !is_usable;
    }
    return deliveries && rows->kind == HB_REDIS_ARRAY;
}

/* index, word, state, version, offset of what refused, id, entry, due, job */
static bool read_refusal(const struct hb_redis_reply *row, const struct hb_view_call *call,
                         struct hb_view_refusal *refusal)
{
    int64_t index, code, version, offset;
    struct hb_str word;

    if (!number_of(item(row, 0), &index) || !text_of(item(row, 1), &word) || !number_of(item(row, 2), &code) ||
        !number_of(item(row, 3), &version) || !number_of(item(row, 4), &offset) ||
        !id_of(item(row, 5), refusal->truth.delivery) || index < 0 || (size_t)index >= call->rules_count ||
        hb_entry_state(code) < 0)
        return false;
    const struct hb_shard_record *record = &call->rules[index];
    refusal->index = (size_t)index;
    refusal->verdict = hb_str_eq(word, HB_STR("conflict")) ? HB_SHARD_CONFLICT : HB_SHARD_STALE;
    refusal->repair_state = (enum hb_delivery_state)hb_entry_state(code);
    refusal->repair_version = (version > record->version ? version : record->version) + 1;
    refusal->wants_repair = offset < record->offset;
    refusal->has_truth = item(row, 6)->text.len > 0 && hb_entry_unpack(item(row, 6)->text, &refusal->truth.entry);
    return !refusal->has_truth || (number_of(item(row, 7), &refusal->truth.due.ms) &&
                                   job_of(item(row, 8), &refusal->truth.job));
}

static bool read_refusals(const struct hb_redis_reply *rows, const struct hb_view_call *call,
                          struct hb_view_answer *answer)
{
    struct hb_view_refusal *refusals = calloc(rows->items_count + 1, sizeof(*refusals));

    answer->refusals = refusals;
    answer->refusals_count = rows->items_count;
    for (size_t i = 0; refusals && i < rows->items_count; i++)
        if (!read_refusal(item(rows, i), call, &refusals[i]))
            return false;
    return refusals && rows->kind == HB_REDIS_ARRAY;
}

/* webhook, id, state, version, offset repaired, entry, due, job. ret_is_usable false: no record can be made of it. */
static bool read_repair(const struct hb_redis_reply *row, struct hb_view_repair *repair, bool *ret_is_usable)
{
    struct hb_view_delivery *truth = &repair->truth;
    int64_t code;

    if (!text_of(item(row, 0), &truth->webhook) || !id_of(item(row, 1), truth->delivery) ||
        !number_of(item(row, 2), &code) || !number_of(item(row, 3), &repair->version) ||
        !number_of(item(row, 4), &repair->repairs))
        return false;
    *ret_is_usable = hb_event_is_id(truth->webhook) && hb_entry_state(code) >= 0 && repair->version >= 1 &&
                     repair->version <= HB_JOURNAL_VERSION_MAX && repair->repairs >= 0 &&
                     repair->repairs <= HB_JOURNAL_NUMBER_MAX;
    repair->state = *ret_is_usable ? (enum hb_delivery_state)hb_entry_state(code) : HB_DELIVERY_DELIVERED;
    if (repair->state == HB_DELIVERY_DELIVERED)
        return true;
    *ret_is_usable = hb_entry_unpack(item(row, 5)->text, &truth->entry);
    return item(row, 5)->kind == HB_REDIS_STRING && number_of(item(row, 6), &truth->due.ms) &&
           job_of(item(row, 7), &truth->job);
}

static bool read_repairs(const struct hb_redis_reply *rows, struct hb_view_answer *answer)
{
    struct hb_view_repair *repairs = calloc(rows->items_count + 1, sizeof(*repairs));

    answer->repairs = repairs;
    for (size_t i = 0; repairs && i < rows->items_count; i++) {
        bool is_usable;
        if (!read_repair(item(rows, i), &repairs[answer->repairs_count], &is_usable))
            return false;
        answer->repairs_count += is_usable;
        answer->set_aside += !is_usable;
    }
    return repairs && rows->kind == HB_REDIS_ARRAY;
}

/* due: webhook and score one after the other; counts: rows of webhook, parked, held, dead, due,
 * spilled from */
static bool read_webhooks(const struct hb_redis_reply *rows, bool is_flat, struct hb_view_answer *answer)
{
    size_t count = is_flat ? rows->items_count / 2 : rows->items_count;
    struct hb_view_webhook *webhooks = calloc(count + 1, sizeof(*webhooks));

    answer->webhooks = webhooks;
    answer->webhooks_count = count;
    for (size_t i = 0; webhooks && i < count; i++) {
        struct hb_view_webhook *to = &webhooks[i];
        const struct hb_redis_reply *row = item(rows, i);
        bool is_good = is_flat
                           ? text_of(item(rows, 2 * i), &to->webhook) && number_of(item(rows, 2 * i + 1), &to->due.ms)
                           : text_of(item(row, 0), &to->webhook) && number_of(item(row, 1), &to->parked) &&
                                 number_of(item(row, 2), &to->held) && number_of(item(row, 3), &to->dead) &&
                                 number_of(item(row, 4), &to->due.ms) && number_of(item(row, 5), &to->spilled_from);
        if (!is_good)
            return false;
    }
    return webhooks && rows->kind == HB_REDIS_ARRAY;
}

static bool read_body(const struct hb_view_call *call, const struct hb_redis_reply *reply,
                      struct hb_view_answer *answer)
{
    const struct hb_redis_reply *rows = item(reply, AT_ROWS);

    if (!number_of(item(reply, AT_ASIDE), &answer->set_aside) ||
        !number_of(item(reply, AT_NEXT_DUE), &answer->next_due.ms))
        return false;
    if (call->name == HB_SCRIPT_APPLY)
        return read_refusals(item(reply, AT_REFUSALS), call, answer) &&
               number_of(item(reply, AT_WANTED), &answer->repairs_wanted) &&
               number_of(item(reply, AT_SPILLED), &answer->spilled) &&
               number_of(item(reply, AT_SKIPPED), &answer->skipped);
    if (call->name == HB_SCRIPT_TAKEOVER)
        return number_of(item(reply, AT_SEEN), &answer->seen.ms) &&
               number_of(item(reply, AT_WANTED), &answer->repairs_wanted) &&
               number_of(item(reply, AT_SPILLED), &answer->spilled);
    if (call->name == HB_SCRIPT_CLEAR)
        return true;
    if (!number_of(item(reply, AT_NOW), &answer->now.ms))
        return false;
    switch ((int)call->name) {
    case HB_SCRIPT_CLAIM:
    case HB_SCRIPT_AHEAD:
        return read_deliveries(rows, answer);
    case HB_SCRIPT_SCAN:
        return read_deliveries(rows, answer) && text_of(item(reply, AT_MORE), &answer->cursor);
    case HB_SCRIPT_REPAIRS:
        return read_repairs(rows, answer) && text_of(item(reply, AT_MORE), &answer->cursor);
    case HB_SCRIPT_DUE:
        return read_webhooks(rows, true, answer);
    case HB_SCRIPT_COUNTS:
        return read_webhooks(rows, false, answer) && number_of(item(reply, AT_MORE), &answer->moved);
    case HB_SCRIPT_LEASE:
    case HB_SCRIPT_SPILL:
        return number_of(rows, &answer->moved);
    default:
        return true; /* ready */
    }
}

/* What a verb that does not ask the gate in Redis finds there. */
static enum hb_shard_gate gate_of(const struct hb_view_call *call, struct hb_shard_head head)
{
    if (call->is_look && head.mark == call->expected.mark && head.applied > call->expected.applied)
        return HB_SHARD_OPEN; /* the reply of an apply was lost, and it had run */
    if (call->name == HB_SCRIPT_DUE || call->name == HB_SCRIPT_AHEAD || call->name == HB_SCRIPT_SCAN ||
        call->name == HB_SCRIPT_COUNTS)
        return hb_shard_rule_may_claim(head, call->expected);
    return HB_SHARD_OPEN;
}

static enum hb_err read_reply(const struct hb_view_call *call, const struct hb_redis_reply *reply,
                              struct hb_view_answer *answer)
{
    struct hb_str word;

    if (reply->kind == HB_REDIS_ERROR) {
        answer->text = reply->text;
        return hb_view_error_of(reply->text);
    }
    if (!text_of(item(reply, AT_WORD), &word) || !number_of(item(reply, AT_APPLIED), &answer->head.applied) ||
        !number_of(item(reply, AT_MARK), &answer->head.mark))
        return HB_ERR_STORE;
    if (hb_str_eq(word, HB_STR("newer")))
        return HB_ERR_VERSION;
    if (hb_str_eq(word, HB_STR("fenced")) || hb_str_eq(word, HB_STR("behind"))) {
        answer->gate = word.ptr[0] == 'f' ? HB_SHARD_FENCED : HB_SHARD_BEHIND;
        return HB_OK;
    }
    if (!hb_str_eq(word, HB_STR("ok")) || !read_body(call, reply, answer))
        return HB_ERR_STORE;
    answer->gate = gate_of(call, answer->head);
    return HB_OK;
}

void hb_view_answer_read(const struct hb_view_call *call, enum hb_err err, const struct hb_redis_reply *reply,
                         struct hb_view_answer *ret_answer)
{
    *ret_answer = (struct hb_view_answer){
        .gate = HB_SHARD_BEHIND, .head = {HB_SHARD_NONE, HB_SHARD_NONE}, .now = {-1}, .next_due = {-1}, .seen = {-1}};
    ret_answer->err = err ? err : read_reply(call, reply, ret_answer);
    if (!err && ret_answer->err == HB_ERR_STORE && !ret_answer->text.ptr)
        ret_answer->text = HB_STR("an answer that no script of ours gives"); /* Redis itself refused nothing */
    if (ret_answer->err && !ret_answer->text.ptr)
        ret_answer->text = hb_str_c(hb_err_text(ret_answer->err));
    if (!ret_answer->err)
        return;
    /* Half an answer is none. */
    ret_answer->gate = HB_SHARD_BEHIND;
    ret_answer->refusals_count = ret_answer->deliveries_count = ret_answer->webhooks_count = 0;
    ret_answer->repairs_count = 0;
}

/* The arrays are ours; the answer lends them as const. */
static void release(const void *array)
{
    union {
        const void *lent;
        void *own;
    } pointer = {array};
    free(pointer.own);
}

void hb_view_answer_deinit(struct hb_view_answer *answer)
{
    release(answer->refusals);
    release(answer->deliveries);
    release(answer->webhooks);
    release(answer->repairs);
}
