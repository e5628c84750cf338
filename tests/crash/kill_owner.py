"""The owner of parked deliveries killed, stopped and woken, in pairs and under load: nothing is lost, nothing delivered becomes dead, an
ordered subject stays in order.

HOOKBUS_TEST_OWNER_KILLS says how often a worker is killed (6; 200 for a long run).
"""
import os
import random
import signal
import struct
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from harness import main, wait_until  # noqa: E402
from ledger import delivery_id, shard_of  # noqa: E402
from slow_path import SlowPathTest, fails_share, share_of  # noqa: E402

KILLS = int(os.environ.get("HOOKBUS_TEST_OWNER_KILLS", "6"))
WINDOW = 16
SHARDS = 64


class Owners(SlowPathTest):
    def owner_of(self, webhook):
        """The dispatcher whose takeover record is the last in the webhook's shard."""
        owners = [record["owner"] for record in self.tail.snapshot()
                  if record["state"] == "takeover" and record["partition"] == shard_of(webhook["id"])]
        return next((d for d in self.dispatchers if owners and d.name == f"dispatcher-{owners[-1].rsplit('-', 1)[0]}"), None)

    def start_both(self):
        first, second = self.start_dispatcher("one"), self.start_dispatcher("two")
        wait_until("they share", lambda: all(self.metric("hookbus_retry_shards_open", d) == SHARDS / 2 for d in (first, second)), 60)
        return first, second

    def state_of(self, webhook, event):
        record = self.tail.states().get(delivery_id(webhook["id"], event))
        return record and record["state"]

    def other_than(self, owner):
        return next(d for d in self.dispatchers if d is not owner)


class KillWorker(Owners):
    config = {**SlowPathTest.config, "delivery_window_max": WINDOW}

    def test_kill_worker_at_random_instants_with_parked_deliveries_loses_nothing(self):
        receiver = self.receiver(fails_share(30, times=2))
        self.subscribe(receiver, schedule=(0,) + (1,) * 12)
        load = self.load(rate_per_s=150)
        for _ in range(KILLS):
            dispatcher = self.bus.start_dispatcher(is_waiting=False)
            before = receiver.count()
            wait_until("it delivers", lambda: receiver.count() > before + 20, 40)
            time.sleep(random.uniform(0, 1.5))  # the instant of the kill is the randomness that is tested
            dispatcher.kill()
        load.stop()
        self.start_dispatcher()
        verdict = self.judge(dead=0, may_have_more=load.attempted, limit_s=60)
        self.oracle.check_view(self.redis)
        repeated = self.oracle.check_history()
        print(f"{KILLS} kills: {self.oracle.ledger.count()} events, {verdict}, {repeated} attempts only told of by those that repeated them", file=sys.stderr)
        self.assertLessEqual(repeated, KILLS * 2 * WINDOW, "at most what was in flight")
        self.assertLessEqual(verdict.duplicates, KILLS * 4 * WINDOW, "what was in flight, first attempts and retries, and the lines that 50 ms gather")


class History(Owners):
    """What the journal says of an attempt, its line says too, though the process is gone the moment after: lines are gathered for long here."""
    config = {**SlowPathTest.config, "dispatcher_attempts_linger_ms": 1000}

    def kill_when(self, dispatcher, webhook, event, state, attempts=None):
        wait_until(f"{state} in the journal", lambda: (r := self.tail.states().get(delivery_id(webhook["id"], event))) and r["state"] == state
                   and r.get("attempts") == attempts)
        dispatcher.kill()

    def test_killed_when_the_journal_has_an_attempt_of_the_retry_queue_its_line_is_there(self):
        # The next one is due long after: at the kill nothing is under way.
        webhook = self.subscribe(self.receiver(lambda post, number: 500 if post["headers"]["hookbus-attempt"] in "12" else 200), schedule=(0, 4, 4))
        dispatcher = self.start_dispatcher()
        event = self.oracle.publish_many(1)[0]
        self.kill_when(dispatcher, webhook, event, "parked", 1)  # the first attempt, which failed
        self.assertEqual(self.oracle.check_history(), 0)
        dispatcher = self.start_dispatcher()
        self.kill_when(dispatcher, webhook, event, "parked", 2)
        self.assertEqual(self.oracle.check_history(), 0)
        dispatcher = self.start_dispatcher()
        self.kill_when(dispatcher, webhook, event, "delivered")
        self.assertEqual(self.oracle.check_history(), 0)

    def test_killed_when_the_journal_has_the_answer_of_a_request_that_was_parked_while_it_ran_its_line_is_there(self):
        free = threading.Event()
        self.addCleanup(free.set)
        webhook = self.subscribe(self.receiver(lambda post, number: 200 if free.wait(30) else 500), schedule=(0, 60), timeout_ms=30000)
        dispatcher = self.start_dispatcher()
        event = self.oracle.publish_many(1)[0]
        wait_until("parked while it runs", lambda: self.state_of(webhook, event) == "parked")
        free.set()
        self.kill_when(dispatcher, webhook, event, "delivered")
        self.assertEqual(self.oracle.check_history(), 0)

    def test_killed_before_its_line_is_there_an_attempt_of_the_retry_queue_is_made_again(self):
        receiver = self.receiver(lambda post, number: 500 if number == 1 else 200)
        self.subscribe(receiver, schedule=(0, 1))
        dispatcher = self.start_dispatcher()
        self.oracle.publish_many(1)
        wait_until("its second attempt is answered", lambda: receiver.count() == 2)
        dispatcher.kill()  # well before the second in which lines are gathered is over
        self.start_dispatcher()
        verdict = self.judge(dead=0)
        self.assertLessEqual(verdict.duplicates, 1)
        self.assertEqual(self.oracle.check_history(), 0)


