"""Offsets asked for, and records taken away, in Kafka's own protocol."""
import struct

from kafka_wire import ask, text

LIST_OFFSETS, DELETE_RECORDS = 2, 21


def offsets(broker, topic, partitions, which):
    """The earliest (-2) or next (-1) offset of each partition."""
    body = struct.pack(">ii", -1, 1) + text(topic) + struct.pack(">i", partitions)
    body += b"".join(struct.pack(">iq", partition, which) for partition in range(partitions))
    answer = ask(broker, LIST_OFFSETS, 1, body)
    at, found = 4 + 2 + len(topic) + 4, {}
    for _ in range(partitions):
        partition, error, _, offset = struct.unpack(">ihqq", answer[at:at + 22])
        if error:
            raise AssertionError(f"{topic} {partition}: Kafka's error {error}")
        found[partition] = offset
        at += 22
    return found


def delete_records(broker, topic, partitions):
    """Takes everything out that stands in the topic now; the next offsets stay."""
    ends = offsets(broker, topic, partitions, -1)
    body = struct.pack(">i", 1) + text(topic) + struct.pack(">i", partitions)
    body += b"".join(struct.pack(">iq", partition, ends[partition]) for partition in range(partitions)) + struct.pack(">i", 10000)
    ask(broker, DELETE_RECORDS, 0, body)
    low = offsets(broker, topic, partitions, -2)
    if low != ends:
        raise AssertionError(f"{topic}: records are left, {low} is not {ends}")
