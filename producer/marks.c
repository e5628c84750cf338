#include "producer/marks.h"

#include "hookbus/topics.h"
#include "platform/log/log.h"
#include "platform/redis/redis.h"

#include <stdio.h>
#include <stdlib.h>

#define VALUE_VERSION '1'
#define VALUE_BYTES (1 + HB_MARK_BYTES)
/* The keys of the largest batch (publish.batch_events_max) with room to spare. */
#define KEYS_BYTES_MAX ((size_t)64 * 1024 * 1024)

static const char WRITE_MANY[] =
    "for i=1,#KEYS do redis.call('SET',KEYS[i],ARGV[i+1],'NX','EX',ARGV[1]) end return #KEYS";

struct hb_marks {
    struct hb_redis *redis;
    const struct hb_log_context *log;
    struct hb_str topic_prefix;
    char topic_prefix_text[HB_TOPIC_PREFIX_MAX + 1];
    char keep_s[24];
    /* The command being collected: key and value bytes one after the other, and where each key ends. */
    struct hb_buf keys, values, ends;
    struct hb_buf arguments; /* struct hb_str each */
    size_t count;
};

/* One command on its way. */
struct command {
    size_t count;
    hb_marks_checked_fn *checked;
    hb_marks_written_fn *written;
    void *user;
};

static void connected(void *user, bool is_connected)
{
    struct hb_marks *marks = user;
    if (is_connected) {
        hb_log_fields(marks->log, HB_LOG_REDIS_BACK, NULL, 0);
    } else {
        hb_log_fields(marks->log, HB_LOG_REDIS_AWAY, NULL, 0);
    }
}

enum hb_err hb_marks_new(const struct hb_marks_options *options, struct hb_marks **ret_marks, struct hb_error *reterr)
{
    struct hb_marks *marks = calloc(1, sizeof(*marks));
    if (!marks) {
        return hb_fail(reterr, HB_ERR_MEMORY, "out of memory");
    }
    marks->log = options->log;
    HB_ASSERT(options->topic_prefix.len <= HB_TOPIC_PREFIX_MAX);
    memcpy(marks->topic_prefix_text, options->topic_prefix.ptr, options->topic_prefix.len);
    marks->topic_prefix = hb_str_n(marks->topic_prefix_text, options->topic_prefix.len);
    snprintf(marks->keep_s, sizeof(marks->keep_s), "%lld", (long long)options->keep_s);
    marks->keys = marks->values = marks->ends = marks->arguments = hb_buf_make(KEYS_BYTES_MAX);
    struct hb_redis_options redis = {
        .loop = options->loop,
        .address = options->address,
        .username = options->username,
        .password = options->password,
        .ca_file = options->ca_file,
        .connect_timeout_ms = options->connect_timeout_ms,
        .command_timeout_ms = options->command_timeout_ms,
        .commands_max = options->commands_max,
        .jitter_seed = options->jitter_seed,
        .connected = connected,
        .user = marks,
    };
    enum hb_err err = hb_redis_new(&redis, &marks->redis, reterr);
    if (err) {
        hb_marks_free(&marks);
        return err;
    }
    *ret_marks = marks;
    return HB_OK;
}

void hb_marks_free(struct hb_marks **marks)
{
    if (!*marks) {
        return;
    }
    hb_redis_free(&(*marks)->redis);
    hb_buf_deinit(&(*marks)->keys);
    hb_buf_deinit(&(*marks)->values);
    hb_buf_deinit(&(*marks)->ends);
    hb_buf_deinit(&(*marks)->arguments);
    free(*marks);
    *marks = NULL;
}

/* ---- collecting ---- */

void hb_marks_begin(struct hb_marks *marks)
{
    hb_buf_clear(&marks->keys);
    hb_buf_clear(&marks->values);
    hb_buf_clear(&marks->ends);
    marks->count = 0;
}

enum hb_err hb_marks_add(struct hb_marks *marks, const struct hb_mark *mark)
{
    char version = VALUE_VERSION;
    const struct hb_str pieces[] = {marks->topic_prefix, HB_STR("accepted:{"), mark->store, HB_STR("}:"), mark->id};
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        enum hb_err err = hb_buf_add(&marks->keys, pieces[i]);
        if (err) {
            return err;
        }
    }
    size_t end = marks->keys.len;
    enum hb_err err = hb_buf_add(&marks->ends, hb_str_n((const char *)&end, sizeof(end)));
    if (!err) {
        err = hb_buf_add_char(&marks->values, version);
    }
    if (!err) {
        err = hb_buf_add(&marks->values, hb_str_n((const char *)mark->digest, HB_MARK_BYTES));
    }
    marks->count += err ? 0 : 1;
    return err;
}

