"""Several dispatchers share the partitions: one is killed, one is stopped and wakes, one is asked to end. The ledger holds each time."""
import ctypes
import json
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import harness  # noqa: E402
from harness import HookbusTest, main, wait_until, data_of_standard  # noqa: E402
from load import Load  # noqa: E402

PARTITIONS = 5 * 24
SESSION_S = 6  # dispatcher.session_timeout_ms of the harness
MAX_POLL_S = 10
PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_DETACH, WAIT_ALL = 0x4206, 0x4207, 17, 0x40000000


def ptrace(request, pid):
    if harness.LIBC.ptrace(ctypes.c_long(request), ctypes.c_long(pid), None, None) != 0:
        raise OSError(f"ptrace {request:#x} of {pid}")


def stop_main_thread(process):
    """As SIGSTOP, but for the main thread alone."""
    ptrace(PTRACE_SEIZE, process.child.pid)
    ptrace(PTRACE_INTERRUPT, process.child.pid)
    os.waitpid(process.child.pid, WAIT_ALL)


def resume_main_thread(process):
    ptrace(PTRACE_DETACH, process.child.pid)


class TwoDispatchers(HookbusTest):
    def setUp(self):
        super().setUp()
        self.bus.start_api()
        self.bus.add_store()
        self.receiver = self.bus.receiver()
        self.bus.subscribe(self.receiver)
        self.ledger = self.bus.ledger()

    def partitions(self, dispatcher):
        return self.bus.metrics(dispatcher)["hookbus_partitions_assigned"]

    def start_both(self, **config):
        first = self.bus.start_dispatcher("one", **config)
        wait_until("the first has all partitions", lambda: self.partitions(first) == PARTITIONS)
        second = self.bus.start_dispatcher("two", **config)
        wait_until("they share", lambda: self.partitions(first) == self.partitions(second) == PARTITIONS / 2)
        return first, second

    def finish(self, load):
        load.stop()
        wait_until(f"all {self.ledger.count()} acknowledged events", lambda: not self.ledger.missing(self.receiver), 60)
        return self.ledger.judge(self.receiver, data_of_standard, may_have_more=load.attempted)

    def settled_by(self, dispatcher):
        return self.bus.metrics(dispatcher)["hookbus_events_settled_total"]

    def test_one_of_two_that_is_killed_leaves_its_partitions_to_the_other(self):
        self.bus.set(delivery_window_max=8, dispatcher_settle_after_ms=10000)  # what waits is to wait in memory, not in the journal
        first, second = self.start_both()
        load = Load(self.bus, self.ledger)
        wait_until("both deliver", lambda: self.settled_by(first) > 100 and self.settled_by(second) > 100)
        # A burst for a receiver that takes its time: most of it is taken, and waits in memory, when the dispatcher is killed.
        self.receiver.behave = lambda post: time.sleep(0.05)
        burst = [{"type": "order.created", "subject": f"burst{i}", "data": {"n": i}} for i in range(600)]
        count = self.receiver.count()
        for event, result in zip(burst, self.bus.publish(burst)):
            self.ledger.acknowledged(result["id"], json.dumps(event["data"]).encode())
        wait_until("the burst has begun", lambda: self.receiver.count() > count + 150)

        def waiting():
            metrics = self.bus.metrics(first)
            return metrics["hookbus_events_taken_total"] - metrics["hookbus_events_settled_total"]
        wait_until("much of it waits in the first one: else nothing is shown", lambda: waiting() > 50, 20)
        first.kill()
        self.receiver.behave = lambda post: 200
        wait_until("the other has all partitions", lambda: self.partitions(second) == PARTITIONS, 40)
        count = self.receiver.count()
        wait_until("it goes on", lambda: self.receiver.count() > count + 200)
        duplicates = self.finish(load)
        print(f"one of two killed: {self.ledger.count()} events, {duplicates} repeated", file=sys.stderr)

    def blocked_and_woken(self, block, wake):
        """One of two stands still beyond its session and its poll interval; the other takes over, and it comes back."""
        first, second = self.start_both(dispatcher_max_poll_interval_ms=MAX_POLL_S * 1000)
        load = Load(self.bus, self.ledger)
        wait_until("both deliver", lambda: self.settled_by(first) > 100 and self.settled_by(second) > 100)
        begun = time.monotonic()
        block(first)
        try:
            wait_until("the other has all partitions", lambda: self.partitions(second) == PARTITIONS, 60)
            count = self.receiver.count()
            wait_until("it goes on", lambda: self.receiver.count() > count + 200)
            # How long it stands still is the fault itself.
            wait_until("it stood still beyond its poll interval and its session", lambda: time.monotonic() > begun + MAX_POLL_S + SESSION_S, 60)
        finally:
            wake(first)
        wait_until("it says that it was out", lambda: any(line.get("event") == "revoked" and line["lost"] for line in first.log_lines()))
        wait_until("they share again", lambda: self.partitions(first) == self.partitions(second) == PARTITIONS / 2, 60)
        settled = self.settled_by(first)
        wait_until("the woken one delivers again", lambda: self.settled_by(first) > settled + 100)
        duplicates = self.finish(load)
        print(f"one of two blocked and woken: {self.ledger.count()} events, {duplicates} repeated", file=sys.stderr)
        for dispatcher in (first, second):
            self.assertEqual(dispatcher.stop(), 0)
        return first

    def test_loop_blocked_beyond_max_poll_by_sigstop_loses_its_partitions_and_rejoins_when_it_wakes(self):
        self.blocked_and_woken(lambda first: first.child.send_signal(signal.SIGSTOP), lambda first: first.child.send_signal(signal.SIGCONT))

    def test_loop_blocked_beyond_max_poll_while_its_heart_beats_leaves_says_so_and_rejoins(self):
        # Only the loop's own thread stands still: the client library's threads keep the session alive, so that it is the poll interval that ends it.
        first = self.blocked_and_woken(stop_main_thread, resume_main_thread)
        self.assertTrue(any("poll interval" in str(line.get("detail")) for line in first.log_lines()), first.tail(30))

    def test_sigterm_under_load_ends_within_its_grace_with_exit_0_without_loss_and_without_a_repeat(self):
        self.receiver.behave = lambda post: time.sleep(0.02)  # a receiver that takes its time: there is always something in flight
        dispatcher = self.bus.start_dispatcher("one", dispatcher_grace_s=10)
        load = Load(self.bus, self.ledger)
        for _ in range(3):
            settled = self.settled_by(dispatcher)
            wait_until("it delivers", lambda: self.settled_by(dispatcher) > settled + 100)
            begun = time.monotonic()
            self.assertEqual(dispatcher.stop(15), 0)
            self.assertLess(time.monotonic() - begun, 12)
            dispatcher = self.bus.start_dispatcher("one", dispatcher_grace_s=10)
        duplicates = self.finish(load)
        print(f"3 orderly ends under load: {self.ledger.count()} events, {duplicates} repeated", file=sys.stderr)
        self.assertEqual(duplicates, 0)


