"""What must not hold a store back, or count in its figures: rows 77a to 77d of docs/faults.md that need no kill. A product that fails and nobody says why,
SALESmanago away, a connector that cannot be used, a worker that never comes back."""
import json
import os
import shutil
import sys
import time
import urllib.error
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from connected import ConnectedTest, main, updated  # noqa: E402
from harness import random_name, wait_until  # noqa: E402

class Suspects(ConnectedTest):
    """A product that makes every request fail it is in, without a word why, holds nobody back; an outage makes nobody dead."""

    def look(self, do, status=0, **fault):
        """Hundred products, the seventh as bad as that: the others go through, it is dead in the end, and mended it is not."""
        fault = self.sim.inject(do, product="7", stores=False, **({"status": status} if status else {}), **fault)
        self.connect()
        self.publish(*(updated(key) for key in range(100)))
        self.wait_count(99, limit_s=60)
        self.publish(*(updated(key, 2) for key in range(8, 30)))
        wait_until("changes go on", lambda: self.names().get("29") == "2 Sukienka", 30)
        dead = wait_until("it is dead", self.dead, 90)
        self.assertEqual([(key, one["reason"], one["item"]) for key, one in dead.items()], [("7", "keeps_failing", "7")])
        self.assertIn("while other products were accepted", dead["7"]["words"])
        self.assertNotIn("7", self.sim.products())
        self.wait_quiet()
        self.sim.heal(fault)
        self.publish(updated("7", 2))
        self.wait_stored("7", name="2 Sukienka")
        wait_until("none is dead", lambda: not self.dead(), 20)
        self.assertEqual((self.sim.backs(), self.sim.most_in_flight()), ([], 1))
        return dead["7"]["words"]

    def test_a_product_that_is_answered_with_500_for_ever_is_dead_and_the_others_are_not_held_back(self):
        self.assertIn("HTTP 500: 502 Bad Gateway", self.look("status", 500))

    def test_a_product_that_closes_the_connection_for_ever_is_dead_and_the_others_are_not_held_back(self):
        self.assertIn("connection_reset", self.look("close"))

    def test_a_product_that_is_never_answered_is_dead_and_the_others_are_not_held_back(self):
        self.assertIn("timeout", self.look("hang"))

    def test_a_newer_version_of_a_suspect_goes_out_and_no_older_one_after_it(self):
        fault = self.sim.inject("status", product="7", status=500, stores=True)
        self.connect()
        self.publish(*(updated(key) for key in range(20)))
        self.wait_count(20, limit_s=60)
        for version in range(2, 8):
            self.publish(updated("7", version), updated("8", version))
            time.sleep(0.3)  # changes keep coming while it is tried: that is the case
        self.sim.heal(fault)
        self.wait_stored("7", name="7 Sukienka")
        self.wait_stored("8", name="7 Sukienka")
        self.wait_quiet()
        self.assertEqual((self.dead(), self.sim.backs()), ({}, []))

    def test_in_a_quiet_store_what_was_accepted_last_tells_that_salesmanago_is_well(self):
        self.connect()
        self.publish(*(updated(key) for key in range(3)))
        self.wait_count(3)
        self.sim.inject("status", product="7", status=500, stores=False)
        self.publish(updated("7"))
        wait_until("it is dead", lambda: set(self.dead()) == {"7"}, 60)
        self.wait_quiet()
        self.assertEqual((set(self.sim.products()), self.sim.backs()), ({"0", "1", "2"}, []))

    def test_in_an_outage_nothing_dies_and_its_requests_do_not_become_more(self):
        self.connect()
        self.publish(*(updated(key) for key in range(10)))
        self.wait_count(10)
        fault, after, begun = self.sim.inject("status", status=503), self.sim.last_number(), time.time()
        self.publish(*(updated(key, 2) for key in range(150)))
        wait_until("it has lasted", lambda: len(self.upserts(after)) >= 20, 90)
        asked, lasted = len(self.upserts(after)), time.time() - begun
        self.assertLessEqual(asked, 7 + lasted / 1.2, "0.1 s, doubled up to 1.5 s, 20 % less at most")
        self.assertEqual(self.dead(), {})
        self.sim.heal(fault)
        wait_until("all is there", lambda: self.names() == {str(key): "2 Sukienka" for key in range(150)}, 60)
        self.wait_quiet()
        self.assertEqual((self.dead(), self.sim.backs()), ({}, []))

    def test_a_sync_is_done_although_one_product_fails_for_ever(self):
        self.connect()
        self.publish(*(updated(key) for key in range(120)))
        self.wait_count(120)
        self.wait_quiet()
        self.sim.inject("status", product="7", status=500, stores=False)
        self.sync()
        wait_until("the sync is done", lambda: (self.status().get("sync") or {}).get("state") == "done", 90)
        self.assertEqual({key: one["reason"] for key, one in self.dead().items()}, {"7": "keeps_failing"})
        self.assertEqual(self.sim.backs(), [])

    def test_of_a_product_with_a_bad_variant_the_others_are_kept_current_and_it_is_dead_in_the_end(self):
        self.sim.settings(versions={"product": "name"})
        self.sim.inject("status", product="1-M", status=500, stores=False)
        self.connect()

        def change(version):
            variants = [{"id": f"1-{size}", "name": f"{version} {size}", "url": f"https://shop.example.com/p/1-{size}", "price": "9.90"} for size in "SML"]
            self.publish(updated("1", version, variants=variants), updated("2", version))
        for version in range(1, 5):
            change(version)
            self.wait_stored("2", name=f"{version} Sukienka")
        for key in ("1", "1-S", "1-L"):
            wait_until(f"{key} is current", lambda key=key: (self.sim.product(key) or {}).get("name", "").startswith("4 "), 60)
        dead = wait_until("it is dead", self.dead, 90)
        self.assertEqual([(key, one["reason"], one["item"]) for key, one in dead.items()], [("1", "keeps_failing", "1-M")])
        self.assertEqual((self.sim.backs(), self.sim.product("1-M")), ([], None))

    def test_paused_while_one_waits_aside_nothing_is_lost(self):
        fault = self.sim.inject("status", product="7", status=500, stores=False)
        self.connect()
        self.publish(*(updated(key) for key in range(40)))
        self.wait_count(39, limit_s=60)
        self.pause()
        wait_until("it is detached", lambda: self.status()["detached"] > 0, 30)
        self.publish(*(updated(key, 2) for key in range(40, 50)))
        self.sim.heal(fault)
        self.resume()
        self.wait_count(50, limit_s=60)
        self.wait_quiet()
        self.assertEqual((self.dead(), self.sim.backs()), ({}, []))


