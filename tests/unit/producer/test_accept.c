/* Accepting, with Kafka and Redis played by this file: every order in which they may answer is in the test's hand. */
#include "unit/producer/cm.h"

#include "platform/kafka/kafka.h"
#include "producer/accept.h"
#include "producer/marks.h"

#include <stdlib.h>

#define MANY 64

/* ---- the fakes: what they were told stands in a journal ---- */

static struct {
    char journal[4096]; /* "check produce:id ack:id mark:id …" in the order it happened */
    struct {
        hb_kafka_ack_fn *ack;
        void *user;
        char id[HB_ID_MAX + 1];
    } records[MANY];
    size_t records_count, records_room;
    bool is_full_once; /* the next record finds no room, the one after it does */
    struct hb_mark added[MANY];
    char added_ids[MANY][HB_ID_MAX + 1];
    size_t added_count;
    bool is_redis_away;
    hb_marks_checked_fn *checked;
    void *checked_user;
    size_t checked_count;
    char checked_ids[MANY][HB_ID_MAX + 1];
    hb_marks_written_fn *written;
    void *written_user;
    struct hb_mark stored[MANY];
    char stored_ids[MANY][HB_ID_MAX + 1];
    size_t stored_count;
} fake;

static void note(const char *what, const char *id)
{
    size_t at = strlen(fake.journal);
    snprintf(fake.journal + at, sizeof(fake.journal) - at, "%s%s%s ", what, *id ? ":" : "", id);
}

enum hb_err hb_kafka_produce(struct hb_kafka_producer *producer, const struct hb_kafka_record *record,
                             hb_kafka_ack_fn *ack, void *user)
{
    (void)producer;
    if (fake.records_count == fake.records_room) {
        fake.records_room = fake.is_full_once ? MANY : fake.records_room;
        return HB_ERR_FULL;
    }
    char *id = fake.records[fake.records_count].id;
    for (size_t i = 0; i < record->headers_count; i++) {
        if (hb_str_eq(record->headers[i].name, HB_STR("ce_id"))) {
            snprintf(id, HB_ID_MAX + 1, "%.*s", HB_ARG(record->headers[i].value));
        }
    }
    fake.records[fake.records_count].ack = ack;
    fake.records[fake.records_count++].user = user;
    note("produce", id);
    return HB_OK;
}

void hb_marks_begin(struct hb_marks *marks)
{
    (void)marks;
    fake.added_count = 0;
}

enum hb_err hb_marks_add(struct hb_marks *marks, const struct hb_mark *mark)
{
    (void)marks;
    snprintf(fake.added_ids[fake.added_count], HB_ID_MAX + 1, "%.*s", HB_ARG(mark->id));
    fake.added[fake.added_count++] = *mark;
    return HB_OK;
}

enum hb_err hb_marks_check(struct hb_marks *marks, hb_marks_checked_fn *fn, void *user)
{
    (void)marks;
    if (fake.is_redis_away) {
        return HB_ERR_AWAY;
    }
    note("check", "");
    fake.checked = fn;
    fake.checked_user = user;
    fake.checked_count = fake.added_count;
    memcpy(fake.checked_ids, fake.added_ids, sizeof(fake.checked_ids));
    return HB_OK;
}

enum hb_err hb_marks_write(struct hb_marks *marks, hb_marks_written_fn *fn, void *user)
{
    (void)marks;
    if (fake.is_redis_away) {
        return HB_ERR_AWAY;
    }
    for (size_t i = 0; i < fake.added_count; i++) {
        note("mark", fake.added_ids[i]);
        fake.stored[fake.stored_count] = fake.added[i];
        memcpy(fake.stored_ids[fake.stored_count++], fake.added_ids[i], HB_ID_MAX + 1);
    }
    fake.written = fn;
    fake.written_user = user;
    return HB_OK;
}

/* Redis answers a check by what is stored. */
static void redis_answers_check(void)
{
    const unsigned char *digests[MANY] = {NULL};
    for (size_t i = 0; i < fake.checked_count; i++) {
        for (size_t k = 0; k < fake.stored_count; k++) {
            digests[i] = strcmp(fake.stored_ids[k], fake.checked_ids[i]) == 0 ? fake.stored[k].digest : digests[i];
        }
    }
    hb_marks_checked_fn *fn = fake.checked;
    fake.checked = NULL;
    fn(fake.checked_user, digests, fake.checked_count);
}

