#include "cli/config_value.h"

#include <inttypes.h>
#include <stdlib.h>

#define KIB UINT64_C(1024)
#define SHOWN_MAX 40 /* bytes of a wrong value that are shown */

static void *field(struct hb_config *config, const struct hb_config_key *key)
{
    return (char *)config + key->offset;
}

char **hb_config_value_text(struct hb_config *config, const struct hb_config_key *key)
{
    HB_ASSERT(key->kind == HB_CONFIG_STR || key->kind == HB_CONFIG_LIST);
    return field(config, key);
}

int64_t *hb_config_value_number(struct hb_config *config, const struct hb_config_key *key)
{
    HB_ASSERT(key->kind == HB_CONFIG_INT);
    return field(config, key);
}

bool *hb_config_value_flag(struct hb_config *config, const struct hb_config_key *key)
{
    HB_ASSERT(key->kind == HB_CONFIG_BOOL);
    return field(config, key);
}

/* How many bytes the suffix stands for, cut off *text; 1 if there is none. */
static uint64_t take_suffix(struct hb_str *text)
{
    static const char *const suffixes[] = {"KiB", "MiB", "GiB"};
    uint64_t bytes = KIB;
    for (size_t i = 0; i < 3; i++, bytes *= KIB) {
        if (text->len > 3 && memcmp(text->ptr + text->len - 3, suffixes[i], 3) == 0) {
            text->len -= 3;
            *text = hb_str_trim(*text);
            return bytes;
        }
    }
    return 1;
}

/* A whole number in the key's unit. A suffix is only for sizes, and must come out even. */
static bool parse_number(const struct hb_config_key *key, struct hb_str text, int64_t *ret)
{
    uint64_t unit = strcmp(key->unit, "bytes") == 0 ? 1 : strcmp(key->unit, "KiB") == 0 ? KIB : 0;
    uint64_t factor = unit ? take_suffix(&text) : 1, value;
    if (!hb_str_to_u64(text, &value) || value > (uint64_t)INT64_MAX / factor)
        return false;
    value *= factor;
    if (factor > 1) {
        if (value % unit != 0)
            return false;
        value /= unit;
    }
    if (value > (uint64_t)INT64_MAX)
        return false;
    *ret = (int64_t)value;
    return true;
}

static enum hb_err set_number(int64_t *ret, const struct hb_config_key *key, struct hb_str text, const char *where,
                              struct hb_error *reterr)
{
    int64_t value;
    bool is_size = strcmp(key->unit, "bytes") == 0 || strcmp(key->unit, "KiB") == 0;
    char shown[SHOWN_MAX + 1] = "";
    memcpy(shown, text.len ? text.ptr : "", text.len < SHOWN_MAX ? text.len : SHOWN_MAX);
    if (!parse_number(key, text, &value))
        return hb_fail(reterr, HB_ERR_CONFIG, "%s: %s must be a whole number of %s%s, not \"%s\"", where, key->path,
                       key->unit, is_size ? " (or a size as 64 KiB, 1 MiB)" : "", shown);
    if (value < key->min || value > key->max)
        return hb_fail(reterr, HB_ERR_CONFIG, "%s: %s must be %" PRId64 "..%" PRId64 " %s, not %" PRId64, where,
                       key->path, key->min, key->max, key->unit, value);
    *ret = value;
    return HB_OK;
}

static enum hb_err set_flag(bool *ret, const struct hb_config_key *key, struct hb_str text, const char *where,
                            struct hb_error *reterr)
{
    bool is_true = hb_str_eq(text, HB_STR("true"));
    if (!is_true && !hb_str_eq(text, HB_STR("false")))
        return hb_fail(reterr, HB_ERR_CONFIG, "%s: %s must be true or false", where, key->path);
    *ret = is_true;
    return HB_OK;
}

static enum hb_err set_text(char **ret, struct hb_str text, struct hb_error *reterr)
{
    char *copy = hb_str_dup(text);
    if (!copy)
        return hb_fail(reterr, HB_ERR_MEMORY, "out of memory");
    free(*ret);
    *ret = copy;
    return HB_OK;
}

enum hb_err hb_config_value_set(struct hb_config *config, const struct hb_config_key *key, struct hb_str text,
                                const char *where, struct hb_error *reterr)
{
    switch (key->kind) {
    case HB_CONFIG_INT:
        return set_number(hb_config_value_number(config, key), key, text, where, reterr);
    case HB_CONFIG_BOOL:
        return set_flag(hb_config_value_flag(config, key), key, text, where, reterr);
    case HB_CONFIG_STR:
    case HB_CONFIG_LIST:
    default:
        return set_text(hb_config_value_text(config, key), text, reterr);
    }
}
