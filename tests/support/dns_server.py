"""A DNS server on loopback for one test: names answer as a function says."""
import socket
import struct
import threading

NO_ERROR, SERVER_FAILURE, NO_SUCH_NAME = 0, 2, 3
TYPE_A = 1


class DnsServer:
    """answers(name) gives a list of IPv4 addresses, an rcode (a number), or None: no answer at all. Counts the A questions of each name."""

    def __init__(self, answers, ttl_s=0):
        self.answers = answers
        self.ttl_s = ttl_s
        self.asked = {}
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def address(self):
        return f"127.0.0.1:{self.port}"

    def serve(self):
        while True:
            try:
                query, peer = self.socket.recvfrom(4096)
            except OSError:
                return
            reply = self.reply(query)
            if reply:
                self.socket.sendto(reply, peer)

    def reply(self, query):
        name, end = self.read_name(query, 12)
        kind = struct.unpack(">H", query[end:end + 2])[0]
        if kind == TYPE_A:
            self.asked[name] = self.asked.get(name, 0) + 1
        answer = self.answers(name)
        if answer is None:
            return None
        rcode = answer if isinstance(answer, int) else NO_ERROR
        addresses = answer if isinstance(answer, list) and kind == TYPE_A else []
        reply = query[:2] + struct.pack(">HHHHH", 0x8180 | rcode, 1, len(addresses), 0, 0) + query[12:end + 4]
        for address in addresses:
            reply += struct.pack(">HHHIH", 0xC00C, TYPE_A, 1, self.ttl_s, 4) + socket.inet_aton(address)
        return reply

    @staticmethod
    def read_name(query, at):
        labels = []
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode("ascii", "replace"))
            at += 1 + query[at]
        return ".".join(labels).lower(), at + 1

    def close(self):
        self.socket.close()
