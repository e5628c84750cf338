#include "core/notice.h"

#include "core/ids.h"

#include <stdio.h>

struct notice_row {
    const char *state, *type, *what;
};

static const struct notice_row rows[HB_NOTICE_COUNT] = {
#define NOTICE_ROW(name, state, type, what) [HB_NOTICE_##name] = {state, type, what},
    HB_NOTICES(NOTICE_ROW)
#undef NOTICE_ROW
};

static const struct notice_row *row_of(enum hb_notice_kind kind)
{
    HB_ASSERT((unsigned)kind < HB_NOTICE_COUNT);
    return &rows[kind];
}

size_t hb_notice_seed(const struct hb_notice *notice, char ret_seed[HB_NOTICE_SEED_MAX])
{
    HB_ASSERT(notice->webhook.len <= HB_ID_MAX);
    /* No webhook's id begins like the seed of a connector's: "connector/" is no id. */
    const char *of = notice->kind == HB_NOTICE_CONNECTOR_PAUSED || notice->kind == HB_NOTICE_CONNECTOR_RESUMED
                         ? "connector/" : "";
    int length = snprintf(ret_seed, HB_NOTICE_SEED_MAX, "%s%.*s/%s/%lld", of, HB_ARG(notice->webhook),
                          row_of(notice->kind)->state, (long long)notice->revision);
    HB_ASSERT(length > 0 && length < HB_NOTICE_SEED_MAX);
    return (size_t)length;
}

void hb_notice_id(const unsigned char digest[32], char ret_id[HB_NOTICE_ID_BYTES + 1])
{
    memcpy(ret_id, "hbn_", 4);
    hb_base32_16(digest, ret_id + 4);
}

bool hb_notice_is_id(struct hb_str event_id)
{
    return event_id.len == HB_NOTICE_ID_BYTES && hb_str_has_prefix(event_id, HB_STR("hbn_"));
}

struct hb_str hb_notice_type(enum hb_notice_kind kind)
{
    return hb_str_c(row_of(kind)->type);
}

enum hb_err hb_notice_write(const struct hb_notice *notice, struct hb_buf *ret_data)
{
    const struct notice_row *row = row_of(notice->kind);
    char text[HB_NOTICE_DATA_MAX];
    bool is_connector = notice->kind == HB_NOTICE_CONNECTOR_PAUSED || notice->kind == HB_NOTICE_CONNECTOR_RESUMED;
    /* Ids are of letters, digits, - and _; the texts are the table's: nothing needs an escape. */
    int length =
        is_connector
            ? snprintf(text, sizeof(text),
                       "{\"connector\":{\"store\":\"%.*s\",\"state\":\"%s\",\"reason\":\"%s\",\"revision\":%lld},"
                       "\"what\":\"%s\"}",
                       HB_ARG(notice->webhook), row->state, notice->why ? notice->why : "", (long long)notice->revision,
                       row->what)
            : snprintf(text, sizeof(text),
                       "{\"webhook\":{\"id\":\"%.*s\",\"state\":\"%s\",\"revision\":%lld},\"what\":\"%s\"}",
                       HB_ARG(notice->webhook), row->state, (long long)notice->revision, row->what);

    HB_ASSERT(length > 0 && (size_t)length < sizeof(text));
    return hb_buf_add(ret_data, hb_str_n(text, (size_t)length));
}
