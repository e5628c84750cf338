"""What the tests of the slow path begin with: an installation with short waits, receivers that follow a script, the oracle."""
import os
import subprocess
import tempfile
import threading
import unittest
import zlib

import harness
from harness import ROOT, Hookbus, free_port, has_failed, random_name, show_logs
from ledger import JournalTail, Oracle
from load import Load
from own_redis import OwnRedis, RedisClient

SHORT = (0, 1, 1, 1, 1, 1, 1, 1)


def fails_first(count, status=500):
    """Each event fails so often, then it is taken."""
    return lambda post, number: status if number <= count else 200


def share_of(event, text=""):
    """A number in 0..99 that is always the same for an event: which of them fail is not a matter of luck."""
    return zlib.crc32(f"{text}{event}".encode()) % 100


def fails_share(percent, times=1, status=500):
    """So many of a hundred events fail the first `times` times."""
    return lambda post, number: status if share_of(post["id"]) < percent and number <= times else 200


class Installation:
    """Kafka and Redis (its own, or those of all), topics of its own, an api, and as many dispatchers as are started."""

    def __init__(self, has_own_redis, has_own_kafka, config):
        self.closing = []
        self.kafka_folder = None
        try:
            if harness.KAFKA and has_own_kafka:
                self.start_own_kafka()
            self.bus = Hookbus(**config)
            self.closing.append(self.bus.close)
            self.redis = OwnRedis() if has_own_redis else RedisClient(harness.REDIS)
            if has_own_redis:
                self.bus.set(redis_address=self.redis.address)
            self.closing.append(self.redis.close if has_own_redis else self.forget_view)
            self.dispatchers = []
            self.api = self.bus.start_api()
            self.tail = JournalTail(harness.KAFKA, f"{self.bus.prefix}journal", self.bus.folder)
            self.closing.append(self.tail.close)
        except BaseException:
            self.close()
            raise

    def close(self):
        while self.closing:
            self.closing.pop()()

    def start_own_kafka(self):
        shared = harness.KAFKA
        self.kafka_folder = tempfile.mkdtemp(prefix="hookbus-kafka-")
        ports = [free_port(), free_port()]
        self.closing.append(lambda: subprocess.run(["rm", "-rf", self.kafka_folder], check=False))
        self.closing.append(lambda: self.kafka("kill"))
        self.kafka("start", str(ports[0]), str(ports[1]))
        self.closing.append(lambda: setattr(harness, "KAFKA", shared))
        harness.KAFKA = f"127.0.0.1:{ports[0]}"

    def kafka(self, verb, *arguments):
        done = subprocess.run([os.path.join(ROOT, "deploy/lib/service"), "kafka", verb, self.kafka_folder, *arguments], capture_output=True, timeout=120)
        assert done.returncode == 0, done.stderr.decode()

    def forget_view(self):
        """The shared Redis keeps nothing of this installation."""
        cursor = "0"
        while True:
            cursor, keys = self.redis.ask("SCAN", cursor, "MATCH", f"{{{self.bus.prefix}*", "COUNT", "1000")
            if keys:
                self.redis.ask("UNLINK", *keys)
            if cursor == b"0":
                return


class SlowPathTest(unittest.TestCase):
    """has_own_redis, has_own_kafka: the test may kill them. is_shared: the tests of the class have one installation with a dispatcher
    that is always there; each has a store of its own. `dispatchers`: those that judge() asks whether all is quiet."""

    has_own_redis = has_own_kafka = is_shared = False
    shared = None
    config = {"delivery_timeout_ms": 2000, "delivery_connect_timeout_ms": 1000, "dispatcher_session_timeout_ms": 6000,
              "delivery_rest_first_ms": 1000, "delivery_rest_most_ms": 4000, "delivery_running_margin_ms": 1000, "retry_lease_ms": 4000}

    @classmethod
    def install(cls):
        return Installation(cls.has_own_redis, cls.has_own_kafka, cls.config)

    @classmethod
    def tearDownClass(cls):
        if cls.shared:
            cls.shared.close()
            cls.shared = None

    def setUp(self):
        if self.is_shared:
            type(self).shared = self.shared or self.install()
            self.installation = self.shared
        else:
            self.installation = self.install()
            self.addCleanup(self.installation.close)
        self.bus, self.redis, self.tail = self.installation.bus, self.installation.redis, self.installation.tail
        self.kafka = self.installation.kafka
        self.store = f"s{random_name()}"
        self.bus.add_store(self.store)
        self.oracle = Oracle(self.bus, self.store, self.tail)
        if self.is_shared and not any(d.is_alive() for d in self.dispatchers):
            self.start_dispatcher()

    def tearDown(self):
        if has_failed(self):
            show_logs(self.bus)
        if self.is_shared:
            for subscription in self.oracle.subscriptions:  # what a failed test left behind must not harm the next one
                self.bus.call("DELETE", f"/v1/stores/{self.store}/webhooks/{subscription.id}", headers={"If-Match": "*"})

    @property
    def dispatchers(self):
        return self.installation.dispatchers

    @dispatchers.setter
    def dispatchers(self, given):
        self.installation.dispatchers = given

    def start_dispatcher(self, instance="d0", **config):
        dispatcher = self.bus.start_dispatcher(instance, **config)
        self.dispatchers = [d for d in self.dispatchers if d.is_alive()] + [dispatcher]
        return dispatcher

    def receiver(self, script=None, **more):
        """script(post, number): what the number-th POST of this event to this path is answered."""
        numbers, lock = {}, threading.Lock()

        def behave(post):
            key = post["path"], post["id"]
            with lock:
                numbers[key] = number = numbers.get(key, 0) + 1
            post["number"] = number
            given = receiver.script(post, number) if receiver.script else 200
            given = 200 if given is None else given
            post["status"] = given[0] if isinstance(given, tuple) else given
            return given
        receiver = self.bus.receiver(behave, **more)
        receiver.script = script
        return receiver

    def subscribe(self, receiver, path="/hook", wants=None, schedule=SHORT, **more):
        """A webhook that the oracle watches."""
        webhook = self.bus.subscribe(receiver, self.store, path, schedule=list(schedule), **more)
        return self.oracle.watch(webhook, receiver, path, wants)

    def change(self, webhook, **fields):
        self.oracle.note(f"changed: {fields}", webhook)
        return self.bus.must(200, "PATCH", f"/v1/stores/{self.store}/webhooks/{webhook['id']}", fields, headers={"If-Match": "*"})

    def tell(self, webhook, verb):
        """pause, resume, enable, disable, wake."""
        self.oracle.note(verb, webhook)
        return self.bus.must(200, "POST", f"/v1/stores/{self.store}/webhooks/{webhook['id']}/{verb}", headers={"If-Match": "*"})

    def shown(self, webhook):
        return self.bus.must(200, "GET", f"/v1/stores/{self.store}/webhooks/{webhook['id']}")

    def judge(self, **more):
        return self.oracle.judge(self.dispatchers, **more)

    def states(self, *wanted):
        """The journal's last records of our webhooks in one of these states."""
        ours = {subscription.id for subscription in self.oracle.subscriptions}
        return [record for record in self.tail.states().values() if record["state"] in wanted and record["webhook"] in ours]

    def load(self, **more):
        return Load(self.bus, self.oracle.ledger, store=self.store, **more)

    def metric(self, name, dispatcher=None):
        return sum(self.bus.metrics(one).get(name, 0) for one in ([dispatcher] if dispatcher else self.dispatchers))
