"""A publisher that keeps going: batches over HTTP, each event into the ledger only after its acknowledgement."""
import http.client
import json
import threading
import time

from harness import random_name


class Load:
    """Publishes until stopped. What was not answered is sent again with the same ids until it is, as a client should: so an event may
    be in Kafka twice, but none is forgotten. `rate_per_s` bounds it; subjects spread over all partitions."""

    def __init__(self, bus, ledger, store="acme", batch=10, rate_per_s=400, type_name="order.created"):
        self.bus, self.ledger, self.store, self.batch, self.type_name = bus, ledger, store, batch, type_name
        self.pause_s = batch / rate_per_s
        self.count = 0
        self.tries_again = 0
        self.attempted = set()
        self.tag = random_name()
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.failure = None
        self.thread.start()

    def run(self):
        try:
            while not self.stopping.is_set():
                begun = time.monotonic()
                self.send_one_batch()
                self.stopping.wait(max(0.0, self.pause_s - (time.monotonic() - begun)))
        except BaseException as e:  # shown by stop(), in the test's own thread
            self.failure = e

    def send_one_batch(self):
        events = []
        for _ in range(self.batch):
            self.count += 1
            data = {"n": self.count, "pad": "x" * 100}
            events.append({"id": f"{self.tag}-{self.count}", "type": self.type_name, "subject": str(self.count % 997), "data": data})
        waiting = {event["id"]: event for event in events}
        self.attempted.update(waiting)
        ends = time.monotonic() + 60
        while waiting:
            if time.monotonic() > ends:
                raise AssertionError(f"{len(waiting)} events were not accepted for a minute")
            try:
                status, _, answer = self.bus.call("POST", f"/v1/stores/{self.store}/events", list(waiting.values()))
            except (OSError, http.client.HTTPException):
                status, answer = 0, None
            if isinstance(answer, dict) and "results" in answer:
                for event, result in zip(list(waiting.values()), answer["results"]):
                    if result["status"] == 202:
                        del waiting[event["id"]]
                        self.ledger.acknowledged(event["id"], json.dumps(event["data"]).encode())
                    elif result["status"] != 503:
                        raise AssertionError(f"refused: {result}")
            if waiting:
                self.tries_again += 1
                if self.stopping.wait(0.1):
                    return  # never acknowledged: may arrive or not

    def stop(self):
        self.stopping.set()
        self.thread.join(90)
        if self.failure:
            raise self.failure
        return self.count
