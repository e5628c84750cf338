/* The input is a schema, a NUL and data: whatever loads is run over whatever scans, and says a fault that can be shown.
 * With no schema before the NUL it is each of our own. */
#include "fuzz.h"

#include "core/json_scan.h"
#include "core/shapes.h"
#include "core/utf8.h"

static void check(const struct hb_schema *schema, struct hb_str data)
{
    struct hb_schema_fault fault = {"", ""};
    bool is_fitting = hb_schema_fits(schema, data, &fault);
    HB_ASSERT(is_fitting == hb_schema_fits(schema, data, NULL));
    if (is_fitting)
        return;
    HB_ASSERT(memchr(fault.path, '\0', sizeof(fault.path)) && memchr(fault.should, '\0', sizeof(fault.should)));
    HB_ASSERT(fault.should[0] != '\0' && (fault.path[0] == '\0' || fault.path[0] == '/'));
    HB_ASSERT(hb_utf8_is_valid(hb_str_c(fault.path)));
    HB_ASSERT(hb_utf8_is_valid(hb_str_c(fault.should)));
}

static void check_shapes(struct hb_str data)
{
    struct hb_shapes *shapes = NULL;
    HB_ASSERT(hb_shapes_new(&shapes, NULL) == HB_OK);
    static const char *const types[] = {"order.paid", "product.updated", "customer.created", "inventory.updated"};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        check(hb_shapes_of_type(shapes, hb_str_c(types[i])), data);
    hb_shapes_free(&shapes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hb_str rest = fuzz_text(data, size), text = {NULL, 0};
    struct hb_schema *schema = NULL;
    struct hb_error error = {HB_OK, ""};
    size_t at;
    if (size == 0 || !hb_str_split(&rest, '\0', &text) || !rest.ptr)
        return 0;
    bool is_json = hb_json_scan(rest, &at) == HB_OK;
    if (text.len == 0 && is_json) {
        check_shapes(rest);
    } else if (hb_schema_new(text, &schema, &error)) {
        HB_ASSERT(error.text[0] != '\0' && !schema);
    } else if (is_json) {
        check(schema, rest);
    }
    hb_schema_free(&schema);
    return 0;
}
