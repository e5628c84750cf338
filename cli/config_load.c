#include "cli/config_load.h"

#include "cli/config_check.h"
#include "cli/config_keys.h"
#include "cli/config_value.h"
#include "core/words.h"
#include "platform/yaml/yaml.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define WHERE_MAX 128 /* bytes of "file:line" in a message */
#define READ_STEP 4096

static const char variable_prefix[] = "HOOKBUS_";
/* Variables the commands read themselves, although their names look like keys of a section. */
static const char *const command_variables[] = {"HOOKBUS_API_KEY"};

static enum hb_err set_defaults(struct hb_config *config, struct hb_error *reterr)
{
    size_t count;
    const struct hb_config_key *keys = hb_config_keys(&count);
    for (size_t i = 0; i < count; i++) {
        if (keys[i].kind == HB_CONFIG_INT) {
            *hb_config_value_number(config, &keys[i]) = keys[i].number;
        } else if (keys[i].kind == HB_CONFIG_BOOL) {
            *hb_config_value_flag(config, &keys[i]) = keys[i].number != 0;
        } else {
            enum hb_err err = hb_config_value_set(config, &keys[i], hb_str_c(keys[i].text), "default", reterr);
            if (err)
                return err;
        }
    }
    return HB_OK;
}

static enum hb_err unknown_key(const char *where, struct hb_str section, struct hb_str name, struct hb_error *reterr)
{
    const char *near = hb_config_key_suggest(section, name);
    return hb_fail(reterr, HB_ERR_CONFIG, "%s: there is no key %.*s.%.*s%s%s%s", where, HB_ARG(section), HB_ARG(name),
                   near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

/* The items of a YAML list, joined by commas. */
static enum hb_err join(const struct hb_yaml *list, const char *where, struct hb_buf *ret_text, struct hb_error *reterr)
{
    for (const struct hb_yaml *item = hb_yaml_first(list); item; item = hb_yaml_next(item)) {
        struct hb_str text = hb_yaml_text(item);
        if (hb_yaml_kind(item) != HB_YAML_SCALAR || text.len == 0 || memchr(text.ptr, ',', text.len))
            return hb_fail(reterr, HB_ERR_CONFIG, "%s: an item must be a text without commas", where);
        enum hb_err err = item == hb_yaml_first(list) ? HB_OK : hb_buf_add_char(ret_text, ',');
        if (!err)
            err = hb_buf_add(ret_text, text);
        if (err)
            return hb_fail(reterr, err, "%s: %s", where, hb_err_text(err));
    }
    return HB_OK;
}

static enum hb_err apply_item(struct hb_config *config, const struct hb_config_key *key, const struct hb_yaml *item,
                              const char *where, struct hb_error *reterr)
{
    if (hb_yaml_kind(item) == HB_YAML_SCALAR) {
        struct hb_str text = hb_yaml_is_null(item) ? HB_STR("") : hb_yaml_text(item);
        return hb_config_value_set(config, key, text, where, reterr);
    }
    if (key->kind != HB_CONFIG_LIST || hb_yaml_kind(item) != HB_YAML_LIST)
        return hb_fail(reterr, HB_ERR_CONFIG, "%s: %s must be a single value", where, key->path);
    struct hb_buf text = hb_buf_make(HB_YAML_BYTES_MAX);
    enum hb_err err = join(item, where, &text, reterr);
    if (!err)
        err = hb_config_value_set(config, key, hb_buf_str(&text), where, reterr);
    hb_buf_deinit(&text);
    return err;
}

static void make_where(char ret_where[WHERE_MAX], const char *file, int line)
{
    (void)snprintf(ret_where, WHERE_MAX, "%.100s:%d", file, line);
}

static enum hb_err apply_section(struct hb_config *config, const char *file, const struct hb_yaml *section,
                                 struct hb_error *reterr)
{
    char where[WHERE_MAX];
    for (const struct hb_yaml *item = hb_yaml_first(section); item; item = hb_yaml_next(item)) {
        make_where(where, file, hb_yaml_line(item));
        const struct hb_config_key *key = hb_config_key_find(hb_yaml_name(section), hb_yaml_name(item));
        enum hb_err err = key ? apply_item(config, key, item, where, reterr)
                              : unknown_key(where, hb_yaml_name(section), hb_yaml_name(item), reterr);
        if (err)
            return err;
    }
    return HB_OK;
}

static enum hb_err apply_document(struct hb_config *config, const char *file, const struct hb_yaml *root,
                                  struct hb_error *reterr)
{
    if (hb_yaml_kind(root) != HB_YAML_MAP)
        return hb_fail(reterr, HB_ERR_CONFIG,
                       "%.100s: expected sections, as `kafka:` with indented `name: value` lines", file);
    for (const struct hb_yaml *section = hb_yaml_first(root); section; section = hb_yaml_next(section)) {
        char where[WHERE_MAX];
        make_where(where, file, hb_yaml_line(section));
        struct hb_str name = hb_yaml_name(section);
        const char *near = hb_config_section_suggest(name);
        if (!hb_config_section_exists(name))
            return hb_fail(reterr, HB_ERR_CONFIG, "%s: there is no section %.*s%s%s%s", where, HB_ARG(name),
                           near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
        bool is_empty = hb_yaml_is_null(section);
        if (!is_empty && hb_yaml_kind(section) != HB_YAML_MAP)
            return hb_fail(reterr, HB_ERR_CONFIG, "%s: section %.*s must hold indented `name: value` lines", where,
                           HB_ARG(name));
        enum hb_err err = apply_section(config, file, section, reterr);
        if (err)
            return err;
    }
    return HB_OK;
}

static enum hb_err apply_yaml(struct hb_config *config, const char *name, struct hb_str yaml, struct hb_error *reterr)
{
    struct hb_yaml *root = NULL;
    enum hb_err err = hb_yaml_parse(name, yaml, &root, reterr);
    if (err == HB_ERR_MEMORY)
        return err;
    if (err) { /* the sentence stays, but it is the configuration that is wrong */
        if (reterr)
            reterr->code = HB_ERR_CONFIG;
        return HB_ERR_CONFIG;
    }
    err = apply_document(config, name, root, reterr);
    hb_yaml_free(&root);
    return err;
}

/* The row a variable's name belongs to, or NULL. */
static const struct hb_config_key *key_of_variable(struct hb_str name)
{
    size_t count;
    const struct hb_config_key *keys = hb_config_keys(&count);
    for (size_t i = 0; i < count; i++) {
        char variable[HB_CONFIG_VARIABLE_MAX];
        size_t length = hb_config_key_variable(&keys[i], variable);
        if (hb_str_eq(name, hb_str_n(variable, length)))
            return &keys[i];
    }
    return NULL;
}

/* Cuts HOOKBUS_API_PORTT into "api" and "portt", lower case, in `space`; false if the section is not one of ours. */
static bool parts_of_variable(struct hb_str name, char space[HB_CONFIG_VARIABLE_MAX], struct hb_str *ret_section,
                              struct hb_str *ret_name)
{
    size_t prefix = sizeof variable_prefix - 1;
    if (name.len >= HB_CONFIG_VARIABLE_MAX)
        return false;
    for (size_t i = prefix; i < name.len; i++)
        space[i - prefix] = (char)(name.ptr[i] >= 'A' && name.ptr[i] <= 'Z' ? name.ptr[i] - 'A' + 'a' : name.ptr[i]);
    *ret_name = hb_str_n(space, name.len - prefix);
    return hb_str_split(ret_name, '_', ret_section) && ret_name->len > 0 && hb_config_section_exists(*ret_section);
}

static bool is_of_commands(struct hb_str name)
{
    return HB_WORDS_FIND(command_variables, name) >= 0;
}

static enum hb_err apply_variable(struct hb_config *config, struct hb_str name, struct hb_str value,
                                  struct hb_error *reterr)
{
    char where[WHERE_MAX], space[HB_CONFIG_VARIABLE_MAX];
    (void)snprintf(where, sizeof where, "%.*s", HB_ARG(name));
    const struct hb_config_key *key = key_of_variable(name);
    if (key)
        return hb_config_value_set(config, key, value, where, reterr);
    struct hb_str section, rest;
    if (!is_of_commands(name) && parts_of_variable(name, space, &section, &rest))
        return unknown_key(where, section, rest, reterr);
    return HB_OK;
}

static enum hb_err apply_environment(struct hb_config *config, char *const *env, struct hb_error *reterr)
{
    for (; env && *env; env++) {
        struct hb_str value = hb_str_c(*env), name;
        if (!hb_str_has_prefix(value, hb_str_c(variable_prefix)) || !hb_str_split(&value, '=', &name) || !value.ptr)
            continue;
        enum hb_err err = apply_variable(config, name, value, reterr);
        if (err)
            return err;
    }
    return HB_OK;
}

enum hb_err hb_config_read(const char *name, struct hb_str yaml, char *const *env, struct hb_config *ret_config,
                           struct hb_error *reterr)
{
    struct hb_config config;
    memset(&config, 0, sizeof config);
    enum hb_err err = set_defaults(&config, reterr);
    if (!err)
        err = apply_yaml(&config, name, yaml, reterr);
    if (!err)
        err = apply_environment(&config, env, reterr);
    if (!err)
        err = hb_config_check(&config, reterr);
    if (err)
        hb_config_deinit(&config);
    else
        *ret_config = config;
    return err;
}

static enum hb_err read_stream(FILE *stream, struct hb_buf *ret_text)
{
    char piece[READ_STEP];
    size_t count;
    while ((count = fread(piece, 1, sizeof piece, stream)) > 0) {
        enum hb_err err = hb_buf_add(ret_text, hb_str_n(piece, count));
        if (err)
            return err;
    }
    return ferror(stream) ? HB_ERR_IO : HB_OK;
}

static enum hb_err read_file(const char *file, struct hb_buf *ret_text, struct hb_error *reterr)
{
    FILE *stream = fopen(file, "rbe");
    enum hb_err err = stream ? read_stream(stream, ret_text) : HB_ERR_IO;
    int problem = errno;
    if (stream)
        (void)fclose(stream);
    if (err == HB_ERR_FULL)
        return hb_fail(reterr, HB_ERR_CONFIG, "%.100s: larger than %d bytes", file, HB_YAML_BYTES_MAX);
    if (err)
        return hb_fail(reterr, err, "%.100s: %s", file, err == HB_ERR_IO ? strerror(problem) : hb_err_text(err));
    return HB_OK;
}

enum hb_err hb_config_load(const char *file, char *const *env, struct hb_config *ret_config, struct hb_error *reterr)
{
    struct hb_buf text = hb_buf_make(HB_YAML_BYTES_MAX);
    enum hb_err err = file ? read_file(file, &text, reterr) : HB_OK;
    if (!err)
        err = hb_config_read(file ? file : "", hb_buf_str(&text), env, ret_config, reterr);
    if (text.ptr)
        explicit_bzero(text.ptr, text.capacity); /* it may hold a password */
    hb_buf_deinit(&text);
    return err;
}

void hb_config_deinit(struct hb_config *config)
{
    size_t count;
    const struct hb_config_key *keys = hb_config_keys(&count);
    for (size_t i = 0; config && i < count; i++) {
        if (keys[i].kind != HB_CONFIG_STR && keys[i].kind != HB_CONFIG_LIST)
            continue;
        char **text = hb_config_value_text(config, &keys[i]);
        if (*text && hb_config_key_is_secret(&keys[i]))
            explicit_bzero(*text, strlen(*text));
        free(*text);
    }
    if (config)
        memset(config, 0, sizeof *config);
}