class FewPlaces(ConnectedTest):
    """Of everything that bounds suspects there is one."""

    is_shared = False
    config = {"salesmanago_suspects_max": 1, "salesmanago_walks_max": 1}

    def setUp(self):
        super().setUp()
        for role in ("catalog", "salesmanago"):
            self.start(role)

    def test_more_bad_products_than_places_hold_nobody_back_and_all_are_dead_in_the_end(self):
        for key in ("3", "7"):
            self.sim.inject("status", product=key, status=500, stores=False)
        self.connect()
        self.publish(*(updated(key) for key in range(20)))
        self.wait_count(18, limit_s=60)
        wait_until("both are dead", lambda: set(self.dead()) == {"3", "7"}, 120)

    def test_a_store_that_waits_for_a_suspect_keeps_no_other_from_reading_what_it_missed(self):
        other, other_sim = f"t{random_name()}", self.simulator()
        self.bus.add_store(other)
        self.connect()
        self.connect(other_sim, other)
        self.sim.inject("status", product="7", status=500, stores=False)
        self.pause()
        self.pause(other)
        wait_until("both are detached", lambda: self.status()["detached"] > 0 and self.status(other)["detached"] > 0, 30)
        self.publish(*(updated(key) for key in range(20)))
        self.publish(*(updated(key) for key in range(20)), store=other)
        self.resume()
        wait_until("one waits aside", lambda: self.status()["aside"] == 1, 60)
        self.resume(other)
        self.wait_count(20, other_sim)
        self.assertEqual((self.dead(), self.status()["aside"]), ({}, 1))


class SuspectsWithLongRests(ConnectedTest):
    """Each rest is so long that the connector is detached, and what it searched for is let go."""

    is_shared = False
    config = {"salesmanago_detach_after_ms": 0}

    def test_one_bad_product_is_found_across_detachments(self):
        for role in ("catalog", "salesmanago"):
            self.start(role)
        self.connect()
        self.sim.inject("status", product="7", status=500, stores=False)
        self.publish(*(updated(key) for key in range(100)))
        self.wait_count(99, limit_s=120)
        wait_until("it is dead", lambda: set(self.dead()) == {"7"}, 120)
        self.assertEqual(self.sim.backs(), [])


