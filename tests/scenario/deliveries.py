"""What an operator sees and does: deliveries listed, shown whole, retried, cancelled; health, wake and top; the read model killed and made anew."""
import datetime
import fcntl
import json
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from harness import BINARY, SharedTest, free_port, main, wait_until  # noqa: E402

LATER = [0, 3600]  # tried at once, then in an hour
ONCE = [0]


class Deliveries(SharedTest):
    def cli(self, *words, code=0, stdin=b""):
        done = self.bus.run(*words, stdin=stdin, check=False, env={**self.bus.env, "HOOKBUS_STORE": self.store})
        self.assertEqual(done.returncode, code, f"{words}: {done.stdout.decode()} {done.stderr.decode()}")
        return done

    def wish(self, verb, *words):
        """A delivery is listed as soon as its line is read, and takes a wish when its journal record is, too: two topics, in either order."""
        def tried():
            done = self.bus.run("delivery", verb, *words, check=False, env={**self.bus.env, "HOOKBUS_STORE": self.store})
            return None if done.returncode == 73 and b"try again in a moment" in done.stderr else done
        done = wait_until(f"{verb} {words} is understood", tried)
        self.assertEqual(done.returncode, 0, f"{verb} {words}: {done.stdout.decode()} {done.stderr.decode()}")
        return done

    def json(self, *words, **more):
        return json.loads(self.cli(*words, "--json", **more).stdout)

    def listed(self, **filters):
        words = [word for name, value in filters.items() for word in (f"--{name}", value)]
        return self.json("delivery", "list", *words)["items"]

    def wait_state(self, event, state):
        return wait_until(f"{event} to be {state}; it is {self.listed(event=event)}",
                          lambda: [item for item in self.listed(event=event) if item["state"] == state])[0]

    def refuser(self, schedule, **more):
        """A webhook whose receiver refuses until it is told to be good."""
        mood = {"status": 500}
        receiver = self.receiver(lambda post: (mood["status"], {}, b"no, said the receiver"))
        return self.subscribe(receiver, schedule=schedule, **more), receiver, mood

    def test_a_parked_delivery_is_listed_counted_and_shown_whole(self):
        webhook, _, _ = self.refuser(LATER)
        event = self.publish("order.created", "1001", b'{"total": 19.90}')
        item = self.wait_state(event, "parked")
        self.assertEqual((item["webhook"], item["reason"], item["attempts"], item["subject"]), (webhook["id"], "server_error", 1, "1001"))
        due = datetime.datetime.fromisoformat(item["due"].replace("Z", "+00:00")).timestamp()
        self.assertTrue(2700 < due - time.time() < 4400, item["due"])
        answer = self.json("delivery", "list", "--webhook", webhook["id"], "--state", "parked", "--count")
        self.assertEqual((answer["counts"], answer["complete"], len(answer["items"])), ({"parked": 1}, True, 1))
        self.assertEqual(self.listed(webhook=webhook["id"], state="dead"), [])
        shown = self.json("delivery", "show", item["delivery"])
        self.assertEqual([(line["outcome"], line["status"], line["attempt"], line["body"]) for line in shown["lines"]],
                         [("failed", 500, 1, "no, said the receiver")])
        self.assertEqual((shown["event_record"]["id"], shown["event_record"]["data"]), (event, {"total": 19.90}))
        text = self.cli("delivery", "show", item["delivery"]).stdout
        self.assertIn(b'{"total": 19.90}', text)
        self.assertIn(b"it said: no, said the receiver", text)
        health = wait_until("its health", lambda: [row for row in self.json("webhook", "health")["items"] if row["parked"] == 1])[0]
        self.assertEqual((health["webhook"], health["failed"], health["last_reason"], health["success_percent"]), (webhook["id"], 1, "server_error", 0))
        self.assertIn("failing_since", health)
        self.assertEqual((health["window"], health["workers"]), (4, 1), "a 500 says nothing about load: it is as wide as at the start")
        self.assertIn(b"WINDOW", self.cli("webhook", "health").stdout)

    def test_a_cancelled_delivery_has_ended_and_again_is_refused(self):
        self.refuser(LATER)
        event = self.publish("order.created", "1", {})
        delivery = self.wait_state(event, "parked")["delivery"]
        self.wish("cancel", delivery)
        self.wait_state(event, "cancelled")
        self.cli("delivery", "cancel", delivery, code=73)
        wait_until("its line", lambda: "cancelled" in [line["outcome"] for line in self.json("delivery", "show", delivery)["lines"]])

    def test_a_dead_delivery_is_sent_again_by_its_id(self):
        _, receiver, mood = self.refuser(ONCE)
        event = self.publish("order.created", "1", {})
        delivery = self.wait_state(event, "dead")["delivery"]
        mood["status"] = 200
        self.assertIn(b"begins anew", self.wish("retry", delivery).stdout)
        self.wait_state(event, "delivered")
        self.assertEqual([post["id"] for post in receiver.snapshot()], [event, event])
        self.cli("delivery", "retry", delivery, code=73)

    def test_a_parked_delivery_is_due_at_once_when_it_is_retried(self):
        _, receiver, mood = self.refuser(LATER)
        event = self.publish("order.created", "1", {})
        delivery = self.wait_state(event, "parked")["delivery"]
        mood["status"] = 200
        self.wish("retry", delivery)
        self.wait_state(event, "delivered")
        self.assertEqual(receiver.count(), 2)

    def test_many_are_retried_by_filters_and_only_when_somebody_said_yes(self):
        webhook, receiver, mood = self.refuser(ONCE)
        events = {self.publish("order.created", str(i), {}) for i in range(12)}
        wait_until("all to be dead", lambda: len(self.listed(state="dead", webhook=webhook["id"])) == 12)
        self.cli("delivery", "retry", "--webhook", webhook["id"], code=64)
        self.assertIn(b"12 dead fit", self.cli("delivery", "retry", "--state", "dead", "--webhook", webhook["id"], code=64).stderr)
        self.assertEqual(receiver.count(), 12)
        mood["status"] = 200
        self.assertEqual(self.json("delivery", "retry", "--state", "dead", "--webhook", webhook["id"], "--yes"), {"changed": 12, "left": 0})
        wait_until("all to be delivered", lambda: len(self.listed(state="delivered", webhook=webhook["id"])) == 12)
        self.assertEqual(receiver.ids(), events)

    def test_what_a_disabled_webhook_skipped_is_listed_and_refused_until_it_is_enabled(self):
        webhook, receiver, mood = self.refuser(ONCE)
        mood["status"] = 200
        self.cli("webhook", "disable", webhook["id"])
        event = self.publish("order.created", "1", {})
        item = self.wait_state(event, "skipped")
        self.assertEqual(item["reason"], "disabled")
        self.cli("delivery", "retry", item["delivery"], code=73)
        self.assertEqual(receiver.count(), 0)
        self.cli("webhook", "enable", webhook["id"])
        self.wish("retry", item["delivery"])
        self.wait_state(event, "delivered")

    def test_keys_see_and_do_what_their_scopes_say_in_their_own_store(self):
        self.refuser(LATER)
        event = self.publish("order.created", "1", b'{"email":"a@example.com"}')
        delivery = self.wait_state(event, "parked")["delivery"]
        path = f"/v1/stores/{self.store}/deliveries/{delivery}"
        reader = self.bus.must(201, "POST", f"/v1/stores/{self.store}/keys", {"scopes": ["read"]})["key"]
        self.assertNotIn(b"example.com", json.dumps(self.bus.must(200, "GET", path, key=reader)).encode())
        self.bus.must(403, "POST", f"{path}/retry", key=reader)
        self.bus.must(403, "POST", f"{path}/cancel", key=reader)
        other = f"{self.store}x"
        self.bus.add_store(other)
        stranger = self.bus.must(201, "POST", f"/v1/stores/{other}/keys", {"scopes": ["read", "manage"]})["key"]
        self.bus.must(404, "GET", path, key=stranger)
        for method, there in (("GET", ""), ("POST", "/retry"), ("POST", "/cancel")):
            self.bus.must(404, method, f"/v1/stores/{other}/deliveries/{delivery}{there}", key=stranger)
        self.assertEqual(self.bus.must(200, "GET", f"/v1/stores/{other}/deliveries", key=stranger)["items"], [])
        for query in ("state=asleep", "limit=0", "since=yesterday", "type=Order", "cursor=x"):
            self.bus.must(400, "GET", f"/v1/stores/{self.store}/deliveries?{query}", key=reader)
        self.bus.must(404, "GET", f"/v1/stores/{self.store}/deliveries/dlv_none", key=reader)

    def test_the_topic_itself_is_read_when_it_is_asked_for(self):
        receiver = self.receiver()
        self.subscribe(receiver)
        events = [self.publish("order.created", str(i), {}) for i in range(5)]
        wait_until("all in the read model", lambda: len(self.listed(state="delivered")) == 5)
        lines = [json.loads(line) for line in self.cli("delivery", "list", "--deep", "--since", "1h", "--json").stdout.splitlines()]
        self.assertEqual({line["line"]["event"] for line in lines if line["kind"] == "line"}, set(events))
        self.assertEqual((lines[-1]["kind"], lines[-1]["complete"], lines[-1]["found"]), ("end", True, 5))
        self.assertEqual(self.cli("delivery", "list", "--deep", "--event", events[3]).stdout.count(b"delivered"), 1)

    def test_a_rest_is_shown_and_ended_by_wake(self):
        webhook = self.subscribe(self.receiver())
        until = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        record = {"v": 1, "revision": 1, "status": "resting", "until": until, "reason": "unavailable", "since": until}
        self.bus.produce("registry", f"state/{webhook['id']}", json.dumps(record).encode())
        shown = wait_until("the rest", lambda: [state for state in [self.json("webhook", "show", webhook["id"])["state"]] if state["status"] == "resting"])[0]
        self.assertEqual((shown["until"], shown["reason"]), (until, "unavailable"))
        self.assertEqual([row["state"] for row in self.json("webhook", "health")["items"]], ["resting"])
        self.assertIn(b"resting", self.cli("webhook", "health").stdout)
        answer = self.json("webhook", "wake", webhook["id"])
        self.assertEqual((answer["state"], answer["status"], answer["revision"]), ({"status": "active"}, "active", 2))
        self.assertEqual(self.json("webhook", "wake", webhook["id"])["revision"], 2)  # nothing to do
        record = {"v": 1, "revision": 2, "reason": "gone", "at": until, "worker": "d0"}
        self.bus.produce("registry", f"disabled/{webhook['id']}", json.dumps(record).encode())
        shown = wait_until("that it is disabled", lambda: [hook for hook in [self.json("webhook", "show", webhook["id"])] if hook["status"] == "disabled"])[0]
        self.assertEqual(shown["state"], {"status": "disabled", "since": until, "reason": "gone", "worker": "d0", "revision": 2})
        self.cli("webhook", "wake", webhook["id"], code=73)
        self.assertEqual(self.json("webhook", "enable", webhook["id"])["state"], {"status": "active"})

    def content(self):
        return sorted(json.dumps(item, sort_keys=True) for item in self.listed(limit="1000"))

    def test_a_killed_api_goes_on_where_it_was_and_a_lost_file_is_made_anew(self):
        self.refuser(LATER, path="/late")
        self.refuser(ONCE, path="/dead")
        self.subscribe(self.receiver(), "/good")
        events = [self.publish("order.created", str(i), {}) for i in range(40)]
        wait_until("all of it", lambda: [item["state"] for item in self.listed(limit="1000")].count("delivered") == 40
                   and len(self.listed(limit="1000")) == 120 and not [i for i in self.listed(limit="1000") if i["state"] == "parked" and "due" not in i])
        self.wish("cancel", self.listed(event=events[0], state="parked")[0]["delivery"])
        self.wait_state(events[0], "cancelled")
        before = self.content()
        files = [os.path.join(self.bus.folder, "state", name) for name in ("read-model.sqlite", "read-model.sqlite-wal", "read-model.sqlite-shm")]
        self.assertEqual(os.stat(files[0]).st_mode & 0o777, 0o600)
        for is_lost in (False, True):
            self.api.kill()
            for file in files:
                if is_lost and os.path.exists(file):
                    os.remove(file)
            type(self).api = self.bus.start_api()
            wait_until("the read model", lambda: self.bus.call("GET", f"/v1/stores/{self.store}/deliveries")[2].get("complete"))
            self.assertEqual(self.content(), before)

    def test_a_read_model_that_cannot_be_kept_says_so_and_nothing_is_changed_by_it(self):
        self.refuser(LATER)
        event = self.publish("order.created", "1", {})
        delivery = self.wait_state(event, "parked")["delivery"]
        port = free_port()
        second = self.bus.spawn("api-2", "api", api_port=port)  # with the same state_dir, so with the same file
        wait_until("the second api", lambda: self.bus.is_ready(second, port), 60)
        trouble = wait_until("the second api's trouble", lambda: (self.bus.call("GET", f"/v1/stores/{self.store}/deliveries", port=port)[2] or {}).get("trouble"))
        self.assertIn("another process keeps", trouble)
        status, headers, answer = self.bus.call("POST", f"/v1/stores/{self.store}/deliveries/{delivery}/cancel", port=port)
        self.assertEqual((status, answer["type"].rsplit("/", 1)[1]), (503, "read_model_incomplete"))
        self.assertIn("retry-after", headers)
        self.wait_state(event, "parked")

    # ---- hookbus top ----

    def test_top_says_once_what_a_program_wants_to_know(self):
        webhook, _, _ = self.refuser(LATER)
        self.publish("order.created", "1", {})
        row = wait_until("a parked one", lambda: [item for item in self.json("top")["items"] if item["parked"] == 1])[0]
        self.assertEqual((row["store"], row["webhook"]), (self.store, webhook["id"]))
        text = self.cli("top", "--once").stdout.decode()
        self.assertIn(webhook["id"][:30], text)
        self.assertNotIn("\033", text)
        self.cli("top", code=64)  # no terminal

    def top_ends_with(self, key, expected):
        self.subscribe(self.receiver())
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        before = termios.tcgetattr(slave)
        process = subprocess.Popen([BINARY, "top"], env={**self.bus.env, "HOOKBUS_STORE": self.store, "LANG": "C.UTF-8"}, cwd=self.bus.folder,
                                   stdin=slave, stdout=slave, stderr=subprocess.DEVNULL)
        seen = b""

        def read():
            nonlocal seen
            if select.select([master], [], [], 0.05)[0]:
                seen += os.read(master, 65536)
            return seen

        try:
            wait_until("a second picture", lambda: read().count(b"\033[H") >= 2)
            picture = seen.split(b"\033[H")[1]
            rows = picture.split(b"\r\n")
            self.assertEqual(len(rows), 24)
            self.assertIn(b"1 webhooks", picture)
            os.write(master, key)
            wait_until("its end and all it wrote", lambda: read() is not None and process.poll() is not None and read() == read(), 10)
            self.assertEqual(process.returncode, expected)
            self.assertTrue(seen.endswith(b"\033[?25h\033[?1049l"), seen[-60:])
            self.assertEqual(termios.tcgetattr(slave), before)
        finally:
            process.kill()
            process.wait()
            os.close(master)
            os.close(slave)

    def test_top_draws_80_columns_and_gives_the_terminal_back_when_q_is_typed(self):
        self.top_ends_with(b"q", 0)

    def test_top_gives_the_terminal_back_on_ctrl_c(self):
        self.top_ends_with(b"\x03", 0)


main()
