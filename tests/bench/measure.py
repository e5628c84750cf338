"""What the benchmarks share: CPU and memory of a process, cores, many POSTs at a time, events, Redis by hand."""
import json
import os
import re
import selectors
import socket
import subprocess
import sys
import threading
import time

TICKS = os.sysconf("SC_CLK_TCK")


def say(text):
    print(text, file=sys.stderr, flush=True)


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def pin(pid, cores):
    """All threads of a process to these cores: "0", "1" or "0,1"."""
    subprocess.run(["taskset", "-a", "-p", "-c", str(cores), str(pid)], check=True, stdout=subprocess.DEVNULL)


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def event(type_name, subject, size=1024, event_id=None):
    """An event whose data is `size` bytes."""
    data = '{"product":{"id":"%s","price":"19.90","currency":"EUR","description":"' % subject
    data += "x" * (size - len(data) - 3) + '"}}'
    head = '{"id":"%s",' % event_id if event_id else "{"
    return head + '"type":"%s","subject":"%s","data":%s}' % (type_name, subject, data)


class Post:
    """One POST on its way over a connection that is kept."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.got = b""

    def send(self, request):
        self.socket.sendall(request)

    def ask(self, path, key, body):
        """The answer to one POST."""
        head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self.send(head.encode() + body)
        while (answer := self.take()) is None:
            pass
        return answer

    def take(self):
        """Reads what is there; the whole answer as (status, body), or None while some of it is missing."""
        part = self.socket.recv(1 << 20)
        if not part:
            raise AssertionError("the api closed a connection")
        self.got += part
        head = self.got.find(b"\r\n\r\n")
        if head < 0:
            return None
        length = int(re.search(rb"content-length: *(\d+)", self.got[:head].lower()).group(1))
        if len(self.got) < head + 4 + length:
            return None
        status, body = int(self.got.split(b" ", 2)[1]), self.got[head + 4:]
        self.got = b""
        return status, body


def post_all(port, key, requests, connections, judge):
    """Sends all (path, body), each connection the next one after its answer; `judge(status, body)` looks at each answer."""
    left = iter(requests)
    selector = selectors.DefaultSelector()

    def next_of(post):
        path, body = next(left)
        head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n"
        head += f"Content-Length: {len(body)}\r\n\r\n"
        post.send(head.encode() + body)

    for post in [Post(port) for _ in range(min(connections, len(requests)))]:
        selector.register(post.socket, selectors.EVENT_READ, post)
        next_of(post)
    while selector.get_map():
        for at, _ in selector.select(60):
            answer = at.data.take()
            if answer is None:
                continue
            judge(*answer)
            try:
                next_of(at.data)
            except StopIteration:
                selector.unregister(at.fileobj)
                at.fileobj.close()


class Receiver:
    """tests/bench/receiver.c; with `log`, what came when."""

    def __init__(self, build, folder=None, tls=None, core="1"):
        argv = ["taskset", "-c", core, os.path.join(build, "tests/bench/http_client/bench_receiver")]
        self.path = os.path.join(folder, "received.log") if folder else None
        if tls:
            argv += ["--tls", *tls]
        if self.path:
            argv += ["--log", self.path]
        self.child = subprocess.Popen([*argv, "0"], stdout=subprocess.PIPE, text=True)
        self.port = int(self.child.stdout.readline().split()[1])
        self.read_to = 0

    def count(self):
        """Requests so far; what was logged of them can be read."""
        self.child.send_signal(10)
        return int(self.child.stdout.readline().split()[1])

    def news(self):
        """What came since the last call: (microseconds, path, event id, delivery id, attempt)."""
        self.count()
        with open(self.path, "rb") as f:
            f.seek(self.read_to)
            text = f.read()
        text = text[:text.rfind(b"\n") + 1]  # it goes on meanwhile
        self.read_to += len(text)
        return [(int(line[0]), *line[1:]) for line in (one.split(" ") for one in text.decode().splitlines())]

    def close(self):
        self.child.terminate()
        self.child.wait()
        self.child.stdout.close()


class Redis:
    """As many commands as a benchmark needs, on one connection."""

    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)))
        self.file = self.socket.makefile("rb")

    def send(self, *words):
        parts = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        self.socket.sendall(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts))

    def take(self):
        line = self.file.readline()
        kind, rest = line[:1], line[1:-2]
        if kind == b"$":
            return None if rest == b"-1" else self.file.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return [self.take() for _ in range(int(rest))]
        if kind == b"-":
            raise AssertionError(rest.decode())
        return int(rest) if kind == b":" else rest

    def call(self, *words):
        self.send(*words)
        return self.take()

    def close(self):
        self.file.close()
        self.socket.close()


class CommandCount:
    """Commands that clients give a Redis, those within scripts not counted."""

    def __init__(self, address):
        self.redis = Redis(address)
        self.count = 0
        assert self.redis.call("MONITOR") == b"OK"
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        for line in self.redis.file:
            self.count += b" lua] " not in line


class Load:
    """A steady stream of single events, `rate` a second over the stores in turn; an event's id says when it was given to the api."""

    SENDERS = 8

    def __init__(self, port, key, stores, rate, type_name="product.updated", events=1, size=512):
        """`events` each time; those of more than one have no id that says when."""
        self.port, self.key, self.stores, self.rate, self.type_name = port, key, stores, rate, type_name
        self.events, self.size = events, size
        self.is_ending = False
        self.sent = [0] * self.SENDERS
        self.failure = None
        self.began = time.monotonic()
        self.threads = [threading.Thread(target=self.run, args=(number,), daemon=True) for number in range(self.SENDERS)]
        for thread in self.threads:
            thread.start()

    def run(self, number):
        try:
            post = Post(self.port)
            while not self.is_ending:
                turn = self.sent[number] * self.SENDERS + number
                wait = self.began + turn / self.rate - time.monotonic()
                if wait > 0:
                    time.sleep(wait)
                self.send_one(post, turn)
                self.sent[number] += 1
            post.socket.close()
        except (AssertionError, OSError) as e:
            self.failure = e

    def send_one(self, post, turn):
        if self.events > 1:
            body = ("[" + ",".join(event(self.type_name, f"p-{(turn + i) % 997}", self.size) for i in range(self.events)) + "]").encode()
        else:
            body = event(self.type_name, f"p-{turn % 997}", self.size, f"L{time.time_ns() // 1000}-{turn}").encode()
        answer = post.ask(f"/v1/stores/{self.stores[turn % len(self.stores)]}/events", self.key, body)
        assert answer[0] == 202, answer

    def end(self):
        """How many it sent."""
        self.is_ending = True
        for thread in self.threads:
            thread.join(30)
        if self.failure:
            raise self.failure
        return sum(self.sent)


def latencies_ms(news, path):
    """Publish to receipt of the events of a Load that came to a path."""
    times = []
    for at, came_to, event_id, _, _ in news:
        if came_to.startswith(path) and event_id.startswith("L"):
            times.append((at - int(event_id[1:].split("-")[0])) / 1000)
    return times


def must_all(status):
    def judge(found, body):
        assert found == status, (found, body[:500])

    return judge


def published_well(status, body):
    assert status == 202 and body.count(b'"status":202') == body.count(b'"status":'), (status, body[:500])


def batches_of(store, type_name, count, size=1024, tag=None, subjects=5000):
    """The requests that publish `count` events."""
    path = f"/v1/stores/{store}/events"
    for start in range(0, count, 1000):
        events = [event(type_name, f"p-{i % subjects}", size, f"{tag}-{i}" if tag else None) for i in range(start, min(count, start + 1000))]
        yield path, ("[" + ",".join(events) + "]").encode()


def as_json(value):
    return json.dumps(value).encode()
