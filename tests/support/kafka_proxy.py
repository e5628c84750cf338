"""A proxy between a role and its broker that understands just enough of Kafka's protocol to break one kind of request.

Clients connect to whatever address the broker advertises, so the proxy writes its own port over the broker's in metadata and
coordinator answers: same length, nothing else moves. `before(api_key, request)` may hold a request (it is called in the connection's
own thread) or return False to lose it; `after(api_key, version, body)` gets an answer's bytes behind the correlation id and gives
those that are passed on, or None to lose it.
"""
import socket
import struct
import threading

PRODUCE, FETCH, OFFSET_COMMIT = 0, 1, 8


class KafkaProxy:
    def __init__(self, broker):
        host, _, port = broker.rpartition(":")
        self.broker = (host, int(port))
        self.before = lambda api_key, request: True
        self.after = lambda api_key, version, body: body
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.connections = []
        threading.Thread(target=self.accept, daemon=True).start()

    def address(self):
        return f"127.0.0.1:{self.port}"

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
                upstream = socket.create_connection(self.broker)
            except OSError:
                return
            for s in (client, upstream):
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections += [client, upstream]
            asked = {}
            threading.Thread(target=self.pump, args=(client, upstream, self.request, asked), daemon=True).start()
            threading.Thread(target=self.pump, args=(upstream, client, self.response, asked), daemon=True).start()

    @staticmethod
    def read(s, count):
        data = b""
        while len(data) < count:
            more = s.recv(count - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def pump(self, source, target, change, asked):
        try:
            while True:
                frame = self.read(source, struct.unpack(">i", self.read(source, 4))[0])
                frame = change(frame, asked)
                if frame is not None:
                    target.sendall(struct.pack(">i", len(frame)) + frame)
        except (OSError, EOFError):
            for s in (source, target):
                s.close()

    def request(self, frame, asked):
        api_key, version, correlation = struct.unpack(">hhi", frame[:8])
        asked[correlation] = (api_key, version)
        return frame if self.before(api_key, frame) is not False else None

    def response(self, frame, asked):
        api_key, version = asked.pop(struct.unpack(">i", frame[:4])[0], (-1, 0))
        host = self.broker[0].encode()
        frame = frame.replace(host + struct.pack(">i", self.broker[1]), host + struct.pack(">i", self.port))
        body = self.after(api_key, version, frame[4:])
        return None if body is None else frame[:4] + body

    def close(self):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)  # a thread that waits in accept() would keep it listening
        except OSError:
            pass
        self.listener.close()
        for s in self.connections:
            s.close()


def with_commit_error(version, body, code):
    """An OffsetCommit answer (versions 3 to 7) in which every partition has this error."""
    assert 3 <= version <= 7, f"OffsetCommit version {version}: teach this function"
    out, at = bytearray(body), 4
    topics, at = struct.unpack(">i", body[at:at + 4])[0], at + 4
    for _ in range(topics):
        at += 2 + struct.unpack(">h", body[at:at + 2])[0]
        partitions, at = struct.unpack(">i", body[at:at + 4])[0], at + 4
        for _ in range(partitions):
            out[at + 4:at + 6] = struct.pack(">h", code)
            at += 6
    return bytes(out)


def with_produce_error(version, body, code, topic):
    """A Produce answer (versions 5 to 7) in which every partition of that topic has this error; and whether there was one."""
    assert 5 <= version <= 7, f"Produce version {version}: teach this function"
    out, at, count = bytearray(body), 4, 0
    for _ in range(struct.unpack(">i", body[:4])[0]):
        length = struct.unpack(">h", body[at:at + 2])[0]
        name, at = body[at + 2:at + 2 + length].decode(), at + 2 + length
        partitions, at = struct.unpack(">i", body[at:at + 4])[0], at + 4
        for _ in range(partitions):
            if name == topic:
                out[at + 4:at + 6] = struct.pack(">h", code)
                out[at + 6:at + 14] = struct.pack(">q", -1)
                count += 1
            at += 4 + 2 + 8 + 8 + 8
    return bytes(out), count
