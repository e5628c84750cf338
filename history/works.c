#include "history/works.h"

#include "platform/loop/loop.h"

#include <stdlib.h>

struct hb_works {
    struct hb_loop *loop;
    size_t max, store_max, count;
    struct hb_work *first;
};

enum hb_err hb_works_new(struct hb_loop *loop, size_t max, size_t store_max, struct hb_works **ret_works)
{
    struct hb_works *works = calloc(1, sizeof(*works));
    if (!works) {
        return HB_ERR_MEMORY;
    }
    works->loop = loop;
    works->max = max;
    works->store_max = store_max;
    *ret_works = works;
    return HB_OK;
}

static void take_out(struct hb_work *work)
{
    struct hb_work **at = &work->works->first;
    while (*at != work) {
        at = &(*at)->next;
    }
    *at = work->next;
    work->works->count--;
    hb_wake_free(&work->wake);
}

void hb_works_free(struct hb_works **works)
{
    if (!*works) {
        return;
    }
    while ((*works)->first) {
        struct hb_work *work = (*works)->first;
        pthread_join(work->thread, NULL);
        take_out(work);
        work->drop(work->user);
    }
    free(*works);
    *works = NULL;
}

static void *on_thread(void *user)
{
    struct hb_work *work = user;
    work->run(work->user);
    hb_wake_send(work->wake);
    return NULL;
}

static void on_wake(void *user)
{
    struct hb_work *work = user;
    pthread_join(work->thread, NULL);
    take_out(work);
    work->done(work->user);
}

enum hb_err hb_works_start(struct hb_works *works, struct hb_work *work)
{
    size_t of_store = 0;
    for (const struct hb_work *at = works->first; at; at = at->next) {
        of_store += hb_str_eq(at->store, work->store);
    }
    if (works->count >= works->max || of_store >= works->store_max) {
        return HB_ERR_FULL;
    }
    if (hb_wake_new(works->loop, on_wake, work, &work->wake)) {
        return HB_ERR_MEMORY;
    }
    if (pthread_create(&work->thread, NULL, on_thread, work) != 0) {
        hb_wake_free(&work->wake);
        return HB_ERR_MEMORY;
    }
    work->works = works;
    work->next = works->first;
    works->first = work;
    works->count++;
    return HB_OK;
}
