/* Job: a loop, a resolver and an HTTP client for a test, and the answers that came.
 * Threads: the test's. */
#ifndef TESTS_COMPONENT_HTTP_CLIENT_RIG_H
#define TESTS_COMPONENT_HTTP_CLIENT_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/egress.h"
#include "fakes/dns.h"
#include "fakes/receiver.h"
#include "platform/http_client/http_client.h"
#include "platform/loop/loop.h"
#include "platform/resolver/resolver.h"

#define RIG_TEXT_MAX 5000

struct rig_options {
    const char *allow; /* NULL: 127.0.0.0/8 */
    const char *servers;
    int connect_timeout_ms; /* 0: 1000 */
    int in_flight_max;      /* 0: 64 */
    int kept_max;           /* 0: 64 */
    int kept_idle_s;        /* 0: 20 */
};

struct rig {
    struct hb_loop *loop;
    struct hb_egress *egress;
    struct hb_resolver *resolver;
    struct hb_http_client *client;
};

/* An answer with its strings copied. */
struct rig_answer {
    int count; /* callbacks: must become 1 */
    struct hb_answer answer;
    char body[RIG_TEXT_MAX], location[RIG_TEXT_MAX], detail[512];
};

void rig_open(struct rig *rig, const struct rig_options *options);
void rig_close(struct rig *rig);
struct hb_http_target *rig_target(struct rig *rig, const char *url);
/* Starts a POST of {"a":1}; HB_OK expected. */
struct hb_http_request *rig_start(struct rig *rig, struct hb_http_target *target, int timeout_ms,
                                  struct rig_answer *answer);
/* Runs the loop until all answers came; fails after 20 s. */
void rig_wait(struct rig *rig, struct rig_answer *answers, size_t count);
/* Target, start, wait. */
void rig_post(struct rig *rig, const char *url, int timeout_ms, struct rig_answer *answer);
/* Fails unless the answer has that failure and status. */
void rig_expect(const struct rig_answer *answer, enum hb_failure failure, int status);
/* Runs the loop for a while. */
void rig_run(struct rig *rig, int64_t ms);
int64_t rig_now_ms(void);

#endif
