"""The installation the slow path is measured in: one api for all parts, a dispatcher a part, a receiver that fails, hangs and writes down what came."""
import contextlib
import hashlib
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "..", "support"), os.path.join(HERE, "..")]
import harness  # noqa: E402
import measure  # noqa: E402

BUILD = os.path.dirname(harness.BINARY)
SHARDS = 64


def shard_of(webhook):
    return int.from_bytes(hashlib.sha256(webhook.encode()).digest()[:4], "big") % SHARDS


class Slow:
    def __init__(self, quick):
        self.quick = quick
        self.figures = {}
        self.made = set()
        self.redis_at = harness.REDIS
        self.folder = tempfile.mkdtemp(prefix="hookbus-bench-")
        self.receiver = measure.Receiver(BUILD, self.folder)
        self.bus = self.api = self.dispatcher = None

    def end(self):
        """What a part left behind (a million parked) is not to be a burden of the next one's: new topics, an empty Redis."""
        if self.bus:
            self.bus.close()
        self.bus = self.api = None
        redis = measure.Redis(self.redis_at)
        redis.call("FLUSHALL")
        redis.close()

    def close(self):
        if self.bus:
            self.bus.close()
        self.receiver.close()

    def size(self, whole, quick):
        return quick if self.quick else whole

    def begin(self):
        if not self.bus:
            self.bus = harness.Hookbus(publish_queue_records_max=1000000, replay_rate=1000, delivery_window_start=16)
            self.api = self.bus.start_api()
        return self.bus

    # ---- stores and webhooks ----

    def stores(self, names):
        self.made.update(names)
        requests = [("/v1/stores", measure.as_json({"id": name, "name": name})) for name in names]
        measure.post_all(self.bus.api_port, self.bus.key, requests, 16, measure.must_all(201))

    def url(self, path, number=0):
        """Each number is a destination host of its own."""
        return f"http://127.{2 + number // 62500}.{number // 250 % 250}.{1 + number % 250}:{self.receiver.port}{path}"

    def webhook(self, store, path, number=0, **more):
        answer = self.bus.must(201, "POST", f"/v1/stores/{store}/webhooks", {"url": self.url(path, number), "events": ["*"], **more})
        return answer["id"]

    def act(self, store, webhook, verb):
        status, _, answer = self.bus.call("POST", f"/v1/stores/{store}/webhooks/{webhook}/{verb}", headers={"If-Match": "*"})
        assert status in (200, 204), (verb, status, answer)

    def replaying(self, store, job, verb):
        status, _, answer = self.bus.call("POST", f"/v1/stores/{store}/replays/{job}/{verb}", headers={"If-Match": "*"})
        assert status in (200, 202, 204), (verb, status, answer)

    def remove(self, store, webhook):
        self.bus.must(204, "DELETE", f"/v1/stores/{store}/webhooks/{webhook}", headers={"If-Match": "*"})

    # ---- the dispatcher ----

    @contextlib.contextmanager
    def dispatching(self, **config):
        """A dispatcher on core 0, ready unless it has no Redis."""
        is_whole = config.get("redis_address", self.redis_at) != ""
        self.dispatcher = self.bus.start_dispatcher("bench", is_waiting=is_whole, **config)
        self.pin()
        try:
            yield self.dispatcher
        except BaseException:
            measure.say(self.dispatcher.tail())
            self.dispatcher.kill()
            raise
        dispatcher, self.dispatcher = self.dispatcher, None
        assert dispatcher.stop(60) == 0, dispatcher.tail()

    def pin(self, dispatcher=0, others=1):
        measure.pin(self.dispatcher.child.pid, dispatcher)
        for pid in [os.getpid(), self.api.child.pid, int(os.environ.get("BENCH_KAFKA_PID", "0")), self.receiver.child.pid]:
            if pid:
                measure.pin(pid, others)

    def metric(self, name):
        try:
            return self.bus.metrics(self.dispatcher).get(name, 0)
        except OSError:
            assert self.dispatcher.is_alive(), self.dispatcher.tail()
            return 0

    def delivered(self):
        return self.metric('hookbus_outcomes_total{reason="none"}')

    def pauses(self):
        return self.metric("hookbus_partition_pauses_total")

    def is_whole(self):
        """Every shard is caught up and claimed from."""
        return self.metric("hookbus_retry_shards_open") == SHARDS

    def wait(self, what, condition, limit_s=120):
        return harness.wait_until(what, condition, limit_s)

    # ---- events ----

    def publish(self, store, count, size=1024, tag=None, subjects=5000):
        measure.post_all(self.bus.api_port, self.bus.key, list(measure.batches_of(store, "product.updated", count, size, tag, subjects)), 4,
                         measure.published_well)

    def load(self, stores, rate, **more):
        return measure.Load(self.bus.api_port, self.bus.key, stores, rate, **more)

    # ---- what stands where ----

    def parked(self, *webhooks):
        """Deliveries of these webhooks in the views."""
        redis = measure.Redis(self.redis_at)
        total = sum(redis.call("HLEN", f"{{{self.bus.prefix}:{shard_of(webhook)}}}:e:{webhook}") for webhook in webhooks)
        redis.close()
        return total

    def journal_dues(self):
        """Of each parked record: (delivery, due in ms)."""
        text = subprocess.run(["kcat", "-b", harness.KAFKA, "-C", "-t", f"{self.bus.prefix}journal", "-o", "beginning", "-e", "-q", "-u", "-f", "%k %s\n"],
                              capture_output=True, timeout=120, check=True).stdout.decode()
        return re.findall(r'^(dlv_\S+) .*?"state":"parked".*?"due":(\d+)', text, re.M)
