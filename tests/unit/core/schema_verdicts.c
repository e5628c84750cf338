/* Says what our validator thinks: each line of standard input is "<type>\t<JSON>", each of output "fits" or
 * "<path>\t<what would be right>". For schema_peers.py, which asks somebody else's validator the same. */
#include "core/json_scan.h"
#include "core/shapes.h"

#include <stdio.h>

int main(void)
{
    static char line[1 << 20];
    struct hb_shapes *shapes = NULL;
    struct hb_error error;
    if (hb_shapes_new(&shapes, &error)) {
        fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    while (fgets(line, sizeof(line), stdin)) {
        struct hb_str rest = hb_str_n(line, strcspn(line, "\n")), type;
        struct hb_schema_fault fault;
        size_t at;
        HB_ASSERT(hb_str_split(&rest, '\t', &type));
        const struct hb_schema *schema = hb_shapes_of_type(shapes, type);
        HB_ASSERT(schema && hb_json_scan(rest, &at) == HB_OK);
        if (hb_schema_fits(schema, rest, &fault))
            puts("fits");
        else
            printf("%s\t%s\n", fault.path, fault.should);
    }
    hb_shapes_free(&shapes);
    return 0;
}
