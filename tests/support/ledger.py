"""The oracle of the slow path: every acknowledged event, for every webhook that should have it, was received, or stands exactly once
as parked or dead. It looks at what must survive only: the ledger of acknowledged events, the receivers' files, the journal in Kafka.

What a delivery is, the journal says: the last record of its key is its state, because what is stale is repaired behind it. The view in
Redis is held against that, never believed.
"""
import base64
import hashlib
import json
import subprocess
import threading
import time

import harness
from harness import wait_until

SHARDS = 64
TERMINAL = ("dead", "held", "expired", "cancelled")
CODES = {1: "parked", 2: "held", 3: "dead"}


def delivery_id(webhook, event):
    digest = hashlib.sha256(webhook.encode() + b"\0" + event.encode()).digest()[:16]
    return "dlv_" + base64.b32encode(digest).decode().rstrip("=").lower()


def shard_of(webhook):
    return int.from_bytes(hashlib.sha256(webhook.encode()).digest()[:4], "big") % SHARDS


class JournalTail:
    """The journal as it grows, read by a kcat of its own: every record, and the last one of each delivery."""

    def __init__(self, broker, topic, folder):
        self.lock = threading.Lock()
        self.records = []
        self.last = {}
        self.errors = open(f"{folder}/kcat-journal.log", "ab")
        self.child = subprocess.Popen(["kcat", "-b", broker, "-C", "-t", topic, "-o", "beginning", "-q", "-u", "-E", "-J"], stdout=subprocess.PIPE,
                                      stderr=self.errors, stdin=subprocess.DEVNULL, preexec_fn=harness.die_with_parent)
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        for raw in self.child.stdout:
            record = parse_record(json.loads(raw))
            with self.lock:
                self.records.append(record)
                if record["state"] != "takeover":
                    self.last[record["id"]] = record

    def states(self):
        """Delivery id to its last record."""
        with self.lock:
            return dict(self.last)

    def snapshot(self):
        with self.lock:
            return list(self.records)

    def close(self):
        self.child.kill()
        self.child.wait()
        self.thread.join(5)
        self.child.stdout.close()
        self.errors.close()


def parse_record(raw):
    """One record as kcat shows it, flat: id, state (a tombstone's: delivered), version, webhook, partition, offset and the value's fields."""
    given = raw.get("headers") or []
    headers = dict(zip(given[::2], given[1::2]))
    value = json.loads(raw["payload"]) if raw.get("payload") else {"state": "delivered"}
    value.update(id=raw["key"], partition=raw["partition"], offset=raw["offset"], appended_ms=raw["ts"], webhook=headers.get("webhook", value.get("webhook")),
                 version=int(headers.get("version", 0)), repairs=headers.get("repairs"))
    return value


class Subscription:
    def __init__(self, webhook, receiver, path, wants):
        self.id, self.webhook, self.receiver, self.path, self.wants = webhook["id"], webhook, receiver, path, wants


class Verdict:
    """What became of every pair of an acknowledged event and a webhook that should have it."""

    def __init__(self):
        self.received = self.waiting = self.dead = self.duplicates = self.posts = 0
        self.lost, self.problems = [], []
        self.dead_though_received, self.twice = [], []
        self.parked = []

    def __str__(self):
        return (f"{self.received} received, {self.waiting} parked, {self.dead} dead, {len(self.lost)} lost, {self.posts} POSTs, "
                f"{self.duplicates} received again, {len(self.dead_though_received)} dead though received")


