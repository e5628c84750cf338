#include "dispatcher/settled_file.h"

#include "hookbus/topics.h"
#include "platform/crypto/crypto.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEADER_BYTES 4096
#define MAGIC "HBSETTL1"
#define VERSION 1

struct header {
    char magic[8];
    uint32_t version, topics, partitions, slots;
};

/* What the worker has in hand, and where it crashed last; behind the header, within its page. */
struct place {
    int32_t topic, partition;
    int64_t offset;
};
struct crash_note {
    struct place in_hand, crashed;
    uint32_t is_busy, crashes;
};
#define NOTE_AT 64

struct hb_settled_file {
    int fd;
    uint32_t partitions, slots;
    size_t bytes;
    unsigned char *map;
};

static uint64_t *slot_of(const struct hb_settled_file *file, const struct hb_position *position)
{
    if (position->partition < 0 || (uint32_t)position->partition >= file->partitions)
        return NULL;
    uint64_t *marks = (uint64_t *)(void *)(file->map + HEADER_BYTES);
    uint64_t row = (uint64_t)position->topic * file->partitions + (uint64_t)position->partition;
    return &marks[row * file->slots + (uint64_t)position->offset % file->slots];
}

uint64_t hb_settled_mark(const struct hb_event *event, const struct hb_position *position)
{
    unsigned char digest[HB_SHA256_BYTES];
    hb_sha256_pair(event->id, event->store, digest);
    uint64_t mark;
    memcpy(&mark, digest, sizeof mark);
    /* A topic made anew has the same offsets at other times. */
    mark ^= (uint64_t)position->appended.ms * UINT64_C(0x9E3779B97F4A7C15) ^
            (uint64_t)position->offset * UINT64_C(0xC2B2AE3D27D4EB4F);
    return mark ? mark : 1;
}

bool hb_settled_file_has(const struct hb_settled_file *file, const struct hb_position *position, uint64_t mark)
{
    const uint64_t *slot = file ? slot_of(file, position) : NULL;
    return slot && *slot == mark;
}

void hb_settled_file_put(struct hb_settled_file *file, const struct hb_position *position, uint64_t mark)
{
    uint64_t *slot = file ? slot_of(file, position) : NULL;
    if (slot)
        *slot = mark;
}

static struct crash_note *note_of(const struct hb_settled_file *file)
{
    return (struct crash_note *)(void *)(file->map + NOTE_AT);
}

static bool is_same_place(struct place a, struct place b)
{
    return a.topic == b.topic && a.partition == b.partition && a.offset == b.offset;
}

static struct place place_of(const struct hb_position *position)
{
    return (struct place){position->topic, position->partition, position->offset};
}

void hb_settled_file_enter(struct hb_settled_file *file, const struct hb_position *position)
{
    if (!file)
        return;
    struct crash_note *note = note_of(file);
    note->in_hand = place_of(position);
    __atomic_signal_fence(__ATOMIC_RELEASE); /* the place stands before it counts */
    note->is_busy = 1;
}

void hb_settled_file_leave(struct hb_settled_file *file)
{
    if (file)
        note_of(file)->is_busy = 0;
}

uint32_t hb_settled_file_crashes(const struct hb_settled_file *file, const struct hb_position *position)
{
    return file && is_same_place(note_of(file)->crashed, place_of(position)) ? note_of(file)->crashes : 0;
}

/* At open: the worker before us never left the event it had in hand. */
static void count_crash(struct hb_settled_file *file)
{
    struct crash_note *note = note_of(file);
    if (!note->is_busy)
        return;
    note->crashes = note->crashes > 0 && is_same_place(note->crashed, note->in_hand) ? note->crashes + 1 : 1;
    note->crashed = note->in_hand;
    note->is_busy = 0;
}

/* A mapped file with holes kills its writer (SIGBUS) when the disk is full: its room is taken now, while that is an
 * error. */
static enum hb_err take_room(const struct hb_settled_file *file, struct hb_error *reterr)
{
    int why = posix_fallocate(file->fd, 0, (off_t)file->bytes);
    return why == 0
               ? HB_OK
               : hb_fail(reterr, HB_ERR_IO, "no room for the settled file, %zu bytes: %s", file->bytes, strerror(why));
}

/* Ours and of this shape: keep it. Otherwise empty it: its marks would sit at other places. */
static enum hb_err prepare(struct hb_settled_file *file, struct hb_error *reterr)
{
    const struct header wanted = {.magic = MAGIC, .version = VERSION, .topics = HB_EVENT_TOPIC_COUNT,
                                  .partitions = file->partitions, .slots = file->slots};
    struct header found = {.version = 0};
    struct stat st;
    bool is_same = fstat(file->fd, &st) == 0 && (size_t)st.st_size == file->bytes &&
                   pread(file->fd, &found, sizeof found, 0) == (ssize_t)sizeof found &&
                   memcmp(&found, &wanted, sizeof wanted) == 0;
    if (is_same)
        return take_room(file, reterr);
    if (ftruncate(file->fd, 0) != 0 || ftruncate(file->fd, (off_t)file->bytes) != 0 ||
        pwrite(file->fd, &wanted, sizeof wanted, 0) != (ssize_t)sizeof wanted)
        return hb_fail(reterr, HB_ERR_IO, "cannot write the settled file: %s", strerror(errno));
    return take_room(file, reterr);
}

enum hb_err hb_settled_file_open(const char *dir, const char *worker, uint32_t partitions, uint32_t slots,
                                 struct hb_settled_file **ret_file, struct hb_error *reterr)
{
    char path[PATH_MAX];
    int len = snprintf(path, sizeof path, "%s/%s.settled", dir, worker);
    if (len < 0 || (size_t)len >= sizeof path)
        return hb_fail(reterr, HB_ERR_CONFIG, "dispatcher.state_dir is too long");
    struct hb_settled_file *file = calloc(1, sizeof *file);
    if (!file)
        return HB_ERR_MEMORY;
    file->partitions = partitions;
    file->slots = slots;
    file->bytes = HEADER_BYTES + (size_t)HB_EVENT_TOPIC_COUNT * partitions * slots * sizeof(uint64_t);
    file->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    enum hb_err err = HB_OK;
    if (file->fd < 0)
        err = hb_fail(reterr, HB_ERR_IO, "cannot open %s: %s; set dispatcher.state_dir to a folder this user may write",
                      path, strerror(errno));
    else if (flock(file->fd, LOCK_EX | LOCK_NB) != 0)
        err = hb_fail(reterr, HB_ERR_CONFLICT,
                      "%s is in use: another dispatcher with this dispatcher.instance runs on this machine", path);
    else
        err = prepare(file, reterr);
    if (!err) {
        file->map = mmap(NULL, file->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file->fd, 0);
        if (file->map == MAP_FAILED) {
            file->map = NULL;
            err = hb_fail(reterr, HB_ERR_IO, "cannot map %s: %s", path, strerror(errno));
        }
    }
    if (err) {
        hb_settled_file_close(&file);
        return err;
    }
    count_crash(file);
    *ret_file = file;
    return HB_OK;
}

void hb_settled_file_close(struct hb_settled_file **file)
{
    if (!*file)
        return;
    if ((*file)->map)
        munmap((*file)->map, (*file)->bytes);
    if ((*file)->fd >= 0)
        close((*file)->fd);
    free(*file);
    *file = NULL;
}
