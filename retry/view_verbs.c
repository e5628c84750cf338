#include "retry/view_internal.h"

#include <stdlib.h>

#define DUE_MOST_MAX 1000
#define SCAN_COUNT 1000
#define BATCH_BYTES_MAX ((size_t)1 << 20)

enum hb_err hb_view_takeover(struct hb_view *view, int64_t mark, hb_view_fn *fn, void *user)
{
    const struct hb_view_call how = {.fn = fn, .user = user, .mark = mark};
    struct hb_view_words words;
    enum hb_err err = hb_view_words_init(&words, 2);

    HB_ASSERT(mark >= 0);
    if (err)
        return err;
    hb_view_words_number(&words, mark);
    hb_view_words_number(&words, view->options.shut_out_by);
    err = hb_view_send(view, HB_SCRIPT_TAKEOVER, &words, &how);
    hb_view_words_deinit(&words);
    return err;
}

static enum hb_err ask_due(struct hb_view *view, int most, const struct hb_view_call *how)
{
    struct hb_view_words words;
    enum hb_err err = hb_view_words_init(&words, 1);

    if (err)
        return err;
    hb_view_words_number(&words, most < 1 ? 1 : most < DUE_MOST_MAX ? most : DUE_MOST_MAX);
    err = hb_view_send(view, HB_SCRIPT_DUE, &words, how);
    hb_view_words_deinit(&words);
    return err;
}

enum hb_err hb_view_look(struct hb_view *view, hb_view_fn *fn, void *user)
{
    const struct hb_view_call how = {.fn = fn, .user = user, .is_look = true};

    if (view->is_fenced)
        return HB_ERR_FENCED;
    return view->is_applying ? HB_ERR_FULL : ask_due(view, 1, &how);
}

enum hb_err hb_view_next_due(struct hb_view *view, int most, hb_view_fn *fn, void *user)
{
    const struct hb_view_call how = {.fn = fn, .user = user};
    enum hb_err err = hb_view_may(view);

    return err ? err : ask_due(view, most, &how);
}

static struct hb_shard_record *rules_of(const struct hb_view_batch *batch)
{
    struct hb_shard_record *rules = malloc((batch->count + 1) * sizeof(*rules));

    for (size_t i = 0; rules && i < batch->count; i++)
        rules[i] = batch->records[i].rule;
    return rules;
}

static enum hb_err send_batch(struct hb_view *view, const struct hb_view_batch *batch, struct hb_view_words *words,
                              struct hb_view_call *how)
{
    struct hb_buf records = hb_buf_make(BATCH_BYTES_MAX);

    hb_view_words_gate(words, view);
    hb_view_words_number(words, batch->reread.len ? view->head.applied : batch->through);
    hb_view_words_number(words, batch->seen.ms);
    hb_view_words_number(words, view->options.done_max);
    hb_view_words_number(words, batch->must_not_grow ? 0 : 1);
    hb_view_words_number(words, !batch->reread.len ? 0 : batch->is_reread_whole ? -1 : batch->through + 1);
    enum hb_err err = hb_view_batch_write(batch, words, &records);
    if (!err)
        err = hb_view_send(view, HB_SCRIPT_APPLY, words, how);
    hb_buf_deinit(&records);
    return err;
}

enum hb_err hb_view_apply(struct hb_view *view, const struct hb_view_batch *batch, hb_view_fn *fn, void *user)
{
    struct hb_view_call how = {.fn = fn, .user = user, .rules_count = batch->count};
    struct hb_view_words words;
    enum hb_err err = view->is_applying ? HB_ERR_FULL : hb_view_may(view);

    HB_ASSERT(err || batch->reread.len || batch->through >= view->head.applied);
    if (err)
        return err;
    how.rules = rules_of(batch);
    if (!how.rules)
        return HB_ERR_MEMORY;
    err = hb_view_words_init(&words, batch->count * 2 + 12);
    if (!err) {
        err = send_batch(view, batch, &words, &how);
        hb_view_words_deinit(&words);
    }
    if (err) {
        free(how.rules);
        return err;
    }
    view->is_applying = true;
    if (!batch->reread.len)
        view->head.applied = batch->through;
    return HB_OK;
}

