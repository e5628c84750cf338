/* Job: certificates made when they are needed, and TLS on a socket, for the fake receiver.
 * Threads: fake_tls_context from one thread; a connection from its own. */
#ifndef TESTS_FAKES_RECEIVER_TLS_H
#define TESTS_FAKES_RECEIVER_TLS_H

#include "fakes/receiver.h"

#include <sys/types.h>

struct ssl_ctx_st;
struct ssl_st;

/* Aborts on failure: a test cannot go on. */
struct ssl_ctx_st *fake_tls_context(enum fake_tls tls, const char *name);
void fake_tls_context_free(struct ssl_ctx_st *context);
/* The server's handshake; NULL if it failed. */
struct ssl_st *fake_tls_accept(struct ssl_ctx_st *context, int fd);
void fake_tls_end(struct ssl_st *ssl);
ssize_t fake_tls_read(struct ssl_st *ssl, void *bytes, size_t count);
ssize_t fake_tls_write(struct ssl_st *ssl, const void *bytes, size_t count);

#endif
