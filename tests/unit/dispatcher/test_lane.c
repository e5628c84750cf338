#include "dispatcher/lane.h"
#include "fakes/fake_http_client.h"
#include "fakes/fake_registry.h"
#include "unit/dispatcher/check.h"

struct desk {
    struct hb_lanes lanes;
    struct hb_http_client *http;
};

static int setup(void **state)
{
    struct desk *desk = calloc(1, sizeof *desk);
    assert_non_null(desk);
    desk->http = fake_http_client_new();
    hb_lanes_init(&desk->lanes, desk->http, desk, 4, 64);
    *state = desk;
    return 0;
}

static int teardown(void **state)
{
    struct desk *desk = *state;
    hb_lanes_deinit(&desk->lanes);
    hb_http_client_free(&desk->http);
    free(desk);
    return fake_http_targets() != 0 || fake_webhooks() != 0;
}

static struct hb_lane *lane_of(struct desk *desk, const char *id, const char *store, const char *url)
{
    struct hb_webhook *webhook = fake_webhook_new(&(struct fake_webhook){.id = id, .store = store, .url = url});
    struct hb_lane *lane = NULL;
    assert_int_equal(hb_lanes_get(&desk->lanes, webhook, &lane), HB_OK);
    hb_webhook_unref(&webhook); /* the lane has its own reference */
    return lane;
}

static void change(struct desk *desk, const char *id, const char *store, const char *url)
{
    struct hb_webhook *webhook = fake_webhook_new(&(struct fake_webhook){.id = id, .store = store, .url = url});
    hb_lanes_change(&desk->lanes, webhook);
    hb_webhook_unref(&webhook);
}

static void prepare(struct desk *desk, struct hb_lane *lane)
{
    struct hb_error error = {.text = ""};
    assert_int_equal(hb_lane_prepare(&desk->lanes, lane, &error), HB_OK);
}

static void a_webhook_has_one_lane_a_store_one_stall_a_destination_one_host(void **state)
{
    struct desk *desk = *state;
    struct hb_lane *a = lane_of(desk, "wh_a", "s", "http://x.example/a"), *b = lane_of(desk, "wh_b", "s", "http://x.example/b");
    struct hb_lane *c = lane_of(desk, "wh_c", "t", "http://y.example/c");
    assert_ptr_equal(a, lane_of(desk, "wh_a", "s", "http://x.example/a"));
    assert_ptr_equal(a->stall, b->stall);
    assert_ptr_not_equal(a->stall, c->stall);
    prepare(desk, a);
    prepare(desk, b);
    prepare(desk, c);
    assert_ptr_equal(a->host, b->host);
    assert_ptr_not_equal(a->host, c->host);
    assert_ptr_equal(a->owner, desk);
    assert_non_null(a->hmacs[0]);
}

static void a_change_counts_from_the_next_preparation_on(void **state)
{
    struct desk *desk = *state;
    struct hb_lane *lane = lane_of(desk, "wh_a", "s", "http://x.example/a");
    prepare(desk, lane);
    struct hb_http_target *old = hb_http_target_ref(lane->target); /* as a request under way has it */
    change(desk, "wh_a", "s", "http://y.example/new");
    assert_null(lane->target);
    assert_null(lane->hmacs[0]);
    assert_true(hb_str_eq(lane->webhook->url, HB_STR("http://y.example/new")));
    prepare(desk, lane);
    assert_true(hb_str_eq(hb_http_target_host(lane->target), HB_STR("y.example")));
    assert_ptr_equal(lane, lane_of(desk, "wh_a", "s", "http://y.example/new")); /* still found by its id */
    hb_http_target_unref(&old);
    change(desk, "wh_unknown", "s", "http://z.example/"); /* has no lane: nothing happens */
}

static void what_is_in_flight_counts_where_the_lane_is_now(void **state)
{
    struct desk *desk = *state;
    struct hb_lane *a = lane_of(desk, "wh_a", "s", "http://x.example/a"), *b = lane_of(desk, "wh_b", "s", "http://x.example/b");
    prepare(desk, a);
    prepare(desk, b);
    struct hb_host *old = a->host;
    a->in_flight = 3;
    b->in_flight = 1;
    old->in_flight = 4;
    change(desk, "wh_a", "s", "http://y.example/a");
    prepare(desk, a);
    assert_int_equal(old->in_flight, 1);
    assert_int_equal(a->host->in_flight, 3);
    assert_ptr_equal(desk->lanes.left, old); /* it has slots now for others */
    desk->lanes.left = NULL;
    change(desk, "wh_a", "s", "http://y.example/other-path");
    prepare(desk, a);
    assert_int_equal(a->host->in_flight, 3); /* the same destination: nothing moves */
    assert_null(desk->lanes.left);
    change(desk, "wh_b", "s", "http://y.example/b");
    prepare(desk, b);
    assert_ptr_equal(a->host, b->host);
    assert_int_equal(a->host->in_flight, 4);
    assert_null(desk->lanes.left); /* the old host is gone with its last lane */
    a->in_flight = b->in_flight = 0;
    a->host->in_flight = 0;
}

