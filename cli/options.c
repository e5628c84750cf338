#include "cli/options.h"

#include "cli/suggest.h"

static const struct hb_flag *find(const struct hb_flag *const *tables, struct hb_str name, char letter)
{
    for (; *tables; tables++) {
        for (const struct hb_flag *flag = *tables; flag->name; flag++) {
            if (letter ? flag->letter == letter : hb_str_eq(hb_str_c(flag->name), name)) {
                return flag;
            }
        }
    }
    return NULL;
}

static enum hb_err unknown(const struct hb_flag *const *tables, struct hb_str name, struct hb_error *reterr)
{
    struct hb_suggestion best = hb_suggest_start(name);

    for (; *tables; tables++) {
        for (const struct hb_flag *flag = *tables; flag->name; flag++) {
            if (!flag->is_hidden) {
                hb_suggest_offer(&best, flag->name);
            }
        }
    }
    if (best.word) {
        return hb_fail(reterr, HB_ERR_INVALID, "there is no --%.*s here; did you mean --%s?", HB_ARG(name), best.word);
    }
    return hb_fail(reterr, HB_ERR_INVALID, "there is no --%.*s here; --help shows what there is", HB_ARG(name));
}

static enum hb_err add(struct hb_options *options, const struct hb_flag *flag, const char *value,
                       struct hb_error *reterr)
{
    if (!flag->is_repeated && hb_options_has(options, flag->name)) {
        return hb_fail(reterr, HB_ERR_INVALID, "--%s is given twice", flag->name);
    }
    if (options->count == HB_OPTIONS_MAX) {
        return hb_fail(reterr, HB_ERR_INVALID, "more than %d flags", HB_OPTIONS_MAX);
    }
    options->items[options->count++] = (struct hb_option){flag, value};
    return HB_OK;
}

/* A word that begins with a dash, taken apart. */
struct dashed {
    bool is_long;
    struct hb_str name;
    const char *value; /* "--name=value", "-nvalue"; NULL: none in this word */
};

static struct dashed take_apart(const char *word)
{
    if (word[1] != '-') {
        return (struct dashed){.name = hb_str_n(word + 1, 1), .value = word[2] ? word + 2 : NULL};
    }
    const char *equals = strchr(word, '=');
    return (struct dashed){.is_long = true,
                           .name = hb_str_n(word + 2, equals ? (size_t)(equals - word - 2) : strlen(word + 2)),
                           .value = equals ? equals + 1 : NULL};
}

/* One word that begins with a dash; *index moves on when its value is the next word. */
static enum hb_err parse_flag(const struct hb_flag *const *tables, int count, char *const *words, int *index,
                              struct hb_options *options, struct hb_error *reterr)
{
    const char *word = words[*index];
    struct dashed dashed = take_apart(word);
    const struct hb_flag *flag = find(tables, dashed.name, dashed.is_long ? 0 : word[1]);

    if (!flag) {
        return dashed.is_long
                   ? unknown(tables, dashed.name, reterr)
                   : hb_fail(reterr, HB_ERR_INVALID, "there is no %.2s here; --help shows what there is", word);
    }
    if (!flag->value) {
        return dashed.value ? hb_fail(reterr, HB_ERR_INVALID, "--%s takes no value", flag->name)
                            : add(options, flag, NULL, reterr);
    }
    if (dashed.value) {
        return add(options, flag, dashed.value, reterr);
    }
    if (*index + 1 >= count) {
        return hb_fail(reterr, HB_ERR_INVALID, "--%s needs a value: --%s %s", flag->name, flag->name, flag->value);
    }
    return add(options, flag, words[++*index], reterr);
}

enum hb_err hb_options_parse(const struct hb_flag *const *tables, int count, char *const *words,
                             struct hb_options *ret_options, struct hb_error *reterr)
{
    bool is_plain = false;

    ret_options->count = 0;
    ret_options->arguments_count = 0;
    for (int i = 0; i < count; i++) {
        enum hb_err err;

        if (!is_plain && strcmp(words[i], "--") == 0) {
            is_plain = true;
            continue;
        }
        if (!is_plain && words[i][0] == '-' && words[i][1]) {
            err = parse_flag(tables, count, words, &i, ret_options, reterr);
            if (err) {
                return err;
            }
            continue;
        }
        if (ret_options->arguments_count == HB_ARGUMENTS_MAX) {
            return hb_fail(reterr, HB_ERR_INVALID, "more than %d arguments", HB_ARGUMENTS_MAX);
        }
        ret_options->arguments[ret_options->arguments_count++] = words[i];
    }
    return HB_OK;
}

const char *hb_options_get(const struct hb_options *options, const char *name)
{
    const char *value = NULL;
    const char *next;
    size_t state = 0;

    while ((next = hb_options_each(options, name, &state))) {
        value = next;
    }
    return value;
}

bool hb_options_has(const struct hb_options *options, const char *name)
{
    for (size_t i = 0; i < options->count; i++) {
        if (strcmp(options->items[i].flag->name, name) == 0) {
            return true;
        }
    }
    return false;
}

const char *hb_options_each(const struct hb_options *options, const char *name, size_t *state)
{
    while (*state < options->count) {
        const struct hb_option *option = &options->items[(*state)++];

        if (option->value && strcmp(option->flag->name, name) == 0) {
            return option->value;
        }
    }
    return NULL;
}

enum hb_err hb_options_int(const struct hb_options *options, const char *name, const int64_t range[2],
                           int64_t *in_out_value, struct hb_error *reterr)
{
    const char *text = hb_options_get(options, name);
    uint64_t value = 0;

    if (!text) {
        return HB_OK;
    }
    if (!hb_str_to_u64(hb_str_c(text), &value) || value > INT64_MAX || (int64_t)value < range[0] ||
        (int64_t)value > range[1]) {
        return hb_fail(reterr, HB_ERR_INVALID, "--%s %.40s: a whole number from %lld to %lld is needed", name, text,
                       (long long)range[0], (long long)range[1]);
    }
    *in_out_value = (int64_t)value;
    return HB_OK;
}

const char *hb_options_argument(const struct hb_options *options, size_t index)
{
    return index < options->arguments_count ? options->arguments[index] : NULL;
}
