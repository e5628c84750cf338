#include "platform/json/json_check.h"

#include "core/json_scan.h"

#include <cjson/cJSON.h>

#include <math.h>
#include <stdlib.h>

#define FEW_MEMBERS 16 /* up to here comparing each with each is cheaper than sorting */

/* The four hexadecimal digits at `at`; the scan has made sure they are there. */
static unsigned hex4(const char *at)
{
    unsigned value = 0;
    for (int i = 0; i < 4; i++) {
        unsigned char c = (unsigned char)at[i];
        unsigned digit = c <= '9' ? c - (unsigned)'0' : (c | 0x20U) - 'a' + 10U;
        value = value * 16 + digit;
    }
    return value;
}

/* Bytes of the escape at the start of text (a backslash), or 0 if cJSON could not keep its character. */
static size_t escape_length(struct hb_str text)
{
    if (text.ptr[1] != 'u')
        return 2;
    unsigned code = hex4(text.ptr + 2);
    if (code == 0 || (code >= 0xDC00 && code <= 0xDFFF))
        return 0;
    if (code < 0xD800 || code > 0xDBFF)
        return 6;
    if (text.len < 12 || text.ptr[6] != '\\' || text.ptr[7] != 'u')
        return 0;
    unsigned low = hex4(text.ptr + 8);
    return low >= 0xDC00 && low <= 0xDFFF ? 12 : 0;
}

struct walk {
    bool is_in_string;
    unsigned depth;
};

/* Goes over one token's worth of bytes at the start of rest; 0: the walk must not go on. */
static size_t step(struct walk *walk, struct hb_str rest)
{
    char c = rest.ptr[0];
    if (walk->is_in_string && c == '\\')
        return escape_length(rest);
    if (c == '"')
        walk->is_in_string = !walk->is_in_string;
    else if (!walk->is_in_string && (c == '{' || c == '['))
        return ++walk->depth > HB_JSON_DOCUMENT_DEPTH_MAX ? 0 : 1;
    else if (!walk->is_in_string && (c == '}' || c == ']'))
        walk->depth--;
    return 1;
}

enum hb_err hb_json_check_text(struct hb_str text, struct hb_error *reterr)
{
    size_t at = 0;
    enum hb_err err = hb_json_scan(text, &at);
    if (err == HB_ERR_TOO_LARGE)
        return hb_fail(reterr, HB_ERR_INVALID, "nested deeper than %d levels", HB_JSON_DOCUMENT_DEPTH_MAX);
    if (err)
        return hb_fail(reterr, HB_ERR_INVALID, "not JSON: fault at byte %zu", at);
    struct walk walk = {false, 0};
    for (at = 0; at < text.len;) {
        size_t length = step(&walk, hb_str_n(text.ptr + at, text.len - at));
        if (length == 0 && walk.is_in_string)
            return hb_fail(reterr, HB_ERR_INVALID, "an escape that is no character at byte %zu", at);
        if (length == 0)
            return hb_fail(reterr, HB_ERR_INVALID, "nested deeper than %d levels at byte %zu",
                           HB_JSON_DOCUMENT_DEPTH_MAX, at);
        at += length;
    }
    return HB_OK;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static enum hb_err duplicate(const char *name, struct hb_error *reterr)
{
    return hb_fail(reterr, HB_ERR_INVALID, "the member \"%.64s\" stands there twice", name);
}

/* Sorted, so that an object of a million members from outside costs no minutes. */
static enum hb_err check_many_names(const cJSON *object, size_t count, struct hb_error *reterr)
{
    const char **names = malloc(count * sizeof *names);
    if (!names)
        return hb_fail(reterr, HB_ERR_MEMORY, "out of memory");
    size_t filled = 0;
    for (const cJSON *item = object->child; item; item = item->next)
        names[filled++] = item->string;
    qsort(names, filled, sizeof *names, compare_names);
    enum hb_err err = HB_OK;
    for (size_t i = 1; i < filled && !err; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            err = duplicate(names[i], reterr);
    free(names);
    return err;
}

static enum hb_err check_names(const cJSON *object, struct hb_error *reterr)
{
    size_t count = 0;
    for (const cJSON *item = object->child; item; item = item->next)
        count++;
    if (count > FEW_MEMBERS)
        return check_many_names(object, count, reterr);
    for (const cJSON *item = object->child; item; item = item->next)
        for (const cJSON *other = item->next; other; other = other->next)
            if (strcmp(item->string, other->string) == 0)
                return duplicate(item->string, reterr);
    return HB_OK;
}

/* Recursion is bounded: hb_json_check_text has refused what is deeper than HB_JSON_DOCUMENT_DEPTH_MAX. */
enum hb_err hb_json_check_tree(const struct cJSON *root, struct hb_error *reterr)
{
    if (cJSON_IsNumber(root) && !isfinite(root->valuedouble))
        return hb_fail(reterr, HB_ERR_INVALID, "a number is out of range");
    enum hb_err err = cJSON_IsObject(root) ? check_names(root, reterr) : HB_OK;
    for (const cJSON *item = root->child; item && !err; item = item->next)
        err = hb_json_check_tree(item, reterr);
    return err;
}
