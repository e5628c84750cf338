"""Random products through the mapping, held against the simulator's rules, which were written from the vendor's documents alone: whatever we
send, SALESmanago would take. Argument: the items_out program. Seed: HOOKBUS_TEST_SEED, else 1."""
import json
import os
import pathlib
import random
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "simulators" / "salesmanago"))
import rules  # noqa: E402

COUNT = 3000
CHARACTERS = list("aZ09 -_.,;:!?'\"\\/<>&%#+*()[]{}|~^`@$=") + ["\n", "\t", "\0", "\x7f", "ż", "Ó", "€", "\u00a0", "\u2028", "👗", "日", "\ufeff", "é"]
WORDS = ["female", "male", "unisex", "Damskie", "robot", "", "lato", "&amp;", "<b>bold</b>", "<script>x</script>", "&lt;", "</p>", "5 < 6"]
URLS = ["https://shop.example.com/p/{}", "http://sklep.pl/produkt//{}", "https://shop.example.com/ż {}?q=ó#ź", "https://localhost/{}",
        "ftp://files.example.com/{}", "https://shop.example.com:8080/{}", "//shop.example.com/{}", "https://a.local/{}", "nonsense {}",
        "https://192.0.2.7/{}", "https://shop.example.com/100%/{}", "https://user@shop.example.com/{}", "HTTPS://Shop.Example.com/{}",
        "https://shop.example.com/[{}]", "https://-bad.com/{}", "https://shop.example.com/a/../../{}", "https://shop.example.com/\\{}"]
MAPPING = {"fields": {"brand": "brand", "popularity": "attributes.rank", "bestseller": "attributes.best", "newProduct": "attributes.new"},
           "details": {"detail1": "attributes.fabric", "detail2": "ean", "własny": "reference", "detail4": "attributes", "detail5": "images"}}


class Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def text(self, most):
        r = self.random
        if r.random() < 0.3:
            return r.choice(WORDS)
        length = r.choice([r.randint(0, 12), r.randint(0, 12), most - 1, most, most + 1, most + r.randint(2, 300)])
        kind = r.choice(CHARACTERS)
        return "".join(r.choice(CHARACTERS) for _ in range(length)) if r.random() < 0.6 else kind * length

    def url(self, number):
        r = self.random
        if r.random() < 0.75:
            return URLS[0].format(number)
        if r.random() < 0.2:
            return "https://shop.example.com/" + self.text(r.choice([10, 2023, 700]))
        return r.choice(URLS).format(number)

    def money(self):
        r = self.random
        return r.choice([f"{r.randint(0, 10 ** r.randint(1, 15))}.{r.randint(0, 10 ** 6):06d}"[:22], "0", "0.005", "19.90", "12.5",
                         "9999999999999999999.99", "-1", "free", 19.9, 7, None, "99999999999999999999"])

    def attributes(self):
        r, made = self.random, {}
        for name in ("season", "color", "gender", "fabric", "rank", "best", "new"):
            if r.random() < 0.5:
                made[name] = r.choice([self.text(40), [self.text(10), self.text(30)], True, "40", "yes", "99999999999", []])
        return made

    def member(self, target, name, chance, make):
        if self.random.random() < chance:
            target[name] = make()

    def variant(self, number):
        r = self.random
        made = {"id": f"{number}-{r.randint(1, 4)}"}
        self.member(made, "url", 0.7, lambda: self.url(f"{number}/{r.randint(1, 5)}"))
        self.member(made, "name", 0.5, lambda: self.text(255))
        self.member(made, "price", 0.4, self.money)
        self.member(made, "sale_price", 0.2, self.money)
        self.member(made, "attributes", 0.4, self.attributes)
        self.member(made, "stock", 0.5, lambda: {"available": r.random() < 0.5, "quantity": r.choice([None, 3, -1, 2 ** 40])})
        return made

    def product(self, number):
        r = self.random
        made = {"id": str(number) if r.random() < 0.95 else self.text(255) or "x"}
        self.member(made, "name", 0.97, lambda: self.text(255) if r.random() < 0.4 else f"Product {number}")
        self.member(made, "url", 0.98, lambda: self.url(number))
        self.member(made, "price", 0.97, lambda: self.money() if r.random() < 0.4 else f"{number}.90")
        made["currency"] = "PLN" if r.random() < 0.95 else "EUR"
        self.member(made, "sale_price", 0.3, self.money)
        self.member(made, "description", 0.7, lambda: self.text(r.choice([50, 1024, 16384])))
        self.member(made, "brand", 0.6, lambda: self.text(r.choice([100, 255])))
        self.member(made, "reference", 0.5, lambda: self.text(255))
        self.member(made, "ean", 0.5, lambda: self.text(13))
        self.member(made, "status", 0.4, lambda: r.choice(["active", "draft", "archived"]))
        self.member(made, "categories", 0.8, lambda: [{"id": self.text(255) or "c", "name": self.text(255) or "c"} for _ in range(r.randint(0, 9))])
        self.member(made, "images", 0.8, lambda: [self.url(i) if r.random() < 0.7 else {"url": self.url(i)} for i in range(r.randint(0, 9))])
        self.member(made, "attributes", 0.7, self.attributes)
        self.member(made, "variants", 0.3, lambda: [self.variant(number) for _ in range(r.randint(0, 6))])
        return made


class Plain:
    trims, is_dotted = {}, False


def findings(body):
    """What SALESmanago would say of one request."""
    doubts = {}
    check = rules.Check(Plain, doubts)
    request = json.loads(body, parse_float=rules.Decimal)
    for product in request["products"]:
        check.product(product)
        if not isinstance(product["price"], rules.Decimal):
            check.problems.append((0, "price has no point"))
    doubts.pop("unknown field brand", None)
    return check.problems + sorted(doubts)


def main():
    seed = int(os.environ.get("HOOKBUS_TEST_SEED", "1"))
    maker = Maker(seed)
    products = [json.dumps(maker.product(number), ensure_ascii=maker.random.random() < 0.5) for number in range(COUNT)]
    text = "".join(product + "\n" for product in products)
    made = subprocess.run([sys.argv[1], json.dumps(MAPPING)], input=text.encode(), check=True, capture_output=True).stdout.decode().split("\n")
    assert len(made) == COUNT + 1, len(made)
    refused = [line for line in made[:-1] if line.startswith("refused: ")]
    wrong = [(product, line, findings(line)) for product, line in zip(products, made) if not line.startswith("refused: ")]
    wrong = [row for row in wrong if row[2]]
    for product, line, found in wrong[:3]:
        print(found, product[:2000], line[:2000], sep="\n", end="\n\n")
    print(f"seed {seed}: {COUNT} products, {len(refused)} refused by us, {len(wrong)} that SALESmanago would refuse")
    assert 100 < len(refused) < COUNT / 2, "the products are too good or too bad to show anything"
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