/* The verbs below write their arguments through a function of their own. */
typedef void write_fn(const void *from, struct hb_view_words *words);

static enum hb_err send_verb(struct hb_view *view, enum hb_script_name name, size_t words_max,
                             const struct hb_view_call *how, write_fn *write, const void *from)
{
    struct hb_view_words words;
    enum hb_err err = hb_view_may(view);

    if (!err)
        err = hb_view_words_init(&words, words_max + 2);
    if (err)
        return err;
    write(from, &words);
    err = hb_view_send(view, name, &words, how);
    hb_view_words_deinit(&words);
    return err;
}

struct gated {
    const struct hb_view *view;
    const void *from;
    size_t count;
    int64_t lease_ms; /* renew; 0: release */
};

static void write_claim(const void *from, struct hb_view_words *words)
{
    const struct gated *gated = from;
    const struct hb_view_claim *claim = gated->from;

    hb_view_words_gate(words, gated->view);
    hb_view_words_number(words, claim->lease_ms);
    hb_view_words_number(words, claim->most < HB_VIEW_CLAIM_MAX ? claim->most : HB_VIEW_CLAIM_MAX);
    for (size_t i = 0; i < claim->count; i++) {
        hb_view_words_add(words, claim->shares[i].webhook);
        hb_view_words_number(words, claim->shares[i].most);
    }
}

enum hb_err hb_view_claim(struct hb_view *view, const struct hb_view_claim *claim, hb_view_fn *fn, void *user)
{
    const struct hb_view_call how = {.fn = fn, .user = user};
    const struct gated gated = {.view = view, .from = claim};

    if (claim->count > HB_VIEW_WEBHOOKS_MAX)
        return HB_ERR_FULL;
    HB_ASSERT(claim->lease_ms > 0);
    return send_verb(view, HB_SCRIPT_CLAIM, claim->count * 2 + 4, &how, write_claim, &gated);
}

static void write_leases(const void *from, struct hb_view_words *words)
{
    const struct gated *gated = from;
    const struct hb_view_lease *leases = gated->from;

    hb_view_words_gate(words, gated->view);
    for (size_t i = 0; i < gated->count; i++) {
        hb_view_words_add(words, leases[i].webhook);
        hb_view_words_add(words, hb_str_n((const char *)leases[i].delivery, HB_DELIVERY_BYTES));
        hb_view_words_number(words, leases[i].version);
        hb_view_words_number(words, gated->lease_ms ? -gated->lease_ms : leases[i].due.ms < 0 ? 0 : leases[i].due.ms);
    }
}

static enum hb_err send_leases(struct hb_view *view, const struct gated *gated, const struct hb_view_call *how)
{
    if (gated->count > HB_VIEW_CLAIM_MAX)
        return HB_ERR_FULL;
    return send_verb(view, HB_SCRIPT_LEASE, gated->count * 4 + 2, how, write_leases, gated);
}

enum hb_err hb_view_renew(struct hb_view *view, const struct hb_view_lease *leases, size_t count, int64_t lease_ms,
                          hb_view_fn *fn, void *user)
{
    const struct hb_view_call how = {.fn = fn, .user = user};
    const struct gated gated = {view, leases, count, lease_ms};

    HB_ASSERT(lease_ms > 0);
    return send_leases(view, &gated, &how);
}

enum hb_err hb_view_release(struct hb_view *view, const struct hb_view_lease *leases, size_t count, hb_view_fn *fn,
                            void *user)
{
    const struct hb_view_call how = {.fn = fn, .user = user};
    const struct gated gated = {view, leases, count, 0};

    return send_leases(view, &gated, &how);
}

static void write_readiness(const void *from, struct hb_view_words *words)
{
    const struct gated *gated = from;
    const struct hb_view_readiness *webhooks = gated->from;

    hb_view_words_gate(words, gated->view);
    for (size_t i = 0; i < gated->count; i++) {
        hb_view_words_add(words, webhooks[i].webhook);
        hb_view_words_add(words, webhooks[i].is_ready ? HB_STR("1") : HB_STR("0"));
    }
}

