"""The catalog's worker is killed, stopped and robbed of its state file under load: no version of a product ever goes back in the topic, and in
the end it holds what was published."""
import glob
import os
import shutil
import signal
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import harness  # noqa: E402
from harness import Hookbus, main, random_name, wait_until  # noqa: E402
from merge import Feed, Goods, check, start_catalog, wait_merged  # noqa: E402

KILLS = int(os.environ.get("HOOKBUS_TEST_CATALOG_KILLS", "2"))
PRODUCTS = 2000  # so many that what is lost is seldom told anew


class Catalog(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.bus = Hookbus()
        cls.addClassCleanup(cls.bus.close)
        cls.bus.start_api()
        cls.states = os.path.join(cls.bus.folder, "state")

    def setUp(self):
        self.store = f"s{random_name()}"
        self.bus.add_store(self.store)
        self.goods = Goods(self.store, PRODUCTS)
        self.workers = []

    def tearDown(self):
        if harness.has_failed(self):
            harness.show_logs(self.bus)
        for worker in self.workers:
            if worker.is_alive():
                worker.child.send_signal(signal.SIGCONT)
                worker.kill()

    def start(self, instance="one", **more):
        worker = start_catalog(self.bus, instance, **more)
        self.workers.append(worker)
        return worker

    def merged(self, worker):
        return self.bus.metrics(worker).get('hookbus_catalog_events_total{effect="merged"}', 0)

    def written(self, worker):
        return self.bus.metrics(worker)["hookbus_catalog_records_total"]

    def wait_written(self, worker, more):
        count = self.written(worker)
        wait_until("it writes", lambda: self.written(worker) > count + more)

    def state_file(self, instance="one"):
        return os.path.join(self.states, f"{instance}.catalog.sqlite")

    def finish(self, feed, *workers):
        feed.stop()
        wait_merged(self.bus, workers)
        return check(self.bus, self.goods)

    def test_a_worker_killed_at_any_moment_loses_nothing_and_takes_nothing_twice(self):
        worker = self.start()
        feed = Feed(self.bus, self.goods)
        for _ in range(KILLS):
            self.wait_written(worker, 100)
            worker.kill()
            worker = self.start()
        records = self.finish(feed, worker)
        print(f"killed {KILLS} times: {feed.count} events, {records} records", file=sys.stderr)
        self.assertEqual(worker.stop(), 0)

    def test_of_two_the_one_that_slept_and_wakes_changes_nothing(self):
        first = self.start("one", catalog_linger_ms=20)
        second = self.start("two", catalog_linger_ms=20)

        def partitions(worker):
            return self.bus.metrics(worker)["hookbus_catalog_partitions"]
        wait_until("they share", lambda: partitions(first) == partitions(second) == 12, 60)
        feed = Feed(self.bus, self.goods)
        wait_until("both merge", lambda: self.merged(first) > 200 and self.merged(second) > 200)
        first.child.send_signal(signal.SIGSTOP)
        wait_until("the other has all partitions", lambda: partitions(second) == 24, 40)
        count = self.merged(second)
        wait_until("it goes on", lambda: self.merged(second) > count + 1000)
        first.child.send_signal(signal.SIGCONT)
        wait_until("they share again", lambda: partitions(first) == partitions(second) == 12, 60)
        count = self.merged(first)
        wait_until("the woken one merges again", lambda: self.merged(first) > count + 200)
        records = self.finish(feed, first, second)
        print(f"one of two stopped and woken: {feed.count} events, {records} records", file=sys.stderr)

    def test_a_state_file_that_is_gone_older_damaged_or_anothers_is_made_anew(self):
        worker = self.start()
        feed = Feed(self.bus, self.goods)
        path = self.state_file()
        self.wait_written(worker, 200)
        self.assertEqual(worker.stop(), 0)
        old = {name: os.path.join(self.bus.folder, os.path.basename(name)) for name in glob.glob(f"{path}*") if not name.endswith(".lock")}
        for name, copy in old.items():
            shutil.copy(name, copy)

        def remove():
            for name in glob.glob(f"{path}*"):
                os.remove(name)

        def put_back_the_old():
            remove()
            for name, copy in old.items():
                shutil.copy(copy, name)

        def damage():
            remove()
            with open(path, "wb") as file:
                file.write(b"SQLite format 3\0" + os.urandom(8192))

        worker = self.start()
        for harm in (remove, put_back_the_old, damage):
            self.wait_written(worker, 200)
            worker.kill()
            harm()
            worker = self.start()
            self.assertGreater(self.bus.metrics(worker)["hookbus_catalog_restored_total"], 0, harm.__name__)
        self.finish(feed, worker)


if __name__ == "__main__":
    main()
