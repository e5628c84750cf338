#include "registry/api_internal.h"

#include "platform/crypto/crypto.h"
#include "platform/loop/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* The first admin key. The file is made before the record is committed: a crash in between leaves a token that works
 * after the next start, never a key that nobody knows. */
struct bootstrap {
    struct hb_pen_change pen;
    struct hb_registry_api *api;
    hb_registry_bootstrap_fn *done;
    void *user;
    bool is_new_file; /* made by us: taken away again if another process was first */
    char token[HB_KEY_TOKEN_BYTES + 1];
    char prefix[HB_KEY_PREFIX_BYTES + 1];
    char object[HB_REGISTRY_KEY_MAX + 1];
    char path[PATH_MAX];
};

static void end(struct bootstrap *bootstrap, const struct hb_error *result)
{
    if (!bootstrap->api->is_closing) {
        bootstrap->done(bootstrap->user, result);
    }
    hb_wipe(bootstrap->token, sizeof(bootstrap->token));
    free(bootstrap);
}

static enum hb_pen_verdict on_judge(void *user, struct hb_buf *ret_value, int64_t *ret_revision)
{
    struct bootstrap *bootstrap = user;
    struct hb_api_key key = {.prefix = hb_str_c(bootstrap->prefix),
                             .name = HB_STR("first admin key"),
                             .scopes = HB_KEY_SCOPES_ALL,
                             .expires = {INT64_MAX}};
    if (bootstrap->api->registry->keys.count > 0) {
        return HB_PEN_REFUSE;
    }
    hb_sha256(hb_str_c(bootstrap->token), key.hash);
    *ret_revision = 1;
    return hb_api_key_write(&key, hb_loop_wall(bootstrap->api->loop), ret_value) ? HB_PEN_REFUSE : HB_PEN_WRITE;
}

static void on_done(void *user, enum hb_err err, enum hb_pen_verdict verdict)
{
    struct bootstrap *bootstrap = user;
    struct hb_error result = {HB_OK, ""};
    (void)verdict;
    /* Another process with the same file wrote the same token; with another file, ours opens nothing. */
    bool is_ours = hb_registry_record(bootstrap->api->registry, hb_str_c(bootstrap->object)).len > 0;
    if (err == HB_OK || (err == HB_ERR_CONFLICT && is_ours)) {
        hb_log(bootstrap->api->log, HB_LOG_ADMIN_KEY_WRITTEN, HB_LOG_C("file", bootstrap->path));
        (void)hb_fail(&result, HB_OK, "the first admin key stands in %s", bootstrap->path);
    } else if (err == HB_ERR_CONFLICT) {
        if (bootstrap->is_new_file) {
            (void)unlink(bootstrap->path);
        }
        (void)hb_fail(&result, HB_OK, "the registry has keys already; none was made");
    } else {
        (void)hb_fail(&result, err,
                      "the first admin key could not be written to Kafka (%s); it is tried again",
                      hb_err_text(err));
    }
    end(bootstrap, &result);
}

static enum hb_err sync_folder(const char *path)
{
    char copy[PATH_MAX];
    (void)snprintf(copy, sizeof(copy), "%s", path);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_synced = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0) {
        (void)close(fd);
    }
    return is_synced ? HB_OK : HB_ERR_IO;
}

static enum hb_err write_token(int fd, const char *token)
{
    char line[HB_KEY_TOKEN_BYTES + 2];
    int length = snprintf(line, sizeof(line), "%s\n", token);
    bool is_written = write(fd, line, (size_t)length) == length && fsync(fd) == 0;
    hb_wipe(line, sizeof(line));
    return is_written ? HB_OK : HB_ERR_IO;
}

