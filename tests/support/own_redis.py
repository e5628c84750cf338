"""A Redis of a test's own, to be killed, wiped, stopped, filled, and restored from an old copy; and the few words of its protocol we need."""
import os
import shutil
import signal
import socket
import subprocess
import tempfile

from harness import ROOT, free_port, wait_until

SERVICE = os.path.join(ROOT, "deploy/lib/service")


class RedisError(Exception):
    pass


class RedisClient:
    """One connection for each question: Redis may have died in between."""

    def __init__(self, address):
        self.host, _, port = address.rpartition(":")
        self.port = int(port)

    def ask(self, *words):
        return self.pipeline([words])[0]

    def pipeline(self, commands):
        with socket.create_connection((self.host, self.port), timeout=30) as s:
            s.sendall(b"".join(self.encode(words) for words in commands))
            with s.makefile("rb") as answers:
                return [self.read(answers) for _ in commands]

    @staticmethod
    def encode(words):
        raw = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        return b"*%d\r\n" % len(raw) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in raw)

    def read(self, answers):
        line = answers.readline()
        if not line.endswith(b"\r\n"):
            raise OSError("Redis closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            raise RedisError(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == b"-1" else answers.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return None if rest == b"-1" else [self.read(answers) for _ in range(int(rest))]
        return rest


class OwnRedis(RedisClient):
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="hookbus-redis-")
        self.data = os.path.join(self.folder, "data")
        super().__init__(f"127.0.0.1:{free_port()}")
        self.address = f"127.0.0.1:{self.port}"
        self.service("start", str(self.port))

    def service(self, verb, *arguments, **more):
        done = subprocess.run([SERVICE, "redis", verb, self.folder, *arguments], capture_output=True, timeout=60, **more)
        if done.returncode != 0:
            raise AssertionError(f"redis {verb}: {done.stderr.decode()}")

    def start(self, **more):
        self.service("start", **more)

    def kill(self):
        self.service("kill")

    def stop(self):
        self.service("stop")

    def pid(self):
        with open(os.path.join(self.folder, "redis.pid")) as f:
            return int(f.read().split()[0])

    def freeze(self):
        os.kill(self.pid(), signal.SIGSTOP)

    def thaw(self):
        os.kill(self.pid(), signal.SIGCONT)

    def wipe(self):
        """Dies, and comes back with nothing."""
        self.kill()
        shutil.rmtree(self.data)
        os.makedirs(self.data)
        self.start()

    def copy(self):
        """What stands on its disk now, as a backup taken at this moment would have it."""
        place = os.path.join(self.folder, "copy")
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(self.data, place)
        return place

    def restore(self, place):
        """Dies, and comes back as it was when the copy was taken."""
        self.kill()
        shutil.rmtree(self.data)
        shutil.copytree(place, self.data)
        self.start()

    def is_up(self):
        try:
            return self.ask("PING") == b"PONG"
        except (OSError, RedisError):
            return False

    def wait_up(self):
        wait_until("Redis is up", self.is_up)

    def close(self):
        try:
            self.thaw()
        except (OSError, ValueError, IndexError):
            pass
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
