"""Verifiers and readers that others wrote accept what we send, live: PyPI and npm standardwebhooks, PyPI cloudevents."""
import http.client
import json
import os
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import peers  # noqa: E402
from harness import SharedTest, die_with_parent, main, wait_until  # noqa: E402

SUPPORT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support")


class Peer:
    """A receiver in another process; its lines as they come."""

    def __init__(self, command):
        self.child = subprocess.Popen(command, stdout=subprocess.PIPE, preexec_fn=die_with_parent)
        self.port = int(self.child.stdout.readline())
        self.lines = []
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        for raw in self.child.stdout:
            self.lines.append(json.loads(raw))

    def tell_secret(self, secret):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("POST", "/secret", body=secret)
        assert connection.getresponse().status == 200
        connection.close()

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def close(self):
        self.child.kill()
        self.child.wait()
        self.thread.join(5)
        self.child.stdout.close()


class PeersAccept(SharedTest):
    def peer(self, command):
        peer = Peer(command)
        self.addCleanup(peer.close)
        return peer

    def subscribe_peer(self, peer, **formats):
        """One secret for all webhooks of a peer."""
        secret = None
        for path, name in formats.items():
            webhook = self.bus.add_webhook(self.store, peer.url(f"/{path}"), format=name, **({"secret": secret} if secret else {}))
            secret = secret or webhook["secret"]
        peer.tell_secret(secret)

    def publish_all(self):
        data = [b'{"n": 19.90, "name": "Za\xc5\xbc\xc3\xb3\xc5\x82\xc4\x87 \\u00e9"}', b'[ 1 ,2 ]', b'"text"', b'{"id":9223372036854775807}']
        return [self.publish("order.created", "sku ä/1", one, changed=["price"]) for one in data]

    def assert_all_verified(self, peer, events, count):
        wait_until("all POSTs", lambda: len(peer.lines) >= len(events) * count)
        self.assertEqual({line["id"] for line in peer.lines}, set(events))
        self.assertEqual([line for line in peer.lines if not line["verified"] or "error" in line], [])
        for line in peer.lines:
            self.bus.wait_line(event=line["id"], outcome="delivered")

    def test_pypi_standardwebhooks_verifies_and_pypi_cloudevents_reads_both_modes(self):
        peer = self.peer([peers.python(), os.path.join(SUPPORT, "peer_receiver.py")])
        self.subscribe_peer(peer, standard="standard", cloudevents="cloudevents", cloudevents_binary="cloudevents-binary", data="data")
        events = self.publish_all()
        self.assert_all_verified(peer, events, 4)
        read = [line for line in peer.lines if "event" in line]
        self.assertEqual(len(read), 2 * len(events))
        for line in read:
            event = line["event"]
            self.assertEqual((event["id"], event["type"], event["source"], event["subject"], event["specversion"], event["changed"]),
                             (line["id"], "order.created", f"/stores/{self.store}", "sku ä/1", "1.0", "price"))
        first = [line["data"] for line in read if line["id"] == events[0]]
        self.assertEqual(first, [{"n": 19.90, "name": "Zażółć é"}] * 2)

    def test_a_peer_with_another_secret_refuses_so_the_verification_is_one(self):
        peer = self.peer([peers.python(), os.path.join(SUPPORT, "peer_receiver.py")])
        self.subscribe_peer(peer, standard="standard")
        peer.tell_secret("whsec_" + "A" * 32)
        event = self.publish("order.created", "1", {})
        line = self.bus.wait_line(event=event)
        self.assertEqual((line["outcome"], line["status"]), ("failed", 401))

    def test_npm_standardwebhooks_verifies(self):
        peer = self.peer(["node", os.path.join(SUPPORT, "peer_receiver.mjs"), peers.node_folder()])
        self.subscribe_peer(peer, standard="standard", cloudevents="cloudevents")
        self.assert_all_verified(peer, self.publish_all(), 2)


if __name__ == "__main__":
    main()
