"""webhook-deleted-disabled-url-changed while deliveries are parked: what becomes of them, change by change; and a dead subscriber that
comes back."""
import os
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from harness import main, wait_until  # noqa: E402
from ledger import delivery_id  # noqa: E402
from slow_path import SlowPathTest, fails_first  # noqa: E402

BACKLOG = int(os.environ.get("HOOKBUS_TEST_BACKLOG", "3000"))
BACKLOG_S = 60 + BACKLOG // 100  # receivers in Python take some hundreds a second
MIB = 1024 * 1024
# Bounded whatever the backlog: with a large one the cache of bodies comes on top (64 MiB, and half of it again for what the allocator adds).
GROWTH_MAX = (32 if BACKLOG <= 10_000 else 32 + 96) * MIB


def rss_bytes(process):
    with open(f"/proc/{process.child.pid}/statm") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGESIZE")


class Changes(SlowPathTest):
    is_shared = True

    def park(self, webhook, count=20):
        events = self.oracle.publish_many(count)
        self.wait_state(webhook, events, "parked")
        return events

    def wait_state(self, webhook, events, state, limit_s=30):
        keys = [delivery_id(webhook["id"], event) for event in events]

        def has():
            states = self.tail.states()
            return all(key in states and states[key]["state"] == state for key in keys)
        wait_until(f"all are {state}", has, limit_s)

    def witness(self, after_s):
        """A retry that was due after_s from now has come: so others due before it would have been sent, too."""
        receiver = self.receiver(fails_first(1))
        before = set(self.oracle.ledger.published)
        webhook = self.subscribe(receiver, f"/witness{receiver.port}", wants=lambda event: event not in before, schedule=(0, after_s), events=["cart.abandoned"])
        for subscription in self.oracle.subscriptions[:-1]:
            wants = subscription.wants
            subscription.wants = lambda event, wants=wants: wants(event) and event not in mine
        mine = set(self.oracle.publish_many(1, "cart.abandoned"))
        wait_until("the witness's retry", lambda: receiver.count() == 2, 30)
        self.oracle.subscriptions.pop()
        self.bus.remove_webhook(webhook, self.store)

    def test_url_secret_format_and_types_changed_while_parked_new_values_same_bytes_selected_stays_selected(self):
        old, new = self.receiver(lambda post, number: 500), self.receiver()
        webhook = self.subscribe(old, schedule=(0, 5, 1), events=["order.*"])  # changed well before it is due
        events = self.park(webhook)
        self.oracle.subscriptions[0].receiver = new
        new.secrets["/hook"] = [webhook["secret"]]
        count = old.count()
        self.change(webhook, url=new.url(), events=["product.*"], headers={"X-New": "1"})
        verdict = self.judge(dead=0, duplicates_max=0)
        self.assertEqual(verdict.received, len(events))
        self.assertEqual(old.count(), count, "the old address gets nothing more")
        self.assertEqual({post["headers"].get("x-new") for post in new.snapshot()}, {"1"})

    def test_paused_while_parked_waits_for_resume_unburnt(self):
        receiver = self.receiver(fails_first(1))
        webhook = self.subscribe(receiver, schedule=(0, 4), events=["order.*"])  # told well before it is due
        events = self.park(webhook)
        self.tell(webhook, "pause")
        fresh = self.oracle.publish_many(5)
        self.wait_state(webhook, fresh, "parked")
        count = receiver.count()
        self.witness(6)
        self.assertEqual(receiver.count(), count, "nothing goes out while it is paused")
        self.wait_state(webhook, events, "parked")
        receiver.script = None
        self.tell(webhook, "resume")
        self.judge(dead=0, duplicates_max=0)

    def test_disabled_while_parked_stays_until_enabled_and_what_comes_meanwhile_is_skipped(self):
        receiver = self.receiver(fails_first(1))
        webhook = self.subscribe(receiver, schedule=(0, 4), events=["order.*"])  # told well before it is due
        events = self.park(webhook)
        self.tell(webhook, "disable")
        count = receiver.count()
        skipped = set(self.oracle.publish_many(5))
        self.oracle.subscriptions[0].wants = lambda event: event not in skipped
        for event in skipped:
            self.assertEqual(self.bus.wait_line(event=event, webhook=webhook["id"])["reason"], "disabled")
        self.witness(6)
        self.assertEqual(receiver.count(), count)
        self.wait_state(webhook, events, "parked")
        self.tell(webhook, "enable")
        self.judge(dead=0, duplicates_max=0)

    def test_deleted_while_parked_is_dead_webhook_deleted_and_nothing_is_sent(self):
        receiver = self.receiver(lambda post, number: 500)
        webhook = self.subscribe(receiver, schedule=(0, 8, 1), events=["order.*"])
        events = self.park(webhook, 300)
        count = receiver.count()
        self.oracle.note("deleted", webhook)
        self.bus.remove_webhook(webhook, self.store)
        self.wait_state(webhook, events, "dead", 60)
        self.assertEqual({record["reason"] for record in self.states("dead")}, {"webhook_deleted"})
        self.assertEqual(receiver.count(), count)
        verdict = self.judge(dead=300)
        self.assertEqual(verdict.received, 0)
        wait_until("each has its line", lambda: len(self.bus.lines(webhook=webhook["id"], reason="webhook_deleted")) == 300)
        self.oracle.check_view(self.redis)

    def test_a_webhook_with_a_rate_limit_keeps_it_and_nothing_is_burnt(self):
        receiver = self.receiver()
        self.subscribe(receiver, rate_limit={"count": 20, "per_s": 1})
        self.oracle.publish_many(60)
        self.judge(dead=0, duplicates_max=0)
        at = sorted(post["at"] for post in receiver.snapshot())
        for start in range(len(at) - 41):
            # 1.1 s as it is sent; a receiver that begins late sees less, and without a limit it is nothing.
            self.assertGreater(at[start + 41] - at[start], 0.5, "no more than twice the count in a moment")
        self.assertEqual({post["headers"]["hookbus-attempt"] for post in receiver.snapshot()}, {"1"})

    def test_dead_subscriber_with_a_backlog_only_probes_while_it_rests_and_recovers_with_the_fresh_not_starved(self):
        """dead-subscriber-100k-backlog (here 3,000: HOOKBUS_TEST_BACKLOG) and recovery-surge, after each other."""
        is_up, lock, now, most = threading.Event(), threading.Lock(), [0], [0]

        def script(post, number):
            with lock:
                now[0] += 1
                most[0] = max(most[0], now[0])
            if is_up.is_set():
                threading.Event().wait(0.002)
            with lock:
                now[0] -= 1
            return 200 if is_up.is_set() else 503
        bad, good = self.receiver(script), self.receiver()
        self.subscribe(bad, "/bad", schedule=(0,) + (1,) * 20)
        self.subscribe(good, "/good")
        self.oracle.publish_many(200)
        wait_until("it rests", lambda: len(self.states("parked")) == 200, 30)
        before = rss_bytes(self.dispatchers[0])
        asked = bad.count()
        self.oracle.publish_many(BACKLOG)
        wait_until("the healthy one has all", lambda: good.count() == BACKLOG + 200, BACKLOG_S)
        wait_until("the backlog is parked", lambda: len(self.states("parked")) == BACKLOG + 200, BACKLOG_S)
        probes = bad.count() - asked
        print(f"{BACKLOG} parked, {probes} requests to the dead one meanwhile, grown by {(rss_bytes(self.dispatchers[0]) - before) / MIB:.1f} MiB", file=sys.stderr)
        self.assertLess(probes, 40, "only probes while it rests")
        self.assertLess(rss_bytes(self.dispatchers[0]) - before, GROWTH_MAX)
        is_up.set()
        wait_until("it is found to be back", lambda: any(post.get("status") == 200 for post in bad.snapshot()), 30)
        fresh = self.oracle.publish_many(100, "product.updated")
        wait_until("the fresh ones arrive", lambda: {p["id"] for p in bad.snapshot() if p.get("status") == 200} >= set(fresh), BACKLOG_S)
        left = len(self.states("parked"))
        verdict = self.judge(dead=0, limit_s=60)
        self.oracle.check_view(self.redis)
        print(f"recovered: {verdict}; {left} were still parked when the fresh had arrived; at most {most[0]} at once", file=sys.stderr)
        self.assertLessEqual(most[0], 64)
        self.assertEqual({post["headers"]["hookbus-attempt"] for post in good.snapshot()}, {"1"})


if __name__ == "__main__":
    main()