static void redis_fails_check(void)
{
    hb_marks_checked_fn *fn = fake.checked;
    fake.checked = NULL;
    fn(fake.checked_user, NULL, 0);
}

static void redis_answers_write(bool is_written)
{
    hb_marks_written_fn *fn = fake.written;
    fake.written = NULL;
    fn(fake.written_user, is_written);
}

static void kafka_answers(size_t record, enum hb_err err)
{
    note("ack", fake.records[record].id);
    fake.records[record].ack(fake.records[record].user, &(struct hb_kafka_ack){.err = err, .text = ""});
}

/* ---- a call in a test's hand ---- */

struct trial {
    struct hb_accept_call call;
    struct hb_accept_item items[8];
    int done;
};

static void trial_done(void *user)
{
    ((struct trial *)user)->done++;
}

static struct hb_event event_of(const char *id, const char *data)
{
    return (struct hb_event){.id = hb_str_c(id),
                             .store = HB_STR("shop"),
                             .type = HB_STR("order.created"),
                             .subject = HB_STR("1001"),
                             .data = hb_str_c(data),
                             .is_json = true,
                             .registry_stamp = HB_NO_STAMP};
}

static void trial_add(struct trial *trial, const char *id, const char *data)
{
    trial->items[trial->call.count++] = (struct hb_accept_item){.event = event_of(id, data), .has_own_id = true};
}

static struct trial *trial_new(void)
{
    struct trial *trial = test_calloc(1, sizeof(*trial));
    trial->call = (struct hb_accept_call){.items = trial->items, .done = trial_done, .user = trial};
    return trial;
}

static struct hb_accept *make(bool has_redis)
{
    static char kafka, marks;
    struct hb_accept *accept = NULL;
    memset(&fake, 0, sizeof(fake));
    fake.records_room = MANY;
    struct hb_accept_options options = {
        .kafka = (void *)&kafka, .marks = has_redis ? (void *)&marks : NULL, .topic_prefix = HB_STR("t.")};
    assert_int_equal(hb_accept_new(&options, &accept), HB_OK);
    return accept;
}

static struct trial *run_one(struct hb_accept *accept, const char *id, const char *data)
{
    struct trial *trial = trial_new();
    trial_add(trial, id, data);
    hb_accept_run(accept, &trial->call);
    return trial;
}

static void expect(struct trial *trial, size_t i, enum hb_accept_state item_state, enum hb_refusal refusal)
{
    assert_int_equal(trial->done, 1);
    assert_int_equal(trial->items[i].state, item_state);
    assert_int_equal(trial->items[i].refusal, refusal);
}

/* ---- promises ---- */

static void the_mark_is_written_after_kafka_s_acknowledgement_and_before_the_answer(void **state)
{
    (void)state;
    struct hb_accept *accept = make(true);
    struct trial *trial = run_one(accept, "a", "{}");
    redis_answers_check();
    assert_string_equal(fake.journal, "check produce:a ");
    kafka_answers(0, HB_OK);
    assert_string_equal(fake.journal, "check produce:a ack:a mark:a ");
    assert_int_equal(trial->done, 0);
    redis_answers_write(true);
    expect(trial, 0, HB_ACCEPT_ACCEPTED, HB_REFUSAL_NONE);
    assert_false(trial->call.is_dedup_off);
    test_free(trial);
    hb_accept_free(&accept);
}

static void a_process_killed_before_the_acknowledgement_leaves_no_mark_so_the_second_try_publishes(void **state)
{
    (void)state;
    struct hb_accept *accept = make(true);
    struct trial *first = run_one(accept, "a", "{}");
    redis_answers_check();
    /* The process ends here: Kafka has perhaps taken the record, nobody was told, and no mark may stand. */
    assert_null(strstr(fake.journal, "mark"));
    hb_accept_free(&accept);
    expect(first, 0, HB_ACCEPT_REFUSED, HB_REFUSAL_CLOSING);

    accept = make(true);
    struct trial *second = run_one(accept, "a", "{}");
    redis_answers_check();
    kafka_answers(0, HB_OK);
    redis_answers_write(true);
    expect(second, 0, HB_ACCEPT_ACCEPTED, HB_REFUSAL_NONE);
    test_free(first);
    test_free(second);
    hb_accept_free(&accept);
}

