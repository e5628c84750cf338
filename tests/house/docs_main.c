/* Writes the generated references into a folder: `house_docs docs/generated` (build target `docs`), and into a scratch
 * folder for the house test that compares. */
#include "cli/config_reference.h"

#include <stdio.h>

static enum hb_err write_file(const char *folder, enum hb_reference reference)
{
    char path[4096];
    struct hb_buf text = hb_buf_make(HB_REFERENCE_BYTES_MAX);
    enum hb_err err = hb_reference_write(reference, &text);
    int length = snprintf(path, sizeof path, "%s/%s", folder, hb_reference_file(reference));
    FILE *file = !err && length > 0 && (size_t)length < sizeof path ? fopen(path, "we") : NULL;
    if (!err && (!file || fwrite(text.ptr, 1, text.len, file) != text.len))
        err = HB_ERR_IO;
    if (file && fclose(file) != 0)
        err = HB_ERR_IO;
    hb_buf_deinit(&text);
    return err;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        (void)fprintf(stderr, "usage: house_docs FOLDER\n");
        return 64;
    }
    for (int reference = 0; reference < HB_REFERENCE_COUNT; reference++) {
        enum hb_err err = write_file(argv[1], (enum hb_reference)reference);
        if (err) {
            (void)fprintf(stderr, "%s/%s: %s\n", argv[1], hb_reference_file((enum hb_reference)reference),
                          hb_err_text(err));
            return hb_err_exit_code(err);
        }
    }
    return 0;
}
