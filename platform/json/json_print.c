/* cJSON's own printer turns 9007199254740991 into 9.00719925474099e+15: it takes two doubles that differ by their last
 * bit for equal. So the tree is printed here. */
#include "platform/json/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define NUMBER_TEXT_MAX 40

static bool is_same(double a, double b)
{
    return !(a < b) && !(a > b);
}

/* The shortest of the decimal forms that reads back as the same double. */
static enum hb_err add_number(struct hb_buf *buf, double number)
{
    char text[NUMBER_TEXT_MAX];
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(text, sizeof text, "%.*g", digits, number);
        if (is_same(strtod(text, NULL), number))
            break;
    }
    return hb_buf_add(buf, hb_str_c(text));
}

static enum hb_err add_string(struct hb_buf *buf, struct hb_str text)
{
    enum hb_err err = hb_buf_add_char(buf, '"');
    if (!err)
        err = hb_buf_add_json(buf, text);
    return err ? err : hb_buf_add_char(buf, '"');
}

static enum hb_err add_scalar(struct hb_buf *buf, const struct hb_json *value)
{
    int64_t whole;
    double number;
    bool yes;
    struct hb_str text;
    if (hb_json_int(value, &whole))
        return hb_buf_addf(buf, "%" PRId64, whole);
    if (hb_json_number(value, &number))
        return add_number(buf, number);
    if (hb_json_bool(value, &yes))
        return hb_buf_add(buf, yes ? HB_STR("true") : HB_STR("false"));
    if (hb_json_str(value, &text))
        return add_string(buf, text);
    return hb_buf_add(buf, HB_STR("null"));
}

static enum hb_err add_container(struct hb_buf *buf, const struct hb_json *value)
{
    bool is_object = hb_json_kind(value) == HB_JSON_OBJECT;
    enum hb_err err = hb_buf_add_char(buf, is_object ? '{' : '[');
    for (const struct hb_json *item = hb_json_first(value); item && !err; item = hb_json_next(item)) {
        if (item != hb_json_first(value))
            err = hb_buf_add_char(buf, ',');
        if (!err && is_object)
            err = add_string(buf, hb_json_name(item));
        if (!err && is_object)
            err = hb_buf_add_char(buf, ':');
        if (!err)
            err = hb_json_print(item, buf);
    }
    return err ? err : hb_buf_add_char(buf, is_object ? '}' : ']');
}

/* Recursion is bounded by the depth hb_json_parse allows. */
enum hb_err hb_json_print(const struct hb_json *value, struct hb_buf *ret_text)
{
    enum hb_json_kind kind = hb_json_kind(value);
    bool is_container = kind == HB_JSON_OBJECT || kind == HB_JSON_ARRAY;
    return is_container ? add_container(ret_text, value) : add_scalar(ret_text, value);
}
