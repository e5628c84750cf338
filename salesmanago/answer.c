#include "salesmanago/answer.h"

#include "core/html_text.h"
#include "core/json_cursor.h"
#include "core/json_scan.h"
#include "core/text_cut.h"

#include <stdio.h>

#define MESSAGE_READ_BYTES ((size_t)16384) /* a longer one is nobody's message */
#define PLAIN_READ_BYTES 2048              /* of a body that is no JSON: enough for its title */

/* ---- the table ---- */

struct outcome_row {
    const char *text, *action;
    unsigned halve_after;
};
static const struct outcome_row outcomes[HB_SM_OUTCOME_COUNT] = {
#define HB_SM_OUTCOME(name, text, halve_after, action) {text, action, halve_after},
#include "salesmanago/outcomes.def"
#undef HB_SM_OUTCOME
};

static enum hb_sm_outcome outcome_of_code(int64_t code)
{
    static const struct {
        int64_t code;
        enum hb_sm_outcome outcome;
    } rows[] = {
#define HB_SM_CODE(code, outcome, meaning, source) {code, HB_SM_##outcome},
#include "salesmanago/outcomes.def"
#undef HB_SM_CODE
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (rows[i].code == code)
            return rows[i].outcome;
    return HB_SM_REFUSED; /* a new one: that of an item, as most are */
}

static enum hb_sm_outcome outcome_of_status(int status)
{
    static const struct {
        int first, last;
        enum hb_sm_outcome outcome;
    } rows[] = {
#define HB_SM_STATUS(first, last, outcome, source) {first, last, HB_SM_##outcome},
#include "salesmanago/outcomes.def"
#undef HB_SM_STATUS
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (status >= rows[i].first && status <= rows[i].last)
            return rows[i].outcome;
    return HB_SM_UNREADABLE;
}

const char *hb_sm_outcome_text(enum hb_sm_outcome outcome)
{
    HB_ASSERT(outcome < HB_SM_OUTCOME_COUNT);
    return outcomes[outcome].text;
}

const char *hb_sm_outcome_action(enum hb_sm_outcome outcome)
{
    HB_ASSERT(outcome < HB_SM_OUTCOME_COUNT);
    return outcomes[outcome].action;
}

unsigned hb_sm_outcome_halve_after(enum hb_sm_outcome outcome)
{
    HB_ASSERT(outcome < HB_SM_OUTCOME_COUNT);
    return outcomes[outcome].halve_after;
}

bool hb_sm_outcome_is_pause(enum hb_sm_outcome outcome)
{
    return outcome == HB_SM_KEY_REFUSED || outcome == HB_SM_CATALOG_UNKNOWN || outcome == HB_SM_OVER_LIMIT;
}

bool hb_sm_outcome_is_later(enum hb_sm_outcome outcome)
{
    return outcome == HB_SM_TIMEOUT || outcome == HB_SM_BUSY || outcome == HB_SM_AWAY || outcome == HB_SM_UNREADABLE;
}

/* ---- problems ---- */

/* What is read of an answer's problems. */
struct reading {
    struct hb_sm_answer *answer;
    enum hb_sm_outcome worst; /* of all problems; COUNT: none */
};

/* Text of a raw string body, cut to what there is room for, with a NUL. */
static void copy_text(struct hb_str raw, char *ret_text, size_t size)
{
    struct hb_buf buf = hb_buf_make(MESSAGE_READ_BYTES);
    if (hb_cursor_unescape(raw, &buf) != HB_OK)
        hb_buf_clear(&buf);
    for (size_t i = 0; i < buf.len; i++)
        if ((unsigned char)buf.ptr[i] < ' ')
            buf.ptr[i] = ' ';
    struct hb_str text = hb_text_cut_bytes(hb_buf_str(&buf), size - 1);
    if (text.len > 0)
        memcpy(ret_text, text.ptr, text.len);
    ret_text[text.len] = '\0';
    hb_buf_deinit(&buf);
}

/* "name|min:0|max:255|…" speaks of name; with 14 it is "name:type|…". */
static void copy_field(const char *words, int64_t code, char ret_field[HB_SM_ANSWER_FIELD_MAX])
{
    const char *end = strchr(words, '|');
    struct hb_str field = hb_str_n(words, end && code != 10 ? (size_t)(end - words) : 0);
    const char *type = code == 14 && field.len > 0 ? memchr(field.ptr, ':', field.len) : NULL;
    if (type)
        field.len = (size_t)(type - field.ptr);
    field = hb_str_trim(field);
    if (field.len >= HB_SM_ANSWER_FIELD_MAX)
        field.len = 0;
    memcpy(ret_field, field.ptr, field.len);
    ret_field[field.len] = '\0';
}

/* What a code means depends on whom it speaks of: the catalog and the list of products are none of an item's. */
static enum hb_sm_outcome outcome_of_problem(int64_t code, const char *field)
{
    enum hb_sm_outcome outcome = outcome_of_code(code);
    if (outcome != HB_SM_REFUSED)
        return outcome;
    if (strcmp(field, "catalogId") == 0 || (code == 16 && field[0] == '\0'))
        return HB_SM_CATALOG_UNKNOWN;
    return code == 11 && strcmp(field, "products") == 0 ? HB_SM_TOO_LARGE : HB_SM_REFUSED;
}

static void note_problem(struct reading *r, int64_t code, struct hb_str raw_words)
{
    char words[HB_SM_ANSWER_WORDS_MAX], field[HB_SM_ANSWER_FIELD_MAX];
    copy_text(raw_words, words, sizeof(words));
    copy_field(words, code, field);
    enum hb_sm_outcome outcome = outcome_of_problem(code, field);
    if (outcome == HB_SM_ACCEPTED) {
        if (r->answer->warnings++ == 0)
            memcpy(r->answer->warning, words, sizeof(words));
        return;
    }
    if (outcome >= r->worst)
        return;
    r->worst = outcome;
    r->answer->code = code;
    memcpy(r->answer->words, words, sizeof(words));
    memcpy(r->answer->field, field, sizeof(field));
}

static bool read_code(struct hb_cursor value, int64_t *ret_code)
{
    uint64_t code;
    struct hb_str text = value.kind == HB_CURSOR_NUMBER   ? value.raw
                         : value.kind == HB_CURSOR_STRING ? hb_cursor_text(value)
                                                          : hb_str_n(NULL, 0);
    if (!hb_str_to_u64(text, &code) || code > INT32_MAX)
        return false;
    *ret_code = (int64_t)code;
    return true;
}

/* An object with a reason code, and one message or many. */
static void read_problem(struct reading *r, struct hb_cursor object)
{
    int64_t code;
    struct hb_cursor words = hb_cursor_member(object, HB_STR("messages")), one;
    size_t state = 0, count = 0;
    if (!read_code(hb_cursor_member(object, HB_STR("reasonCode")), &code))
        return;
    if (words.kind == HB_CURSOR_NONE)
        words = hb_cursor_member(object, HB_STR("message"));
    while (words.kind == HB_CURSOR_ARRAY && hb_cursor_next(words, &state, NULL, &one))
        if (one.kind == HB_CURSOR_STRING) {
            note_problem(r, code, hb_cursor_text(one));
            count++;
        }
    if (count == 0)
        note_problem(r, code, words.kind == HB_CURSOR_STRING ? hb_cursor_text(words) : hb_str_n("", 0));
}

static void read_problems(struct reading *r, struct hb_cursor body)
{
    struct hb_cursor list = hb_cursor_member(body, HB_STR("problems")), one;
    size_t state = 0;
    read_problem(r, body);
    while (list.kind == HB_CURSOR_ARRAY && hb_cursor_next(list, &state, NULL, &one))
        read_problem(r, one);
}

/* ---- the whole answer ---- */

static bool is_there(struct hb_cursor body, struct hb_str name, enum hb_cursor_kind kind)
{
    return hb_cursor_member(body, name).kind == kind;
}

/* Whether a success has what its request asks for. */
static bool is_complete(struct hb_cursor body, enum hb_sm_call call)
{
    switch (call) {
    case HB_SM_CALL_CATALOG_LIST:
        return is_there(body, HB_STR("catalogs"), HB_CURSOR_ARRAY);
    case HB_SM_CALL_CATALOG_UPSERT:
        return is_there(body, HB_STR("catalogId"), HB_CURSOR_STRING);
    case HB_SM_CALL_UPSERT:
    case HB_SM_CALL_COUNT:
        break;
    }
    return !is_there(body, HB_STR("requestId"), HB_CURSOR_NONE) &&
           is_there(body, HB_STR("productIds"), HB_CURSOR_ARRAY);
}

/* "HTTP 502: Bad Gateway": what a person sees of a body that says no code. */
static void say_plainly(const struct hb_answer *http, struct hb_sm_answer *answer)
{
    struct hb_buf text = hb_buf_make(PLAIN_READ_BYTES);
    struct hb_str body = hb_text_cut_bytes(http->body, PLAIN_READ_BYTES);
    if (hb_html_text(body, &text) != HB_OK)
        hb_buf_clear(&text);
    struct hb_str shown = hb_text_cut_bytes(hb_buf_str(&text), sizeof(answer->words) - 32);
    (void)snprintf(answer->words, sizeof(answer->words), "HTTP %d%s%.*s", http->status, shown.len ? ": " : "",
                   HB_ARG(shown));
    hb_buf_deinit(&text);
}

/* These say by themselves what is to be done, whatever stands in the body. */
static bool does_status_decide(int status)
{
    return status == 401 || status == 408 || status == 413 || status == 429 || status >= 500;
}

static void read_body(const struct hb_answer *http, enum hb_sm_call call, struct hb_sm_answer *answer)
{
    size_t at;
    struct reading r = {answer, HB_SM_OUTCOME_COUNT};
    struct hb_cursor body = {HB_CURSOR_NONE, {NULL, 0}};
    bool is_json = http->body.len > 0 && hb_json_scan(http->body, &at) == HB_OK;
    if (is_json)
        body = hb_cursor_root(http->body);
    read_problems(&r, body);
    struct hb_cursor ids = hb_cursor_member(body, HB_STR("productIds"));
    if (ids.kind == HB_CURSOR_ARRAY)
        answer->ids = ids.raw;
    bool is_success = (http->status >= 200 && http->status < 300) || answer->warnings > 0;
    if (does_status_decide(http->status))
        answer->outcome = outcome_of_status(http->status);
    else if (r.worst < HB_SM_OUTCOME_COUNT)
        answer->outcome = r.worst;
    else if (is_success && !http->is_body_cut && is_complete(body, call))
        answer->outcome = HB_SM_ACCEPTED;
    else if (http->status == 403) /* a page of somebody in between says nothing of the key */
        answer->outcome = body.kind == HB_CURSOR_OBJECT ? HB_SM_KEY_REFUSED : HB_SM_UNREADABLE;
    else
        answer->outcome = outcome_of_status(http->status);
    if (answer->outcome != HB_SM_ACCEPTED && answer->words[0] == '\0')
        say_plainly(http, answer);
}

/* Not what says by itself that nothing would be taken now (429, Retry-After), or that nobody was reached. */
static bool may_be_of_request(const struct hb_answer *http, const struct hb_sm_answer *answer)
{
    if (http->failure != HB_FAILURE_NONE)
        return http->failure == HB_FAILURE_TIMEOUT || http->failure == HB_FAILURE_RESET ||
               http->failure == HB_FAILURE_UNREADABLE || http->failure == HB_FAILURE_HEADERS_TOO_LARGE;
    if (answer->outcome == HB_SM_BUSY)
        return http->status != 429 && http->retry_after_ms == HB_NO_RETRY_AFTER;
    return hb_sm_outcome_is_later(answer->outcome);
}

void hb_sm_answer_read(const struct hb_answer *http, enum hb_sm_call call, struct hb_sm_answer *ret_answer)
{
    *ret_answer = (struct hb_sm_answer){.status = http->status, .retry_after_ms = http->retry_after_ms};
    if (http->failure == HB_FAILURE_NONE) {
        read_body(http, call, ret_answer);
        ret_answer->may_be_of_request = may_be_of_request(http, ret_answer);
        return;
    }
    ret_answer->outcome = http->failure == HB_FAILURE_TIMEOUT ? HB_SM_TIMEOUT : HB_SM_AWAY;
    ret_answer->may_be_of_request = may_be_of_request(http, ret_answer);
    (void)snprintf(ret_answer->words, sizeof(ret_answer->words), "%s", hb_failure_text(http->failure));
}

/* ---- which came back ---- */

static bool is_id(struct hb_cursor value, struct hb_str id)
{
    if (value.kind == HB_CURSOR_STRING)
        return hb_cursor_text_eq(hb_cursor_text(value), id);
    return value.kind == HB_CURSOR_NUMBER && hb_str_eq(value.raw, id);
}

static struct hb_str id_at(const struct hb_sm_item *items, const uint8_t *units, size_t at)
{
    return items[units ? units[at] : at].id;
}

/* Of two with the same id one was sent, for both. */
static bool has_confirmed_twin(const struct hb_sm_item *items, const uint8_t *units, size_t count, size_t at,
                               const bool *confirmed)
{
    for (size_t i = 0; i < count; i++)
        if (confirmed[i] && hb_str_eq(id_at(items, units, i), id_at(items, units, at)))
            return true;
    return false;
}

size_t hb_sm_answer_confirm(const struct hb_sm_answer *answer, const struct hb_sm_item *items, const uint8_t *units,
                            size_t count, bool *ret_confirmed)
{
    struct hb_cursor ids = {HB_CURSOR_ARRAY, answer->ids}, value;
    size_t state = 0, expected = 0, missing = 0;
    memset(ret_confirmed, 0, count * sizeof(*ret_confirmed));
    while (answer->ids.len > 0 && hb_cursor_next(ids, &state, NULL, &value)) {
        size_t tried = 0, at = expected; /* they come in the order in which they were sent */
        while (tried < count && !is_id(value, id_at(items, units, at % count))) {
            at++;
            tried++;
        }
        if (tried == count)
            continue;
        ret_confirmed[at % count] = true;
        expected = (at + 1) % count;
    }
    for (size_t i = 0; i < count; i++) {
        if (!ret_confirmed[i] && has_confirmed_twin(items, units, count, i, ret_confirmed))
            ret_confirmed[i] = true;
        missing += !ret_confirmed[i];
    }
    return missing;
}

const char *hb_sm_death_text(enum hb_sm_death death)
{
    static const char *const texts[HB_SM_DEATH_COUNT] = {
#define HB_SM_DEATH(name, text, why) [HB_SM_DEATH_##name] = (text),
#include "salesmanago/outcomes.def"
#undef HB_SM_DEATH
    };
    HB_ASSERT(death > HB_SM_DEATH_NONE && death < HB_SM_DEATH_COUNT);
    return texts[death];
}
