#include "retry/view_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum hb_err hb_view_new(const struct hb_view_options *options, struct hb_view **ret_view)
{
    struct hb_view *view = calloc(1, sizeof(*view));

    HB_ASSERT(options->prefix.len <= HB_VIEW_PREFIX_MAX);
    if (!view)
        return HB_ERR_MEMORY;
    view->options = *options;
    view->options.prefix = (struct hb_str){NULL, 0};
    if (view->options.done_max == 0)
        view->options.done_max = HB_VIEW_DONE_MAX;
    (void)snprintf(view->tag, sizeof(view->tag), "{%.*s:%d}", HB_ARG(options->prefix), options->shard);
    view->head = (struct hb_shard_head){.applied = HB_SHARD_NONE, .mark = HB_SHARD_NONE};
    view->is_lost = true;
    *ret_view = view;
    return HB_OK;
}

void hb_view_free(struct hb_view **view)
{
    if (*view)
        for (struct hb_view_call *call = (*view)->calls; call; call = call->next)
            call->view = NULL; /* freed when its reply comes */
    free(*view);
    *view = NULL;
}

void hb_view_lose(struct hb_view *view)
{
    view->is_lost = true;
}

bool hb_view_is_lost(const struct hb_view *view)
{
    return view->is_lost;
}

enum hb_err hb_view_may(const struct hb_view *view)
{
    if (view->is_fenced)
        return HB_ERR_FENCED;
    return view->is_lost ? HB_ERR_CONFLICT : HB_OK;
}

static void learn_place(struct hb_view *view, const struct hb_view_call *call, const struct hb_view_answer *answer)
{
    if (call->name == HB_SCRIPT_TAKEOVER && answer->gate != HB_SHARD_FENCED) {
        view->head = (struct hb_shard_head){answer->head.applied, call->mark};
        view->is_fenced = false;
        view->is_lost = false;
    } else if (call->name == HB_SCRIPT_DUE && call->is_look) {
        view->head.applied = answer->head.applied;
        view->is_lost = false;
    }
}

/* What the answer means for what we believe of the view. */
static void learn(struct hb_view *view, const struct hb_view_call *call, const struct hb_view_answer *answer)
{
    if (call->name == HB_SCRIPT_APPLY)
        view->is_applying = false;
    if (answer->err) {
        view->is_lost = true;
        return;
    }
    learn_place(view, call, answer);
    /* Also when it was this owner's own batch in which a later takeover record stood. */
    if (answer->gate == HB_SHARD_FENCED || answer->head.mark > view->head.mark)
        view->is_fenced = true;
    if (answer->gate == HB_SHARD_BEHIND && !call->is_look)
        view->is_lost = true;
    if (call->name == HB_SCRIPT_CLEAR)
        view->is_lost = true;
}

static void on_reply(void *user, enum hb_err err, const struct hb_redis_reply *reply)
{
    struct hb_view_call *call = user;
    struct hb_view_answer answer;

    if (call->view) {
        *call->where = call->next;
        if (call->next)
            call->next->where = call->where;
        hb_view_answer_read(call, err, reply, &answer);
        learn(call->view, call, &answer);
        call->fn(call->user, &answer);
        hb_view_answer_deinit(&answer);
    }
    free(call->rules);
    free(call);
}

enum hb_err hb_view_send(struct hb_view *view, enum hb_script_name name, const struct hb_view_words *words,
                         const struct hb_view_call *how)
{
    const struct hb_script_call script = {name, hb_str_c(view->tag), words->words, words->count};
    struct hb_view_call *call = malloc(sizeof(*call));

    if (!call)
        return HB_ERR_MEMORY;
    *call = *how;
    call->view = view;
    call->name = name;
    call->expected = view->head;
    enum hb_err err = hb_scripts_call(view->options.scripts, &script, on_reply, call);
    if (err) {
        free(call);
        return err;
    }
    call->next = view->calls;
    call->where = &view->calls;
    if (call->next)
        call->next->where = &call->next;
    view->calls = call;
    return HB_OK;
}

enum hb_err hb_view_words_init(struct hb_view_words *words, size_t words_max)
{
    *words = (struct hb_view_words){.size = words_max};
    words->words = malloc(words_max * sizeof(*words->words));
    words->numbers = malloc(words_max * sizeof(*words->numbers));
    if (words->words && words->numbers)
        return HB_OK;
    hb_view_words_deinit(words);
    return HB_ERR_MEMORY;
}

void hb_view_words_deinit(struct hb_view_words *words)
{
    free(words->words);
    free(words->numbers);
    words->words = NULL;
    words->numbers = NULL;
}

void hb_view_words_add(struct hb_view_words *words, struct hb_str word)
{
    HB_ASSERT(words->count < words->size);
    words->words[words->count++] = word;
}

void hb_view_words_number(struct hb_view_words *words, int64_t number)
{
    HB_ASSERT(words->numbers_count < words->size);
    char *text = words->numbers[words->numbers_count++];
    int length = snprintf(text, HB_VIEW_NUMBER_BYTES, "%" PRId64, number);
    hb_view_words_add(words, hb_str_n(text, (size_t)length));
}

void hb_view_words_gate(struct hb_view_words *words, const struct hb_view *view)
{
    hb_view_words_number(words, view->head.mark);
    hb_view_words_number(words, view->head.applied);
}
