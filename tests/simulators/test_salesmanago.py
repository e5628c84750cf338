"""The simulator of SALESmanago keeps the documented rules: each limit at its edge, each reason code with its message, both shapes of an error,
and each fault that can be injected."""
import http.client
import json
import os
import re
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from harness import wait_until  # noqa: E402
from salesmanago import Simulator  # noqa: E402

ASTRAL = "\U0001f457"  # two UTF-16 units
GRAMMAR = {10: r"[^|]+", 11: r"[\w.]+\|min:-?\d+\|max:[\d.]+\|[^|]+", 12: r"[\w.]+\|max:\d+\|[^|]+", 13: r"[\w.]+\|[^|]+", 14: r"[\w.]+:\w+\|[^|]+",
           15: r"[\w.]+\|[^|]+", 16: r"[\w.]+\|[^|]+", 17: r"[\w.]+\|[^|]+", 18: r"[\w.]+\|[^|]+", 19: r"[\w.]+\|limit:\d+\|[^|]+"}
# The two samples of the documentation, word for word but for what it shortens.
SAMPLE_1 = {"productId": "1234", "name": "Turtleneck sweater", "mainCategory": "sweaters", "categoryExternalId": "8642",
            "description": "Classic sweater with...", "productUrl": "https://example.com/shop/sweaters/turtleneck-sweater",
            "mainImageUrl": "https://example.com/media/turtleneck-sweater-cover.jpg", "available": True, "price": 79.99,
            "systemDetails": {"manufacturer": "My Brand", "gender": 0, "color": "black"}}
SAMPLE_2 = {"productId": "1235", "name": "White t-shirt", "brand": "My Brand", "mainCategory": "t-shirts", "categoryExternalId": "1050",
            "categories": ["Winter collection", "Linen products"], "description": "Classic t-shirt with...",
            "productUrl": "https://example.com/shop/t-shirts/white-t-shirt", "mainImageUrl": "https://example.com/media/white-t-shirt-cover.jpg",
            "imageUrls": [f"https://example.com/media/white-t-shirt{n}.jpg" for n in (1, 2, 3)], "available": True, "active": True, "quantity": 90,
            "price": 29.99, "discountPrice": 19.99, "unitPrice": 19.99,
            "systemDetails": {"manufacturer": "My Brand", "popularity": 40, "gender": 0, "season": "summer", "color": "white", "bestseller": True,
                              "newProduct": False}, "customDetails": {"detail1": "linen", "detail2": "short"}}


def product(number=1, **fields):
    return {"productId": str(number), "name": "Sukienka", "mainCategory": "Sukienki", "productUrl": f"https://shop.example.com/p/{number}",
            "available": True, "price": 19.9, **fields}


def details(**fields):
    return product(systemDetails=fields)


class SimulatorTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sim = Simulator()

    @classmethod
    def tearDownClass(cls):
        cls.sim.close()

    def setUp(self):
        self.sim.sim("reset", {})
        self.sim.add_key("key1")
        self.sim.add_catalog(id="catalog-1")

    def upsert(self, *products, **more):
        return self.sim.post("upsert", {"catalogId": "catalog-1", "products": list(products)}, **more)

    def raw(self, text):
        return self.sim.post("upsert", text.encode() if isinstance(text, str) else text)

    def raw_product(self, **texts):
        """A product some of whose members are JSON text."""
        members = {name: json.dumps(value) for name, value in product().items()}
        members.update(texts)
        return self.raw('{"catalogId": "catalog-1", "products": [{' + ", ".join(f'"{k}": {v}' for k, v in members.items()) + "}]}")

    def assert_refused(self, answer, code, field=None, status=400):
        self.assertEqual((answer[0], answer[2].get("reasonCode")), (status, code), answer)
        message = answer[2]["messages"]
        self.assertRegex(message, f"^{GRAMMAR[code]}$")
        if field:
            self.assertEqual(re.split("[|:]", message)[0], field)

    def assert_accepted(self, answer):
        self.assertEqual(answer[0], 200, answer)
        self.assertEqual(set(answer[2]), {"requestId", "productIds"})


