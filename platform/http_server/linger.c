/* A connection closed while its client still sends is reset by the kernel, and the client never reads the answer that
 * says why. So the last descriptor is kept for a moment and what comes is thrown away. */
#include "platform/http_server/http_server_internal.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

/* Bytes thrown away before others on the loop have their turn. */
#define READ_BYTES 65536

static void end(struct hb_http_linger *linger)
{
    hb_watch_free(&linger->watch);
    (void)close(linger->fd);
    *linger = (struct hb_http_linger){0};
}

static void on_input(void *user, int events)
{
    (void)events;
    struct hb_http_linger *linger = user;
    char rubbish[READ_BYTES];
    ssize_t count = recv(linger->fd, rubbish, sizeof(rubbish), MSG_DONTWAIT);
    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) {
        end(linger);
    }
}

static struct hb_http_linger *find_free(struct hb_http_server *server)
{
    for (size_t i = 0; i < HB_HTTP_LINGERERS_MAX; i++) {
        if (!server->lingerers[i].watch) {
            return &server->lingerers[i];
        }
    }
    return NULL;
}

void hb_http_linger_take(struct hb_http_server *server, int fd)
{
    struct hb_http_linger *linger = server->is_freeing ? NULL : find_free(server);
    if (!linger || hb_watch_new(server->options.loop, fd, on_input, linger, &linger->watch) != HB_OK) {
        (void)close(fd);
        return;
    }
    linger->server = server;
    linger->fd = fd;
    linger->until_us = hb_loop_mono(server->options.loop).us + HB_HTTP_LINGER_MS * HB_US_PER_MS;
    hb_watch_set(linger->watch, HB_WATCH_READ);
    if (!hb_timer_is_running(server->sweep)) {
        hb_timer_start(server->sweep, HB_HTTP_LINGER_MS, HB_HTTP_LINGER_MS / 2);
    }
}

void hb_http_linger_sweep(struct hb_http_server *server, bool all)
{
    int64_t now_us = hb_loop_mono(server->options.loop).us;
    for (size_t i = 0; i < HB_HTTP_LINGERERS_MAX; i++) {
        struct hb_http_linger *linger = &server->lingerers[i];
        if (linger->watch && (all || linger->until_us <= now_us)) {
            end(linger);
        }
    }
}
