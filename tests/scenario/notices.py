"""Our own notices: a store is told once, by an event that a webhook must name, that one of its webhooks fails or was disabled."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from harness import SharedTest, main, wait_until  # noqa: E402


class Notices(SharedTest):
    def setUp(self):
        super().setUp()
        self.status = 500
        self.bad = self.receiver(lambda post: self.status)
        self.good = self.receiver()

    def notices(self, kind):
        return [post for post in self.good.snapshot() if post["path"] == "/notices" and json.loads(post["body"])["type"] == f"hookbus.webhook.{kind}"]

    def dead(self, webhook):
        return [line for line in self.bus.lines(webhook=webhook["id"]) if line["outcome"] == "dead"]

    def test_many_deaths_of_a_webhook_are_one_notice_to_who_names_it_and_a_star_never_gets_it(self):
        failing = self.subscribe(self.bad, events=["product.*"], schedule=[0])
        self.subscribe(self.good, path="/notices", events=["hookbus.webhook.failing", "hookbus.webhook.disabled"])
        self.subscribe(self.good, path="/star", events=["*"])
        for i in range(5):
            self.publish("product.updated", f"p-{i}", {"n": i})
        wait_until("five are dead", lambda: len(self.dead(failing)) == 5)
        notice = wait_until("the notice", lambda: self.notices("failing"))[0]
        data = json.loads(notice["body"])["data"]
        self.assertEqual((data["webhook"]["id"], data["webhook"]["state"]), (failing["id"], "failing"))
        self.publish("order.created", "o-1", {"n": 1})
        wait_until("the star has the order", lambda: [p for p in self.good.snapshot() if p["path"] == "/star" and b"order.created" in p["body"]])
        self.assertEqual(len(self.notices("failing")), 1)
        self.assertFalse([p for p in self.good.snapshot() if p["path"] == "/star" and b"hookbus." in p["body"]])

    def test_410_is_told_as_disabled(self):
        self.status = 410
        gone = self.subscribe(self.bad, events=["product.*"])
        self.subscribe(self.good, path="/notices", events=["hookbus.webhook.failing", "hookbus.webhook.disabled"])
        self.publish("product.updated", "p-1", {})
        data = json.loads(wait_until("the notice", lambda: self.notices("disabled"))[0]["body"])["data"]
        self.assertEqual(data["webhook"]["id"], gone["id"])
        self.assertEqual(self.notices("failing"), [])

    def test_no_notice_is_made_about_the_delivery_of_a_notice(self):
        failing = self.subscribe(self.bad, events=["product.*"], schedule=[0])
        deaf = self.subscribe(self.bad, path="/deaf", events=["hookbus.webhook.failing"], schedule=[0])
        self.subscribe(self.good, path="/notices", events=["hookbus.webhook.failing"])
        self.publish("product.updated", "p-1", {})
        wait_until("the first is told", lambda: self.notices("failing"))
        wait_until("a notice died", lambda: self.dead(deaf))
        other = self.subscribe(self.bad, path="/other", events=["order.*"], schedule=[0])
        self.publish("order.created", "o-1", {})
        wait_until("the second is told", lambda: len(self.notices("failing")) == 2)
        told = {json.loads(post["body"])["data"]["webhook"]["id"] for post in self.notices("failing")}
        self.assertEqual(told, {failing["id"], other["id"]}, "the deaf one is not told of")


main()
