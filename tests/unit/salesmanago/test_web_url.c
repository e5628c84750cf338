/* SM-6: what Apache's UrlValidator takes as it comes, and what we make of the rest. */
#include "salesmanago/web_url.h"

#include "unit/core/check.h"

struct row {
    const char *text, *made; /* NULL: refused */
};

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct hb_buf url = hb_buf_make(65536);
        const char *why = NULL;
        enum hb_err err = hb_sm_web_url(hb_str_c(rows[i].text), &url, &why);
        check_row(err == (rows[i].made ? HB_OK : HB_ERR_INVALID), rows[i].text);
        if (rows[i].made)
            check_str(hb_buf_str(&url), rows[i].made);
        else
            check_row(why && url.len == 0, rows[i].text);
        hb_buf_deinit(&url);
    }
}

static void sm_6_addresses_of_the_web_pass_as_they_are(void **state)
{
    (void)state;
    static const char *const same[] = {
        "https://shop.example.com/p/1001",
        "http://shop.example.com",
        "https://shop.example.com/",
        "ftp://files.example.com/a.jpg",
        "https://shop.example.com:8443/p",
        "https://shop.example.com/p?id=1&x=a%20b#top",
        "https://shop.example.com?x=1",
        "https://192.0.2.1/p",
        "https://[2001:db8::1]:443/p",
        "https://sklep.pl/produkt,123,sukienka_letnia.html",
        "https://shop.example.com/~a/b(c)/d;e=f/@g!h$i&j'k*l+m",
        "https://user:pass@shop.example.com/p",
        "https://sk\xC5\x82"
        "ad.pl/p", /* IDN: they turn it into xn-- themselves */
        "https://xn--skad-nza.pl/p",
        "https://shop.example.com./p",
    };
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
        check_rows(&(struct row){same[i], same[i]}, 1);
}

static void sm_6_localhost_and_what_is_no_address_is_refused(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "",
        "  ",
        "shop.example.com/p",
        "/p/1001",
        "//shop.example.com/p",
        "mailto:a@example.com",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "https:/shop.example.com",
        "https://",
        "https:///p",
        "https://localhost/p",
        "http://localhost:8080/p",
        "https://shop.local/p",
        "https://shop.localdomain/p",
        "https://shop.example/p",
        "https://shop.test/p",
        "https://shop.internal/p",
        "https://shop/p",
        "https://shop..com/p",
        "https://-shop.com/p",
        "https://shop-.com/p",
        "https://shop_1.com/p",
        "https://shop.c/p",
        "https://shop.123/p",
        "https://shop .com/p",
        "https://256.0.2.1/p",
        "https://1.2.3/p",
        "https://[2001:db8::zz]/p",
        "https://2001:db8::1/p",
        "https://shop.example.com:65536/p",
        "https://shop.example.com:x/p",
        "https://shop.example.com:0/p",
        "https://a:b:c@shop.example.com/p",
        "https://:b@shop.example.com/p",
        "https://a@b@shop.example.com/p",
        "https://shop.example.com:-1/p",
        "https://shop.example.com\\p",
        "https://a b@shop.example.com/p",
        "https://shop.example.com/../p",
        "https://shop.example.com/a/../../p",
    };
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        check_rows(&(struct row){refused[i], NULL}, 1);
}

static void sm_6_what_a_browser_would_write_otherwise_is_written_so(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {" https://shop.example.com/p \n", "https://shop.example.com/p"},
        {"HTTPS://shop.example.com/P", "https://shop.example.com/P"},
        {"https://shop.example.com/a b", "https://shop.example.com/a%20b"},
        {"https://shop.example.com/\xC5\xBC"
         "akiet?q=\xC5\x82#\xC3\xB3",
         "https://shop.example.com/%C5%BCakiet?q=%C5%82#%C3%B3"},
        {"https://shop.example.com/\xF0\x9F\x91\x97", "https://shop.example.com/%F0%9F%91%97"},
        {"https://shop.example.com//a///b//", "https://shop.example.com/a/b/"},
        {"https://shop.example.com//", "https://shop.example.com/"},
        {"https://shop.example.com/a?u=http://x.pl//y", "https://shop.example.com/a?u=http://x.pl//y"},
        {"https://shop.example.com/100%", "https://shop.example.com/100%25"},
        {"https://shop.example.com/a%2", "https://shop.example.com/a%252"},
        {"https://shop.example.com/a%zz", "https://shop.example.com/a%25zz"},
        {"https://shop.example.com/[1]{2}|\"<>^`", "https://shop.example.com/%5B1%5D%7B2%7D%7C%22%3C%3E%5E%60"},
        {"https://shop.example.com/a\n/b\t", "https://shop.example.com/a/b"},
        {"https://shop.example.com/#a#b", "https://shop.example.com/#a%23b"},
    };
    check_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

static void a_text_that_no_limit_takes_is_not_looked_at(void **state)
{
    (void)state;
    struct hb_buf text = hb_buf_make(1u << 20), url = hb_buf_make(1u << 20);
    const char *why = NULL;
    assert_int_equal(hb_buf_add(&text, HB_STR("https://shop.example.com/")), HB_OK);
    while (text.len <= HB_SM_URL_BYTES_MAX)
        assert_int_equal(hb_buf_add_char(&text, 'a'), HB_OK);
    assert_int_equal(hb_sm_web_url(hb_buf_str(&text), &url, &why), HB_ERR_INVALID);
    assert_string_equal(why, "is too long");
    hb_buf_deinit(&text);
    hb_buf_deinit(&url);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sm_6_addresses_of_the_web_pass_as_they_are),
        cmocka_unit_test(sm_6_localhost_and_what_is_no_address_is_refused),
        cmocka_unit_test(sm_6_what_a_browser_would_write_otherwise_is_written_so),
        cmocka_unit_test(a_text_that_no_limit_takes_is_not_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
