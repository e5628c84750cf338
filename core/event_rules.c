#include "core/event_rules.h"

#include "core/json_scan.h"
#include "core/utf8.h"

#define CONTENT_TYPE_MAX 128 /* bytes */
#define TIME_MAX 64          /* bytes: room for any fraction somebody writes in earnest */

static bool is_word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

static bool is_id_char(char c)
{
    return is_word_char(c) || (c >= 'A' && c <= 'Z') || c == '-';
}

bool hb_event_is_id(struct hb_str id)
{
    if (id.len == 0 || id.len > HB_ID_MAX)
        return false;
    for (size_t i = 0; i < id.len; i++)
        if (!is_id_char(id.ptr[i]))
            return false;
    return true;
}

bool hb_event_is_type(struct hb_str type)
{
    if (type.len == 0 || type.len > HB_TYPE_MAX)
        return false;
    size_t words = 0;
    struct hb_str word;
    while (hb_str_split(&type, '.', &word)) {
        if (word.len == 0)
            return false;
        for (size_t i = 0; i < word.len; i++)
            if (!is_word_char(word.ptr[i]))
                return false;
        words++;
    }
    return words >= 2;
}

bool hb_event_is_text(struct hb_str text, size_t bytes_max)
{
    if (text.len == 0 || text.len > bytes_max)
        return false;
    for (size_t at = 0; at < text.len;) {
        unsigned char lead = (unsigned char)text.ptr[at];
        size_t length = hb_utf8_length(hb_str_n(text.ptr + at, text.len - at));
        /* C0, DEL, and C1, whose UTF-8 is C2 80 … C2 9F. */
        if (length == 0 || lead < 0x20 || lead == 0x7F || (lead == 0xC2 && (unsigned char)text.ptr[at + 1] < 0xA0))
            return false;
        at += length;
    }
    return true;
}

bool hb_event_is_subject(struct hb_str subject)
{
    return hb_event_is_text(subject, HB_SUBJECT_MAX);
}

bool hb_event_is_path(struct hb_str path)
{
    if (path.len == 0 || path.len > HB_CHANGED_MAX)
        return false;
    for (size_t i = 0; i < path.len; i++)
        if (!is_id_char(path.ptr[i]) && path.ptr[i] != '.' && path.ptr[i] != '[' && path.ptr[i] != ']')
            return false;
    return true;
}

bool hb_event_is_changed(struct hb_str changed)
{
    if (changed.len == 0 || changed.len > HB_CHANGED_MAX)
        return false;
    struct hb_str path;
    while (hb_str_split(&changed, ',', &path))
        if (!hb_event_is_path(path))
            return false;
    return true;
}

/* Whether s is lower-case hexadecimal and not all zeros, which Trace Context reserves. */
static bool is_trace_hex(struct hb_str s, bool may_be_zero)
{
    bool is_zero = true;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return false;
        is_zero = is_zero && c == '0';
    }
    return may_be_zero || !is_zero;
}

bool hb_event_is_traceparent(struct hb_str traceparent)
{
    const char *p = traceparent.ptr;
    if (traceparent.len != HB_TRACEPARENT_MAX || p[2] != '-' || p[35] != '-' || p[52] != '-')
        return false;
    if (!is_trace_hex(hb_str_n(p, 2), true) || memcmp(p, "ff", 2) == 0)
        return false;
    return is_trace_hex(hb_str_n(p + 3, 32), false) && is_trace_hex(hb_str_n(p + 36, 16), false) &&
           is_trace_hex(hb_str_n(p + 53, 2), true);
}

/* RFC 9110 section 5.6.2. */
static bool is_token(struct hb_str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!is_id_char(s.ptr[i]) && (s.ptr[i] == '\0' || !strchr("!#$%&'*+.^`|~", s.ptr[i])))
            return false;
    return s.len > 0;
}

/* The media type before its parameters. */
static struct hb_str essence(struct hb_str content_type)
{
    struct hb_str first = content_type;
    (void)hb_str_split(&content_type, ';', &first);
    return hb_str_trim(first);
}

bool hb_event_is_content_type(struct hb_str content_type)
{
    if (content_type.len == 0 || content_type.len > CONTENT_TYPE_MAX)
        return false;
    for (size_t i = 0; i < content_type.len; i++)
        if (content_type.ptr[i] < 0x20 || content_type.ptr[i] > 0x7E)
            return false;
    if (hb_str_trim(content_type).len != content_type.len)
        return false;
    struct hb_str subtype = essence(content_type), type;
    return hb_str_split(&subtype, '/', &type) && is_token(type) && subtype.ptr && is_token(subtype);
}

