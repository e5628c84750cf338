"""What the tests of SALESmanago begin with: api, catalog and salesmanago roles, a simulator, a store that is connected to it."""
import os
import unittest
import urllib.parse

from harness import Hookbus, free_port, has_failed, main, random_name, show_logs, wait_until  # noqa: F401
from salesmanago import Simulator

# Short waits; the roles' defaults are made for an API far away.
CONFIG = {"salesmanago_linger_ms": 700, "salesmanago_timeout_ms": 1500, "salesmanago_retry_first_ms": 100, "salesmanago_retry_most_ms": 1500,
          "salesmanago_session_timeout_ms": 6000, "catalog_session_timeout_ms": 6000}
PAUSED = "hookbus.connector.paused"
RESUMED = "hookbus.connector.resumed"


def product(key, version=1, **fields):
    """A product as a shop publishes it."""
    return {"id": str(key), "name": f"{version} Sukienka", "url": f"https://shop.example.com/p/{key}", "price": "19.90", "currency": "PLN",
            "categories": [{"id": "12", "name": "Sukienki"}], "stock": {"available": True, "quantity": version}, **fields}


def updated(key, version=1, type_name="product.updated", **fields):
    return {"type": type_name, "subject": str(key), "data": product(key, version, **fields)}


def stocked(key, quantity, **fields):
    return {"type": "inventory.updated", "subject": str(key), "data": {"product_id": str(key), "available": quantity > 0, "quantity": quantity, **fields}}


def deleted(key):
    return {"type": "product.deleted", "subject": str(key), "data": {"id": str(key)}}


class Installation:
    def __init__(self, config):
        self.closing = []
        try:
            self.bus = Hookbus(**{**CONFIG, "catalog_state_dir": "", **config})
            self.closing.append(self.bus.close)
            self.bus.set(catalog_state_dir=os.path.join(self.bus.folder, "state"))
            self.api = self.bus.start_api()
            self.roles = {}
        except BaseException:
            self.close()
            raise

    def close(self):
        while self.closing:
            self.closing.pop()()

    def start(self, role, instance="", is_waiting=True, **config):
        """One process of a role; a role is its name and, with several, an instance."""
        port = free_port()
        process = self.bus.spawn(f"{role}-{instance or 'a'}", role, **{f"{role}_port": port, f"{role}_instance": instance or "a", **config})
        process.port = port
        if is_waiting:
            wait_until(f"{process.name} ready\n{process.tail()}", lambda: self.bus.is_ready(process, port), 60)
        self.roles[role, instance] = process
        return process


