#include "core/html_text.h"

#include "core/utf8.h"
#include "unit/core/check.h"

#include <time.h>

struct row {
    const char *html, *text;
};

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct hb_buf text = hb_buf_make(4096);
        assert_int_equal(hb_html_text(hb_str_c(rows[i].html), &text), HB_OK);
        check_row(hb_str_eq(hb_buf_str(&text), hb_str_c(rows[i].text)), rows[i].html);
        check_str(hb_buf_str(&text), rows[i].text);
        hb_buf_deinit(&text);
    }
}

static void tags_are_dropped_and_blocks_part_words(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"", ""},
        {"plain text", "plain text"},
        {"<p>Ala</p><p>ma kota</p>", "Ala ma kota"},
        {"<b>S</b>ale <i>now</i>", "Sale now"},
        {"one<br>two<br/>three<BR />four", "one two three four"},
        {"<ul><li>cotton</li><li>wool</li></ul>", "cotton wool"},
        {"<td>S</td><td>M</td>", "S M"},
        {"<a href=\"x\" title='a > b'>link</a>", "link"},
        {"<a title=\"a > b\">x</a>", "x"},
        {"<img alt=\"5 > 3\" src=x>after", "after"},
        {"  <div>\n\t a \n</div>  ", "a"},
        {"H<sub>2</sub>O", "H2O"},
        {"<!-- hidden <p> --> seen", "seen"},
        {"<!DOCTYPE html><?xml version=\"1\"?>seen", "seen"},
        {"<![CDATA[<b>cotton</b> 5]]>", "cotton 5"},
        {"list[0]]>x", "list[0]]>x"},
    };
    check_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

static void script_and_style_are_dropped_with_what_they_hold(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"a<script>if (a < b) alert('</p>')</script>b", "a b"},
        {"a<STYLE type=\"text/css\">p > a {color: red}</Style >b", "a b"},
        {"a<script src=x/>b</script>c", "a c"},
        {"a<script>never ended", "a"},
        {"a<script>x</scripts>y</script>b", "a b"},
        {"<title>shop</title>dress", "dress"},
    };
    check_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

static void character_references_are_read_once(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"Fish &amp; chips", "Fish & chips"},
        {"&lt;b&gt;", "<b>"},
        {"&amp;lt;b&amp;gt;", "&lt;b&gt;"},
        {"a&nbsp;b&#160;c", "a b c"},
        {"&euro;5 &copy; &oacute; &Oacute; &zdot; &lstrok;", "\xE2\x82\xAC"
                                                             "5 \xC2\xA9 \xC3\xB3 \xC3\x93 \xC5\xBC \xC5\x82"},
        {"&#8364; &#x20AC; &#X20ac;", "\xE2\x82\xAC \xE2\x82\xAC \xE2\x82\xAC"},
        {"&#150;&#x80;", "\xE2\x80\x93\xE2\x82\xAC"}, /* what Windows means with them */
        {"&#128087;", "\xF0\x9F\x91\x97"},
        {"&#0;&#xD800;&#99999999999999999999;", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"R&D, A&B; &unknown; & &; &#; &#x;", "R&D, A&B; &unknown; & &; &#; &#x;"},
        {"5 &lt 6 &amp 7", "5 < 6 & 7"},
        {"soft&shy;ware", "software"},
        {"&apos;&quot;&#39;", "'\"'"},
    };
    check_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

static void what_begins_no_tag_is_text(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"size < 40 and > 38", "size < 40 and > 38"},
        {"a <3 b <- c <", "a <3 b <- c <"},
        {"I <b", "I"},                         /* never ends: takes the rest, as in a browser */
        {"x <a href=\"never closed>y", "x y"}, /* a quote that is never closed is a character */
        {"za\xC5\xBC\xC3\xB3\xC5\x82\xC4\x87 \xF0\x9F\x91\x97", "za\xC5\xBC\xC3\xB3\xC5\x82\xC4\x87 \xF0\x9F\x91\x97"},
        {"a\xE2\x80\x8B"
         "b\xC2\xA0"
         "c",
         "ab c"},
    };
    check_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

/* Of any soup: no longer than it, UTF-8 as it was, no white space doubled or at the ends. */
static void the_text_is_one_line_and_never_longer(void **state)
{
    (void)state;
    static const char *const pieces[] = {"<",
                                         ">",
                                         "&",
                                         ";",
                                         "<p>",
                                         "</p>",
                                         "<b",
                                         "=\"",
                                         "'",
                                         "\"",
                                         " ",
                                         "\n",
                                         "a",
                                         "\xC5\xBC",
                                         "&amp;",
                                         "#x",
                                         "<!--",
                                         "-->",
                                         "<script>",
                                         "</script>",
                                         "]]>",
                                         "<![CDATA[",
                                         "\xF0\x9F\x91\x97",
                                         "&nbsp;",
                                         "/",
                                         "&#13;"};
    uint64_t seed = 11;
    for (int i = 0; i < 20000; i++) {
        struct hb_buf html = hb_buf_make(4096), text = hb_buf_make(4096);
        for (size_t n = next_random(&seed) % 40; n > 0; n--)
            assert_int_equal(
                hb_buf_add(&html, hb_str_c(pieces[next_random(&seed) % (sizeof(pieces) / sizeof(pieces[0]))])), HB_OK);
        assert_int_equal(hb_html_text(hb_buf_str(&html), &text), HB_OK);
        struct hb_str made = hb_buf_str(&text);
        assert_true(made.len <= html.len && hb_utf8_is_valid(made));
        assert_true(made.len == 0 || (made.ptr[0] != ' ' && made.ptr[made.len - 1] != ' '));
        assert_null(made.len ? memmem(made.ptr, made.len, "  ", 2) : NULL);
        for (size_t c = 0; c < made.len; c++)
            assert_true((unsigned char)made.ptr[c] >= ' ');
        hb_buf_deinit(&html);
        hb_buf_deinit(&text);
    }
}

/* What made other cleaners take minutes: openings that never close. 1 MiB of each, in all far below a second. */
static void no_input_takes_more_than_its_length(void **state)
{
    (void)state;
    static const char *const openings[] = {"<a ", "<!--", "<script>", "<a b=\"", "&", "<![CDATA[", "</", "<a b='\""};
    clock_t start = clock();
    for (size_t i = 0; i < sizeof(openings) / sizeof(openings[0]); i++) {
        struct hb_buf html = hb_buf_make(2u << 20), text = hb_buf_make(2u << 20);
        while (html.len < (1u << 20))
            assert_int_equal(hb_buf_add(&html, hb_str_c(openings[i])), HB_OK);
        assert_int_equal(hb_html_text(hb_buf_str(&html), &text), HB_OK);
        hb_buf_deinit(&html);
        hb_buf_deinit(&text);
    }
    assert_true(clock() - start < 10 * CLOCKS_PER_SEC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tags_are_dropped_and_blocks_part_words),
        cmocka_unit_test(script_and_style_are_dropped_with_what_they_hold),
        cmocka_unit_test(character_references_are_read_once),
        cmocka_unit_test(what_begins_no_tag_is_text),
        cmocka_unit_test(the_text_is_one_line_and_never_longer),
        cmocka_unit_test(no_input_takes_more_than_its_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
