/* Job: a Redis that misbehaves: passes on to a real one, command by command, or does what the test says instead.
 *
 * Fails: aborts. Limits: one connection at a time, commands up to PROXY_BYTES_MAX. Threads: one of its own; the functions
 * from the test's. */
#ifndef TESTS_COMPONENT_RETRY_REDIS_PROXY_H
#define TESTS_COMPONENT_RETRY_REDIS_PROXY_H

enum proxy_mode {
    PROXY_PASS,
    PROXY_SAY,  /* every command is answered with the text, and does not reach Redis */
    PROXY_LOSE, /* the next command reaches Redis, its reply is swallowed, then the connection ends; then it passes */
    PROXY_HALF  /* the text is said, then the connection ends */
};

struct redis_proxy;
/* In front of "127.0.0.1:port". */
struct redis_proxy *redis_proxy_new(const char *address);
void redis_proxy_free(struct redis_proxy *proxy);
int redis_proxy_port(const struct redis_proxy *proxy);
/* text: for SAY and HALF, as it goes over the wire. For LOSE: only a command with this in it (NULL: any). Static. */
void redis_proxy_set(struct redis_proxy *proxy, enum proxy_mode mode, const char *text);
/* Commands answered otherwise than Redis did. */
int redis_proxy_count(struct redis_proxy *proxy);

#endif