class Rules(SimulatorTest):
    def test_the_documentations_own_samples_are_accepted_and_kept(self):
        answer = self.upsert(SAMPLE_1, SAMPLE_2)
        self.assert_accepted(answer)
        self.assertEqual(answer[2]["productIds"], ["1234", "1235"])
        stored = self.sim.products()
        self.assertEqual(stored["1234"]["price"], "79.99")
        self.assertEqual(stored["1235"]["systemDetails"], SAMPLE_2["systemDetails"])
        self.assertEqual(self.sim.doubts(), {})

    def test_a_request_holds_1_to_100_products(self):
        for count, code in ((0, 11), (1, None), (100, None), (101, 11)):
            answer = self.upsert(*(product(n) for n in range(count)))
            self.assert_refused(answer, code, "products") if code else self.assert_accepted(answer)
        self.assert_refused(self.sim.post("upsert", {"catalogId": "catalog-1"}), 13, "products")
        self.assert_refused(self.sim.post("upsert", {"catalogId": "catalog-1", "products": {}}), 14, "products")
        self.assert_refused(self.sim.post("upsert", {"catalogId": "catalog-1", "products": ["x"]}), 14, "products")

    def test_each_text_is_taken_at_its_limit_and_refused_one_over_counted_in_utf_16_units(self):
        limits = {"productId": 255, "name": 255, "mainCategory": 255, "categoryExternalId": 255, "description": 16384}
        for field, most in limits.items():
            for text in ("x" * most, "ż" * most, "x" * (most - 2) + ASTRAL):
                self.assert_accepted(self.upsert(product(**{field: text})))
            for text in ("x" * (most + 1), "ż" * (most + 1), "x" * (most - 1) + ASTRAL):
                self.assert_refused(self.upsert(product(**{field: text})), 11, field)
        for field, most in {"manufacturer": 255, "season": 255, "color": 25}.items():
            self.assert_accepted(self.upsert(details(**{field: "ó" * most})))
            self.assert_refused(self.upsert(details(**{field: "x" * (most - 1) + ASTRAL})), 11, field)
        url = "https://shop.example.com/"
        for field in ("productUrl", "mainImageUrl"):
            self.assert_accepted(self.upsert(product(**{field: url + "x" * (2048 - len(url))})))
            self.assert_refused(self.upsert(product(**{field: url + "x" * (2049 - len(url))})), 11, field)

    def test_lists_and_objects_have_their_limits(self):
        image = "https://cdn.example.com/1.jpg"
        for good in (product(categories=["x" * 255] * 5), product(imageUrls=[image] * 5), product(customDetails={f"k{n}": "x" * 255 for n in range(5)})):
            self.assert_accepted(self.upsert(good))
        for bad, field in ((product(categories=["x"] * 6), "categories"), (product(categories=["x" * 256]), "categories"),
                           (product(imageUrls=[image] * 6), "imageUrls"), (product(imageUrls=[image + "x" * 2048]), "imageUrls"),
                           (product(customDetails={f"k{n}": "x" for n in range(6)}), "customDetails"), (product(customDetails={"k1": "x" * 256}), "k1")):
            self.assert_refused(self.upsert(bad), 11, field)

    def test_required_fields_are_missed_with_13_and_null_is_17(self):
        for field in ("productId", "name", "mainCategory", "productUrl", "available", "price"):
            less = product()
            del less[field]
            self.assert_refused(self.upsert(less), 13, field)
            self.assert_refused(self.upsert(product(**{field: None})), 17, field)
        self.assert_refused(self.upsert(product(name=" ")), 13, "name")
        self.assert_refused(self.sim.post("upsert", {"products": [product()]}), 13, "catalogId")
        self.assert_refused(self.sim.post("upsert", {"catalogId": None, "products": [product()]}), 17, "catalogId")

    def test_wrong_types_are_14_with_the_type_they_should_be(self):
        for bad, field, kind in ((product(productId=12), "productId", "string"), (product(name=["x"]), "name", "string"), (product(available="true"), "available", "bool"),
                                 (product(available=1), "available", "bool"), (product(active=0), "active", "bool"), (product(quantity="3"), "quantity", "int"),
                                 (product(quantity=3.0), "quantity", "int"), (product(price="12.5"), "price", "float"), (product(discountPrice="1"), "discountPrice", "float"),
                                 (product(price=True), "price", "float"), (product(categories="x"), "categories", "array"), (product(categories=[1]), "categories", "string"),
                                 (product(systemDetails=[]), "systemDetails", "object"), (details(popularity="9"), "popularity", "int"),
                                 (details(bestseller="yes"), "bestseller", "bool"), (details(newProduct=1), "newProduct", "bool"), (details(gender="1"), "gender", "int"),
                                 (product(customDetails={"detail1": 1}), "detail1", "string"), (product(setAsNull="color"), "setAsNull", "array")):
            answer = self.upsert(bad)
            self.assert_refused(answer, 14, field)
            self.assertTrue(answer[2]["messages"].startswith(f"{field}:{kind}|"), answer)

    def test_prices_are_read_as_decimal_text_and_never_as_a_double(self):
        for text in ("0", "19.9", "19.90", "0.01", "9999999999999999999.99", "9999999999999999999"):
            self.assert_accepted(self.raw_product(price=text))
            self.assertEqual(self.sim.product("1")["price"], text)
        for text, code in (("19.899999", 18), ("0.005", 18), ("1e2", 18), ("-1", 11), ("-0.01", 11), ("10000000000000000000", 11), ("10000000000000000000.01", 11)):
            self.assert_refused(self.raw_product(price=text), code, "price")
            self.assert_refused(self.raw_product(discountPrice=text), code, "discountPrice")

    def test_urls_are_checked_as_by_apaches_validator(self):
        for url in ("https://shop.example.com/p/1", "http://shop.example.com:8080/a-b_c~d/%C4%85?x=1&y=ż#top", "ftp://example.com", "https://sklep-łódź.pl/",
                    "https://shop.example.com/a;b=(c)", "https://10.1.2.3/x", "https://[2001:db8::1]/x", "HTTPS://EXAMPLE.COM/"):
            self.assert_accepted(self.upsert(product(productUrl=url)))
        for url in ("shop.example.com/p/1", "https://localhost/p", "https://shop/p", "https://shop.example.com/a b", "https://shop.example.com/a//b", "mailto:x@example.com",
                    "https://shop.example.com/łódź", "https://shop.example.com/p|1", "https://shop.example.com/%zz", "https:///p", "javascript:alert(1)",
                    "https://shop.example.com/../x", "https://shop_x.example.com/", "https://shop.example.com:99999/", "https://shop.test/", "https://shop.example.com/[1]"):
            self.assert_refused(self.upsert(product(productUrl=url)), 18, "productUrl")
            self.assert_refused(self.upsert(product(mainImageUrl=url)), 18, "mainImageUrl")
            self.assert_refused(self.upsert(product(imageUrls=[url])), 18, "imageUrls")

    def test_gender_is_one_of_its_numbers(self):
        for number in (-1, 0, 1, 2, 4):
            self.assert_accepted(self.upsert(details(gender=number)))
        for number in (-2, 5):
            self.assert_refused(self.upsert(details(gender=number)), 18, "gender")
        self.assert_accepted(self.upsert(details(gender=3)))
        self.assertEqual(self.sim.doubts(), {"gender 3 has no meaning": 1})

    def test_what_an_upsert_does_not_name_stays_and_set_as_null_clears(self):
        self.upsert(product(discountPrice=9.9, quantity=3, systemDetails={"color": "red", "season": "summer"}, customDetails={"detail1": "a", "detail2": "b"}))
        self.assert_accepted(self.upsert(product(systemDetails={"season": "winter"})))
        stored = self.sim.product("1")
        self.assertEqual((stored["discountPrice"], stored["quantity"], stored["systemDetails"]), ("9.9", 3, {"color": "red", "season": "winter"}))
        self.assert_accepted(self.upsert(product(setAsNull=["discountPrice", "color", "detail1"])))
        stored = self.sim.product("1")
        self.assertNotIn("discountPrice", stored)
        self.assertEqual((stored["systemDetails"], stored["customDetails"]), ({"season": "winter"}, {"detail2": "b"}))
        self.assert_refused(self.upsert(product(setAsNull=["price"])), 17, "price")
        self.sim.settings(refuses_null=["quantity"])
        self.assert_refused(self.upsert(product(setAsNull=["discountPrice", "quantity"])), 17, "quantity")

    def test_doubtful_things_are_counted(self):
        self.upsert(product(setAsNull=["color"], systemDetails={"color": "red"}, foo=1))
        self.upsert(details(manufacturer="x" * 101, season="x" * 41, bar=1))
        self.assertEqual(set(self.sim.doubts()), {"color has a value and is set to null", "unknown field foo", "unknown field systemDetails.bar",
                                                  "manufacturer over 100, where the vendor's own SDK cuts", "season over 40, where the vendor's own SDK cuts"})

    def test_text_that_is_no_json_or_no_text_is_refused(self):
        for body in ("", "{", "[]", '{"catalogId": NaN}', b'{"catalogId": "\xff"}', '{"catalogId": "catalog-1", "products": [%s]}' % json.dumps(product(name="\ud83d"))):
            status, _, answer = self.raw(body)
            self.assertEqual((status, answer), (400, b"[Specified json is not valid]"), body)
        self.assertEqual(self.sim.call("POST", "/v3/product/upsert", b"a=b", {"Content-Type": "text/plain", "API-KEY": "key1"})[0], 415)
        self.assertEqual(self.sim.call("GET", "/v3/product/upsert", None, {"API-KEY": "key1"})[0], 405)
        self.assertEqual(self.sim.post("nothing", {})[0], 404)


