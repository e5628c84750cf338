"""A store's SALESmanago connector by hand: the API and the commands, and those who should not get at its key.

The worker is not here: what it would write is written straight into the registry where a test needs it."""
import concurrent.futures
import http.server
import json
import os
import pty
import select
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from harness import BINARY, Receiver, SharedTest, main, random_name, wait_until  # noqa: E402
from salesmanago import Simulator  # noqa: E402

KEY = "S7LOELpItzOXVAZzMaVEMbIJL6EH4Z45TTgK"
NOW = "2026-01-31T12:00:00.000Z"
ROUTES = [("GET", "", "read"), ("PUT", "", "manage"), ("DELETE", "", "manage"), ("POST", "/test", "manage"), ("GET", "/catalogs", "manage"),
          ("POST", "/catalogs", "manage"), ("POST", "/pause", "manage"), ("POST", "/resume", "manage"), ("POST", "/sync", "manage"),
          ("GET", "/status", "read"), ("GET", "/products", "read"), ("GET", "/dead", "read"), ("POST", "/dead/replay", "manage"),
          ("GET", "/mapping", "read"), ("PUT", "/mapping", "manage"), ("DELETE", "/mapping", "manage"), ("POST", "/mapping/test", "read")]


class Admin(SharedTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sim = Simulator("--catalogs-max", "5", key=KEY, catalog="catalog-1")
        cls.addClassCleanup(cls.sim.close)

    def setUp(self):
        super().setUp()
        self.sim.settings()
        self.base = f"/v1/stores/{self.store}/connectors/salesmanago"

    # ---- helpers ----

    def call(self, method, path="", body=None, **more):
        status, _, answer = self.bus.call(method, self.base + path, body, **more)
        return status, answer

    def must(self, wanted, method, path="", body=None, **more):
        return self.bus.must(wanted, method, self.base + path, body, **more)

    def connect(self, **more):
        body = {"key": KEY, "base_url": self.sim.url, "catalog": {"id": "catalog-1"}, **more}
        return self.must(200, "PUT", "", body, headers={"If-Match": "*"})

    def add_key(self, scopes, store=None):
        return self.bus.must(201, "POST", f"/v1/stores/{store or self.store}/keys", {"name": "test", "scopes": scopes})["key"]

    def record(self, kind, rest, value):
        """A record as a worker writes it."""
        self.bus.produce("registry", f"{kind}/{self.store}/salesmanago{rest}", json.dumps({"v": 1, **value}).encode())

    def cli(self, *arguments, check=True, **more):
        words = ["salesmanago", *arguments[0].split(), *arguments[1:], "--store", self.store]
        done = self.bus.run(*words, check=check, **more)
        return done

    def key_file(self, key=KEY):
        path = os.path.join(self.bus.folder, f"sm-key-{random_name()}")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as f:
            f.write(key + "\n")
        return path

    def salesmanago_that(self, answer):
        """A server in SALESmanago's place: answer(key) gives status and body."""

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                status, body = answer(self.headers["API-KEY"])
                body = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                try:
                    self.wfile.write(body)
                except OSError:
                    pass  # cut off: too long

            def log_message(self, *arguments):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return f"http://127.0.0.1:{server.server_port}"

    def everything_said(self):
        """All that left or was kept: the registry's topic, the log of the api, the audit."""
        said = self.bus.read_topic("registry", "%k %s\n")
        with open(self.api.log, "rb") as f:
            said += f.read()
        return said + json.dumps(self.bus.must(200, "GET", "/v1/audit?limit=500")).encode()

    # ---- connecting ----

    def test_a_store_is_connected_only_after_its_key_was_tried_and_its_catalog_found(self):
        self.assertEqual(self.call("GET")[0], 404)
        status, answer = self.call("PUT", "", {"base_url": self.sim.url, "catalog": {"id": "catalog-1"}})
        self.assertEqual((status, answer["field"]), (422, "key"), answer)
        status, answer = self.call("PUT", "", {"key": "wrong1", "base_url": self.sim.url, "catalog": {"id": "catalog-1"}})
        self.assertEqual((status, answer["field"]), (422, "key"), answer)
        self.assertIn("key_refused", answer["type"])
        status, answer = self.call("PUT", "", {"key": KEY, "base_url": self.sim.url, "catalog": {"id": "catalog-9"}})
        self.assertEqual((status, answer["field"]), (422, "catalog"), answer)
        self.assertEqual(self.call("GET")[0], 404)
        answer = self.connect(language="pl", name="Sklep")
        self.assertEqual((answer["status"], answer["catalog"]["currency"], answer["language"], answer["key"]), ("active", "PLN", "pl", {"sealed": True}))
        self.assertEqual(self.must(200, "GET")["revision"], 1)

    def test_a_change_needs_to_know_what_it_changes(self):
        body = {"key": KEY, "base_url": self.sim.url, "catalog": {"id": "catalog-1"}}
        self.assertEqual(self.must(200, "PUT", "", body)["revision"], 1)
        self.assertEqual(self.call("PUT", "", body)[0], 428)
        self.assertEqual(self.call("PUT", "", body, headers={"If-Match": '"7"'})[0], 412)
        self.assertEqual(self.call("PUT", "", body, headers={"If-Match": "seven"})[0], 412)
        self.assertEqual(self.must(200, "PUT", "", {"name": "B"}, headers={"If-Match": '"1"'})["name"], "B")
        self.assertEqual(self.call("DELETE")[0], 428)
        self.must(204, "DELETE", headers={"If-Match": "*"})
        self.assertEqual(self.call("GET")[0], 404)
        self.assertEqual(self.call("POST", "/pause")[0], 404)
        self.assertEqual(self.connect()["revision"], 4, "revisions go on: what was made under an older life stays void")

    def test_pause_and_resume_are_new_lives_and_say_why(self):
        self.connect()
        self.assertEqual(self.must(200, "POST", "/pause")["reason"], "operator")
        self.assertEqual(self.must(200, "POST", "/pause")["revision"], 2, "paused already")
        self.assertEqual(self.must(200, "POST", "/resume")["status"], "active")
        self.record("connector-state", "", {"revision": 3, "status": "paused", "reason": "mapping_refused", "code": 14, "field": "price",
                                            "words": "price:float|Wrong type", "at": NOW, "worker": "w"})
        wait_until("the worker's pause", lambda: self.must(200, "GET")["status"] == "paused")
        seen = self.must(200, "GET", "/status")
        self.assertEqual((seen["reason"], seen["field"], seen["code"]), ("mapping_refused", "price", 14))
        self.assertIn("mapping", seen["todo"])
        self.assertEqual(self.must(200, "POST", "/resume")["status"], "active")

    # ---- those who should not ----

    def test_another_stores_key_finds_nothing_and_a_key_without_the_scope_may_not(self):
        self.connect()
        other = f"{self.store}x"
        self.bus.add_store(other)
        foreign = self.add_key(["publish", "read", "read:data", "manage"], other)
        keys = {scope: self.add_key([scope]) for scope in ("publish", "read", "read:data", "manage")}
        for method, path, needed in ROUTES:
            body = None if method in ("GET", "DELETE") else {}
            with self.subTest(f"{method} {path}"):
                self.assertEqual(self.call(method, path, body, key=foreign)[0], 404)
                self.assertEqual(self.call(method, path, body, key="hbk_AAAAAAAA_" + "A" * 52)[0], 401)
                for scope in ("publish", "read", "read:data"):
                    if scope != needed:
                        self.assertEqual(self.call(method, path, body, key=keys[scope])[0], 403, scope)
        self.assertEqual(self.call("POST", "/mapping/test", {"product": "1"}, key=keys["read"])[0], 403, "a product's data needs read:data")
        self.assertEqual(self.must(200, "GET", key=keys["read"])["revision"], 1)
        self.assertEqual(self.bus.call("GET", "/v1/stores//connectors/salesmanago")[0], 404)
        self.assertEqual(self.bus.call("GET", f"/v1/stores/{other}/connectors/salesmanago")[0], 404)

    def test_a_kept_key_is_not_sent_to_another_address(self):
        self.connect()
        thief = Receiver(self.bus.folder)
        self.addCleanup(thief.close)
        for method, path, body in (("PUT", "", {"catalog": {"id": "catalog-1"}}), ("POST", "/test", {}),
                                   ("POST", "/catalogs", {"name": "A", "currency": "PLN", "location": "a"})):
            status, answer = self.call(method, path, {**body, "base_url": thief.url("")}, headers={"If-Match": "*"})
            self.assertEqual((status, answer["field"]), (422, "key"), answer)
        self.assertEqual(thief.count(), 0)

    def test_who_says_the_key_back_does_not_get_it_into_an_answer_a_log_or_a_record(self):
        secret = "ThisKeyIsSaidBack1234"
        url = self.salesmanago_that(lambda key: (400, {"reasonCode": 10, "messages": f"Key {key} is wrong: {key}"}))
        for method, path in (("POST", "/test"), ("PUT", "")):
            status, answer = self.call(method, path, {"key": secret, "base_url": url, "catalog": {"id": "c"}} if not path else {"key": secret, "base_url": url})
            self.assertEqual(status, 422)
            self.assertNotIn(secret, json.dumps(answer))
            self.assertIn("*****", answer["detail"])
        self.connect()
        self.must(200, "POST", "/test")
        said = self.everything_said()
        self.assertNotIn(secret.encode(), said)
        self.assertNotIn(KEY.encode(), said)
        self.assertIn(b'"sealed":"v1.', said)
        for path in ("", "/status", "/mapping", "/dead", "/catalogs"):
            self.assertNotIn(KEY, json.dumps(self.must(200, "GET", path)))

    def test_what_is_no_request_is_refused_with_its_place(self):
        self.connect()
        rows = [("PUT", "", b"{", 400, None), ("PUT", "", b"[]", 400, None), ("PUT", "", {"kex": 1}, 422, None),
                ("PUT", "", b'{"name":"' + b"a" * 70000 + b'"}', 413, None), ("PUT", "", {"key": 7}, 422, "key"),
                ("PUT", "", {"key": ""}, 422, "key"), ("PUT", "", {"key": "a" * 5000}, 422, "key"), ("PUT", "", {"key": "a\r\nX: y"}, 422, "key"),
                ("PUT", "", {"key": "zażółć"}, 422, "key"), ("PUT", "", {"catalog": {}}, 422, "catalog"), ("PUT", "", {"catalog": {"id": "a" * 500}}, 422, "catalog"),
                ("PUT", "", {"language": "polski!"}, 422, "language"), ("PUT", "", {"name": "a" * 200}, 422, "name"),
                ("PUT", "", {"base_url": "http://127.0.0.1:1/?x=", "key": KEY}, 422, "base_url"), ("PUT", "", {"base_url": "ftp://a", "key": KEY}, 422, "base_url"),
                ("PUT", "", {"base_url": "http://169.254.169.254", "key": KEY}, 422, "base_url"), ("PUT", "", {"base_url": "", "key": KEY}, 422, "base_url"),
                ("PUT", "", {"mapping": {"fields": {"nothing": "x"}}}, 422, "mapping"), ("PUT", "/mapping", b"{", 400, None), ("PUT", "/mapping", b"", 400, None),
                ("PUT", "/mapping", b"[]", 422, "mapping"), ("PUT", "/mapping", b'{"fields":{"name":["a"]}}', 422, "mapping"),
                ("PUT", "/mapping", b'{"fields":' + b"[" * 5000 + b"]" * 5000 + b"}", 400, None), ("PUT", "/mapping", b'{"details":{"a":"' + b"x" * 40000 + b'"}}', 413, None),
                ("POST", "/catalogs", {"name": "A"}, 422, "currency"), ("POST", "/catalogs", {"name": "A", "currency": "XXQ", "location": "a"}, 422, None),
                ("POST", "/catalogs", {"name": "A", "currency": "PLN", "location": "1a"}, 422, None), ("POST", "/sync", {"restart": 1}, 422, "restart"),
                ("POST", "/dead/replay", {"products": []}, 422, "products"), ("POST", "/dead/replay", {"products": [1]}, 422, "products"),
                ("POST", "/dead/replay", {"products": ["nobody"]}, 404, "products"), ("POST", "/mapping/test", {}, 422, "product"),
                ("POST", "/mapping/test", {"product": "1", "data": {}}, 422, "product"), ("POST", "/pause", {"a": 1}, 422, None)]
        for method, path, body, wanted, field in rows:
            with self.subTest(f"{method} {path} {str(body)[:60]}"):
                status, answer = self.call(method, path, body, headers={"If-Match": "*"})
                self.assertEqual((status, (answer or {}).get("field")), (wanted, field), answer)
        self.assertEqual(self.must(200, "GET")["revision"], 1, "nothing was written")

    def test_a_salesmanago_that_hangs_holds_up_one_store_and_no_other(self):
        self.sim.settings(answer_ms=3000)
        self.addCleanup(self.sim.settings, answer_ms=0)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            calls = [pool.submit(self.call, "POST", "/test", {"key": KEY, "base_url": self.sim.url}) for _ in range(6)]
            begun = time.monotonic()
            self.must(404, "GET")
            self.assertLess(time.monotonic() - begun, 1)
            statuses = sorted(call.result()[0] for call in calls)
        self.assertEqual(statuses, [200] * 4 + [429] * 2)

    def test_a_store_deleted_while_its_key_is_tried_is_not_connected(self):
        asked, released = threading.Event(), threading.Event()

        def answer(key):
            asked.set()
            released.wait(10)
            return 200, {"catalogs": [{"catalogId": "catalog-1", "catalogName": "A", "currency": "PLN", "location": "a"}], "limits": {"max": 3}}

        url = self.salesmanago_that(answer)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            call = pool.submit(self.call, "PUT", "", {"key": KEY, "base_url": url, "catalog": {"id": "catalog-1"}})
            self.assertTrue(asked.wait(10))
            self.bus.must(204, "DELETE", f"/v1/stores/{self.store}", headers={"If-Match": "*"})
            released.set()
            self.assertEqual(call.result()[0], 404)
        self.assertNotIn(f"connector/{self.store}/".encode(), self.bus.read_topic("registry", "%k\n"))

    def test_of_two_who_connect_at_once_the_slower_one_is_told(self):
        self.connect()
        asked, released = threading.Event(), threading.Event()
        listed = {"catalogs": [{"catalogId": "catalog-1", "catalogName": "A", "currency": "PLN", "location": "a"}]}

        def answer(key):
            if key == "slow" and not asked.is_set():
                asked.set()
                released.wait(10)
            return 200, listed

        url = self.salesmanago_that(answer)
        body = {"base_url": url, "catalog": {"id": "catalog-1"}}
        self.must(200, "PUT", "", {**body, "key": "quick"}, headers={"If-Match": "*"})
        asked.set()
        self.must(200, "PUT", "", {**body, "key": "slow"}, headers={"If-Match": "*"})
        asked.clear()
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            slower = pool.submit(self.call, "PUT", "", {"name": "tried with the kept key"}, headers={"If-Match": "*"})
            self.assertTrue(asked.wait(10))
            self.must(200, "PUT", "", {**body, "key": "quick"}, headers={"If-Match": "*"})
            released.set()
            status, problem = slower.result()
        self.assertEqual((status, problem["type"].rsplit("/", 1)[1]), (409, "changed_meanwhile"))

    def test_what_salesmanago_answers_is_told_whatever_it_is(self):
        rows = [((500, {"error": "x"}), 502), ((302, {}), 502), ((429, {}), 502), ((200, b"<html>"), 502), ((200, b""), 502), ((200, b"[" * 100000), 502),
                ((401, {}), 422), ((400, b"[Specified json is not valid]"), 422), ((400, {"reasonCode": 10, "messages": ["a", "b"]}), 422),
                ((400, {"problems": [{"reasonCode": 19, "message": "catalogs|limit:3|Too many"}]}), 409), ((200, {"catalogs": []}), 200),
                ((200, {"catalogs": [{"catalogId": "x" * 300}, {"catalogId": 7}, 7]}), None), ((200, b"{" + b" " * (1 << 20) + b"}"), 502)]
        for answered, wanted in rows:
            url = self.salesmanago_that(lambda key, answered=answered: answered)
            with self.subTest(str(answered)[:60]):
                status, answer = self.call("POST", "/test", {"key": KEY, "base_url": url})
                self.assertEqual(status, wanted if wanted else status, answer)
                self.assertIn(status, (200, 409, 422, 502))

    # ---- catalogs, mapping, dead, sync ----

    def test_catalogs_are_listed_and_made_and_their_limit_is_said(self):
        body = {"key": KEY, "base_url": self.sim.url}
        before = self.must(200, "POST", "/test", body)
        self.assertEqual(before["limit"], 5)
        made = self.must(201, "POST", "/catalogs", {**body, "name": "Łódź", "currency": "EUR", "location": "lodz"})["catalog"]
        self.assertIn(made["id"], [catalog["id"] for catalog in self.must(200, "POST", "/test", body)["catalogs"]])
        self.assertEqual(self.connect(catalog={"id": made["id"]})["catalog"]["name"], "Łódź")
        status, answer = 201, None
        for number in range(6):
            status, answer = self.call("POST", "/catalogs", {"name": f"N{number}", "currency": "EUR", "location": f"n{number}"})
            if status != 201:
                break
        self.assertEqual((status, answer["type"].rsplit("/", 1)[1]), (409, "over_limit"), answer)

    def test_a_mapping_is_shown_set_tried_and_taken_back(self):
        self.connect()
        shown = self.must(200, "GET", "/mapping")
        self.assertEqual((shown["own"], shown["mapping"]["fields"]["name"]), (None, "name"))
        self.must(200, "PUT", "/mapping", {"fields": {"season": None, "color": "attributes.colour"}}, headers={"If-Match": "*"})
        shown = self.must(200, "GET", "/mapping")
        self.assertEqual((shown["own"]["fields"]["color"], shown["mapping"]["fields"]["name"]), ("attributes.colour", "name"))
        data = {"id": "1", "name": "Kubek", "url": "https://shop.example.com/1", "price": "19.9", "currency": "PLN", "attributes": {"colour": "biały"}}
        tried = self.must(200, "POST", "/mapping/test", {"data": data})
        self.assertEqual((tried["items"][0]["systemDetails"]["color"], tried["items"][0]["price"]), ("biały", 19.9))
        tried = self.must(200, "POST", "/mapping/test", {"data": data, "mapping": {"fields": {"color": None}}})
        self.assertNotIn("color", tried["items"][0].get("systemDetails", {}))
        tried = self.must(200, "POST", "/mapping/test", {"data": {**data, "price": "cheap"}})
        self.assertEqual((tried["items_count"], tried["refusal"]["field"]), (0, "price"))
        self.must(200, "DELETE", "/mapping", headers={"If-Match": "*"})
        self.assertIsNone(self.must(200, "GET", "/mapping")["own"])

    def test_a_product_of_the_catalog_is_tried_and_counted(self):
        self.connect()
        self.assertEqual(self.must(200, "GET", "/products"), {"known": 0})
        for number in range(5):
            product = {"id": str(number), "name": "Kubek", "url": f"https://shop.example.com/{number}", "price": "5.00", "currency": "PLN"}
            value = {"v": 1, "store": self.store, "product": str(number), "state": "deleted" if number == 4 else "active", "at": 1700000000000,
                     "product_version": {"appended": 1700000000000, "offset": number}, "data": product}
            if number == 4:
                value = {**{k: value[k] for k in ("v", "store", "product", "state", "at")}, "deleted_at": 1700000000000,
                         "product_version": value["product_version"], "data": product}
            self.bus.produce("catalog", f"{self.store}/{number}", json.dumps(value, separators=(",", ":")).encode(), [("hb_v", "1")])
        self.assertEqual(self.must(200, "GET", "/products"), {"known": 4})
        self.assertEqual(self.must(200, "POST", "/mapping/test", {"product": "3"})["items"][0]["productId"], "3")
        self.assertEqual(self.must(200, "POST", "/mapping/test", {"product": "4"})["items"][0]["active"], False)
        self.assertEqual(self.call("POST", "/mapping/test", {"product": "77"})[0], 404)

    def test_the_dead_are_listed_in_pages_and_asked_for_again(self):
        self.connect()
        self.assertEqual(self.must(202, "POST", "/dead/replay", {})["products"], 0)
        for product in ("1001", "1002", "a/b ż", "x" * 250):
            key = product if len(product) < 200 else "x" * 100 + "#abc"
            self.record("connector-dead", f"/{key}", {"product": product, "item": product, "code": 13, "reason": "missing", "field": "name",
                                                      "words": "name|Missing", "offset": 5, "at": NOW})
        wait_until("the dead", lambda: self.must(200, "GET", "/status")["dead"] == 4)
        first = self.must(200, "GET", "/dead?limit=3")
        rest = self.bus.must(200, "GET", f"{self.base}/dead?limit=3&cursor=" + first["next"].replace("/", "%2F").replace(" ", "%20").replace("ż", "%C5%BC"))
        self.assertEqual([item["product"] for item in first["items"] + rest["items"]], ["1001", "1002", "a/b ż", "x" * 250])
        self.assertIsNone(rest["next"])
        self.assertEqual(first["items"][0]["words"], "name|Missing")
        asked = self.must(202, "POST", "/dead/replay", {"products": ["a/b ż", "x" * 250]})
        self.assertEqual(asked["products"], 2)
        self.assertNotEqual(self.must(202, "POST", "/dead/replay", {})["id"], asked["id"])
        out = self.cli("dead list").stdout.decode()
        self.assertIn("1001", out)
        self.assertIn("name|Missing", out)
        self.assertIn(b"4 products are sent again", self.cli("dead replay").stdout)
        done = self.cli("dead replay", "nobody", check=False)
        self.assertIn(b"nobody is not dead", done.stderr)

    def test_a_sync_is_asked_for_once_and_seen_to_its_end(self):
        self.connect()
        begun = self.must(202, "POST", "/sync", {})
        self.assertEqual((begun["begun"], begun["sync"]["state"]), (True, "waiting"))
        again = self.must(202, "POST", "/sync", {})
        self.assertEqual((again["begun"], again["sync"]["id"]), (False, begun["sync"]["id"]))
        status = {"lag": 7, "waiting": 2, "sent": 3, "accepted": 90, "trimmed": 1, "refused": 1, "rate": 12.5, "detached": 1,
                  "last_batch": {"at": NOW, "ms": 210, "items": 87, "status": "accepted", "words": ""}}
        self.record("connector-status", "/w1", {**status, "sync": {"id": begun["sync"]["id"], "state": "running", "done": 40, "total": 100}})
        self.record("connector-position", "/3", {"offset": 5, "at": NOW, "why": "sync", "sync": begun["sync"]["id"]})
        wait_until("running", lambda: self.must(200, "GET", "/status")["detached"] == 1)
        seen = self.must(200, "GET", "/status")
        self.assertEqual((seen["sync"]["state"], seen["sync"]["done"], seen["sync"]["total"], seen["lag"], seen["accepted"]), ("running", 40, 100, 7, 90))
        shown = self.cli("status").stdout.decode()
        for text in ("40 of 100 (40 %)", "90 items", "87 items, accepted, 210 ms", "7 behind"):
            self.assertIn(text, shown)
        follower = subprocess.Popen([BINARY, "salesmanago", "sync", "--full", "--store", self.store], env=self.bus.env, cwd=self.bus.folder,
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertIn(b"under way already", follower.stderr.readline())
        self.record("connector-status", "/w1", {**status, "sync": {"id": begun["sync"]["id"], "state": "done", "done": 100, "total": 100}})
        self.record("connector-position", "/3", {"attached": True, "sync": begun["sync"]["id"]})
        out, err = follower.communicate(timeout=30)
        self.assertEqual((follower.returncode, b"full sync done: 100 products" in out), (0, True), (out, err))
        self.assertEqual(self.must(200, "GET", "/status")["detached"], 0)
        # The positions tell the end, the worker's figures follow seconds later.
        self.record("connector-status", "/w1", {**status, "sync": {"id": begun["sync"]["id"], "state": "running", "done": 40, "total": 100}})
        for partition in range(24):
            self.record("connector-position", f"/{partition}", {"attached": True, "sync": begun["sync"]["id"]})
        wait_until("done, and all of it", lambda: (lambda sync: (sync["state"], sync["done"]))(self.must(200, "GET", "/status")["sync"]) == ("done", 100))
        self.assertTrue(self.must(202, "POST", "/sync", {})["begun"])
        self.assertNotEqual(self.must(202, "POST", "/sync", {"restart": True})["sync"]["id"], begun["sync"]["id"])

    # ---- the commands ----

    def test_connect_without_a_terminal(self):
        done = self.cli("connect", check=False)
        self.assertEqual(done.returncode, 64)
        self.assertIn(b"--salesmanago-key-file", done.stderr)
        done = self.cli("connect", "--salesmanago-key-file", self.key_file(), "--base-url", self.sim.url, check=False)
        self.assertIn(b"which catalog?", done.stderr)
        done = self.cli("connect", "--salesmanago-key-file", "-", "--base-url", self.sim.url, "--catalog", "catalog-1", stdin=KEY.encode() + b"\n")
        self.assertIn(b"is connected to the SALESmanago catalog", done.stdout)
        self.assertIn(b"No product of the store is known yet", done.stdout)
        answer = json.loads(self.cli("connect", "--catalog", "catalog-1", "--language", "pl", "--json").stdout)
        self.assertEqual((answer["connector"]["language"], answer["known"], answer["connector"]["revision"]), ("pl", 0, 2))
        self.assertEqual(self.cli("status").returncode, 0)
        self.assertIn("active", self.cli("status").stdout.decode())
        self.cli("pause")
        done = self.cli("status", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("hookbus salesmanago resume", done.stdout.decode())
        self.assertEqual(json.loads(self.cli("resume", "--json").stdout)["status"], "active")
        open_to_all = self.key_file()
        os.chmod(open_to_all, 0o644)
        done = self.cli("connect", "--salesmanago-key-file", open_to_all, check=False)
        self.assertIn(b"chmod 600", done.stderr)
        done = self.cli("connect", "--salesmanago-key-file", self.key_file("wrong1"), "--catalog", "catalog-1", check=False)
        self.assertIn(b"Integration Center", done.stderr)
        self.assertNotIn(b"wrong1", done.stderr + done.stdout)
        self.cli("disconnect", "--yes")
        self.assertIn(b"connect", self.cli("status", check=False).stderr)

    def test_connect_on_a_terminal_asks_for_the_key_unseen(self):
        leader, follower = pty.openpty()
        words = [BINARY, "salesmanago", "connect", "--store", self.store, "--base-url", self.sim.url]
        child = subprocess.Popen(words, env=self.bus.env, cwd=self.bus.folder, stdin=follower, stdout=follower, stderr=follower, start_new_session=True)
        os.close(follower)
        self.addCleanup(os.close, leader)
        seen = b""

        def read_until(text, limit_s=30):
            nonlocal seen
            until = time.monotonic() + limit_s
            while text not in seen:
                self.assertLess(time.monotonic(), until, f"{text} was not asked; seen: {seen.decode(errors='replace')}")
                if select.select([leader], [], [], 0.2)[0]:
                    try:
                        seen += os.read(leader, 65536)
                    except OSError:
                        self.fail(f"the command ended; seen: {seen.decode(errors='replace')}")

        read_until(b"API key: ")
        os.write(leader, b"x\x7f" + KEY.encode() + b"\r")
        read_until(b"Which catalog?")
        os.write(leader, b"1\n")
        read_until(b"is connected")
        self.assertEqual(child.wait(30), 0)
        self.assertNotIn(KEY.encode(), seen)
        self.assertIn(b"catalog-1", seen)

    def test_every_command_explains_itself(self):
        commands = ["connect", "status", "sync", "pause", "resume", "disconnect", "catalogs", "mapping show", "mapping set", "mapping reset",
                    "mapping test", "dead", "dead list", "dead replay"]
        completion = self.bus.run("completion", "bash").stdout.decode()
        for command in commands:
            shown = self.bus.run("salesmanago", *command.split(), "--help").stdout.decode()
            self.assertIn("--store", shown, command)
            self.assertIn(f'["salesmanago {command}"]', completion)
        for words, meant in (("salesmanago statsu", "salesmanago status"), ("salesmanago mapping sho", "salesmanago mapping show"),
                             ("salesmanago dead lits", "salesmanago dead list"), ("replay creat", "replay create")):
            done = self.bus.run(*words.split(), "--store", self.store, check=False)
            self.assertEqual((done.returncode, f"did you mean 'hookbus {meant}'".encode() in done.stderr), (64, True), done.stderr)
        self.assertIn("salesmanago dead replay", self.bus.run("help", "salesmanago").stdout.decode())

    def test_status_is_shown_anew_until_its_reader_leaves(self):
        self.connect()
        watch = subprocess.Popen([BINARY, "salesmanago", "status", "--watch", "--json", "--store", self.store], env=self.bus.env, cwd=self.bus.folder,
                                 stdout=subprocess.PIPE)
        self.assertEqual([json.loads(watch.stdout.readline())["status"] for _ in range(3)], ["active"] * 3)
        watch.stdout.close()
        self.assertEqual(watch.wait(10), 0)

    def test_the_mapping_commands(self):
        self.connect()
        own = os.path.join(self.bus.folder, f"mapping-{self.store}.json")
        with open(own, "w") as f:
            json.dump({"fields": {"season": None}, "main_category": "Inne"}, f)
        self.cli("mapping set", own)
        shown = json.loads(self.cli("mapping show").stdout)
        self.assertEqual((shown["main_category"], shown["fields"]["season"]), ("Inne", None))
        self.assertEqual(json.loads(self.cli("mapping show", "--own").stdout), {"fields": {"season": None}, "main_category": "Inne"})
        data = os.path.join(self.bus.folder, f"product-{self.store}.json")
        with open(data, "w") as f:
            json.dump({"id": "1", "name": "n" * 300, "url": "https://shop.example.com/1", "price": "5", "currency": "PLN"}, f)
        done = self.cli("mapping test", "--data-file", data)
        self.assertEqual(json.loads(done.stdout[:done.stdout.rindex(b"]") + 1])[0]["mainCategory"], "Inne")
        self.assertIn("name", done.stdout[done.stdout.rindex(b"]"):].decode())
        done = self.cli("mapping set", "-", stdin=b'{"fields": {"price": "x"}}', check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(b"fields", done.stderr)
        self.cli("mapping reset")
        self.assertIsNone(self.must(200, "GET", "/mapping")["own"])


if __name__ == "__main__":
    main()
