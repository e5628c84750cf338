"""The whole program under test: real roles against the real Kafka and Redis that tests/run started, receivers on loopback, and the ledger.

The ledger is the oracle: an event's id is written down only after its acknowledgement, a receiver writes each verified POST to its
own file, flushed to the disk, before it answers 2xx; when all is quiet the two are compared.
"""

import base64
import ctypes
import hashlib
import hmac
import http.client
import http.server
import json
import os
import random
import shutil
import signal
import socket
import socketserver
import string
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse

import kafka_wire

ROOT = os.environ.get("HOOKBUS_TEST_ROOT") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.environ.get("HOOKBUS_TEST_BIN") or os.path.join(ROOT, "build/dev/hookbus")
KAFKA = os.environ.get("HOOKBUS_TEST_KAFKA", "")
REDIS = os.environ.get("HOOKBUS_TEST_REDIS", "")


TOPICS = ("events.order", "events.product", "events.customer", "events.inventory", "events.other", "registry", "journal", "attempts", "catalog")


def wait_until(what, condition, limit_s=30.0):
    """Waits for a condition, never for time; says what it waited for."""
    ends = time.monotonic() + limit_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > ends:
            raise AssertionError(f"not within {limit_s:g} s: {what}")
        time.sleep(0.02)


PORTS = range(10240, 16000)  # below those that the system gives to outgoing connections, and beside those of deploy/ and own_services
RESERVED = []  # sockets that hold this process's ports against other tests, until it ends


def free_port():
    """A port that nobody listens on, and that stays ours while nobody listens: a process may be killed and start anew on it."""
    while True:
        port = random.choice(PORTS)
        holder = socket.socket(socket.AF_UNIX)
        try:
            holder.bind(f"\0hookbus-test-port-{port}")
            with socket.socket() as s:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                s.bind(("127.0.0.1", port))
        except OSError:
            holder.close()
            continue
        RESERVED.append(holder)
        return port


def random_name(length=8):
    return "".join(random.choice(string.ascii_lowercase) for _ in range(length))


class AttemptsTail:
    """Every line of history as it comes, followed by a kcat of its own; `appended_s` is when Kafka had it."""

    def __init__(self, broker, topic, folder):
        self.lines = []
        self.lock = threading.Lock()
        self.errors = open(os.path.join(folder, "kcat.log"), "ab")
        self.child = subprocess.Popen(["kcat", "-b", broker, "-C", "-t", topic, "-o", "beginning", "-q", "-u", "-E", "-f", "%T\n%s"],
                                      stdout=subprocess.PIPE, stderr=self.errors, stdin=subprocess.DEVNULL, preexec_fn=die_with_parent)
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        appended_s = 0.0
        for raw in self.child.stdout:
            line = json.loads(raw)
            if isinstance(line, int):  # a record begins
                appended_s = line / 1000
                continue
            with self.lock:
                self.lines.append({**line, "appended_s": appended_s})

    def snapshot(self):
        with self.lock:
            return list(self.lines)

    def close(self):
        self.child.kill()
        self.child.wait()
        self.thread.join(5)
        self.child.stdout.close()
        self.errors.close()


PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


