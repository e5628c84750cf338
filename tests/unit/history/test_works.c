#include "history/works.h"
#include "platform/loop/loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

struct piece {
    struct hb_work work;
    struct hb_loop *loop;
    atomic_bool may_end;
    atomic_int runs;
    int done, dropped, *left;
};

static void run(void *user)
{
    struct piece *piece = user;
    atomic_fetch_add(&piece->runs, 1);
    while (!atomic_load(&piece->may_end)) {
        (void)usleep(1000);
    }
}

static void done(void *user)
{
    struct piece *piece = user;
    piece->done++;
    if (--*piece->left == 0) {
        hb_loop_stop(piece->loop);
    }
}

static void drop(void *user) { ((struct piece *)user)->dropped++; }

static void init(struct piece *piece, struct hb_loop *loop, const char *store, int *left)
{
    memset(piece, 0, sizeof(*piece));
    piece->loop = loop;
    piece->left = left;
    piece->work = (struct hb_work){.store = hb_str_c(store), .run = run, .done = done, .drop = drop, .user = piece};
}

static void no_store_takes_more_than_its_share_and_all_no_more_than_there_is(void **state)
{
    static const char *const STORES[] = {"a", "a", "b", "c"};
    const enum hb_err expected[] = {HB_OK, HB_ERR_FULL, HB_OK, HB_ERR_FULL};
    struct hb_loop *loop = NULL;
    struct hb_works *works = NULL;
    struct piece pieces[4];
    int left = 2;
    (void)state;
    assert_int_equal(hb_loop_new(&loop), HB_OK);
    assert_int_equal(hb_works_new(loop, 2, 1, &works), HB_OK);
    for (int i = 0; i < 4; i++) {
        init(&pieces[i], loop, STORES[i], &left);
        assert_int_equal(hb_works_start(works, &pieces[i].work), expected[i]);
    }
    for (int i = 0; i < 4; i++) {
        atomic_store(&pieces[i].may_end, true);
    }
    hb_loop_run(loop);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pieces[i].done, expected[i] == HB_OK);
        assert_int_equal(atomic_load(&pieces[i].runs), expected[i] == HB_OK);
        assert_int_equal(pieces[i].dropped, 0);
    }
    left = 1;
    init(&pieces[1], loop, "a", &left); /* there is room again */
    atomic_store(&pieces[1].may_end, true);
    assert_int_equal(hb_works_start(works, &pieces[1].work), HB_OK);
    hb_loop_run(loop);
    assert_int_equal(pieces[1].done, 1);
    hb_works_free(&works);
    hb_loop_free(&loop);
}

static void at_the_end_what_runs_is_waited_for_and_answers_nobody(void **state)
{
    struct hb_loop *loop = NULL;
    struct hb_works *works = NULL;
    struct piece pieces[2];
    int left = 2;
    (void)state;
    assert_int_equal(hb_loop_new(&loop), HB_OK);
    assert_int_equal(hb_works_new(loop, 2, 2, &works), HB_OK);
    for (int i = 0; i < 2; i++) {
        init(&pieces[i], loop, "a", &left);
        atomic_store(&pieces[i].may_end, true);
        assert_int_equal(hb_works_start(works, &pieces[i].work), HB_OK);
    }
    hb_works_free(&works);
    assert_null(works);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(atomic_load(&pieces[i].runs), 1);
        assert_int_equal(pieces[i].dropped, 1);
        assert_int_equal(pieces[i].done, 0);
    }
    hb_loop_free(&loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_store_takes_more_than_its_share_and_all_no_more_than_there_is),
        cmocka_unit_test(at_the_end_what_runs_is_waited_for_and_answers_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
