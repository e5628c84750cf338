/* Job: turns an answer of the API that is not a success into an error of ours, in the api's own words.
 *
 * Place: cli/api_client.c. Owns: nothing. Threads: any. */
#ifndef CLI_API_PROBLEM_H
#define CLI_API_PROBLEM_H

#include "hookbus/bytes.h"

/* HB_OK below 400; else the error of the status, its sentence made from an application/problem+json body. */
HB_MUST_USE enum hb_err hb_api_problem(int status, struct hb_str body, struct hb_error *reterr);

#endif
