"""A shop that changes at random, and what SALESmanago must hold of it in the end.

Each change is an event as a shop would publish it; the shop's own state is the truth that is compared with. A version number that only
grows stands in each product's name (its first word) and in its quantity: who stores an older one after a newer one is found out.
What is expected is said here from the documentation (docs/salesmanago.md) once more, in another language than the program's."""
import datetime
import random

ASTRAL = "\U0001f457"
CURRENCY = "PLN"
POISON = "POISON"
# What the simulator is told to refuse; the field must come back with the dead product.
POISON_RULES = [{"field": "name", "contains": POISON, "code": 18, "message": "name|A word that is not allowed"},
                {"field": "description", "contains": POISON, "code": 11, "message": "description|min:0|max:9|Too long"},
                {"field": "categories", "contains": POISON, "code": 16, "message": "categories|Not known"}]
# HTML, and the line of text that is left of it.
DESCRIPTIONS = [("", None), ("Zwykły opis", "Zwykły opis"), ("<p>Ciepły <b>sweter</b> &amp; szalik</p>", "Ciepły sweter & szalik"),
                ("Zażółć<br>gęślą jaźń", "Zażółć gęślą jaźń"), (f"<div>{ASTRAL} letnia</div>", f"{ASTRAL} letnia"),
                ("<ul><li>100 % bawełna</li></ul>", "100 % bawełna"), ("2 &lt; 3 &#8364;", "2 < 3 €"), (ASTRAL * 9000, ASTRAL * 8192)]
CATEGORIES = [("1", "Sukienki"), ("2", "Swetry żakardowe"), ("3", f"Lato {ASTRAL}"), ("4", "Dodatki"), ("5", "Nowości"), ("6", "Wyprzedaż"), ("7", "Zima")]
COLORS = [None, "red", "zielony", "x" * 24 + ASTRAL, "bardzo długa nazwa jednego koloru"]


def units(text):
    return len(text.encode("utf-16-le")) // 2


def cut(text, most):
    return text.encode("utf-16-le")[:most * 2].decode("utf-16-le", errors="ignore")


def money(text):
    """Two digits behind the point, as SALESmanago has them."""
    whole, _, rest = text.partition(".")
    return f"{whole}.{(rest + '00')[:2]}"


class Product:
    def __init__(self, key, has_variants, has_sequence):
        self.id, self.has_variants, self.has_sequence = key, has_variants, has_sequence
        self.data = None
        self.former = {}  # variant id -> its data when it was last there
        self.is_deleted = False
        self.poison = None  # the field that is refused
        self.stock = None  # what the newest event that told about it said
        self.variant_stock = {}
        self.stale = None  # an event of before, that may come once more


