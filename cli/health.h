/* Job: /healthz, /readyz and /metrics of a role, and the log line when readiness turns.
 *
 * Place: mounted by every role on its server; a worker without a server uses it for the log line alone.
 * /healthz: 200 while the loop turns. /readyz: 200, or 503 with the reason in a sentence. /metrics: Prometheus text.
 * Owns / borrows: everything given must outlive it. Fails: HB_ERR_MEMORY. Threads: the loop's. */
#ifndef CLI_HEALTH_H
#define CLI_HEALTH_H

#include "cli/setup.h"
#include "platform/http_server/http_server.h"

#define HB_METRICS_TEXT_MAX ((size_t)4 * 1024 * 1024)

struct hb_health;
struct hb_health_options {
    struct hb_setup *setup;
    const char *(*trouble)(void *user);                     /* NULL: ready; valid until the next turn */
    enum hb_err (*metrics)(void *user, struct hb_buf *text); /* NULL: the setup's own */
    void (*changed)(void *user, const char *trouble);       /* readiness turned, or the reason did; may be NULL */
    void *user;
};
HB_MUST_USE enum hb_err hb_health_new(const struct hb_health_options *options, struct hb_health **ret_health);
void hb_health_free(struct hb_health **health);
HB_MUST_USE enum hb_err hb_health_mount(struct hb_health *health, struct hb_http_server *server);

#endif
