"""Requests in Kafka's own protocol, for what kcat cannot do: records without a value or with an empty one, topics removed, a topic's settings."""
import socket
import struct
import time

PRODUCE, DELETE_TOPICS, ALTER_CONFIGS = 0, 20, 44
TOPIC, SET = 2, 0


def text(value):
    return struct.pack(">h", len(value)) + value.encode()


def ask(broker, api_key, version, body):
    """One request on a connection of its own; gives the answer behind the correlation id."""
    host, _, port = broker.rpartition(":")
    request = struct.pack(">hhi", api_key, version, 1) + text("hookbus-test") + body
    with socket.create_connection((host, int(port)), timeout=15) as s:
        s.sendall(struct.pack(">i", len(request)) + request)
        answer = b""
        while len(answer) < 4 or len(answer) < 4 + struct.unpack(">i", answer[:4])[0]:
            more = s.recv(65536)
            if not more:
                raise OSError("the broker closed the connection")
            answer += more
    return answer[8:]


def delete_topics(broker, names):
    ask(broker, DELETE_TOPICS, 1, struct.pack(">i", len(names)) + b"".join(text(name) for name in names) + struct.pack(">i", 10000))


def set_topic(broker, topic, name, value):
    answer = ask(broker, ALTER_CONFIGS, 0, struct.pack(">ib", 1, TOPIC) + text(topic) + struct.pack(">i", 1) + text(name) + struct.pack(">b", SET) +
                 text(str(value)) + b"\x00")
    error = struct.unpack(">h", answer[8:10])[0]
    if error:
        raise OSError(f"{name}={value} of {topic}: error {error}")


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def varint(value):
    value = (value << 1) ^ (value >> 63)
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


def counted(value):
    return varint(-1) if value is None else varint(len(value)) + value


def produce(broker, topic, partition, key, value, headers):
    """One record; value None: a tombstone. Gives its offset."""
    record = b"\x00" + varint(0) + varint(0) + counted(key) + counted(value) + varint(len(headers))
    record += b"".join(counted(name) + counted(content) for name, content in headers)
    now = int(time.time() * 1000)
    rest = struct.pack(">hiqqqhii", 0, 0, now, now, -1, -1, -1, 1) + varint(len(record)) + record
    batch = struct.pack(">iBI", -1, 2, crc32c(rest)) + rest
    batch = struct.pack(">qi", 0, len(batch)) + batch
    body = struct.pack(">hhii", -1, -1, 10000, 1) + text(topic) + struct.pack(">iii", 1, partition, len(batch)) + batch
    answer = ask(broker, PRODUCE, 3, body)
    at = 4 + 2 + len(topic) + 4 + 4
    error, offset = struct.unpack(">hq", answer[at:at + 10])
    if error:
        raise AssertionError(f"Kafka refused the record: error {error}")
    return offset