class CrashingEvent(Owners):
    def note_crashes(self, dispatcher, record, crashes):
        """As a worker leaves its settled file that crashed so often in this event (docs/schemas/records.md)."""
        at = record["at"]
        place = struct.pack("<iiq", at["topic"], at["partition"], at["offset"])
        path = os.path.join(self.bus.folder, "state", f"{dispatcher.name.removeprefix('dispatcher-')}-0.settled")
        with open(path, "r+b") as settled:
            settled.seek(64)
            settled.write(place + place + struct.pack("<II", 0, crashes))

    def test_a_parked_event_that_crashed_its_worker_three_times_is_dead_and_the_others_go_on(self):
        receiver = self.receiver(lambda post, number: 500 if number == 1 else 200)
        webhook = self.subscribe(receiver, schedule=(0, 8, 1, 1))
        dispatcher = self.start_dispatcher()
        bad, good = self.oracle.publish_many(2)
        wait_until("both are parked", lambda: len(self.states("parked")) == 2)
        dispatcher.kill()
        self.note_crashes(dispatcher, self.tail.states()[delivery_id(webhook["id"], bad)], 3)
        self.start_dispatcher()
        wait_until("the other one is delivered", lambda: self.state_of(webhook, good) == "delivered")
        wait_until("it is dead", lambda: self.state_of(webhook, bad) == "dead")
        self.bus.wait_line(delivery=delivery_id(webhook["id"], bad), outcome="dead", reason="unreadable", detail="crashed_worker")
        self.assertEqual(sum(post["id"] == bad for post in receiver.snapshot()), 1)


