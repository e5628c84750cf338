"""A webhook gets every event published after its 201, however short after."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from harness import HookbusTest, main, wait_until  # noqa: E402
from kafka_proxy import KafkaProxy, FETCH  # noqa: E402

COUNT = int(os.environ.get("HOOKBUS_TEST_RACES", "1000"))


class Race(HookbusTest):
    def test_webhook_created_then_event_published_at_once_with_a_slow_registry_reader_all_arrive(self):
        # The dispatcher reads everything through a proxy that holds back what it learns of the registry, so that events come first.
        proxy = KafkaProxy(os.environ["HOOKBUS_TEST_KAFKA"])
        self.addCleanup(proxy.close)
        registry = f"{self.bus.prefix}registry".encode()
        delayed = []

        def after(api_key, version, body):
            # A fetch answer with registry records waits for 100 ms: not a race that is slept over, but the one that is made.
            if api_key == FETCH and registry in body and len(body) > 400:
                delayed.append(len(body))
                time.sleep(0.1)
            return body
        proxy.after = after
        self.bus.start_api()
        self.bus.add_store()
        receiver = self.bus.receiver()
        self.bus.start_dispatcher(kafka_brokers=proxy.address())
        wanted = set()
        for i in range(COUNT):
            webhook = self.bus.subscribe(receiver, path=f"/{i}", events=[f"order.n{i}"])
            event = self.bus.publish([{"type": f"order.n{i}", "subject": str(i), "data": {}}])[0]["id"]
            wanted.add((f"/{i}", event))
            self.assertTrue(webhook["id"])
        wait_until("each webhook's event", lambda: receiver.count() >= COUNT, 60)
        self.assertEqual({(post["path"], post["id"]) for post in receiver.snapshot()}, wanted)
        self.assertTrue(delayed, "the registry was never slow: the test has shown nothing")


if __name__ == "__main__":
    main()
