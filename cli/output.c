#include "cli/output.h"

#include <langinfo.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "core/utf8.h"

static int terminal_width(FILE *stream)
{
    struct winsize size;
    uint64_t columns = 0;

    if (hb_str_to_u64(hb_str_c(getenv("COLUMNS")), &columns) && columns >= 20 && columns <= 1000) {
        return (int)columns;
    }
    return ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col >= 20 ? size.ws_col : 80;
}

struct hb_output hb_output_make(FILE *out, FILE *err, bool is_json)
{
    struct hb_output output = {.out = out, .err = err, .is_json = is_json};
    const char *no_color = getenv("NO_COLOR");

    output.is_tty = isatty(fileno(out)) == 1;
    output.err_is_tty = isatty(fileno(err)) == 1;
    output.is_utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    output.has_color = output.is_tty && !(no_color && *no_color);
    output.width = output.is_tty ? terminal_width(out) : 0;
    return output;
}

__attribute__((format(printf, 2, 0))) static void line(FILE *stream, const char *format, va_list list)
{
    (void)vfprintf(stream, format, list);
    (void)fputc('\n', stream);
    (void)fflush(stream);
}

void hb_output_line(const struct hb_output *output, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    line(output->out, format, list);
    va_end(list);
}

void hb_output_note(const struct hb_output *output, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    line(output->err, format, list);
    va_end(list);
}

void hb_output_json(const struct hb_output *output, struct hb_str json)
{
    (void)fwrite(json.ptr ? json.ptr : "", 1, json.len, output->out);
    (void)fputc('\n', output->out);
    (void)fflush(output->out);
}

const char *hb_output_mark(const struct hb_output *output, enum hb_mark mark)
{
    static const char *const MARKS[HB_MARK_COUNT][3] = {
        [HB_MARK_OK] = {"ok", "\u2713", "\033[32m\u2713\033[0m"},
        [HB_MARK_WARN] = {"!", "!", "\033[33m!\033[0m"},
        [HB_MARK_FAIL] = {"no", "\u2717", "\033[31m\u2717\033[0m"},
    };

    return MARKS[mark][!output->is_utf8 ? 0 : output->has_color ? 2 : 1];
}

/* C0, DEL and, in UTF-8, C1 (0xC2 0x80..0x9F). */
static bool is_control(struct hb_str character)
{
    unsigned char c = (unsigned char)character.ptr[0];

    return c < 0x20 || c == 0x7f || (character.len == 2 && c == 0xc2 && (unsigned char)character.ptr[1] < 0xa0);
}

enum hb_err hb_output_clean(const struct hb_output *output, struct hb_str text, struct hb_buf *ret_text)
{
    while (text.len > 0) {
        size_t length = hb_utf8_length(text);
        struct hb_str character = hb_str_n(text.ptr, length ? length : 1);
        bool is_shown = length > 0 && !is_control(character) && (length == 1 || output->is_utf8);
        bool is_space = text.ptr[0] == '\n' || text.ptr[0] == '\t' || text.ptr[0] == '\r';
        enum hb_err err = hb_buf_add(ret_text, is_shown ? character : is_space ? HB_STR(" ") : HB_STR("?"));

        if (err) {
            return err;
        }
        text = hb_str_n(text.ptr + character.len, text.len - character.len);
    }
    return HB_OK;
}

/* Of one character; what the locale cannot tell counts as one. */
static size_t character_columns(struct hb_str character)
{
    wchar_t wide = 0;
    mbstate_t state = {0};
    int columns = 1;

    if (mbrtowc(&wide, character.ptr, character.len, &state) <= character.len) {
        columns = wcwidth(wide);
    }
    return columns < 0 ? 1 : (size_t)columns;
}

static size_t character_bytes(struct hb_str text)
{
    size_t length = hb_utf8_length(text);

    return length ? length : 1;
}

size_t hb_output_columns(struct hb_str text)
{
    size_t columns = 0;

    for (size_t at = 0; at < text.len;) {
        size_t bytes = character_bytes(hb_str_n(text.ptr + at, text.len - at));

        columns += character_columns(hb_str_n(text.ptr + at, bytes));
        at += bytes;
    }
    return columns;
}

struct hb_str hb_output_cut(struct hb_str text, size_t columns)
{
    size_t at = 0;

    for (size_t used = 0; at < text.len;) {
        size_t bytes = character_bytes(hb_str_n(text.ptr + at, text.len - at));

        used += character_columns(hb_str_n(text.ptr + at, bytes));
        if (used > columns) {
            break;
        }
        at += bytes;
    }
    return hb_str_n(text.ptr, at);
}

bool hb_output_is_broken(const struct hb_output *output)
{
    return ferror(output->out) != 0;
}
