/* Job: a table of text for people: columns as wide as they need, cut where the terminal ends.
 *
 * Place: commands that list things. Owns / borrows: cells are copied (and cleaned: cli/output.h) when a row is added.
 * Fails: HB_ERR_MEMORY. Limits: HB_TABLE_COLUMNS_MAX columns, 100,000 rows (then HB_ERR_FULL). Threads: one.
 *
 * Example:
 *     static const struct hb_column COLUMNS[] = {{"ID", 0}, {"NAME", HB_COLUMN_CUT}};
 *     struct hb_table table = hb_table_make(&cli->out, COLUMNS, 2);
 *     err = hb_table_add(&table, (struct hb_str[]){id, name});
 *     hb_table_print(&table);
 *     hb_table_deinit(&table); */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include "cli/output.h"

#define HB_TABLE_COLUMNS_MAX 12
#define HB_TABLE_ROWS_MAX 100000

#define HB_COLUMN_RIGHT 1U /* numbers */
#define HB_COLUMN_CUT 2U   /* may lose its end when the terminal is too narrow */

struct hb_column {
    const char *title;
    unsigned flags;
};

struct hb_table {
    const struct hb_output *output;
    const struct hb_column *columns;
    size_t columns_count;
    char **cells; /* rows_count * columns_count, owned */
    size_t rows_count, rows_capacity;
};

/* An empty table; columns must outlive it. */
struct hb_table hb_table_make(const struct hb_output *output, const struct hb_column *columns, size_t count);
void hb_table_deinit(struct hb_table *table);
/* Adds a row of as many cells as there are columns. */
HB_MUST_USE enum hb_err hb_table_add(struct hb_table *table, const struct hb_str *cells);
/* Prints head and rows. */
void hb_table_print(const struct hb_table *table);

#endif
