"""What a hostile tenant, producer or client did once to the whole program, and must not do again."""
import base64
import json
import os
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from harness import SharedTest, main, wait_until  # noqa: E402


class Attacks(SharedTest):
    def add_key(self, scopes):
        return self.bus.must(201, "POST", "/v1/keys", {"name": "test", "scopes": scopes, "store": self.store})["key"]

    def test_data_over_several_lines_is_one_line_of_the_tail(self):
        key = self.add_key(["read", "read:data"])
        with socket.create_connection(("127.0.0.1", self.bus.api_port), timeout=20) as connection:
            connection.sendall(f"GET /v1/stores/{self.store}/tail HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\r\n".encode())
            connection.settimeout(0.5)
            got = b""

            def events():
                # The tail begins at the ends of the topics, once it has found them: what is published before is not in it.
                nonlocal got
                self.publish("order.created", "1", b'{"a": 1,\n\r\n"kind":"attempt",\n"store": "x"}')
                try:
                    got += connection.recv(65536)
                except TimeoutError:
                    pass
                return [line for line in got.split(b"\n")[:-1] if line.startswith(b'{"kind":"event"')]
            line = wait_until("a line of the tail", events)[0]
        shown = json.loads(line)
        self.assertEqual((shown["kind"], shown["event"]["data"]), ("event", {"a": 1, "kind": "attempt", "store": "x"}))

    def test_base64_of_an_image_s_size_is_published_and_delivered(self):
        receiver = self.receiver()
        self.subscribe(receiver, format="data")
        data = os.urandom(100000)
        self.bus.must(202, "POST", f"/v1/stores/{self.store}/events",
                      {"type": "product.updated", "subject": "1", "content_type": "image/png", "data_base64": base64.b64encode(data).decode()})
        wait_until("the POST", lambda: receiver.count() == 1)
        self.assertEqual(receiver.snapshot()[0]["body"], data)

    def test_a_webhook_s_record_with_a_timeout_of_nought_is_sent_within_bounds(self):
        receiver = self.receiver()
        webhook = self.subscribe(receiver)
        raw = self.bus.read_topic("registry", "%k\t%s\n").decode(errors="replace")
        record = json.loads([line.split("\t", 1)[1] for line in raw.splitlines() if line.startswith(f"webhook/{self.store}/{webhook['id']}\t")][-1])
        for timeout_ms in (0, -1, 2**40):
            record["timeout_ms"], record["name"] = timeout_ms, f"changed {timeout_ms}"
            self.bus.produce("registry", f"webhook/{self.store}/{webhook['id']}", json.dumps(record).encode())
            path = f"/v1/stores/{self.store}/webhooks/{webhook['id']}"
            wait_until("the record is applied", lambda: self.bus.must(200, "GET", path)["name"] == record["name"])
            before = receiver.count()
            self.publish("order.created", "1", {})
            wait_until("it is delivered", lambda: receiver.count() > before)
            self.assertEqual(self.bus.must(200, "POST", f"{path}/test", {})["outcome"], "delivered")


if __name__ == "__main__":
    main()
