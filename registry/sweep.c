#include "registry/sweep.h"

#include "platform/loop/loop.h"
#include "registry/pen.h"
#include "registry/registry_internal.h"

#include <stdio.h>
#include <stdlib.h>

#define EVERY_MS_DEFAULT HB_MS_PER_HOUR
#define FIRST_MS 60000 /* after the start: whoever starts has better to do */
#define AGAIN_MS 1000  /* after a turn that removed something */
#define PATIENCE_MS (24 * HB_MS_PER_HOUR) /* of a process without the pen */

/* One record on its way out. */
struct going {
    struct hb_pen_change pen;
    struct hb_sweep *sweep;
    int64_t offset;
    char key[HB_SWEEP_KEY_BYTES_MAX + 1];
};

struct hb_sweep {
    struct hb_sweep_options options;
    struct hb_timer *timer;
    struct hb_sweep_due due;
    struct going going[HB_SWEEP_TURN_MAX];
    size_t open; /* of them, with the pen */
    bool has_removed;
};

/* Without a value: a tombstone. Of a record that is still the one that was looked at. */
static enum hb_pen_verdict judge(void *user, struct hb_buf *ret_value, int64_t *ret_revision)
{
    const struct going *going = user;
    const struct registry_record *record =
        hb_map_get(&going->sweep->options.registry->records, hb_str_c(going->key));
    (void)ret_value;
    *ret_revision = 0;
    return record && record->offset == going->offset ? HB_PEN_WRITE : HB_PEN_NOTHING;
}

static void wait_for_next(struct hb_sweep *sweep)
{
    int64_t every_ms = sweep->options.every_ms;
    hb_timer_start(sweep->timer, sweep->has_removed && every_ms > AGAIN_MS ? AGAIN_MS : every_ms, 0);
}

static void done(void *user, enum hb_err err, enum hb_pen_verdict verdict)
{
    struct going *going = user;
    struct hb_sweep *sweep = going->sweep;
    sweep->has_removed |= !err && verdict == HB_PEN_WRITE;
    if (--sweep->open == 0) {
        wait_for_next(sweep); /* what failed is due still */
    }
}

/* "webhook/<store>/<id>" and the like: so that it shares no transaction with a change of its store. */
static struct hb_str store_of(struct hb_str key)
{
    struct hb_str kind = {NULL, 0}, store = {NULL, 0};
    bool has_store = hb_str_split(&key, '/', &kind) && hb_str_split(&key, '/', &store) &&
                     (key.len > 0 || hb_str_eq(kind, HB_STR("store")));
    return has_store ? store : (struct hb_str){NULL, 0};
}

static void let_go(struct hb_sweep *sweep, size_t i)
{
    struct going *going = &sweep->going[i];
    *going = (struct going){.sweep = sweep, .offset = sweep->due.records[i].offset};
    (void)snprintf(going->key, sizeof(going->key), "%s", sweep->due.records[i].key);
    going->pen = (struct hb_pen_change){.object = hb_str_c(going->key),
                                        .store = store_of(hb_str_c(going->key)),
                                        .action = HB_STR("sweep"),
                                        .judge = judge,
                                        .done = done,
                                        .user = going};
    sweep->open += hb_pen_change(sweep->options.pen, &going->pen) == HB_OK;
}

static void look(void *user)
{
    struct hb_sweep *sweep = user;
    const struct hb_sweep_options *options = &sweep->options;
    struct hb_wall now = hb_loop_wall(options->loop);
    int64_t patience_ms = hb_pen_is_held(options->pen) ? 0 : PATIENCE_MS;
    sweep->has_removed = false;
    if (hb_registry_is_current(options->registry)) {
        hb_sweep_look(options->registry, now, options->keep_ms + patience_ms, options->also, &sweep->due);
    }
    for (size_t i = 0; i < sweep->due.count; i++) {
        let_go(sweep, i);
    }
    sweep->due.count = 0;
    if (sweep->open == 0) {
        wait_for_next(sweep);
    }
}

enum hb_err hb_sweep_new(const struct hb_sweep_options *options, struct hb_sweep **ret_sweep)
{
    struct hb_sweep *sweep = calloc(1, sizeof(*sweep));
    enum hb_err err = sweep ? hb_timer_new(options->loop, look, sweep, &sweep->timer) : HB_ERR_MEMORY;
    if (err) {
        free(sweep);
        return err;
    }
    sweep->options = *options;
    sweep->options.keep_ms = options->keep_ms > 0 ? options->keep_ms : HB_DELETED_COUNTS_MS;
    sweep->options.every_ms = options->every_ms > 0 ? options->every_ms : EVERY_MS_DEFAULT;
    hb_timer_start(sweep->timer, sweep->options.every_ms < FIRST_MS ? sweep->options.every_ms : FIRST_MS, 0);
    *ret_sweep = sweep;
    return HB_OK;
}

void hb_sweep_free(struct hb_sweep **sweep)
{
    if (!*sweep) {
        return;
    }
    HB_ASSERT((*sweep)->open == 0); /* the pen has ended them */
    hb_timer_free(&(*sweep)->timer);
    free(*sweep);
    *sweep = NULL;
}
