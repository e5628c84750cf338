"""Signing secrets while they change, and when the key that opens them is not there."""
import json
import os
import shutil
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from harness import HookbusTest, SharedTest, main, wait_until  # noqa: E402
from salesmanago import Simulator  # noqa: E402


class Rotation(SharedTest):
    def test_secret_rotated_mid_flight_signs_with_both_until_the_old_one_ends_and_then_only_with_the_new(self):
        receiver = self.receiver()
        webhook = self.subscribe(receiver)
        old = webhook["secret"]
        path = f"/v1/stores/{self.store}/webhooks/{webhook['id']}"
        stopping = threading.Event()
        self.addCleanup(stopping.set)

        def publish_on():
            while not stopping.is_set():
                self.publish("order.created", "1", {})
        publisher = threading.Thread(target=publish_on, daemon=True)
        publisher.start()
        wait_until("deliveries are under way", lambda: receiver.count() >= 20)
        rotated = time.time()  # the overlap begins while this is answered
        answer = self.bus.must(200, "POST", f"{path}/secret", {"overlap_s": 3})
        new = answer["secret"]
        self.assertNotEqual(old, new)
        receiver.secrets["/hook"] = [old, new]

        def signatures_of_last():
            return len(receiver.snapshot()[-1]["headers"]["webhook-signature"].split(" "))
        wait_until("both sign", lambda: signatures_of_last() == 2)
        wait_until("only the new one signs", lambda: signatures_of_last() == 1)
        self.assertGreaterEqual(time.time() - rotated, 2.9, "the overlap is 3 s")
        count = receiver.count()
        wait_until("more deliveries", lambda: receiver.count() >= count + 20)
        stopping.set()
        publisher.join()
        states = []
        for post in receiver.snapshot():
            self.assertGreaterEqual(post["verified"], 1, "each POST is signed with a secret that is valid at its time")
            receiver.secrets["/hook"] = [new]
            with_new = receiver.verify("/hook", post["headers"], post["body"]) == 1
            receiver.secrets["/hook"] = [old]
            with_old = receiver.verify("/hook", post["headers"], post["body"]) == 1
            states.append((with_old, with_new))
        # Several connections: a request may overtake another, so the order is that of the signatures' own times.
        self.assertEqual({*states}, {(True, False), (True, True), (False, True)})
        self.assertEqual(states[-1], (False, True))

    def test_a_secret_is_shown_once_and_stands_sealed_in_kafka(self):
        receiver = self.receiver()
        webhook = self.subscribe(receiver, headers={"Authorization": "Bearer do-not-show", "X-Plain": "shown"})
        path = f"/v1/stores/{self.store}/webhooks/{webhook['id']}"
        self.assertNotIn("secret", self.bus.must(200, "GET", path))
        raw = self.bus.read_topic("registry")
        for hidden in (webhook["secret"].removeprefix("whsec_").encode(), b"do-not-show"):
            self.assertNotIn(hidden, raw)
        self.publish("order.created", "1", {})
        wait_until("the POST", lambda: receiver.count() == 1)
        self.assertEqual(receiver.snapshot()[0]["headers"]["authorization"], "Bearer do-not-show")
        for process in self.bus.processes:
            with open(process.log, "rb") as f:
                log = f.read()
            self.assertNotIn(b"do-not-show", log)
            self.assertNotIn(webhook["secret"].encode(), log)


