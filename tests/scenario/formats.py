"""The bytes published are the bytes sent, in every format that carries them; and what would break out of the splice reaches nobody."""
import base64
import http.client
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from harness import SharedTest, main, wait_until, data_of_standard, random_name  # noqa: E402

FORMATS = ("standard", "cloudevents", "cloudevents-binary", "data")

# Each is one JSON value whose bytes a parser and a printer would change.
ODD_DATA = {
    "odd spacing": b'\t{ "a" :\r\n [ 1 ,2,  3 ] , "b":{ } }',
    "64-bit integers": b'{"id":9223372036854775807,"low":-9223372036854775808,"more":18446744073709551615}',
    "decimals": b'{"price":19.90,"e":1E+2,"tiny":1e-400,"long":0.1000000000000000055511151231257827}',
    "escapes": b'{"a":"\\u00e9\\/\\ud83d\\ude00\\u0000","b":"\\"},{\\""}',
    "raw Unicode": '{"name":"Zażółć gęślą jaźń — 😀","ключ":"值"}'.encode(),
    "repeated names": b'{"a":1,"a":2,"":0}',
    "a bare number": b"-0",
    "a bare text": b'"\\u2028"',
    "null": b"null",
    "an array": b"[ [],{} ,true]",
    "63 levels, in an event's own one": b"[" * 63 + b"]" * 63,
    "256 KiB": b'{"blob":"' + b"x" * (262144 - 11) + b'"}',
}


def data_in(webhook_format, body):
    if webhook_format in ("standard", "cloudevents"):
        return data_of_standard(body)
    return body


