#include "core/journal_record.h"

#include "core/ids.h"
#include "core/json_members.h"
#include "core/json_scan.h"
#include "hookbus/topics.h"

#include <inttypes.h>
#include <stdio.h>

#define VERSION_TEXT "1"

/* ---- grammar ---- */

static bool is_delivery_id(struct hb_str id)
{
    unsigned char bytes[16];
    return hb_delivery_id_read(id, bytes);
}

static bool is_word(struct hb_str text)
{
    if (text.len == 0 || text.len > HB_JOURNAL_REASON_MAX)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'))
            return false;
    }
    return true;
}

static bool is_ms(int64_t ms)
{
    return ms >= 0 && ms <= HB_JOURNAL_NUMBER_MAX;
}

static bool is_position(const struct hb_position *at)
{
    return at->topic >= 0 && at->topic < HB_EVENT_TOPIC_COUNT && at->partition >= 0 && at->offset >= 0 &&
           at->offset <= HB_JOURNAL_NUMBER_MAX && is_ms(at->appended.ms);
}

/* The name of the first field that breaks the grammar, or NULL. */
static const char *find_fault(const struct hb_journal_record *r)
{
    const struct {
        bool is_right;
        const char *field;
    } checks[] = {
        {hb_delivery_state_is_journaled(r->state), "state"},
        {hb_event_is_id(r->store), "store"},
        {r->event.len == 0 || hb_event_is_id(r->event), "event"},
        {is_position(&r->position), "at"},
        {r->attempts >= 0 && r->attempts <= HB_JOURNAL_ATTEMPTS_MAX, "attempts"},
        {r->first_failed.ms == HB_JOURNAL_NEVER || is_ms(r->first_failed.ms), "first_failed"},
        {is_ms(r->due.ms), "due"},
        {is_word(r->reason), "reason"},
        {r->job.len == 0 || hb_event_is_id(r->job), "job"},
    };
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
        if (!checks[i].is_right)
            return checks[i].field;
    return NULL;
}

static const char *find_key_fault(const struct hb_journal_record *r)
{
    if (!is_delivery_id(r->id))
        return "id";
    if (!hb_event_is_id(r->webhook))
        return "webhook";
    if (r->version < 1 || r->version >= HB_SHARD_VERSION_MAX)
        return "version";
    return r->repairs >= HB_SHARD_NONE && r->repairs <= HB_JOURNAL_NUMBER_MAX ? NULL : "repairs";
}

/* ---- writing ---- */

struct hb_str hb_journal_key(const struct hb_journal_record *record)
{
    return record->kind == HB_JOURNAL_TAKEOVER ? HB_STR(HB_JOURNAL_TAKEOVER_KEY) : record->id;
}

static struct hb_str number(char *at, size_t room, int64_t value)
{
    return hb_str_n(at, (size_t)snprintf(at, room, "%" PRId64, value));
}

size_t hb_journal_headers(const struct hb_journal_record *record, char scratch[HB_JOURNAL_SCRATCH_MAX],
                          struct hb_name_value ret_headers[HB_JOURNAL_HEADERS_MAX])
{
    char *half = scratch + HB_JOURNAL_SCRATCH_MAX / 2;
    ret_headers[0] = (struct hb_name_value){HB_STR("hb_v"), HB_STR(VERSION_TEXT)};
    if (record->kind == HB_JOURNAL_TAKEOVER)
        return 1;
    HB_ASSERT(!find_key_fault(record));
    ret_headers[1] = (struct hb_name_value){HB_STR("webhook"), record->webhook};
    ret_headers[2] =
        (struct hb_name_value){HB_STR("version"), number(scratch, HB_JOURNAL_SCRATCH_MAX / 2, record->version)};
    if (record->repairs == HB_SHARD_NONE)
        return 3;
    ret_headers[3] =
        (struct hb_name_value){HB_STR("repairs"), number(half, HB_JOURNAL_SCRATCH_MAX / 2, record->repairs)};
    return 4;
}

/* What the event's reader alone knows. */
static enum hb_err write_event(const struct hb_journal_record *r, struct hb_buf *value)
{
    enum hb_err err = HB_OK;
    if (r->event.len > 0)
        err = hb_buf_addf(value, ",\"event\":\"%.*s\"", HB_ARG(r->event));
    if (!err && r->subject != HB_JOURNAL_NO_SUBJECT)
        err = hb_buf_addf(value, ",\"subject\":\"%016" PRIx64 "\"", r->subject);
    return err;
}