def die_with_parent():
    """A test that is killed leaves no roles behind."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    """A role, with its output in a file that is shown when a test fails. Started by the test's own thread: it ends with that."""

    def __init__(self, name, argv, env, folder):
        self.name = name
        self.log = os.path.join(folder, f"{name}-{random_name(4)}.log")
        self.output = open(self.log, "wb")
        self.child = subprocess.Popen(argv, env=env, stdout=self.output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=folder,
                                      preexec_fn=die_with_parent)

    def is_alive(self):
        return self.child.poll() is None

    def kill(self):
        self.child.send_signal(signal.SIGKILL)
        self.child.wait()

    def stop(self, limit_s=40):
        """SIGTERM; gives the exit code."""
        if self.is_alive():
            self.child.send_signal(signal.SIGTERM)
        try:
            return self.child.wait(limit_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not end within {limit_s} s of SIGTERM; log: {self.tail()}")

    def tail(self, count=15):
        with open(self.log, "rb") as f:
            return b"\n".join(f.read().splitlines()[-count:]).decode(errors="replace")

    def log_lines(self):
        with open(self.log, "rb") as f:
            for line in f.read().splitlines():
                try:
                    yield json.loads(line)
                except ValueError:
                    pass


class Receiver:
    """A subscriber: verifies every POST, appends it to its ledger file (fsync) and only then answers.

    `behave(post)` may return a status, or a (status, headers, body) triple, or None for 200. `secrets` maps a path to its secrets."""

    def __init__(self, folder, behave=None, address="127.0.0.1", port=0, flushes=True):
        self.behave = behave or (lambda post: 200)
        self.secrets = {}
        self.posts = []
        self.lock = threading.Lock()
        self.flushes = flushes
        self.path = os.path.join(folder, f"receiver-{random_name(4)}.ndjson")
        self.file = open(self.path, "ab")
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def do_POST(self):
                length = int(self.headers.get("Content-Length", "0"))
                body = self.rfile.read(length)
                receiver.take(self, body)

            def log_message(self, *arguments):
                pass

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True
            request_queue_size = 1024

            def handle_error(self, request, client_address):
                pass  # a peer that was killed in the middle of a request is what these tests do

        self.server = Server((address, port), Handler)
        self.port = self.server.server_address[1]
        self.address = address
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    def url(self, path="/hook"):
        return f"http://{self.address}:{self.port}{path}"

    def verify(self, path, headers, body):
        """Standard Webhooks by hand, from the specification; the reference libraries are tried in a test of their own."""
        secrets = self.secrets.get(path)
        if not secrets:
            return None
        signed = f"{headers.get('webhook-id')}.{headers.get('webhook-timestamp')}.".encode() + body
        given = [part[3:] for part in headers.get("webhook-signature", "").split(" ") if part.startswith("v1,")]
        count = 0
        for secret in secrets:
            key = base64.b64decode(secret.removeprefix("whsec_") + "==")
            wanted = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
            count += any(hmac.compare_digest(wanted, one) for one in given)
        return count

    def take(self, handler, body):
        path = handler.path
        headers = {k.lower(): v for k, v in handler.headers.items()}
        post = {
            "path": path, "headers": headers, "body": body, "at": time.time(), "verified": self.verify(path, headers, body),
            "id": headers.get("webhook-id"), "connection": handler.client_address,
        }
        with self.lock:
            line = {"id": post["id"], "path": path, "sha": hashlib.sha256(body).hexdigest(), "verified": post["verified"]}
            self.file.write(json.dumps(line).encode() + b"\n")
            self.file.flush()
            if self.flushes:
                os.fsync(self.file.fileno())
            self.posts.append(post)
        result = self.behave(post)
        if result is None:
            result = 200
        status, extra, text = result if isinstance(result, tuple) else (result, {}, b"ok")
        handler.send_response(status)
        for name, value in extra.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(text)))
        handler.end_headers()
        handler.wfile.write(text)

    def count(self):
        with self.lock:
            return len(self.posts)

    def snapshot(self):
        with self.lock:
            return list(self.posts)

    def ids(self):
        with self.lock:
            return {post["id"] for post in self.posts}

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.file.close()


