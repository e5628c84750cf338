"""Kafka away, refusing, or without what it had, while deliveries are parked: nothing is lost, nothing is sent twice for it, no busy loop."""
import os
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import harness  # noqa: E402
import kafka_records  # noqa: E402
import kafka_wire  # noqa: E402
from harness import main, wait_until  # noqa: E402
from kafka_proxy import KafkaProxy, PRODUCE, with_produce_error  # noqa: E402
from slow_path import SlowPathTest, fails_first, fails_share  # noqa: E402

RATE, WINDOW, SILENT_S = 150, 64, 5  # events a second; in flight; Kafka's silence after which nothing more is sent
NOT_ENOUGH_REPLICAS, TOO_LARGE, DENIED, OUT_OF_SEQUENCE = 19, 10, 29, 45


def cpu_s(process):
    with open(f"/proc/{process.child.pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def busy_share(process, seconds):
    """How much of a core it used in the next seconds."""
    begun, used = time.monotonic(), cpu_s(process)
    time.sleep(seconds)
    return (cpu_s(process) - used) / (time.monotonic() - begun)


class KafkaAway(SlowPathTest):
    has_own_kafka = True

    @staticmethod
    def first_attempts_and_retries_taken(subscription, event):
        posts = [post for post in subscription.receiver.snapshot() if post["id"] == event]
        retries = [post for post in posts if post["headers"]["hookbus-attempt"] != "1"]
        return len(posts) - len(retries), sum(post.get("status") == 200 for post in retries)

    def test_broker_down_and_restarted_with_parked_deliveries_none_is_sent_twice_for_it(self):
        receiver = self.receiver(fails_share(40, times=2))
        self.subscribe(receiver, schedule=(0,) + (1,) * 12)
        dispatcher = self.start_dispatcher()
        self.bus.lines()
        load = self.load(rate_per_s=RATE)
        for _ in range(2):
            before = receiver.count()
            wait_until("deliveries", lambda: receiver.count() > before + 150, 60)
            self.kafka("kill")
            wait_until("red", lambda: self.bus.get_status(dispatcher.port, "/readyz") != 200, 40)
            self.kafka("start")
        before = receiver.count()
        wait_until("deliveries go on by themselves", lambda: receiver.count() > before + 150, 60)
        load.stop()
        verdict = self.judge(dead=0, may_have_more=load.attempted, limit_s=90, duplicates_max=2 * (WINDOW + SILENT_S * RATE))
        self.oracle.check_view(self.redis)
        # First attempts whose lines Kafka had not acknowledged are made again when the partition was lost in between; what was due is not.
        # Whose first attempt was made twice is parked twice, and the repair of the older record may meet a retry that is under way.
        for subscription, event in verdict.twice:
            first, retried = self.first_attempts_and_retries_taken(subscription, event)
            self.assertLessEqual(retried, first, self.oracle.story(subscription, event))
        print(f"2 broker crashes: {verdict}", file=sys.stderr)
        self.assertTrue(dispatcher.is_alive())

    def test_kafka_away_for_long_is_red_and_idle_and_each_due_delivery_is_sent_once_at_most(self):
        """kafka-away-for-minutes: as long as it takes for every timer to have come round."""
        receiver = self.receiver(fails_first(1))
        self.subscribe(receiver, schedule=(0, 4) + (1,) * 8)
        dispatcher = self.start_dispatcher()
        self.oracle.publish_many(400)
        wait_until("all are parked", lambda: len(self.states("parked")) == 400, 30)
        self.kafka("kill")
        wait_until("red", lambda: self.bus.get_status(dispatcher.port, "/readyz") != 200, 40)
        # The library spins for some seconds when a group membership is lost, on a busy machine more than once; that this ends is what is
        # held here: idle for longer than 5 s without an acknowledgement, and than a lease.
        shares = []
        wait_until("it is idle", lambda: shares.append(busy_share(dispatcher, 6)) or shares[-1] < 0.1, 60)
        share = shares[-1]
        away = [post["id"] for post in receiver.snapshot() if post.get("number") != 1]
        self.assertEqual(len(away), len(set(away)), "in an outage each due delivery is sent at most once")
        self.kafka("start")
        verdict = self.judge(dead=0, limit_s=90)
        self.oracle.check_view(self.redis)
        print(f"Kafka away: {share * 100:.1f} % of a core, {len(away)} retries meanwhile; {verdict}", file=sys.stderr)
        self.assertEqual(verdict.duplicates, 0)


class JournalRefused(SlowPathTest):
    def setUp(self):
        super().setUp()
        self.proxy = KafkaProxy(harness.KAFKA)
        self.addCleanup(self.proxy.close)
        self.code, self.refused = 0, 0
        self.topic = f"{self.bus.prefix}journal"
        self.proxy.after = self.after
        self.webhook = self.subscribe(self.receiver(fails_first(1)), schedule=(0, 1, 1, 1, 1, 1))

    def after(self, api_key, version, body):
        if api_key != PRODUCE or not self.code:
            return body
        body, count = with_produce_error(version, body, self.code, self.topic)
        self.refused += count
        return body

    def refuse(self, code):
        dispatcher = self.start_dispatcher(kafka_brokers=self.proxy.address())
        # Its own takeovers are journal records too: refused, they would stop intake before the first event.
        wait_until("its shards are open", lambda: self.metric("hookbus_retry_shards_open") == 64)
        self.code, self.refused = code, 0
        self.oracle.publish_many(50)
        wait_until("the journal refuses", lambda: self.refused > 0)
        # A refusal that is for good stops intake at once, so not all need be taken by then.
        wait_until("some were taken", lambda: self.metric("hookbus_events_taken_total") > 0)
        self.assertLess(self.metric("hookbus_events_settled_total"), 50)
        self.code = 0
        self.judge(dead=0, limit_s=60)
        wait_until("all is settled", lambda: self.metric("hookbus_events_settled_total") == 50)
        self.assertEqual(dispatcher.stop(), 0)

    def test_journal_produce_fails_for_a_while_the_event_stays_unsettled_and_is_not_dropped(self):
        self.refuse(NOT_ENOUGH_REPLICAS)

    def test_journal_produce_fails_for_a_record_and_the_ring_is_not_wedged(self):
        self.refuse(TOO_LARGE)

    def test_journal_produce_fails_for_good_as_after_a_brokers_crash_and_goes_on_by_itself(self):
        """The library's idempotent producer is of no use any more once a broker has lost its sequence numbers."""
        self.refuse(OUT_OF_SEQUENCE)

    def test_journal_not_allowed_stops_consuming_red_and_a_restart_goes_on(self):
        dispatcher = self.start_dispatcher(kafka_brokers=self.proxy.address())
        self.code = DENIED
        self.oracle.publish_many(50)
        wait_until("the journal refuses", lambda: self.refused > 0)
        wait_until("red", lambda: not dispatcher.is_alive() or self.bus.get_status(dispatcher.port, "/readyz") != 200, 30)
        self.code = 0
        dispatcher.kill()
        self.start_dispatcher()
        self.judge(dead=0, limit_s=60)


class BodyGone(SlowPathTest):
    """body-gone: a parked delivery whose event is no longer in Kafka is dead with that reason, and never another event's body goes out for it."""

    def setUp(self):
        super().setUp()
        self.is_good = threading.Event()
        self.sink = self.receiver(lambda post, number: 200 if self.is_good.is_set() else 500)
        self.webhook = self.subscribe(self.sink, schedule=(0, 5, 1))
        self.first = self.start_dispatcher()
        self.events = self.oracle.publish_many(30)
        wait_until("all are parked", lambda: len(self.states("parked")) == 30)
        self.assertEqual(self.first.stop(), 0)  # with it goes what it kept of the bodies

    def finish(self):
        self.is_good.set()
        self.judge(dead=30)
        self.assertEqual({record["reason"] for record in self.states("dead")}, {"body_gone"})
        self.oracle.check_view(self.redis)

    def test_body_gone_because_records_were_deleted_is_dead_with_its_reason(self):
        kafka_records.delete_records(harness.KAFKA, f"{self.bus.prefix}events.order", 24)
        self.start_dispatcher()
        self.finish()
        more = self.oracle.publish_many(10)
        wait_until("later events arrive", lambda: self.sink.ids() >= set(more))

    def test_body_gone_because_the_topic_was_made_anew_never_sends_another_events_body(self):
        topic = f"{self.bus.prefix}events.order"
        kafka_wire.delete_topics(harness.KAFKA, [topic])
        self.bus.run("topics", "create")
        others = self.oracle.publish_many(200)
        subscription = self.oracle.subscriptions[0]
        subscription.wants = lambda event: event in self.events
        self.start_dispatcher(is_waiting=False)
        # The others are new events, and die by themselves of a receiver that is not good yet.
        wait_until("the dead", lambda: sum(record["reason"] == "body_gone" for record in self.states("dead")) == 30, 60)
        self.is_good.set()
        verdict = self.oracle.verdict()
        self.assertEqual(verdict.problems, [])
        self.assertEqual(verdict.received, 0)
        self.assertTrue(set(others) >= self.sink.ids() - set(self.events))


if __name__ == "__main__":
    main()
