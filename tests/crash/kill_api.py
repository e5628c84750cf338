"""The api killed in the middle of publishing, Redis killed under it: what was acknowledged arrives, and a client may always try again."""
import http.client
import json
import os
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import harness  # noqa: E402
from harness import ROOT, HookbusTest, main, random_name, wait_until, data_of_standard  # noqa: E402
from kafka_proxy import KafkaProxy, PRODUCE  # noqa: E402
from load import Load  # noqa: E402

INIT_PRODUCER_ID = 22


class KillApi(HookbusTest):
    def begin(self, **api):
        self.process = self.bus.start_api(**api)
        self.bus.add_store()
        self.receiver = self.bus.receiver()
        self.bus.subscribe(self.receiver)

    def publish_and_be_cut_off(self, event):
        def publish():
            try:
                self.answer = self.bus.call("POST", "/v1/stores/acme/events", event)
            except (OSError, http.client.HTTPException):
                self.answer = None
        self.answer = "none yet"
        thread = threading.Thread(target=publish, daemon=True)
        thread.start()
        return thread

    def kill_between(self, lets_through):
        """A publish whose record is held on its way to Kafka, or whose acknowledgement is on its way back, when the api is killed."""
        proxy = KafkaProxy(harness.KAFKA)
        self.addCleanup(proxy.close)
        self.begin(kafka_brokers=proxy.address())
        self.bus.start_dispatcher()
        held = threading.Event()
        event_id = f"held_{random_name()}"

        def before(api_key, request):
            if api_key == PRODUCE and event_id.encode() in request:
                if not lets_through:
                    held.set()
                return lets_through
            return True

        def after(api_key, version, body):
            if api_key == PRODUCE and lets_through and b"events.order" in body:
                held.set()
                return None
            return body
        proxy.before, proxy.after = before, after
        event = {"id": event_id, "type": "order.created", "subject": "1", "data": {"n": 1}}
        thread = self.publish_and_be_cut_off(event)
        self.assertTrue(held.wait(20), "the record never came by")
        self.process.kill()
        thread.join(10)
        self.assertIsNone(self.answer, "the client was told nothing")
        self.bus.start_api()
        answer = self.bus.must(202, "POST", "/v1/stores/acme/events", event)
        self.assertNotIn("duplicate", answer, "no mark stands before Kafka's acknowledgement")
        wait_until("the event", lambda: self.receiver.count() >= 1)
        last = self.bus.publish([{"type": "order.created", "subject": "1", "data": {"last": 1}}])[0]["id"]
        wait_until("the event behind it", lambda: last in self.receiver.ids())
        self.assertEqual([post["id"] for post in self.receiver.snapshot()], [event_id, last], "delivered once, also if Kafka has it twice")
        again = self.bus.must(202, "POST", "/v1/stores/acme/events", event)
        self.assertTrue(again["duplicate"])
        return self.bus.read_topic("events.order", "%h\n").count(event_id.encode())

    def test_api_killed_between_mark_and_acknowledgement_the_second_try_publishes_what_kafka_never_got(self):
        self.assertEqual(self.kill_between(lets_through=False), 1)

    def test_api_killed_between_acknowledgement_and_mark_the_second_try_publishes_again_and_it_is_delivered_once(self):
        self.assertEqual(self.kill_between(lets_through=True), 2)

    def test_api_killed_under_load_loses_nothing_that_was_acknowledged(self):
        self.begin()
        self.bus.start_dispatcher()
        ledger = self.bus.ledger()
        load = Load(self.bus, ledger)
        for _ in range(5):
            count = ledger.count()
            wait_until("acknowledged events", lambda: ledger.count() > count + 100, 60)
            self.process.kill()
            self.process = self.bus.start_api()
        load.stop()
        wait_until(f"all {ledger.count()} acknowledged events", lambda: not ledger.missing(self.receiver), 60)
        duplicates = ledger.judge(self.receiver, data_of_standard, may_have_more=load.attempted)
        print(f"5 kills of the api: {ledger.count()} events, {load.tries_again} batches sent again, {duplicates} repeated", file=sys.stderr)
        self.assertEqual(duplicates, 0, "the dispatcher knows an id again")


class FirstKey(HookbusTest):
    def test_the_first_admin_key_is_tried_for_until_kafka_takes_it_and_nothing_is_ready_before(self):
        proxy = KafkaProxy(harness.KAFKA)
        self.addCleanup(proxy.close)
        transactional = f"{self.bus.prefix}registry".encode()
        proxy.before = lambda api_key, request: api_key != INIT_PRODUCER_ID or transactional not in request
        api = self.bus.spawn("api", "api", kafka_brokers=proxy.address())
        wait_until("a try that failed", lambda: any(line.get("event") == "admin_key" and not line["ok"] for line in api.log_lines()), 60)
        self.assertNotEqual(self.bus.get_status(self.bus.api_port, "/readyz"), 200)
        proxy.before = lambda api_key, request: True
        wait_until("ready", lambda: self.bus.is_ready(api, self.bus.api_port), 60)
        with open(self.bus.key_file) as f:
            self.bus.key = f.read().strip()
        self.bus.add_store()


class KillRedis(HookbusTest):
    """On a Redis of its own."""

    def setUp(self):
        super().setUp()
        self.folder = os.path.join(self.bus.folder, "redis")
        port = harness.free_port()
        self.service("start", str(port))
        self.addCleanup(lambda: self.service("kill"))
        self.bus.set(redis_address=f"127.0.0.1:{port}")

    def service(self, verb, *arguments):
        done = subprocess.run([os.path.join(ROOT, "deploy/lib/service"), "redis", verb, self.folder, *arguments], capture_output=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr.decode())

    def test_redis_killed_under_load_stops_neither_publishing_nor_deliveries_and_says_that_deduplication_is_off(self):
        self.bus.start_api()
        self.bus.add_store()
        receiver = self.bus.receiver()
        self.bus.subscribe(receiver)
        self.bus.start_dispatcher()
        ledger = self.bus.ledger()
        load = Load(self.bus, ledger)

        def publish_one():
            event = {"id": f"one_{random_name()}", "type": "customer.created", "subject": "1", "data": {}}
            _, headers, answer = self.bus.call("POST", "/v1/stores/acme/events", event)
            ledger.acknowledged(answer["id"], b"{}")
            return headers.get("hookbus-deduplication") == "off", event
        for _ in range(3):
            count = receiver.count()
            wait_until("deliveries", lambda: receiver.count() > count + 100)
            self.service("kill")
            wait_until("an answer that says de-duplication is off", lambda: publish_one()[0])
            count = receiver.count()
            wait_until("deliveries without Redis", lambda: receiver.count() > count + 100)
            self.service("start")
            wait_until("de-duplication is on again", lambda: not publish_one()[0])
        _, event = publish_one()
        self.assertTrue(self.bus.must(202, "POST", "/v1/stores/acme/events", event)["duplicate"])
        load.stop()
        wait_until(f"all {ledger.count()} acknowledged events", lambda: not ledger.missing(receiver), 60)
        self.assertEqual(ledger.judge(receiver, data_of_standard, may_have_more=load.attempted), 0)
        self.assertEqual(load.tries_again, 0, "no batch was refused")


if __name__ == "__main__":
    main()