class Grace(HookbusTest):
    def test_sigterm_hands_back_what_a_hanging_receiver_keeps_and_it_is_sent_by_the_next(self):
        from raw_receiver import RawReceiver
        hanging = RawReceiver(lambda connection, number: receiver_hang(hanging, connection))
        self.addCleanup(hanging.close)
        self.bus.start_api()
        self.bus.add_store()
        webhook = self.bus.add_webhook("acme", f"http://127.0.0.1:{hanging.port}/", timeout_ms=10000)
        # What runs for a second is parked, to be due when its request must have ended: far away here. At the end it has.
        dispatcher = self.bus.start_dispatcher(dispatcher_grace_s=3, delivery_running_margin_ms=600000)
        events = {result["id"] for result in self.bus.publish([{"type": "order.created", "subject": str(i), "data": {}} for i in range(20)])}
        wait_until("requests hang", lambda: len(hanging.requests) >= 4)
        begun = time.monotonic()
        self.assertEqual(dispatcher.stop(10), 0)
        self.assertLess(time.monotonic() - begun, 6, "the grace time is 3 s")
        self.assertEqual(self.bus.lines(outcome="delivered"), [])
        receiver = self.bus.receiver()
        self.bus.must(200, "PATCH", f"/v1/stores/acme/webhooks/{webhook['id']}", {"url": receiver.url()}, headers={"If-Match": "*"})
        self.bus.start_dispatcher()
        wait_until("all that was handed back", lambda: receiver.ids() == events)


def receiver_hang(receiver, connection):
    receiver.read_request(connection)
    receiver.closed.wait(60)


if __name__ == "__main__":
    main()
