"""What is judged as a ratio: both sides in short turns, A B, B A, A B …; a machine that is slow for a minute is so for both, and one bad turn decides nothing."""
import contextlib
import os
import signal
import statistics
import time

from slow import harness, measure

RATE = 300  # events a second for the healthy webhooks
HANG_MS = 1000  # the timeout of those that hang
TIMEOUTS = 'hookbus_outcomes_total{reason="timeout"}'
DEFAULT_RATE, MOST_RATE = 100, 1000  # replay.rate, replay.rate_max: deliveries a second that a job selects
SETTLE_S = 1.5  # a change of a webhook is known everywhere, and what it set free has begun


def turns(rounds, sides):
    for number in range(rounds):
        yield from sides if number % 2 == 0 else sides[::-1]


# ---- healthy webhooks, alone and beside trouble ----

def well(slow):
    """The stores of 90 healthy webhooks."""
    stores = [f"well{i}" for i in range(90)]
    if not slow.bus or stores[0] not in slow.made:
        slow.begin()
        slow.stores(stores)
        for i, store in enumerate(stores):
            slow.webhook(store, f"/hook/{store}", 100 + i)
    return stores


def times_of(slow, stores, seconds):
    """Publish to receipt, in ms, of what the healthy get under a steady load."""
    slow.receiver.news()
    load = slow.load(stores, RATE)
    time.sleep(seconds)
    sent = load.end()
    healthy = sum(1 for i in range(sent) if not stores[i % len(stores)].startswith("sick"))
    times = []

    def all_came():
        times.extend(measure.latencies_ms(slow.receiver.news(), "/hook"))
        return len(times) >= healthy * 0.995

    slow.wait("the events of healthy webhooks arrive", all_came, 60)
    return times


def p99_ratio(slow, stores, trouble, stores_beside=None, base=contextlib.nullcontext):
    """p99 beside trouble against p99 alone (or beside `base`), each the median of its turns; the same of all turns together; all times alone."""
    seconds, rounds = slow.size(5, 2), slow.size(8, 3)
    p99, all_times = {"alone": [], "beside": []}, {"alone": [], "beside": []}
    # Everybody has both cores: on one, Kafka, the load and the receiver would take nine tenths of it, and p99 would tell of their queue, not of ours.
    slow.pin("0,1", "0,1")
    times_of(slow, stores, 2)
    for side in turns(rounds, ("alone", "beside")):
        with trouble() if side == "beside" else base():
            time.sleep(SETTLE_S)
            times = times_of(slow, stores_beside or stores if side == "beside" else stores, seconds)
        p99[side].append(measure.percentile(times, 0.99))
        all_times[side] += times
    slow.pin()
    pooled = measure.percentile(all_times["beside"], 0.99) / measure.percentile(all_times["alone"], 0.99)
    measure.say("    p99 " + ", ".join(f"{side} {' '.join(f'{one:.1f}' for one in of)}" for side, of in p99.items()))
    return round(statistics.median(p99["beside"]) / statistics.median(p99["alone"]), 2), round(pooled, 2), all_times["alone"]


@contextlib.contextmanager
def awake(slow, webhooks):
    """These (store, webhook) are paused but within."""
    for store, webhook in webhooks:
        slow.act(store, webhook, "resume")
    yield
    for store, webhook in webhooks:
        slow.act(store, webhook, "pause")


@contextlib.contextmanager
def hung(slow, webhooks):
    """As awake; their requests run into their timeout within, and none is left afterwards."""
    before = slow.metric(TIMEOUTS)
    with awake(slow, webhooks):
        for store, webhook in webhooks:
            slow.act(store, webhook, "wake")  # they have learned to rest
        yield
    time.sleep(HANG_MS / 1000 + 0.5)
    assert slow.metric(TIMEOUTS) > before, "nothing hung"


def mixed(healthy, sick):
    """Nine of the healthy, then one that is sick, and so on."""
    order = []
    for i, store in enumerate(sick):
        order += [*healthy[i * 9:i * 9 + 9], store]
    return order