static enum hb_err write_optional(const struct hb_journal_record *r, struct hb_buf *value)
{
    enum hb_err err = HB_OK;
    if (r->first_failed.ms != HB_JOURNAL_NEVER)
        err = hb_buf_addf(value, ",\"first_failed\":%" PRId64, r->first_failed.ms);
    if (!err && r->job.len > 0)
        err = hb_buf_addf(value, ",\"job\":\"%.*s\"", HB_ARG(r->job));
    return err ? err : hb_buf_add_char(value, '}');
}

/* Every text is within a grammar that needs no escaping. */
enum hb_err hb_journal_write(const struct hb_journal_record *r, struct hb_buf *ret_value)
{
    HB_ASSERT(r->kind != HB_JOURNAL_TOMBSTONE);
    if (r->kind == HB_JOURNAL_TAKEOVER) {
        HB_ASSERT(hb_event_is_id(r->owner));
        return hb_buf_addf(ret_value, "{\"v\":1,\"state\":\"takeover\",\"owner\":\"%.*s\"}", HB_ARG(r->owner));
    }
    HB_ASSERT(!find_key_fault(r) && !find_fault(r));
    enum hb_err err = hb_buf_addf(ret_value, "{\"v\":1,\"id\":\"%.*s\",\"webhook\":\"%.*s\",\"store\":\"%.*s\"",
                                  HB_ARG(r->id), HB_ARG(r->webhook), HB_ARG(r->store));
    if (!err)
        err = write_event(r, ret_value);
    if (err)
        return err;
    err = hb_buf_addf(ret_value,
                      ",\"at\":{\"topic\":%d,\"partition\":%" PRId32 ",\"offset\":%" PRId64 ",\"appended\":%" PRId64
                      "},\"state\":\"%s\",\"attempts\":%" PRId64 ",\"due\":%" PRId64 ",\"reason\":\"%.*s\"",
                      r->position.topic, r->position.partition, r->position.offset, r->position.appended.ms,
                      hb_delivery_state_text(r->state), r->attempts, r->due.ms, HB_ARG(r->reason));
    return err ? err : write_optional(r, ret_value);
}

/* ---- for the rule ---- */

struct hb_shard_record hb_journal_to_rule(const struct hb_journal_record *record, int64_t offset)
{
    HB_ASSERT(record->kind != HB_JOURNAL_TAKEOVER);
    return (struct hb_shard_record){.state = record->state,
                                    .version = record->version,
                                    .offset = offset,
                                    .repairs = record->repairs,
                                    .position = record->position};
}

/* ---- reading: headers ---- */

enum header { HEADER_V, HEADER_WEBHOOK, HEADER_VERSION, HEADER_REPAIRS, HEADER_COUNT };
static const char *const header_names[HEADER_COUNT] = {"hb_v", "webhook", "version", "repairs"};

/* Each of ours at most once; others are nobody's business. */
static const char *gather_headers(const struct hb_journal_source *source, struct hb_str ret_values[HEADER_COUNT])
{
    for (size_t i = 0; i < source->headers_count; i++)
        for (int known = 0; known < HEADER_COUNT; known++) {
            if (!hb_str_eq(source->headers[i].name, hb_str_c(header_names[known])))
                continue;
            if (ret_values[known].ptr || source->headers[i].value.len == 0)
                return header_names[known];
            ret_values[known] = source->headers[i].value;
        }
    return NULL;
}

static bool read_number(struct hb_str text, int64_t *ret)
{
    uint64_t value;
    bool is_canonical = text.len == 1 || (text.len > 1 && text.ptr[0] != '0');
    if (!is_canonical || !hb_str_to_u64(text, &value) || value > (uint64_t)HB_SHARD_VERSION_MAX)
        return false;
    *ret = (int64_t)value;
    return true;
}

static const char *read_key(struct hb_str key, const struct hb_str values[HEADER_COUNT],
                            struct hb_journal_record *record)
{
    record->id = key;
    record->webhook = values[HEADER_WEBHOOK];
    record->repairs = HB_SHARD_NONE;
    if (!read_number(values[HEADER_VERSION], &record->version) || record->version > HB_JOURNAL_VERSION_MAX)
        return "version";
    if (values[HEADER_REPAIRS].ptr && !read_number(values[HEADER_REPAIRS], &record->repairs))
        return "repairs";
    return find_key_fault(record);
}

