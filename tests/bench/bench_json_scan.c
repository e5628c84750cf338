/* How fast hb_json_scan is, and what the compiled filter costs. Prints one line a shape: gigabytes a second,
 * nanoseconds a text. Build with the release flags (-O2); a debug build says nothing. CPU time, so that a busy machine disturbs it less. */
#include "core/filter.h"
#include "core/json_scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define TEXT_BYTES 262144
#define SECONDS_EACH 0.3

static double now_s(void)
{
    struct timespec at;
    HB_ASSERT(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at) == 0);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static void measure(const char *name, struct hb_str text, const struct hb_filter *filter)
{
    size_t at, rounds = 0;
    double start = now_s(), spent;
    do {
        for (int i = 0; i < 8; i++, rounds++) {
            bool is_right = filter ? hb_filter_match(filter, text, NULL) == HB_FILTER_MATCH_YES : hb_json_scan(text, &at) == HB_OK;
            HB_ASSERT(is_right);
        }
        spent = now_s() - start;
    } while (spent < SECONDS_EACH);
    printf("%-28s %7zu B %8.2f GB/s %10.0f ns\n", name, text.len, (double)text.len * (double)rounds / spent / 1e9,
           spent / (double)rounds * 1e9);
}

/* "[" + piece, piece, … + "]" of about this many bytes. */
static struct hb_str repeat(const char *piece, size_t bytes)
{
    size_t length = strlen(piece), count = bytes / (length + 1) + 1;
    char *text = malloc(count * (length + 1) + 1), *at = text;
    HB_ASSERT(text != NULL);
    for (size_t i = 0; i < count; i++) {
        *at++ = i ? ',' : '[';
        memcpy(at, piece, length);
        at += length;
    }
    *at++ = ']';
    return hb_str_n(text, (size_t)(at - text));
}

static const char product[] =
    "{\"id\": \"1001\", \"name\": \"Sukienka letnia w kwiaty\", \"description\": \"Lekka sukienka z bawe\xC5\x82ny, "
    "wygodna i przewiewna, na co "
    "dzie\xC5\x84 i na wi\xC4\x99ksze okazje.\", \"url\": \"https://shop.example.com/p/1001-sukienka\", \"images\": "
    "[\"https://cdn.example.com/i/1001-1.jpg\", \"https://cdn.example.com/i/1001-2.jpg\"], \"categories\": [{\"id\": "
    "\"12\", \"name\": "
    "\"Sukienki\"}], \"price\": \"199.90\", \"sale_price\": \"149.90\", \"currency\": \"PLN\", \"stock\": "
    "{\"available\": true, \"quantity\": 17}, "
    "\"status\": \"active\", \"brand\": \"Wiosna\", \"reference\": \"SK-1001\", \"attributes\": {\"color\": \"red\", "
    "\"season\": \"summer\"}, "
    "\"variants\": [{\"id\": \"1001-S\", \"attributes\": {\"size\": \"S\"}, \"price\": \"199.90\"}, {\"id\": "
    "\"1001-M\", \"attributes\": {\"size\": "
    "\"M\"}, \"price\": \"199.90\"}]}";

int main(void)
{
    char *ascii = malloc(TEXT_BYTES);
    HB_ASSERT(ascii != NULL);
    memset(ascii, 'a', TEXT_BYTES);
    ascii[0] = ascii[TEXT_BYTES - 1] = '"';
    measure("one long string", hb_str_n(ascii, TEXT_BYTES), NULL);
    measure("Polish text",
            repeat("\"Za\xC5\xBC\xC3\xB3\xC5\x82\xC4\x87 g\xC4\x99\xC5\x9Bl\xC4\x85 ja\xC5\xBA\xC5\x84, a potem "
                   "zwyk\xC5\x82y tekst\"",
                   TEXT_BYTES),
            NULL);
    measure(
        "Chinese text",
        repeat("\"\xE4\xB8\xAD\xE6\x96\x87\xE5\x95\x86\xE5\x93\x81\xE6\x8F\x8F\xE8\xBF\xB0\xE4\xB8\xAD\xE6\x96\x87\"",
               TEXT_BYTES),
        NULL);
    measure("numbers", repeat("12345.67", TEXT_BYTES), NULL);
    measure("a product", hb_str_c(product), NULL);
    measure("many products", repeat(product, TEXT_BYTES), NULL);
    struct hb_filter *filter;
    struct hb_error error;
    struct hb_str pattern =
        HB_STR("{\"status\":[\"active\"],\"price\":[{\"numeric\":[\">\",100]}],\"stock\":{\"available\":[true]}}");
    HB_ASSERT(hb_filter_new(pattern, &filter, &error) == HB_OK);
    measure("filter of 3 members", hb_str_c(product), filter);
    hb_filter_free(&filter);
    free(ascii);
    return 0;
}
