#include "dispatcher/settled_file.h"
#include "unit/dispatcher/check.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PARTITIONS 4
#define SLOTS 16

static char dir[64];

static int make_dir(void **state)
{
    (void)state;
    (void)snprintf(dir, sizeof dir, "/tmp/hookbus-test-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static const char *path(void)
{
    static char text[96];
    (void)snprintf(text, sizeof text, "%s/w.settled", dir);
    return text;
}

static int remove_dir(void **state)
{
    (void)state;
    (void)unlink(path());
    return rmdir(dir);
}

static struct hb_settled_file *open_file(uint32_t partitions, uint32_t slots)
{
    struct hb_settled_file *file = NULL;
    struct hb_error error = {.text = ""};
    if (hb_settled_file_open(dir, "w", partitions, slots, &file, &error))
        fail_msg("%s", error.text);
    return file;
}

static struct hb_position at(int topic, int32_t partition, int64_t offset)
{
    return (struct hb_position){topic, partition, offset, {1700000000000 + offset}};
}

static void its_room_on_the_disk_is_taken_when_it_is_opened(void **state)
{
    (void)state;
    struct stat st;
    struct hb_settled_file *file = open_file(24, 8192);
    assert_int_equal(stat(path(), &st), 0);
    assert_true((off_t)st.st_blocks * 512 >= st.st_size);
    hb_settled_file_close(&file);
    /* One with holes, as a copy makes it, gets its room as well. */
    assert_int_equal(truncate(path(), 4096), 0);
    assert_int_equal(truncate(path(), st.st_size), 0);
    file = open_file(24, 8192);
    assert_int_equal(stat(path(), &st), 0);
    assert_true((off_t)st.st_blocks * 512 >= st.st_size);
    hb_settled_file_close(&file);
}

static void marks_survive_reopening(void **state)
{
    (void)state;
    struct hb_settled_file *file = open_file(PARTITIONS, SLOTS);
    const struct hb_position a = at(0, 0, 5), b = at(4, 3, 7), c = at(4, 2, 7);
    hb_settled_file_put(file, &a, 11);
    hb_settled_file_put(file, &b, 12);
    hb_settled_file_close(&file);
    assert_null(file);
    file = open_file(PARTITIONS, SLOTS);
    assert_true(hb_settled_file_has(file, &a, 11));
    assert_true(hb_settled_file_has(file, &b, 12));
    assert_false(hb_settled_file_has(file, &b, 11));
    assert_false(hb_settled_file_has(file, &c, 12));
    hb_settled_file_close(&file);
}

static void offsets_wrap_and_the_newer_mark_stands(void **state)
{
    (void)state;
    struct hb_settled_file *file = open_file(PARTITIONS, SLOTS);
    const struct hb_position old = at(1, 1, 5), new = at(1, 1, 5 + SLOTS), far = at(1, 1, INT64_C(1) << 60);
    hb_settled_file_put(file, &old, 21);
    hb_settled_file_put(file, &new, 22);
    assert_false(hb_settled_file_has(file, &old, 21));
    assert_true(hb_settled_file_has(file, &new, 22));
    hb_settled_file_put(file, &far, 23);
    assert_true(hb_settled_file_has(file, &far, 23));
    hb_settled_file_close(&file);
}

static void partitions_beyond_have_no_marks(void **state)
{
    (void)state;
    struct hb_settled_file *file = open_file(PARTITIONS, SLOTS);
    const struct hb_position beyond = at(4, PARTITIONS, 1), none = at(0, -1, 1);
    hb_settled_file_put(file, &beyond, 31);
    hb_settled_file_put(file, &none, 31);
    assert_false(hb_settled_file_has(file, &beyond, 31));
    assert_false(hb_settled_file_has(file, &none, 31));
    hb_settled_file_close(&file);
}

static void a_file_of_another_shape_is_emptied(void **state)
{
    (void)state;
    const struct hb_position a = at(0, 0, 5);
    for (int i = 0; i < 3; i++) {
        struct hb_settled_file *file = open_file(PARTITIONS, SLOTS);
        hb_settled_file_put(file, &a, 41);
        hb_settled_file_close(&file);
        if (i == 0) {
            file = open_file(PARTITIONS, 2 * SLOTS);
        } else if (i == 1) {
            assert_int_equal(truncate(path(), 5000), 0);
            file = open_file(PARTITIONS, SLOTS);
        } else {
            FILE *raw = fopen(path(), "r+");
            assert_non_null(raw);
            assert_int_equal(fwrite("HBSETTL9", 1, 8, raw), 8);
            assert_int_equal(fclose(raw), 0);
            file = open_file(PARTITIONS, SLOTS);
        }
        assert_false(hb_settled_file_has(file, &a, 41));
        hb_settled_file_put(file, &a, 42);
        assert_true(hb_settled_file_has(file, &a, 42));
        hb_settled_file_close(&file);
    }
}

static void a_second_holder_is_refused(void **state)
{
    (void)state;
    struct hb_settled_file *file = open_file(PARTITIONS, SLOTS), *second = NULL;
    struct hb_error error = {.text = ""};
    assert_int_equal(hb_settled_file_open(dir, "w", PARTITIONS, SLOTS, &second, &error), HB_ERR_CONFLICT);
    assert_null(second);
    assert_non_null(strstr(error.text, "another dispatcher"));
    hb_settled_file_close(&file);
    file = open_file(PARTITIONS, SLOTS);
    hb_settled_file_close(&file);
}

static void a_folder_that_is_not_there_is_said(void **state)
{
    (void)state;
    struct hb_settled_file *file = NULL;
    struct hb_error error = {.text = ""};
    assert_int_equal(hb_settled_file_open("/nonexistent", "w", PARTITIONS, SLOTS, &file, &error), HB_ERR_IO);
    assert_non_null(strstr(error.text, "state_dir"));
}

static void only_its_owner_may_read_it(void **state)
{
    (void)state;
    struct hb_settled_file *file = open_file(PARTITIONS, SLOTS);
    struct stat st;
    assert_int_equal(stat(path(), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(st.st_size, 4096 + 5 * PARTITIONS * SLOTS * 8);
    hb_settled_file_close(&file);
}

static void a_mark_tells_events_stores_times_and_offsets_apart(void **state)
{
    (void)state;
    const struct hb_event event = {.id = HB_STR("a"), .store = HB_STR("s")};
    const struct hb_event other_id = {.id = HB_STR("b"), .store = HB_STR("s")}, other_store = {.id = HB_STR("a"), .store = HB_STR("t")};
    const struct hb_position here = at(0, 0, 5);
    struct hb_position later = here, next = here;
    later.appended.ms++;
    next.offset += SLOTS;
    uint64_t mark = hb_settled_mark(&event, &here);
    assert_true(mark != 0 && mark == hb_settled_mark(&event, &here));
    assert_true(mark != hb_settled_mark(&other_id, &here));
    assert_true(mark != hb_settled_mark(&other_store, &here));
    assert_true(mark != hb_settled_mark(&event, &later)); /* a topic made anew */
    assert_true(mark != hb_settled_mark(&event, &next));
}

static void without_a_file_nothing_is_known_and_nothing_breaks(void **state)
{
    (void)state;
    const struct hb_position here = at(0, 0, 5);
    hb_settled_file_put(NULL, &here, 1);
    hb_settled_file_enter(NULL, &here);
    hb_settled_file_leave(NULL);
    assert_false(hb_settled_file_has(NULL, &here, 1));
    assert_int_equal(hb_settled_file_crashes(NULL, &here), 0);
}

/* Dies with the event in hand, as a crash does. */
static void crash_in(const struct hb_position *position)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct hb_settled_file *file = open_file(PARTITIONS, SLOTS);
        hb_settled_file_enter(file, position);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
}

static void crashes_in_one_event_are_counted_others_begin_anew(void **state)
{
    (void)state;
    const struct hb_position bad = at(0, 1, 9), other = at(0, 1, 10);
    for (uint32_t i = 1; i <= 3; i++) {
        crash_in(&bad);
        struct hb_settled_file *file = open_file(PARTITIONS, SLOTS);
        assert_int_equal(hb_settled_file_crashes(file, &bad), i);
        assert_int_equal(hb_settled_file_crashes(file, &other), 0);
        hb_settled_file_enter(file, &other);
        hb_settled_file_leave(file);
        hb_settled_file_close(&file);
    }
    crash_in(&other);
    struct hb_settled_file *file = open_file(PARTITIONS, SLOTS);
    assert_int_equal(hb_settled_file_crashes(file, &other), 1);
    assert_int_equal(hb_settled_file_crashes(file, &bad), 0);
    hb_settled_file_close(&file);
}

#define T(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)
int main(void)
{
    const struct CMUnitTest tests[] = {T(its_room_on_the_disk_is_taken_when_it_is_opened),
                                       T(marks_survive_reopening),
                                       T(offsets_wrap_and_the_newer_mark_stands),
                                       T(partitions_beyond_have_no_marks),
                                       T(a_file_of_another_shape_is_emptied),
                                       T(a_second_holder_is_refused),
                                       cmocka_unit_test(a_folder_that_is_not_there_is_said),
                                       T(only_its_owner_may_read_it),
                                       cmocka_unit_test(a_mark_tells_events_stores_times_and_offsets_apart),
                                       cmocka_unit_test(without_a_file_nothing_is_known_and_nothing_breaks),
                                       T(crashes_in_one_event_are_counted_others_begin_anew)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