static void a_failed_acknowledgement_leaves_no_mark(void **state)
{
    (void)state;
    const struct {
        enum hb_err err;
        enum hb_refusal refusal;
    } rows[] = {{HB_ERR_TIMEOUT, HB_REFUSAL_KAFKA_TIMEOUT},
                {HB_ERR_TOO_LARGE, HB_REFUSAL_EVENT_TOO_LARGE},
                {HB_ERR_BROKER, HB_REFUSAL_KAFKA_REFUSED},
                {HB_ERR_DENIED, HB_REFUSAL_KAFKA_REFUSED},
                {HB_ERR_FATAL, HB_REFUSAL_KAFKA_REFUSED}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct hb_accept *accept = make(true);
        struct trial *trial = run_one(accept, "a", "{}");
        redis_answers_check();
        kafka_answers(0, rows[i].err);
        expect(trial, 0, HB_ACCEPT_REFUSED, rows[i].refusal);
        assert_null(strstr(fake.journal, "mark"));
        assert_int_equal(hb_accept_is_fatal(accept), rows[i].err == HB_ERR_FATAL);
        assert_int_equal(hb_accept_open_calls(accept), 0);
        test_free(trial);
        hb_accept_free(&accept);
    }
}

static void what_was_accepted_before_is_a_duplicate_with_the_same_body_and_a_conflict_with_another(void **state)
{
    (void)state;
    struct hb_accept *accept = make(true);
    struct trial *first = run_one(accept, "a", "{}");
    redis_answers_check();
    kafka_answers(0, HB_OK);
    redis_answers_write(true);
    struct trial *same = run_one(accept, "a", "{}");
    redis_answers_check();
    struct trial *other = run_one(accept, "a", "{ }");
    redis_answers_check();
    expect(same, 0, HB_ACCEPT_DUPLICATE, HB_REFUSAL_NONE);
    expect(other, 0, HB_ACCEPT_REFUSED, HB_REFUSAL_CONFLICT);
    assert_int_equal(fake.records_count, 1);
    test_free(first);
    test_free(same);
    test_free(other);
    hb_accept_free(&accept);
}

static void every_attribute_the_producer_gave_belongs_to_the_body_but_the_traceparent(void **state)
{
    (void)state;
    const struct {
        size_t offset;
        bool is_conflict;
    } rows[] = {{offsetof(struct hb_event, type), true},        {offsetof(struct hb_event, subject), true},
                {offsetof(struct hb_event, time), true},        {offsetof(struct hb_event, content_type), true},
                {offsetof(struct hb_event, changed), true},     {offsetof(struct hb_event, sequence), true},
                {offsetof(struct hb_event, traceparent), false}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct hb_accept *accept = make(true);
        struct trial *first = run_one(accept, "a", "{}");
        redis_answers_check();
        struct trial *second = trial_new();
        trial_add(second, "a", "{}");
        struct hb_str changed = HB_STR("other.type");
        memcpy((char *)&second->items[0].event + rows[i].offset, &changed, sizeof(changed));
        hb_accept_run(accept, &second->call);
        kafka_answers(0, HB_OK);
        redis_answers_write(true);
        expect(second, 0, rows[i].is_conflict ? HB_ACCEPT_REFUSED : HB_ACCEPT_DUPLICATE,
               rows[i].is_conflict ? HB_REFUSAL_CONFLICT : HB_REFUSAL_NONE);
        test_free(first);
        test_free(second);
        hb_accept_free(&accept);
    }
}

