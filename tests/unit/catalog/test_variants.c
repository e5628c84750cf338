/* Variants are found by their ids, in whatever order the two lists have them, and never by comparing all with all. */
#include "core/catalog_variants.h"
#include "unit/core/check.h"

#define MANY HB_CATALOG_INDEX_MAX
/* Reading each once, sorting, and a binary search for each: all with all would be MANY a variant. */
#define LOOKS_EACH_MAX 32

static uint64_t seed;

static unsigned any(unsigned below)
{
    return next_random(&seed) % below;
}

/* {"variants":[{"id":"<order[i]>","n":i}, …]} */
static struct hb_buf make(const unsigned *order, size_t count)
{
    struct hb_buf json = hb_buf_make((size_t)1 << 20);
    assert_int_equal(hb_buf_addf(&json, "{\"variants\":["), HB_OK);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(hb_buf_addf(&json, "%s{\"id\":\"v%u\",\"n\":%zu}", i ? "," : "", order[i], i), HB_OK);
    assert_int_equal(hb_buf_addf(&json, "]}"), HB_OK);
    return json;
}

static void check_found(struct hb_catalog_index *index, unsigned id, int wanted)
{
    char text[16], number[16];
    struct hb_cursor variant;
    (void)snprintf(text, sizeof text, "v%u", id);
    bool is_found = hb_catalog_index_find(index, hb_str_c(text), &variant);
    check_row(is_found == (wanted >= 0), text);
    if (!is_found)
        return;
    (void)snprintf(number, sizeof number, "%d", wanted);
    check_str(hb_cursor_member(variant, HB_STR("n")).raw, number);
}

static void shuffle(unsigned *order, size_t count)
{
    for (size_t i = count; i > 1; i--) {
        size_t other = any((unsigned)i);
        unsigned kept = order[i - 1];
        order[i - 1] = order[other];
        order[other] = kept;
    }
}

enum way { ALIKE, BACKWARDS, SHUFFLED, EVERY_OTHER_IS_MISSING, NONE_IS_THERE, WAYS };
static const char *const WAY_TEXTS[WAYS] = {"alike", "backwards", "shuffled", "every other is missing", "none is there"};

static void many_are_found_at_a_cost_that_hardly_grows_with_their_number(void **state)
{
    static struct hb_catalog_index index;
    static unsigned order[MANY];
    (void)state;
    for (enum way way = ALIKE; way < WAYS; way++) {
        for (unsigned i = 0; i < MANY; i++)
            order[i] = way == BACKWARDS ? MANY - 1 - i : way == EVERY_OTHER_IS_MISSING ? 2 * i : way == NONE_IS_THERE ? MANY + i : i;
        if (way == SHUFFLED)
            shuffle(order, MANY);
        static int place[4 * MANY];
        memset(place, 0xff, sizeof place); /* -1 */
        for (int i = 0; i < MANY; i++)
            place[order[i]] = i;
        struct hb_buf json = make(order, MANY);
        hb_catalog_index_init(&index, hb_catalog_variants(hb_buf_str(&json)));
        for (unsigned id = 0; id < MANY; id++)
            check_found(&index, id, place[id]);
        check_row(index.looks <= (way == ALIKE ? 1 : LOOKS_EACH_MAX) * (uint64_t)MANY, WAY_TEXTS[way]);
        hb_buf_deinit(&json);
    }
}

static void of_several_alike_it_is_the_next_else_the_last(void **state)
{
    static struct hb_catalog_index index;
    static const unsigned order[] = {1, 2, 1, 3, 1};
    struct hb_buf json = make(order, 5);
    (void)state;
    hb_catalog_index_init(&index, hb_catalog_variants(hb_buf_str(&json)));
    check_found(&index, 1, 0);
    check_found(&index, 2, 1);
    check_found(&index, 3, 3); /* not the next */
    check_found(&index, 1, 4);
    check_found(&index, 2, 1);
    check_found(&index, 9, -1);
    check_found(&index, 1, 2); /* what is not there moves nothing */
    hb_buf_deinit(&json);
}

static void an_id_is_the_same_however_it_is_escaped(void **state)
{
    static const char LIST[] = "{\"variants\":[{\"id\":\"z\",\"n\":0},{\"id\":\"\\u0065\",\"n\":1},{\"n\":2},{\"id\":\"\",\"n\":3},{\"id\":\"\xc5\x82\",\"n\":4},"
                               "{\"id\":\"\\ud83d\\udc57\",\"n\":5},{\"id\":\"e1\",\"n\":6}]}";
    static const struct {
        const char *id, *n;
    } rows[] = {{"e", "1"}, {"\\u0065\\u0031", "6"}, {"\\u0142", "4"}, {"\xf0\x9f\x91\x97", "5"}, {"z", "0"}, {"\\u007a", "0"}};
    static struct hb_catalog_index index;
    struct hb_cursor variant;
    (void)state;
    hb_catalog_index_init(&index, hb_catalog_variants(hb_str_c(LIST)));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        check_row(hb_catalog_index_find(&index, hb_str_c(rows[i].id), &variant), rows[i].id);
        check_str(hb_cursor_member(variant, HB_STR("n")).raw, rows[i].n);
    }
    assert_false(hb_catalog_index_find(&index, HB_STR("ez"), &variant));
}

static void a_list_that_is_none_or_empty_has_none(void **state)
{
    static const char *const lists[] = {"", "{}", "{\"variants\":[]}", "{\"variants\":null}", "{\"variants\":[{}]}"};
    static struct hb_catalog_index index;
    struct hb_cursor variant;
    (void)state;
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        hb_catalog_index_init(&index, hb_catalog_variants(hb_str_c(lists[i])));
        check_row(!hb_catalog_index_find(&index, HB_STR("a"), &variant), lists[i]);
        check_row(!hb_catalog_index_find(&index, HB_STR("b"), &variant), lists[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_are_found_at_a_cost_that_hardly_grows_with_their_number),
        cmocka_unit_test(of_several_alike_it_is_the_next_else_the_last),
        cmocka_unit_test(an_id_is_the_same_however_it_is_escaped),
        cmocka_unit_test(a_list_that_is_none_or_empty_has_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