class Catalogs(SimulatorTest):
    def test_a_catalog_is_created_listed_changed_and_deleted(self):
        status, _, made = self.sim.post("catalogUpsert", {"catalogName": "Sklep", "currency": "PLN", "location": "sklep", "setAsDefault": False})
        self.assertEqual((status, set(made)), (200, {"requestId", "catalogId"}))
        self.assertLessEqual(len(made["catalogId"]), 36)
        self.sim.post("catalogUpsert", {"catalogId": made["catalogId"], "catalogName": "Sklep 2", "currency": "EUR", "location": "sklep"})
        status, _, listed = self.sim.call("GET", "/v3/product/catalogList", None, {"API-KEY": "key1"})
        self.assertEqual((status, listed["limits"]), (200, {"max": 3}))
        self.assertEqual([one["catalogName"] for one in listed["catalogs"] if one["catalogId"] == made["catalogId"]], ["Sklep 2"])
        self.assertEqual(self.sim.post("catalogDelete", {"catalogId": made["catalogId"]})[0], 200)
        self.assert_refused(self.sim.post("catalogDelete", {"catalogId": made["catalogId"]}), 16, "catalogId")

    def test_a_catalogs_fields_have_their_rules(self):
        good = {"catalogName": "x" * 255, "currency": "PLN", "location": "_a1"}
        for changes, code, field in (({"catalogName": "x" * 256}, 11, "catalogName"), ({"currency": "ZZZ"}, 18, "currency"), ({"currency": "pln"}, 18, "currency"),
                                     ({"location": "1a"}, 18, "location"), ({"location": "a-b"}, 18, "location"), ({"location": "ż"}, 18, "location"),
                                     ({"location": "x" * 256}, 11, "location"), ({"setAsDefault": "no"}, 14, "setAsDefault"), ({"catalogId": "gone"}, 16, "catalogId"),
                                     ({"catalogId": "x" * 37}, 11, "catalogId"), ({"location": "shop0"}, 15, "location")):
            self.assert_refused(self.sim.post("catalogUpsert", {**good, **changes}), code, field)
        for field in good:
            self.assert_refused(self.sim.post("catalogUpsert", {name: value for name, value in good.items() if name != field}), 13, field)

    def test_the_limit_of_catalogs_is_19(self):
        for location in ("a", "b"):
            self.assertEqual(self.sim.post("catalogUpsert", {"catalogName": "x", "currency": "PLN", "location": location})[0], 200)
        answer = self.sim.post("catalogUpsert", {"catalogName": "x", "currency": "PLN", "location": "c"})
        self.assert_refused(answer, 19, "catalog")
        self.assertIn("|limit:3|", answer[2]["messages"])

    def test_an_unknown_catalog_or_that_of_another_account_is_16(self):
        other = self.sim.add_catalog("other")
        for catalog in ("gone", other):
            self.assert_refused(self.sim.post("upsert", {"catalogId": catalog, "products": [product()]}), 16, "catalogId")

    def test_a_key_that_is_wrong_revoked_or_expired_is_10_with_status_400(self):
        self.sim.add_key("soon", expires_at_ms=int(time.time() * 1000) + 300)
        self.assert_accepted(self.upsert(product(), key="soon"))
        wait_until("it expired", lambda: self.upsert(product(), key="soon")[0] == 400, 5)
        self.sim.add_key("revoked")
        self.sim.revoke("revoked")
        for key in ("soon", "revoked", "never"):
            self.assert_refused(self.upsert(product(), key=key), 10)
        self.assertEqual(self.sim.call("POST", "/v3/product/upsert", {})[0], 400)
        self.sim.revoke("revoked", False)
        self.assert_accepted(self.upsert(product(), key="revoked"))

    def test_quantity_and_price_of_known_products_are_updated(self):
        self.upsert(product(1))
        self.assertEqual(self.sim.post("updateQuantity", {"catalogId": "catalog-1", "products": [{"productId": "1", "quantity": 7}]})[0], 200)
        self.assertEqual(self.sim.post("updatePrice", {"catalogId": "catalog-1", "products": [{"productId": "1", "price": 5.25, "discountPrice": 4}]})[0], 200)
        stored = self.sim.product("1")
        self.assertEqual((stored["quantity"], stored["price"], stored["discountPrice"]), (7, "5.25", "4"))
        self.assert_refused(self.sim.post("updateQuantity", {"catalogId": "catalog-1", "products": [{"productId": "2", "quantity": 7}]}), 16, "productId")
        self.assert_refused(self.sim.post("updatePrice", {"catalogId": "catalog-1", "products": [{"productId": "1"}]}), 13, "price")


