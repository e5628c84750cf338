#include "hookbus/webhook.h"

#include "core/words.h"

static const char *const format_texts[HB_FORMAT_COUNT] = {
#define HB_FORMAT_TEXT(name, text) [HB_FORMAT_##name] = text,
    HB_FORMATS(HB_FORMAT_TEXT)
#undef HB_FORMAT_TEXT
};

static const char *const status_texts[HB_WEBHOOK_STATUS_COUNT] = {
#define HB_STATUS_TEXT(name, text) [HB_WEBHOOK_##name] = text,
    HB_WEBHOOK_STATUSES(HB_STATUS_TEXT)
#undef HB_STATUS_TEXT
};

const char *hb_format_text(enum hb_format format)
{
    HB_ASSERT((unsigned)format < HB_FORMAT_COUNT);
    return format_texts[format];
}

int hb_format_find(struct hb_str text)
{
    return HB_WORDS_FIND(format_texts, text);
}

const char *hb_webhook_status_text(enum hb_webhook_status status)
{
    HB_ASSERT((unsigned)status < HB_WEBHOOK_STATUS_COUNT);
    return status_texts[status];
}