class Hookbus:
    """One installation: topics of its own (a random prefix), its api and as many dispatchers as a test wants."""

    def __init__(self, **config):
        if not KAFKA:
            raise unittest.SkipTest("HOOKBUS_TEST_KAFKA is not set: tests/run starts a Kafka")
        self.folder = tempfile.mkdtemp(prefix="hookbus-test-")
        self.prefix = f"t{random_name()}."
        self.api_port = free_port()
        self.processes = []
        self.receivers = []
        self.ledgers = []
        self.tail = None
        self.key = None
        self.key_file = os.path.join(self.folder, "admin-key")
        self.sealing_file = os.path.join(self.folder, "sealing-keys")
        os.makedirs(os.path.join(self.folder, "state"))
        self.env = dict(os.environ)
        self.set(
            kafka_brokers=KAFKA, kafka_topic_prefix=self.prefix, redis_address=REDIS, api_port=self.api_port, api_admin_key_file=self.key_file,
            secrets_key_file=self.sealing_file, egress_allow="127.0.0.0/8", dispatcher_state_dir=os.path.join(self.folder, "state"),
            dispatcher_session_timeout_ms=6000, log_level="info",
            catalog_port=0, catalog_session_timeout_ms=6000, salesmanago_port=0, salesmanago_session_timeout_ms=6000,  # hookbus run starts them all
        )
        self.set(**config)
        self.run("secrets", "init", self.sealing_file)

    def set(self, **config):
        for name, value in config.items():
            self.env["HOOKBUS_" + name.upper()] = str(value)

    def run(self, *arguments, stdin=None, check=True, env=None):
        """A command of the program; gives the completed process."""
        done = subprocess.run([BINARY, *arguments], env=env or self.env, cwd=self.folder, input=stdin, capture_output=True, timeout=120)
        if check and done.returncode != 0:
            raise AssertionError(f"hookbus {' '.join(arguments)}: exit {done.returncode}\n{done.stdout.decode()}\n{done.stderr.decode()}")
        return done

    def spawn(self, name, *arguments, **config):
        env = dict(self.env)
        for key, value in config.items():
            env["HOOKBUS_" + key.upper()] = str(value)
        process = Process(name, [BINARY, *arguments], env, self.folder)
        self.processes.append(process)
        return process

    def is_ready(self, process, port):
        if not process.is_alive():
            raise AssertionError(f"{process.name} ended:\n{process.tail()}")
        return self.get_status(port, "/readyz") == 200

    @staticmethod
    def get_status(port, path):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()

    def start_api(self, **config):
        port = config.get("api_port", self.api_port)
        process = self.spawn("api", "api", **config)
        wait_until(f"api ready\n{process.tail()}", lambda: self.is_ready(process, port), 60)
        with open(self.key_file) as f:
            self.key = f.read().strip()
        wait_until("the first key works", lambda: self.call("GET", "/v1/stores", port=port)[0] == 200, 30)
        return process

    def start_dispatcher(self, instance="d0", is_waiting=True, arguments=(), **config):
        port = free_port()
        process = self.spawn(f"dispatcher-{instance}", "dispatcher", *arguments, dispatcher_instance=instance, dispatcher_port=port, **config)
        process.port = port
        if is_waiting:
            wait_until(f"{process.name} ready\n{process.tail()}", lambda: self.is_ready(process, port), 60)
        return process

    def metrics(self, process):
        connection = http.client.HTTPConnection("127.0.0.1", process.port, timeout=5)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.close()
        values = {}
        for line in text.splitlines():
            if line and not line.startswith("#"):
                name, _, value = line.rpartition(" ")
                values[name] = float(value)
        return values

    def call(self, method, path, body=None, key=None, headers=None, port=None):
        """A call to the api: (status, headers, JSON or bytes)."""
        connection = http.client.HTTPConnection("127.0.0.1", port or self.api_port, timeout=60)
        given = {"Authorization": f"Bearer {key or self.key}"}
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        if body is not None:
            given["Content-Type"] = "application/json"
        given.update(headers or {})
        connection.request(method, path, body=body, headers=given)
        response = connection.getresponse()
        data = response.read()
        try:
            parsed = json.loads(data) if data else None
        except ValueError:
            parsed = data
        answer_headers = {k.lower(): v for k, v in response.getheaders()}
        connection.close()
        return response.status, answer_headers, parsed

    def must(self, wanted, method, path, body=None, **more):
        status, headers, answer = self.call(method, path, body, **more)
        if status != wanted:
            raise AssertionError(f"{method} {path}: {status}, not {wanted}: {answer}")
        return answer

    def add_store(self, name="acme"):
        return self.must(201, "POST", "/v1/stores", {"id": name, "name": name})

    def add_webhook(self, store, url, events=("*",), **more):
        answer = self.must(201, "POST", f"/v1/stores/{store}/webhooks", {"url": url, "events": list(events), **more})
        return answer

    def remove_webhook(self, webhook, store="acme"):
        self.must(204, "DELETE", f"/v1/stores/{store}/webhooks/{webhook['id']}", headers={"If-Match": "*"})

    def receiver(self, behave=None, **more):
        receiver = Receiver(self.folder, behave, **more)
        self.receivers.append(receiver)
        return receiver

    def subscribe(self, receiver, store="acme", path="/hook", events=("*",), **more):
        """A webhook to a receiver's path whose signatures the receiver verifies."""
        webhook = self.add_webhook(store, receiver.url(path), events, **more)
        receiver.secrets[path] = [webhook["secret"]]
        return webhook

    def publish(self, events, store="acme"):
        """One batch; gives the results in order."""
        return self.must(202, "POST", f"/v1/stores/{store}/events", events)["results"]

    def lines(self, **fields):
        """The lines of history so far, those with these fields only."""
        if not self.tail:
            self.tail = AttemptsTail(KAFKA, f"{self.prefix}attempts", self.folder)
        return [line for line in self.tail.snapshot() if all(line.get(name) == value for name, value in fields.items())]

    def wait_line(self, limit_s=30.0, **fields):
        """The first line of history with these fields, waited for."""
        return wait_until(f"a line of history with {fields}", lambda: self.lines(**fields), limit_s)[0]

    def produce(self, topic, key, value, headers=(), is_tombstone=False, partition=None):
        """One record straight into Kafka, past the api. headers: pairs of name and value. An empty one needs its partition."""
        if not value:
            pairs = [(name.encode(), text.encode()) for name, text in headers]
            kafka_wire.produce(KAFKA, self.prefix + topic, partition, key.encode(), None if is_tombstone else b"", pairs)
            return
        path = os.path.join(self.folder, f"record-{random_name()}")
        with open(path, "wb") as f:
            f.write(value)
        # "random" is librdkafka's default; ours is what Java clients do, and a record must stand where its key says.
        command = ["kcat", "-b", KAFKA, "-P", "-t", f"{self.prefix}{topic}", "-X", "topic.partitioner=murmur2_random",
                   "-X", "message.max.bytes=20000000", "-k", key]
        for name, text in headers:
            command += ["-H", f"{name}={text}"]
        if partition is not None:
            command += ["-p", str(partition)]
        done = subprocess.run([*command, path], capture_output=True, timeout=60)
        if done.returncode != 0:
            raise AssertionError(f"kcat: {done.stderr.decode()}")

    def produce_event(self, store, subject, type_name, data, event_id=None, headers=(), topic=None):
        """One event as a foreign CloudEvents producer writes it."""
        event_id = event_id or f"foreign_{random_name()}"
        given = [("ce_specversion", "1.0"), ("ce_id", event_id), ("ce_source", f"/stores/{store}"), ("ce_type", type_name),
                 ("ce_subject", subject), *headers]
        self.produce(topic or f"events.{type_name.split('.')[0]}", f"{store}/{subject}", data, given)
        return event_id

    def read_topic(self, topic, form="%s\n"):
        """What stands in a topic now, one record after the other in kcat's form."""
        return subprocess.run(["kcat", "-b", KAFKA, "-C", "-t", f"{self.prefix}{topic}", "-o", "beginning", "-e", "-q", "-f", form],
                              capture_output=True, timeout=60).stdout

    def ledger(self):
        ledger = Ledger(self.folder)
        self.ledgers.append(ledger)
        return ledger

    def close(self):
        if self.tail:
            self.tail.close()
        for ledger in self.ledgers:
            ledger.file.close()
        for process in self.processes:
            if process.is_alive():
                process.kill()
            process.output.close()
        for receiver in self.receivers:
            receiver.close()
        if os.environ.get("HOOKBUS_TEST_KEEP"):
            print(f"kept: {self.folder}", file=sys.stderr)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)
        try:
            # Some 230 partitions: a broker on a small machine should not carry those of every test that has run.
            kafka_wire.delete_topics(KAFKA, [self.prefix + name for name in TOPICS])
        except OSError:
            pass  # a broker that a test took away


