"""The roles between a shop and SALESmanago killed, stopped and ended while requests are under way: nothing is lost, nothing older overtakes.

A slow simulator takes a request into effect at its end, also when who sent it is long dead: that is what a version can go back by."""
import json
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from connected import ConnectedTest, deleted, main, stocked, updated  # noqa: E402
from harness import random_name, wait_until  # noqa: E402

COUNT = 200
TIMEOUT_MS = 2000


class Killed(ConnectedTest):
    is_shared = False
    config = {"salesmanago_timeout_ms": TIMEOUT_MS, "salesmanago_linger_ms": 300}

    def setUp(self):
        super().setUp()
        self.catalog = self.start("catalog")
        self.sender = self.start("salesmanago")

    def kill_and_start(self, role, signal_number=signal.SIGKILL):
        process = self.role(role)
        process.child.send_signal(signal_number)
        process.child.wait()
        return self.start(role, is_waiting=False)

    def publish_all(self, version, count=COUNT):
        self.publish(*(updated(key, version) for key in range(count)))

    def wait_names(self, version, count=COUNT, limit_s=60):
        wanted = {str(key): f"{version} Sukienka" for key in range(count)}
        wait_until(f"all are stored in version {version}", lambda: self.names() == wanted, limit_s)

    def test_a_stopped_sender_whose_partitions_went_to_another_changes_nothing_older_when_it_wakes(self):
        other = self.start("salesmanago", "b")
        self.connect()
        self.publish_all(1)
        self.wait_names(1)
        self.sim.settings(answer_ms=700, applies="end")
        for version, process in ((2, self.sender), (4, other)):
            self.publish_all(version)
            wait_until("a request runs, and others wait", lambda: self.sim.in_flight() > 0, 30)
            process.child.send_signal(signal.SIGSTOP)
            self.addCleanup(process.child.send_signal, signal.SIGCONT)
            self.publish_all(version + 1)
            self.wait_names(version + 1, limit_s=90)
            process.child.send_signal(signal.SIGCONT)
            wait_until("they share again", lambda: all(self.partitions(one) > 0 for one in (self.sender, other)), 60)
            self.wait_quiet(limit_s=60)
            self.assertEqual(self.sim.backs(), [])
            self.wait_names(version + 1)

    def wait_cataloged(self, wanted):
        """Until these are the last versions in the catalog: what it has not written yet comes later than a sender that starts, and is sent for itself."""
        def last():
            found = {}
            for line in self.bus.read_topic("catalog", "%k\x01%s\n").decode().splitlines():
                key, _, value = line.partition("\x01")
                product = json.loads(value)
                found[key] = "deleted" if product["state"] == "deleted" else product["data"]["name"]
            return found
        wait_until("the catalog has the last versions", lambda: wanted.items() <= last().items(), 60)

    def partitions(self, sender):
        return self.bus.metrics(sender).get("hookbus_salesmanago_partitions", 0)

    def test_a_killed_catalog_and_sender_bring_each_change_and_none_twice_that_matters(self):
        self.connect()
        for version in range(1, 9):
            self.publish_all(version)
            self.publish(*(stocked(key, version * 10) for key in range(0, COUNT, 3)))
            if version % 2:
                self.kill_and_start("catalog")
            else:
                self.kill_and_start("salesmanago")
        self.wait_names(8)
        for key in range(0, COUNT, 3):
            self.wait_stored(key, quantity=80)
        self.assertEqual((self.sim.backs(), self.dead()), ([], {}))

    def test_a_backlog_of_downtime_is_sent_once_in_its_newest_versions(self):
        self.connect()
        self.publish(updated("first"))
        self.wait_stored("first")
        self.sender.stop()
        for version in range(1, 21):
            self.publish_all(version)
        self.publish(*(deleted(key) for key in range(10)))
        self.wait_cataloged({f"{self.store}/{key}": "deleted" if key < 10 else "20 Sukienka" for key in range(COUNT)})
        asked = len(self.upserts())
        self.start("salesmanago")
        wait_until("all are there", lambda: len(self.sim.products()) == COUNT + 1, 60)
        self.wait_quiet()
        wanted = {str(key): [[20, None if key < 10 else 20]] for key in range(COUNT)}  # what is off has no quantity
        self.assertEqual({key: [list(one) for one in sent] for key, sent in self.sim.versions().items() if key != "first"}, wanted, "each once, in its newest version")
        self.assertLessEqual(len(self.upserts()) - asked, 4)
        self.assertEqual([self.sim.product(str(key))["active"] for key in (0, 9, 10)], [False, False, True])

    def test_killed_in_a_full_sync_it_is_resumed_and_completes(self):
        self.connect()
        self.publish_all(1, 3000)
        self.wait_names(1, 3000)
        self.sim.settings(answer_ms=150)
        self.sim.sim("reset", {"versions": {"product": "name"}, "answer_ms": 150})
        self.sim.add_key(self.sim.key)
        self.sim.add_catalog(id=self.sim.catalog)
        self.sync()
        wait_until("some are back", lambda: len(self.sim.products()) > 300, 30)
        self.kill_and_start("salesmanago")
        self.wait_names(1, 3000, limit_s=90)
        wait_until("the sync says that it is done", lambda: (self.status().get("sync") or {}).get("state") == "done", 30)

    def test_two_stores_one_key_revoked_with_the_consumer_killed_in_between(self):
        second = f"t{random_name()}"
        self.bus.add_store(second)
        other = self.simulator()
        self.connect()
        self.connect(other, second)
        self.publish_all(1)
        self.wait_names(1)
        self.sim.revoke("key1")
        self.publish_all(2, 100)
        self.wait_paused("key_refused")
        self.kill_and_start("salesmanago")
        self.publish_all(3, 50)
        self.publish(*(updated(key) for key in range(100)), store=second)
        self.wait_count(100, other, 60)
        self.kill_and_start("salesmanago")
        self.publish(updated("last"), store=second)
        self.wait_stored("last", other, 60)
        self.assertEqual(set(self.names().values()), {"1 Sukienka"})
        self.sim.revoke("key1", False)
        self.resume()
        wanted = {str(key): f"{3 if key < 50 else 2 if key < 100 else 1} Sukienka" for key in range(COUNT)}
        wait_until("the first is complete", lambda: self.names() == wanted, 60)
        self.assertEqual((self.sim.backs(), self.dead()), ([], {}))

    def test_product_deleted_while_all_is_down_is_off_and_no_stale_upsert_follows(self):
        self.connect()
        at = [f"2026-01-01T00:00:0{n}Z" for n in range(4)]
        self.publish({**updated("1", 1), "time": at[0]})
        self.wait_stored("1")
        self.sender.kill()
        self.publish({**updated("1", 2), "time": at[1]})
        self.catalog.kill()
        self.publish({**deleted("1"), "time": at[3]}, {**updated("1", 3), "time": at[2]})
        self.start("catalog")
        self.start("salesmanago")
        self.wait_stored("1", available=False, active=False, limit_s=60)
        self.sync()
        wait_until("the sync is done", lambda: (self.status().get("sync") or {}).get("state") == "done", 30)
        self.assertEqual([self.sim.product("1")[name] for name in ("available", "active")], [False, False])


