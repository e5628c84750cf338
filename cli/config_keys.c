#include "cli/config_keys.h"

#include "cli/suggest.h"

#include <stdio.h>

#define COMMON(section, name) #section "." #name, #section, #name
#define AT(section, name) offsetof(struct hb_config, section##_##name)

static const struct hb_config_key keys[] = {
#define HB_KEY_STR(section, name, def, help)                                                                           \
    {COMMON(section, name), HB_CONFIG_STR, AT(section, name), def, 0, 0, 0, "", help},
#define HB_KEY_LIST(section, name, def, help)                                                                          \
    {COMMON(section, name), HB_CONFIG_LIST, AT(section, name), def, 0, 0, 0, "", help},
#define HB_KEY_INT(section, name, unit, def, min, max, help)                                                           \
    {COMMON(section, name), HB_CONFIG_INT, AT(section, name), NULL, def, min, max, unit, help},
#define HB_KEY_BOOL(section, name, def, help)                                                                          \
    {COMMON(section, name), HB_CONFIG_BOOL, AT(section, name), NULL, def, 0, 1, "", help},
#include "core/tables/config_keys.def"
#undef HB_KEY_STR
#undef HB_KEY_LIST
#undef HB_KEY_INT
#undef HB_KEY_BOOL
};
#define KEYS_COUNT (sizeof keys / sizeof *keys)

const struct hb_config_key *hb_config_keys(size_t *ret_count)
{
    *ret_count = KEYS_COUNT;
    return keys;
}

const struct hb_config_key *hb_config_key_find(struct hb_str section, struct hb_str name)
{
    for (size_t i = 0; i < KEYS_COUNT; i++)
        if (hb_str_eq(section, hb_str_c(keys[i].section)) && hb_str_eq(name, hb_str_c(keys[i].name)))
            return &keys[i];
    return NULL;
}

bool hb_config_section_exists(struct hb_str section)
{
    for (size_t i = 0; i < KEYS_COUNT; i++)
        if (hb_str_eq(section, hb_str_c(keys[i].section)))
            return true;
    return false;
}

const char *hb_config_key_suggest(struct hb_str section, struct hb_str name)
{
    struct hb_suggestion best = hb_suggest_start(name);
    for (size_t i = 0; i < KEYS_COUNT; i++)
        if (hb_str_eq(section, hb_str_c(keys[i].section)))
            hb_suggest_offer(&best, keys[i].name);
    for (size_t i = 0; i < KEYS_COUNT; i++) {
        bool is_same_name = best.word ? keys[i].name == best.word : hb_str_eq(name, hb_str_c(keys[i].name));
        if (is_same_name)
            return keys[i].path; /* the near name of this section, else the very name in another one */
    }
    return NULL;
}

const char *hb_config_section_suggest(struct hb_str section)
{
    struct hb_suggestion best = hb_suggest_start(section);
    for (size_t i = 0; i < KEYS_COUNT; i++)
        hb_suggest_offer(&best, keys[i].section);
    return best.word;
}

bool hb_config_key_is_secret(const struct hb_config_key *key)
{
    return strstr(key->name, "password") != NULL;
}

size_t hb_config_key_variable(const struct hb_config_key *key, char ret_name[HB_CONFIG_VARIABLE_MAX])
{
    int length = snprintf(ret_name, HB_CONFIG_VARIABLE_MAX, "HOOKBUS_%s_%s", key->section, key->name);
    HB_ASSERT(length > 0 && length < HB_CONFIG_VARIABLE_MAX);
    for (char *at = ret_name; *at; at++)
        if (*at >= 'a' && *at <= 'z')
            *at = (char)(*at - 'a' + 'A');
    return (size_t)length;
}