/* ---- reading: the value ---- */

enum member {
    MEMBER_V,
    MEMBER_ID,
    MEMBER_WEBHOOK,
    MEMBER_STORE,
    MEMBER_AT,
    MEMBER_STATE,
    MEMBER_ATTEMPTS,
    MEMBER_DUE,
    MEMBER_REASON,
    MEMBERS_NEEDED,
    MEMBER_EVENT = MEMBERS_NEEDED,
    MEMBER_SUBJECT,
    MEMBER_FIRST_FAILED,
    MEMBER_JOB,
    MEMBER_COUNT
};
static const char *const member_names[MEMBER_COUNT] = {
    "v", "id", "webhook", "store", "at", "state", "attempts", "due", "reason", "event", "subject", "first_failed", "job"};

enum place { PLACE_TOPIC, PLACE_PARTITION, PLACE_OFFSET, PLACE_APPENDED, PLACE_COUNT };
static const char *const place_names[PLACE_COUNT] = {"topic", "partition", "offset", "appended"};

static const struct hb_json_members members = {member_names, MEMBER_COUNT, MEMBERS_NEEDED};
static const struct hb_json_members places = {place_names, PLACE_COUNT, PLACE_COUNT};

/* Raw text: our grammars have nothing that would be escaped, so an escape breaks them. */
static struct hb_str text_of(struct hb_cursor value)
{
    return value.kind == HB_CURSOR_STRING ? hb_cursor_text(value) : hb_str_n(NULL, 0);
}

static bool number_of(struct hb_cursor value, int64_t *ret)
{
    return value.kind == HB_CURSOR_NUMBER && read_number(value.raw, ret);
}

static bool read_subject(struct hb_str hex, uint64_t *ret)
{
    static const char digits[] = "0123456789abcdef";
    uint64_t value = 0;
    if (hex.len != 16)
        return false;
    for (size_t i = 0; i < hex.len; i++) {
        const char *digit = memchr(digits, hex.ptr[i], 16);
        if (!digit)
            return false;
        value = value << 4 | (uint64_t)(digit - digits);
    }
    *ret = value;
    return true;
}

static bool read_position(struct hb_cursor at, struct hb_position *ret_position)
{
    struct hb_cursor values[PLACE_COUNT] = {0};
    int64_t topic, partition;
    if (hb_json_members_gather(at, &places, values) || !number_of(values[PLACE_TOPIC], &topic) ||
        topic >= HB_EVENT_TOPIC_COUNT || !number_of(values[PLACE_PARTITION], &partition) ||
        partition > HB_JOURNAL_PARTITION_MAX ||
        !number_of(values[PLACE_OFFSET], &ret_position->offset) ||
        !number_of(values[PLACE_APPENDED], &ret_position->appended.ms))
        return false;
    ret_position->topic = (int)topic;
    ret_position->partition = (int32_t)partition;
    return true;
}

/* What differs from what key and headers say. */
static const char *check_key(const struct hb_cursor values[MEMBER_COUNT], const struct hb_journal_record *record)
{
    if (!hb_str_eq(text_of(values[MEMBER_ID]), record->id))
        return "id";
    return hb_str_eq(text_of(values[MEMBER_WEBHOOK]), record->webhook) ? NULL : "webhook";
}

static const char *read_fields(const struct hb_cursor values[MEMBER_COUNT], struct hb_journal_record *record)
{
    int state = hb_delivery_state_find(text_of(values[MEMBER_STATE]));
    if (state < 0)
        return "state";
    record->state = (enum hb_delivery_state)state;
    record->store = text_of(values[MEMBER_STORE]);
    record->event = text_of(values[MEMBER_EVENT]);
    record->reason = text_of(values[MEMBER_REASON]);
    record->job = text_of(values[MEMBER_JOB]);
    if (values[MEMBER_JOB].kind != HB_CURSOR_NONE && record->job.len == 0)
        return "job";
    if (values[MEMBER_EVENT].kind != HB_CURSOR_NONE && record->event.len == 0)
        return "event";
    if (values[MEMBER_SUBJECT].kind != HB_CURSOR_NONE &&
        !read_subject(text_of(values[MEMBER_SUBJECT]), &record->subject))
        return "subject";
    if (!read_position(values[MEMBER_AT], &record->position))
        return "at";
    if (!number_of(values[MEMBER_ATTEMPTS], &record->attempts))
        return "attempts";
    if (!number_of(values[MEMBER_DUE], &record->due.ms))
        return "due";
    record->first_failed.ms = HB_JOURNAL_NEVER;
    if (values[MEMBER_FIRST_FAILED].kind != HB_CURSOR_NONE &&
        !number_of(values[MEMBER_FIRST_FAILED], &record->first_failed.ms))
        return "first_failed";
    return find_fault(record);
}