static enum hb_err add_argument(struct hb_marks *marks, struct hb_str argument)
{
    return hb_buf_add(&marks->arguments, hb_str_n((const char *)&argument, sizeof(argument)));
}

/* The keys' bytes do not move any more: views are safe now. */
static enum hb_err add_keys(struct hb_marks *marks)
{
    size_t start = 0;
    enum hb_err err = HB_OK;
    for (size_t i = 0; i < marks->count && !err; i++) {
        size_t end;
        memcpy(&end, marks->ends.ptr + i * sizeof(end), sizeof(end));
        err = add_argument(marks, hb_str_n(marks->keys.ptr + start, end - start));
        start = end;
    }
    return err;
}

static enum hb_err add_values(struct hb_marks *marks)
{
    enum hb_err err = HB_OK;
    for (size_t i = 0; i < marks->count && !err; i++) {
        err = add_argument(marks, hb_str_n(marks->values.ptr + i * VALUE_BYTES, VALUE_BYTES));
    }
    return err;
}

static enum hb_err send(struct hb_marks *marks, hb_redis_fn *fn, const struct command *given)
{
    struct command *command = malloc(sizeof(*command));
    if (!command) {
        return HB_ERR_MEMORY;
    }
    *command = *given;
    const void *arguments = marks->arguments.ptr;
    enum hb_err err =
        hb_redis_command(marks->redis, arguments, marks->arguments.len / sizeof(struct hb_str), fn, command);
    if (err) {
        free(command);
    }
    return err;
}

/* ---- asking ---- */

static const unsigned char *digest_of(const struct hb_redis_reply *item)
{
    if (item->kind != HB_REDIS_STRING || item->text.len != VALUE_BYTES || item->text.ptr[0] != VALUE_VERSION) {
        return NULL;
    }
    return (const unsigned char *)item->text.ptr + 1;
}

static void checked(void *user, enum hb_err err, const struct hb_redis_reply *reply)
{
    struct command command = *(struct command *)user;
    free(user);
    bool is_good = !err && reply->kind == HB_REDIS_ARRAY && reply->items_count == command.count;
    const unsigned char **digests = is_good ? malloc(command.count * sizeof(*digests)) : NULL;
    for (size_t i = 0; digests && i < command.count; i++) {
        digests[i] = digest_of(&reply->items[i]);
    }
    command.checked(command.user, digests, digests ? command.count : 0);
    free(digests);
}

enum hb_err hb_marks_check(struct hb_marks *marks, hb_marks_checked_fn *fn, void *user)
{
    struct command command = {.count = marks->count, .checked = fn, .user = user};
    hb_buf_clear(&marks->arguments);
    enum hb_err err = add_argument(marks, HB_STR("MGET"));
    if (!err) {
        err = add_keys(marks);
    }
    return err ? err : send(marks, checked, &command);
}

/* ---- writing ---- */

static void written(void *user, enum hb_err err, const struct hb_redis_reply *reply)
{
    struct command command = *(struct command *)user;
    free(user);
    /* SET NX answers nil when the mark stood already: as good as written. */
    command.written(command.user, !err && reply->kind != HB_REDIS_ERROR);
}

static enum hb_err write_one(struct hb_marks *marks)
{
    const struct hb_str tail[] = {HB_STR("NX"), HB_STR("EX"), hb_str_c(marks->keep_s)};
    enum hb_err err = add_argument(marks, HB_STR("SET"));
    if (!err) {
        err = add_keys(marks);
    }
    if (!err) {
        err = add_values(marks);
    }
    for (size_t i = 0; i < 3 && !err; i++) {
        err = add_argument(marks, tail[i]);
    }
    return err;
}

static enum hb_err write_many(struct hb_marks *marks, struct hb_str count)
{
    const struct hb_str head[] = {HB_STR("EVAL"), hb_str_n(WRITE_MANY, sizeof(WRITE_MANY) - 1), count};
    enum hb_err err = HB_OK;
    for (size_t i = 0; i < 3 && !err; i++) {
        err = add_argument(marks, head[i]);
    }
    if (!err) {
        err = add_keys(marks);
    }
    if (!err) {
        err = add_argument(marks, hb_str_c(marks->keep_s));
    }
    return err ? err : add_values(marks);
}

enum hb_err hb_marks_write(struct hb_marks *marks, hb_marks_written_fn *fn, void *user)
{
    struct command command = {.count = marks->count, .written = fn, .user = user};
    char count[24];
    int count_bytes = snprintf(count, sizeof(count), "%zu", marks->count);
    hb_buf_clear(&marks->arguments);
    enum hb_err err = marks->count == 1 ? write_one(marks) : write_many(marks, hb_str_n(count, (size_t)count_bytes));
    return err ? err : send(marks, written, &command);
}