enum hb_err hb_view_set_ready(struct hb_view *view, const struct hb_view_readiness *webhooks, size_t count,
                              hb_view_fn *fn, void *user)
{
    const struct hb_view_call how = {.fn = fn, .user = user};
    const struct gated gated = {.view = view, .from = webhooks, .count = count};

    if (count > HB_VIEW_WEBHOOKS_MAX)
        return HB_ERR_FULL;
    return send_verb(view, HB_SCRIPT_READY, count * 2 + 2, &how, write_readiness, &gated);
}

static void write_horizon(const void *from, struct hb_view_words *words)
{
    const struct hb_view_horizon *horizon = from;

    hb_view_words_number(words, horizon->ms);
    hb_view_words_number(words, horizon->most);
    for (size_t i = 0; i < horizon->count; i++)
        hb_view_words_add(words, horizon->webhooks[i]);
}

enum hb_err hb_view_ahead(struct hb_view *view, const struct hb_view_horizon *horizon, hb_view_fn *fn, void *user)
{
    const struct hb_view_call how = {.fn = fn, .user = user};

    if (horizon->count > HB_VIEW_WEBHOOKS_MAX)
        return HB_ERR_FULL;
    return send_verb(view, HB_SCRIPT_AHEAD, horizon->count + 2, &how, write_horizon, horizon);
}

static void write_scan(const void *from, struct hb_view_words *words)
{
    const struct hb_str *webhook_and_cursor = from;

    hb_view_words_add(words, webhook_and_cursor[0]);
    hb_view_words_add(words, webhook_and_cursor[1]);
    hb_view_words_number(words, SCAN_COUNT);
}

enum hb_err hb_view_scan(struct hb_view *view, struct hb_str webhook, struct hb_str cursor, hb_view_fn *fn, void *user)
{
    const struct hb_view_call how = {.fn = fn, .user = user};
    const struct hb_str webhook_and_cursor[] = {webhook, cursor};

    return send_verb(view, HB_SCRIPT_SCAN, 3, &how, write_scan, webhook_and_cursor);
}

static void write_repairs(const void *from, struct hb_view_words *words)
{
    const struct gated *gated = from;

    hb_view_words_gate(words, gated->view);
    hb_view_words_add(words, *(const struct hb_str *)gated->from);
    hb_view_words_number(words, SCAN_COUNT);
}

enum hb_err hb_view_repairs(struct hb_view *view, struct hb_str cursor, hb_view_fn *fn, void *user)
{
    const struct hb_view_call how = {.fn = fn, .user = user};
    const struct gated gated = {.view = view, .from = &cursor};

    return send_verb(view, HB_SCRIPT_REPAIRS, 4, &how, write_repairs, &gated);
}

static void write_spill(const void *from, struct hb_view_words *words)
{
    const struct gated *gated = from;

    hb_view_words_gate(words, gated->view);
    hb_view_words_add(words, *(const struct hb_str *)gated->from);
}

enum hb_err hb_view_spill(struct hb_view *view, struct hb_str webhook, hb_view_fn *fn, void *user)
{
    const struct hb_view_call how = {.fn = fn, .user = user};
    const struct gated gated = {.view = view, .from = &webhook};

    return send_verb(view, HB_SCRIPT_SPILL, 3, &how, write_spill, &gated);
}

static void write_mark(const void *from, struct hb_view_words *words)
{
    hb_view_words_number(words, ((const struct hb_view *)from)->head.mark);
}

enum hb_err hb_view_counts(struct hb_view *view, hb_view_fn *fn, void *user)
{
    const struct hb_view_call how = {.fn = fn, .user = user};

    return send_verb(view, HB_SCRIPT_COUNTS, 1, &how, write_mark, view);
}

enum hb_err hb_view_clear(struct hb_view *view, hb_view_fn *fn, void *user)
{
    const struct hb_view_call how = {.fn = fn, .user = user};

    return send_verb(view, HB_SCRIPT_CLEAR, 1, &how, write_mark, view);
}
