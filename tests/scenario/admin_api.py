"""The api against those who should not be there, are slow, or too many; deliveries do not notice."""
import http.client
import json
import os
import resource
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from harness import SharedTest, main, wait_until  # noqa: E402

CONNECTIONS = 10000


class AdminApi(SharedTest):
    config = {"api_request_timeout_s": 2, "api_idle_timeout_s": 2, "api_connections_per_address_max": 600, "api_connections_max": 1000}

    def routes(self):
        store = self.store
        return [("GET", "/v1/stores"), ("POST", "/v1/stores"), ("GET", f"/v1/stores/{store}"), ("DELETE", f"/v1/stores/{store}"),
                ("GET", f"/v1/stores/{store}/webhooks"), ("POST", f"/v1/stores/{store}/webhooks"), ("POST", f"/v1/stores/{store}/events"),
                ("GET", f"/v1/stores/{store}/events"), ("GET", f"/v1/stores/{store}/events/evt_1"), ("GET", f"/v1/stores/{store}/tail"),
                ("GET", f"/v1/stores/{store}/keys"), ("POST", f"/v1/stores/{store}/keys"), ("GET", "/v1/keys"), ("GET", "/v1/audit")]

    def call_with(self, key, method, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.bus.api_port, timeout=30)
        headers = {"Content-Type": "application/json"}
        if key is not None:
            headers["Authorization"] = key
        connection.request(method, path, body=b"{}" if method == "POST" else None, headers=headers)
        response = connection.getresponse()
        body = response.read()
        connection.close()
        return response.status, body

    def add_key(self, store, scopes):
        return self.bus.must(201, "POST", f"/v1/stores/{store}/keys", {"name": "test", "scopes": scopes})["key"]

    def test_no_key_wrong_key_and_a_damaged_key_are_401_everywhere(self):
        good = self.bus.key
        wrong = [None, "", "Bearer", "Bearer ", "Bearer x", f"Bearer {good[:-1]}", f"Bearer {good}x", f"Bearer {good[:-1]}{'A' if good[-1] != 'A' else 'B'}",
                 f"Basic {good}", "Bearer " + "a" * 4000, f"Bearer {good.upper()}"]
        for method, path in self.routes():
            for key in wrong:
                with self.subTest(f"{method} {path}", key=str(key)[:20]):
                    status, body = self.call_with(key, method, path)
                    self.assertEqual(status, 401, body)
                    self.assertTrue(json.loads(body)["type"], body)

    def test_another_stores_key_finds_nothing_and_a_key_without_the_scope_may_not(self):
        other = f"{self.store}x"
        self.bus.add_store(other)
        foreign = self.add_key(other, ["publish", "read", "read:data", "manage"])
        for method, path in self.routes():
            if f"/{self.store}" not in path:
                continue
            with self.subTest(f"{method} {path}"):
                status, body = self.call_with(f"Bearer {foreign}", method, path)
                self.assertEqual(status, 404, body)
        self.assertEqual(self.bus.must(200, "GET", f"/v1/stores/{other}", key=foreign)["id"], other)
        calls = {"publish": ("POST", "events"), "read": ("GET", "webhooks"), "manage": ("POST", "webhooks")}
        for scope, may in (("publish", ["publish"]), ("read", ["read"]), ("manage", ["publish", "read", "manage"])):
            key = self.add_key(self.store, [scope])
            for needed, (method, what) in calls.items():
                with self.subTest(scope=scope, call=f"{method} {what}"):
                    status, body = self.call_with(f"Bearer {key}", method, f"/v1/stores/{self.store}/{what}")
                    self.assertEqual(status == 403, needed not in may, (status, body))

    def test_a_revoked_key_is_refused(self):
        answer = self.bus.must(201, "POST", f"/v1/stores/{self.store}/keys", {"name": "test", "scopes": ["read"]})
        self.bus.must(200, "GET", f"/v1/stores/{self.store}/webhooks", key=answer["key"])
        prefix = answer.get("prefix") or answer["id"]
        self.bus.must(204, "DELETE", f"/v1/stores/{self.store}/keys/{prefix}", headers={"If-Match": "*"})
        self.assertEqual(self.bus.call("GET", f"/v1/stores/{self.store}/webhooks", key=answer["key"])[0], 401)

    def send_raw(self, data, limit_s=15):
        """Sends bytes as far as they are taken, gives what comes back until the other side closes."""
        got = b""
        with socket.create_connection(("127.0.0.1", self.bus.api_port), timeout=limit_s) as s:
            try:
                s.sendall(data)
            except OSError:
                pass
            try:
                while True:
                    more = s.recv(65536)
                    if not more:
                        break
                    got += more
            except OSError:
                pass
        return got

    def test_a_1_mb_path_and_other_requests_out_of_all_measure_are_4xx_or_closed(self):
        auth = f"Authorization: Bearer {self.bus.key}\r\n".encode()
        cases = {
            "1 MB path": b"GET /v1/stores/" + b"a" * 1048576 + b" HTTP/1.1\r\nHost: x\r\n" + auth + b"\r\n",
            "1 MB header": b"GET /v1/stores HTTP/1.1\r\nHost: x\r\nX-A: " + b"a" * 1048576 + b"\r\n" + auth + b"\r\n",
            "100,000 headers": b"GET /v1/stores HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 100000 + auth + b"\r\n",
            "a 10 MB body announced": b"POST /v1/stores HTTP/1.1\r\nHost: x\r\nContent-Length: 10485760\r\n" + auth + b"\r\n" + b"a" * 1000000,
            "a body of 2^63 bytes announced": b"POST /v1/stores HTTP/1.1\r\nHost: x\r\nContent-Length: 9223372036854775807\r\n" + auth + b"\r\n",
            "a negative length": b"POST /v1/stores HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n" + auth + b"\r\n",
            "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 100 + b"\r\n\r\n",
        }
        for what, data in cases.items():
            with self.subTest(what):
                got = self.send_raw(data)
                if got:
                    self.assertRegex(got, rb"^HTTP/1\.[01] 4\d\d ")
                    self.assertIn(b"application/problem+json", got)
        self.bus.must(200, "GET", "/v1/stores")

    def test_deliveries_are_unaffected_by_slow_clients_and_10_000_connections(self):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        self.assertGreater(hard, CONNECTIONS + 1000, "too few descriptors are allowed (ulimit -Hn): this test opens 10,000 connections")
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 2 * CONNECTIONS), hard))
        receiver = self.receiver()
        self.subscribe(receiver)
        self.publish("order.created", "warm", {})
        wait_until("the first POST", lambda: receiver.count() == 1)
        sockets = []
        self.addCleanup(lambda: [s.close() for s in sockets])
        for i in range(CONNECTIONS):
            s = socket.socket()
            s.settimeout(5)
            try:
                s.connect(("127.0.0.1", self.bus.api_port))
                s.sendall(b"POST /v1/stores HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\nAuthorization: Bearer x\r\n" + (b"\r\n{" if i % 2 else b""))
            except OSError:
                pass  # refused at once is as good
            sockets.append(s)
        # Past the api: it has all its connections taken, and deliveries do not need it.
        events = {self.bus.produce_event(self.store, str(i), "order.created", b"{}") for i in range(20)}
        wait_until("deliveries while thousands hang", lambda: events <= receiver.ids(), 10)
        self.assertTrue(self.bus.is_ready(self.dispatcher, self.dispatcher.port))

        def is_served():
            try:
                return self.bus.call("GET", "/v1/stores")[0] == 200
            except (OSError, http.client.HTTPException):
                return False
        wait_until("slow clients lose their places: the api serves again", is_served, 20)
        descriptors = len(os.listdir(f"/proc/{self.api.child.pid}/fd"))
        self.assertLess(descriptors, 1100, "connections are bounded")
        self.publish("order.created", "after", {})
        wait_until("the last POST", lambda: receiver.count() == 22)

    def test_a_client_that_sends_a_byte_at_a_time_is_cut_off_at_its_limit(self):
        begun = time.monotonic()
        with socket.create_connection(("127.0.0.1", self.bus.api_port), timeout=30) as s:
            stopped = threading.Event()

            def drip():
                try:
                    for byte in b"GET /v1/stores HTTP/1.1\r\nHost: x\r\nX-Slow: " + b"a" * 10000:
                        s.sendall(bytes([byte]))
                        if stopped.wait(0.05):
                            return
                except OSError:
                    pass
            thread = threading.Thread(target=drip, daemon=True)
            thread.start()
            try:
                while s.recv(4096):
                    pass
            except OSError:
                pass
            stopped.set()
            thread.join()
        self.assertLess(time.monotonic() - begun, 10, "a request must have arrived whole within 2 s")


if __name__ == "__main__":
    main()