static void an_unusable_url_leaves_the_lane_as_it_was(void **state)
{
    struct desk *desk = *state;
    struct hb_error error = {.text = ""};
    struct hb_lane *lane = lane_of(desk, "wh_a", "s", "bad:url");
    assert_int_equal(hb_lane_prepare(&desk->lanes, lane, &error), HB_ERR_INVALID);
    assert_true(error.text[0] && !lane->target && !lane->host && !lane->hmacs[0]);
    change(desk, "wh_a", "s", "http://x.example/");
    prepare(desk, lane);
    change(desk, "wh_a", "s", "bad:again");
    assert_int_equal(hb_lane_prepare(&desk->lanes, lane, &error), HB_ERR_INVALID);
    assert_non_null(lane->host); /* what is in flight ends there */
}

static void who_leaves_the_line_before_a_host_leaves_its_end_right(void **state)
{
    struct desk *desk = *state;
    struct hb_lane *a = lane_of(desk, "wh_a", "s", "http://x.example/a"),
                   *b = lane_of(desk, "wh_b", "s", "http://x.example/b");
    struct hb_lane *c = lane_of(desk, "wh_c", "s", "http://x.example/c");
    prepare(desk, a);
    prepare(desk, b);
    prepare(desk, c);
    struct hb_host *host = a->host;
    a->is_host_blocked = b->is_host_blocked = true;
    host->blocked = a;
    a->next_blocked = host->last_blocked = b;
    hb_lanes_drop(&desk->lanes, b);
    assert_ptr_equal(host->last_blocked, a); /* the next one that waits stands behind it, not behind what is freed */
    assert_null(a->next_blocked);
    hb_lanes_drop(&desk->lanes, a);
    assert_null(host->blocked);
    hb_lanes_drop(&desk->lanes, c);
}

static void a_dropped_lane_takes_its_stall_and_host_with_it(void **state)
{
    struct desk *desk = *state;
    struct hb_lane *a = lane_of(desk, "wh_a", "s", "http://x.example/a"), *b = lane_of(desk, "wh_b", "s", "http://x.example/b");
    prepare(desk, a);
    prepare(desk, b);
    a->is_host_blocked = true;
    a->host->blocked = a->host->last_blocked = a;
    hb_lanes_drop(&desk->lanes, a);
    assert_null(b->host->blocked);
    assert_int_equal(b->host->lanes, 1);
    assert_int_equal(b->stall->lanes, 1);
    hb_lanes_drop(&desk->lanes, b);
    assert_null(hb_map_get(&desk->lanes.hosts, HB_STR("x.example")));
    assert_null(hb_map_get(&desk->lanes.stalls, HB_STR("s")));
    assert_int_equal(fake_webhooks(), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
static void the_lane_of_a_deleted_webhook_goes_once_it_is_idle(void **state)
{
    struct desk *desk = *state;
    struct hb_lane *busy = lane_of(desk, "wh_a", "s", "http://x.example/a");
    (void)lane_of(desk, "wh_b", "s", "http://x.example/b");
    for (int i = 0; i < 2; i++) {
        struct fake_webhook deleted = {.id = i ? "wh_b" : "wh_a", .store = "s", .url = "http://x.example/a", .status = HB_WEBHOOK_DELETED};
        struct hb_webhook *webhook = fake_webhook_new(&deleted);
        hb_lanes_change(&desk->lanes, webhook);
        hb_webhook_unref(&webhook);
    }
    (void)lane_of(desk, "wh_c", "s", "http://x.example/c"); /* active: stays */
    busy->in_flight = 1;
    hb_lanes_forget_deleted(&desk->lanes);
    assert_int_equal(desk->lanes.by_webhook.count, 2);
    busy->in_flight = 0;
    hb_lanes_forget_deleted(&desk->lanes);
    assert_int_equal(desk->lanes.by_webhook.count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {T(a_webhook_has_one_lane_a_store_one_stall_a_destination_one_host),
                                       T(a_change_counts_from_the_next_preparation_on),
                                       T(what_is_in_flight_counts_where_the_lane_is_now),
                                       T(an_unusable_url_leaves_the_lane_as_it_was),
                                       T(who_leaves_the_line_before_a_host_leaves_its_end_right),
                                       T(a_dropped_lane_takes_its_stall_and_host_with_it),
                                       T(the_lane_of_a_deleted_webhook_goes_once_it_is_idle)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
