/* Job: tells whoever asked for a change why the pen did not write it.
 *
 * Place: the rooms whose APIs write through the pen. Threads: any. */
#ifndef REGISTRY_PEN_PROBLEM_H
#define REGISTRY_PEN_PROBLEM_H

#include "platform/http_server/problem.h"

/* What `done` was told. HB_ERR_CONFLICT leaves the problem as judging has set it. noun: what to read before trying
 * again: "object". */
void hb_pen_explain(enum hb_err err, const char *noun, struct hb_http_problem *problem);
/* hb_pen_change took no more. */
void hb_pen_explain_busy(struct hb_http_problem *problem);

#endif