class NewerKey(HookbusTest):
    def restart(self):
        """The file is read at the start; the dispatcher first: what the api seals it must be able to open."""
        for process in self.running:
            process.stop()
        self.running = [self.bus.start_dispatcher(), self.bus.start_api()]

    def deliver(self, receiver, subject):
        count = receiver.count()
        self.bus.publish([{"type": "order.created", "subject": subject, "data": {}}])
        wait_until(f"the POST of {subject}", lambda: receiver.count() > count)
        post = receiver.snapshot()[-1]
        self.assertEqual((post["verified"], post["headers"]["x-api-key"], post["path"]), (1, "k3y-in-header", "/hook?token=t0ken-in-url"))

    def rotate(self, code=0):
        done = self.bus.run("secrets", "rotate", "--json", check=False)
        self.assertEqual(done.returncode, code, done.stderr.decode())
        return json.loads(done.stdout)

    def test_a_newer_sealing_key_takes_over_and_the_older_one_can_go(self):
        self.running = [self.bus.start_api()]
        self.bus.add_store()
        receiver = self.bus.receiver()
        webhook = self.bus.subscribe(receiver, headers={"X-Api-Key": "k3y-in-header"})
        self.bus.must(200, "PATCH", f"/v1/stores/acme/webhooks/{webhook['id']}", {"url": webhook["url"] + "?token=t0ken-in-url"}, headers={"If-Match": "*"})
        receiver.secrets["/hook?token=t0ken-in-url"] = receiver.secrets["/hook"]
        gone = self.bus.subscribe(receiver, path="/gone")
        self.bus.must(204, "DELETE", f"/v1/stores/acme/webhooks/{gone['id']}", headers={"If-Match": "*"})
        sim = Simulator()
        self.addCleanup(sim.close)
        connector = "/v1/stores/acme/connectors/salesmanago"
        self.bus.add_store("gone")
        for path in ("/v1/stores/gone/connectors/salesmanago", connector):
            self.bus.must(200, "PUT", path, {"base_url": sim.url, "key": sim.key, "catalog": sim.catalog}, headers={"If-Match": "*"})
        self.bus.must(204, "DELETE", "/v1/stores/gone", headers={"If-Match": "*"})
        self.running.append(self.bus.start_dispatcher())
        self.deliver(receiver, "1")
        self.assertEqual(self.rotate()["resealed"], 0)

        self.bus.run("secrets", "add", self.bus.sealing_file)
        self.assertEqual(os.stat(self.bus.sealing_file).st_mode & 0o777, 0o600)
        self.restart()
        self.deliver(receiver, "2")
        done = self.rotate()
        self.assertEqual((done["done"], done["resealed"], done["failed"], done["others"]), (True, 2, 0, 0), "a webhook, a connector")
        self.assertGreaterEqual(done["old_records"], 3, "the replaced ones, and those of the deleted webhook before it was")
        self.assertEqual(self.rotate()["resealed"], 0)
        self.deliver(receiver, "3")

        with open(self.bus.sealing_file) as f:
            lines = f.read().splitlines()
        self.assertEqual((len(lines), lines[1].split()[0]), (2, done["newest"]))
        os.remove(self.bus.sealing_file)
        with open(os.open(self.bus.sealing_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as f:
            f.write(lines[1] + "\n")
        self.restart()
        self.deliver(receiver, "4")
        self.bus.must(200, "POST", connector + "/test", {})

    def test_while_a_value_cannot_be_opened_it_says_which_and_that_the_older_key_is_needed(self):
        self.running = [self.bus.start_api()]
        self.bus.add_store()
        webhook = self.bus.subscribe(self.bus.receiver())
        os.remove(self.bus.sealing_file)
        time.sleep(1.1)  # a key's id is the second it was made in
        self.bus.run("secrets", "init", self.bus.sealing_file)
        self.restart()
        self.assertEqual(self.rotate(code=1)["failed"], 1)
        said = self.bus.run("secrets", "rotate", check=False).stdout.decode()
        self.assertIn(webhook["id"], said)
        self.assertIn("still needed", said)


class NoKey(HookbusTest):
    def test_sealing_key_missing_sends_nothing_unsigned_keeps_the_deliveries_and_is_red_and_loud(self):
        self.bus.start_api()
        self.bus.add_store()
        receiver = self.bus.receiver()
        self.bus.subscribe(receiver)
        away = self.bus.sealing_file + ".away"
        shutil.move(self.bus.sealing_file, away)
        events = {result["id"] for result in self.bus.publish([{"type": "order.created", "subject": str(i), "data": {}} for i in range(50)])}
        dispatcher = self.bus.start_dispatcher(is_waiting=False)

        def is_red():
            return not dispatcher.is_alive() or self.bus.get_status(dispatcher.port, "/readyz") == 503
        wait_until("the dispatcher answers", lambda: not dispatcher.is_alive() or self.bus.get_status(dispatcher.port, "/healthz") != 0)
        self.assertTrue(is_red())
        wait_until("it says what is wrong", lambda: "key" in dispatcher.tail(50))
        # It must go on being red and silent: long enough for a consumer to join and fetch, had it wanted to.
        control = self.bus.metrics(dispatcher) if dispatcher.is_alive() else {}
        self.assertEqual(control.get("hookbus_events_taken_total", 0), 0)
        ends = time.monotonic() + 3
        while time.monotonic() < ends:
            self.assertTrue(is_red())
            self.assertEqual(receiver.count(), 0)
            time.sleep(0.1)
        self.assertEqual(self.bus.lines(), [])
        dispatcher.stop()
        shutil.move(away, self.bus.sealing_file)
        self.bus.start_dispatcher()
        wait_until("all arrives, signed", lambda: receiver.ids() == events)
        self.assertEqual({post["verified"] for post in receiver.snapshot()}, {1})

    def test_a_webhook_whose_own_secret_is_damaged_is_skipped_with_that_reason_and_the_others_go_on(self):
        self.bus.start_api()
        self.bus.add_store()
        receiver = self.bus.receiver()
        lost = self.bus.subscribe(receiver, path="/lost")
        # Other keys: what was sealed under the old ones cannot be opened any more.
        os.remove(self.bus.sealing_file)
        self.bus.run("secrets", "init", self.bus.sealing_file)
        self.bus.processes[0].stop()
        self.bus.start_api()
        self.bus.start_dispatcher()
        self.bus.subscribe(receiver, path="/good")
        event = self.bus.publish([{"type": "order.created", "subject": "1", "data": {}}])[0]["id"]
        line = self.bus.wait_line(event=event, webhook=lost["id"])
        self.assertEqual((line["outcome"], line["reason"]), ("skipped", "secret_damaged"))
        wait_until("the other one's POST", lambda: receiver.count() == 1)
        self.assertEqual(receiver.snapshot()[0]["path"], "/good")


if __name__ == "__main__":
    main()
