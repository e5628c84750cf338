"""The catalog's worker under test: products that change at random, published late and out of order, and what the catalog must hold in the end."""
import json
import random
import threading

import harness
from harness import free_port, wait_until


def start_catalog(bus, instance="one", is_waiting=True, arguments=(), **config):
    """`hookbus catalog` under a static name of its own."""
    port = free_port()
    given = {"catalog_instance": instance, "catalog_port": port, "catalog_session_timeout_ms": 6000, **config}
    worker = bus.spawn(f"catalog-{instance}", "catalog", *arguments, **given)
    worker.port = port
    if is_waiting:
        wait_until(f"{worker.name} ready\n{worker.tail()}", lambda: bus.is_ready(worker, port), 60)
    return worker


class Goods:
    """Products of one store. A late event comes after newer ones; the truth is by sequence, as the publisher numbered them."""

    def __init__(self, store, count, seed=1):
        self.store, self.count = store, count
        self.random = random.Random(f"{seed}/{store}")
        self.number = 0
        self.products, self.inventory, self.late = {}, {}, []
        self.lock = threading.Lock()

    def event(self):
        self.number += 1
        key = f"p{self.random.randrange(self.count)}"
        die = self.random.random()
        if die < 0.5:
            data = {"id": key, "name": f"Ą {self.number}", "price": "19.90", "currency": "PLN", "pad": "x" * self.random.randrange(400)}
            if self.random.random() < 0.5:
                data["stock"] = {"available": True, "quantity": self.number}
            return {"type": "product.updated", "subject": key, "sequence": str(self.number), "data": data}
        if die < 0.56:
            return {"type": "product.deleted", "subject": key, "sequence": str(self.number), "data": {"id": key}}
        return {"type": "inventory.updated", "subject": key, "sequence": str(self.number),
                "data": {"product_id": key, "available": True, "quantity": self.number}}

    def batch(self, size):
        """Events as they are published: one in ten is kept back for a later batch."""
        events, kept = [], self.late
        self.late = []
        for _ in range(size):
            event = self.event()
            (self.late if self.random.random() < 0.1 else events).append(event)
        events[len(events) // 2:len(events) // 2] = kept
        return events

    def accepted(self, events):
        with self.lock:
            for event in events:
                family = self.inventory if event["type"].startswith("inventory") else self.products
                family.setdefault(event["subject"], []).append(event)

    def expected(self):
        """product -> (state, name, quantity shown)"""
        result = {}
        with self.lock:
            for key in set(self.products) | set(self.inventory):
                told = sorted(self.products.get(key, []), key=lambda event: int(event["sequence"]))
                # The data of a deleted product is the last that was taken before, which depends on what came when.
                stock = [e for e in told if "stock" in e["data"]] + self.inventory.get(key, [])
                newest = max(stock, key=lambda event: int(event["sequence"]), default=None)
                quantity = newest and (newest["data"]["stock"]["quantity"] if "stock" in newest["data"] else newest["data"]["quantity"])
                if not told:
                    result[key] = ("partial", None, quantity)
                elif told[-1]["type"] == "product.deleted":
                    result[key] = ("deleted", None, quantity)
                else:
                    result[key] = ("active", told[-1]["data"]["name"], quantity)
        return result


class Feed:
    """Publishes goods on a thread, batch after batch, some 2,000 events a second."""

    def __init__(self, bus, goods, size=100, most=None):
        self.bus, self.goods, self.size, self.most = bus, goods, size, most
        self.is_stopping = threading.Event()
        self.count = 0
        self.trouble = None
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        try:
            while not self.is_stopping.is_set() and (self.most is None or self.count < self.most):
                self.publish(self.goods.batch(self.size))
                self.is_stopping.wait(self.size / 2000)
            self.publish(self.goods.late)
        except Exception as trouble:  # pylint: disable=broad-except
            self.trouble = trouble

    def publish(self, events):
        if events:
            results = self.bus.publish(events, self.goods.store)
            assert all("id" in result for result in results), results
            self.goods.accepted(events)
            self.count += len(events)

    def stop(self):
        self.is_stopping.set()
        self.thread.join(30)
        if self.trouble:
            raise self.trouble


def records(bus):
    """Every committed record of the catalog in the order of its partition: (key, value or None)."""
    text = bus.read_topic("catalog", "%k\t%S\t%s\n").decode()
    for line in text.splitlines():
        key, size, value = line.split("\t", 2)
        yield key, None if size == "-1" else json.loads(value)


def shown(value):
    """What a record says, as Goods.expected() has it."""
    own = value.get("product_stock") or value.get("data", {}).get("stock")
    by = {"product": own, "inventory": value.get("inventory"), None: None}[value.get("stock_by")]
    return value["state"], value["data"]["name"] if value["state"] == "active" else None, by and by["quantity"]


def look(bus, goods):
    """All committed records in order: no version of a group ever goes back. Gives how many there are, and which products are not what was published."""
    newest, current, count = {}, {}, 0
    for key, value in records(bus):
        store, product = key.split("/", 1)
        if store != goods.store:
            continue
        count += 1
        for group in ("product_version", "product_stock_version", "inventory_version"):
            if value and group in value:
                sequence = int(value[group]["sequence"])
                assert sequence >= newest.get((product, group), 0), f"{group} of {product} went back from {newest[product, group]} to {sequence}"
                newest[product, group] = sequence
        current[product] = value
    wanted = goods.expected()
    found = {product: shown(value) for product, value in current.items() if value}
    wrong = {product: (found.get(product), wanted.get(product)) for product in set(found) | set(wanted) if found.get(product) != wanted.get(product)}
    return count, wrong


def check(bus, goods, limit_s=30):
    """The last records are what was published, as soon as the transaction is there that was under way when all was read. Gives how many there are."""
    ends = harness.time.monotonic() + limit_s
    while (found := look(bus, goods))[1]:
        assert harness.time.monotonic() < ends, f"{len(found[1])} of {len(goods.expected())} products are wrong, {list(found[1].items())[:3]} (found, wanted)"
        harness.time.sleep(0.2)
    return found[0]


def wait_merged(bus, workers, limit_s=60):
    """Until the group's offsets are at the ends of both topics."""
    def behind():
        return sum(bus.metrics(worker)["hookbus_catalog_behind"] for worker in workers)

    def is_done():
        return all(bus.get_status(worker.port, "/readyz") == 200 for worker in workers) and behind() == 0
    wait_until("everything is merged", is_done, limit_s)
