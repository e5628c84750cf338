"""What SALESmanago holds: accounts with their keys, catalogs and products, and of each product the versions in the order they were stored."""
import time
import uuid


class Settings:
    """Everything a test may turn, by POST /_sim/settings."""

    def __init__(self):
        self.shape = "A"  # of an error: "A" {reasonCode, messages}, "B" {problems}
        self.messages = "string"  # of shape A: "string" or "array"
        self.is_dotted = False  # fields of the inner objects are named systemDetails.color instead of color
        self.name_field = "catalogName"  # what catalogUpsert takes and catalogList shows; newer SDKs say "name"
        self.stores_partly = False  # a refused request stores its good products
        self.duplicates = "refuse"  # the same productId twice in a request: "refuse" (15) or "last"
        self.trims = {}  # field -> units at which it is cut with warning 12
        self.refuses_null = []  # further fields that setAsNull is refused for with 17
        self.bytes_max = 0  # a larger body is 413; 0: no limit
        self.items_max = 100
        self.answer_ms = 0
        self.applies = "begin"  # when a slow request takes effect: "begin", or "end", also when nobody waits for it any more
        self.is_checking = True  # off: products are taken as they come, for a benchmark of the sender
        self.keep = "full"  # of a product: "full", "versions" or "ids"
        self.history = 1000  # versions of a product that are kept
        self.versions = {}  # name -> path of the number in a product that a test counts up: {"price": "price"}; "quantity?active": only of active ones
        self.wants_own_urls = False  # two products of a catalog under one productUrl are noted as a doubt
        self.poison = []  # [{"field"?, "contains"?, "ids"?, "code", "message"}]

    def update(self, given):
        for name, value in given.items():
            if not hasattr(self, name):
                raise ValueError(f"no setting {name}; there are: {', '.join(vars(self))}")
            setattr(self, name, value)


class Catalog:
    def __init__(self, catalog_id, fields):
        self.id, self.fields = catalog_id, fields
        self.products = {}
        self.versions = {}  # product -> [[version or None, ...], ...] as they were stored
        self.seen = {}  # product -> newest version of each name
        self.urls = {}
        self.in_flight = self.most_in_flight = self.accepted = 0


class Account:
    def __init__(self, name, catalogs_max=3):
        self.name, self.catalogs_max, self.catalogs = name, catalogs_max, {}


class Key:
    def __init__(self, account, expires_at_ms=None):
        self.account, self.expires_at_ms, self.is_revoked = account, expires_at_ms, False

    def is_valid(self):
        return not self.is_revoked and (self.expires_at_ms is None or time.time() * 1000 < self.expires_at_ms)


def value_at(product, path):
    path, _, condition = path.partition("?")
    if condition and not product.get(condition):
        return None
    for name in path.split("."):
        product = product.get(name) if isinstance(product, dict) else None
    return product


def as_number(value):
    """A version may stand in a number, a decimal text, or a text with it as its first word."""
    if value is None or isinstance(value, bool):
        return None
    text = str(value).split(" ")[0]
    try:
        return int(text) if text.isdigit() else float(text)
    except ValueError:
        return None


class Store:
    def __init__(self):
        self.settings = Settings()
        self.accounts = {}
        self.keys = {}
        self.catalogs = {}  # every account's, by id
        self.went_back = []
        self.doubts = {}

    def account(self, name):
        return self.accounts.setdefault(name, Account(name))

    def add_key(self, key, account="default", expires_at_ms=None):
        self.keys[key] = Key(self.account(account), expires_at_ms)

    def add_catalog(self, account, fields, catalog_id=None):
        catalog = Catalog(catalog_id or str(uuid.uuid4()), fields)
        account.catalogs[catalog.id] = self.catalogs[catalog.id] = catalog
        return catalog

    def put(self, catalog, stored, nulls, request):
        """An upsert: what is not named stays as it was, what setAsNull names goes."""
        key = stored["productId"]
        catalog.accepted += 1
        settings = self.settings
        if settings.versions:
            self.note_versions(catalog, key, stored, request)
        if settings.keep != "full":
            catalog.products[key] = None
            return
        old = catalog.products.get(key)
        if old is None:
            catalog.products[key] = product = stored
        else:
            product = old
            for name in ("systemDetails", "customDetails"):
                if name in stored:
                    stored[name] = {**old.get(name, {}), **stored[name]}
            product.update(stored)
        for name in nulls:
            product.pop(name, None)
            product.get("systemDetails", {}).pop(name, None)
            product.get("customDetails", {}).pop(name, None)
        if settings.wants_own_urls:
            self.note_url(catalog, key, product)

    def note_url(self, catalog, key, product):
        url = product.get("productUrl")
        other = catalog.urls.setdefault(url, key)
        if other != key and catalog.products.get(other, {}).get("productUrl") == url:
            self.doubts["one productUrl for two products"] = self.doubts.get("one productUrl for two products", 0) + 1
        catalog.urls[url] = key

    def note_versions(self, catalog, key, stored, request):
        paths = self.settings.versions
        now = [as_number(value_at(stored, path)) for path in paths.values()]
        seen = catalog.seen.setdefault(key, [None] * len(now))
        for place, (name, version) in enumerate(zip(paths, now)):
            if version is None:
                continue
            if seen[place] is not None and version < seen[place]:
                self.went_back.append({"catalog": catalog.id, "product": key, "version": name, "from": seen[place], "to": version, "request": request})
            seen[place] = version
        kept = catalog.versions.setdefault(key, [])
        kept.append(now)
        if len(kept) > self.settings.history:
            del kept[0]