class Oracle:
    """Knows who should have what, and judges. `wants(event_id)`: whether this webhook should have that acknowledged event."""

    def __init__(self, bus, store, tail):
        self.bus, self.store, self.tail = bus, store, tail
        self.ledger = bus.ledger()
        self.subscriptions = []
        self.moments = []  # when a webhook was created, changed, paused, disabled …: for who reads a failure

    def note(self, what, webhook=None):
        self.moments.append((time.time(), what, webhook and webhook["id"]))

    def watch(self, webhook, receiver, path="/hook", wants=None):
        self.note("created", webhook)
        self.subscriptions.append(Subscription(webhook, receiver, path, wants or (lambda event: True)))
        return webhook

    def publish(self, events):
        """A batch, into the ledger after its acknowledgement; gives the ids."""
        ids = []
        for event, result in zip(events, self.bus.publish(events, self.store)):
            self.ledger.acknowledged(result["id"], json.dumps(event["data"]).encode())
            ids.append(result["id"])
        return ids

    def publish_many(self, count, type_name="order.created", subjects=997, pad=20):
        ids = []
        for start in range(0, count, 500):
            batch = [{"type": type_name, "subject": f"s{i % subjects}", "data": {"n": i, "pad": "x" * pad}}
                     for i in range(start, min(start + 500, count))]
            ids += self.publish(batch)
        return ids

    def verdict(self):
        verdict = Verdict()
        states = self.tail.states()
        with self.ledger.lock:
            published = dict(self.ledger.published)
        for subscription in self.subscriptions:
            accepted = self.judge_posts(subscription, published, verdict)
            for event in published:
                if subscription.wants(event):
                    self.judge_pair(subscription, event, accepted.get(event, 0), states, verdict)
        return verdict

    def judge_posts(self, subscription, published, verdict):
        """Every POST is one that was produced, well signed, byte for byte. Gives how often each event was accepted with a 2xx."""
        accepted = {}
        for post in subscription.receiver.snapshot():
            if post["path"] != subscription.path:
                continue
            verdict.posts += 1
            if not post["verified"]:
                verdict.problems.append(f"a POST with a bad signature: {post['id']}")
            if post["id"] in published and harness.data_of_standard(post["body"]) != published[post["id"]]:
                verdict.problems.append(f"other bytes than published: {post['id']}")
            if post["headers"].get("hookbus-delivery-id") != delivery_id(subscription.id, post["id"]):
                verdict.problems.append(f"another delivery id than that of webhook and event: {post['id']}")
            if 200 <= post.get("status", 0) < 300:
                accepted[post["id"]] = accepted.get(post["id"], 0) + 1
        return accepted

    @staticmethod
    def judge_pair(subscription, event, accepted, states, verdict):
        record = states.get(delivery_id(subscription.id, event))
        state = record["state"] if record else None
        if record and (record["webhook"] != subscription.id or record["partition"] != shard_of(subscription.id)):
            verdict.problems.append(f"the journal record of {record['id']} is of another webhook or stands in another shard")
        if accepted:
            verdict.received += 1
            verdict.duplicates += accepted - 1
            if accepted > 1:
                verdict.twice.append((subscription, event))
            if state in TERMINAL:
                verdict.dead_though_received.append(event)
        elif state == "parked":
            verdict.waiting += 1
            verdict.parked.append(event)
        elif state in TERMINAL:
            verdict.dead += 1
        else:
            verdict.lost.append((subscription.id, event))

    def is_quiet(self, dispatchers):
        """Nothing is under way in any dispatcher, and every shard has its owner."""
        total = {}
        for dispatcher in dispatchers:
            for name, value in self.bus.metrics(dispatcher).items():
                total[name] = total.get(name, 0) + value
        busy = ("hookbus_deliveries_waiting", "hookbus_deliveries_in_flight", "hookbus_history_lines_waiting", "hookbus_retry_leased")
        return total["hookbus_retry_shards_open"] == SHARDS and not any(total.get(name) for name in busy)

    def wait_whole(self, dispatchers, limit_s=60, may_wait=0):
        """Until nothing is parked any more (but `may_wait`), nothing missing, nothing under way; as long as there is progress."""
        def look():
            verdict = self.verdict()
            return verdict, (verdict.received, verdict.dead, verdict.posts)

        verdict, progress = look()
        ends = time.monotonic() + limit_s
        while verdict.lost or verdict.waiting > may_wait or not self.is_quiet(dispatchers):
            if time.monotonic() > ends:
                raise AssertionError(f"not whole, and no progress for {limit_s} s: {verdict}; lost {verdict.lost[:3]}, parked {verdict.parked[:3]}")
            time.sleep(0.1)
            before = progress
            verdict, progress = look()
            if progress != before:
                ends = time.monotonic() + limit_s
        return verdict

    def judge(self, dispatchers, duplicates_max=None, may_have_more=(), limit_s=60, dead=None, may_wait=0):
        """Waits for the quiet and gives the verdict; fails unless the ledger holds."""
        verdict = self.wait_whole(dispatchers, limit_s, may_wait)
        assert not verdict.problems, f"{len(verdict.problems)}: {verdict.problems[:3]}"
        assert not verdict.lost, f"{len(verdict.lost)} lost: {verdict.lost[:3]}"
        known = set(self.ledger.published) | set(may_have_more)
        for subscription in self.subscriptions:
            foreign = subscription.receiver.ids() - known
            assert not foreign, f"received but never produced: {sorted(map(str, foreign))[:3]}"
            unwanted = {post["id"] for post in subscription.receiver.snapshot()
                        if post["path"] == subscription.path and post["id"] in known and not subscription.wants(post["id"])}
            assert not unwanted, f"received though it should not have it: {sorted(unwanted)[:3]}"
        if duplicates_max is not None:
            assert verdict.duplicates <= duplicates_max, f"more repeats than {duplicates_max}: {verdict}\n{self.story(*verdict.twice[0])}"
        if dead is not None:
            assert verdict.dead == dead, f"not {dead} dead: {verdict}"
        return verdict

    def story(self, subscription, event):
        """Everything that is known of a delivery, in the order it happened: for who reads a failure."""
        key = delivery_id(subscription.id, event)
        told = [(post["at"], f"POST, attempt {post['headers']['hookbus-attempt']}, answered {post.get('status')}")
                for post in subscription.receiver.snapshot() if post["id"] == event and post["path"] == subscription.path]
        told += [(record["appended_ms"] / 1000, f"journal {record['partition']}/{record['offset']}: {record['state']} version {record['version']}, "
                  f"attempts {record.get('attempts')}, due {record.get('due', 0) / 1000:.3f}, {record.get('reason')}, repairs {record['repairs']}")
                 for record in self.tail.snapshot() if record["id"] == key]
        told += [(line["appended_s"], f"line {line['outcome']} {line.get('reason')} attempt {line.get('attempt')} {line['topic']}/{line['partition']}/{line['offset']} of {line['worker']}")
                 for line in self.bus.lines(event=event, webhook=subscription.id)]
        return "\n".join([key, *(f"  {at:.3f} {what}" for at, what in sorted(told))])

    def check_history(self, limit_s=20):
        """Each request that a receiver saw has its line, or the delivery was sent again, and that has one. Gives how many were repeated so,
        under another number (an event that is read again begins with its first attempt)."""
        def missing():
            told = {(line["webhook"], line["event"], line["attempt"]) for line in self.bus.lines() if line.get("attempt") and line.get("webhook")}
            without, last = set(), {}
            for subscription in self.subscriptions:
                for post in subscription.receiver.snapshot():
                    if post["path"] == subscription.path:
                        attempt = (subscription.id, post["id"], int(post["headers"]["hookbus-attempt"]))
                        last[attempt[:2]] = attempt
                        without |= {attempt} - told
            return sorted(attempt for attempt in without if last[attempt[:2]] not in told), len(without)
        try:
            wait_until("every attempt has its line", lambda: not missing()[0], limit_s)
        except AssertionError:
            left = missing()[0]
            stories = [self.story(one, event) for webhook, event, _ in left[:1] for one in self.subscriptions if one.id == webhook]
            raise AssertionError("\n".join([f"{len(left)} deliveries whose last attempt has no line (webhook, event, attempt): {left[:3]}", *stories])) from None
        return missing()[1]

    def check_view(self, redis, limit_s=20):
        """Redis holds exactly what the journal says of our webhooks, each delivery once."""
        webhooks = [subscription.id for subscription in self.subscriptions]

        def differences():
            wanted = {key: record["state"] for key, record in self.tail.states().items()
                      if record["state"] in CODES.values() and record["webhook"] in webhooks}
            view, twice = read_view(redis, self.bus.prefix, webhooks)
            assert not twice, f"in the view more than once: {twice[:3]}"
            return {key: (wanted.get(key), view.get(key)) for key in set(wanted) | set(view) if wanted.get(key) != view.get(key)}
        try:
            wait_until("the view is what the journal says", lambda: not differences(), limit_s)
        except AssertionError:
            left = differences()
            raise AssertionError(f"{len(left)} deliveries differ (journal, Redis): {list(left.items())[:3]}") from None


def read_view(redis, prefix, webhooks):
    """Every entry of these webhooks in any shard: delivery id to state; and the ids that stand there twice."""
    found, twice = {}, []
    for flat in redis.pipeline([("HGETALL", f"{{{prefix}:{shard}}}:e:{webhook}") for webhook in webhooks for shard in range(SHARDS)]):
        for key, entry in zip(flat[::2], flat[1::2]):
            name = "dlv_" + base64.b32encode(key).decode().rstrip("=").lower()
            if name in found:
                twice.append(name)
            found[name] = CODES.get(entry[1])
    return found, twice
