/* Job: names every failure of our own, as a value that must be looked at.
 *
 * Three kinds of trouble never share a type. A bug (broken precondition, impossible state) aborts through
 * HB_ASSERT. Our own failure is an enum hb_err. What a receiver says is an outcome (outcome.h).
 *
 * Fails: nothing here fails. Threads: any. Owns: nothing. */
#ifndef HOOKBUS_ERROR_H
#define HOOKBUS_ERROR_H

/* 0 is success; every other value is a row of errors.def. */
enum hb_err {
    HB_OK = 0,
#define HB_ERROR(name, exit_code, text) HB_ERR_##name,
#include "hookbus/errors.def"
#undef HB_ERROR
    HB_ERR_COUNT
};

/* Marks a function whose result may not be ignored. */
#define HB_MUST_USE __attribute__((warn_unused_result))

#define HB_ERROR_TEXT_MAX 256

/* An error for a person: the code for programs, one sentence that says what is wrong and what to do.
 * Last parameter (`reterr`, may be NULL) of functions that take what a human wrote. */
struct hb_error {
    enum hb_err code;
    char text[HB_ERROR_TEXT_MAX];
};

/* The constant text of a code ("out of memory"). Never NULL, also for values out of range. */
const char *hb_err_text(enum hb_err err);

/* The name of a code ("MEMORY"), as it stands in logs and in docs. Never NULL. */
const char *hb_err_name(enum hb_err err);

/* The exit code (sysexits manner) of a command that ends with this error; 0 for HB_OK. */
int hb_err_exit_code(enum hb_err err);

/* Fills `reterr` (may be NULL) with code and formatted text, cut at its limit, and returns `err`, so that
 * `return hb_fail(reterr, HB_ERR_INVALID, "...")` is one line. */
__attribute__((format(printf, 3, 4))) enum hb_err hb_fail(struct hb_error *reterr, enum hb_err err,
                                                          const char *format, ...);

/* Prints the expression and its place on standard error and aborts. Called by HB_ASSERT only. */
_Noreturn void hb_assert_failed(const char *expression, const char *file, int line);

/* A bug check, always on. The supervisor restarts the process; Kafka is the recovery. */
#define HB_ASSERT(expression)                                                                      \
    ((expression) ? (void)0 : hb_assert_failed(#expression, __FILE__, __LINE__))

#endif
