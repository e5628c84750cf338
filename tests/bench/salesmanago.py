"""The benchmark of the way to SALESmanago: tests/bench/run salesmanago [--quick] [--json] [--only merge,rate,…].

Core 0 has the role that is measured, alone with all its threads; core 1 has Kafka, the api and the simulator, which parses each request and keeps
ids, but checks no rules here (it does in the tests, and is slower than the sender then).
--quick: a tenth of the sizes; memory then with 100,000 products instead of a million.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "support"), HERE]
import harness  # noqa: E402
import measure  # noqa: E402
from connected import stocked  # noqa: E402
from salesmanago import Simulator  # noqa: E402

FIGURES = [  # key, text, unit, bound: (sign, number) or None
    ("merge_per_s", "events merged into the catalog", "/s", None),
    ("merge_cpu_us", "  CPU an event", "us", None),
    ("products_per_s_0ms", "products accepted, one catalog, answers at once", "/s", None),
    ("cpu_us_per_product", "  CPU a product", "us", None),
    ("products_per_s_200ms", "  answers after 200 ms (one at a time: 500 at most)", "/s", None),
    ("products_per_s_200ms_20_catalogs", "  20 catalogs side by side (10,000 at most)", "/s", None),
    ("batch_fill", "products a request, of 1,000 changes a second", "", None),
    ("batch_fill_slow", "  of 50 changes a second", "", None),
    ("requests_one_poison", "requests, one poison in 100, the worst of several", "", ("<=", 10)),
    ("requests_ten_poisons", "  ten poisons", "", ("<=", 75)),
    ("rss_products", "distinct products in the topic", "", None),
    ("rss_mib", "memory of the sender in a full sync of them, at most", "MiB", None),
    ("rss_catalog_mib", "  of the catalog, restored from the topic", "MiB", None),
    ("restore_s", "  which took it", "s", None),
]
LINGER_MS = 2000


class Bench:
    def __init__(self, quick):
        self.quick, self.figures = quick, {}
        self.bus = harness.Hookbus(publish_queue_records_max=1000000)
        self.bus.set(catalog_state_dir=os.path.join(self.bus.folder, "state"))
        self.api = self.bus.start_api()
        self.stores = 0
        self.pin_rest()

    def close(self):
        self.bus.close()

    def size(self, whole, quick):
        return quick if self.quick else whole

    def pin_rest(self, *pids):
        for pid in [os.getpid(), self.api.child.pid, int(os.environ.get("BENCH_KAFKA_PID", "0")), *pids]:
            if pid:
                measure.pin(pid, 1)

    def start(self, role, **config):
        """A role on core 0, alone."""
        port = harness.free_port()
        process = self.bus.spawn(role, role, **{f"{role}_port": port, f"{role}_instance": "bench", **config})
        process.port = port
        measure.pin(process.child.pid, 0)
        harness.wait_until(f"{role} ready: {process.tail()}", lambda: self.bus.is_ready(process, port), 120)
        measure.pin(process.child.pid, 0)
        return process

    def simulator(self, **settings):
        sim = Simulator()
        self.pin_rest(sim.child.pid)
        sim.settings(is_checking=False, keep="ids", **settings)
        return sim

    def store(self):
        self.stores += 1
        name = f"bench{self.stores}"
        self.bus.add_store(name)
        return name

    def call(self, store, method, path="", body=None):
        status, _, answer = self.bus.call(method, f"/v1/stores/{store}/connectors/salesmanago{path}", body, headers={"If-Match": "*"})
        assert status < 300, (status, answer)
        return answer

    def connect(self, store, sim, key=None, catalog=None):
        self.call(store, "PUT", "", {"base_url": sim.url, "key": key or sim.key, "catalog": catalog or sim.catalog})

    def publish(self, store, events):
        """Batches of 1,000 over HTTP."""
        path = f"/v1/stores/{store}/events"
        requests = [(path, json.dumps(events[at:at + 1000]).encode()) for at in range(0, len(events), 1000)]
        measure.post_all(self.bus.api_port, self.bus.key, requests, 4, measure.published_well)

    def fill_catalog(self, store, count, start=0):
        """Merged products straight into the topic, past api and catalog."""
        child = subprocess.Popen(["kcat", "-b", harness.KAFKA, "-P", "-t", f"{self.bus.prefix}catalog", "-K", "\t", "-H", "hb_v=1", "-X",
                                  "topic.partitioner=murmur2_random", "-X", "linger.ms=50"], stdin=subprocess.PIPE)
        now = time.time_ns() // 1_000_000
        version = {"appended": now, "offset": 1}
        for number in range(start, start + count):
            record = {"v": 1, "store": store, "product": f"p{number}", "state": "active", "at": now, "stock_by": "product", "product_version": version,
                      "product_stock_version": version, "data": goods(number)}
            child.stdin.write(f"{store}/p{number}\t{json.dumps(record)}\n".encode())
        child.stdin.close()
        assert child.wait(300) == 0


def goods(number, version=1):
    """Some 700 bytes, as products are."""
    return {"id": f"p{number}", "name": f"{version} Sukienka letnia numer {number}", "url": f"https://shop.example.com/p/{number}", "description": "<p>Lekka sukienka z lnu &amp; bawełny.</p>" * 6,
            "price": "199.90", "sale_price": "149.90", "currency": "PLN", "categories": [{"id": "12", "name": "Sukienki"}, {"id": "13", "name": "Lato"}],
            "images": [f"https://cdn.example.com/{number}-1.jpg", f"https://cdn.example.com/{number}-2.jpg"], "brand": "Wiosna", "status": "active",
            "attributes": {"color": "red", "season": "summer"}, "stock": {"available": True, "quantity": version}}


def change(number, version=1):
    return {"type": "product.updated", "subject": f"p{number}", "data": goods(number, version)}


# ---- the parts ----

def merge(bench):
    """A backlog of product and inventory events, half and half, of a tenth as many products."""
    count = bench.size(100_000, 10_000)
    store = bench.store()
    events = [change(n // 2 % (count // 10), n) if n % 2 else stocked(f"p{n // 2 % (count // 10)}", n) for n in range(count)]
    bench.publish(store, events)
    catalog = bench.start("catalog")
    name = "hookbus_catalog_events_total"

    def merged():
        return sum(value for key, value in bench.bus.metrics(catalog).items() if key.startswith(name))
    first = merged()
    begun, began_cpu = time.monotonic(), measure.cpu_seconds(catalog.child.pid)
    harness.wait_until("all is merged", lambda: merged() >= count, 110)
    seconds = time.monotonic() - begun
    bench.figures["merge_per_s"] = round((count - first) / seconds)
    bench.figures["merge_cpu_us"] = round((measure.cpu_seconds(catalog.child.pid) - began_cpu) / max(1, count - first) * 1e6, 1)
    catalog.stop()


def accepted_rate(requests):
    """Items a second from the first request to the last; the first one's items came before the clock."""
    done = [one for one in requests if one["status"] == 200]
    return round(sum(one["items"] for one in done[1:]) / max(0.001, done[-1]["at"] - done[0]["at"]))