bool hb_event_is_json_type(struct hb_str content_type)
{
    struct hb_str type = essence(content_type);
    if (content_type.len == 0 || hb_str_eq_nocase(type, HB_STR("application/json")))
        return true;
    return type.len >= 5 && hb_str_eq_nocase(hb_str_n(type.ptr + type.len - 5, 5), HB_STR("+json"));
}

bool hb_event_is_notice(struct hb_str type)
{
    return hb_str_has_prefix(type, HB_STR("hookbus."));
}

bool hb_event_is_time(struct hb_str time)
{
    struct hb_wall at;
    return time.len <= TIME_MAX && hb_wall_parse(time, &at) == HB_OK;
}

bool hb_event_is_foreign_id(struct hb_str id)
{
    return hb_event_is_text(id, HB_FOREIGN_ID_MAX);
}

/* One row an attribute: where it stands in the event, whether it may be absent, its grammar, and what to tell who got
 * it wrong. */
struct rule {
    size_t offset;
    bool is_optional;
    bool (*is_right)(struct hb_str);
    struct hb_event_problem problem;
};

#define RULE(field, optional, fn, should)                                                                              \
    {                                                                                                                  \
        offsetof(struct hb_event, field), optional, fn,                                                                \
        {                                                                                                              \
            "invalid_" #field, #field, should                                                                          \
        }                                                                                                              \
    }
static const struct rule rules[] = {
    RULE(id, false, hb_event_is_id, "1 to 64 of the characters A-Z a-z 0-9 _ -"),
    RULE(store, false, hb_event_is_id, "1 to 64 of the characters A-Z a-z 0-9 _ -"),
    RULE(type, false, hb_event_is_type, "word.word[.word], words of a-z 0-9 _, at most 128 bytes"),
    RULE(subject, false, hb_event_is_subject, "1 to 256 bytes of UTF-8 without control characters"),
    RULE(time, true, hb_event_is_time, "an RFC 3339 time such as 2026-01-31T12:00:00Z"),
    RULE(content_type, true, hb_event_is_content_type, "a media type such as application/json, at most 128 bytes"),
    RULE(changed, true, hb_event_is_changed,
         "paths of A-Z a-z 0-9 _ - . [ ] without empty ones, together at most 4096 bytes"),
    RULE(sequence, true, hb_event_is_id, "1 to 64 of the characters A-Z a-z 0-9 _ -"),
    RULE(traceparent, true, hb_event_is_traceparent, "a W3C Trace Context traceparent of 55 bytes"),
    RULE(foreign_id, true, hb_event_is_foreign_id, "1 to 1024 bytes of UTF-8 without control characters"),
};

static bool is_attribute_right(const struct hb_event *event, const struct rule *rule)
{
    struct hb_str value;
    memcpy(&value, (const char *)event + rule->offset, sizeof(value));
    return value.len == 0 ? rule->is_optional : rule->is_right(value);
}

static bool check_data(struct hb_event *event, size_t data_bytes_max, struct hb_event_problem *ret_problem)
{
    if (data_bytes_max > 0 && event->data.len > data_bytes_max) {
        *ret_problem =
            (struct hb_event_problem){"data_too_large", "data", "at most as many bytes as the limit of an event"};
        return false;
    }
    if (!hb_event_is_json_type(event->content_type)) {
        event->is_json = false;
        return true;
    }
    size_t at;
    enum hb_err err = hb_json_scan(event->data, &at);
    if (err == HB_ERR_TOO_LARGE)
        *ret_problem = (struct hb_event_problem){"data_too_deep", "data", "JSON nested at most 64 levels deep"};
    else if (err)
        *ret_problem = (struct hb_event_problem){"invalid_data", "data",
                                                 "one well-formed JSON value in UTF-8, as its content type says"};
    event->is_json = !err;
    return !err;
}

bool hb_event_check(struct hb_event *event, size_t data_bytes_max, struct hb_event_problem *ret_problem)
{
    event->is_json = false;
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
        if (!is_attribute_right(event, &rules[i])) {
            *ret_problem = rules[i].problem;
            return false;
        }
    return check_data(event, data_bytes_max, ret_problem);
}

size_t hb_event_key(const struct hb_event *event, char ret_key[HB_EVENT_KEY_MAX])
{
    HB_ASSERT(event->store.len <= HB_ID_MAX && event->subject.len <= HB_SUBJECT_MAX);
    memcpy(ret_key, event->store.ptr, event->store.len);
    ret_key[event->store.len] = '/';
    memcpy(ret_key + event->store.len + 1, event->subject.ptr, event->subject.len);
    return event->store.len + 1 + event->subject.len;
}
