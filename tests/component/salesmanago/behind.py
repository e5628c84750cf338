"""A connector that is behind: within the smallest limits of memory it is detached, reads what it missed in several rounds, and nobody else waits."""
import os
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
from connected import ConnectedTest, deleted, main, updated  # noqa: E402
from harness import random_name, wait_until  # noqa: E402

# A hundred products in memory, rings of 64, a thousand products to a round of a walk.
CONFIG = {"salesmanago_behind_max": 100, "salesmanago_ring_slots": 64, "salesmanago_walk_products_max": 1000, "salesmanago_linger_ms": 300,
          "salesmanago_timeout_ms": 2000}


class Behind(ConnectedTest):
    config = CONFIG

    def log(self, event, store=None):
        return [line for line in self.role("salesmanago").log_lines() if line.get("event") == event and line.get("store") == (store or self.store)]

    def wait_names(self, wanted, sim=None, limit_s=60):
        def look():
            names = self.names(sim)
            return all(names.get(key) == name for key, name in wanted.items())
        wait_until("each product is stored in its newest version", look, limit_s)

    def test_more_than_may_wait_is_read_again_in_rounds_and_nothing_goes_back_while_it_changes_on(self):
        self.sim.settings(answer_ms=60)
        self.connect()
        count = 2500
        self.publish(*(updated(key) for key in range(count)))
        wait_until("it is detached", lambda: self.log("connector_detached"), 30)
        self.publish(*(updated(key, 2) for key in range(0, count, 3)))
        for version in range(3, 8):  # while it walks, a few change all the time
            self.publish(*(updated(key, version) for key in range(0, 60)))
            time.sleep(0.4)
        wanted = {str(key): f"{7 if key < 60 else 2 if key % 3 == 0 else 1} Sukienka" for key in range(count)}
        self.wait_names(wanted, limit_s=120)
        self.wait_quiet(limit_s=60)
        self.assertEqual(self.sim.backs(), [])
        self.assertEqual(self.dead(), {})
        self.assertTrue(self.log("connector_walk"))

    def test_a_store_that_is_behind_delays_no_other(self):
        other, other_sim = f"s{random_name()}", self.simulator(key="key2", catalog="catalog-2")
        self.bus.add_store(other)
        self.connect(sim=other_sim, store=other)
        self.sim.settings(answer_ms=1500)
        self.connect()
        self.publish(*(updated(key) for key in range(1500)))
        wait_until("it is detached", lambda: self.log("connector_detached"), 30)
        for number in range(5):
            began = time.monotonic()
            self.publish(updated(f"o{number}"), store=other)
            self.wait_stored(f"o{number}", other_sim, name="1 Sukienka", limit_s=15)
            self.assertLess(time.monotonic() - began, 8, "the other one needs 22 s; this the linger, a transaction, and a busy machine")
        self.sim.settings(answer_ms=0)
        self.wait_count(1500, limit_s=60)
        self.wait_quiet(limit_s=60)

    def test_killed_again_and_again_while_it_is_behind_it_ends_with_the_newest_of_each(self):
        self.sim.settings(answer_ms=100)
        self.connect()
        count = 900
        self.publish(*(updated(key) for key in range(count)))
        stop = threading.Event()
        state = {"version": 1}

        def change():
            while not stop.wait(0.3):
                state["version"] += 1
                self.publish(*(updated(key, state["version"]) for key in range(0, count, 9)))

        changing = threading.Thread(target=change)
        changing.start()
        try:
            for pause in (1.0, 0.4, 2.0, 0.7):
                time.sleep(pause)
                self.role("salesmanago").kill()
                self.start("salesmanago")
        finally:
            stop.set()
            changing.join()
        wanted = {str(key): f"{state['version'] if key % 9 == 0 else 1} Sukienka" for key in range(count)}
        self.wait_names(wanted, limit_s=120)
        self.assertEqual(self.sim.backs(), [])

    def test_disconnected_nothing_is_sent_and_connected_again_what_changes_then_is(self):
        self.connect()
        self.publish(updated(1))
        self.wait_count(1)
        self.call("DELETE")
        time.sleep(1.5)  # nothing tells that a worker has heard of it
        asked = len(self.upserts())
        self.publish(updated(1, 2), updated(2))
        time.sleep(2)
        self.assertEqual(len(self.upserts()), asked)
        self.connect()
        self.publish(updated(3))
        self.wait_stored(3, name="1 Sukienka")
        self.publish(updated(1, 3))
        self.wait_stored(1, name="3 Sukienka")
        self.assertEqual(self.sim.backs(), [])

    def test_a_product_of_more_variants_than_a_request_holds_takes_several_and_a_newer_one_drops_the_rest(self):
        self.connect()

        def big(version):
            return updated("big", version, variants=[{"id": f"big-{i}", "name": f"{version} Wariant {i}", "url": f"https://shop.example.com/p/big/{i}",
                                                      "price": "19.90", "currency": "PLN"} for i in range(230)])
        self.publish(big(1))
        self.wait_count(231)
        self.sim.settings(answer_ms=700)
        self.publish(big(2))
        wait_until("its first part is sent", lambda: [one for one in self.upserts() if one["items"] == 100][2:], 15)
        self.publish(big(3), updated("small"))
        self.wait_names({"big": "3 Sukienka", "big-229": "3 Wariant 229", "small": "1 Sukienka"})
        self.assertTrue(all(one["items"] <= 100 for one in self.upserts()))
        self.sim.settings(answer_ms=0)
        self.publish(deleted("big"))
        wait_until("all of it is off", lambda: all(not one["available"] for key, one in self.sim.products().items() if key.startswith("big")), 30)
        self.assertEqual(self.sim.backs(), [])


class Successor(ConnectedTest):
    """A request of a process that is gone may still be at work: nobody sends before it must have ended."""

    is_shared = False
    config = {**CONFIG, "salesmanago_timeout_ms": 6000}

    def test_after_a_kill_nothing_is_sent_before_the_former_request_must_have_ended(self):
        self.start("catalog")
        self.start("salesmanago")
        self.connect()
        self.publish(*(updated(key) for key in range(10)))
        self.wait_count(10)
        self.sim.inject("slow", delay_ms=5500, applies="end")
        self.publish(*(updated(key, 2) for key in range(10)))
        wait_until("a request runs", lambda: self.sim.in_flight() > 0, 15)
        self.publish(*(updated(key, 3) for key in range(10)))
        self.role("salesmanago").kill()
        began = time.monotonic()
        self.start("salesmanago")
        wait_until("the newest is stored", lambda: set(self.names().values()) == {"3 Sukienka"}, 40)
        self.assertGreater(time.monotonic() - began, 10, "the time limit of a request, and more")
        self.assertEqual(self.sim.backs(), [])

    def test_after_an_orderly_end_the_next_one_sends_at_once(self):
        self.start("catalog")
        self.start("salesmanago")
        self.connect()
        self.publish(updated(1))
        self.wait_count(1)
        self.assertEqual(self.role("salesmanago").stop(), 0)
        self.publish(updated(1, 2))
        began = time.monotonic()
        self.start("salesmanago")
        self.wait_stored(1, name="2 Sukienka", limit_s=30)
        self.assertLess(time.monotonic() - began, 10)


if __name__ == "__main__":
    main()
