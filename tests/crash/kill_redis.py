"""Redis killed, wiped, restored from an old copy, stopped, failed over, its answers lost: first attempts go on, the owner catches up,
the ledger holds.

HOOKBUS_TEST_REDIS_KILLS says how often it is killed (4; 50 for a long run), HOOKBUS_TEST_PARKS how many parks old the copy is (600; 10000).
"""
import os
import random
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from harness import main, wait_until  # noqa: E402
from redis_proxy import RedisProxy  # noqa: E402
from slow_path import SlowPathTest, fails_first, fails_share  # noqa: E402

KILLS = int(os.environ.get("HOOKBUS_TEST_REDIS_KILLS", "4"))
PARKS = int(os.environ.get("HOOKBUS_TEST_PARKS", "600"))
PARKS_S = 60 + PARKS // 50  # receivers in Python take some hundreds a second
AGAIN = (0,) + (1 + PARKS // 1000,) * 30  # and many that fail each second would use up their schedule
WINDOW = 64


class RedisTrouble(SlowPathTest):
    has_own_redis = True

    def begin(self, script=None, schedule=(0,) + (1,) * 12):
        self.receiver_ = self.receiver(script)
        self.subscribe(self.receiver_, schedule=schedule)

    def first_attempts(self):
        return sum(post.get("number") == 1 for post in self.receiver_.snapshot())

    def goes_on(self, what, count=100, limit_s=30):
        before = self.first_attempts()
        wait_until(f"first attempts go on: {what}", lambda: self.first_attempts() > before + count, limit_s)

    def finish(self, load, **more):
        load.stop()
        verdict = self.judge(may_have_more=load.attempted, **more)
        self.oracle.check_view(self.redis)
        return verdict


class KillRedis(RedisTrouble):
    is_shared = True

    def test_kill_redis_under_load_first_attempts_never_stop_and_the_ledger_holds(self):
        self.begin(fails_share(20, times=2))
        load = self.load(rate_per_s=200)
        for _ in range(KILLS):
            self.goes_on("while Redis is there", 50)
            time.sleep(random.uniform(0, 0.5))  # the instant of the kill is the randomness that is tested
            self.redis.kill()
            self.goes_on("while Redis is away", 50)
            self.redis.start()
        verdict = self.finish(load, dead=0)
        print(f"{KILLS} kills of Redis: {verdict}", file=sys.stderr)
        self.assertLessEqual(verdict.duplicates, KILLS * WINDOW)

    def test_redis_wiped_under_load_the_owner_catches_up(self):
        self.wipe(self.redis.wipe)

    def test_redis_wiped_under_a_living_connection_the_owner_catches_up(self):
        self.wipe(lambda: self.redis.ask("FLUSHALL"))

    def wipe(self, wipe):
        let = threading.Event()
        self.begin(lambda post, number: 200 if let.is_set() or post["id"] in taken else 500, schedule=AGAIN)
        taken = set()
        load = self.load(rate_per_s=300)
        wait_until(f"{PARKS} are parked", lambda: len(self.states("parked")) >= PARKS, PARKS_S)
        wipe()
        self.goes_on("after the wipe")
        load.stop()
        wiped = set(self.oracle.ledger.published)
        let.set()
        verdict = self.finish(load, dead=0)
        print(f"Redis wiped with {len(wiped)} parked: {verdict}", file=sys.stderr)
        self.assertLessEqual(verdict.duplicates, 2 * WINDOW)

    def test_redis_restored_from_an_old_copy_the_owner_catches_up(self):
        """A copy that knows deliveries as waiting which were delivered since, and does not know what was parked since."""
        early, late = threading.Event(), threading.Event()
        first = set()
        self.begin(lambda post, number: 200 if late.is_set() or (early.is_set() and post["id"] in first) else 500, schedule=AGAIN)
        first.update(self.oracle.publish_many(PARKS))
        wait_until("all of the first are parked", lambda: len(self.states("parked")) >= PARKS, PARKS_S)
        self.oracle.check_view(self.redis)
        copy = self.redis.copy()
        early.set()
        wait_until("the first are delivered", lambda: len(self.states("delivered")) >= PARKS, PARKS_S)
        self.oracle.publish_many(PARKS, "product.updated")
        wait_until("the second are parked", lambda: len(self.states("parked")) >= PARKS, PARKS_S)
        self.redis.restore(copy)
        wait_until("the owner has seen it", lambda: self.metric("hookbus_retry_shards_open") == 64, 30)
        late.set()
        verdict = self.judge(dead=0)
        self.oracle.check_view(self.redis)
        print(f"restored from a copy {2 * PARKS} records old: {verdict}", file=sys.stderr)
        self.assertLessEqual(verdict.duplicates, WINDOW, "what was delivered is not sent again because an old copy says so")

    def test_failover_that_lost_the_last_writes_is_caught_up_from_the_journal(self):
        """failover-lost-last-writes: the replica that takes over has not the last moments, again and again, under load."""
        self.begin(fails_share(50, times=2))
        load = self.load(rate_per_s=200)
        for _ in range(3):
            self.goes_on("before the copy", 100)
            copy = self.redis.copy()
            self.goes_on("after it", 100)
            self.redis.restore(copy)
        verdict = self.finish(load, dead=0)
        print(f"3 failovers: {verdict}", file=sys.stderr)
        self.assertLessEqual(verdict.duplicates, 3 * 4 * WINDOW)

    def test_redis_stopped_first_attempts_and_parking_go_on_and_retries_resume(self):
        """redis-stopped-30s: it is stopped until more is parked than the owner may keep in memory."""
        self.begin(fails_share(50))
        load = self.load(rate_per_s=400)
        self.goes_on("before")
        self.redis.freeze()
        parked = len(self.tail.states())
        self.goes_on("while Redis is stopped", 1500, 150)
        wait_until("parking goes on: the journal is Kafka's", lambda: len(self.tail.states()) > parked + 500)
        wait_until("what is seen of it is not kept", lambda: self.metric("hookbus_events_settled_total") > self.first_attempts() - 500)
        self.redis.thaw()
        verdict = self.finish(load, dead=0)
        print(f"Redis stopped: {verdict}", file=sys.stderr)
        self.assertLessEqual(verdict.duplicates, WINDOW)


class RedisLimits(RedisTrouble):
    def test_eviction_policy_wrong_refuses_to_start_and_says_what_to_set(self):
        self.redis.ask("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
        dispatcher = self.bus.start_dispatcher(is_waiting=False)
        wait_until("it ends", lambda: not dispatcher.is_alive())
        self.assertNotEqual(dispatcher.child.returncode, 0)
        self.assertIn("noeviction", dispatcher.tail())
        self.assertIn("maxmemory-policy", dispatcher.tail())

    def test_lost_reply_of_claim_and_of_apply_sends_at_most_once_more_and_loses_nothing(self):
        proxy = RedisProxy(self.redis.address)
        self.addCleanup(proxy.close)
        self.begin(fails_share(50))
        self.start_dispatcher(redis_address=proxy.address)
        load = self.load(rate_per_s=200)
        for turn in range(3):
            for name in ("claim", "apply", "lease"):
                if name == "lease" and not proxy.calls.get("lease"):
                    continue
                self.goes_on("before", 20)
                times = proxy.lost.get(name, 0)
                proxy.lose(name)
                wait_until(f"a reply of {name} was lost", lambda: proxy.has_lost(name, times + 1), 20)
        verdict = self.finish(load, dead=0)
        print(f"replies lost {proxy.lost}: {verdict}", file=sys.stderr)
        self.assertLessEqual(verdict.duplicates, WINDOW * sum(proxy.lost.values()))
        self.assertEqual(verdict.lost, [])

    def test_maxmemory_reached_the_others_go_on_and_all_comes_back_by_itself(self):
        """The fullest webhook's further records stay in Kafka; another one's retries go on; with room again all is delivered."""
        let = threading.Event()
        full, other = self.receiver(lambda post, number: 200 if let.is_set() else 500), self.receiver(fails_first(1))
        self.subscribe(full, "/full", lambda event: event in many, schedule=(0, 15) + (1,) * 30, events=["order.*"])
        self.subscribe(other, "/other", lambda event: event in few, events=["product.*"])
        many, few = set(), set()
        self.start_dispatcher(retry_redis_check_s=1)
        many.update(self.oracle.publish_many(500))
        wait_until("the view has some", lambda: len(self.states("parked")) >= 500, 30)
        self.oracle.check_view(self.redis)
        for number in range(60):  # against what Redis needs for itself from moment to moment, a few percent must be megabytes
            self.redis.ask("SET", f"ballast{number}", b"x" * 1024 * 1024)
        used = int(next(line for line in self.redis.ask("INFO", "memory").split(b"\r\n") if line.startswith(b"used_memory:")).split(b":")[1])
        self.redis.ask("CONFIG", "SET", "maxmemory", int(used / 0.899))
        for _ in range(6):
            many.update(self.oracle.publish_many(500))
        wait_until("all are in the journal", lambda: len(self.states("parked")) >= 3500, 60)
        wait_until("some stay there", lambda: self.metric("hookbus_retry_spilled_records_total") > 0, 30)
        few.update(self.oracle.publish_many(50, "product.updated"))
        wait_until("the other webhook's retries arrive", lambda: {post["id"] for post in other.snapshot() if post.get("status") == 200} >= few, 60)
        self.redis.ask("CONFIG", "SET", "maxmemory", 0)
        let.set()
        verdict = self.judge(dead=0, limit_s=90)
        print(f"a full Redis: {verdict}", file=sys.stderr)
        self.oracle.check_view(self.redis)


if __name__ == "__main__":
    main()