class StoppedWorker(Owners):
    def test_a_stopped_worker_that_wakes_with_an_attempt_in_flight_makes_nothing_delivered_dead(self):
        held, is_woken = threading.Event(), threading.Event()
        self.addCleanup(held.set)

        def script(post, number):
            if number == 1:
                return 500
            if number == 2:  # the attempt of the worker that is stopped: its answer comes when it wakes
                held.wait(60)
                return 500
            return 200
        receiver = self.receiver(script)
        webhook = self.subscribe(receiver, schedule=(0, 1), timeout_ms=30000)
        self.start_both()
        event = self.oracle.publish_many(1)[0]
        wait_until("its second attempt is in flight", lambda: receiver.count() == 2)
        owner = self.owner_of(webhook)
        owner.child.send_signal(signal.SIGSTOP)
        self.addCleanup(owner.child.send_signal, signal.SIGCONT)
        other = self.other_than(owner)
        wait_until("the other owns all shards", lambda: self.metric("hookbus_retry_shards_open", other) == SHARDS, 40)
        wait_until("delivered by the other", lambda: self.state_of(webhook, event) == "delivered", 60)
        held.set()
        is_woken.set()
        owner.child.send_signal(signal.SIGCONT)
        wait_until("they share again", lambda: all(self.metric("hookbus_retry_shards_open", d) == SHARDS / 2 for d in self.dispatchers), 60)
        # What the woken one had to say of its attempt is in the journal, and so is what was made of it.
        late = [("failed", 2), ("dead", 2)]
        wait_until("its line", lambda: [x for x in self.bus.lines(event=event) if (x["outcome"], x.get("attempt")) in late], 20)
        wait_until("delivered again after it", lambda: self.state_of(webhook, event) == "delivered", 20)
        verdict = self.judge(duplicates_max=1)
        self.assertEqual(verdict.dead_though_received, [])
        self.assertEqual((verdict.received, verdict.dead), (1, 0))
        self.oracle.check_view(self.redis)

    def back_in_the_group(self, woken):
        """By itself, also when its library committed for the member it no longer is, and Kafka took it for a stranger of its name."""
        wait_until("it shares again", lambda: self.metric("hookbus_retry_shards_open", woken) == SHARDS / 2, 60)
        self.assertTrue(woken.is_alive())

    def test_two_owners_of_a_shard_the_stopped_one_is_shut_out_and_each_due_delivery_is_sent_once(self):
        let, receiver = threading.Event(), self.receiver()
        receiver.script = lambda post, number: 500 if number == 1 else 200
        webhook = self.subscribe(receiver, schedule=(0, 9, 1, 1))
        first, second = self.start_both()
        self.oracle.publish_many(300)
        wait_until("all are parked", lambda: len(self.states("parked")) == 300)
        owner = self.owner_of(webhook)
        owner.child.send_signal(signal.SIGSTOP)
        self.addCleanup(owner.child.send_signal, signal.SIGCONT)
        other = self.other_than(owner)
        wait_until("the other owns all shards", lambda: self.metric("hookbus_retry_shards_open", other) == SHARDS, 40)
        owner.child.send_signal(signal.SIGCONT)
        self.back_in_the_group(owner)
        verdict = self.judge(dead=0)
        self.oracle.check_view(self.redis)
        print(f"two owners: {verdict}", file=sys.stderr)
        self.assertLessEqual(verdict.duplicates, 16, "a window of the woken one at most, whose first due delivery came as it woke")

    def test_worker_killed_and_replaced_by_another_name_while_deliveries_are_leased(self):
        receiver = self.receiver(lambda post, number: 500 if number == 1 or (number == 2 and not free.wait(1.5)) else 200)
        free = threading.Event()
        self.subscribe(receiver, schedule=(0,) + (1,) * 8)
        dispatcher = self.start_dispatcher("one")
        self.oracle.publish_many(100)
        wait_until("retries are in flight", lambda: sum(p.get("number") == 2 or p["headers"]["hookbus-attempt"] == "2" for p in receiver.snapshot()) >= 4)
        dispatcher.kill()
        free.set()
        self.start_dispatcher("two")
        verdict = self.judge(dead=0, limit_s=90)
        self.oracle.check_view(self.redis)
        print(f"killed with leases: {verdict}", file=sys.stderr)


class Order(Owners):
    SUBJECTS = int(os.environ.get("HOOKBUS_TEST_SUBJECTS", "150"))
    EVENTS = 5

    def test_order_under_rebalance_first_arrivals_of_each_subject_are_in_order(self):
        receiver = self.receiver(fails_share(20, times=1))
        webhook = self.subscribe(receiver, schedule=(0,) + (1,) * 12, order="per_subject")
        self.start_both()
        sequence = {}
        for number in range(self.EVENTS):
            batch = [{"type": "order.updated", "subject": f"s{i}", "data": {"n": number}} for i in range(self.SUBJECTS)]
            for event, name in zip(self.oracle.publish(batch), batch):
                sequence[event] = (name["subject"], number)
        wait_until("it has begun", lambda: receiver.count() > self.SUBJECTS / 2, 60)
        owner = self.owner_of(webhook)
        owner.kill()
        self.dispatchers.remove(owner)
        before = receiver.count()
        wait_until("the other goes on", lambda: receiver.count() > before + 50, 60)
        self.start_dispatcher("three")
        verdict = self.judge(dead=0, limit_s=90)
        print(f"ordered: {verdict}; {sum(share_of(event) < 20 for event in sequence)} failed once", file=sys.stderr)
        taken = {subject: set() for subject, _ in sequence.values()}
        seen = {subject: -1 for subject in taken}
        for post in receiver.snapshot():
            subject, number = sequence[post["id"]]
            if number > seen[subject]:
                self.assertEqual(taken[subject], set(range(number)), f"{subject}: event {number} came before an earlier one was taken")
                seen[subject] = number
            if post["status"] == 200:
                taken[subject].add(number)
        self.oracle.check_view(self.redis)


if __name__ == "__main__":
    main()
