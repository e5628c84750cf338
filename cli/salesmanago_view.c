#include "cli/salesmanago_view.h"

#include <inttypes.h>

#define INDENT 2

enum hb_err hb_salesmanago_path(struct hb_cli *cli, const char *first, const char *second,
                                char ret_path[HB_API_PATH_MAX])
{
    const char *store = NULL;
    enum hb_err err = hb_cli_store(cli, &store);

    return err ? err
               : hb_api_path(cli,
                             (const char *const[]){"stores", store, "connectors", "salesmanago", first, second, NULL},
                             ret_path);
}

/* ---- catalogs ---- */

const struct hb_column hb_salesmanago_catalog_columns[HB_SALESMANAGO_CATALOG_COLUMNS] = {
    {"", HB_COLUMN_RIGHT}, {"CATALOG", 0}, {"CURRENCY", 0}, {"LOCATION", HB_COLUMN_CUT}, {"NAME", HB_COLUMN_CUT}};

enum hb_err hb_salesmanago_view_catalogs(struct hb_cli *cli, const struct hb_json *answer)
{
    struct hb_table table = hb_table_make(&cli->out, hb_salesmanago_catalog_columns, HB_SALESMANAGO_CATALOG_COLUMNS);
    const struct hb_json *catalogs = hb_json_get(answer, "catalogs");
    int64_t limit = 0;
    enum hb_err err = HB_OK;
    int count = 0;

    for (const struct hb_json *item = hb_json_first(catalogs); item && !err; item = hb_json_next(item)) {
        char text[16];

        (void)snprintf(text, sizeof(text), "%d", ++count);
        err = hb_table_add(&table,
                           (struct hb_str[]){hb_str_c(text), hb_json_text_or(item, "id", ""),
                                             hb_json_text_or(item, "currency", ""),
                                             hb_json_text_or(item, "location", ""), hb_json_text_or(item, "name", "")});
    }
    if (!err && count > 0) {
        hb_table_print(&table);
    }
    hb_table_deinit(&table);
    if (hb_json_int(hb_json_get(answer, "limit"), &limit)) {
        hb_output_note(&cli->out, "%d of %" PRId64 " catalogs that the account may have%s", count, limit,
                       count >= limit ? ": the limit is reached" : "");
    } else if (count == 0) {
        hb_output_note(&cli->out, "the account has no catalog yet");
    }
    return err;
}

/* ---- dead ---- */

const struct hb_column hb_salesmanago_dead_columns[HB_SALESMANAGO_DEAD_COLUMNS] = {
    {"PRODUCT", 0}, {"ITEM", 0}, {"CODE", HB_COLUMN_RIGHT}, {"FIELD", 0}, {"SINCE", 0}, {"WORDS", HB_COLUMN_CUT}};

void hb_salesmanago_dead_row(const struct hb_json *item, struct hb_buf *scratch, struct hb_str *ret_cells)
{
    int64_t code = 0;
    size_t from = scratch->len;

    ret_cells[0] = hb_json_text_or(item, "product", "");
    ret_cells[1] = hb_json_text_or(item, "item", "");
    ret_cells[2] = hb_json_text_or(item, "reason", "");
    if (hb_json_int(hb_json_get(item, "code"), &code) && !hb_buf_addf(scratch, "%" PRId64, code)) {
        ret_cells[2] = hb_str_n(scratch->ptr + from, scratch->len - from);
    }
    ret_cells[3] = hb_json_text_or(item, "field", "");
    ret_cells[4] = hb_json_text_or(item, "at", "");
    ret_cells[5] = hb_json_text_or(item, "words", "");
}

/* ---- JSON for people ---- */

static void new_line(const struct hb_output *output, int depth)
{
    (void)fprintf(output->out, "\n%*s", depth * INDENT, "");
}

/* What was written by our own writer: well-formed, without white space. */
void hb_salesmanago_view_json(const struct hb_output *output, struct hb_str json)
{
    bool is_text = false;
    int depth = 0;

    for (size_t i = 0; i < json.len; i++) {
        char c = json.ptr[i], next = i + 1 < json.len ? json.ptr[i + 1] : '\0';

        if (is_text) {
            (void)fputc(c, output->out);
            if (c == '\\' && i + 1 < json.len) {
                (void)fputc(json.ptr[++i], output->out);
            }
            is_text = c != '"';
            continue;
        }
        if (c == '}' || c == ']') {
            depth--;
            if (json.ptr[i - 1] != '{' && json.ptr[i - 1] != '[') {
                new_line(output, depth);
            }
        }
        (void)fputc(c, output->out);
        is_text = c == '"';
        if (c == ':') {
            (void)fputc(' ', output->out);
        }
        depth += c == '{' || c == '[';
        if (c == ',' || ((c == '{' || c == '[') && next != '}' && next != ']')) {
            new_line(output, depth);
        }
    }
    (void)fputc('\n', output->out);
    (void)fflush(output->out);
}
