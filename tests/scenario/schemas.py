"""A store that asks for canonical data: what does not fit docs/schemas is refused by itself and says where; nobody else notices."""
import base64
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from harness import ROOT, SharedTest, main, wait_until  # noqa: E402

CLOUDEVENT = {"Content-Type": "application/cloudevents+json"}
CLOUDEVENTS = {"Content-Type": "application/cloudevents-batch+json"}


def sample(name):
    with open(os.path.join(ROOT, "deploy", "samples", f"{name}.json"), encoding="utf-8") as f:
        return json.load(f)


def bad_order():
    order = sample("order.paid")
    order["lines"][0]["price"] = 29.9
    return order


class Schemas(SharedTest):
    def setUp(self):
        super().setUp()
        self.check(True)

    def check(self, is_on):
        self.bus.must(200, "PATCH", f"/v1/stores/{self.store}", {"check_schemas": is_on}, headers={"If-Match": "*"})

    def post(self, body, headers=None):
        status, _, answer = self.bus.call("POST", f"/v1/stores/{self.store}/events", body, headers=headers)
        return status, answer

    def assert_refused(self, problem, field, should=None):
        self.assertEqual(problem["type"], "https://hookbus.dev/problems/invalid_data", problem)
        self.assertEqual(problem["field"], field, problem)
        if should:
            self.assertIn(should, problem["should"])

    def test_an_event_that_does_not_fit_is_a_422_with_the_place_and_what_would_be_right(self):
        event = {"type": "order.paid", "subject": "1001", "data": bad_order()}
        status, problem = self.post(event)
        self.assertEqual(status, 422, problem)
        self.assert_refused(problem, "data/lines/0/price", "a string")
        event["data"] = sample("order.paid")
        self.assertEqual(self.post(event)[0], 202)
        del event["data"]["currency"]
        status, problem = self.post(event)
        self.assertEqual(status, 422, problem)
        self.assert_refused(problem, "data/currency", "present: a string that matches ^[A-Z]{3}$")

    def test_in_a_batch_only_the_item_itself_is_refused_and_the_others_arrive(self):
        receiver = self.receiver()
        self.subscribe(receiver)
        batch = [{"id": "good-1", "type": "order.paid", "subject": "1", "data": sample("order.paid")},
                 {"id": "bad-1", "type": "order.paid", "subject": "1", "data": bad_order()},
                 {"id": "bad-2", "type": "product.updated", "subject": "2", "data": {"id": "2", "price": "1.00"}},
                 {"id": "free", "type": "cart.abandoned", "subject": "3", "data": {"whatever": [1.5]}},
                 {"id": "bad-3", "type": "inventory.updated", "subject": "2", "data": []}]
        status, answer = self.post(batch)
        self.assertEqual(status, 202, answer)
        self.assertEqual([item["status"] for item in answer["results"]], [202, 422, 422, 202, 422])
        self.assertEqual([item.get("id") for item in answer["results"]], [event["id"] for event in batch])
        for at, field in ((1, "data/lines/0/price"), (2, "data/currency"), (4, "data")):
            self.assert_refused(answer["results"][at]["problem"], field)
        wait_until("what was accepted arrives", lambda: {"good-1", "free"} <= receiver.ids())
        self.assertEqual(receiver.ids(), {"good-1", "free"})
        status, answer = self.post(batch[1:3])
        self.assertEqual((status, answer["accepted"]), (422, 0), answer)

    def test_cloudevents_of_every_form_are_held_against_it_too(self):
        def event(data):
            return {"specversion": "1.0", "id": "ce", "source": "/shop", "type": "customer.created", "subject": "77", "data": data}
        bad, good = {"id": 77}, sample("customer.created")
        status, problem = self.post(event(bad), CLOUDEVENT)
        self.assertEqual(status, 422, problem)
        self.assert_refused(problem, "data/id", "a string")
        status, answer = self.post([event(bad)], CLOUDEVENTS)
        self.assertEqual(status, 422, answer)
        self.assert_refused(answer["results"][0]["problem"], "data/id")
        binary = {"ce-specversion": "1.0", "ce-id": "ce", "ce-source": "/shop", "ce-type": "customer.created", "ce-subject": "77"}
        status, problem = self.post(json.dumps(bad), binary)
        self.assertEqual(status, 422, problem)
        self.assert_refused(problem, "data/id")
        as_base64 = event(None)
        del as_base64["data"]
        as_base64.update(data_base64=base64.b64encode(json.dumps(bad).encode()).decode(), datacontenttype="application/json")
        status, problem = self.post(as_base64, CLOUDEVENT)
        self.assertEqual(status, 422, problem)
        self.assert_refused(problem, "data/id")
        self.assertEqual(self.post(event(good), CLOUDEVENT)[0], 202)

    def test_data_of_a_canonical_type_that_is_no_json_is_refused_and_of_another_type_is_not(self):
        headers = {"Content-Type": "text/plain", "ce-specversion": "1.0", "ce-id": "t", "ce-source": "/shop", "ce-subject": "1"}
        status, problem = self.post("hello", {**headers, "ce-type": "order.paid"})
        self.assertEqual(status, 422, problem)
        self.assert_refused(problem, "content_type", "application/json")
        self.assertEqual(self.post("hello", {**headers, "ce-type": "note.written"})[0], 202)

    def test_a_deleted_thing_needs_what_its_schema_insists_on(self):
        def status_of(type_name, data):
            return self.post({"type": type_name, "subject": "1", "data": data})[0]
        self.assertEqual(status_of("product.deleted", {"id": "1"}), 202)
        self.assertEqual(status_of("product.deleted", {}), 422)
        self.assertEqual(status_of("order.deleted", {}), 202)

    def test_every_sample_of_deploy_is_taken(self):
        names = sorted(name[:-5] for name in os.listdir(os.path.join(ROOT, "deploy", "samples")) if name.endswith(".json"))
        self.assertGreater(len(names), 5)
        results = self.bus.publish([{"type": name, "subject": "1", "data": sample(name)} for name in names], self.store)
        self.assertEqual({item["status"] for item in results}, {202}, results)

    def test_a_name_of_the_senders_comes_back_as_text_and_nothing_else(self):
        name = 'a"}/~\u0000\u001f\U0001f600' + "x" * 300
        status, problem = self.post({"type": "customer.updated", "subject": "1", "data": {"id": "1", "consents": {name: 1}}})
        self.assertEqual(status, 422, problem)
        self.assertTrue(problem["field"].startswith('data/consents/a"}~1~0\ufffd\ufffd\U0001f600xxx'), problem)
        self.assertTrue(problem["field"].endswith("x…"), problem)

    def test_without_the_wish_nothing_is_checked_and_it_can_be_taken_back(self):
        event = {"type": "order.paid", "subject": "1001", "data": bad_order()}
        self.assertEqual(self.post(event)[0], 422)
        self.check(False)
        self.assertEqual(self.post(event)[0], 202)
        self.bus.must(201, "POST", "/v1/stores", {"id": f"{self.store}b", "check_schemas": True})
        self.assertEqual(self.bus.call("POST", f"/v1/stores/{self.store}b/events", event)[0], 422)


if __name__ == "__main__":
    main()
