"""What a hostile tenant, producer or client did once to the whole program, and must not do again."""
import base64
import concurrent.futures
import contextlib
import json
import os
import signal
import socket
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from harness import SharedTest, main, random_name, wait_until  # noqa: E402


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

    def test_a_closed_terminal_ends_a_role_as_sigterm_does(self):
        dispatcher = self.bus.start_dispatcher(instance="d1")
        dispatcher.child.send_signal(signal.SIGHUP)
        self.assertEqual(dispatcher.child.wait(40), 0, dispatcher.tail())

    # ---- what all stores share, one store may have half of ----

    def other_store(self):
        name = random_name()
        self.bus.add_store(name)
        return name

    def open_tail(self, stack, store):
        """The status of a new tail, which stays open; and its headers."""
        connection = stack.enter_context(socket.create_connection(("127.0.0.1", self.bus.api_port), timeout=20))
        connection.sendall(f"GET /v1/stores/{store}/tail HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.bus.key}\r\n\r\n".encode())
        head = b""
        while b"\r\n\r\n" not in head:
            piece = connection.recv(4096)
            self.assertTrue(piece, head)
            head += piece
        return int(head.split()[1]), head.lower()

    def test_one_store_has_half_of_the_tails(self):
        with contextlib.ExitStack() as stack:
            for _ in range(16):
                self.assertEqual(self.open_tail(stack, self.store)[0], 200)
            status, head = self.open_tail(stack, self.store)
            self.assertEqual(status, 429)
            self.assertIn(b"retry-after:", head)
            self.assertEqual(self.open_tail(stack, self.other_store())[0], 200)

    def test_one_store_has_half_of_the_webhook_tests(self):
        released = threading.Event()
        receiver = self.receiver(lambda *_: released.wait(20) and 200)
        other = self.other_store()
        path = f"/v1/stores/{self.store}/webhooks/{self.subscribe(receiver)['id']}/test"
        quick = self.bus.subscribe(self.receiver(), store=other)["id"]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            running = [pool.submit(self.bus.call, "POST", path, {}) for _ in range(8)]
            try:
                wait_until("all are at the receiver", lambda: receiver.count() == 8)
                status, headers, _ = self.bus.call("POST", path, {})
                self.assertEqual(status, 429)
                self.assertIn("retry-after", headers)
                self.assertEqual(self.bus.must(200, "POST", f"/v1/stores/{other}/webhooks/{quick}/test", {})["outcome"], "delivered")
            finally:
                released.set()
            self.assertEqual({future.result()[0] for future in running}, {200})

    def test_one_store_has_half_of_the_queries(self):
        folder = os.environ.get("HOOKBUS_TEST_KAFKA_DIR")
        if not folder:
            self.skipTest("the broker is not ours to stop (HOOKBUS_TEST_KAFKA_DIR)")
        with open(os.path.join(folder, "kafka.pid"), encoding="ascii") as f:
            broker = int(f.read().split()[0])
        mine, others = f"/v1/stores/{self.store}/events", f"/v1/stores/{self.other_store()}/events"
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            os.kill(broker, signal.SIGSTOP)  # queries under way stay so
            try:
                asked = [pool.submit(self.bus.call, "GET", mine) for _ in range(3)]
                refused = wait_until("the third is refused", lambda: [one for one in asked if one.done()], 10)
                other = pool.submit(self.bus.call, "GET", others)
                _, still_open = concurrent.futures.wait([other], timeout=0.5)
                self.assertEqual(len(still_open), 1)
            finally:
                os.kill(broker, signal.SIGCONT)
            status, headers, _ = refused[0].result()
            self.assertEqual((len(refused), status, "retry-after" in headers), (1, 429, True))
            self.assertNotEqual(other.result()[0], 429)
            self.assertEqual([one.result()[0] for one in asked].count(429), 1)

    def test_history_answers_no_head(self):
        for what in ("events", "events/evt_1", "tail"):
            status, headers, _ = self.bus.call("HEAD", f"/v1/stores/{self.store}/{what}")
            self.assertEqual((status, headers.get("allow")), (405, "GET"), what)

    def test_an_event_too_large_for_a_tail_s_stream_comes_without_its_data(self):
        data = os.urandom(800000)
        key = self.add_key(["read", "read:data"])
        with socket.create_connection(("127.0.0.1", self.bus.api_port), timeout=20) as connection:
            connection.sendall(f"GET /v1/stores/{self.store}/tail HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\r\n".encode())
            connection.settimeout(0.5)
            got = b""

            def large():
                nonlocal got
                self.bus.produce_event(self.store, "1", "order.created", data, headers=[("content-type", "image/png")])
                try:
                    piece = connection.recv(1 << 20)
                    self.assertTrue(piece, "the tail was ended")
                    got += piece
                except TimeoutError:
                    pass
                return [line for line in got.split(b"\n")[:-1] if line.startswith(b'{"kind":"event"')]
            shown = json.loads(wait_until("a line of the tail", large)[0])["event"]
        self.assertEqual((shown["data_bytes"], shown["data_omitted"]), (len(data), True))
        self.assertNotIn("data_base64", shown)


if __name__ == "__main__":
    main()
