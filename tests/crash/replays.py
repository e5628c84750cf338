"""replay-100k-dead: throttled, safe to run twice or to kill half way, ids and bodies kept, disabled webhooks respected.

HOOKBUS_TEST_REPLAYS says how many dead there are (1500; 100000 for a long run).
"""
import json
import os
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from harness import main, wait_until  # noqa: E402
from slow_path import SlowPathTest  # noqa: E402

COUNT = int(os.environ.get("HOOKBUS_TEST_REPLAYS", "1500"))
COUNT_S = 120 + COUNT // 100  # receivers in Python take some hundreds a second


class Replays(SlowPathTest):
    is_shared = True

    def setUp(self):
        super().setUp()
        self.is_good = threading.Event()
        self.sink = self.receiver(lambda post, number: 200 if self.is_good.is_set() else 500)
        self.webhook = self.subscribe(self.sink, schedule=(0,))

    def die(self, count):
        events = self.oracle.publish_many(count)
        wait_until("all are dead", lambda: len(self.states("dead")) >= count, COUNT_S)
        return events

    def replay(self, wanted=(200, 201, 202), **asked):
        status, _, answer = self.bus.call("POST", f"/v1/stores/{self.store}/replays", {"webhook": self.webhook["id"], "states": ["dead"], **asked})
        self.assertIn(status, wanted, answer)
        return answer

    def job(self, job):
        return self.bus.must(200, "GET", f"/v1/stores/{self.store}/replays/{job['id']}")

    def wait_accepted(self, count, limit_s=60):
        wait_until(f"{count} of the replay", lambda: len(self.accepted()) >= count, limit_s)

    def accepted(self):
        return {post["id"] for post in self.sink.snapshot() if post.get("status") == 200}

    def replayed(self):
        return [post for post in self.sink.snapshot() if "hookbus-replay" in post["headers"]]

    def test_replay_of_dead_ones_is_throttled_and_ids_and_bodies_are_kept(self):
        events = self.die(300)
        self.is_good.set()
        begun = time.monotonic()
        self.replay(rate=100)
        self.wait_accepted(300)
        verdict = self.judge(dead=0, duplicates_max=0)
        self.assertGreater(time.monotonic() - begun, 1.9, "no faster than 100 a second")
        self.assertEqual((verdict.received, verdict.posts), (300, 600))
        self.assertEqual({post["id"] for post in self.replayed()}, set(events))
        self.oracle.check_view(self.redis)

    def test_replay_run_twice_at_once_sends_each_once(self):
        self.die(300)
        self.is_good.set()
        self.replay(rate=1000)
        self.replay(rate=1000)
        self.wait_accepted(300)
        verdict = self.judge(dead=0)
        print(f"two jobs for the same dead: {verdict}", file=sys.stderr)
        self.assertLessEqual(verdict.duplicates, 64, "in flight at the selection: its success is the replay")

    def test_replay_killed_half_way_loses_none_and_repeats_at_most_what_was_in_flight(self):
        dispatcher = self.dispatchers[0]
        self.die(COUNT)
        self.is_good.set()
        job = self.replay(rate=min(1000, max(300, COUNT // 10)))
        for share in (3, 2):
            wait_until("part of it", lambda: len(self.accepted()) > COUNT // (share * 2), COUNT_S)
            dispatcher.kill()
            dispatcher = self.start_dispatcher()
        self.wait_accepted(COUNT, COUNT_S)
        verdict = self.judge(dead=0, limit_s=60)
        self.oracle.check_view(self.redis)
        print(f"a replay of {COUNT} killed twice: {verdict}", file=sys.stderr)
        self.assertLessEqual(verdict.duplicates, 2 * 2 * 64)
        wait_until("the job is done", lambda: "done" in json.dumps(self.job(job)), 30)

    def test_replay_for_a_disabled_webhook_is_refused_and_enable_first_is_said(self):
        self.die(20)
        self.tell(self.webhook, "disable")
        answer = self.replay(wanted=(409,))
        self.assertIn("enable", json.dumps(answer))
        self.tell(self.webhook, "enable")
        self.is_good.set()
        self.replay()
        self.wait_accepted(20)
        self.judge(dead=0, duplicates_max=0)

    def test_replay_replaces_a_pending_retry(self):
        self.change(self.webhook, schedule=[0, 3600])
        self.oracle.publish_many(50)
        wait_until("all wait for an hour", lambda: len(self.states("parked")) == 50)
        self.is_good.set()
        self.replay(states=["parked"])
        self.wait_accepted(50)
        verdict = self.judge(dead=0, duplicates_max=0)
        self.assertEqual(verdict.received, 50)
        self.oracle.check_view(self.redis)


if __name__ == "__main__":
    main()