/* A file that is there already: left by a start that did not get to the commit, or laid there by the operator. */
static enum hb_err read_file(struct bootstrap *bootstrap, struct hb_error *reterr)
{
    char text[HB_KEY_TOKEN_BYTES * 2];
    struct stat status;
    int fd = open(bootstrap->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || fstat(fd, &status) != 0) {
        if (fd >= 0) {
            (void)close(fd);
        }
        return hb_fail(reterr, HB_ERR_IO, "%s cannot be read: %s", bootstrap->path, strerror(errno));
    }
    ssize_t count = read(fd, text, sizeof(text));
    (void)close(fd);
    if (status.st_mode & (S_IRWXG | S_IRWXO)) {
        return hb_fail(reterr, HB_ERR_CONFIG, "%s may be read by others; chmod 600 it, or remove it", bootstrap->path);
    }
    struct hb_str token = {text, count > 0 ? (size_t)count : 0};
    while (token.len > 0 && (token.ptr[token.len - 1] == '\n' || token.ptr[token.len - 1] == '\r')) {
        token.len--;
    }
    if (hb_key_token_prefix(token).len == 0) {
        return hb_fail(reterr, HB_ERR_CONFIG, "%s holds no key of ours; remove it, a new one is made", bootstrap->path);
    }
    memcpy(bootstrap->token, token.ptr, token.len);
    hb_wipe(text, sizeof(text));
    return HB_OK;
}

static enum hb_err make_file(struct bootstrap *bootstrap, struct hb_error *reterr)
{
    int fd = open(bootstrap->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 && errno == EEXIST) {
        return read_file(bootstrap, reterr);
    }
    if (fd < 0) {
        return hb_fail(reterr, HB_ERR_IO, "%s cannot be made: %s; set api.admin_key_file", bootstrap->path,
                       strerror(errno));
    }
    hb_key_token_make(bootstrap->token);
    enum hb_err err = write_token(fd, bootstrap->token);
    (void)close(fd);
    if (!err) {
        err = sync_folder(bootstrap->path);
    }
    if (err) {
        (void)unlink(bootstrap->path);
        return hb_fail(reterr, err, "%s could not be written to disk", bootstrap->path);
    }
    bootstrap->is_new_file = true;
    return HB_OK;
}

static void submit(struct bootstrap *bootstrap)
{
    struct hb_error result = {HB_OK, ""};
    (void)snprintf(bootstrap->prefix, sizeof(bootstrap->prefix), "%.*s",
                   HB_ARG(hb_key_token_prefix(hb_str_c(bootstrap->token))));
    (void)snprintf(bootstrap->object, sizeof(bootstrap->object), "key/%s", bootstrap->prefix);
    bootstrap->pen = (struct hb_pen_change){.object = hb_str_c(bootstrap->object),
                                            .who = HB_STR("bootstrap"),
                                            .action = HB_STR("key.create"),
                                            .judge = on_judge,
                                            .done = on_done,
                                            .user = bootstrap};
    enum hb_err err = hb_pen_change(bootstrap->api->pen, &bootstrap->pen);
    if (err) {
        (void)hb_fail(&result, err, "the first admin key could not be queued: %s", hb_err_text(err));
        end(bootstrap, &result);
    }
}

void hb_registry_api_bootstrap(struct hb_registry_api *api, const char *path, hb_registry_bootstrap_fn *done,
                               void *user)
{
    struct hb_error result = {HB_OK, ""};
    HB_ASSERT(hb_registry_is_current(api->registry));
    if (api->registry->keys.count > 0) {
        (void)hb_fail(&result, HB_OK, "the registry has keys; none was made");
        done(user, &result);
        return;
    }
    struct bootstrap *bootstrap = calloc(1, sizeof(*bootstrap));
    if (!bootstrap || strlen(path) >= PATH_MAX) {
        free(bootstrap);
        (void)hb_fail(&result, HB_ERR_CONFIG, "api.admin_key_file: the path is too long");
        done(user, &result);
        return;
    }
    bootstrap->api = api;
    bootstrap->done = done;
    bootstrap->user = user;
    (void)snprintf(bootstrap->path, sizeof(bootstrap->path), "%s", path);
    if (make_file(bootstrap, &result)) {
        end(bootstrap, &result);
        return;
    }
    submit(bootstrap);
}
