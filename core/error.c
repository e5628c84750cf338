#include "hookbus/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct error_row {
    const char *name;
    const char *text;
    int exit_code;
};

static const struct error_row rows[HB_ERR_COUNT] = {
    [HB_OK] = {"OK", "success", 0},
#define HB_ERROR(name, exit_code, text) [HB_ERR_##name] = {#name, text, exit_code},
#include "hookbus/errors.def"
#undef HB_ERROR
};

static const struct error_row unknown = {"UNKNOWN", "unknown error", 70};

static const struct error_row *row_of(enum hb_err err)
{
    return (unsigned)err < HB_ERR_COUNT ? &rows[err] : &unknown;
}

const char *hb_err_text(enum hb_err err)
{
    return row_of(err)->text;
}

const char *hb_err_name(enum hb_err err)
{
    return row_of(err)->name;
}

int hb_err_exit_code(enum hb_err err)
{
    return row_of(err)->exit_code;
}

enum hb_err hb_fail(struct hb_error *reterr, enum hb_err err, const char *format, ...)
{
    if (!reterr)
        return err;
    va_list args;
    va_start(args, format);
    reterr->code = err;
    (void)vsnprintf(reterr->text, sizeof reterr->text, format, args);
    va_end(args);
    return err;
}

_Noreturn void hb_assert_failed(const char *expression, const char *file, int line)
{
    (void)fprintf(stderr, "hookbus: bug: %s does not hold at %s:%d\n", expression, file, line);
    (void)fflush(stderr);
    abort();
}
