#include "hookbus/topics.h"

#include "core/words.h"

static const struct hb_topic_spec specs[HB_TOPIC_COUNT] = {
#define HB_TOPIC(name, text, partitions, policy, days, key) {text, partitions, policy, days, key},
#include "hookbus/topics.def"
#undef HB_TOPIC
};

#define FAMILY_PREFIX HB_STR("events.")

const struct hb_topic_spec *hb_topic_spec(enum hb_topic topic)
{
    HB_ASSERT((unsigned)topic < HB_TOPIC_COUNT);
    return &specs[topic];
}

size_t hb_topic_name(struct hb_str prefix, enum hb_topic topic, char ret_name[HB_TOPIC_NAME_MAX])
{
    struct hb_str name = hb_str_c(hb_topic_spec(topic)->name);
    HB_ASSERT(prefix.len <= HB_TOPIC_PREFIX_MAX);
    HB_ASSERT(prefix.len + name.len < HB_TOPIC_NAME_MAX);
    if (prefix.len)
        memcpy(ret_name, prefix.ptr, prefix.len);
    memcpy(ret_name + prefix.len, name.ptr, name.len + 1);
    return prefix.len + name.len;
}

int hb_topic_find(struct hb_str prefix, struct hb_str name)
{
    if (!hb_str_has_prefix(name, prefix))
        return -1;
    struct hb_str rest = {name.ptr + prefix.len, name.len - prefix.len};
    return HB_WORDS_FIND_ROW(specs, name, rest);
}

enum hb_topic hb_topic_of_type(struct hb_str type)
{
    struct hb_str rest = type, word = {NULL, 0};
    (void)hb_str_split(&rest, '.', &word);
    for (int topic = 0; topic < HB_EVENT_TOPIC_COUNT; topic++) {
        struct hb_str family = hb_str_c(specs[topic].name + FAMILY_PREFIX.len);
        if (topic != HB_TOPIC_EVENTS_OTHER && hb_str_eq(word, family))
            return (enum hb_topic)topic;
    }
    return HB_TOPIC_EVENTS_OTHER;
}