static void the_second_of_two_concurrent_requests_waits_for_the_first(void **state)
{
    (void)state;
    struct hb_accept *accept = make(true);
    struct trial *first = run_one(accept, "a", "{}");
    redis_answers_check();
    struct trial *same = run_one(accept, "a", "{}");
    struct trial *other = run_one(accept, "a", "[]");
    assert_null(fake.checked);
    assert_int_equal(fake.records_count, 1);
    kafka_answers(0, HB_OK);
    assert_int_equal(same->done + other->done, 0);
    redis_answers_write(true);
    expect(first, 0, HB_ACCEPT_ACCEPTED, HB_REFUSAL_NONE);
    expect(same, 0, HB_ACCEPT_DUPLICATE, HB_REFUSAL_NONE);
    expect(other, 0, HB_ACCEPT_REFUSED, HB_REFUSAL_CONFLICT);
    test_free(first);
    test_free(same);
    test_free(other);
    hb_accept_free(&accept);
}

static void when_the_first_fails_the_next_in_line_publishes(void **state)
{
    (void)state;
    struct hb_accept *accept = make(true);
    struct trial *first = run_one(accept, "a", "{}");
    redis_answers_check();
    struct trial *second = run_one(accept, "a", "[]");
    struct trial *third = run_one(accept, "a", "[]");
    kafka_answers(0, HB_ERR_TIMEOUT);
    expect(first, 0, HB_ACCEPT_REFUSED, HB_REFUSAL_KAFKA_TIMEOUT);
    test_free(first);
    assert_int_equal(fake.records_count, 2);
    kafka_answers(1, HB_OK);
    redis_answers_write(true);
    expect(second, 0, HB_ACCEPT_ACCEPTED, HB_REFUSAL_NONE);
    expect(third, 0, HB_ACCEPT_DUPLICATE, HB_REFUSAL_NONE);
    test_free(second);
    test_free(third);
    hb_accept_free(&accept);
}

static void the_same_id_twice_in_one_batch_ends(void **state)
{
    (void)state;
    struct hb_accept *accept = make(true);
    struct trial *trial = trial_new();
    trial_add(trial, "a", "{}");
    trial_add(trial, "b", "{}");
    trial_add(trial, "a", "{}");
    trial_add(trial, "a", "7");
    hb_accept_run(accept, &trial->call);
    redis_answers_check();
    kafka_answers(1, HB_OK);
    kafka_answers(0, HB_OK);
    redis_answers_write(true);
    expect(trial, 0, HB_ACCEPT_ACCEPTED, HB_REFUSAL_NONE);
    expect(trial, 1, HB_ACCEPT_ACCEPTED, HB_REFUSAL_NONE);
    expect(trial, 2, HB_ACCEPT_DUPLICATE, HB_REFUSAL_NONE);
    expect(trial, 3, HB_ACCEPT_REFUSED, HB_REFUSAL_CONFLICT);
    assert_int_equal(fake.records_count, 2);
    test_free(trial);
    hb_accept_free(&accept);
}

static void a_batch_that_hands_its_own_id_on_after_a_failure_ends(void **state)
{
    (void)state;
    struct hb_accept *accept = make(true);
    struct trial *trial = trial_new();
    trial_add(trial, "a", "{}");
    trial_add(trial, "a", "{}");
    hb_accept_run(accept, &trial->call);
    redis_answers_check();
    kafka_answers(0, HB_ERR_BROKER);
    kafka_answers(1, HB_OK);
    redis_answers_write(true);
    expect(trial, 0, HB_ACCEPT_REFUSED, HB_REFUSAL_KAFKA_REFUSED);
    expect(trial, 1, HB_ACCEPT_ACCEPTED, HB_REFUSAL_NONE);
    test_free(trial);
    hb_accept_free(&accept);
}

static void two_batches_with_the_same_ids_in_opposite_order_both_end(void **state)
{
    (void)state;
    struct hb_accept *accept = make(true);
    struct trial *first = trial_new(), *second = trial_new();
    trial_add(first, "a", "{}");
    trial_add(first, "b", "{}");
    trial_add(second, "b", "{}");
    trial_add(second, "a", "{}");
    trial_add(second, "c", "{}");
    hb_accept_run(accept, &first->call);
    redis_answers_check();
    hb_accept_run(accept, &second->call);
    redis_answers_check();
    assert_int_equal(fake.records_count, 3);
    kafka_answers(2, HB_OK);
    redis_answers_write(true);
    kafka_answers(0, HB_ERR_TIMEOUT); /* "a" goes over to the second call */
    kafka_answers(1, HB_OK);
    redis_answers_write(true);
    kafka_answers(3, HB_OK);
    redis_answers_write(true);
    expect(first, 0, HB_ACCEPT_REFUSED, HB_REFUSAL_KAFKA_TIMEOUT);
    expect(first, 1, HB_ACCEPT_ACCEPTED, HB_REFUSAL_NONE);
    expect(second, 0, HB_ACCEPT_DUPLICATE, HB_REFUSAL_NONE);
    expect(second, 1, HB_ACCEPT_ACCEPTED, HB_REFUSAL_NONE);
    expect(second, 2, HB_ACCEPT_ACCEPTED, HB_REFUSAL_NONE);
    test_free(first);
    test_free(second);
    hb_accept_free(&accept);
}

