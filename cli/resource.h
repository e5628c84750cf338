/* Job: what the commands for stores, webhooks and keys share: list, show, send a change, remove.
 *
 * Place: between command_*.c and cli/api_client.c. With --json the API's own objects are printed as they came.
 * Owns / borrows: everything is freed before a function returns. Fails: as cli/api_client.h. Threads: one. */
#ifndef CLI_RESOURCE_H
#define CLI_RESOURCE_H

#include "cli/api_client.h"
#include "cli/table.h"

/* How a list is shown. row fills one cell for each column; views into the item, or into scratch (emptied for each row,
 * large enough that it never moves: 4 KiB). */
struct hb_view {
    const struct hb_column *columns;
    size_t columns_count;
    void (*row)(const struct hb_json *item, struct hb_buf *scratch, struct hb_str *ret_cells);
    const char *none; /* what to say when the list is empty */
};

/* GET of all pages of a path; --limit is up to the caller's path. */
HB_MUST_USE enum hb_err hb_resource_list(struct hb_cli *cli, const char *path, const struct hb_view *view);
/* GET of one object, shown line by line. */
HB_MUST_USE enum hb_err hb_resource_show(struct hb_cli *cli, const char *path);

/* What is sent, and what is said when it worked. */
struct hb_change {
    const char *method;
    const char *path;
    struct hb_str body;   /* JSON; empty: none */
    const char *if_match; /* "*", or a revision in quotes; NULL: none */
    /* Says for people what came of it; NULL: the object is shown. */
    void (*say)(struct hb_cli *cli, const struct hb_json *answer, void *user);
    void *user;
};
HB_MUST_USE enum hb_err hb_resource_change(struct hb_cli *cli, const struct hb_change *change);
/* Asks before something is removed, if a person is there to answer; --yes skips it. HB_ERR_DENIED: no. */
HB_MUST_USE enum hb_err hb_resource_confirm(struct hb_cli *cli, const char *what);
/* Removes the object at `path` at the revision the command names, after asking. `what` for the question, `say` for the
 * answer. */
HB_MUST_USE enum hb_err hb_resource_remove(struct hb_cli *cli, const char *path, const char *what,
                                           void (*say)(struct hb_cli *cli, const struct hb_json *answer, void *user));

/* Shows an object's members, one a line, nested ones indented. */
void hb_resource_print(const struct hb_output *output, const struct hb_json *object);
/* The same with the object's own text: numbers, objects and lists are shown as they stand there. */
void hb_resource_print_as_sent(const struct hb_output *output, const struct hb_json *object, struct hb_str text);
/* The If-Match of a command: --revision N, else "*". ret_text 32 bytes. */
HB_MUST_USE enum hb_err hb_resource_if_match(struct hb_cli *cli, char ret_text[32]);
/* A text member, or the fallback. */
struct hb_str hb_json_text_or(const struct hb_json *object, const char *name, const char *fallback);
/* Appends the items of an array of texts, comma-separated; returns the view in scratch. */
struct hb_str hb_json_joined(const struct hb_json *array, struct hb_buf *scratch);

#define HB_FLAG_REVISION                                                                           \
    {"revision", 0, "N", "only if the object still has this revision (If-Match)", false, false}
#define HB_FLAG_YES {"yes", 'y', NULL, "do not ask", false, false}

#endif
