"""The state test: a shop changes at random while SALESmanago misbehaves at random and both roles are killed; in the end SALESmanago holds what
the shop holds, product by product, but for what is dead, each with its field; and no version of any product ever went back.

HOOKBUS_TEST_CHANGES, HOOKBUS_TEST_PRODUCTS, HOOKBUS_TEST_KILLS (each of a random role), HOOKBUS_TEST_SEED; 2,500 changes of 300 products and
6 kills by default, 200,000 of 20,000 for a long run.
"""
import os
import random
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from connected import ConnectedTest, main  # noqa: E402
from harness import wait_until  # noqa: E402
from shop import POISON_RULES, Shop, differences  # noqa: E402

CHANGES = int(os.environ.get("HOOKBUS_TEST_CHANGES", "2500"))
PRODUCTS = int(os.environ.get("HOOKBUS_TEST_PRODUCTS", str(max(10, min(CHANGES // 8, 20_000)))))
KILLS = int(os.environ.get("HOOKBUS_TEST_KILLS", "6"))
SEED = os.environ.get("HOOKBUS_TEST_SEED") or str(random.randrange(10 ** 9))
SECONDS_A_KILL = 6
TIMEOUT_MS = 1500
BATCH = 50
# Each meets a few requests. What is late is so by less than the sender waits after a time-out.
FAULTS = ({"do": "status", "status": 429, "retry_after": 1}, {"do": "status", "status": 503}, {"do": "status", "status": 500, "stores": True}, {"do": "close"},
          {"do": "close", "stores": True}, {"do": "hang"}, {"do": "hang", "stores": True}, {"do": "half", "stores": True}, {"do": "junk", "stores": True},
          {"do": "empty", "stores": True}, {"do": "slow", "delay_ms": 700, "applies": "end"}, {"do": "slow", "delay_ms": 700}, {"do": "status", "status": 413, "over": 20},
          {"do": "slow", "delay_ms": TIMEOUT_MS + 200, "applies": "end"}, {"do": "missing", "count": 3, "stores": False}, {"do": "problems", "status": 200, "problems": [[12, "name|max:3|Data trimmed"]], "stores": True})


class Changes(threading.Thread):
    """Publishes the shop's changes, at a steady pace over the time that kills and faults take."""

    def __init__(self, test, shop, pace_s):
        super().__init__(daemon=True)
        self.test, self.shop, self.pace_s = test, shop, pace_s
        self.failure = None
        self.done = 0
        self.start()

    def run(self):
        try:
            while self.done < CHANGES:
                count = min(BATCH, CHANGES - self.done)
                self.test.publish(*(self.shop.change() for _ in range(count)))
                self.done += count
                time.sleep(self.pace_s * count / CHANGES)
        except BaseException as e:  # shown by finish(), in the test's own thread
            self.failure = e

    def finish(self):
        self.join(1200)
        if self.failure:
            raise self.failure


class Misbehaviour(threading.Thread):
    """Another fault every moment."""

    def __init__(self, sim, seed):
        super().__init__(daemon=True)
        self.sim, self.random, self.is_ending, self.count = sim, random.Random(seed), threading.Event(), 0
        self.start()

    def run(self):
        while not self.is_ending.wait(self.random.uniform(0.1, 0.8)):
            fault = dict(self.random.choice(FAULTS))
            self.sim.inject(fault.pop("do"), times=self.random.randrange(1, 3), **fault)
            self.sim.settings(shape=self.random.choice("AB"), messages=self.random.choice(["string", "array"]), stores_partly=self.random.random() < 0.5,
                              answer_ms=self.random.choice([0, 0, 20, 200]))
            self.count += 1

    def finish(self):
        self.is_ending.set()
        self.join(10)
        self.sim.heal()
        self.sim.settings(answer_ms=0)


class State(ConnectedTest):
    is_shared = False
    config = {"salesmanago_timeout_ms": TIMEOUT_MS, "salesmanago_linger_ms": 200, "salesmanago_retry_most_ms": 2000}

    def test_after_random_changes_faults_and_kills_salesmanago_holds_what_the_shop_holds_and_no_version_went_back(self):
        self.dice = random.Random(SEED)
        print(f"seed {SEED}: {CHANGES} changes of {PRODUCTS} products, {KILLS} kills", file=sys.stderr)
        shop = Shop(SEED, PRODUCTS, poison=0.004, local=0.004)
        # Of one that is turned off nobody asks how many there are.
        self.sim.settings(poison=POISON_RULES, versions={"product": "name", "stock": "quantity?active"})
        for role in ("catalog", "salesmanago"):
            self.start(role)
        self.connect()
        begun = time.monotonic()
        changes, misbehaviour = Changes(self, shop, SECONDS_A_KILL * KILLS), Misbehaviour(self.sim, SEED)
        for _ in range(KILLS):
            self.wait_requests(3)
            time.sleep(self.dice.uniform(0, 1.5))  # the instant of the kill is the randomness that is tested
            role = self.dice.choice(["catalog", "salesmanago"])
            self.role(role).kill()
            self.start(role, is_waiting=False)
            self.turn()
        changes.finish()
        misbehaviour.finish()
        self.resume()
        self.wait_same(shop)
        counts = self.sim.counts()
        print(f"{time.monotonic() - begun:.1f} s, {misbehaviour.count} faults, {counts.get('/v3/product/upsert')} requests, {counts.get('items accepted')} items accepted, "
              f"{len(self.sim.products())} items, {len(shop.dead())} dead", file=sys.stderr)
        self.assertEqual(self.sim.backs(), [])
        self.assertEqual(self.sim.most_in_flight(), 1)
        self.assertEqual({key: (shop.dead()[key], one["field"]) for key, one in self.dead().items() if one["field"] != shop.dead()[key]}, {})
        self.assertFalse([name for name in self.sim.doubts() if "unknown" not in name], self.sim.doubts())

    def wait_requests(self, count):
        """A sender that was killed while it sent waits first, and one that never sends shows nothing."""
        before = self.sim.counts().get("/v3/product/upsert", 0)
        wait_until(f"{count} requests more", lambda: self.sim.counts().get("/v3/product/upsert", 0) >= before + count, 60)

    def turn(self):
        """Now and then the operator does something, too."""
        die = self.dice.random()
        if die < 0.2:
            self.sync()
        elif die < 0.4:
            self.pause()
            time.sleep(0.5)
            self.resume()

    def wait_same(self, shop):
        """Until nothing differs; as long as there is progress."""
        expected, dead = shop.expected(), shop.dead()
        progress, ends = None, time.monotonic() + 60
        while True:
            found = differences(expected, self.sim.products(), dead)
            listed = self.dead()
            unheard = sorted(key for key, one in listed.items() if one["reason"] == "not_confirmed")
            if unheard:  # the same product was missing in two answers
                self.replay(unheard)
            listed = set(listed)
            if not found and listed == set(dead):
                return
            now = self.sim.counts().get("items accepted"), len(found), len(listed)
            if now != progress:
                progress, ends = now, time.monotonic() + 60
            elif time.monotonic() > ends:
                raise AssertionError(f"seed {SEED}: {len(found)} differ and nothing moves: {found[:5]}; dead but should not be {sorted(listed - set(dead))[:5]}, "
                                     f"should be dead {sorted(set(dead) - listed)[:5]}; {self.status()}\n{self.traces(found)}")
            time.sleep(min(5.0, 0.2 + len(expected) / 5000))

    def traces(self, found):
        """Where a change got lost: what Kafka's catalog has of the products that differ, and what SALESmanago stored of them."""
        lines = self.bus.read_topic("catalog", "%p %o %T %k\x01%s\n").decode(errors="replace").splitlines()
        text = []
        for key in sorted({one[0].split("-")[0] for one in found})[:10]:
            text += [f"{key} in the catalog: {line[:600]}" for line in lines if f"{self.store}/{key}\x01" in line][-3:]
            text += [f"{key} at SALESmanago: {self.sim.versions(key)}"]
        return "\n".join(text)


if __name__ == "__main__":
    main()
