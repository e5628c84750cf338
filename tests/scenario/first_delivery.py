"""An event published over HTTP arrives as a verified POST; and what is selected but not sent is said in history."""
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from harness import HookbusTest, SharedTest, main, wait_until, data_of_standard  # noqa: E402
from raw_receiver import RawReceiver, answer  # noqa: E402


class FirstDelivery(SharedTest):
    def test_an_event_published_to_kafka_arrives_as_a_signed_post(self):
        receiver = self.receiver()
        webhook = self.subscribe(receiver)
        event = self.publish("order.created", "1001", {"id": "1001", "total": "19.90"})
        wait_until("the POST", lambda: receiver.count() == 1)
        post = receiver.snapshot()[0]
        self.assertEqual(post["verified"], 1)
        self.assertEqual(post["id"], event)
        self.assertEqual(data_of_standard(post["body"]), b'{"id": "1001", "total": "19.90"}')
        payload = json.loads(post["body"])
        self.assertEqual((payload["type"], payload["id"], payload["store"], payload["subject"]), ("order.created", event, self.store, "1001"))
        headers = post["headers"]
        self.assertEqual(headers["hookbus-event-type"], "order.created")
        self.assertEqual(headers["hookbus-store"], self.store)
        self.assertEqual(headers["hookbus-attempt"], "1")
        self.assertTrue(headers["user-agent"].startswith("hookbus/"))
        self.assertTrue(headers["content-type"].startswith("application/json"))
        self.assertLess(abs(int(headers["webhook-timestamp"]) - time.time()), 60)
        line = self.bus.wait_line(event=event)
        self.assertEqual((line["outcome"], line["status"], line["attempt"], line["webhook"]), ("delivered", 200, 1, webhook["id"]))
        self.assertEqual(line["delivery"], headers["hookbus-delivery-id"])

    def test_every_webhook_of_the_store_that_selects_the_event_gets_it_and_no_other(self):
        receiver = self.receiver()
        self.subscribe(receiver, "/all")
        self.subscribe(receiver, "/orders", events=["order.*"])
        self.subscribe(receiver, "/products", events=["product.updated"])
        self.subscribe(receiver, "/price", events=["product.*"], changed=["price"])
        self.subscribe(receiver, "/red", events=["*"], filter={"color": ["red"]})
        other = f"{self.store}x"
        self.bus.add_store(other)
        self.bus.subscribe(receiver, other, "/other-store")
        order = self.publish("order.created", "1", {"color": "red"})
        product = self.publish("product.updated", "2", {"color": "blue"}, changed=["price"])
        stock = self.publish("product.deleted", "2", {}, changed=["stock"])
        wanted = {("/all", order), ("/all", stock), ("/all", product), ("/orders", order), ("/products", product), ("/price", product), ("/red", order)}
        wait_until("these POSTs", lambda: receiver.count() >= len(wanted))
        last = self.publish("customer.created", "3", {"color": "red"})
        wanted |= {("/all", last), ("/red", last)}
        wait_until("what the last event brings, after which nothing is under way", lambda: receiver.count() >= len(wanted))
        self.assertEqual({(post["path"], post["id"]) for post in receiver.snapshot()}, wanted)
        self.assertEqual(receiver.count(), len(wanted))

    def test_a_failed_attempt_is_recorded_and_settles(self):
        receiver = self.receiver(lambda post: (500, {}, b"no, \xff"))
        self.subscribe(receiver)
        event = self.publish("order.created", "1", {})
        line = self.bus.wait_line(event=event)
        self.assertEqual((line["outcome"], line["reason"], line["status"]), ("failed", "server_error", 500))
        self.assertIn("no, ", line["body"])
        self.wait_settled()

    def test_paused_and_governed_webhooks_park_disabled_ones_skip_and_deleted_ones_get_nothing(self):
        receiver = self.receiver()
        paused = self.subscribe(receiver, "/paused", status="paused")
        disabled = self.subscribe(receiver, "/disabled")
        self.bus.must(200, "POST", f"/v1/stores/{self.store}/webhooks/{disabled['id']}/disable")
        ordered = self.subscribe(receiver, "/ordered", order="per_subject")
        limited = self.subscribe(receiver, "/limited", rate_limit={"count": 1, "per_s": 1})
        deleted = self.subscribe(receiver, "/deleted")
        self.bus.remove_webhook(deleted, self.store)
        self.subscribe(receiver, "/active")
        event = self.publish("order.created", "1", {})
        for webhook, outcome, reason in ((paused, "parked", "paused"), (disabled, "skipped", "disabled"), (ordered, "parked", "governed"),
                                         (limited, "parked", "governed")):
            line = self.bus.wait_line(event=event, webhook=webhook["id"], outcome=outcome)
            self.assertEqual(line["reason"], reason)
            self.assertNotIn("attempt", line)
        self.wait_paths(receiver, event, {"/active", "/ordered", "/limited"})
        self.wait_settled()
        self.bus.must(200, "POST", f"/v1/stores/{self.store}/webhooks/{paused['id']}/resume")
        self.bus.must(200, "POST", f"/v1/stores/{self.store}/webhooks/{disabled['id']}/enable")
        self.wait_paths(receiver, event, {"/active", "/ordered", "/limited", "/paused"})
        later = self.publish("order.created", "1", {})
        self.wait_paths(receiver, later, {"/active", "/ordered", "/limited", "/paused", "/disabled"})
        self.wait_paths(receiver, event, {"/active", "/ordered", "/limited", "/paused"})
        self.assertEqual({post["headers"]["hookbus-attempt"] for post in receiver.snapshot()}, {"1"})  # waiting burns nothing
        self.assertEqual(self.bus.lines(webhook=deleted["id"]), [])

    def wait_paths(self, receiver, event, paths):
        wait_until(f"the event at {sorted(paths)}", lambda: sorted(post["path"] for post in receiver.snapshot() if post["id"] == event) == sorted(paths))

    def test_an_event_of_an_unknown_store_settles_as_skipped(self):
        event = self.bus.produce_event(f"nobody{self.store}", "1", "order.created", b"{}")
        line = self.bus.wait_line(event=event)
        self.assertEqual((line["outcome"], line["reason"]), ("skipped", "unknown_store"))
        self.wait_settled()

    def test_history_over_the_api_says_who_got_it_and_when(self):
        receiver = self.receiver()
        webhook = self.subscribe(receiver)
        event = self.publish("order.paid", "77", {"a": 1})
        self.bus.wait_line(event=event)

        def shown():
            status, _, answer = self.bus.call("GET", f"/v1/stores/{self.store}/events/{event}")
            return answer if status == 200 and webhook["id"] in json.dumps(answer) else None
        self.assertIn("delivered", json.dumps(wait_until("the event with its delivery", shown)))
        listed = self.bus.must(200, "GET", f"/v1/stores/{self.store}/events?subject=77")
        self.assertIn(event, json.dumps(listed))

    def wait_settled(self):
        def is_settled():
            metrics = self.bus.metrics(self.dispatcher)
            return metrics["hookbus_events_taken_total"] == metrics["hookbus_events_settled_total"] and metrics["hookbus_deliveries_waiting"] == 0
        wait_until("everything taken is settled", is_settled)


