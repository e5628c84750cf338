"""`hookbus replay` as an operator uses it: counted beforehand, throttled, killed half way, run twice, paused, resumed, cancelled."""
import json
import os
import sys
import threading

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", ".."))
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
from harness import HookbusTest, data_of_standard, main, wait_until  # noqa: E402

COUNT = int(os.environ.get("HOOKBUS_TEST_REPLAYS", "2000"))


class Replays(HookbusTest):
    # It must not rest: a receiver that is down for good would leave the last ones parked.
    config = {"delivery_rest_first_ms": 1000, "delivery_rest_most_ms": 1000}

    def setUp(self):
        super().setUp()
        self.bus.set(store="acme")
        self.bus.start_api()
        self.dispatcher = self.bus.start_dispatcher()
        self.bus.add_store()
        self.is_good = threading.Event()
        self.receiver = self.bus.receiver(lambda post: (200, {}, b"") if self.is_good.is_set() else (500, {}, b"down"))
        self.webhook = self.bus.subscribe(self.receiver, schedule=[0])["id"]

    def cli(self, *words, code=0):
        done = self.bus.run("replay", *words, check=False)
        self.assertEqual(done.returncode, code, f"{words}: {done.stdout.decode()} {done.stderr.decode()}")
        return done.stdout.decode()

    def json(self, *words, **more):
        return json.loads(self.cli(*words, "--json", **more))

    def dead(self):
        return self.json("--webhook", self.webhook, "--state", "dead", "--since", "2h", "--dry-run")["total"]

    def die(self, count):
        for at in range(0, count, 500):
            self.bus.publish([{"type": "order.created", "subject": str(i % 50), "data": {"number": i}} for i in range(at, min(count, at + 500))])
        wait_until(f"{count} dead", lambda: self.dead() == count, 120)

    def progress(self, job):
        return self.bus.must(200, "GET", f"/v1/stores/acme/replays/{job}")

    def replayed(self, job):
        return [post for post in self.receiver.snapshot() if post["headers"].get("hookbus-replay") == job]

    def test_dead_ones_are_counted_replayed_through_a_kill_and_not_twice(self):
        self.die(COUNT)
        first = {post["id"]: data_of_standard(post["body"]) for post in self.receiver.snapshot()}
        self.assertEqual(len(first), COUNT)
        text = self.cli("--webhook", self.webhook, "--state", "dead", "--since", "2h", "--dry-run")
        self.assertIn(f"{COUNT} deliveries would be sent again", text)
        self.assertIn("evt_", text, "a sample")
        self.is_good.set()
        job = self.json("--webhook", self.webhook, "--state", "dead", "--since", "2h", "--rate", str(COUNT // 5))["id"]
        wait_until("a third of it", lambda: self.progress(job)["selected"] > COUNT // 3, 60)
        self.dispatcher.kill()
        self.assertLess(self.progress(job)["selected"], COUNT)
        self.dispatcher = self.bus.start_dispatcher()
        self.assertIn("is done", self.cli("watch", job))
        self.assertEqual(self.json("show", job)["total"], COUNT)
        wait_until("all of them", lambda: len({post["id"] for post in self.replayed(job)}) == COUNT, 60)
        again = self.replayed(job)
        print(f"{len(again)} POSTs for {COUNT} deliveries", file=sys.stderr)
        self.assertLessEqual(len(again), COUNT + 2 * 64, "in flight at the kill")
        for post in again:
            self.assertEqual(data_of_standard(post["body"]), first[post["id"]])
        self.assertEqual(self.dead(), 0)
        second = self.json("--webhook", self.webhook, "--since", "2h", "--wait")
        self.assertEqual((second["status"], second["total"]), ("done", 0))
        self.assertEqual(self.replayed(second["id"]), [])
        self.assertEqual([row["id"] for row in self.json("list")["items"]], [second["id"], job])
        self.assertIn(job, self.cli("list", "--webhook", self.webhook))

    def test_a_job_is_paused_resumed_and_cancelled(self):
        self.die(200)
        self.is_good.set()
        job = self.json("--webhook", self.webhook, "--rate", "20", "--once")["id"]
        wait_until("some of it", lambda: self.progress(job)["selected"] > 20, 30)
        self.assertIn("paused", self.cli("pause", job))
        self.assertIn("paused", self.cli("watch", job, code=1))
        wait_until("its owner has seen it", lambda: self.progress(job).get("reason") == "paused")
        selected = self.progress(job)["selected"]
        wait_until("what was selected arrived", lambda: len(self.replayed(job)) == selected)
        self.cli("resume", job)
        wait_until("more of it", lambda: self.progress(job)["selected"] > selected, 30)
        self.cli("cancel", job)
        self.assertIn("cancelled", self.cli("watch", job, code=1))
        self.cli("resume", job, code=73)
        wait_until("its owner has seen that, too: what it selected arrived, the others are dead", lambda: self.dead() == 200 - len(self.replayed(job)))
        self.assertLess(len(self.replayed(job)), 200)

    def test_what_cannot_be_is_said(self):
        self.cli(code=64)
        self.cli("--webhook", self.webhook, "--since", "yesterday", code=64)
        self.cli("--webhook", self.webhook, "--state", "dead", "--missing", code=64)
        self.bus.must(200, "POST", f"/v1/stores/acme/webhooks/{self.webhook}/disable")
        done = self.bus.run("replay", "--webhook", self.webhook, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("enable it first", done.stderr.decode())


if __name__ == "__main__":
    main()
