#include "platform/log/log_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

void hb_log_sink_open(struct hb_log_sink *sink, int fd)
{
    *sink = (struct hb_log_sink){.fd = -1};
    struct stat info;
    if (fstat(fd, &info) != 0) {
        return;
    }
    sink->fd = fd;
    sink->is_socket = S_ISSOCK(info.st_mode);
    sink->may_wait = !sink->is_socket;
    if (!S_ISFIFO(info.st_mode) && !S_ISCHR(info.st_mode)) {
        return; /* a plain file: O_NONBLOCK means nothing to it */
    }
    char path[32];
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    int ours = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (ours >= 0) {
        sink->fd = ours;
        sink->is_ours = true;
        sink->may_wait = false;
    }
}

void hb_log_sink_close(struct hb_log_sink *sink)
{
    if (sink->is_ours) {
        (void)close(sink->fd);
    }
    sink->fd = -1;
}

void hb_log_sink_wait(const struct hb_log_sink *sink, int timeout_ms)
{
    struct pollfd wait = {.fd = sink->fd, .events = POLLOUT};
    (void)poll(&wait, 1, timeout_ms);
}

long hb_log_sink_write(const struct hb_log_sink *sink, struct hb_str bytes)
{
    if (sink->fd < 0) {
        return -1;
    }
    ssize_t written = sink->is_socket ? send(sink->fd, bytes.ptr, bytes.len, MSG_DONTWAIT | MSG_NOSIGNAL)
                                      : write(sink->fd, bytes.ptr, bytes.len);
    if (written >= 0) {
        return (long)written;
    }
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? 0 : -1;
}