class Unusable(ConnectedTest):
    is_shared = False

    def readiness(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.role('salesmanago').port}/readyz", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as e:
            return e.code, e.read().decode()

    def record(self, key):
        lines = self.bus.read_topic("registry", "%k\x01%s\n").decode().splitlines()
        return json.loads([line.split("\x01")[1] for line in lines if line.startswith(f"{key}\x01")][-1])

    def test_a_worker_without_the_newest_sealing_key_is_red_and_the_connector_says_so_while_other_stores_go_on(self):
        older = os.path.join(self.bus.folder, "older-keys")
        shutil.copy(self.bus.sealing_file, older)
        os.chmod(older, 0o600)
        self.start("catalog")
        self.start("salesmanago", secrets_key_file=older)
        self.connect()
        self.publish(updated("1"))
        self.wait_stored("1")
        time.sleep(1.1)  # a key's id is the second it was made in
        self.bus.run("secrets", "add", self.bus.sealing_file)
        self.installation.api.stop()
        self.bus.start_api()
        second, other = f"t{random_name()}", self.simulator()
        self.bus.add_store(second)
        self.connect(other, second)
        wait_until("the worker is red", lambda: self.readiness()[0] == 503, 30)
        self.assertIn(f"the first of store {second}: its API key is sealed with a key that is not in this worker's secrets.key_file", self.readiness()[1])
        unusable = wait_until("its status says so", lambda: self.status(second).get("unusable"), 30)
        self.assertEqual((unusable["what"], self.status(second)["status"]), ("key", "active"))
        self.assertNotIn("unusable", self.status())
        done = self.bus.run("salesmanago", "status", "--store", second, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("active, but nothing is sent: its API key is sealed", done.stdout.decode())
        self.publish(updated("1"), store=second)
        self.publish(updated("2"))
        self.wait_stored("2")
        self.role("salesmanago").stop()
        self.start("salesmanago")
        self.wait_stored("1", other)
        wait_until("no word of it any more", lambda: "unusable" not in self.status(second), 30)

    def test_a_damaged_key_is_the_connectors_own_and_the_worker_stays_green(self):
        for role in ("catalog", "salesmanago"):
            self.start(role)
        self.connect()
        record = self.record(f"connector/{self.store}/salesmanago")
        sealed = record["key"]["sealed"]
        record["key"]["sealed"] = sealed[:-8] + ("A" if sealed[-8] != "A" else "B") + sealed[-7:]
        record["revision"] += 1
        self.bus.produce("registry", f"connector/{self.store}/salesmanago", json.dumps(record).encode())
        wait_until("its status says so", lambda: self.status().get("unusable", {}).get("what") == "key", 30)
        self.publish(updated("1"))
        self.assertEqual(self.readiness()[0], 200)
        self.connect()
        self.wait_stored("1")
        wait_until("no word of it any more", lambda: "unusable" not in self.status(), 30)


class Gone(ConnectedTest):
    def leave(self, worker, age_s, **figures):
        """What a worker left that wrote last so long ago."""
        at = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time.time() - age_s))
        for key, value in ((f"connector-look/{worker}", {"v": 1, "every_s": 60, "at": at, "incarnation": "x"}), (f"connector-sender/{worker}", {"v": 1, "busy": True, "at": at, "incarnation": "x"}),
                           (f"connector-status/{self.store}/salesmanago/{worker}", {"v": 1, "detached": False, **figures})):
            self.bus.produce("registry", key, json.dumps(value).encode())

    def sizes_of(self, worker):
        """Of the values of its three records as they stand: 0 for a tombstone."""
        lines = [line.split("\x01") for line in self.bus.read_topic("registry", "%k\x01%S\n").decode().splitlines()]
        return [max(int(size), 0) for key, size in dict(lines).items() if key.endswith(f"/{worker}")]

    def test_who_is_gone_is_in_no_sum_and_after_an_hour_nothing_of_it_is_left(self):
        self.connect()
        self.publish(*(updated(key) for key in range(5)))
        self.wait_count(5)
        self.leave("ghost", 600, accepted=1000, waiting=7, aside=7, lag=7)
        self.leave("old-ghost", 4000, accepted=1000, waiting=7, lag=7)
        self.leave("fresh", 100, accepted=1000, waiting=2, aside=2)
        status = wait_until("they are seen", lambda: (lambda now: now if now["accepted"] == 1005 and len(now["workers"]) >= 3 else None)(self.status()), 20)
        self.assertEqual((status["waiting"], status["aside"], status["lag"]), (2, 2, 0))
        self.assertTrue({one["worker"]: one.get("gone", False) for one in status["workers"]}["ghost"])
        said = self.bus.run("salesmanago", "status", "--store", self.store).stderr.decode()
        self.assertIn("aside       2 of them", self.bus.run("salesmanago", "status", "--store", self.store).stdout.decode())
        self.assertIn("worker ghost is gone, last heard of at", said)
        wait_until("nothing is left", lambda: {one["worker"] for one in self.status()["workers"]} == {"a", "ghost", "fresh"}, 90)
        wait_until("its heartbeat is gone too", lambda: self.sizes_of("old-ghost") == [0, 0, 0], 30)

    def test_a_crash_loop_under_new_names_pushes_nobody_who_lives_out_of_the_sums(self):
        self.connect()
        for i in range(66):
            self.leave(f"A-loop-{i}", 700, accepted=1000)
        self.leave("fresh", 100, accepted=3)
        wait_until("who lives is counted", lambda: self.status()["accepted"] == 3, 20)
        self.assertEqual({one["worker"] for one in self.status()["workers"] if not one.get("gone")}, {"a", "fresh"})


if __name__ == "__main__":
    main()
