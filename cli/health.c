#include "cli/health.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "platform/loop/loop.h"

#define LOOK_EVERY_MS 500
#define REASON_MAX 256

struct hb_health {
    struct hb_health_options options;
    struct hb_http_route routes[3];
    struct hb_timer *timer;
    bool is_known;
    bool is_ready;
    char reason[REASON_MAX];
};

static void healthz(void *user, struct hb_http_call *call)
{
    (void)user;
    hb_http_call_answer(call, 200, "application/json", HB_STR("{\"status\":\"ok\"}\n"));
}

static void readyz(void *user, struct hb_http_call *call)
{
    struct hb_health *health = user;
    const char *trouble = health->options.trouble(health->options.user);
    struct hb_buf body = hb_buf_make(4 * REASON_MAX);

    if (!trouble) {
        hb_http_call_answer(call, 200, "application/json", HB_STR("{\"status\":\"ready\"}\n"));
    } else if (!hb_buf_add(&body, HB_STR("{\"status\":\"not_ready\",\"reason\":\"")) &&
               !hb_buf_add_json(&body, hb_str_c(trouble)) && !hb_buf_add(&body, HB_STR("\"}\n"))) {
        hb_http_call_answer(call, 503, "application/json", hb_buf_str(&body));
    } else {
        hb_http_call_answer(call, 503, "application/json", HB_STR("{\"status\":\"not_ready\"}\n"));
    }
    hb_buf_deinit(&body);
}

static void metrics(void *user, struct hb_http_call *call)
{
    struct hb_health *health = user;
    struct hb_buf text = hb_buf_make(HB_METRICS_TEXT_MAX);
    const struct hb_metrics *own = health->options.setup->metrics;
    enum hb_err err = health->options.metrics ? health->options.metrics(health->options.user, &text)
                                              : hb_metrics_render(&own, 1, &text);

    if (err) {
        hb_http_call_problem(call, 500, "own_trouble", "The metrics could not be rendered", hb_err_text(err), NULL,
                             NULL);
    } else {
        hb_http_call_answer(call, 200, HB_METRICS_CONTENT_TYPE, hb_buf_str(&text));
    }
    hb_buf_deinit(&text);
}

static void look(void *user)
{
    struct hb_health *health = user;
    const char *trouble = health->options.trouble(health->options.user);
    const char *reason = trouble ? trouble : "";

    if (health->is_known && health->is_ready == !trouble && strncmp(health->reason, reason, REASON_MAX - 1) == 0) {
        return;
    }
    health->is_known = true;
    health->is_ready = !trouble;
    (void)snprintf(health->reason, sizeof(health->reason), "%s", reason);
    if (trouble) {
        hb_log(&health->options.setup->role, HB_LOG_NOT_READY, HB_LOG_C("reason", trouble));
    } else {
        hb_log(&health->options.setup->role, HB_LOG_READY, HB_LOG_INT("pid", getpid()));
    }
    if (health->options.changed) {
        health->options.changed(health->options.user, trouble);
    }
}

enum hb_err hb_health_new(const struct hb_health_options *options, struct hb_health **ret_health)
{
    struct hb_health *health = calloc(1, sizeof(*health));
    enum hb_err err;

    if (!health) {
        return HB_ERR_MEMORY;
    }
    health->options = *options;
    health->routes[0] = (struct hb_http_route){"GET", "/healthz", healthz, health};
    health->routes[1] = (struct hb_http_route){"GET", "/readyz", readyz, health};
    health->routes[2] = (struct hb_http_route){"GET", "/metrics", metrics, health};
    err = hb_timer_new(options->setup->loop, look, health, &health->timer);
    if (err) {
        free(health);
        return err;
    }
    hb_timer_start(health->timer, 20, LOOK_EVERY_MS);
    *ret_health = health;
    return HB_OK;
}

void hb_health_free(struct hb_health **health)
{
    if (!health || !*health) {
        return;
    }
    hb_timer_free(&(*health)->timer);
    free(*health);
    *health = NULL;
}

enum hb_err hb_health_mount(struct hb_health *health, struct hb_http_server *server)
{
    return hb_http_server_mount(server, health->routes, 3);
}