class LoopbackIsDenied(HookbusTest):
    config = {"egress_allow": ""}

    def test_by_default_a_webhook_to_loopback_is_refused_and_one_that_is_stored_is_not_called(self):
        receiver = RawReceiver(lambda connection, number: connection.sendall(answer(200)))
        self.addCleanup(receiver.close)
        url = f"http://127.0.0.1:{receiver.port}/hook"
        self.bus.start_api()
        self.bus.add_store()
        status, _, problem = self.bus.call("POST", "/v1/stores/acme/webhooks", {"url": url, "events": ["*"]})
        self.assertEqual((status, problem["field"]), (422, "url"))
        # Registered by an api that allows more than the dispatcher does.
        other = self.bus.start_api(api_port=self.free_port(), egress_allow="127.0.0.0/8")
        webhook = self.bus.must(201, "POST", "/v1/stores/acme/webhooks", {"url": url, "events": ["*"]}, port=self.other_port)
        other.stop()
        self.bus.start_dispatcher()
        event = self.bus.must(202, "POST", "/v1/stores/acme/events", {"type": "order.created", "subject": "1", "data": {}})["id"]
        line = self.bus.wait_line(event=event)
        self.assertEqual((line["outcome"], line["reason"], line["webhook"]), ("parked", "address_blocked", webhook["id"]))
        self.assertEqual(receiver.count, 0)

    def free_port(self):
        from harness import free_port
        self.other_port = free_port()
        return self.other_port


if __name__ == "__main__":
    main()