class Shop:
    """Options: poison: share of updates that SALESmanago refuses; local: share that breaks a documented rule, so it is never sent."""

    def __init__(self, seed=1, products=100, tag="p", poison=0.0, local=0.0, variants=0.2):
        self.random = random.Random(f"{seed}/{tag}")
        self.poison, self.local = poison, local
        self.version = 0
        self.products = {}
        self.base = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
        for number in range(products):
            key = f"{tag}{number}"
            self.products[key] = Product(key, self.random.random() < variants, self.random.random() < 0.5)
        self.keys = list(self.products)

    # ---- changes ----

    def event(self, product, type_name, data, event_id=None):
        """time grows with each event; half of the products have sequences, too."""
        at = self.base + datetime.timedelta(milliseconds=self.version)
        event = {"id": event_id or f"{product.id}-{self.version}", "type": type_name, "subject": product.id, "time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"), "data": data}
        if product.has_sequence:
            event["sequence"] = str(self.version)
        return event

    def change(self):
        """One random change of one random product; the event that tells of it."""
        product = self.products[self.random.choice(self.keys)]
        die = self.random.random()
        if product.is_deleted and product.stale and die < 0.1:
            return self.late(product)
        if product.data is None or product.is_deleted:
            return self.put(product) if die < 0.8 else self.restock(product)
        if die < 0.45:
            return self.put(product)
        if die < 0.65:
            return self.reprice(product)
        if die < 0.87:
            return self.restock(product)
        if die < 0.92 and not product.poison:
            return self.delete(product)
        if die < 0.97 and product.stale:
            return self.late(product)
        return product.stale or self.restock(product)  # the same event again

    def late(self, product):
        """An old event, and Kafka has it only now."""
        return {**product.stale, "id": f"{product.stale['id']}-late-{self.random.randrange(10 ** 9)}"}

    def create_all(self):
        return [self.put(product) for product in self.products.values()]

    def put(self, product, **fields):
        """The whole product anew."""
        die = self.random
        self.version += 1
        poison = None
        name = die.choice([f"Sukienka {ASTRAL}", "Zażółć gęślą jaźń", "Sweter & <szalik>", "x" * 300, "y" * 200 + ASTRAL * 60])
        html = die.choice(DESCRIPTIONS)[0] if die.random() < 0.98 else DESCRIPTIONS[-1][0]
        if len(html) > 1000 and die.random() < 0.9:
            html = DESCRIPTIONS[1][0]
        data = {"id": product.id, "name": f"{self.version} {name}", "url": f"https://shop.example.com/p/{product.id}?v={self.version}",
                "description": html, "currency": CURRENCY, "price": self.price(), "status": die.choice(["active"] * 9 + ["archived"]),
                "categories": [{"id": key, "name": text} for key, text in die.sample(CATEGORIES, die.randrange(4))],
                "images": [f"https://cdn.example.com/{product.id}-{n}.jpg" for n in range(die.randrange(4))], "attributes": {}}
        if die.random() < 0.4:
            data["sale_price"] = die.choice([None, "1.50", "9.9"])
        if die.random() < 0.5:
            data["brand"] = die.choice(["Wiosna", "Łódź & Syn", "m" * 120])
        color = die.choice(COLORS)
        if color:
            data["attributes"]["color"] = color
        if die.random() < 0.5:
            data["stock"] = self.some_stock()
        if product.has_variants:
            data["variants"] = [self.variant(product, letter) for letter in die.sample("SMLX", die.randrange(1, 4))]
        else:
            poison = self.spoil(data)
        data.update(fields)
        return self.take(product, data, poison, product.data is None and not product.is_deleted)

    def price(self):
        return self.random.choice([str(self.random.randrange(1, 500)), f"{self.random.randrange(500)}.{self.random.randrange(10)}", f"{self.random.randrange(500)}.{self.random.randrange(100):02}"])

    def some_stock(self):
        available = self.random.random() < 0.7
        return {"available": available, "quantity": self.version} if self.random.random() < 0.9 else {"available": available}

    def variant(self, product, letter):
        key = f"{product.id}-{letter}"
        return {"id": key, "name": f"{self.version} {letter} żółty", "url": f"https://shop.example.com/p/{key}?v={self.version}", "price": self.price(), "stock": self.some_stock()}

    def spoil(self, data):
        """Sometimes a product that is refused; gives the field that is at fault."""
        die = self.random.random()
        if die < self.poison:
            field = self.random.choice(["name", "description", "categories"])
            if field == "name":
                data["name"] = f"{self.version} {POISON}"
            elif field == "description":
                data["description"] = f"<p>{POISON}</p>"
            else:
                data["categories"] = [{"id": "1", "name": "Sukienki"}, {"id": "2", "name": POISON}]
            return field
        if die < self.poison + self.local:
            field = self.random.choice(["price", "productUrl"])
            data.update({"price": "-1.00"} if field == "price" else {"url": "https://localhost/p"})
            return field
        return None

    def take(self, product, data, poison, is_new):
        if product.data:
            now = {one["id"] for one in data.get("variants", ())}
            for one in product.data.get("variants", ()):
                product.former[one["id"]] = one
            for key in now:
                product.former.pop(key, None)
        event = self.event(product, "product.created" if is_new else "product.updated", data)
        product.data, product.poison, product.is_deleted = data, poison, False
        if "stock" in data:
            product.stock = data["stock"]
        product.variant_stock = {one["id"]: one["stock"] for one in data.get("variants", ())}
        product.stale = product.stale if product.stale and self.random.random() < 0.5 else event
        return event

    def reprice(self, product):
        self.version += 1
        name = product.data["name"].split(" ", 1)[1]
        data = {**product.data, "price": self.price() if product.poison != "price" else "-2.00", "name": f"{self.version} {name}"}
        if product.has_variants:
            data["variants"] = [{**one, "price": self.price(), "name": f"{self.version} {one['name'].split(' ', 1)[1]}", "stock": self.some_stock()} for one in data["variants"]]
        if "stock" in data:
            data["stock"] = self.some_stock()
        return self.take(product, data, product.poison, False)

    def restock(self, product):
        self.version += 1
        product.stock = self.some_stock()
        data = {"product_id": product.id, **product.stock}
        if product.data and product.has_variants and not product.is_deleted:
            data["variants"] = []
            for one in product.data["variants"]:
                stock = self.some_stock() if product.stock["available"] else {"available": False, "quantity": 0}
                if not product.stock["available"]:
                    stock["quantity"] = self.version
                product.variant_stock[one["id"]] = stock
                data["variants"].append({"id": one["id"], **stock})
        return self.event(product, "inventory.updated", data)

    def delete(self, product):
        self.version += 1
        product.is_deleted = True
        return self.event(product, "product.deleted", {"id": product.id})

    # ---- what must be there in the end ----

    def expected(self):
        """Item id -> what is stored of it, for all that was ever told of."""
        items = {}
        for product in self.products.values():
            if product.data is None or product.poison:
                continue
            items[product.id] = self.item(product, product.data, product.stock, not product.is_deleted)
            for one in product.data.get("variants", ()):
                items[one["id"]] = self.variant_item(one, product.variant_stock.get(one["id"]), product)
            for key, one in product.former.items():
                items[key] = {"productId": key, "available": False, "active": False}
        return items

    def dead(self):
        """Product id -> the field that is refused, of those whose newest version is."""
        return {product.id: product.poison for product in self.products.values() if product.poison}

    @staticmethod
    def item(product, data, stock, is_there):
        is_active = is_there and data["status"] == "active"
        told = [one["available"] for one in product.variant_stock.values()]
        is_available = stock["available"] if stock else any(told) if told else is_active
        categories = data["categories"]
        item = {"productId": product.id, "name": cut(data["name"], 255), "mainCategory": categories[0]["name"] if categories else "Uncategorized",
                "productUrl": data["url"], "price": money(data["price"]), "available": bool(is_there and is_available),
                "active": is_active, "description": dict(DESCRIPTIONS).get(data["description"], data["description"])}
        item["categoryExternalId"] = categories[0]["id"] if categories else None
        item["categories"] = [one["name"] for one in categories[1:6]] or None
        item["discountPrice"] = money(data["sale_price"]) if data.get("sale_price") else None
        item["mainImageUrl"] = data["images"][0] if data["images"] else None
        item["imageUrls"] = data["images"][1:6] or None
        item["color"] = cut(data["attributes"]["color"], 25).rstrip() if "color" in data["attributes"] else None
        item["manufacturer"] = cut(data["brand"], 100) if data.get("brand") else None
        if is_there:
            item["quantity"] = stock.get("quantity") if stock else None
        return item

    @staticmethod
    def variant_item(variant, stock, product):
        is_there = not product.is_deleted
        item = {"productId": variant["id"], "productUrl": variant["url"], "price": money(variant["price"]),
                "available": bool(is_there and (stock is None or stock["available"])), "active": is_there and product.data["status"] == "active"}
        if is_there:
            item["quantity"] = stock.get("quantity") if stock else None
        return item


def differences(expected, stored, dead=()):
    """Each field that is not what it must be: (item, field, expected, stored). Items of dead products may be as they were."""
    found = []
    for key, item in expected.items():
        have = stored.get(key)
        if have is None:
            found.append((key, "", "there", "missing"))
            continue
        flat = {**have.get("systemDetails", {}), **have}
        found += [(key, field, value, flat.get(field)) for field, value in item.items() if flat.get(field) != value]
    found += [(key, "", "not there", "there") for key in stored if key not in expected and key not in dead]
    return found
