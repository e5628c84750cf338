/* Job: reads a command's arguments by its table of flags.
 *
 * Place: cli/run.c parses with the command's table and the shared ones; commands ask for values by name.
 * Owns / borrows: everything is a view of argv, which must outlive it. Fails: HB_ERR_INVALID with a sentence for the
 * person.
 * Limits: HB_OPTIONS_MAX flags given, HB_ARGUMENTS_MAX plain arguments. Threads: one.
 *
 * Understands `--name VALUE`, `--name=VALUE`, `-n VALUE`, switches without a value, flags anywhere between
 * arguments, and `--`. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "hookbus/bytes.h"

#define HB_OPTIONS_MAX 64
#define HB_ARGUMENTS_MAX 32

struct hb_flag {
    const char *name;  /* without dashes; NULL ends a table */
    char letter;       /* 0: none */
    const char *value; /* what stands for the value in help ("FILE"); NULL: a switch */
    const char *help;
    bool is_repeated;  /* may be given more than once */
    bool is_hidden;    /* not in help: for our own use */
};
#define HB_FLAGS_END {NULL, 0, NULL, NULL, false, false}

struct hb_option {
    const struct hb_flag *flag;
    const char *value; /* NULL: a switch */
};

struct hb_options {
    size_t count;
    struct hb_option items[HB_OPTIONS_MAX];
    size_t arguments_count;
    const char *arguments[HB_ARGUMENTS_MAX];
};

/* Parses count words. tables: flag tables, each ended by HB_FLAGS_END; NULL ends the list of tables. */
HB_MUST_USE enum hb_err hb_options_parse(const struct hb_flag *const *tables, int count, char *const *words,
                                         struct hb_options *ret_options, struct hb_error *reterr);
/* The value of a flag, or NULL if it was not given. The last one counts. */
const char *hb_options_get(const struct hb_options *options, const char *name);
/* Whether it was given. */
bool hb_options_has(const struct hb_options *options, const char *name);
/* The values of a repeated flag, one a call: start with *state = 0; NULL at the end. */
const char *hb_options_each(const struct hb_options *options, const char *name, size_t *state);
/* A whole number in min..max; fallback if not given. HB_ERR_INVALID with a sentence. */
HB_MUST_USE enum hb_err hb_options_int(const struct hb_options *options, const char *name, const int64_t range[2],
                                       int64_t *in_out_value, struct hb_error *reterr);
/* A plain argument, or NULL. */
const char *hb_options_argument(const struct hb_options *options, size_t index);

#endif
