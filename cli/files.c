#include "cli/files.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE_BYTES 65536

static enum hb_err err_of_errno(int number)
{
    switch (number) {
    case ENOENT:
    case ENOTDIR:
        return HB_ERR_NOT_FOUND;
    case EACCES:
    case EPERM:
        return HB_ERR_DENIED;
    case EEXIST:
        return HB_ERR_CONFLICT;
    default:
        return HB_ERR_IO;
    }
}

static enum hb_err fail_io(struct hb_error *reterr, const char *verb, const char *path)
{
    int number = errno;

    return hb_fail(reterr, err_of_errno(number), "%s cannot be %s: %s", path, verb, strerror(number));
}

static enum hb_err read_all(int fd, const char *path, struct hb_buf *ret_text, struct hb_error *reterr)
{
    for (;;) {
        size_t room = ret_text->max - ret_text->len;
        ssize_t got;

        if (hb_buf_reserve(ret_text, room < PIECE_BYTES ? room : PIECE_BYTES)) {
            return hb_fail(reterr, HB_ERR_MEMORY, "no memory for %s", path);
        }
        if (room == 0) {
            char one;

            got = read(fd, &one, 1);
            return got == 0 ? HB_OK
                            : hb_fail(reterr, HB_ERR_TOO_LARGE, "%s is larger than %zu bytes", path, ret_text->max);
        }
        got = read(fd, ret_text->ptr + ret_text->len, room < PIECE_BYTES ? room : PIECE_BYTES);
        if (got == 0) {
            return HB_OK;
        }
        if (got < 0 && errno != EINTR) {
            return fail_io(reterr, "read", path);
        }
        ret_text->len += got > 0 ? (size_t)got : 0;
    }
}

static enum hb_err read_file(const char *path, bool is_private, struct hb_buf *ret_text, struct hb_error *reterr)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat about;
    enum hb_err err;

    if (fd < 0) {
        return fail_io(reterr, "read", path);
    }
    if (is_private && (fstat(fd, &about) != 0 || (about.st_mode & 077) != 0)) {
        (void)close(fd);
        return hb_fail(reterr, HB_ERR_DENIED, "%s holds a secret and others may read it: chmod 600 %s", path, path);
    }
    err = read_all(fd, path, ret_text, reterr);
    (void)close(fd);
    return err;
}

enum hb_err hb_file_read(const char *path, struct hb_buf *ret_text, struct hb_error *reterr)
{
    return strcmp(path, "-") == 0 ? read_all(STDIN_FILENO, "standard input", ret_text, reterr)
                                  : read_file(path, false, ret_text, reterr);
}

enum hb_err hb_file_read_private(const char *path, struct hb_buf *ret_text, struct hb_error *reterr)
{
    return read_file(path, true, ret_text, reterr);
}

static bool write_all(int fd, struct hb_str text)
{
    while (text.len > 0) {
        ssize_t done = write(fd, text.ptr, text.len);

        if (done < 0 && errno != EINTR) {
            return false;
        }
        if (done > 0) {
            text = hb_str_n(text.ptr + done, text.len - (size_t)done);
        }
    }
    return fsync(fd) == 0;
}

enum hb_err hb_file_make_private(const char *path, struct hb_str text, struct hb_error *reterr)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool is_written;

    if (fd < 0) {
        return errno == EEXIST ? hb_fail(reterr, HB_ERR_CONFLICT, "%s exists already and stays as it is", path)
                               : fail_io(reterr, "written", path);
    }
    is_written = write_all(fd, text);
    if (close(fd) != 0 || !is_written) {
        (void)fail_io(reterr, "written", path);
        (void)unlink(path);
        return HB_ERR_IO;
    }
    return HB_OK;
}
