/* A server with a few routes, on a thread of its own, and a raw client. */
#ifndef TESTS_COMPONENT_HTTP_SERVER_SUPPORT_H
#define TESTS_COMPONENT_HTTP_SERVER_SUPPORT_H

#include "platform/http_server/http_server.h"
#include "platform/loop/loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>

struct held; /* a call a route keeps */

struct served {
    struct held *held;
    struct hb_loop *loop;
    struct hb_http_server *server;
    struct hb_wake *stop;
    pthread_t thread;
    int port;
    atomic_int gone;   /* clients whose going was told */
    atomic_int closed; /* streams that heard HB_ERR_CLOSED */
    atomic_int full;   /* streams that heard HB_ERR_FULL */
};

/* The defaults of the tests: generous limits. */
struct hb_http_server_options options_of_tests(void);
/* Starts it; options.loop is set here. */
void serve(struct served *served, struct hb_http_server_options options);
/* Stops it; held calls are left unanswered. */
void stop_serving(struct served *served);

int dial(const struct served *served);
void send_text(int fd, const char *text);
void send_bytes(int fd, const char *bytes, size_t count);
/* Reads one answer with Content-Length or until the end; returns its status, 0 if the connection ended before one. */
int read_answer(int fd, char *ret_text, size_t size);
/* Sends and reads on a connection of its own. */
int ask(const struct served *served, const char *request, char *ret_text, size_t size);
/* Waits until `value` is `wanted`, at most 10 s. */
bool becomes(atomic_int *value, int wanted);

#define ANSWER_BYTES 65536

#endif