class Ledger:
    """What was acknowledged, flushed to the disk before anybody is told; and the verdict in the end."""

    def __init__(self, folder):
        self.file = open(os.path.join(folder, "published.ndjson"), "ab")
        self.published = {}
        self.lock = threading.Lock()

    def acknowledged(self, event_id, data):
        with self.lock:
            self.published[event_id] = data
            self.file.write(json.dumps({"id": event_id}).encode() + b"\n")
            self.file.flush()
            os.fsync(self.file.fileno())

    def count(self):
        with self.lock:
            return len(self.published)

    def missing(self, receiver, path=None):
        got = {post["id"] for post in receiver.snapshot() if path is None or post["path"] == path}
        with self.lock:
            return set(self.published) - got

    def judge(self, receiver, format_data=None, may_have_more=()):
        """Everything acknowledged arrived, nothing that was never produced, every signature good, every body byte for byte. Gives the number of duplicates."""
        posts = receiver.snapshot()
        seen = {}
        for post in posts:
            assert post["verified"] in (None, 1) or post["verified"] > 1, f"a POST with a bad signature: {post['id']}"
            assert post["verified"] != 0, f"a POST with a bad signature: {post['id']}"
            seen[post["id"]] = seen.get(post["id"], 0) + 1
            if format_data and post["id"] in self.published:
                assert format_data(post["body"]) == self.published[post["id"]], f"other bytes than published: {post['id']}"
        lost = set(self.published) - set(seen)
        assert not lost, f"{len(lost)} of {len(self.published)} acknowledged events never arrived, {sorted(lost)[:3]} among them"
        foreign = set(seen) - set(self.published) - set(may_have_more)
        assert not foreign, f"received but never produced: {sorted(foreign)[:3]}"
        return sum(seen.values()) - len(seen)


