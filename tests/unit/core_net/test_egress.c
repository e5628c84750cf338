#include "core/egress.h"

#include "unit/core_net/cm.h"

struct address_row {
    const char *text;
    bool is_global;
};

static const struct address_row address_rows[] = {
    {"8.8.8.8", true},
    {"1.1.1.1", true},
    {"9.255.255.255", true},
    {"11.0.0.0", true},
    {"100.63.255.255", true},
    {"100.128.0.0", true},
    {"172.15.255.255", true},
    {"172.32.0.0", true},
    {"198.17.255.255", true},
    {"198.20.0.0", true},
    {"223.255.255.255", true},
    {"0.0.0.0", false},
    {"0.1.2.3", false},
    {"10.0.0.1", false},
    {"10.255.255.255", false},
    {"100.64.0.1", false},
    {"100.100.100.200", false},
    {"127.0.0.1", false},
    {"127.255.255.255", false},
    {"168.63.129.16", false},
    {"169.254.169.254", false},
    {"172.16.0.1", false},
    {"172.31.255.255", false},
    {"192.0.0.1", false},
    {"192.0.2.1", false},
    {"192.88.99.1", false},
    {"192.168.1.1", false},
    {"198.18.0.1", false},
    {"198.19.255.255", false},
    {"198.51.100.1", false},
    {"203.0.113.1", false},
    {"224.0.0.1", false},
    {"240.0.0.1", false},
    {"255.255.255.255", false},
    {"2606:4700::1111", true},
    {"2a00:1450:4001::1", true},
    {"::", false},
    {"::1", false},
    {"fe80::1", false},
    {"fec0::1", false},
    {"fc00::1", false},
    {"fd00:ec2::254", false},
    {"ff02::1", false},
    {"100::1", false},
    {"5f00::1", false},
    {"4000::1", false},
    {"2001:db8::1", false},
    {"2001:2::1", false},
    {"3fff::1", false},
    /* mapped */
    {"::ffff:8.8.8.8", true},
    {"::ffff:127.0.0.1", false},
    {"::ffff:169.254.169.254", false},
    /* compatible */
    {"::127.0.0.1", false},
    {"::8.8.8.8", false},
    /* NAT64 */
    {"64:ff9b::8.8.8.8", true},
    {"64:ff9b::127.0.0.1", false},
    {"64:ff9b::a9fe:a9fe", false},
    {"64:ff9b:1::8.8.8.8", false},
    {"64:ff9b:1::127.0.0.1", false},
    /* 6to4 */
    {"2002:808:808::1", true},
    {"2002:7f00:1::1", false},
    {"2002:a9fe:a9fe::1", false},
    {"2002:c0a8:101::1", false},
    /* Teredo */
    {"2001:0:808:808:0:ffff:f7f7:f7f7", false},
    {"2001:0:4136:e378:8000:63bf:80ff:fffe", false},
    /* ISATAP */
    {"2a00:1450:4001::5efe:8.8.8.8", true},
    {"2a00:1450:4001::5efe:127.0.0.1", false},
    {"2a00:1450:4001:0:200:5efe:10.0.0.1", false},
};

static void only_global_unicast_passes_by_default(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(address_rows) / sizeof(address_rows[0]); i++) {
        struct hb_address address;
        assert_true(hb_address_parse(hb_str_c(address_rows[i].text), &address));
        if (hb_egress_allows(NULL, &address, 443) != address_rows[i].is_global ||
            hb_address_is_global(&address) != address_rows[i].is_global) {
            fail_msg("%s should be %s", address_rows[i].text, address_rows[i].is_global ? "global" : "denied");
        }
    }
}

struct allow_row {
    const char *allow;
    const char *address;
    uint16_t port;
    bool is_allowed;
};

