"""The benchmark of the fast path: tests/bench/run dispatch [--quick] [--json].

Core 0 has the process that is measured, alone with all its libraries' threads; core 1 has Kafka, Redis, the receiver and the load. While a measurement is
prepared (webhooks made, events put in) everybody has both. Rates are taken in a stretch after the windows have ramped up, from the process's own counters;
CPU from /proc. Every figure of a ratio comes from this run. One api lives through all parts; it has nothing to do while deliveries are measured.
"""
import argparse
import asyncio
import contextlib
import http.client
import json
import os
import re
import signal
import selectors
import socket
import statistics
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import harness  # noqa: E402
from measure import TICKS, Receiver, batches_of, cpu_seconds, event, pin, post_all, say  # noqa: E402

BUILD = os.path.dirname(harness.BINARY)
TYPE = "product.updated"
BODY = json.dumps({"product": {"id": "p-1", "name": "Mug", "price": "19.90", "currency": "EUR", "description": "x" * 900}})[:1024].encode()


def cpu_parts(pid):
    """Seconds by place: our loop in user space, our loop in the kernel, Kafka's client threads."""
    parts = {"loop_user": 0.0, "loop_kernel": 0.0, "kafka_threads": 0.0}
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/stat") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        user, kernel = int(fields[11]) / TICKS, int(fields[12]) / TICKS
        if int(thread) == pid:
            parts["loop_user"] += user
            parts["loop_kernel"] += kernel
        else:
            parts["kafka_threads"] += user + kernel
    return parts


def rss_mib(pid):
    with open(f"/proc/{pid}/status") as f:
        return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1)) / 1024


