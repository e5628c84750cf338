#include "cli/table.h"

#include <stdlib.h>

#define GAP 2
#define CELL_BYTES_MAX 8192
#define CUT_COLUMNS_MIN 8

struct hb_table hb_table_make(const struct hb_output *output, const struct hb_column *columns, size_t count)
{
    HB_ASSERT(count > 0 && count <= HB_TABLE_COLUMNS_MAX);
    return (struct hb_table){.output = output, .columns = columns, .columns_count = count};
}

void hb_table_deinit(struct hb_table *table)
{
    for (size_t i = 0; i < table->rows_count * table->columns_count; i++) {
        free(table->cells[i]);
    }
    free(table->cells);
    table->cells = NULL;
    table->rows_count = table->rows_capacity = 0;
}

static enum hb_err grow(struct hb_table *table)
{
    size_t capacity = table->rows_capacity ? 2 * table->rows_capacity : 32;
    char **cells;

    if (table->rows_count < table->rows_capacity) {
        return HB_OK;
    }
    if (table->rows_count >= HB_TABLE_ROWS_MAX) {
        return HB_ERR_FULL;
    }
    cells = realloc(table->cells, capacity * table->columns_count * sizeof(char *));
    if (!cells) {
        return HB_ERR_MEMORY;
    }
    table->cells = cells;
    table->rows_capacity = capacity;
    return HB_OK;
}

static char *make_cell(const struct hb_table *table, struct hb_str text)
{
    struct hb_buf buf = hb_buf_make(4 * CELL_BYTES_MAX);

    if (text.len > CELL_BYTES_MAX) {
        text.len = CELL_BYTES_MAX;
    }
    if (hb_output_clean(table->output, text, &buf) || hb_buf_reserve(&buf, 1)) {
        hb_buf_deinit(&buf);
        return NULL;
    }
    buf.ptr[buf.len] = '\0';
    return buf.ptr;
}

enum hb_err hb_table_add(struct hb_table *table, const struct hb_str *cells)
{
    enum hb_err err = grow(table);
    char **row;

    if (err) {
        return err;
    }
    row = table->cells + table->rows_count * table->columns_count;
    for (size_t i = 0; i < table->columns_count; i++) {
        row[i] = make_cell(table, cells[i]);
        if (!row[i]) {
            while (i > 0) {
                free(row[--i]);
            }
            return HB_ERR_MEMORY;
        }
    }
    table->rows_count++;
    return HB_OK;
}

static void measure(const struct hb_table *table, size_t *ret_widths)
{
    for (size_t c = 0; c < table->columns_count; c++) {
        ret_widths[c] = hb_output_columns(hb_str_c(table->columns[c].title));
        for (size_t r = 0; r < table->rows_count; r++) {
            size_t width = hb_output_columns(hb_str_c(table->cells[r * table->columns_count + c]));

            ret_widths[c] = width > ret_widths[c] ? width : ret_widths[c];
        }
    }
}

/* Takes from the widest column that may be cut until the row fits, or none can give more. */
static void fit(const struct hb_table *table, size_t *widths)
{
    size_t total = GAP * (table->columns_count - 1);

    for (size_t c = 0; c < table->columns_count; c++) {
        total += widths[c];
    }
    while (table->output->width > 0 && total > (size_t)table->output->width) {
        size_t widest = table->columns_count;

        for (size_t c = 0; c < table->columns_count; c++) {
            if (table->columns[c].flags & HB_COLUMN_CUT && widths[c] > CUT_COLUMNS_MIN &&
                (widest == table->columns_count || widths[c] > widths[widest])) {
                widest = c;
            }
        }
        if (widest == table->columns_count) {
            return;
        }
        widths[widest]--;
        total--;
    }
}

static void print_cell(const struct hb_table *table, size_t c, size_t width, struct hb_str text)
{
    FILE *out = table->output->out;
    size_t columns = hb_output_columns(text);
    bool is_last = c + 1 == table->columns_count;
    const char *dots = table->output->is_utf8 ? "\u2026" : ">";
    size_t pad;

    if (columns > width) {
        text = hb_output_cut(text, width - 1);
        columns = hb_output_columns(text) + 1;
    } else {
        dots = "";
    }
    pad = width > columns ? width - columns : 0;
    if (table->columns[c].flags & HB_COLUMN_RIGHT) {
        (void)fprintf(out, "%*s", (int)pad, "");
        pad = 0;
    }
    (void)fprintf(out, "%.*s%s%*s", HB_ARG(text), dots, is_last ? 0 : (int)(pad + GAP), "");
}

void hb_table_print(const struct hb_table *table)
{
    const char *bold = table->output->has_color ? "\033[1m" : "", *plain = table->output->has_color ? "\033[0m" : "";
    size_t widths[HB_TABLE_COLUMNS_MAX];
    FILE *out = table->output->out;

    measure(table, widths);
    fit(table, widths);
    (void)fputs(bold, out);
    for (size_t c = 0; c < table->columns_count; c++) {
        print_cell(table, c, widths[c], hb_str_c(table->columns[c].title));
    }
    (void)fprintf(out, "%s\n", plain);
    for (size_t r = 0; r < table->rows_count; r++) {
        for (size_t c = 0; c < table->columns_count; c++) {
            print_cell(table, c, widths[c], hb_str_c(table->cells[r * table->columns_count + c]));
        }
        (void)fputc('\n', out);
    }
    (void)fflush(out);
}