def has_failed(test):
    """unittest tells nobody in tearDown how the test went, but its result has it by then; of a subtest, its test."""
    result = test._outcome.result
    return any(test in (failed, getattr(failed, "test_case", None)) for failed, _ in result.failures + result.errors)


def show_logs(bus):
    for process in bus.processes:
        print(f"--- {process.name} (exit {process.child.poll()}), last lines:\n{process.tail()}", file=sys.stderr)


class HookbusTest(unittest.TestCase):
    """A test with an installation of its own; when it fails, the ends of all logs are shown."""

    config = {}

    def setUp(self):
        self.bus = Hookbus(**self.config)
        self.addCleanup(self.bus.close)

    def tearDown(self):
        if has_failed(self):
            show_logs(self.bus)


class SharedTest(unittest.TestCase):
    """Tests that share one installation with an api and a dispatcher; each has a store of its own."""

    config = {}

    @classmethod
    def setUpClass(cls):
        cls.bus = Hookbus(**cls.config)
        cls.addClassCleanup(cls.bus.close)
        cls.api = cls.bus.start_api()
        cls.dispatcher = cls.bus.start_dispatcher()

    def setUp(self):
        self.store = f"s{random_name()}"
        self.bus.add_store(self.store)

    def tearDown(self):
        if has_failed(self):
            show_logs(self.bus)

    def receiver(self, behave=None, **more):
        receiver = self.bus.receiver(behave, **more)
        return receiver

    def subscribe(self, receiver, path="/hook", **more):
        return self.bus.subscribe(receiver, self.store, path, **more)

    def publish(self, type_name, subject, data, **more):
        """One event; gives its id. `data` bytes go as they are."""
        raw = data if isinstance(data, bytes) else json.dumps(data).encode()
        head = json.dumps({"type": type_name, "subject": subject, **more}).encode()
        answer = self.bus.must(202, "POST", f"/v1/stores/{self.store}/events", head[:-1] + b',"data":' + raw + b"}")
        return answer["id"]


def data_of_standard(body):
    """The raw bytes of `data` in a standard payload: it stands last."""
    start = body.index(b'"data":') + len(b'"data":')
    return body[start:-1]


def main():
    unittest.main(verbosity=2)