class Bench:
    def __init__(self, quick):
        self.quick = quick
        self.figures = {}
        self.bus = self.api = None
        self.receiver = subprocess.Popen(["taskset", "-c", "1", os.path.join(BUILD, "tests/bench/http_client/bench_receiver")], stdout=subprocess.PIPE,
                                         text=True)
        self.port = int(self.receiver.stdout.readline().split()[1])

    def close(self):
        if self.bus:
            self.bus.close()
        self.receiver.terminate()
        self.receiver.wait()

    @staticmethod
    def bare(*arguments):
        """Requests a second of the bare libcurl loop."""
        done = subprocess.run([os.path.join(BUILD, "tests/bench/http_client/bench_http_client"), "--json", "--bare", *arguments], capture_output=True, text=True,
                              check=True)
        return [json.loads(line)["bare_per_s"] for line in done.stdout.splitlines()]

    def limit(self):
        """The bare libcurl loop, for 1 and 10,000 destinations. What one destination is compared with is measured beside it, in turns."""
        self.figures["limit_per_s"], self.figures["limit_per_s_10k"] = self.bare(*(["--quick"] if self.quick else []))

    def installation(self):
        """One for all parts: each dispatcher goes on where the last one ended."""
        if not self.bus:
            self.bus = harness.Hookbus(delivery_waiting_max=20000, publish_queue_records_max=1000000)
            self.api = self.bus.start_api()
        return self.bus

    @contextlib.contextmanager
    def preparing(self):
        """Nothing is measured within: all may have both cores."""
        mine = [os.getpid(), int(os.environ["BENCH_KAFKA_PID"]), *([self.api.child.pid] if self.api else [])]
        for pid in mine:
            pin(pid, "0,1")
        yield
        for pid in [*mine, *([self.api.child.pid] if self.api else [])]:
            pin(pid, 1)

    def fill(self, batches):
        """Publishes what batches_of gives."""

        def judge(status, body):
            assert status == 202 and body.count(b'"status":202') == body.count(b'"status":'), body[:500]

        post_all(self.bus.api_port, self.bus.key, batches, 8, judge)

    def measure(self, bus, batches, total, warm_share=0.3, **config):
        """Runs a dispatcher on core 0 over `total` events that stand in Kafka; gives deliveries a second, CPU microseconds each, the largest memory.

        It has its partitions before the events come, and stands still while they do: what stands there at an assignment may have been read before a crash, and
        then even successes are journaled."""
        dispatcher = bus.start_dispatcher("bench", dispatcher_session_timeout_ms=60000, **config)
        pid = dispatcher.child.pid

        def has_joined():
            metrics = bus.metrics(dispatcher)
            return metrics.get("hookbus_partitions_assigned", 0) == 120 and metrics.get("hookbus_retry_shards_open", 64) == 64

        harness.wait_until("its partitions and shards", has_joined, 60)
        os.kill(pid, signal.SIGSTOP)
        with self.preparing():
            self.fill(batches)
        pin(pid, 0)
        os.kill(pid, signal.SIGCONT)

        def delivered():
            try:
                return bus.metrics(dispatcher).get('hookbus_outcomes_total{reason="none"}', 0)
            except OSError:
                return 0

        harness.wait_until("the windows ramp", lambda: delivered() > total * warm_share, 180)
        pin(pid, 0)  # threads that came later, too
        began, cpu, wall, rss, parts = delivered(), cpu_seconds(pid), time.monotonic(), 0, cpu_parts(pid)
        while delivered() < total * 0.92:
            rss = max(rss, rss_mib(pid))
            time.sleep(0.05)
            if time.monotonic() - wall > 300:
                raise AssertionError(f"too slow: {bus.metrics(dispatcher)}\n{dispatcher.tail()}")
        count, cpu, wall = delivered() - began, cpu_seconds(pid) - cpu, time.monotonic() - wall
        self.parts = {k: round((v - parts[k]) * 1e6 / count, 1) for k, v in cpu_parts(pid).items()}
        harness.wait_until("all is delivered", lambda: delivered() >= total, 120)
        all_metrics = bus.metrics(dispatcher)
        outcomes = {k.split('"')[1]: v for k, v in all_metrics.items() if k.startswith("hookbus_outcomes_total")}
        parked = outcomes.get("queue_full", 0) + outcomes.get("slow", 0)  # nothing failed, but they took the long way
        self.figures["parked_percent"] = max(self.figures.get("parked_percent", 0), round(parked / total * 100, 1))
        failed = sum(outcomes.values()) - outcomes["none"] - parked
        assert failed == 0, {k: v for k, v in all_metrics.items() if v and "outcomes" in k}
        assert dispatcher.stop() == 0, dispatcher.tail()
        return count / wall, cpu * 1e6 / count, rss

    def one_destination(self):
        """The bare loop, the dispatcher, the bare loop, …: each run against the two beside it, so a machine that is slow for a minute is so for both."""
        rates, cpus, rsss, limits = [], [], [], []
        with self.preparing():
            bus = self.installation()
            bus.add_store("acme")
            bus.add_webhook("acme", f"http://127.0.0.1:{self.port}/hook")
        limits += self.bare("--one", "--quick")
        for _ in range(2 if self.quick else 7):
            rate, cpu, rss = self.one_again()
            limits += self.bare("--one", "--quick")
            rates.append(rate), cpus.append(cpu), rsss.append(rss)
        say("    dispatcher " + " ".join(f"{rate:.0f}" for rate in rates) + " /s; bare loop " + " ".join(f"{limit:.0f}" for limit in limits))
        self.figures["limit_per_s"] = round(statistics.median(limits))
        self.figures["deliveries_to_limit"] = round(statistics.median(rate * 2 / (before + after) for rate, before, after in zip(rates, limits, limits[1:])), 2)
        self.figures["deliveries_per_s_1"] = round(statistics.median(rates))
        self.figures["deliveries_per_s_1_spread"] = [round(min(rates)), round(max(rates))]
        self.figures["cpu_us_per_delivery"] = round(statistics.median(cpus), 1)
        self.figures["rss_mib"] = round(max(rsss))
        self.figures.update({"cpu_us_" + k: v for k, v in self.parts.items()})

    def one_again(self):
        total = 30000 if self.quick else 100000
        return self.measure(self.bus, list(batches_of("acme", TYPE, total)), total, delivery_host_max=256)

    def one_over_tls(self):
        """As one_destination, over TLS 1.3 with a certificate that is verified; connections are kept."""
        bus = self.installation()
        files = {name: os.path.join(bus.folder, name) for name in ("tls.pem", "tls.key")}
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", files["tls.key"], "-out",
                        files["tls.pem"], "-days", "2", "-subj", "/CN=bench", "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
        receiver = Receiver(BUILD, tls=(files["tls.pem"], files["tls.key"]))
        rates, cpus = [], []
        try:
            for number in range(1 if self.quick else 3):
                with self.preparing():
                    if number == 0:
                        bus.add_store("tls")
                        bus.add_webhook("tls", f"https://127.0.0.1:{receiver.port}/hook")
                total = 20000 if self.quick else 200000
                rate, cpu, _ = self.measure(bus, list(batches_of("tls", TYPE, total)), total, delivery_host_max=256, egress_ca_file=files["tls.pem"])
                rates.append(rate), cpus.append(cpu)
        finally:
            receiver.close()
        self.figures["deliveries_per_s_tls"] = round(statistics.median(rates))
        self.figures["cpu_us_per_delivery_tls"] = round(statistics.median(cpus), 1)

    def add_webhooks(self, stores, count):
        def judge(status, body):
            assert status == 201, body

        began = time.monotonic()
        post_all(self.bus.api_port, self.bus.key, [("/v1/stores", json.dumps({"id": store, "name": store}).encode()) for store in stores], 64, judge)
        requests = []
        for i in range(count):
            webhook = {"url": f"http://127.{1 + i // 62500}.{i // 250 % 250}.{1 + i % 250}:{self.port}/hook", "events": [f"product.n{i // len(stores)}"]}
            requests.append((f"/v1/stores/{stores[i % len(stores)]}/webhooks", json.dumps(webhook).encode()))
        post_all(self.bus.api_port, self.bus.key, requests, 64, judge)
        self.figures["registry_changes_per_s"] = round((count + len(stores)) / (time.monotonic() - began))

    def many_destinations(self, count):
        stores = [f"s{i}" for i in range(100)]
        rounds, batches = 3 if self.quick else 30, []
        with self.preparing():
            bus = self.installation()
            self.add_webhooks(stores, count)
            # Round after round, an event for each destination: none gets a burst, so each needs one connection.
            for number in range(rounds):
                for store in stores:
                    events = [event(f"product.n{i}", f"p-{number}-{i}") for i in range(count // len(stores))]
                    batches.append((f"/v1/stores/{store}/events", ("[" + ",".join(events) + "]").encode()))
        limits = [self.bare("--quick")]
        rate, cpu, rss = self.measure(bus, batches, rounds * count, warm_share=0.4, delivery_kept_connections=12000)
        limits.append(self.bare("--quick"))
        one, many = (sum(values) / 2 for values in zip(*limits))
        self.figures["limit_per_s_10k"] = round(many)
        self.figures["many_to_limit"] = round(rate / many, 2)
        self.figures["limit_many_to_one"] = round(many / one, 2)
        self.figures["deliveries_per_s_10k"] = round(rate)
        self.figures["cpu_us_per_delivery_10k"] = round(cpu, 1)
        self.figures["rss_mib_10k_all_kept"] = round(rss)
        # Memory as it is promised: with the default cap on kept connections.
        again = 1 if self.quick else 3
        _, _, rss = self.measure(bus, batches[:again * len(stores)], again * count, warm_share=0.1)
        self.figures["rss_mib_10k"] = round(rss)

    def latency(self):
        bus = self.installation()
        bus.add_store("latency")
        got = {}

        async def receive(reader, writer):
            try:
                while True:
                    head = await reader.readuntil(b"\r\n\r\n")
                    at = time.perf_counter()
                    length = int(re.search(rb"[Cc]ontent-[Ll]ength: (\d+)", head).group(1))
                    await reader.readexactly(length)
                    got[re.search(rb"webhook-id: (\S+)", head).group(1).decode()] = at
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            except (asyncio.IncompleteReadError, ConnectionError):
                pass

        loop = asyncio.new_event_loop()
        server = loop.run_until_complete(asyncio.start_server(receive, "127.0.0.1", 0))
        port = server.sockets[0].getsockname()[1]
        threading.Thread(target=loop.run_forever, daemon=True).start()
        bus.add_webhook("latency", f"http://127.0.0.1:{port}/hook")
        dispatcher = bus.start_dispatcher("bench")
        for process in (dispatcher, self.api):
            pin(process.child.pid, 0)
        connection = http.client.HTTPConnection("127.0.0.1", bus.api_port)
        headers = {"Authorization": f"Bearer {bus.key}", "Content-Type": "application/json"}
        sent, count, warm = {}, 250 if self.quick else 3000, 100
        due = time.perf_counter()
        for i in range(count + warm):
            body = event(TYPE, f"p-{i}", event_id=f"l-{i}")
            while time.perf_counter() < due:
                time.sleep(max(0, min(0.001, due - time.perf_counter())))
            sent[f"l-{i}"] = time.perf_counter()
            connection.request("POST", "/v1/stores/latency/events", body=body, headers=headers)
            response = connection.getresponse()
            answer = response.read()
            assert response.status == 202, answer
            due += 0.01
        harness.wait_until("all arrived", lambda: len(got) >= count + warm, 60)
        times = sorted((got[i] - sent[i]) * 1000 for i in list(sent)[warm:])  # the first are warm-up
        self.figures["latency_idle_p50_ms"] = round(times[len(times) // 2], 2)
        self.figures["latency_idle_p99_ms"] = round(times[int(len(times) * 0.99)], 2)
        self.idle(dispatcher)
        assert dispatcher.stop() == 0, dispatcher.tail()
        pin(self.api.child.pid, 1)

    def idle(self, dispatcher):
        before = cpu_seconds(dispatcher.child.pid)
        seconds = 2 if self.quick else 10
        time.sleep(seconds)
        self.figures["idle_cpu_percent"] = round((cpu_seconds(dispatcher.child.pid) - before) / seconds * 100, 2)

    def ingest(self):
        bus = self.installation()
        pin(self.api.child.pid, 0)
        bus.add_store("ingest")
        single, batch = event(TYPE, "p-1"), "[" + ",".join(event(TYPE, f"p-{i}") for i in range(500)) + "]"
        for key, body, connections, events in (("ingest_single_per_s", single, 64, 1), ("ingest_batch_per_s", batch, 8, 500)):
            script = os.path.join(bus.folder, "wrk.lua")
            with open(script, "w") as f:
                f.write('wrk.method="POST"\nwrk.headers["Authorization"]="Bearer %s"\nwrk.headers["Content-Type"]="application/json"\nwrk.body=[==[%s]==]\n'
                        % (bus.key, body))
            done = subprocess.run(["taskset", "-c", "1", "wrk", "-t", "1", "-c", str(connections), "-d", "2s" if self.quick else "12s", "-s", script,
                                   f"http://127.0.0.1:{bus.api_port}/v1/stores/ingest/events"], capture_output=True, text=True, check=True)
            rate = float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout).group(1))
            assert "Non-2xx" not in done.stdout, done.stdout
            self.figures[key] = round(rate * events)
        self.figures["rss_mib_api"] = round(rss_mib(self.api.child.pid))


TARGETS = [
    ("limit_per_s", "bare libcurl loop, one destination", "requests/s", None),
    ("deliveries_per_s_1", "deliveries, one destination", "/s", lambda f: (f["deliveries_to_limit"], ">=", 0.7)),
    ("deliveries_per_s_tls", "deliveries, one destination over TLS", "/s", None),
    ("cpu_us_per_delivery_tls", "CPU a delivery over TLS", "us", None),
    ("limit_per_s_10k", "bare libcurl loop, 10,000 destinations", "requests/s", None),
    ("deliveries_per_s_10k", "deliveries, 10,000 destinations", "/s", lambda f: (f["deliveries_per_s_10k"] / f["deliveries_per_s_1"], ">=", 0.6)),
    ("many_to_limit", "  against the bare loop's", "", None),
    ("limit_many_to_one", "  the bare loop's against one destination", "", None),
    ("cpu_us_per_delivery", "CPU a delivery, one destination", "us", None),
    ("cpu_us_loop_user", "  of it our loop, libcurl and OpenSSL", "us", None),
    ("cpu_us_loop_kernel", "  of it the kernel for our loop", "us", None),
    ("cpu_us_kafka_threads", "  of it Kafka's client threads", "us", None),
    ("cpu_us_per_delivery_10k", "CPU a delivery, 10,000 destinations", "us", None),
    ("parked_percent", "most of a backlog that went through the retry queue", "%", None),
    ("latency_idle_p50_ms", "publish to receipt at 100/s, p50", "ms", lambda f: (f["latency_idle_p50_ms"], "<", 3)),
    ("latency_idle_p99_ms", "publish to receipt at 100/s, p99", "ms", lambda f: (f["latency_idle_p99_ms"], "<", 8)),
    ("ingest_single_per_s", "publish over HTTP, single events", "/s", lambda f: (f["ingest_single_per_s"], ">=", 15000)),
    ("ingest_batch_per_s", "publish over HTTP, batches of 500", "/s", lambda f: (f["ingest_batch_per_s"], ">=", 50000)),
    ("rss_mib", "memory of a dispatcher at full load", "MiB", lambda f: (f["rss_mib"], "<", 256)),
    ("rss_mib_10k", "the same with 10,000 webhooks", "MiB", lambda f: (f["rss_mib_10k"], "<", 256)),
    ("rss_mib_10k_all_kept", "the same with 10,000 connections kept", "MiB", None),
    ("idle_cpu_percent", "CPU of an idle dispatcher", "%", None),
]


def show(figures):
    print(f"{'what':<44} {'measured':>12}  {'as ratio':>8}  target")
    for key, text, unit, target in TARGETS:
        if key not in figures:
            continue
        line = f"{text:<44} {figures[key]:>12,} {unit}"
        try:
            judged = target(figures) if target else None
        except KeyError:  # a part of the benchmark alone: the other side of the ratio was not measured
            judged = None
        if judged:
            value, sign, bound = judged
            is_met = value >= bound if sign == ">=" else value < bound
            ratio = f"{value:.2f}" if bound < 1 else ""
            line = f"{text:<44} {figures[key]:>12,} {unit:<10} {ratio:>6}  {sign} {bound:,} {'met' if is_met else 'MISSED'}"
        print(line)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", help="comma-separated: limit,one,tls,many,latency,ingest")
    options = parser.parse_args()
    pin(int(os.environ["BENCH_KAFKA_PID"]), 1)
    pin(os.getpid(), 1)
    bench = Bench(options.quick)
    parts = (options.only or "limit,one,tls,latency,many,ingest").split(",")
    steps = {"limit": bench.limit, "one": bench.one_destination, "tls": bench.one_over_tls, "many": lambda: bench.many_destinations(10000), "latency": bench.latency,
             "ingest": bench.ingest}
    try:
        for name in parts:
            say(f"… {name}")
            began = time.monotonic()
            steps[name]()
            say(f"  {name}: {time.monotonic() - began:.0f} s")
    finally:
        bench.close()
    show(bench.figures)
    if options.json:
        print(json.dumps(bench.figures))


main()
