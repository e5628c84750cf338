#include "salesmanago/mapping_internal.h"

#include "salesmanago/json_out.h"

#include <stdio.h>

static bool is_shown(int field)
{
    enum hb_sm_place place = hb_sm_limit((enum hb_sm_field)field)->place;
    return place != HB_SM_PLACE_CATALOG && field != HB_SM_FIELD_AVAILABLE && field != HB_SM_FIELD_ACTIVE &&
           field != HB_SM_FIELD_PRICE && field != HB_SM_FIELD_DETAILS;
}

static void write_fields(const struct hb_sm_mapping *mapping, struct hb_sm_json *out)
{
    hb_sm_json_begin(out, HB_STR("fields"), '{');
    for (int i = 0; i < HB_SM_FIELD_COUNT; i++) {
        struct hb_str name = hb_str_c(hb_sm_limit((enum hb_sm_field)i)->name);
        if (!is_shown(i))
            continue;
        if (mapping->fields[i].count > 0)
            hb_sm_json_text(out, name, mapping->fields[i].text);
        else
            hb_sm_json_word(out, name, HB_STR("null"));
    }
    hb_sm_json_close(out, '}');
}

static void write_words(const struct hb_sm_mapping *mapping, struct hb_sm_json *out)
{
    hb_sm_json_begin(out, HB_STR("details"), '{');
    for (size_t i = 0; i < mapping->details_count; i++)
        hb_sm_json_text(out, mapping->details[i].name, mapping->details[i].path.text);
    hb_sm_json_close(out, '}');
    hb_sm_json_begin(out, HB_STR("genders"), '{');
    for (size_t i = 0; i < mapping->genders_count; i++) {
        char number[16];
        (void)snprintf(number, sizeof(number), "%d", mapping->genders[i].number);
        hb_sm_json_word(out, mapping->genders[i].word, hb_str_c(number));
    }
    hb_sm_json_close(out, '}');
}

enum hb_err hb_sm_mapping_write(const struct hb_sm_mapping *mapping, struct hb_buf *ret_text)
{
    size_t before = ret_text->len;
    struct hb_sm_json out = {ret_text, HB_OK, false};
    hb_sm_json_open(&out, '{');
    write_fields(mapping, &out);
    write_words(mapping, &out);
    hb_sm_json_text(&out, HB_STR("main_category"), mapping->main_category);
    hb_sm_json_text(&out, HB_STR("brand_in"),
                    mapping->is_brand_in_system ? HB_STR("systemDetails") : HB_STR("product"));
    hb_sm_json_text(&out, HB_STR("catalog_name_as"), hb_str_c(hb_sm_mapping_catalog_name(mapping)));
    hb_sm_json_begin(&out, HB_STR("own_members"), '[');
    for (size_t i = 0; i < mapping->own_members_count; i++)
        hb_sm_json_text(&out, hb_str_n(NULL, 0), mapping->own_members[i]);
    hb_sm_json_close(&out, ']');
    hb_sm_json_close(&out, '}');
    if (out.err)
        ret_text->len = before;
    return out.err;
}