class KilledWhileSending(ConnectedTest):
    """What a killed one had under way takes effect later than its successor is up, but within the time-out: it waits for that."""

    is_shared = False
    config = {"salesmanago_timeout_ms": 8000, "salesmanago_linger_ms": 300}

    def test_an_older_version_never_overtakes_a_newer_one_when_the_sender_was_killed_with_its_request_under_way(self):
        for role in ("catalog", "salesmanago"):
            self.start(role)
        self.connect()
        for version in (1, 3):
            self.sim.inject("slow", delay_ms=7500, applies="end", times=1)  # what the successor sends takes effect at once
            self.publish(*(updated(key, version) for key in range(50)))
            wait_until("a request runs", lambda: self.sim.in_flight() > 0, 30)
            self.publish(*(updated(key, version + 1) for key in range(50)))
            self.installation.roles["salesmanago", ""].kill()
            self.start("salesmanago", is_waiting=False)
        wait_until("all are stored in version 4", lambda: set(self.names().values()) == {"4 Sukienka"}, 60)
        wait_until("what the killed ones had under way took effect", lambda: sum(one["fault"] == "slow" for one in self.upserts()) == 2, 20)
        self.assertEqual((set(self.names().values()), len(self.sim.products())), ({"4 Sukienka"}, 50))
        self.assertEqual(self.sim.backs(), [])


class Shared(ConnectedTest):
    is_shared = False
    config = {"salesmanago_timeout_ms": 2000, "salesmanago_linger_ms": 300}

    def test_a_search_under_way_does_not_go_on_with_what_went_to_another_worker(self):
        self.start("catalog")
        first = self.start("salesmanago")
        self.connect()
        bad = [f"bad{number}" for number in range(10)]
        good = [str(number) for number in range(90)]
        self.sim.settings(answer_ms=700, applies="end", poison=[{"ids": bad, "code": 18, "message": "name|No"}])
        self.publish(*(updated(key, 1) for key in good + bad))
        wait_until("a search began", lambda: len(self.sim.refusals()) > 1, 30)
        other = self.start("salesmanago", "b")
        wait_until("they share", lambda: all(self.bus.metrics(one).get("hookbus_salesmanago_partitions", 0) > 0 for one in (first, other)), 60)
        self.publish(*(updated(key, 2) for key in good))
        wait_until("the poisons are found", lambda: sorted(self.dead()) == sorted(bad), 120)
        self.wait_quiet(limit_s=60)
        self.assertEqual((self.sim.backs(), self.names()), ([], {key: "2 Sukienka" for key in good}))


class Ended(ConnectedTest):
    is_shared = False
    config = {"salesmanago_linger_ms": 30000}

    def test_linger_shutdown_flushes(self):
        self.start("catalog")
        sender = self.start("salesmanago")
        self.connect()
        self.publish(*(updated(key) for key in range(30)))
        wait_until("they wait for the linger", lambda: self.waiting(sender) == 30, 20)
        self.assertEqual(self.sim.products(), {})
        self.assertEqual(sender.stop(), 0)
        self.assertEqual(len(self.sim.products()), 30)
        asked = len(self.upserts())
        self.start("salesmanago", salesmanago_linger_ms=100)
        self.publish(updated("last"))
        self.wait_stored("last")
        self.assertEqual([one["items"] for one in self.upserts()][asked:], [1], "what was flushed is settled")

    def waiting(self, sender):
        return self.bus.metrics(sender).get("hookbus_salesmanago_waiting", 0)


if __name__ == "__main__":
    main()
