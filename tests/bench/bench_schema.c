/* What holding an event's data against its shape costs, beside the scan that it gets anyway. Nanoseconds a text, CPU
 * time. Build with the release flags (-O2); a debug build says nothing. Files to check: TYPE FILE [TYPE FILE ...] */
#include "core/json_scan.h"
#include "core/shapes.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define TEXT_BYTES_MAX ((size_t)1024 * 1024)
#define SECONDS_EACH 0.3

static double now_s(void)
{
    struct timespec at;
    HB_ASSERT(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at) == 0);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

/* schema NULL: the scan alone. */
static double measure_ns(const struct hb_schema *schema, struct hb_str text)
{
    struct hb_schema_fault fault;
    size_t at, rounds = 0;
    double start = now_s(), spent;
    do {
        for (int i = 0; i < 64; i++, rounds++)
            HB_ASSERT(schema ? hb_schema_fits(schema, text, &fault) : hb_json_scan(text, &at) == HB_OK);
        spent = now_s() - start;
    } while (spent < SECONDS_EACH);
    return spent / (double)rounds * 1e9;
}

int main(int count, char **arguments)
{
    struct hb_shapes *shapes = NULL;
    HB_ASSERT(hb_shapes_new(&shapes, NULL) == HB_OK);
    char *room = malloc(TEXT_BYTES_MAX);
    HB_ASSERT(room != NULL);
    for (int i = 1; i + 1 < count; i += 2) {
        const struct hb_schema *schema = hb_shapes_of_type(shapes, hb_str_c(arguments[i]));
        FILE *file = fopen(arguments[i + 1], "rb");
        HB_ASSERT(schema && file);
        struct hb_str text = hb_str_n(room, fread(room, 1, TEXT_BYTES_MAX, file));
        (void)fclose(file);
        double scan_ns = measure_ns(NULL, text), fits_ns = measure_ns(schema, text);
        printf("%-20s %7zu B   scan %8.0f ns   shape %8.0f ns\n", arguments[i], text.len, scan_ns, fits_ns);
    }
    free(room);
    hb_shapes_free(&shapes);
    return 0;
}