static void a_full_queue_refuses_the_rest_of_a_batch_in_order(void **state)
{
    (void)state;
    struct hb_accept *accept = make(false);
    struct trial *trial = trial_new();
    fake.records_room = 1;
    fake.is_full_once = true; /* even if there is room again: a later event must not overtake */
    trial_add(trial, "a", "{}");
    trial_add(trial, "b", "{}");
    trial_add(trial, "c", "{}");
    trial->items[2].has_own_id = false;
    hb_accept_run(accept, &trial->call);
    kafka_answers(0, HB_OK);
    expect(trial, 0, HB_ACCEPT_ACCEPTED, HB_REFUSAL_NONE);
    expect(trial, 1, HB_ACCEPT_REFUSED, HB_REFUSAL_OVERLOADED);
    expect(trial, 2, HB_ACCEPT_REFUSED, HB_REFUSAL_OVERLOADED);
    test_free(trial);
    hb_accept_free(&accept);
}

static void a_line_of_waiting_requests_ends_when_the_queue_is_full(void **state)
{
    (void)state;
    struct hb_accept *accept = make(true);
    struct trial *trials[20];
    for (size_t i = 0; i < 20; i++) {
        trials[i] = run_one(accept, "a", "{}");
    }
    fake.records_room = 0;
    redis_answers_check();
    for (size_t i = 0; i < 20; i++) {
        expect(trials[i], 0, HB_ACCEPT_REFUSED, HB_REFUSAL_OVERLOADED);
        test_free(trials[i]);
    }
    assert_int_equal(hb_accept_open_calls(accept), 0);
    hb_accept_free(&accept);
}

static void without_redis_publishing_goes_on_and_says_that_deduplication_is_off(void **state)
{
    (void)state;
    struct hb_accept *accept = make(true);
    fake.is_redis_away = true;
    struct trial *away = run_one(accept, "a", "{}");
    kafka_answers(0, HB_OK);
    expect(away, 0, HB_ACCEPT_ACCEPTED, HB_REFUSAL_NONE);
    assert_true(away->call.is_dedup_off);

    fake.is_redis_away = false;
    struct trial *silent = run_one(accept, "b", "{}");
    redis_fails_check();
    kafka_answers(1, HB_OK);
    redis_answers_write(true);
    expect(silent, 0, HB_ACCEPT_ACCEPTED, HB_REFUSAL_NONE);
    assert_true(silent->call.is_dedup_off);

    struct trial *unmarked = run_one(accept, "c", "{}");
    redis_answers_check();
    kafka_answers(2, HB_OK);
    redis_answers_write(false);
    expect(unmarked, 0, HB_ACCEPT_ACCEPTED, HB_REFUSAL_NONE);
    assert_true(unmarked->call.is_dedup_off);
    test_free(away);
    test_free(silent);
    test_free(unmarked);
    hb_accept_free(&accept);
}

static void a_made_id_is_neither_checked_nor_marked(void **state)
{
    (void)state;
    struct hb_accept *accept = make(true);
    struct trial *trial = trial_new();
    trial_add(trial, "evt_1", "{}");
    trial->items[0].has_own_id = false;
    hb_accept_run(accept, &trial->call);
    kafka_answers(0, HB_OK);
    expect(trial, 0, HB_ACCEPT_ACCEPTED, HB_REFUSAL_NONE);
    assert_string_equal(fake.journal, "produce:evt_1 ack:evt_1 ");
    assert_false(trial->call.is_dedup_off);
    test_free(trial);
    hb_accept_free(&accept);
}