class Answers(SimulatorTest):
    def test_one_bad_product_refuses_the_whole_request_or_only_itself_as_is_set(self):
        self.assert_refused(self.upsert(product(1), product(2, name=""), product(3)), 13, "name")
        self.assertEqual(self.sim.products(), {})
        self.sim.settings(stores_partly=True)
        self.assert_refused(self.upsert(product(1), product(2, name=""), product(3)), 13, "name")
        self.assertEqual(set(self.sim.products()), {"1", "3"})

    def test_both_shapes_of_an_error(self):
        bad = product(1, name="x" * 256, quantity="1"), product(2, name="x" * 256)
        self.assertEqual(self.upsert(*bad)[2], {"reasonCode": 11, "messages": "name|min:0|max:255|Field exceeds limit"})
        self.sim.settings(messages="array")
        self.assertEqual(self.upsert(*bad)[2], {"reasonCode": 11, "messages": ["name|min:0|max:255|Field exceeds limit"] * 2})
        self.sim.settings(shape="B")
        self.assertEqual([one["reasonCode"] for one in self.upsert(*bad)[2]["problems"]], [11, 14, 11])
        self.sim.settings(is_dotted=True, shape="A", messages="string")
        self.assert_refused(self.upsert(details(color="x" * 26)), 11, "systemDetails.color")

    def test_what_is_trimmed_is_stored_cut_on_a_character_and_told_as_12_with_200(self):
        self.sim.settings(trims={"description": 4})
        status, _, answer = self.upsert(product(1, description="abc" + ASTRAL), product(2, description="abcd"))
        self.assertEqual((status, answer["productIds"]), (200, ["1", "2"]))
        self.assertEqual(answer["problems"], [{"reasonCode": 12, "message": "description|max:4|Data trimmed"}])
        self.assertEqual(self.sim.product("1")["description"], "abc")

    def test_the_same_product_twice_in_a_request_is_15(self):
        self.assert_refused(self.upsert(product(1), product(1)), 15, "productId")
        self.sim.settings(duplicates="last")
        self.assert_accepted(self.upsert(product(1), product(1, name="second")))
        self.assertEqual(self.sim.product("1")["name"], "second")

    def test_poison_is_refused_by_rule(self):
        self.sim.settings(poison=[{"field": "name", "contains": "POISON", "code": 18, "message": "name|Bad word"}, {"ids": ["7"], "code": 11, "message": "color|min:0|max:9|Too long"}])
        self.assert_accepted(self.upsert(product(1)))
        self.assert_refused(self.upsert(product(1), product(2, name="a POISON b")), 18, "name")
        self.assert_refused(self.upsert(product(7)), 11, "color")

    def test_versions_are_kept_in_order_and_a_step_back_is_seen(self):
        self.sim.settings(versions={"price": "price", "stock": "customDetails.v"})
        for price, stock in ((1, "1"), (2, "1"), (2, "3"), (1.5, "4")):
            self.upsert(product(1, price=price, customDetails={"v": stock}))
        self.assertEqual(self.sim.versions("1"), {"1": [[1, 1], [2, 1], [2, 3], [1.5, 4]]})
        self.assertEqual([(one["product"], one["version"], one["from"], one["to"]) for one in self.sim.backs()], [("1", "price", 2, 1.5)])

    def test_a_version_may_be_looked_at_only_while_the_product_is_active(self):
        self.sim.settings(versions={"stock": "quantity?active"})
        for quantity, active in ((5, True), (3, False), (6, True), (4, True)):
            self.upsert(product(1, quantity=quantity, active=active))
        self.assertEqual([(one["from"], one["to"]) for one in self.sim.backs()], [(6, 4)])

    def test_requests_refusals_and_counts_can_be_read(self):
        self.upsert(product(1), product(2))
        self.upsert(product(1, name=""))
        requests = self.sim.requests()
        self.assertEqual([(one["items"], one["status"], one["codes"], one["catalog"]) for one in requests], [(2, 200, [], "catalog-1"), (1, 400, [13], "catalog-1")])
        self.assertEqual([(one["code"], one["items"]) for one in self.sim.refusals()], [(13, 1)])
        self.assertEqual(self.sim.counts()["/v3/product/upsert 400"], 1)