def neighbours(slow):
    """90 healthy webhooks alone and beside 10 that hang; alone and beside a dead one with a backlog."""
    sick = [f"sick{i}" for i in range(10)]
    healthy = well(slow)
    slow.stores([*sick, "dead"])
    hanging = [(store, slow.webhook(store, f"/hang/{store}", 300 + i, timeout_ms=HANG_MS)) for i, store in enumerate(sick)]
    for store, webhook in hanging:
        slow.act(store, webhook, "pause")
    with slow.dispatching():
        pauses = slow.pauses()
        slow.figures["isolation_p99_ratio"], slow.figures["isolation_p99_ratio_pooled"], alone = p99_ratio(
            slow, healthy, lambda: hung(slow, hanging), mixed(healthy, sick))
        slow.figures["healthy_p50_ms"] = round(measure.percentile(alone, 0.5), 2)
        slow.figures["healthy_p99_ms"] = round(measure.percentile(alone, 0.99), 2)
        for store, webhook in hanging:
            slow.remove(store, webhook)
        webhook = backlog(slow, slow.size(100_000, 10_000))
        slow.figures["dead_backlog_p99_ratio"], slow.figures["dead_backlog_p99_ratio_pooled"], _ = p99_ratio(
            slow, healthy, lambda: awake(slow, [("dead", webhook)]))
        slow.figures["dead_backlog_parked"] = slow.parked(webhook)
        slow.figures["partition_pauses"] = round(slow.pauses() - pauses)
        slow.remove("dead", webhook)


def backlog(slow, count):
    """A paused webhook where nobody listens, with many parked, all of them due."""
    webhook = slow.bus.must(201, "POST", "/v1/stores/dead/webhooks", {"url": f"http://127.0.0.1:{harness.free_port()}/", "events": ["*"]})["id"]
    slow.act("dead", webhook, "pause")
    time.sleep(1)
    slow.publish("dead", count, 256)
    slow.wait("all is parked", lambda: slow.parked(webhook) >= count, 300)
    return webhook


def replay(slow):
    """Healthy webhooks alone and beside a replay of what was delivered: at the rate a job has unless it says another, and at the most it may select."""
    count = slow.size(150_000, 40_000)
    healthy = well(slow)
    slow.stores(["replayed"])
    webhook = slow.webhook("replayed", "/replayed", 99)
    with slow.dispatching():
        time.sleep(1)
        slow.publish("replayed", count, 256)
        slow.wait("all is delivered once", lambda: came(slow, "/replayed") >= count, 300)
        job = replay_begun(slow, webhook, DEFAULT_RATE)
        slow.figures["replay_p99_ratio"], slow.figures["replay_p99_ratio_pooled"], _ = p99_ratio(slow, healthy, lambda: replay_running(slow, job))
        slow.replaying("replayed", job, "cancel")
        selected_before = selected(slow)
        job = replay_begun(slow, webhook, MOST_RATE)
        slow.figures["replay_most_p99_ratio"], slow.figures["replay_most_p99_ratio_pooled"], _ = p99_ratio(slow, healthy, lambda: replay_running(slow, job))
        slow.figures["replay_most_to_ordinary_p99_ratio"], _, _ = p99_ratio(slow, healthy, lambda: replay_running(slow, job), base=lambda: ordinary(slow))
        slow.replaying("replayed", job, "resume")
        began, before = time.monotonic(), selected(slow)
        slow.wait("the replay ends", lambda: selected(slow) >= selected_before + count and slow.parked(webhook) == 0, 600)
        slow.figures["replay_per_s"] = round((selected(slow) - before) / (time.monotonic() - began))


def replay_begun(slow, webhook, rate):
    """A job that is paused as soon as it runs."""
    before = selected(slow)
    job = slow.bus.must(201, "POST", "/v1/stores/replayed/replays", {"webhook": webhook, "states": ["delivered"], "rate": rate})["id"]
    slow.wait("the replay runs", lambda: selected(slow) > before, 60)
    slow.replaying("replayed", job, "pause")
    return job


@contextlib.contextmanager
def replay_running(slow, job):
    slow.replaying("replayed", job, "resume")
    before = selected(slow)
    yield
    assert selected(slow) > before, "the replay did not run"
    slow.replaying("replayed", job, "pause")


@contextlib.contextmanager
def ordinary(slow):
    """As many ordinary deliveries to the same webhook as the replay makes at the most."""
    load = slow.load(["replayed"], MOST_RATE / 10, events=10, size=256)
    yield
    load.end()


def selected(slow):
    return slow.metric("hookbus_replay_selected_total")


def came(slow, path):
    slow.arrived = getattr(slow, "arrived", {})
    for _, to, *_ in slow.receiver.news():
        slow.arrived[to] = slow.arrived.get(to, 0) + 1
    return slow.arrived.get(path, 0)