# Space around the value belongs to the event's own JSON, not to the data.
class Formats(SharedTest):
    def subscribe_all(self):
        receiver = self.receiver()
        for name in FORMATS:
            self.subscribe(receiver, f"/{name}", format=name)
        # What others write to Kafka has no registry stamp: it goes to whom the dispatcher knows by then.
        self.known = self.publish("customer.created", "known", {})
        wait_until("the dispatcher knows all four", lambda: len(self.posts_of(receiver, self.known)) == len(FORMATS))
        return receiver

    def posts_of(self, receiver, event):
        return {post["path"][1:]: post for post in receiver.snapshot() if post["id"] == event}

    def test_data_arrives_byte_for_byte_in_every_format(self):
        receiver = self.subscribe_all()
        events = {what: self.publish("product.updated", "7", data) for what, data in ODD_DATA.items()}
        for what, event in events.items():
            wait_until(f"{what} in four formats", lambda event=event: len(self.posts_of(receiver, event)) == len(FORMATS))
            for name, post in self.posts_of(receiver, event).items():
                with self.subTest(data=what, format=name):
                    self.assertEqual(post["verified"], 1)
                    self.assertEqual(data_in(name, post["body"]), ODD_DATA[what].strip())
                    if name in ("standard", "cloudevents"):
                        json.loads(post["body"])

    def test_the_bytes_in_kafka_are_the_bytes_published_and_the_attributes_stand_beside_them(self):
        receiver = self.subscribe_all()
        data = ODD_DATA["decimals"]
        event = self.publish("inventory.updated", "sku/ä 1", data, time="2026-02-03T04:05:06.789Z", changed=["stock.quantity", "price"],
                             sequence="42", traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
        wait_until("four formats", lambda: len(self.posts_of(receiver, event)) == 4)
        self.assertIn(data, self.bus.read_topic("events.inventory", "%s\n"))
        posts = self.posts_of(receiver, event)
        standard = json.loads(posts["standard"]["body"])
        self.assertEqual((standard["timestamp"], standard["subject"], standard["changed"]),
                         ("2026-02-03T04:05:06.789Z", "sku/ä 1", ["stock.quantity", "price"]))
        structured = json.loads(posts["cloudevents"]["body"])
        self.assertEqual((structured["source"], structured["sequence"], structured["specversion"]), (f"/stores/{self.store}", "42", "1.0"))
        headers = posts["cloudevents-binary"]["headers"]
        self.assertEqual((headers["ce-id"], headers["ce-subject"]), (event, "sku/%C3%A4%201"))
        for post in posts.values():
            self.assertEqual(post["headers"]["traceparent"], "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")

    def test_data_that_is_not_json_goes_as_base64_where_json_is_around_it_and_bare_elsewhere(self):
        receiver = self.subscribe_all()
        data = bytes(range(256))
        event = self.bus.produce_event(self.store, "x", "order.created", data, headers=[("content-type", "application/octet-stream")])
        wait_until("four formats", lambda: len(self.posts_of(receiver, event)) == 4)
        posts = self.posts_of(receiver, event)
        for name in ("standard", "cloudevents"):
            self.assertEqual(base64.b64decode(json.loads(posts[name]["body"])["data_base64"]), data)
        for name in ("cloudevents-binary", "data"):
            self.assertEqual(posts[name]["body"], data)
            self.assertEqual(posts[name]["headers"]["content-type"], "application/octet-stream")

    def test_an_event_that_kcat_wrote_with_ce_headers_is_delivered(self):
        receiver = self.subscribe_all()
        event = self.bus.produce_event(self.store, "9", "order.created", b'{"by": "kcat", "n": 19.90}', headers=[("ce_time", "2026-01-02T03:04:05Z")])
        wait_until("four formats", lambda: len(self.posts_of(receiver, event)) == 4)
        posts = self.posts_of(receiver, event)
        self.assertEqual(data_of_standard(posts["standard"]["body"]), b'{"by": "kcat", "n": 19.90}')
        self.assertEqual(json.loads(posts["standard"]["body"])["timestamp"], "2026-01-02T03:04:05Z")

    def test_a_foreign_id_outside_our_grammar_becomes_one_of_ours_and_goes_along(self):
        receiver = self.subscribe_all()
        foreign = "urn:uuid 1/2;ä"
        self.bus.produce_event(self.store, "f", "order.created", b"{}", event_id=foreign)
        wait_until("four formats", lambda: receiver.count() == 8)
        posts = {post["path"][1:]: post for post in receiver.snapshot() if post["id"] != self.known}
        self.assertRegex(posts["standard"]["id"], r"^evt_[a-z0-9]+$")
        self.assertEqual(json.loads(posts["cloudevents"]["body"])["foreignid"], foreign)

    def test_published_cloudevents_of_both_modes_are_delivered(self):
        receiver = self.subscribe_all()
        structured = json.dumps({"specversion": "1.0", "id": f"c1{random_name()}", "source": f"/stores/{self.store}", "type": "order.created",
                                 "subject": "1", "data": {"a": 1}})
        path = f"/v1/stores/{self.store}/events"
        first = self.bus.must(202, "POST", path, structured, headers={"Content-Type": "application/cloudevents+json"})["id"]
        binary = {"Content-Type": "application/json", "ce-specversion": "1.0", "ce-id": f"c2{random_name()}", "ce-source": f"/stores/{self.store}",
                  "ce-type": "order.paid", "ce-subject": "sku%20%C3%A4"}
        second = self.bus.must(202, "POST", path, b'{ "b":2.50 }', headers=binary)["id"]
        for event in (first, second):
            wait_until("four formats", lambda event=event: len(self.posts_of(receiver, event)) == 4)
        self.assertEqual(self.posts_of(receiver, second)["data"]["body"], b'{ "b":2.50 }')
        self.assertEqual(json.loads(self.posts_of(receiver, second)["standard"]["body"])["subject"], "sku ä")


BREAKING_DATA = {
    "closes the object and adds members": b'{}, "type":"order.paid","x":{}',
    "two values": b"1 2",
    "unfinished": b'{"a":',
    "an unfinished text": b'"abc',
    "invalid UTF-8": b'{"a":"\xff\xfe"}',
    "an overlong slash": b'"\xc0\xaf"',
    "half a surrogate in UTF-8": b'"\xed\xa0\x80"',
    "a raw newline in a text": b'"a\nb"',
    "a NUL": b'{"a":1}\x00',
    "no value": b" ",
    "65 levels": b"[" * 65 + b"]" * 65,
    "NaN": b"NaN",
    "a leading zero": b"01",
    "a byte order mark": b"\xef\xbb\xbf{}",
    "a comment": b"{/**/}",
}
BREAKING_ATTRIBUTES = {
    "a newline in the type": ("ce_type", "order.created\r\nX-Evil: 1"),
    "a quote in the type": ("ce_type", 'order.created","data":{},"x":"'),
    "a newline in the id": ("ce_id", "evil\r\nX-Evil: 1"),
    "a newline in the subject": ("ce_subject", "1\r\nX-Evil: 1"),
    "a newline in the time": ("ce_time", "2026-01-01T00:00:00Z\r\nX-Evil: 1"),
    "a newline in changed": ("ce_changed", "price\nx"),
    "a newline in the sequence": ("ce_sequence", "1\n2"),
    "a newline in traceparent": ("ce_traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\nX-Evil: 1"),
    "a newline in the content type": ("content-type", "text/plain\r\nX-Evil: 1"),
    "another store in the source": ("ce_source", "/stores/somebody-else"),
}


class Splice(SharedTest):
    def test_data_that_would_break_the_splice_is_refused_when_published_and_unreadable_in_kafka(self):
        receiver = self.receiver()
        for name in FORMATS:
            self.subscribe(receiver, f"/{name}", format=name)
        for what, data in BREAKING_DATA.items():
            with self.subTest(what):
                body = b'{"type":"order.created","subject":"1","data":' + data + b"}"
                status, _, problem = self.bus.call("POST", f"/v1/stores/{self.store}/events", body)
                if what != "closes the object and adds members":
                    self.assertEqual((status, problem["status"]), (400, 400), problem)
                else:  # as JSON of an event this is a well-formed text with repeated or unknown members
                    self.assertEqual(status, 400, problem)
            self.bus.produce_event(self.store, what, "order.created", data)
        wait_until("an unreadable line for each", lambda: len(self.unreadable()) >= len(BREAKING_DATA))
        self.assert_only_the_next_arrives(receiver)

    def test_control_characters_in_attributes_never_reach_a_receiver(self):
        receiver = self.receiver()
        for name in FORMATS:
            self.subscribe(receiver, f"/{name}", format=name)
        before = len(self.unreadable())
        for what, (name, value) in BREAKING_ATTRIBUTES.items():
            headers = {"ce_specversion": "1.0", "ce_id": f"bad{random_name()}", "ce_source": f"/stores/{self.store}", "ce_type": "order.created",
                       "ce_subject": "1", name: value}
            subject = headers["ce_subject"]
            self.bus.produce("events.order", f"{self.store}/{subject}", b"{}", headers.items())
        wait_until("an unreadable line for each", lambda: len(self.unreadable()) - before >= len(BREAKING_ATTRIBUTES))
        bad = {"type": "order.created\n", "subject": "a\u0001b", "id": "a\rb", "time": "yesterday\n", "changed": ["a\nb"], "sequence": "1\n",
               "traceparent": "x\n"}
        for field, value in bad.items():
            with self.subTest(field):
                event = {"type": "order.created", "subject": "1", "data": {}, field: value}
                status, _, problem = self.bus.call("POST", f"/v1/stores/{self.store}/events", event)
                self.assertEqual((status, problem["field"]), (400, field))
        self.assert_only_the_next_arrives(receiver)

    def unreadable(self):
        return self.bus.lines(outcome="unreadable")

    def assert_only_the_next_arrives(self, receiver):
        event = self.publish("order.created", "1", {"good": True})
        wait_until("the good event in four formats", lambda: receiver.count() >= 4)
        self.assertEqual(receiver.ids(), {event})
        for post in receiver.snapshot():
            self.assertNotIn("x-evil", post["headers"])


if __name__ == "__main__":
    main()