static void refused_items_stay_refused_and_a_call_of_only_such_ends_at_once(void **state)
{
    (void)state;
    struct hb_accept *accept = make(true);
    struct trial *trial = trial_new();
    trial_add(trial, "a", "{}");
    trial->items[0].state = HB_ACCEPT_REFUSED;
    trial->items[0].refusal = HB_REFUSAL_INVALID_EVENT;
    hb_accept_run(accept, &trial->call);
    expect(trial, 0, HB_ACCEPT_REFUSED, HB_REFUSAL_INVALID_EVENT);
    assert_string_equal(fake.journal, "");
    test_free(trial);
    hb_accept_free(&accept);
}

/* Any order of answers: every call ends once, an id is published again only after a failure, nothing is marked that was
 * not acknowledged. */
static void any_order_of_answers_ends_every_call_once(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 2000; seed++) {
        static const char *const IDS[] = {"a", "b", "c"};
        struct hb_accept *accept = make(true);
        struct trial *trials[6];
        size_t started = 0, answered = 0;
        unsigned random = seed;
        while (started < 6 || answered < fake.records_count || fake.checked || fake.written) {
            random = random * 1103515245u + 12345u;
            unsigned choice = (random >> 16) % 4;
            if (choice == 0 && started < 6 && !fake.checked) {
                struct trial *trial = trials[started++] = trial_new();
                for (unsigned i = 0; i <= (random >> 20) % 3; i++) {
                    trial_add(trial, IDS[(random >> (22 + i)) % 3], (random >> (25 + i)) % 4 ? "{}" : "[]");
                }
                hb_accept_run(accept, &trial->call);
            } else if (choice == 1 && fake.checked) {
                if ((random >> 20) % 5) {
                    redis_answers_check();
                } else {
                    redis_fails_check();
                }
            } else if (choice == 2 && answered < fake.records_count && !fake.written && !fake.checked) {
                kafka_answers(answered++, (random >> 20) % 3 ? HB_OK : HB_ERR_TIMEOUT);
            } else if (choice == 3 && fake.written) {
                redis_answers_write((random >> 20) % 5 != 0);
            }
        }
        for (size_t i = 0; i < 6; i++) {
            assert_int_equal(trials[i]->done, 1);
            for (size_t k = 0; k < trials[i]->call.count; k++) {
                assert_int_not_equal(trials[i]->items[k].state, HB_ACCEPT_NEW);
            }
            test_free(trials[i]);
        }
        assert_int_equal(hb_accept_open_calls(accept), 0);
        hb_accept_free(&accept);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_mark_is_written_after_kafka_s_acknowledgement_and_before_the_answer),
        cmocka_unit_test(a_process_killed_before_the_acknowledgement_leaves_no_mark_so_the_second_try_publishes),
        cmocka_unit_test(a_failed_acknowledgement_leaves_no_mark),
        cmocka_unit_test(what_was_accepted_before_is_a_duplicate_with_the_same_body_and_a_conflict_with_another),
        cmocka_unit_test(every_attribute_the_producer_gave_belongs_to_the_body_but_the_traceparent),
        cmocka_unit_test(the_second_of_two_concurrent_requests_waits_for_the_first),
        cmocka_unit_test(when_the_first_fails_the_next_in_line_publishes),
        cmocka_unit_test(the_same_id_twice_in_one_batch_ends),
        cmocka_unit_test(a_batch_that_hands_its_own_id_on_after_a_failure_ends),
        cmocka_unit_test(two_batches_with_the_same_ids_in_opposite_order_both_end),
        cmocka_unit_test(a_full_queue_refuses_the_rest_of_a_batch_in_order),
        cmocka_unit_test(a_line_of_waiting_requests_ends_when_the_queue_is_full),
        cmocka_unit_test(without_redis_publishing_goes_on_and_says_that_deduplication_is_off),
        cmocka_unit_test(a_made_id_is_neither_checked_nor_marked),
        cmocka_unit_test(refused_items_stay_refused_and_a_call_of_only_such_ends_at_once),
        cmocka_unit_test(any_order_of_answers_ends_every_call_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