# ---- the fast path, with and without a retry queue ----

class Side:
    """An installation of its own, with a dispatcher that stands still unless it is its turn."""

    DELIVERED = 'hookbus_outcomes_total{reason="none"}'

    def __init__(self, slow, which, **config):
        self.slow, self.total = slow, 0
        self.bus = harness.Hookbus(publish_queue_records_max=1000000, delivery_window_start=16, delivery_waiting_max=20000)
        self.api = self.bus.start_api()
        self.bus.add_store("happy")
        self.bus.add_webhook("happy", slow.url(f"/hook/{which}"))
        # A long session: standing still, it keeps its partitions. They are its own before the events come; what stood there before might have been read by
        # a dispatcher that died, and then even successes are journaled.
        self.dispatcher = self.bus.start_dispatcher(which, is_waiting=False, dispatcher_session_timeout_ms=60000, **config)
        shards = 64 if "redis_address" not in config else 0
        harness.wait_until("its partitions and shards", lambda: self.metric("hookbus_partitions_assigned") == 120
                           and self.metric("hookbus_retry_shards_open") == shards, 60)
        for process in (self.api, self.dispatcher):
            measure.pin(process.child.pid, 0 if process is self.dispatcher else 1)

    def metrics(self, start):
        try:
            return {name: value for name, value in self.bus.metrics(self.dispatcher).items() if name.startswith(start)}
        except OSError:
            assert self.dispatcher.is_alive(), self.dispatcher.tail()
            return {}

    def metric(self, name):
        return self.metrics(name).get(name, 0)

    def turn(self, count):
        """Deliveries a second and CPU microseconds each, of `count` events that stand in Kafka when it goes on."""
        pid = self.dispatcher.child.pid
        os.kill(pid, signal.SIGSTOP)
        batches = list(measure.batches_of("happy", "product.updated", count))
        measure.post_all(self.bus.api_port, self.bus.key, batches, 4, measure.published_well)
        os.kill(pid, signal.SIGCONT)
        begin, end, self.total = self.total + count * 0.15, self.total + count * 0.85, self.total + count
        self.until(begin)
        delivered, cpu, at = self.metric(self.DELIVERED), measure.cpu_seconds(pid), time.monotonic()
        self.until(end)
        delivered = self.metric(self.DELIVERED) - delivered
        figures = delivered / (time.monotonic() - at), (measure.cpu_seconds(pid) - cpu) * 1e6 / delivered
        self.until(self.total)
        return figures

    def until(self, count):
        """Parked because this machine was busy (slow, queue_full) is an outcome, too."""
        self.slow.wait("they are delivered", lambda: sum(self.metrics("hookbus_outcomes_total").values()) >= count)

    def close(self):
        self.bus.close()


def happy(slow):
    """One healthy webhook at full speed: a dispatcher with redis.address (it owns all shards) and one without (no retry queue)."""
    sides, parked, rates, cpus = {}, {}, {"with": [], "without": []}, {"with": [], "without": []}
    try:
        for which, config in (("with", {}), ("without", {"redis_address": ""})):
            sides[which] = Side(slow, which, **config)
            sides[which].turn(slow.size(30_000, 10_000))  # warm: connections, windows
        for which in turns(slow.size(15, 5), ("with", "without")):
            rate, cpu = sides[which].turn(slow.size(30_000, 15_000))
            rates[which].append(rate), cpus[which].append(cpu)
    finally:
        for which, side in sides.items():
            outcomes = {name: count for name, count in side.metrics("hookbus_outcomes_total").items() if count and name != Side.DELIVERED}
            parked[which] = sum(outcomes.values()) / max(1, side.total)
            measure.say(f"    {which}: other outcomes {outcomes or 'none'}")
            side.close()
    assert max(parked.values()) < 0.01, f"too busy a machine: not all went the fast path, {parked}"
    for which in rates:
        measure.say(f"    {which}: " + " ".join(f"{rate:.0f}" for rate in rates[which]) + " /s")
        slow.figures[f"deliveries_per_s_{which}_retry"] = round(statistics.median(rates[which]))
        slow.figures[f"cpu_us_{which}_retry"] = round(statistics.median(cpus[which]), 1)
    slow.figures["happy_path_ratio"] = round(statistics.median(a / b for a, b in zip(rates["with"], rates["without"])), 3)
    slow.figures["happy_cpu_ratio"] = round(statistics.median(a / b for a, b in zip(cpus["with"], cpus["without"])), 3)