class ConnectedTest(unittest.TestCase):
    """is_shared: the tests of a class have one installation whose roles are always there, each a store and a simulator of its own."""

    is_shared = True
    shared = None
    config = {}

    @classmethod
    def tearDownClass(cls):
        if cls.shared:
            cls.shared.close()
            cls.shared = None

    def setUp(self):
        if self.is_shared:
            type(self).shared = self.shared or Installation(self.config)
            self.installation = self.shared
        else:
            self.installation = Installation(self.config)
            self.addCleanup(self.installation.close)
        self.bus = self.installation.bus
        for role in ("catalog", "salesmanago"):
            process = self.installation.roles.get((role, ""))
            if self.is_shared and not (process and process.is_alive()):
                self.installation.start(role)
        self.store = f"s{random_name()}"
        self.bus.add_store(self.store)
        self.sim = self.simulator()

    def tearDown(self):
        if has_failed(self):
            show_logs(self.bus)
            print(f"the simulator: {self.sim.counts()}, refused {self.sim.refusals()[:3]}, status {self.status_or_not()}")
        if self.is_shared:
            self.call("DELETE", expect=None)

    def simulator(self, *arguments, **more):
        sim = Simulator(*arguments, **more)
        self.addCleanup(sim.close)
        sim.settings(versions={"product": "name", "stock": "quantity"})
        return sim

    def start(self, role, instance="", **more):
        return self.installation.start(role, instance, **more)

    def role(self, role, instance=""):
        return self.installation.roles[role, instance]

    # ---- the connector ----

    def call(self, method, path="", body=None, store=None, expect=(200, 201, 202, 204), headers=None):
        given = {"If-Match": "*", **(headers or {})}
        status, _, answer = self.bus.call(method, f"/v1/stores/{store or self.store}/connectors/salesmanago{path}", body, headers=given)
        assert expect is None or status in expect, f"{method} {path}: {status} {answer}"
        return answer

    def connect(self, sim=None, store=None, is_waiting=True, **more):
        """And waits until the worker knows it, where there is one."""
        sim = sim or self.sim
        answer = self.call("PUT", "", {"base_url": sim.url, "key": sim.key, "catalog": sim.catalog, **more}, store=store)
        if is_waiting and any(role == "salesmanago" and process.is_alive() for (role, _), process in self.installation.roles.items()):
            wait_until("a worker knows the connector", lambda: self.status(store)["workers"], 30)
        return answer

    def status(self, store=None):
        return self.call("GET", "/status", store=store)

    def status_or_not(self):
        return self.call("GET", "/status", expect=None)

    def pause(self, store=None):
        return self.call("POST", "/pause", store=store)

    def resume(self, store=None):
        return self.call("POST", "/resume", store=store)

    def sync(self, store=None):
        return self.call("POST", "/sync", {}, store=store)

    def dead(self, store=None):
        """Product id to its entry."""
        found, cursor = {}, None
        while True:
            page = self.call("GET", "/dead?limit=500" + (f"&cursor={urllib.parse.quote(cursor)}" if cursor else ""), store=store)
            found.update({one["product"]: one for one in page["items"]})
            cursor = page["next"]
            if not cursor:
                return found

    def replay(self, products=None, store=None):
        return self.call("POST", "/dead/replay", {"products": products} if products else {}, store=store)

    def wait_paused(self, reason, store=None, limit_s=30):
        def look():
            status = self.status(store)
            return status if status["status"] == "paused" and status.get("reason") == reason else None
        return wait_until(f"paused with {reason}", look, limit_s)

    # ---- what goes in and comes out ----

    def publish(self, *events, store=None):
        for start in range(0, len(events), 500):
            self.bus.publish(list(events[start:start + 500]), store or self.store)

    def wait_stored(self, key, sim=None, limit_s=30, **fields):
        """Until the simulator's product has these fields."""
        sim = sim or self.sim
        found = {}

        def look():
            found["now"] = have = sim.product(str(key)) or {}
            return all(have.get(name) == value for name, value in fields.items()) and have
        try:
            return wait_until(f"{key} is stored with {fields}", look, limit_s)
        except AssertionError as e:
            raise AssertionError(f"{e}; it is {found['now'] or 'not there'}") from None

    def wait_count(self, count, sim=None, limit_s=30):
        sim = sim or self.sim
        wait_until(f"{count} products are stored", lambda: len(sim.products()) >= count, limit_s)

    def wait_quiet(self, store=None, limit_s=30):
        """Nothing waits, nothing is under way, nothing is behind, as the workers last said: that may be a second old, so no figure is taken from it."""
        def look():
            status = self.status(store)
            return status if not status.get("lag") and not status.get("waiting") and not status.get("detached") else None
        return wait_until("nothing is under way", look, limit_s)

    def names(self, sim=None):
        return {key: (one or {}).get("name") for key, one in (sim or self.sim).products().items()}

    def upserts(self, after=0, sim=None):
        return (sim or self.sim).requests(after)

    def notices(self, type_name, store=None):
        """The events of that type which hookbus itself published for the store."""
        lines = self.bus.read_topic("events.other", "%h\x01%s\n").decode(errors="replace").splitlines()
        return [line for line in lines if type_name in line and f"/stores/{store or self.store}" in line]
