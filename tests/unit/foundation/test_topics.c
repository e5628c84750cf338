#include "hookbus/topics.h"
#include "hookbus/webhook.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void a_type_goes_to_the_topic_of_its_first_word(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        enum hb_topic topic;
    } cases[] = {
        {"order.created", HB_TOPIC_EVENTS_ORDER},
        {"product.updated", HB_TOPIC_EVENTS_PRODUCT},
        {"customer.created.vip", HB_TOPIC_EVENTS_CUSTOMER},
        {"inventory.updated", HB_TOPIC_EVENTS_INVENTORY},
        {"cart.abandoned", HB_TOPIC_EVENTS_OTHER},
        {"orders.created", HB_TOPIC_EVENTS_OTHER},
        {"other.thing", HB_TOPIC_EVENTS_OTHER},
        {"", HB_TOPIC_EVENTS_OTHER},
        {"Order.created", HB_TOPIC_EVENTS_OTHER},
        {"order", HB_TOPIC_EVENTS_ORDER},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(hb_topic_of_type(hb_str_c(cases[i].type)), cases[i].topic);
}

static void a_topic_is_found_by_its_full_name_only(void **state)
{
    (void)state;
    for (int topic = 0; topic < HB_TOPIC_COUNT; topic++) {
        char name[HB_TOPIC_NAME_MAX];
        size_t length = hb_topic_name(HB_STR("t1."), (enum hb_topic)topic, name);
        assert_int_equal(length, strlen(name));
        assert_int_equal(hb_topic_find(HB_STR("t1."), hb_str_n(name, length)), topic);
        assert_int_equal(hb_topic_find(HB_STR("t2."), hb_str_n(name, length)), -1);
    }
    assert_int_equal(hb_topic_find(HB_STR("hookbus."), HB_STR("hookbus.journal2")), -1);
    assert_int_equal(hb_topic_find(HB_STR("hookbus."), HB_STR("hookbus.")), -1);
    assert_int_equal(hb_topic_find(HB_STR(""), HB_STR("registry")), HB_TOPIC_REGISTRY);
}

static void the_event_topics_come_first(void **state)
{
    (void)state;
    for (int topic = 0; topic < HB_EVENT_TOPIC_COUNT; topic++)
        assert_memory_equal(hb_topic_spec((enum hb_topic)topic)->name, "events.", 7);
    assert_int_equal(hb_topic_spec(HB_TOPIC_JOURNAL)->partitions, 64);
}

static void formats_are_found_by_their_text(void **state)
{
    (void)state;
    for (int format = 0; format < HB_FORMAT_COUNT; format++)
        assert_int_equal(hb_format_find(hb_str_c(hb_format_text((enum hb_format)format))), format);
    assert_int_equal(hb_format_find(HB_STR("Standard")), -1);
    assert_string_equal(hb_webhook_status_text(HB_WEBHOOK_PAUSED), "paused");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_type_goes_to_the_topic_of_its_first_word),
        cmocka_unit_test(a_topic_is_found_by_its_full_name_only),
        cmocka_unit_test(the_event_topics_come_first),
        cmocka_unit_test(formats_are_found_by_their_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
