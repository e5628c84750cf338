"""Kafka in trouble: commits refused, the broker killed and brought back. Nothing acknowledged is lost, no offset goes back."""
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import harness  # noqa: E402
from harness import ROOT, HookbusTest, main, wait_until, data_of_standard  # noqa: E402
from kafka_proxy import KafkaProxy, OFFSET_COMMIT, with_commit_error  # noqa: E402
from load import Load  # noqa: E402

ERRORS = {"coordinator not available": 15, "coordinator loads": 14, "timed out": 7, "group authorization failed": 30, "unknown": -1}


class Trouble(HookbusTest):
    def begin(self):
        self.bus.start_api()
        self.bus.add_store()
        self.receiver = self.bus.receiver()
        self.bus.subscribe(self.receiver)
        self.ledger = self.bus.ledger()

    def finish(self, load, limit_s=60):
        load.stop()
        wait_until(f"all {self.ledger.count()} acknowledged events", lambda: not self.ledger.missing(self.receiver), limit_s)
        return self.ledger.judge(self.receiver, data_of_standard, may_have_more=load.attempted)


class CommitErrors(Trouble):
    # Small rings: a commit that never came would stop the partitions.
    config = {"dispatcher_ring_slots": 64, "dispatcher_commit_interval_ms": 100, "dispatcher_state_dir": ""}

    def test_commit_errors_let_no_offset_go_back_and_are_made_good_later(self):
        proxy = KafkaProxy(harness.KAFKA)
        self.addCleanup(proxy.close)
        self.begin()
        refused = {code: 0 for code in ERRORS.values()}
        current = [0]

        def after(api_key, version, body):
            if api_key != OFFSET_COMMIT or not current[0]:
                return body
            refused[current[0]] += 1
            return with_commit_error(version, body, current[0])
        proxy.after = after
        dispatcher = self.bus.start_dispatcher(kafka_brokers=proxy.address())
        load = Load(self.bus, self.ledger, rate_per_s=300)
        for what, code in ERRORS.items():
            count = self.receiver.count()
            wait_until("deliveries", lambda: self.receiver.count() > count + 50)
            current[0] = code
            wait_until(f"commits fail: {what}", lambda: refused[code] >= 2)
            self.assertTrue(dispatcher.is_alive())
            current[0] = 0
        count = self.receiver.count()
        wait_until("more than all rings hold: so commits came through again", lambda: self.receiver.count() > count + 24 * 64, 60)
        self.assertEqual(self.finish(load), 0, "nothing was sent twice")
        self.assertGreater(self.bus.metrics(dispatcher)["hookbus_commit_errors_total"], 0)
        # What is committed now is all there is: the next dispatcher, without a settled file, repeats nothing.
        self.assertEqual(dispatcher.stop(), 0)
        second = self.bus.start_dispatcher()
        last = self.bus.publish([{"type": "order.created", "subject": str(i), "data": {}} for i in range(100)])
        wait_until("the last events", lambda: {item["id"] for item in last} <= self.receiver.ids())
        self.assertEqual(self.bus.metrics(second)["hookbus_events_taken_total"], 100)


class BrokerRestart(Trouble):
    """On a broker of its own: the others go on."""

    def setUp(self):
        self.shared = harness.KAFKA
        self.folder = os.path.join("/tmp" if not os.environ.get("TMPDIR") else os.environ["TMPDIR"], f"hookbus-kafka-{harness.random_name()}")
        ports = [harness.free_port(), harness.free_port()]
        self.service("start", str(ports[0]), str(ports[1]))
        self.addCleanup(lambda: subprocess.run(["rm", "-rf", self.folder], check=False))
        self.addCleanup(lambda: self.service("kill"))
        harness.KAFKA = f"127.0.0.1:{ports[0]}"
        self.addCleanup(lambda: setattr(harness, "KAFKA", self.shared))
        super().setUp()

    def service(self, verb, *arguments):
        done = subprocess.run([os.path.join(ROOT, "deploy/lib/service"), "kafka", verb, self.folder, *arguments], capture_output=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr.decode())

    def test_broker_killed_and_restarted_on_the_same_data_under_load_loses_nothing(self):
        self.begin()
        dispatcher = self.bus.start_dispatcher()
        load = Load(self.bus, self.ledger, rate_per_s=200)
        for _ in range(2):
            count = self.receiver.count()
            wait_until("deliveries", lambda: self.receiver.count() > count + 200, 60)
            self.service("kill")
            time.sleep(1)  # how long it is away is part of what is tried
            self.service("start")
        count = self.receiver.count()
        wait_until("deliveries go on by themselves", lambda: self.receiver.count() > count + 200, 60)
        duplicates = self.finish(load)
        print(f"2 broker crashes: {self.ledger.count()} events, {duplicates} repeated, {load.tries_again} batches sent again", file=sys.stderr)
        self.assertTrue(dispatcher.is_alive())
        wait_until("ready again", lambda: self.bus.is_ready(dispatcher, dispatcher.port))


if __name__ == "__main__":
    main()
