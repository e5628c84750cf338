"""Faults that a test injects: which requests they meet, how often, and what becomes of those."""
import random

BAD_GATEWAY = "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center><hr>nginx</body></html>"
DOES = ("status", "problems", "junk", "empty", "half", "close", "hang", "slow", "missing")


class Fault:
    """Which: path, account, catalog, product (an id it must hold), over (more products than that), times (None: always), share (of those it meets).
    What: do, and stores: whether the request takes effect all the same.

    status    an answer without JSON: status, body (HTML), headers, retry_after
    problems  status (200 or 400) with problems [[code, message], ...] in the shape of the settings; a 200 only where nothing was refused
    junk, empty, half  200 that is not JSON; 200 with {}; a 200 that ends in its middle
    close, hang        the connection ends without an answer; no answer at all
    slow      delay_ms; applies "begin" or "end"
    missing   200 whose productIds lack the first `count` ids, or those in `ids`; without stores those are not stored either"""

    def __init__(self, number, given, seed):
        self.id = number
        self.do = given["do"]
        if self.do not in DOES:
            raise ValueError(f"no fault {self.do}; there are: {', '.join(DOES)}")
        self.path = given.get("path", "/v3/product/upsert")
        self.account, self.catalog, self.product = given.get("account"), given.get("catalog"), given.get("product")
        self.over, self.times, self.share = given.get("over", 0), given.get("times"), given.get("share", 1.0)
        self.stores = given.get("stores", self.do in ("slow", "missing"))
        self.status = given.get("status", 200 if self.do in ("problems", "missing") else 503)
        self.headers = dict(given.get("headers", {}))
        if "retry_after" in given:
            self.headers["Retry-After"] = str(given["retry_after"])
        self.body = given.get("body", BAD_GATEWAY)
        self.problems = [tuple(one) for one in given.get("problems", [])]
        self.delay_ms, self.applies = given.get("delay_ms", 0), given.get("applies", "begin")
        self.count, self.ids = given.get("count", 1), set(given.get("ids", []))
        self.met = 0
        self.random = random.Random(f"{seed}/{number}")

    def meets(self, path, account, catalog, ids):
        if self.path not in ("*", path) or (self.times is not None and self.met >= self.times):
            return False
        if (self.account and self.account != account) or (self.catalog and self.catalog != catalog):
            return False
        if len(ids) <= self.over and self.over or (self.product and self.product not in ids):
            return False
        if self.share < 1 and self.random.random() >= self.share:
            return False
        self.met += 1
        return True


class Faults:
    def __init__(self, seed=1):
        self.seed, self.number, self.list = seed, 0, []

    def add(self, given):
        self.number += 1
        fault = Fault(self.number, given, self.seed)
        self.list.append(fault)
        return fault.id

    def clear(self, number=None):
        self.list = [] if number is None else [fault for fault in self.list if fault.id != number]

    def find(self, path, account, catalog, ids):
        return next((fault for fault in self.list if fault.meets(path, account, catalog, ids)), None)