def drain(bench, count, stores, answer_ms):
    """A backlog in the topic, and the sender started: (items a second, CPU seconds)."""
    sim = bench.simulator(answer_ms=answer_ms)
    try:
        for number in range(stores):
            store = bench.store()
            key, catalog = sim.key, sim.catalog
            if number:
                key = f"key{number}x"
                sim.add_key(key, f"account{number}")
                catalog = sim.add_catalog(f"account{number}")
            bench.connect(store, sim, key, catalog)
            bench.fill_catalog(store, count // stores)
            bench.last = store
        sender = bench.start("salesmanago")
        cpu = measure.cpu_seconds(sender.child.pid)
        harness.wait_until(f"{count} accepted", lambda: sim.counts().get("items accepted", 0) >= count, 110)
        cpu = measure.cpu_seconds(sender.child.pid) - cpu
        rate = accepted_rate(sim.requests())
        sender.stop(60)
        for number in range(bench.stores - stores + 1, bench.stores + 1):
            bench.call(f"bench{number}", "DELETE")
        return rate, cpu
    finally:
        sim.close()


def rate(bench):
    count = bench.size(100_000, 10_000)
    runs = [drain(bench, count, 1, 0) for _ in range(bench.size(3, 1))]
    bench.figures["products_per_s_0ms"] = round(statistics.median(one[0] for one in runs))
    bench.figures["cpu_us_per_product"] = round(statistics.median(one[1] for one in runs) / count * 1e6, 1)


def late(bench):
    bench.figures["products_per_s_200ms"] = drain(bench, bench.size(10_000, 3_000), 1, 200)[0]
    bench.figures["products_per_s_200ms_20_catalogs"] = drain(bench, bench.size(100_000, 20_000), 20, 200)[0]


def fill(bench):
    """A steady stream through both roles, with the linger as it is by default."""
    seconds = bench.size(20, 10)
    catalog, sender = bench.start("catalog"), bench.start("salesmanago")
    sim = bench.simulator()
    for key, per_s in (("batch_fill", 1000), ("batch_fill_slow", 50)):
        store = bench.store()
        bench.connect(store, sim)
        after, begun, sent = sim.last_number(), time.monotonic(), 0
        while sent < seconds * per_s:
            due = min(seconds * per_s, int((time.monotonic() - begun) * per_s) + 1)
            if due > sent:
                bench.publish(store, [change(number) for number in range(sent, due)])
                sent = due
            time.sleep(0.02)
        harness.wait_until("all is accepted", lambda: sum(one["items"] for one in sim.requests(after)) >= sent, 60)
        done = sim.requests(after)
        bench.figures[key] = round(sum(one["items"] for one in done) / len(done), 1)
        bench.call(store, "DELETE")
    sim.close()
    sender.stop()
    catalog.stop()


def poison(bench):
    """Products of one request, some of them refused, at places that differ from round to round."""
    catalog, sender = bench.start("catalog"), bench.start("salesmanago", salesmanago_linger_ms=500)
    for key, count in (("requests_one_poison", 1), ("requests_ten_poisons", 10)):
        worst = 0
        for turn in range(bench.size(10, 3)):
            sim, store = Simulator(), bench.store()
            bad = [f"p{(turn * 37 + place * 11) % 100}" for place in range(count)]
            sim.settings(poison=[{"ids": [one], "code": 11 + n % 5, "message": f"{'name' if n % 2 else 'description'}|No"} for n, one in enumerate(bad)])
            bench.connect(store, sim)
            bench.publish(store, [change(number) for number in range(100)])
            harness.wait_until("the others are stored", lambda: len(sim.products()) == 100 - count, 60)
            harness.wait_until("those are dead", lambda: len(bench.call(store, "GET", "/dead")["items"]) == count, 60)
            asked = sim.requests()
            assert asked[0]["items"] == 100, "not one request of all"
            worst = max(worst, len(asked))
            bench.call(store, "DELETE")
            sim.close()
        bench.figures[key] = worst
    sender.stop()
    catalog.stop()


def memory(bench):
    """A million distinct products in the topic: a full sync of them, and the catalog without its file."""
    count = bench.size(1_000_000, 100_000)
    sim, store = bench.simulator(), bench.store()
    bench.fill_catalog(store, count)
    bench.connect(store, sim)
    bench.call(store, "POST", "/sync", {})
    sender = bench.start("salesmanago")
    harness.wait_until("the first are sent", lambda: sim.counts().get("items accepted", 0) > 0, 110)
    wanted = min(count, bench.size(300_000, 100_000))
    harness.wait_until(f"{wanted} are sent", lambda: sim.counts().get("items accepted", 0) >= wanted, 110)
    bench.figures["rss_products"] = count
    bench.figures["rss_mib"] = peak_mib(sender)
    bench.call(store, "DELETE")
    sender.stop(60)
    sim.close()
    begun = time.monotonic()
    catalog = bench.start("catalog", catalog_instance="fresh")
    bench.figures["restore_s"] = round(time.monotonic() - begun, 1)
    bench.figures["rss_catalog_mib"] = peak_mib(catalog)
    catalog.stop()


def peak_mib(process):
    with open(f"/proc/{process.child.pid}/status") as f:
        line = next(line for line in f if line.startswith("VmHWM"))
    return round(int(line.split()[1]) / 1024)


PARTS = {"merge": merge, "rate": rate, "late": late, "fill": fill, "poison": poison, "memory": memory}


def is_met(value, bound):
    sign, number = bound
    return value <= number if sign == "<=" else value < number if sign == "<" else value >= number


def show(figures):
    print(f"{'what':<58} {'measured':>10}       target")
    for key, text, unit, bound in FIGURES:
        if key not in figures:
            print(f"{text:<58} {'not measured':>10}")
            continue
        judged = f"{bound[0]} {bound[1]} {'met' if is_met(figures[key], bound) else 'MISSED'}" if bound else ""
        print(f"{text:<58} {figures[key]:>10,} {unit:<4}  {judged}".rstrip())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", help="comma-separated: " + ",".join(PARTS))
    options = parser.parse_args()
    figures = {}
    for name in (options.only or ",".join(PARTS)).split(","):
        measure.say(f"… {name}")
        begun, bench = time.monotonic(), None
        try:
            bench = Bench(options.quick)  # topics of its own: nothing that another part left stands in the way
            PARTS[name](bench)
        except (AssertionError, OSError) as e:
            measure.say(f"  failed: {e}")
            if bench:
                for process in bench.bus.processes:
                    measure.say(f"--- {process.name}\n{process.tail(5)}")
        finally:
            if bench:
                figures.update(bench.figures)
                bench.close()
        measure.say(f"  {time.monotonic() - begun:.0f} s")
    print(json.dumps(figures)) if options.json else show(figures)
    return 0 if set(figures) >= {"merge_per_s", "products_per_s_0ms", "rss_mib"} or options.only else 1


if __name__ == "__main__":
    sys.exit(main())
