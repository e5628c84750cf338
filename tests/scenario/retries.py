"""What fails is retried by its schedule, rests, dies, is disabled, comes back; the healthy never notice. The ledger is the judge."""
import os
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from harness import main, wait_until  # noqa: E402
from ledger import delivery_id  # noqa: E402
from raw_receiver import RawReceiver, answer  # noqa: E402
from slow_path import SlowPathTest, fails_first  # noqa: E402

DAY_MS = 86400 * 1000


class Retries(SlowPathTest):
    is_shared = True

    def history(self, receiver, event):
        return [post for post in receiver.snapshot() if post["id"] == event]

    def lines_of(self, webhook, event, count):
        lines = sorted((line["attempt"], line["outcome"], line["reason"]) for line in self.bus.lines(event=event, webhook=webhook["id"]))
        return lines if len(lines) >= count else None

    def journal_of(self, webhook, event):
        return [record for record in self.tail.snapshot() if record["id"] == delivery_id(webhook["id"], event)]

    def has_state(self, webhook, event, state):
        record = self.tail.states().get(delivery_id(webhook["id"], event))
        return record and record["state"] == state

    def test_a_500_is_retried_by_the_schedule_and_delivered(self):
        receiver = self.receiver(fails_first(1))
        webhook = self.subscribe(receiver, schedule=(0, 1))
        event = self.oracle.publish_many(1)[0]
        verdict = self.judge(dead=0, duplicates_max=0)
        self.assertEqual((verdict.received, verdict.posts), (1, 2))
        posts = self.history(receiver, event)
        self.assertEqual([post["headers"]["hookbus-attempt"] for post in posts], ["1", "2"])
        self.assertNotEqual(posts[0]["headers"]["webhook-timestamp"], posts[1]["headers"]["webhook-timestamp"], "each attempt has its own time")
        # The journal is read by another program, which may be behind.
        wait_until("two records", lambda: len(self.journal_of(webhook, event)) >= 2)
        self.assertEqual([record["state"] for record in self.journal_of(webhook, event)], ["parked", "delivered"])
        self.oracle.check_view(self.redis)

    def test_http_500_always_follows_its_schedule_with_jitter_and_is_dead_once(self):
        bad, good = self.receiver(fails_first(99)), self.receiver()
        webhook = self.subscribe(bad, schedule=(0, 1, 2))
        self.subscribe(good)
        events = self.oracle.publish_many(12)
        verdict = self.judge(dead=12, duplicates_max=0)
        self.assertEqual((verdict.received, verdict.posts), (12, 12 + 36))
        waits = []
        for event in events:
            at = [post["at"] for post in self.history(bad, event)]
            for wait, before, after in zip((1, 2), at, at[1:]):
                self.assertGreater(after - before, wait * 0.8 - 0.05, "not before its time")
            records = self.journal_of(webhook, event)
            self.assertEqual([(r["state"], r["attempts"]) for r in records], [("parked", 1), ("parked", 2), ("dead", 3)])
            waits += [r["due"] - r["appended_ms"] for r in records[:1]]
            lines = wait_until("three lines", lambda: self.lines_of(webhook, event, 3))
            self.assertEqual(lines, [(1, "failed", "server_error"), (2, "failed", "server_error"), (3, "dead", "server_error")])
        self.assertGreater(max(waits) - min(waits), 20, "the waits are spread")
        self.assertLess(max(waits), 1250)

    def test_http_410_disables_at_once_and_keeps_what_is_parked(self):
        bad, witness = self.receiver(), self.receiver(fails_first(1))
        webhook = self.subscribe(bad, schedule=(0, 2, 1))
        bad.script = fails_first(1)
        parked = self.oracle.publish_many(1)[0]
        wait_until("the first is parked", lambda: self.has_state(webhook, parked, "parked"))
        bad.script = lambda post, number: 410
        gone = self.oracle.publish_many(1)[0]
        wait_until("disabled", lambda: self.shown(webhook)["status"] == "disabled")
        wait_until("what was refused is dead", lambda: self.has_state(webhook, gone, "dead"))
        asked = bad.count()
        refused = set(self.oracle.publish_many(1))
        self.oracle.subscriptions[0].wants = lambda event: event not in refused
        line = self.bus.wait_line(event=min(refused), webhook=webhook["id"])
        self.assertEqual((line["outcome"], line["reason"]), ("skipped", "disabled"))
        # A witness's retry, due after the parked one's time, has come: so the parked one would have been sent by now.
        self.subscribe(witness, "/witness", wants=lambda event: event == last, schedule=(0, 4))
        last = self.oracle.publish_many(1)[0]
        refused.add(last)
        wait_until("the witness's second attempt", lambda: len(self.history(witness, last)) == 2)
        self.assertEqual(bad.count(), asked, "no further request to who is gone")
        self.assertTrue(self.has_state(webhook, parked, "parked"))
        bad.script = None
        self.tell(webhook, "enable")
        self.judge(dead=1, duplicates_max=0)
        self.assertIn(parked, [post["id"] for post in bad.snapshot() if post.get("status") == 200])

    def test_http_429_retry_after_is_waited_for_and_the_webhook_rests_unburnt(self):
        receiver = self.receiver(lambda post, number: (429, {"Retry-After": "3"}, b"") if receiver.count() == 1 else 200)
        webhook = self.subscribe(receiver, schedule=(0, 1, 1))
        first = self.oracle.publish_many(1)[0]
        wait_until("parked", lambda: self.has_state(webhook, first, "parked"))
        wait_until("it rests", lambda: self.bus.read_topic("registry", "%k\n").count(f"state/{webhook['id']}".encode()))
        others = self.oracle.publish_many(5)
        wait_until("the others are parked", lambda: all(self.has_state(webhook, event, "parked") for event in others))
        self.assertEqual({self.journal_of(webhook, event)[0]["attempts"] for event in others}, {0}, "waiting burns no attempt")
        self.judge(dead=0, duplicates_max=0)
        posts = receiver.snapshot()
        self.assertGreater(posts[1]["at"] - posts[0]["at"], 2.95, "nobody before the time that was asked for")
        self.assertEqual([post["headers"]["hookbus-attempt"] for post in posts if post["id"] in others], ["1"] * 5)

    def test_http_429_with_a_retry_after_of_a_day_moves_the_delivery_a_day_and_the_rest_an_hour(self):
        receiver = self.receiver(lambda post, number: (429, {"Retry-After": "86400"}, b""))
        webhook = self.subscribe(receiver, schedule=(0, 1, 1))
        event = self.oracle.publish_many(1)[0]
        wait_until("parked", lambda: self.has_state(webhook, event, "parked"))
        record = self.journal_of(webhook, event)[0]
        self.assertGreater(record["due"], record["appended_ms"] + DAY_MS - 2000)
        self.assertLess(record["due"], record["appended_ms"] + DAY_MS * 1.01)
        resting = wait_until("it rests", lambda: self.rests(webhook))
        self.assertLessEqual(resting[-1]["until"], time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 3605)))

    def rests(self, webhook):
        """The run-time states of a webhook, as published."""
        import json
        out = self.bus.read_topic("registry", "%k %s\n").decode()
        wanted = f"state/{webhook['id']} "
        return [json.loads(line[len(wanted):]) for line in out.splitlines() if line.startswith(wanted + "{")]

    def test_http_503_without_retry_after_shrinks_the_window_and_follows_the_schedule(self):
        held, now, most, lock = threading.Event(), [0], [0], threading.Lock()
        self.addCleanup(held.set)

        def script(post, number):
            with lock:
                now[0] += 1
                most[0] = max(most[0], now[0])
            held.wait(1.5)
            with lock:
                now[0] -= 1
            return 503 if receiver.count() <= 4 else 200
        receiver, witness = self.receiver(script), self.receiver()
        self.subscribe(receiver)
        self.subscribe(witness, "/witness")
        self.oracle.publish_many(40)
        wait_until("a cohort is in flight", lambda: now[0] == 4)
        with lock:
            most[0] = 0
        wait_until("the first four have failed, and fewer follow", lambda: receiver.count() > 4 and now[0] <= 2)
        with lock:
            most[0] = now[0]
        wait_until("some more", lambda: receiver.count() >= 8)
        self.assertLessEqual(most[0], 3, "the window is smaller than it was")
        held.set()
        self.judge(dead=0, duplicates_max=40)
        self.assertEqual({len(self.history(witness, event)) for event in self.oracle.ledger.published}, {1})

    def test_server_closes_keepalive_under_us_counts_one_attempt_and_repeats_within_the_bound(self):
        seen, lock = [], threading.Lock()

        def serve(connection, number):
            raw.read_request(connection)
            connection.sendall(answer(200))
            head, _ = raw.read_request(connection)  # taken, and then the connection goes without an answer
            with lock:
                seen.append(head)
        raw = RawReceiver(serve)
        self.addCleanup(raw.close)
        webhook = self.bus.add_webhook(self.store, f"http://127.0.0.1:{raw.port}/hook", schedule=[0, 1, 1, 1])
        events = [result["id"] for result in self.bus.publish([{"type": "order.created", "subject": "1", "data": {"n": i}} for i in range(40)], self.store)]
        for event in events:
            self.bus.wait_line(event=event, webhook=webhook["id"], outcome="delivered")
        self.assertTrue(seen, "a kept connection was closed under us")
        lines = self.bus.lines(webhook=webhook["id"])
        heads = [head for head, _ in raw.requests]
        for event in events:
            attempts = [line["attempt"] for line in lines if line["event"] == event]
            self.assertEqual(sorted(attempts), list(range(1, len(attempts) + 1)), "each attempt counted once")
            asked = sum(b"webhook-id: " + event.encode() in head for head in heads)
            self.assertLessEqual(asked, 6 * len(attempts), "libcurl sends again on another kept connection, five times at most")

    def test_slow_subscriber_at_high_volume_is_capped_and_the_watermark_moves_on(self):
        """slow-subscriber-29s: it holds what it gets until the test lets go, which is longer than settle_after."""
        let_go = threading.Event()
        self.addCleanup(let_go.set)
        slow, good = self.receiver(lambda post, number: let_go.wait(29) and 200), self.receiver()
        webhook = self.subscribe(slow, timeout_ms=30000)
        self.subscribe(good, "/good")
        count, before = 1000, self.metric("hookbus_events_settled_total")
        self.oracle.publish_many(count)
        wait_until("the healthy one has all", lambda: good.count() >= count, 40)
        wait_until("all is settled while the slow one holds its own",
                   lambda: self.metric("hookbus_events_settled_total") == self.metric("hookbus_events_taken_total") == before + count, 20)
        self.assertGreater(slow.count(), 0)
        self.assertLessEqual(slow.count(), 64, "capped by its window")
        wait_until("each stands in the journal", lambda: sum(record["webhook"] == webhook["id"] for record in self.states("parked")) == count)
        let_go.set()
        self.judge(dead=0, duplicates_max=64, limit_s=60)

    def test_ten_of_a_hundred_hang_and_the_others_get_everything_meanwhile(self):
        let_go = threading.Event()
        self.addCleanup(let_go.set)
        hanging, good = self.receiver(lambda post, number: let_go.wait(60) and 200), self.receiver()
        for number in range(10):
            self.subscribe(hanging, f"/hang{number}", timeout_ms=30000)
        for number in range(90):
            self.subscribe(good, f"/good{number}")
        count, before = 30, self.metric("hookbus_events_settled_total")
        self.oracle.publish_many(count)
        wait_until("the ninety have everything", lambda: good.count() >= 90 * count, 40)
        wait_until("nothing keeps an event unsettled", lambda: self.metric("hookbus_events_settled_total") == before + count, 10)
        self.assertGreaterEqual(hanging.count(), 10)
        self.assertFalse(let_go.is_set())
        let_go.set()
        verdict = self.judge(dead=0, limit_s=60)
        self.assertEqual(verdict.received, 100 * count)


if __name__ == "__main__":
    main()
