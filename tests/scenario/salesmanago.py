"""A store's products in SALESmanago, from an event published to a product stored: rows 68 to 77 of docs/faults.md that need no kill, and what is
derived from the documentation. The simulator refuses by the documented rules; what it stores is what is compared."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from connected import PAUSED, RESUMED, ConnectedTest, deleted, main, stocked, updated  # noqa: E402
from harness import random_name, wait_until  # noqa: E402

SHAPES = ({"shape": "A"}, {"shape": "A", "messages": "array"}, {"shape": "B"}, {"shape": "B", "is_dotted": True, "stores_partly": True})


class Products(ConnectedTest):
    """What is sent of a product."""

    def test_a_product_is_stored_with_its_price_as_exact_decimal_text(self):
        self.connect()
        prices = {"1": ("19.90", "19.90"), "2": ("0", "0.00"), "3": ("0.1", "0.10"), "4": ("999999999999999.99", "999999999999999.99"), "5": ("1234567.8", "1234567.80")}
        self.publish(*(updated(key, price=given) for key, (given, _) in prices.items()))
        self.wait_count(len(prices))
        self.assertEqual({key: one["price"] for key, one in self.sim.products().items()}, {key: wanted for key, (_, wanted) in prices.items()})
        self.assertEqual(self.sim.doubts(), {})

    def test_a_cleared_discount_and_a_cleared_stock_number_are_set_to_null(self):
        self.connect()
        self.publish(updated("1", sale_price="9.90", brand="Wiosna", attributes={"color": "red", "season": "summer"}, description="<p>Opis</p>",
                             images=["https://cdn.example.com/1.jpg", "https://cdn.example.com/2.jpg"]))
        stored = self.wait_stored("1", discountPrice="9.90")
        self.assertEqual((stored["systemDetails"]["color"], stored["description"], stored["imageUrls"]), ("red", "Opis", ["https://cdn.example.com/2.jpg"]))
        self.publish(updated("1", 2, sale_price=None, stock={"available": True}))
        stored = self.wait_stored("1", name="2 Sukienka")
        for gone in ("discountPrice", "quantity", "description", "imageUrls", "mainImageUrl"):
            self.assertNotIn(gone, stored)
        self.assertFalse({"color", "season", "manufacturer"} & set(stored["systemDetails"]), stored)
        self.assertEqual(self.sim.doubts(), {})

    def test_a_field_whose_null_is_refused_with_17_leaves_the_list_and_the_product_is_not_dead(self):
        self.sim.settings(refuses_null=["season"])
        self.connect()
        self.publish(*(updated(key) for key in range(5)))
        self.wait_count(5)
        self.assertEqual(self.dead(), {})
        self.assertTrue([one for one in self.upserts() if one["codes"] == [17]])

    def test_text_is_cut_on_a_character_and_html_becomes_text(self):
        self.connect()
        dress = "\U0001f457"
        self.publish(updated("1", name="1 " + "x" * 252 + dress, description=f"<h1>Łódź</h1><script>x()</script> &lt;b&gt; {dress}", brand="m" * 101,
                             attributes={"color": "ż" * 24 + dress}))
        stored = self.wait_stored("1")
        self.assertEqual(stored["name"], "1 " + "x" * 252)
        self.assertEqual((stored["systemDetails"]["color"], len(stored["systemDetails"]["manufacturer"])), ("ż" * 24, 100))
        self.assertIn(f"<b> {dress}", stored["description"])
        self.assertNotIn("x()", stored["description"])
        wait_until("it is said to be trimmed", lambda: self.status()["trimmed"] >= 1, 20)
        self.assertEqual(self.sim.doubts(), {})

    def test_variants_with_an_address_of_their_own_are_products_and_go_off_when_they_are_gone(self):
        self.connect()
        variants = [{"id": f"1-{size}", "url": f"https://shop.example.com/p/1/{size}", "price": "5.00", "stock": {"available": True, "quantity": 3}} for size in "SML"]
        folded = {"id": "1-X", "price": "5.00"}
        self.publish(updated("1", variants=[*variants, folded]))
        self.wait_count(4)
        self.assertEqual(set(self.sim.products()), {"1", "1-S", "1-M", "1-L"})
        self.publish(updated("1", 2, variants=variants[1:]))
        self.wait_stored("1", name="2 Sukienka")
        self.wait_stored("1-S", available=False, active=False)
        self.assertTrue(self.sim.product("1-M")["available"])

    def test_inventory_of_a_known_product_changes_its_stock_and_that_of_an_unknown_one_waits(self):
        self.connect()
        self.publish(updated("1"), stocked("2", 5))
        self.publish(stocked("1", 77))
        self.wait_stored("1", quantity=77, available=True)
        self.publish(stocked("1", 0))
        self.wait_stored("1", quantity=0, available=False)
        self.assertEqual(set(self.sim.products()), {"1"})
        self.publish(updated("2", 2, stock={"available": True, "quantity": 2}))
        self.wait_stored("2")

    def test_a_product_that_breaks_a_documented_rule_is_dead_with_its_field_and_never_sent(self):
        self.connect()
        self.publish(updated("1"), updated("2", url="https://localhost/p/2"), updated("3", price="-1.00"), updated("4"))
        self.wait_stored("4")
        dead = wait_until("two are dead", lambda: len(self.dead()) == 2 and self.dead(), 20)
        self.assertEqual({key: one["field"] for key, one in dead.items()}, {"2": "productUrl", "3": "price"})
        self.assertEqual(self.sim.refusals(), [])
        self.publish(updated("2", 2))
        self.wait_stored("2")
        wait_until("a newer accepted version clears it", lambda: set(self.dead()) == {"3"}, 20)

    def test_two_stores_with_their_own_accounts_are_sent_side_by_side_one_request_a_catalog(self):
        second = f"t{random_name()}"
        self.bus.add_store(second)
        self.sim.add_key("key2", "two")
        catalog = self.sim.add_catalog("two")
        self.sim.settings(answer_ms=150)
        self.connect()
        self.connect(store=second, key="key2", catalog=catalog)
        for version in (1, 2, 3):
            self.publish(*(updated(key, version) for key in range(150)))
            self.publish(*(updated(key, version) for key in range(150)), store=second)
        for name in (self.sim.catalog, catalog):
            wait_until(f"{name} is whole", lambda: [one["name"] for one in self.sim.products(name).values()] == ["3 Sukienka"] * 150, 40)
            self.assertEqual(self.sim.most_in_flight(name), 1, "one request in flight a catalog")
        self.assertEqual(self.sim.backs(), [])


class Answers(ConnectedTest):
    """Rows 68 to 70, and every answer of the outcome table."""

    def test_connected_then_published_at_once_everything_arrives(self):
        for _ in range(5):
            sim, store = self.another()
            self.connect(sim, store, is_waiting=False)
            self.publish(*(updated(key) for key in range(30)), store=store)
            self.wait_count(30, sim, limit_s=15)

    def test_200_with_warnings_is_success_and_they_are_counted(self):
        self.sim.settings(trims={"name": 6})
        self.connect()
        self.publish(*(updated(key) for key in range(3)))
        self.wait_stored("2", name="1 Suki")
        wait_until("the warnings are counted", lambda: self.status()["trimmed"] >= 3, 20)
        self.wait_quiet()
        self.assertEqual(self.dead(), {})
        self.assertEqual(sum(one["items"] for one in self.upserts()), 3, "nothing is sent again for a warning")

    def test_200_with_other_problems_is_a_failure_of_those(self):
        self.sim.inject("problems", status=200, problems=[[18, "categories|Not as it should be"]], product="7")
        self.connect()
        self.publish(*(updated(key) for key in range(20)))
        dead = wait_until("it is dead", self.dead, 20)
        self.wait_count(19)
        self.assertEqual([(key, one["code"], one["field"]) for key, one in dead.items()], [("7", 18, "categories")])
        self.assertNotIn("7", self.sim.products())

    def test_one_poison_of_100_is_found_in_at_most_10_requests_whatever_the_shape_of_the_error(self):
        for number, settings in enumerate(SHAPES):
            with self.subTest(**settings):
                sim, store = self.another()
                sim.settings(poison=[{"ids": ["p57"], "code": 11, "message": "color|min:0|max:25|Too long a colour"}], **settings)
                self.connect(sim, store)
                self.publish(*(updated(f"p{key}") for key in range(100)), store=store)
                dead = wait_until("one is dead", lambda: self.dead(store), 30)
                self.wait_count(99, sim)
                self.wait_quiet(store)
                self.assertLessEqual(len(self.upserts(sim=sim)), 10)
                self.assertEqual(self.upserts(sim=sim)[0]["items"], 100, "all in one request")
                self.assertEqual([(key, one["code"]) for key, one in dead.items()], [("p57", 11)])
                self.assertIn("color", dead["p57"]["field"])
                self.assertIn("Too long a colour", dead["p57"]["words"])
                self.assertNotIn("p57", sim.products())

    def test_ten_poisons_of_100_are_found_in_at_most_75_requests(self):
        bad = [f"p{key}" for key in (0, 9, 13, 27, 28, 44, 60, 71, 98, 99)]
        self.sim.settings(poison=[{"ids": [key], "code": (11, 13, 14, 15, 18)[n % 5], "message": f"{('name', 'color:string', 'season')[n % 3]}|No"} for n, key in enumerate(bad)])
        self.connect()
        self.publish(*(updated(f"p{key}") for key in range(100)))
        wait_until("ten are dead", lambda: set(self.dead()) == set(bad), 40)
        self.wait_count(90)
        self.wait_quiet()
        self.assertLessEqual(len(self.upserts()), 75)
        self.assertEqual(set(self.sim.products()), {f"p{key}" for key in range(100)} - set(bad))

    def test_413_is_split_by_size_until_all_is_delivered_but_what_is_too_large_alone(self):
        self.sim.settings(bytes_max=20_000)
        self.connect()
        self.publish(*(updated(key, description="opis " * 200) for key in range(100)), updated("big", description="ż" * 15_000))
        self.wait_count(100, limit_s=40)
        dead = wait_until("the one that is too large by itself is dead", self.dead, 40)
        self.assertEqual(set(dead), {"big"})
        self.assertEqual(set(self.sim.products()), {str(key) for key in range(100)})

    def test_timeout_on_big_batch_is_split_by_size(self):
        self.sim.inject("hang", over=30, stores=False)
        self.connect()
        self.publish(*(updated(key) for key in range(100)))
        self.wait_count(100, limit_s=60)
        self.assertEqual(self.dead(), {})
        self.assertLessEqual(max(one["items"] for one in self.upserts() if one["status"] == 200), 30)

    def test_answers_that_nobody_can_read_are_tried_again_and_nothing_is_dead_for_them(self):
        for do, more in (("junk", {}), ("empty", {}), ("half", {}), ("close", {}), ("status", {"status": 502}), ("status", {"status": 404}),
                         ("status", {"status": 500, "body": ""}), ("status", {"status": 302, "headers": {"Location": "https://example.com/"}})):
            self.sim.inject(do, times=1, **more)
        self.connect()
        self.publish(*(updated(key) for key in range(10)))
        self.wait_count(10, limit_s=40)
        self.wait_quiet()
        self.assertEqual(self.dead(), {})
        self.assertLessEqual(len(self.upserts()), 8 + 10, "eight that failed; what was searched for in vain meanwhile goes out in some small ones")

    def test_an_id_that_is_missing_in_the_answer_was_not_accepted(self):
        self.sim.inject("missing", ids=["3"], times=1, stores=False)
        self.connect()
        self.publish(*(updated(key) for key in range(10)))
        self.wait_stored("3")
        self.assertEqual(self.dead(), {})
        self.sim.inject("missing", ids=["4"], stores=False)
        self.publish(*(updated(key, 2) for key in range(10)))
        dead = wait_until("it is dead after a second time", self.dead, 20)
        self.assertEqual([(key, one["reason"]) for key, one in dead.items()], [("4", "not_confirmed")])

    def test_a_dead_product_is_replayed_in_its_current_version_and_cleared_by_a_newer_one(self):
        self.sim.settings(poison=[{"ids": ["1", "2"], "code": 18, "message": "name|No"}])
        self.connect()
        self.publish(*(updated(key) for key in range(40)))
        wait_until("two are dead", lambda: set(self.dead()) == {"1", "2"}, 20)
        self.sim.settings(poison=[])
        self.publish(updated("2", 2))
        wait_until("one is cleared", lambda: set(self.dead()) == {"1"}, 20)
        self.publish(stocked("1", 9))
        self.wait_stored("1", quantity=9)
        wait_until("none is dead", lambda: not self.dead(), 20)
        self.sim.settings(poison=[{"ids": ["3"], "code": 18, "message": "name|No"}])
        self.publish(updated("3", 5))
        wait_until("dead again", lambda: set(self.dead()) == {"3"}, 20)
        self.sim.settings(poison=[])
        self.replay(["3"])
        self.wait_stored("3", name="5 Sukienka")
        wait_until("none is dead", lambda: not self.dead(), 20)

    def another(self):
        """A simulator and a store more."""
        sim, store = self.simulator(), f"t{random_name()}"
        self.bus.add_store(store)
        self.addCleanup(lambda: self.call("DELETE", store=store, expect=None))
        return sim, store


class Order(ConnectedTest):
    """Rows 71, 73, 74 and 75 without kills."""

    def test_same_product_twice_in_window_is_sent_once_in_its_last_version(self):
        self.connect()
        self.publish(*(updated("1", version) for version in range(1, 6)), updated("2"))
        self.wait_stored("1", name="5 Sukienka")
        self.wait_quiet()
        self.assertEqual((sum(one["items"] for one in self.upserts()), self.sim.versions("1")), (2, {"1": [[5, 5]]}))

    def test_update_while_request_runs_the_last_version_wins_and_no_older_one_overtakes(self):
        self.sim.settings(answer_ms=1000, applies="end")
        self.connect()
        for version in range(1, 40):  # product and stock are two topics: which is newer only their times say
            self.publish({**updated("1", version, stock={"available": True, "quantity": 2 * version}), "time": f"2026-01-01T00:00:{version:02}Z"},
                         updated("2", version), {**stocked("1", 2 * version + 1), "time": f"2026-01-01T00:00:{version:02}.5Z"})
            time.sleep(0.08)  # changes keep coming while requests run: that is the case
        self.wait_stored("1", name="39 Sukienka", quantity=79)
        self.wait_stored("2", name="39 Sukienka")
        self.assertEqual((self.sim.backs(), self.sim.most_in_flight()), ([], 1))
        self.assertLess(len(self.sim.versions("1")["1"]), 10, "changes while a request runs become one")

    def test_a_full_sync_among_changes_brings_back_what_was_lost_there_and_nothing_older(self):
        self.connect()
        self.publish(*(updated(key) for key in range(300)))
        self.wait_count(300)
        self.sim.sim("reset", {"versions": {"product": "name"}})  # SALESmanago was emptied
        self.sim.add_key(self.sim.key)
        self.sim.add_catalog(id=self.sim.catalog)
        self.sim.settings(answer_ms=100, applies="end")
        self.sync()
        for version in range(2, 30):
            self.publish(*(updated(key, version) for key in range(0, 300, 50)))
            time.sleep(0.05)
        wait_until("all are back, the changed ones as they are now", lambda: self.names() == {str(key): f"{29 if key % 50 == 0 else 1} Sukienka" for key in range(300)}, 40)
        self.assertEqual((self.sim.backs(), self.sim.most_in_flight()), ([], 1))
        wait_until("the sync says that it is done", lambda: (self.status().get("sync") or {}).get("state") == "done", 20)

    def test_accepted_but_reply_lost_is_sent_again_with_the_same_state(self):
        self.sim.inject("close", stores=True, times=1)
        self.sim.inject("hang", stores=True, times=1)
        self.connect()
        self.publish(*(updated(key) for key in range(5)))
        wait_until("sent a third time", lambda: len(self.upserts()) == 3, 20)
        self.wait_quiet()
        self.assertEqual((self.names(), self.dead(), self.sim.backs()), ({str(key): "1 Sukienka" for key in range(5)}, {}, []))
        self.assertEqual([one["items"] for one in self.upserts()], [5, 5, 5])

    def test_linger_a_single_product_goes_out_within_the_linger(self):
        self.connect()
        self.publish(updated("first"))
        self.wait_stored("first")
        begun = time.time()
        self.publish(updated("1"))
        self.wait_stored("1")
        self.assertLess(self.upserts()[-1]["at"] - begun, 0.7 + 0.5, "the linger, and half a second for the catalog's transaction on a busy machine")

    def test_product_deleted_is_turned_off_and_no_stale_upsert_comes_after_it(self):
        self.connect()
        at = ("2026-01-01T00:00:01Z", "2026-01-01T00:00:02Z", "2026-01-01T00:00:03Z")
        variants = [{"id": "1-S", "url": "https://shop.example.com/p/1/s", "price": "5.00"}]
        self.publish({**updated("1", variants=variants), "time": at[0]})
        self.wait_count(2)
        self.publish({**deleted("1"), "time": at[2]})
        for key in ("1", "1-S"):
            self.wait_stored(key, available=False, active=False)
        self.publish({**updated("1", 2, variants=variants), "time": at[1]}, {**stocked("1", 50), "time": "2026-01-01T00:00:04Z"}, updated("last"))
        self.wait_stored("last")
        self.sync()
        wait_until("the sync is done", lambda: (self.status().get("sync") or {}).get("state") == "done", 20)
        for key in ("1", "1-S"):
            self.assertEqual([self.sim.product(key)[name] for name in ("available", "active")], [False, False])
        self.publish({**updated("1", 3), "time": "2026-01-01T00:00:05Z"})
        self.wait_stored("1", available=True, active=True, name="3 Sukienka")


class Trouble(ConnectedTest):
    """Rows 72, 76 and 77."""

    def test_429_pauses_kafka_buffers_and_it_resumes_with_nothing_dropped(self):
        self.connect()
        self.publish(updated("first"))
        self.wait_stored("first")
        after = self.sim.last_number()
        fault = self.sim.inject("status", status=429, retry_after=1)
        self.publish(*(updated(key) for key in range(250)))
        wait_until("it was told 429", lambda: self.upserts(after), 10)
        wait_until("the lag is seen", lambda: self.status()["waiting"] + self.status()["lag"] >= 250, 15)
        wait_until("asked three times", lambda: len(self.upserts(after)) >= 3, 20)
        at = [one["at"] for one in self.upserts(after)]
        self.assertGreaterEqual(min(b - a for a, b in zip(at, at[1:])), 1.0, "not before Retry-After")
        self.publish(*(updated(key, 2) for key in range(50)))
        self.sim.heal(fault)
        wait_until("all is there", lambda: self.names() == {"first": "1 Sukienka", **{str(key): f"{2 if key < 50 else 1} Sukienka" for key in range(250)}}, 30)
        self.assertEqual((self.dead(), self.sim.backs()), ({}, []))
        self.wait_quiet()

    def test_two_stores_one_key_revoked_the_others_products_arrive_and_the_first_is_complete_after_resume(self):
        second = f"t{random_name()}"
        self.bus.add_store(second)
        self.addCleanup(lambda: self.call("DELETE", store=second, expect=None))
        other = self.simulator()
        self.connect()
        self.connect(other, second)
        self.publish(*(updated(key) for key in range(10)))
        self.wait_count(10)
        self.sim.revoke("key1")
        self.publish(*(updated(key, 2) for key in range(250)))
        paused = self.wait_paused("key_refused")
        self.assertEqual(paused["code"], 10)
        begun = time.time()
        self.publish(*(updated(key, 3) for key in range(20)), store=second)
        self.wait_count(20, other)
        self.assertLess(max(one["at"] for one in self.upserts(sim=other)) - begun, 0.7 + 0.5, "within the linger")
        asked = len(self.upserts())
        self.publish(*(updated(key, 4) for key in range(5)))
        self.publish(updated("last"), store=second)
        self.wait_stored("last", other)
        self.assertEqual(len(self.upserts()), asked, "a paused one asks nothing")
        wait_until("one notice", lambda: len(self.notices(PAUSED)) == 1, 10)
        self.sim.add_key("fresh")
        self.connect(key="fresh")
        wait_until("complete", lambda: self.names() == {str(key): f"{4 if key < 5 else 2} Sukienka" for key in range(250)}, 30)
        wait_until("and told", lambda: self.notices(RESUMED), 10)
        self.assertEqual((self.dead(), self.sim.backs(), len(self.notices(PAUSED))), ({}, [], 1))

    def test_a_401_pauses_as_a_refused_key_does_and_nothing_is_lost(self):
        self.connect()
        fault = self.sim.inject("status", status=401)
        self.publish(*(updated(key) for key in range(10)))
        self.wait_paused("key_refused")
        self.sim.heal(fault)
        self.resume()
        self.wait_count(10)

    def test_an_unknown_catalog_and_a_limit_of_the_account_pause(self):
        self.connect()
        for problems, reason in (([[16, "catalogId|Not known"]], "catalog_unknown"), ([[19, "products|limit:3|Too many"]], "over_limit")):
            fault = self.sim.inject("problems", status=400, problems=problems)
            self.publish(*(updated(f"{reason}{key}") for key in range(10)))
            self.wait_paused(reason)
            self.assertEqual(self.dead(), {})
            self.sim.heal(fault)
            self.resume()
            self.wait_stored(f"{reason}9")
        self.assertEqual(len(self.sim.products()), 20)

    def test_mapping_refused_pauses_with_the_fields_name_instead_of_killing_the_catalog(self):
        self.sim.settings(poison=[{"field": "mainCategory", "contains": "", "code": 18, "message": "mainCategory|Not as we want it"}])
        self.connect()
        self.publish(*(updated(key) for key in range(500)))
        paused = self.wait_paused("mapping_refused")
        self.assertEqual((paused["field"], paused["code"]), ("mainCategory", 18))
        self.assertLessEqual(len(self.dead()), 20)
        self.assertEqual(self.sim.products(), {})
        self.sim.settings(poison=[])
        self.resume()
        self.replay()
        self.wait_count(500, limit_s=40)
        wait_until("nobody is dead", lambda: not self.dead(), 20)

    def test_paused_by_hand_nothing_is_sent_and_resume_sends_the_newest_of_each_once(self):
        self.connect()
        self.publish(updated("first"))
        self.wait_stored("first")
        self.pause()
        asked = len(self.upserts())
        for version in range(1, 6):
            self.publish(*(updated(key, version) for key in range(120)))
        other = f"t{random_name()}"
        self.bus.add_store(other)
        self.connect(store=other)
        self.publish(updated("other"), store=other)
        self.wait_stored("other")
        self.call("DELETE", store=other)
        self.assertEqual(len(self.upserts()), asked + 1)
        self.resume()
        self.wait_stored("119", name="5 Sukienka")
        self.wait_quiet()
        self.assertEqual([len(self.sim.versions(str(key))[str(key)]) for key in range(120)], [1] * 120)
        self.assertEqual(len(self.upserts()), asked + 3)

    def test_many_stores_that_hang_delay_no_other(self):
        slow = self.simulator()
        slow.inject("hang", stores=False)
        for _ in range(5):
            store = f"h{random_name()}"
            self.bus.add_store(store)
            self.addCleanup(lambda store=store: self.call("DELETE", store=store, expect=None))
            self.connect(slow, store)
            self.publish(*(updated(key) for key in range(20)), store=store)
        self.connect()
        self.publish(updated("first"))
        self.wait_stored("first")
        begun = time.time()
        self.publish(updated("1"))
        self.wait_stored("1")
        self.assertLess(self.upserts()[-1]["at"] - begun, 0.7 + 0.5)


class Rests(ConnectedTest):
    is_shared = False
    config = {"salesmanago_detach_after_ms": 300, "salesmanago_retry_first_ms": 800}

    def test_after_a_long_rest_with_nothing_left_to_send_it_is_attached_and_a_replay_goes_on(self):
        for role in ("catalog", "salesmanago"):
            self.start(role)
        self.connect()
        self.sim.settings(poison=[{"ids": ["1"], "code": 18, "message": "name|No"}])
        self.publish(updated("1"), updated("2"))
        self.wait_stored("2")
        wait_until("1 is dead", self.dead, 30)
        self.sim.settings(poison=[])
        self.sim.inject("status", status=503, times=1)
        self.replay()
        self.wait_stored("1")
        wait_until("it is attached", lambda: self.status()["detached"] == 0, 30)


class Reconnected(ConnectedTest):
    is_shared = False
    config = {"salesmanago_timeout_ms": 8000}

    def test_an_answer_to_the_former_key_does_not_pause_who_has_a_new_one(self):
        for role in ("catalog", "salesmanago"):
            self.start(role)
        self.connect()
        self.sim.inject("status", status=401, times=1, delay_ms=6000)
        self.publish(updated("1"))
        wait_until("a request runs", lambda: self.sim.in_flight() > 0, 30)
        self.sim.add_key("key2")
        self.sim.key = "key2"
        self.connect(is_waiting=False)
        self.wait_stored("1")
        self.assertEqual(self.status()["status"], "active")


if __name__ == "__main__":
    main()