static const char *read_state(struct hb_cursor root, struct hb_journal_record *record)
{
    struct hb_cursor values[MEMBER_COUNT] = {0};
    const char *fault = hb_json_members_gather(root, &members, values);
    if (!fault)
        fault = check_key(values, record);
    record->kind = HB_JOURNAL_STATE;
    return fault ? fault : read_fields(values, record);
}

static const char *read_takeover(struct hb_cursor root, struct hb_journal_record *record)
{
    static const char *const names[] = {"v", "state", "owner"};
    struct hb_cursor values[3] = {0};
    const char *fault = hb_json_members_gather(root, &(struct hb_json_members){names, 3, 3}, values);
    *record = (struct hb_journal_record){.kind = HB_JOURNAL_TAKEOVER, .repairs = HB_SHARD_NONE};
    record->owner = text_of(values[2]);
    if (!fault && !hb_str_eq(text_of(values[1]), HB_STR("takeover")))
        fault = "state";
    return fault ? fault : hb_event_is_id(record->owner) ? NULL : "owner";
}

/* The version stands in the header and in the value; a tombstone has the header alone. */
static enum hb_journal_read read_version(struct hb_str header, struct hb_cursor root, bool is_tombstone)
{
    int64_t said, written;
    if (!read_number(header, &said) || said == 0)
        return HB_JOURNAL_READ_UNREADABLE;
    if (said > 1)
        return HB_JOURNAL_READ_NEWER;
    if (is_tombstone)
        return HB_JOURNAL_READ_OK;
    if (root.kind != HB_CURSOR_OBJECT || !number_of(hb_cursor_member(root, HB_STR("v")), &written) || written != 1)
        return HB_JOURNAL_READ_UNREADABLE;
    return HB_JOURNAL_READ_OK;
}

static bool parse_value(struct hb_str value, struct hb_cursor *ret_root)
{
    size_t at;
    *ret_root = (struct hb_cursor){0};
    if (!value.ptr)
        return true;
    if (value.len > HB_JOURNAL_VALUE_MAX || hb_json_scan(value, &at))
        return false;
    *ret_root = hb_cursor_root(value);
    return true;
}

static const char *read_body(const struct hb_journal_source *source, struct hb_cursor root,
                             const struct hb_str values[HEADER_COUNT], struct hb_journal_record *record)
{
    if (source->value.ptr && hb_str_eq(source->key, HB_STR(HB_JOURNAL_TAKEOVER_KEY)))
        return read_takeover(root, record);
    const char *fault = read_key(source->key, values, record);
    if (fault)
        return fault;
    if (source->value.ptr)
        return read_state(root, record);
    record->kind = HB_JOURNAL_TOMBSTONE;
    record->state = HB_DELIVERY_DELIVERED;
    return NULL;
}

enum hb_journal_read hb_journal_read(const struct hb_journal_source *source, struct hb_journal_record *ret_record,
                                     const char **ret_problem)
{
    struct hb_str values[HEADER_COUNT] = {{NULL, 0}};
    struct hb_journal_record record = {0};
    struct hb_cursor root = {0};
    *ret_problem = gather_headers(source, values);
    if (*ret_problem)
        return HB_JOURNAL_READ_UNREADABLE;
    bool is_json = parse_value(source->value, &root);
    *ret_problem = is_json ? "hb_v" : "value";
    enum hb_journal_read read = read_version(values[HEADER_V], root, !source->value.ptr);
    if (read == HB_JOURNAL_READ_NEWER)
        return read; /* what a newer hookbus calls a value is not ours to judge */
    if (!is_json || read != HB_JOURNAL_READ_OK)
        return HB_JOURNAL_READ_UNREADABLE;
    *ret_problem = read_body(source, root, values, &record);
    if (*ret_problem)
        return HB_JOURNAL_READ_UNREADABLE;
    *ret_record = record;
    return HB_JOURNAL_READ_OK;
}
