"""The endpoints of API v3 that a catalog needs: a request in, an answer out; the store is changed on the way."""
import json
import uuid

import rules
from rules import Check


def answer_of(settings, problems):
    """The body of an error, in the shape that is set. Shape A holds one code: that of the first problem."""
    if settings.shape == "B":
        return {"problems": [{"reasonCode": code, "message": message} for code, message in problems]}
    code = problems[0][0]
    messages = [message for number, message in problems if number == code]
    return {"reasonCode": code, "messages": messages if settings.messages == "array" else messages[0]}


class Refused(Exception):
    def __init__(self, problems):
        super().__init__(problems)
        self.problems = problems


class Api:
    def __init__(self, store):
        self.store = store
        self.posts = {
            "/v3/product/catalogUpsert": self.catalog_upsert, "/v3/product/catalogDelete": self.catalog_delete, "/v3/product/upsert": self.upsert,
            "/v3/product/updateQuantity": self.update_quantity, "/v3/product/updatePrice": self.update_price,
        }

    def account_of(self, key):
        """Any trouble with the key is reason 10, with status 400."""
        found = self.store.keys.get(key)
        if not found or not found.is_valid():
            raise Refused([(rules.AUTHENTICATION, "Authentication error")])
        return found.account

    def parse(self, body):
        try:
            parsed = json.loads(body, parse_float=rules.Decimal, parse_constant=self.no_constant)
        except (ValueError, RecursionError):
            raise rules.Broken() from None
        if type(parsed) is not dict:
            raise rules.Broken()
        return parsed

    @staticmethod
    def no_constant(name):
        raise ValueError(name)

    def check(self):
        return Check(self.store.settings, self.store.doubts)

    @staticmethod
    def refuse_if(problems):
        if problems:
            raise Refused(problems)

    def catalog_list(self, account):
        name = self.store.settings.name_field
        catalogs = [{"catalogId": catalog.id, name: catalog.fields["catalogName"], "currency": catalog.fields["currency"],
                     "location": catalog.fields["location"], "setAsDefault": catalog.fields.get("setAsDefault", False)}
                    for catalog in account.catalogs.values()]
        return {"requestId": str(uuid.uuid4()), "catalogs": catalogs, "limits": {"max": account.catalogs_max}}

    def catalog_id(self, account, body, required=True):
        given = body.get("catalogId")
        if given is None:
            if not required and "catalogId" not in body:
                return None
            raise Refused([(rules.NULL, "catalogId|Required value cannot be null") if "catalogId" in body else rules.missing("catalogId")])
        check = self.check()
        check.text("catalogId", given, 36)
        self.refuse_if(check.problems)
        if given not in account.catalogs:
            raise Refused([(rules.UNKNOWN, "catalogId|Identifier not present in SALESmanago")])
        return account.catalogs[given]

    def catalog_upsert(self, account, body, request):
        catalog, check, name = self.catalog_id(account, body, required=False), self.check(), self.store.settings.name_field
        rules.check_catalog(check, body, name)
        self.refuse_if(check.problems)
        if any(one.fields["location"] == body["location"] and one is not catalog for one in account.catalogs.values()):
            raise Refused([(rules.NOT_UNIQUE, "location|Value is used by another catalog")])
        fields = {"catalogName": body[name], **{field: body[field] for field in ("currency", "location", "setAsDefault") if field in body}}
        if catalog:
            catalog.fields.update(fields)
        elif len(account.catalogs) >= account.catalogs_max:
            raise Refused([(rules.RESOURCE, f"catalog|limit:{account.catalogs_max}|Limit of catalogs is reached")])
        else:
            catalog = self.store.add_catalog(account, fields)
        return {"requestId": request, "catalogId": catalog.id}

    def catalog_delete(self, account, body, request):
        catalog = self.catalog_id(account, body)
        del account.catalogs[catalog.id], self.store.catalogs[catalog.id]
        return {"requestId": request, "catalogId": catalog.id}

    def products_of(self, body):
        products = body.get("products")
        if products is None:
            raise Refused([(rules.NULL, "products|Required value cannot be null") if "products" in body else rules.missing("products")])
        if type(products) is not list:
            raise Refused([rules.wrong_type("products", "array")])
        most = self.store.settings.items_max
        if not 1 <= len(products) <= most:
            raise Refused([rules.over("products", most, 1)])
        return products

    def find_poison(self, product, check):
        for rule in self.store.settings.poison:
            value = product.get(rule.get("field", "productId"))
            if "ids" in rule and product.get("productId") not in rule["ids"]:
                continue
            if "contains" in rule and (value is None or rule["contains"] not in str(value)):
                continue
            check.problems.append((rule.get("code", rules.STRUCTURE), rule.get("message", f"{rule.get('field', 'name')}|Refused by a rule of the test")))

    def check_nulls(self, names, check):
        for name in names:
            if name in self.store.settings.refuses_null:
                check.problems.append((rules.NULL, f"{name}|Required value cannot be null"))

    def upsert(self, account, body, request):
        catalog, settings = self.catalog_id(account, body), self.store.settings
        products = self.products_of(body)
        if not settings.is_checking:
            for product in products:
                self.store.put(catalog, product, product.get("setAsNull", ()), request)
            return {"requestId": request, "productIds": [product["productId"] for product in products]}
        problems, warnings, good, places = [], [], [], {}
        for place, product in enumerate(products):
            check = self.check()
            stored = check.product(product)
            if stored:
                if settings.poison:
                    self.find_poison(product, check)
                if stored[1]:
                    self.check_nulls(stored[1], check)
                key = product.get("productId")
                if settings.duplicates == "refuse" and type(key) is str and key in places:
                    check.problems.append((rules.NOT_UNIQUE, "productId|The same product twice in a request"))
                elif type(key) is str:
                    places[key] = place
            warnings += check.warnings
            if check.problems:
                problems += check.problems
            else:
                good.append(stored)
        if not problems or settings.stores_partly:
            for stored, nulls in good:
                self.store.put(catalog, stored, nulls, request)
        self.refuse_if(problems)
        answer = {"requestId": request, "productIds": [product["productId"] for product in products]}
        if warnings:
            answer["problems"] = [{"reasonCode": code, "message": message} for code, message in warnings]
        return answer

    def update_some(self, account, body, request, fields):
        """fields: name -> (rule, required). All products must be known: 16 if one is not."""
        catalog, check = self.catalog_id(account, body), self.check()
        changes = []
        for product in self.products_of(body):
            if type(product) is not dict:
                raise Refused([rules.wrong_type("products", "object")])
            key = product.get("productId")
            if key is None:
                check.problems.append(rules.missing("productId"))
            elif check.text("productId", key, 255, True) and key not in catalog.products:
                check.problems.append((rules.UNKNOWN, "productId|Identifier not present in SALESmanago"))
            change = {}
            for name, (rule, required) in fields.items():
                if product.get(name) is not None:
                    change[name] = rule(check, name, product[name])
                elif required:
                    check.problems.append(rules.missing(name))
            changes.append((key, change))
        self.refuse_if(check.problems)
        for key, change in changes:
            catalog.products[key].update(change)
        return {"requestId": request, "productIds": [key for key, _ in changes]}

    def update_quantity(self, account, body, request):
        return self.update_some(account, body, request, {"quantity": (Check.whole, True)})

    def update_price(self, account, body, request):
        return self.update_some(account, body, request, {"price": (Check.money, True), "discountPrice": (Check.money, False)})
