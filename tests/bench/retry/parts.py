"""The measurements of the slow path, one function each; they write their figures into slow.figures."""
import base64
import json
import os
import statistics
import subprocess
import time

import by_turns
from slow import BUILD, harness, measure, shard_of

DAY_MS = 86_400_000


# ---- the view alone ----

def view(slow):
    """Redis bytes, claims, rebuilding: the scripts and the packing, without Kafka."""
    runs = []
    for _ in range(slow.size(3, 1)):
        done = subprocess.run([os.path.join(BUILD, "tests/bench/retry/bench_view"), slow.redis_at, str(slow.size(1_000_000, 100_000))], check=True,
                              stdout=subprocess.PIPE)
        runs.append(json.loads(done.stdout))
    for key in runs[0]:
        slow.figures[key] = statistics.median(run[key] for run in runs)


# ---- a million that waits ----

def journal_lines(webhook, store, count, due_ms):
    """Journal records as kcat takes them: key, tab, value. Their events are not there: nothing of them is ever due here."""
    now = time.time_ns() // 1_000_000
    head = '{"v":1,"id":"%s","webhook":"' + webhook + '","store":"' + store + '","at":{"topic":1,"partition":0,"offset":%d,"appended":' + str(now) + '},'
    tail = '"state":"parked","attempts":1,"due":%d,"reason":"timeout","first_failed":' + str(now) + "}"
    for i in range(count):
        name = base64.b32encode(os.urandom(16)).decode().rstrip("=").lower()
        delivery = "dlv_" + name
        yield delivery + "\t" + head % (delivery, i) + tail % (due_ms + i)


def fill_journal(slow, store, webhook, count):
    header = ["-H", "hb_v=1", "-H", f"webhook={webhook}", "-H", "version=1"]
    child = subprocess.Popen(["kcat", "-b", harness.KAFKA, "-P", "-t", f"{slow.bus.prefix}journal", "-p", str(shard_of(webhook)), "-K", "\t", *header],
                             stdin=subprocess.PIPE)
    due_ms = time.time_ns() // 1_000_000 + DAY_MS
    for line in journal_lines(webhook, store, count, due_ms):
        child.stdin.write(line.encode() + b"\n")
    child.stdin.close()
    assert child.wait(300) == 0


def idle(slow):
    """A million that is due tomorrow: how soon a new owner has it in its view, and what it asks Redis then."""
    count = slow.size(1_000_000, 50_000)
    slow.begin()
    slow.stores(["idle"])
    webhook = slow.webhook("idle", "/hook")
    fill_journal(slow, "idle", webhook, count)
    began = time.monotonic()
    with slow.dispatching():
        slow.wait("all shards are open and have it all", lambda: slow.is_whole() and slow.parked(webhook) >= count, 300)
        slow.figures["takeover_s"] = round(time.monotonic() - began, 1)
        seconds = slow.size(60, 21)  # the look at all shards comes each 10 s
        time.sleep(8)  # a new owner looks once at each shard by itself
        commands = measure.CommandCount(slow.redis_at)
        cpu = measure.cpu_seconds(slow.dispatcher.child.pid)
        before = commands.count
        time.sleep(seconds)
        slow.figures["idle_redis_commands_per_s"] = round((commands.count - before) / seconds, 2)
        slow.figures["idle_cpu_percent_parked"] = round((measure.cpu_seconds(slow.dispatcher.child.pid) - cpu) / seconds * 100, 2)
    slow.end()


# ---- retries at 1,000 due a second ----

