"""What must never be registered, and is not sent even if it stands in the registry already."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from harness import HookbusTest, SharedTest, main, random_name, wait_until  # noqa: E402
from raw_receiver import RawReceiver, answer  # noqa: E402

SSRF_URLS = {
    "decimal": "http://2130706433/", "hex": "http://0x7f000001/", "hex in parts": "http://0x7f.0.0.1/", "octal": "http://0177.0.0.1/",
    "octal, long": "http://00000177.0.0.1/", "short": "http://127.1/", "loopback": "http://127.0.0.1/", "another loopback": "http://127.255.255.254/",
    "mapped": "http://[::ffff:127.0.0.1]/", "mapped in hex": "http://[::ffff:7f00:1]/", "compatible": "http://[::127.0.0.1]/",
    "NAT64": "http://[64:ff9b::7f00:1]/", "local NAT64": "http://[64:ff9b:1::a00:1]/", "6to4": "http://[2002:7f00:1::]/",
    "Teredo": "http://[2001:0:7f00:1::]/", "any, v6": "http://[::]/", "loopback, v6": "http://[::1]/", "zero": "http://0/", "any": "http://0.0.0.0/",
    "zone id": "http://[fe80::1%25eth0]/", "zone id, plain": "http://[fe80::1%eth0]/", "link local": "http://[fe80::1]/",
    "unique local": "http://[fd00:ec2::254]/", "userinfo": "http://user:pass@example.com/", "userinfo hiding the host": "http://example.com@127.0.0.1/",
    "backslash": "http://example.com\\@127.0.0.1/", "backslash path": "http:\\\\127.0.0.1\\", "port 0": "http://example.com:0/",
    "port too large": "http://example.com:65616/", "port as text": "http://example.com:http/", "two ports": "http://example.com:80:22/",
    "metadata": "http://169.254.169.254/latest/", "metadata, decimal": "http://2852039166/", "metadata name": "http://metadata.google.internal/",
    "metadata name with a dot": "http://metadata.google.internal./", "metadata name in capitals": "http://METADATA.google.INTERNAL/",
    "localhost": "http://localhost/", "below localhost": "http://a.localhost/", "private 10": "http://10.0.0.1/", "private 172": "http://172.31.0.1/",
    "private 192": "http://192.168.1.1/", "shared": "http://100.64.0.1/", "a cloud's agent": "http://168.63.129.16/", "multicast": "http://224.0.0.1/",
    "broadcast": "http://255.255.255.255/", "documentation": "http://192.0.2.1/", "full-width digits": "http://１２７.0.0.1/",
    "a dot that is none": "http://127。0。0。1/", "percent-encoded host": "http://%31%32%37.0.0.1/", "a space": "http://exa mple.com/",
    "a newline": "http://example.com/\r\nX-Evil: 1", "a NUL": "http://example.com/\x00", "a tab": "http://exa\tmple.com/",
    "a fragment": "http://example.com/#@127.0.0.1/", "no host": "http:///path", "no scheme": "//example.com/", "no slashes": "http:example.com",
    "file": "file:///etc/passwd", "gopher": "gopher://127.0.0.1:6379/_FLUSHALL", "ftp": "ftp://example.com/", "dict": "dict://127.0.0.1:11211/",
    "scheme in capitals, loopback": "HTTP://127.0.0.1/", "unix": "unix:/run/docker.sock", "javascript": "javascript:alert(1)", "data": "data:,x",
    "empty": "", "too long": "http://example.com/" + "a" * 2049,
}
BAD_HEADERS = {
    "CR LF in the value": {"X-A": "1\r\nX-Evil: 2"}, "LF in the value": {"X-A": "1\nX-Evil: 2"}, "CR in the value": {"X-A": "1\r2"},
    "NUL in the value": {"X-A": "1\x002"}, "CR LF in the name": {"X-A\r\nX-Evil": "1"}, "a colon in the name": {"X-A: 1": "1"},
    "a space in the name": {"X A": "1"}, "an empty name": {"": "1"}, "Content-Length": {"Content-Length": "0"}, "content-length": {"content-length": "0"},
    "Host": {"Host": "evil"}, "Transfer-Encoding": {"Transfer-Encoding": "chunked"}, "Connection": {"Connection": "close"}, "Expect": {"Expect": "100-continue"},
    "webhook-id": {"webhook-id": "x"}, "webhook-signature": {"Webhook-Signature": "x"}, "Hookbus-Store": {"hookbus-store": "x"},
    "ce-id": {"ce-id": "x"}, "a number": {"X-A": 1}, "21 of them": {f"X-{i}": "1" for i in range(21)}, "17 KiB": {"X-A": "a" * 17408},
}


class Registration(HookbusTest):
    config = {"egress_allow": ""}

    def setUp(self):
        super().setUp()
        self.bus.start_api()
        self.bus.add_store()

    def test_ssrf_urls_are_refused_at_registration_and_on_change_with_a_sentence_about_the_url(self):
        good = self.bus.add_webhook("acme", "https://example.com/hook")
        for what, url in SSRF_URLS.items():
            for method, path in (("POST", "/v1/stores/acme/webhooks"), ("PATCH", f"/v1/stores/acme/webhooks/{good['id']}")):
                with self.subTest(what, method=method):
                    body = {"url": url, "events": ["*"]} if method == "POST" else {"url": url}
                    status, _, problem = self.bus.call(method, path, body, headers={"If-Match": "*"})
                    self.assertIn(status, (400, 422), problem)
                    self.assertEqual(problem.get("field"), "url" if "NUL" not in what else None, problem)  # \u0000 is no JSON of ours
        listed = self.bus.must(200, "GET", "/v1/stores/acme/webhooks")
        self.assertEqual(json.dumps(listed).count('"url"'), 1)

    def test_header_crlf_nul_content_length_and_host_are_refused_at_registration(self):
        for what, headers in BAD_HEADERS.items():
            with self.subTest(what):
                status, _, problem = self.bus.call("POST", "/v1/stores/acme/webhooks", {"url": "https://example.com/", "events": ["*"], "headers": headers})
                self.assertIn(status, (400, 422), problem)
                self.assertEqual(problem.get("field"), "headers" if "NUL" not in what else None, problem)


class Stored(SharedTest):
    """Records that another program, or an older version of this one, wrote into the registry."""

    def store_webhook(self, **changes):
        """A webhook's record as ours would be but for some members: taken from a real one, written straight into Kafka."""
        receiver = self.receiver()
        real = self.subscribe(receiver, "/real")
        raw = self.bus.read_topic("registry", "%k\t%s\n").decode(errors="replace")
        value = [line.split("\t", 1)[1] for line in raw.splitlines() if line.startswith(f"webhook/{self.store}/{real['id']}\t")][-1]
        record = json.loads(value)
        record.update(changes)
        self.bus.produce("registry", f"webhook/{self.store}/{real['id']}", json.dumps(record, separators=(",", ":")).encode())
        return real, receiver

    def line_for(self, webhook, receiver, wanted):
        """The changed record counts as soon as it has been read; the api stamps events with what it has read."""
        def line():
            event = self.publish("order.created", "1", {})
            line = self.bus.wait_line(event=event, webhook=webhook["id"])
            return line if line["outcome"] != "delivered" else None
        line = wait_until("the changed record is applied", line)
        self.assertIn(line["reason"], wanted, line)
        return line

    def test_header_crlf_that_is_stored_already_is_recorded_with_its_reason_and_nothing_is_sent(self):
        for headers in ({"X-A": "1\r\nX-Evil: 2"}, {"Content-Length": "0"}, {"Host": "evil"}):
            with self.subTest(headers):
                webhook, receiver = self.store_webhook(headers=headers)
                line = self.line_for(webhook, receiver, ("request_refused",))
                self.assertEqual(line["outcome"], "dead")
                self.assertNotIn("status", line)
                for post in receiver.snapshot():
                    self.assertNotIn("x-evil", post["headers"])

    def test_ssrf_urls_that_are_stored_already_are_blocked_at_dial(self):
        hidden = RawReceiver(lambda connection, number: connection.sendall(answer(200)), address="127.0.0.1")
        self.addCleanup(hidden.close)
        for url in (f"http://[64:ff9b::7f00:2]:{hidden.port}/", "http://169.254.169.254/latest/", "http://10.0.0.1/", f"http://0.0.0.0:{hidden.port}/",
                    f"http://2130706433:{hidden.port}/", f"http://127.1:{hidden.port}/", f"http://user@127.0.0.1:{hidden.port}/",
                    "file:///etc/passwd", f"gopher://127.0.0.1:{hidden.port}/_x"):
            with self.subTest(url):
                before = hidden.count
                webhook, receiver = self.store_webhook(url=url)
                self.line_for(webhook, receiver, ("address_blocked", "request_refused", "url_refused"))
                self.assertEqual(hidden.count, before)

    def test_a_registry_record_that_is_no_webhook_changes_nothing_and_the_registry_is_read_on(self):
        webhook, receiver = self.store_webhook()
        self.bus.produce("registry", f"webhook/{self.store}/{webhook['id']}", b'{"v":1,"id":')
        self.bus.produce("registry", f"webhook/{self.store}/wh_{random_name()}", b"\xff\xfe")
        self.bus.produce("registry", "nonsense", b"nonsense")
        after = self.subscribe(receiver, "/after")
        event = self.publish("order.created", "1", {})
        wait_until("both get the event", lambda: receiver.count() == 2)
        self.assertEqual(receiver.ids(), {event})
        self.assertEqual(self.bus.wait_line(event=event, webhook=after["id"])["outcome"], "delivered")


if __name__ == "__main__":
    main()
