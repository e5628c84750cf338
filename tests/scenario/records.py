"""Records that strangers write into the event topics: what cannot be read is said with its offset, and the partition goes on."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import kafka_wire  # noqa: E402
from kafka_records import offsets  # noqa: E402
from harness import KAFKA, HookbusTest, SharedTest, main, random_name, wait_until, data_of_standard  # noqa: E402

PARTITION, PARTITIONS = 3, 24
TOPIC_MAX_BYTES = 11 * 1024 * 1024  # max.message.bytes of the topic here: far above what the api takes
TEN_MB = 10 * 1024 * 1024


class Records(SharedTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        kafka_wire.set_topic(KAFKA, f"{cls.bus.prefix}events.order", "max.message.bytes", TOPIC_MAX_BYTES)

    def head(self, **changes):
        headers = {"ce_specversion": "1.0", "ce_id": f"r{random_name()}", "ce_source": f"/stores/{self.store}", "ce_type": "order.created", "ce_subject": "1"}
        headers.update(changes)
        return [(name, value) for name, value in headers.items() if value is not None]

    def test_records_that_are_no_events_become_unreadable_lines_with_their_offset_and_the_partition_goes_on(self):
        receiver = self.receiver()
        self.subscribe(receiver)
        key = f"{self.store}/1"
        cases = {
            "tombstone": (key, b"", self.head(), True),
            "empty": (key, b"", self.head(), False),
            "10 MB": (key, b"x" * TEN_MB, self.head(), False),
            "10 MB of JSON broken at its end": (key, b'"' + b"x" * TEN_MB, self.head(), False),
            "invalid UTF-8": (key, b'"\xff"', self.head(), False),
            "invalid JSON": (key, b'{"a":', self.head(), False),
            "no id": (key, b"{}", self.head(ce_id=None), False),
            "no type": (key, b"{}", self.head(ce_type=None), False),
            "no source": (key, b"{}", self.head(ce_source=None), False),
            "a type that is none": (key, b"{}", self.head(ce_type="Order Created"), False),
            "no headers": (key, b"{}", [], False),
            "headers only": (key, b"", self.head(), True),
            "a key of another store": ("other/1", b"{}", self.head(), False),
            "another specversion": (key, b"{}", self.head(ce_specversion="9.9"), False),
            "the same header twice": (key, b"{}", [*self.head(), ("ce_type", "order.paid")], False),
            "a stamp that is no number": (key, b"{}", [*self.head(), ("hb_registry", "soon")], False),
            "a stamp beyond the registry's end": (key, b"{}", [*self.head(), ("hb_registry", "999999999999")], False),
            "forty headers": (key, b"{}", [*self.head(), *((f"x{i}", "y") for i in range(40))], False),
        }
        goes_on = ("forty headers",)  # unknown headers are ignored
        first = offsets(KAFKA, f"{self.bus.prefix}events.order", PARTITIONS, -1)[PARTITION]  # other tests' events may stand there
        for record_key, value, headers, is_tombstone in cases.values():
            self.bus.produce("events.order", record_key, value, headers, is_tombstone=is_tombstone, partition=PARTITION)
        last = self.bus.produce_event(self.store, "1", "order.created", b'{"last":true}')
        self.bus.produce("events.order", key, b'{"last":2}', self.head(ce_id=f"{last}2"), partition=PARTITION)
        line = self.bus.wait_line(event=f"{last}2")
        self.assertEqual(line["outcome"], "delivered")
        self.assertEqual(line["partition"], PARTITION)
        said = {line["offset"]: line for line in self.bus.lines(partition=PARTITION, topic=f"{self.bus.prefix}events.order")}
        for offset, what in enumerate(cases, first):
            with self.subTest(what):
                line = said[offset]
                if what in goes_on:
                    self.assertIn(line["outcome"], ("delivered", "unreadable"), line)
                    continue
                self.assertEqual(line["outcome"], "unreadable", line)
                self.assertEqual(line["reason"], "unreadable")
                self.assertTrue(line["detail"], line)
        for post in receiver.snapshot():
            json.loads(post["body"])

    def test_a_type_of_an_unknown_family_is_delivered(self):
        receiver = self.receiver()
        self.subscribe(receiver)
        event = self.publish("warehouse.moved.twice", "1", {"a": 1})
        wait_until("the POST", lambda: receiver.count() == 1)
        self.assertEqual(receiver.ids(), {event})
        self.assertEqual(self.bus.wait_line(event=event)["topic"], f"{self.bus.prefix}events.other")

    def test_a_large_event_in_kafka_is_delivered_although_the_api_would_refuse_it_and_one_of_10_mb_has_its_reason(self):
        receiver = self.receiver()
        self.subscribe(receiver)
        known = self.publish("customer.created", "known", {})  # what others write to Kafka has no stamp: it goes to whom the dispatcher knows
        wait_until("the dispatcher knows the webhook", lambda: known in receiver.ids())
        data = b'"' + b"x" * 1000000 + b'"'
        event = self.bus.produce_event(self.store, "1", "order.created", data)
        wait_until("the POST", lambda: event in receiver.ids())
        self.assertEqual([data_of_standard(post["body"]) for post in receiver.snapshot() if post["id"] == event], [data])
        # No request may be as large as this: a line says so, and the partition goes on.
        large = self.bus.produce_event(self.store, "1", "order.created", b'"' + b"x" * TEN_MB + b'"')
        last = self.bus.produce_event(self.store, "1", "order.created", b"{}")
        line = self.bus.wait_line(event=large)
        self.assertEqual((line["outcome"], line["reason"]), ("skipped", "too_large"), line)
        wait_until("the next one's POST", lambda: last in receiver.ids())
        self.assertNotIn(large, receiver.ids())

    def test_same_event_id_twice_is_delivered_once_to_each_webhook(self):
        receiver = self.receiver()
        for path in ("/a", "/b"):
            self.subscribe(receiver, path)
        event = f"twice_{random_name()}"
        # Twice through the api, which remembers; and once past it, which only the dispatcher can see.
        first = self.bus.must(202, "POST", f"/v1/stores/{self.store}/events", {"id": event, "type": "order.created", "subject": "1", "data": {"n": 1}})
        again = self.bus.must(202, "POST", f"/v1/stores/{self.store}/events", {"id": event, "type": "order.created", "subject": "1", "data": {"n": 1}})
        self.assertEqual((first.get("duplicate"), again.get("duplicate")), (None, True))
        self.bus.produce_event(self.store, "1", "order.created", b'{"n": 1}', event_id=event)
        line = self.bus.wait_line(event=event, outcome="skipped")
        self.assertEqual(line["reason"], "duplicate_id")
        wait_until("both deliveries", lambda: receiver.count() >= 2)
        self.assertEqual(sorted(post["path"] for post in receiver.snapshot()), ["/a", "/b"])

    def test_same_id_other_body_is_flagged_by_the_api_and_by_the_dispatcher_and_not_delivered(self):
        receiver = self.receiver()
        self.subscribe(receiver)
        event = f"conflict_{random_name()}"
        path = f"/v1/stores/{self.store}/events"
        self.bus.must(202, "POST", path, {"id": event, "type": "order.created", "subject": "1", "data": {"n": 1}})
        status, _, problem = self.bus.call("POST", path, {"id": event, "type": "order.created", "subject": "1", "data": {"n": 2}})
        self.assertEqual(status, 409, problem)
        self.bus.produce_event(self.store, "1", "order.created", b'{"n":2}', event_id=event)
        line = self.bus.wait_line(event=event, reason="conflicting_id")
        self.assertEqual(line["outcome"], "skipped")
        wait_until("the first delivery", lambda: receiver.count() >= 1)
        self.assertEqual([data_of_standard(post["body"]) for post in receiver.snapshot()], [b'{"n": 1}'])
        wait_until("it is loud about it", lambda: "conflicting_id" in self.dispatcher.tail(50))


class NewerRecord(HookbusTest):
    def test_a_record_of_a_newer_version_stops_its_partition_red_and_no_other(self):
        self.bus.start_api()
        self.bus.add_store()
        dispatcher = self.bus.start_dispatcher()
        receiver = self.bus.receiver()
        self.bus.subscribe(receiver)
        head = [("ce_specversion", "1.0"), ("ce_source", "/stores/acme"), ("ce_type", "order.created"), ("ce_subject", "1")]
        self.bus.produce("events.order", "acme/1", b"{}", [("hb_v", "2"), ("ce_id", "newer"), *head], partition=1)
        wait_until("readiness turns red", lambda: self.bus.get_status(dispatcher.port, "/readyz") == 503)
        self.bus.produce("events.order", "acme/1", b"{}", [("ce_id", "behind"), *head], partition=1)
        self.bus.produce("events.order", "acme/1", b"{}", [("ce_id", "beside"), *head], partition=2)
        self.bus.wait_line(event="beside", outcome="delivered")
        self.assertEqual(receiver.ids(), {"beside"})
        self.assertIn("newer hookbus", dispatcher.tail(50))


if __name__ == "__main__":
    main()
