#include "platform/json/json.h"

#include <cjson/cJSON.h>

#define INTEGER_MAX 9007199254740992.0 /* 2^53: up to here a double holds every whole number */

static const cJSON *node(const struct hb_json *value)
{
    return (const cJSON *)(const void *)value;
}

static const struct hb_json *value_of(const cJSON *item)
{
    return (const struct hb_json *)(const void *)item;
}

enum hb_json_kind hb_json_kind(const struct hb_json *value)
{
    HB_ASSERT(value);
    if (cJSON_IsBool(node(value)))
        return HB_JSON_BOOL;
    if (cJSON_IsNumber(node(value)))
        return HB_JSON_NUMBER;
    if (cJSON_IsString(node(value)))
        return HB_JSON_STRING;
    if (cJSON_IsArray(node(value)))
        return HB_JSON_ARRAY;
    return cJSON_IsObject(node(value)) ? HB_JSON_OBJECT : HB_JSON_NULL;
}

const struct hb_json *hb_json_get(const struct hb_json *value, const char *name)
{
    if (!value || !cJSON_IsObject(node(value)))
        return NULL;
    for (const cJSON *item = node(value)->child; item; item = item->next)
        if (strcmp(item->string, name) == 0)
            return value_of(item);
    return NULL;
}

static bool is_container(const struct hb_json *value)
{
    return value && (cJSON_IsObject(node(value)) || cJSON_IsArray(node(value)));
}

size_t hb_json_count(const struct hb_json *value)
{
    size_t count = 0;
    for (const struct hb_json *item = hb_json_first(value); item; item = hb_json_next(item))
        count++;
    return count;
}

const struct hb_json *hb_json_first(const struct hb_json *value)
{
    return is_container(value) ? value_of(node(value)->child) : NULL;
}

const struct hb_json *hb_json_next(const struct hb_json *item)
{
    return item ? value_of(node(item)->next) : NULL;
}

struct hb_str hb_json_name(const struct hb_json *item)
{
    return item ? hb_str_c(node(item)->string) : hb_str_c(NULL);
}

bool hb_json_str(const struct hb_json *value, struct hb_str *ret)
{
    if (!value || !cJSON_IsString(node(value)))
        return false;
    *ret = hb_str_c(node(value)->valuestring);
    return true;
}

bool hb_json_int(const struct hb_json *value, int64_t *ret)
{
    double number;
    if (!hb_json_number(value, &number) || number > INTEGER_MAX || number < -INTEGER_MAX)
        return false;
    int64_t whole = (int64_t)number;
    if ((double)whole < number || (double)whole > number)
        return false;
    *ret = whole;
    return true;
}

bool hb_json_number(const struct hb_json *value, double *ret)
{
    if (!value || !cJSON_IsNumber(node(value)))
        return false;
    *ret = node(value)->valuedouble;
    return true;
}

bool hb_json_bool(const struct hb_json *value, bool *ret)
{
    if (!value || !cJSON_IsBool(node(value)))
        return false;
    *ret = cJSON_IsTrue(node(value));
    return true;
}

bool hb_json_wall(const struct hb_json *value, struct hb_wall *ret)
{
    struct hb_str text;
    struct hb_wall at;
    if (!hb_json_str(value, &text) || hb_wall_parse(text, &at))
        return false;
    *ret = at;
    return true;
}