class Faults(SimulatorTest):
    def test_statuses_with_html_and_retry_after_as_often_as_asked(self):
        self.sim.inject("status", status=429, retry_after=2, times=1)
        self.sim.inject("status", status=503, times=1)
        self.sim.inject("status", status=401, times=1)
        first, second, third = (self.upsert(product()) for _ in range(3))
        self.assertEqual((first[0], first[1]["retry-after"], second[0], third[0]), (429, "2", 503, 401))
        self.assertEqual(second[1]["content-type"], "text/html")
        self.assertIn(b"<html>", second[2])
        self.assertEqual(self.sim.products(), {})
        self.assert_accepted(self.upsert(product()))

    def test_413_over_a_byte_limit(self):
        self.sim.settings(bytes_max=1000)
        self.assert_accepted(self.upsert(product()))
        self.assertEqual(self.upsert(product(description="x" * 1000))[0], 413)

    def test_a_request_that_is_cut_off_may_have_been_stored_or_not(self):
        for stores in (False, True):
            self.sim.inject("close", times=1, stores=stores)
            with self.assertRaises((http.client.HTTPException, OSError)):
                self.upsert(product("stored" if stores else "not"))
        self.sim.inject("half", times=1, stores=True)
        with self.assertRaises(http.client.HTTPException):
            self.upsert(product("half"))
        self.assertEqual(set(self.sim.products()), {"stored", "half"})

    def test_a_request_that_hangs_was_stored_and_is_released(self):
        self.sim.inject("hang", times=1, stores=True)
        thread = threading.Thread(target=lambda: self.assertRaises((http.client.HTTPException, OSError), self.upsert, product("slow")))
        thread.start()
        wait_until("stored", lambda: "slow" in self.sim.products(), 5)
        wait_until("released", self.sim.release, 5)
        thread.join(5)
        self.assertFalse(thread.is_alive())

    def test_a_slow_request_may_take_effect_at_its_end_when_nobody_waits_any_more(self):
        self.sim.inject("slow", delay_ms=400, applies="end", times=1)
        with self.assertRaises((TimeoutError, OSError)):
            self.upsert(product(), timeout=0.1)
        self.assertEqual(self.sim.products(), {})
        wait_until("it took effect", self.sim.products, 5)

    def test_answers_that_lie(self):
        self.sim.inject("problems", status=200, problems=[[12, "name|max:1|Data trimmed"]], times=1, stores=True)
        self.sim.inject("problems", status=200, problems=[[16, "categories|Unknown"]], times=1)
        self.sim.inject("missing", ids=["1"], times=1)
        self.sim.inject("junk", times=1)
        self.sim.inject("empty", times=1)
        self.assertEqual([one["reasonCode"] for one in self.upsert(product())[2]["problems"]], [12])
        self.assertEqual([one["reasonCode"] for one in self.upsert(product())[2]["problems"]], [16])
        self.assertEqual(self.upsert(product(1), product(2))[2]["productIds"], ["2"])
        self.assertIsInstance(self.upsert(product())[2], bytes)
        self.assertEqual(self.upsert(product())[2], {})

    def test_a_refusal_is_answered_as_one_where_warnings_were_to_stand_beside_a_success(self):
        self.sim.settings(poison=[{"ids": ["2"], "code": 18, "message": "name|No"}])
        self.sim.inject("problems", status=200, problems=[[12, "name|max:1|Data trimmed"]], times=1, stores=True)
        status, _, answer = self.upsert(product(1), product(2))
        self.assertEqual((status, "productIds" in answer, self.sim.products()), (400, False, {}))

    def test_what_is_missing_in_an_answer_is_stored_or_not(self):
        for stores, key in ((True, "1"), (False, "2")):
            self.sim.inject("missing", ids=[key], stores=stores, times=1)
            self.assertEqual(self.upsert(product(key), product(9))[2]["productIds"], ["9"])
        self.assertEqual(set(self.sim.products()), {"1", "9"})

    def test_a_fault_meets_only_what_it_names(self):
        self.sim.add_key("key2", "other")
        second = self.sim.add_catalog("other")
        self.sim.inject("status", catalog=second)
        self.sim.inject("status", over=2)
        self.sim.inject("status", product="9")
        self.assert_accepted(self.upsert(product(1), product(2)))
        self.assertEqual(self.upsert(product(1), product(2), product(3))[0], 503)
        self.assertEqual(self.upsert(product(9))[0], 503)
        self.assertEqual(self.sim.post("upsert", {"catalogId": second, "products": [product()]}, key="key2")[0], 503)
        self.sim.heal()
        self.assert_accepted(self.upsert(product(9)))

    def test_concurrent_requests_of_a_catalog_are_noticed(self):
        self.sim.settings(answer_ms=300)
        threads = [threading.Thread(target=self.upsert, args=(product(n),)) for n in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(self.sim.most_in_flight(), 2)

    def test_it_speaks_tls_with_a_certificate(self):
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "both.pem")
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", file, "-out", f"{file}.crt",
                            "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
            with open(file, "a") as joined, open(f"{file}.crt") as certificate:
                joined.write(certificate.read())
            sim = Simulator("--cert", file)
            self.addCleanup(sim.close)
            connection = http.client.HTTPSConnection("localhost", sim.port, context=ssl.create_default_context(cafile=file), timeout=10)
            connection.request("GET", "/v3/product/catalogList", headers={"API-KEY": "key1"})
            self.assertEqual(json.loads(connection.getresponse().read())["limits"], {"max": 3})
            connection.close()


if __name__ == "__main__":
    unittest.main()
