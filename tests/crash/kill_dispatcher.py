"""kill -9 of a dispatcher under load, again and again: the ledger holds, and what is repeated is counted.

HOOKBUS_TEST_KILLS says how often (20; 200 for a long run).
"""
import glob
import os
import random
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from harness import HookbusTest, main, wait_until, data_of_standard  # noqa: E402
from load import Load  # noqa: E402

KILLS = int(os.environ.get("HOOKBUS_TEST_KILLS", "20"))
WINDOW = 64       # delivery.window_max: one webhook, so no more than this is in flight
RING = 512        # dispatcher.ring_slots here


class KillDispatcher(HookbusTest):
    # Commits are rare, so that what spares the repeats can only be the settled file.
    config = {"dispatcher_commit_interval_ms": 10000, "dispatcher_ring_slots": RING, "delivery_window_max": WINDOW}

    def setUp(self):
        super().setUp()
        self.bus.start_api()
        self.bus.add_store()
        self.receiver = self.bus.receiver()
        self.bus.subscribe(self.receiver)
        self.ledger = self.bus.ledger()
        self.bus.lines()  # history is followed from here on
        self.kills = []

    def one_life(self, load, then):
        """A dispatcher's life: it delivers something, and is killed at a random instant. Gives how many POSTs had come."""
        dispatcher = self.bus.start_dispatcher(is_waiting=False)
        before = self.receiver.count()
        wait_until(f"deliveries after the start\n{dispatcher.tail()}", lambda: self.receiver.count() > before + 20 or self.must_live(dispatcher))
        time.sleep(random.uniform(0, 0.6))  # the instant of the kill is the randomness that is tested, not a wait for anything
        dispatcher.kill()
        self.kills.append(time.time())
        then()

    @staticmethod
    def must_live(dispatcher):
        if not dispatcher.is_alive():
            raise AssertionError(f"the dispatcher ended by itself:\n{dispatcher.tail()}")

    def finish(self, load):
        load.stop()
        dispatcher = self.bus.start_dispatcher()
        # A long run leaves a long backlog: what is bounded is the time without any progress.
        while self.ledger.missing(self.receiver):
            before = self.receiver.count()
            wait_until(f"one more of {len(self.ledger.missing(self.receiver))} acknowledged events that are missing",
                       lambda: self.receiver.count() > before + 200 or not self.ledger.missing(self.receiver), 60)

        def is_quiet():
            metrics = self.bus.metrics(dispatcher)
            return metrics["hookbus_events_taken_total"] == metrics["hookbus_events_settled_total"]
        wait_until("quiet", is_quiet)
        duplicates = self.ledger.judge(self.receiver, data_of_standard, may_have_more=load.attempted)
        self.assertEqual(dispatcher.stop(), 0)
        return duplicates

    def repeated_though_settled(self):
        """Events that were sent again after a kill although history had their line before it."""
        came, recorded = {}, {}
        for post in self.receiver.snapshot():
            came.setdefault(post["id"], []).append(post["at"])
        for line in self.bus.lines(outcome="delivered"):
            recorded.setdefault(line["event"], line["appended_s"])
        known = {}
        for event, times in came.items():
            for kill in self.kills if len(times) > 1 else ():
                if recorded.get(event, kill) < kill < times[-1]:
                    known[event] = kill - recorded[event]
                    break
        print(f"of those repeated, history had {len(known)}, at most {max(known.values(), default=0):.3f} s before the kill", file=sys.stderr)
        return sum(seconds > 1 for seconds in known.values())

    def test_kill_worker_under_load_loses_nothing_and_repeats_at_most_what_was_in_flight(self):
        load = Load(self.bus, self.ledger)
        for _ in range(KILLS):
            self.one_life(load, lambda: None)
        duplicates = self.finish(load)
        print(f"{KILLS} kills, {self.ledger.count()} events, {duplicates} repeated, {duplicates / KILLS:.1f} a kill", file=sys.stderr)
        # One whose request ran for a second is parked and its event settled; a kill while its answer's line is gathered leaves the parked line alone.
        wait_until("a line for each", lambda: {line["event"] for line in self.bus.lines() if line["outcome"] in ("delivered", "parked")}
                   >= set(self.ledger.published))
        # Kafka had a line, and a starved worker may not have read the acknowledgement a second later; without the settled file nearly all are such.
        self.assertLess(self.repeated_though_settled() * 4, duplicates + 20, "events that were settled before a kill came again")
        self.assertLess(duplicates, KILLS * 4 * WINDOW, "a window, and the lines that 50 ms gather")

    def test_kill_worker_with_the_settled_file_removed_repeats_at_most_a_ring(self):
        kills = max(2, KILLS // 10)
        repeated = []
        load = Load(self.bus, self.ledger)

        def remove():
            for path in glob.glob(os.path.join(self.bus.folder, "state", "*.settled")):
                os.remove(path)
                repeated.append(path)
        for _ in range(kills):
            self.one_life(load, remove)
        duplicates = self.finish(load)
        self.assertEqual(len(repeated), kills, "there was a settled file to remove each time")
        print(f"{kills} kills without the settled file, {self.ledger.count()} events, {duplicates} repeated", file=sys.stderr)
        self.assertLessEqual(duplicates, kills * RING * 24, "a ring of each partition")


if __name__ == "__main__":
    main()