static const struct allow_row allow_rows[] = {
    {"", "127.0.0.1", 80, false},
    {"127.0.0.0/8", "127.0.0.1", 80, true},
    {"127.0.0.0/8", "127.77.1.2", 9999, true},
    {"127.0.0.0/8", "128.0.0.1", 9999, true},
    {"127.0.0.0/8", "126.0.0.1", 9999, true},
    {"127.0.0.0/8", "10.0.0.1", 80, false},
    {"127.0.0.0/8", "::1", 80, false},
    {"127.0.0.0/8", "::ffff:127.0.0.1", 80, true},
    {"127.0.0.0/8", "64:ff9b::127.0.0.1", 80, false},
    {"127.0.0.0/8", "2002:7f00:1::1", 80, false},
    {"127.0.0.0/8:8080", "127.0.0.1", 8080, true},
    {"127.0.0.0/8:8080", "127.0.0.1", 80, false},
    {"10.1.2.3", "10.1.2.3", 1, true},
    {"10.1.2.3", "10.1.2.4", 1, false},
    {"10.1.2.3:443", "10.1.2.3", 443, true},
    {"10.1.2.3:443", "10.1.2.3", 444, false},
    {"::1", "::1", 80, true},
    {"[::1]:80", "::1", 80, true},
    {"[::1]:80", "::1", 81, false},
    {"fd00::/8", "fd12::1", 80, true},
    {"[fd00::]/8:443", "fd12::1", 443, true},
    {"[fd00::]/8:443", "fd12::1", 80, false},
    {"[fd00::]/8:443", "fe12::1", 443, false},
    {" 10.0.0.0/8 , 192.168.0.0/16 ,", "192.168.9.9", 80, true},
    {"172.16.0.0/12", "172.31.0.1", 80, true},
    {"172.16.0.0/12", "172.32.0.1", 80, true},
    {"192.168.1.0/25", "192.168.1.127", 80, true},
    {"192.168.1.0/25", "192.168.1.128", 80, false},
    {"0.0.0.0/0", "127.0.0.1", 80, true},
};

static void the_allow_list_adds_exactly_its_networks_and_ports(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(allow_rows) / sizeof(allow_rows[0]); i++) {
        const struct allow_row *row = &allow_rows[i];
        struct hb_egress *egress = NULL;
        struct hb_address address;
        assert_int_equal(hb_egress_new(hb_str_c(row->allow), &egress, NULL), HB_OK);
        assert_true(hb_address_parse(hb_str_c(row->address), &address));
        if (hb_egress_allows(egress, &address, row->port) != row->is_allowed) {
            fail_msg("allow \"%s\": %s port %d should be %s", row->allow, row->address, row->port,
                     row->is_allowed ? "allowed" : "denied");
        }
        hb_egress_free(&egress);
        assert_null(egress);
    }
}

static void a_bad_entry_of_the_allow_list_is_named(void **state)
{
    (void)state;
    static const char *const entries[] = {
        "example.com", "10.0.0.0/33",  "10.0.0.0/",   "10.0.0/8",    "10.0.0.0/8:", "10.0.0.0/8:0", "10.0.0.1:65536",
        "[fd00::/8",   "fd00::/129",   "[10.0.0.1]",  "010.0.0.1",   "0x7f.0.0.1",  "2130706433",   "/8",
        "[]",          "fe80::1%eth0", "10.0.0.0/-1", "10.0.0.0/8x", "[",           ":80",
        "::ffff:10.0.0.0/104", "[::ffff:10.1.2.3]:443"};
    for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
        struct hb_egress *egress = NULL;
        struct hb_error error = {.code = HB_OK};
        if (hb_egress_new(hb_str_c(entries[i]), &egress, &error) != HB_ERR_CONFIG) {
            fail_msg("%s was accepted", entries[i]);
        }
        assert_non_null(strstr(error.text, entries[i]));
        assert_null(egress);
    }
}

static void more_entries_than_the_limit_are_refused(void **state)
{
    (void)state;
    struct hb_buf list = hb_buf_make(1U << 16);
    for (int i = 0; i <= HB_EGRESS_RULES_MAX; i++) {
        assert_int_equal(hb_buf_addf(&list, "10.0.%d.%d,", i / 256, i % 256), HB_OK);
    }
    struct hb_egress *egress = NULL;
    assert_int_equal(hb_egress_new(hb_buf_str(&list), &egress, NULL), HB_ERR_CONFIG);
    hb_buf_deinit(&list);
}

static void port_zero_is_never_allowed_by_default(void **state)
{
    (void)state;
    struct hb_address address;
    assert_true(hb_address_parse(HB_STR("8.8.8.8"), &address));
    assert_false(hb_egress_allows(NULL, &address, 0));
}

static void an_address_is_formatted_as_it_was_parsed(void **state)
{
    (void)state;
    static const char *const texts[] = {"192.0.2.1", "2001:db8::1", "::1"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct hb_address address;
        char text[HB_ADDRESS_TEXT_MAX];
        assert_true(hb_address_parse(hb_str_c(texts[i]), &address));
        hb_address_format(&address, text);
        assert_string_equal(text, texts[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_global_unicast_passes_by_default),
        cmocka_unit_test(the_allow_list_adds_exactly_its_networks_and_ports),
        cmocka_unit_test(a_bad_entry_of_the_allow_list_is_named),
        cmocka_unit_test(more_entries_than_the_limit_are_refused),
        cmocka_unit_test(port_zero_is_never_allowed_by_default),
        cmocka_unit_test(an_address_is_formatted_as_it_was_parsed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