def due(slow):
    """N deliveries fail once and are due again, spread by the jitter of one wait: 1,000 a second. Beside it first attempts at the same pace."""
    wait_s = slow.size(60, 15)
    count = int(1000 * wait_s * 0.4)  # jitter is 20 % either way
    slow.begin()
    slow.stores(["first", "again"])
    slow.webhook("first", "/hook", 1)
    webhooks = [slow.webhook("again", f"/once/{i}", 10 + i, schedule=[0, wait_s, 60], events=[f"product.n{i}"]) for i in range(10)]
    with slow.dispatching(delivery_window_start=64):
        slow.figures["first_cpu_us"] = round(cpu_of(slow, lambda: paced(slow, "first", count)), 1)
        slow.receiver.news()
        for i in range(len(webhooks)):
            batches = list(measure.batches_of("again", f"product.n{i}", count // len(webhooks)))
            measure.post_all(slow.bus.api_port, slow.bus.key, batches, 2, measure.published_well)
        failed = time.monotonic()
        slow.wait("every first attempt has failed", lambda: slow.parked(*webhooks) >= count, 120)
        begin_s = max(0.0, failed + wait_s * 0.82 - time.monotonic())
        time.sleep(begin_s)
        slow.figures["due_cpu_us"] = round(cpu_of(slow, lambda: time.sleep(wait_s * 0.3)), 1)
        slow.wait("all are delivered", lambda: slow.parked(*webhooks) == 0, 120)
        seconds = [post for post in slow.receiver.news() if post[1].startswith("/once") and post[4] == "2"]
    slow.figures["due_cpu_ratio"] = round(slow.figures["due_cpu_us"] / slow.figures["first_cpu_us"], 2)
    dues = dict(slow.journal_dues())
    late = [at / 1000 - int(dues[delivery]) for at, _, _, delivery, _ in seconds if delivery in dues]
    if os.environ.get("BENCH_DUMP"):
        with open(os.environ["BENCH_DUMP"], "w") as f:
            json.dump([(at, int(dues[d]), p) for at, p, _, d, _ in seconds if d in dues], f)
    assert len(late) >= count * 0.99, f"{len(late)} second attempts of {count}"
    slow.figures["due_lateness_p50_ms"] = round(measure.percentile(late, 0.5), 1)
    slow.figures["due_lateness_p99_ms"] = round(measure.percentile(late, 0.99), 1)
    slow.figures["due_early_ms"] = round(max(0.0, -min(late)), 1)


def paced(slow, store, count):
    """Publishes `count` events at 1,000 a second, ten each 10 ms: in groups as large as those in which what is due is claimed."""
    post, path = measure.Post(slow.bus.api_port), f"/v1/stores/{store}/events"
    began = time.monotonic()
    for number, start in enumerate(range(0, count, 10)):
        body = "[" + ",".join(measure.event("product.updated", f"p-{start + i}") for i in range(10)) + "]"
        measure.published_well(*post.ask(path, slow.bus.key, body.encode()))
        time.sleep(max(0.0, began + (number + 1) * 0.01 - time.monotonic()))
    post.socket.close()


def cpu_of(slow, act):
    """Microseconds of the dispatcher's CPU a delivery while `act` runs."""
    pid = slow.dispatcher.child.pid
    delivered, cpu = slow.delivered(), measure.cpu_seconds(pid)
    act()
    count = slow.delivered() - delivered
    assert count > 0, "nothing was delivered"
    return (measure.cpu_seconds(pid) - cpu) * 1e6 / count


# ---- governed ----

def governed(slow):
    """One ordered webhook, a thousand subjects: all of it through the journal, the view and the owner."""
    count = slow.size(50_000, 5_000)
    slow.begin()
    slow.stores(["ordered"])
    slow.webhook("ordered", "/hook/ordered", 2, order="per_subject")
    slow.publish("ordered", count, subjects=1000)
    slow.receiver.news()
    with slow.dispatching():
        got = []

        def all_came():
            got.extend(at for at, path, *_ in slow.receiver.news() if path == "/hook/ordered")
            return len(got) >= count

        slow.wait("all ordered events came", all_came, 300)
    got.sort()
    first, last = got[int(count * 0.2)], got[int(count * 0.9)]
    slow.figures["governed_per_s"] = round(count * 0.7 / ((last - first) / 1e6))


# ---- Redis is gone ----

def wiped(slow):
    """Parked deliveries under load; Redis is emptied, later given an old copy; in the end all of them must arrive."""
    count = slow.size(50_000, 5_000)
    slow.begin()
    slow.stores(["kept", "busy"])
    slow.webhook("busy", "/hook/busy", 4)
    webhook = slow.webhook("kept", "/kept", 5)
    slow.act("kept", webhook, "pause")
    with slow.dispatching():
        time.sleep(1)
        slow.publish("kept", count * 4 // 5, 256, "kept-a")
        slow.wait("all is parked", lambda: slow.parked(webhook) >= count * 4 // 5)
        copy = dump(slow)
        slow.publish("kept", count // 5, 256, "kept-b")
        slow.wait("all is parked", lambda: slow.parked(webhook) >= count)
        slow.receiver.news()
        load = slow.load(["busy"], 200)
        slow.figures["whole_again_s"] = whole_again(slow, webhook, count, lambda redis: redis.call("FLUSHALL"))
        slow.figures["whole_again_from_copy_s"] = whole_again(slow, webhook, count, lambda redis: restore(redis, copy))
        load.end()
        slow.act("kept", webhook, "resume")
        got = []

        def all_came():
            got.extend(event_id for _, path, event_id, *_ in slow.receiver.news() if path == "/kept")
            return len(set(got)) >= count

        slow.wait("everything that was parked arrives", all_came, 300)
        time.sleep(2)
        slow.figures["lost"] = count - len(set(got))
        all_came()
        slow.figures["sent_twice"] = len(got) - len(set(got))


def whole_again(slow, webhook, count, act):
    redis = measure.Redis(slow.redis_at)
    act(redis)
    began = time.monotonic()
    redis.close()
    slow.wait("the view is whole again", lambda: slow.is_whole() and slow.parked(webhook) >= count)
    return round(time.monotonic() - began, 2)


def dump(slow):
    redis = measure.Redis(slow.redis_at)
    copy = [(key, redis.call("DUMP", key)) for key in redis.call("KEYS", f"*{slow.bus.prefix}*")]
    redis.close()
    return copy


def restore(redis, copy):
    """As a failover to an old copy: at once, for everybody else."""
    redis.call("MULTI")
    redis.call("FLUSHALL")
    for key, value in copy:
        redis.call("RESTORE", key, 0, value)
    redis.call("EXEC")


PARTS = {"view": view, "idle": idle, "due": due, "governed": governed, "neighbours": by_turns.neighbours, "replay": by_turns.replay, "happy": by_turns.happy,
         "wiped": wiped}
