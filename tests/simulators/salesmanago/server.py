"""HTTP/1.1 with kept connections on one event loop: requests in, faults and delays, answers out; and the control endpoints under /_sim/."""
import asyncio
import collections
import json
import time
import urllib.parse
import uuid

import rules
from api import Api, Refused, answer_of
from faults import BAD_GATEWAY, Faults
from store import Store

REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 411: "Length Required",
           413: "Payload Too Large", 415: "Unsupported Media Type", 429: "Too Many Requests", 502: "Bad Gateway", 503: "Service Unavailable"}
REQUESTS_KEPT = 200_000


def response(status, body, headers=(), content_type="application/json"):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    extra = "".join(f"{name}: {value}\r\n" for name, value in dict(headers).items())
    return (f"HTTP/1.1 {status} {REASONS.get(status, 'Status')}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n{extra}\r\n").encode() + body


def page(status, headers=(), text=BAD_GATEWAY):
    return response(status, text.encode(), headers, "text/html")


class Request:
    """What is known of a request before it takes effect."""

    def __init__(self, number, method, path, key, body):
        self.number, self.method, self.path, self.key, self.body = number, method, path, key, body
        self.at = time.time()
        self.parsed = self.account = self.catalog = None
        self.ids = []


class Simulator:
    def __init__(self, seed=1):
        self.seed = seed
        self.reset()

    def reset(self):
        self.store = Store()
        self.api = Api(self.store)
        self.faults = Faults(self.seed)
        self.requests = collections.deque(maxlen=REQUESTS_KEPT)
        self.refusals = collections.deque(maxlen=REQUESTS_KEPT)
        self.counts = collections.Counter()
        self.connections = set()

    def look(self, request):
        """Parses as far as faults need it: whose request it is, for which catalog and products."""
        try:
            request.account = self.api.account_of(request.key)
            if request.method == "POST":
                request.parsed = self.api.parse(request.body)
        except (Refused, rules.Broken):
            return
        if request.parsed:
            given = request.parsed.get("catalogId")
            request.catalog = self.store.catalogs.get(given) if isinstance(given, str) else None
            products = request.parsed.get("products")
            if type(products) is list:
                request.ids = [one.get("productId") for one in products if type(one) is dict]

    def perform(self, request):
        """Takes effect; gives (status, body or bytes)."""
        if request.path == "/v3/product/catalogList":
            if request.method != "GET":
                return 405, page(405)
        elif request.path not in self.api.posts:
            return 404, page(404)
        elif request.method != "POST":
            return 405, page(405)
        settings = self.store.settings
        if settings.bytes_max and len(request.body) > settings.bytes_max:
            return 413, page(413)
        try:
            account = self.api.account_of(request.key)
            if request.method == "GET":
                return 200, self.api.catalog_list(account)
            parsed = request.parsed or self.api.parse(request.body)
            return 200, self.api.posts[request.path](account, parsed, str(uuid.UUID(int=request.number)))
        except rules.Broken:
            return 400, response(400, b"[Specified json is not valid]", (), "text/plain")
        except Refused as refused:
            for code, message in refused.problems[:20]:
                self.refusals.append({"at": request.at, "request": request.number, "path": request.path, "catalog": request.catalog and request.catalog.id,
                                      "items": len(request.ids), "code": code, "message": message})
            return 400, answer_of(settings, refused.problems)

    def note(self, request, status, answer, fault):
        codes = []
        if isinstance(answer, dict):
            codes = [answer["reasonCode"]] if "reasonCode" in answer else [one["reasonCode"] for one in answer.get("problems", ())]
        self.counts[request.path] += 1
        self.counts[f"{request.path} {status}"] += 1
        self.counts["items"] += len(request.ids)
        if status == 200:
            self.counts["items accepted"] += len(request.ids)
        self.requests.append({"at": request.at, "number": request.number, "path": request.path, "account": request.account and request.account.name,
                              "catalog": request.catalog and request.catalog.id, "items": len(request.ids), "bytes": len(request.body), "status": status,
                              "codes": codes, "fault": fault and fault.do, "ids": request.ids if len(request.ids) <= 4 else request.ids[:2]})

    # -- control

    def control(self, method, path, query, body):
        given = json.loads(body) if body else {}
        name = path.removeprefix("/_sim/")
        known = getattr(self, f"control_{name}", None)
        if known is None:
            return response(404, {"error": f"no {name}"})
        try:
            return response(200, known(method, query, given))
        except (ValueError, KeyError, TypeError) as e:
            return response(400, {"error": repr(e)})

    def control_ready(self, method, query, given):
        return {"ready": True}

    def control_reset(self, method, query, given):
        self.reset()
        return self.control_settings(method, query, given)

    def control_settings(self, method, query, given):
        self.store.settings.update(given)
        return vars(self.store.settings)

    def control_keys(self, method, query, given):
        """{key, account, expires_at_ms?, catalogs_max?}: a key more."""
        if given:
            self.store.add_key(given["key"], given.get("account", "default"), given.get("expires_at_ms"))
            if "catalogs_max" in given:
                self.store.keys[given["key"]].account.catalogs_max = given["catalogs_max"]
        return {"keys": {key: {"account": one.account.name, "valid": one.is_valid()} for key, one in self.store.keys.items()}}

    def control_revoke(self, method, query, given):
        """{key, revoked?: false puts it back}"""
        self.store.keys[given["key"]].is_revoked = given.get("revoked", True)
        return {}

    def control_catalogs(self, method, query, given):
        """{account?, name?, currency?, location?, id?}: a catalog more. GET: those there are."""
        if given:
            account = self.store.account(given.get("account", "default"))
            fields = {"catalogName": given.get("name", "Shop"), "currency": given.get("currency", "PLN"), "location": given.get("location", f"shop{len(account.catalogs)}")}
            return {"id": self.store.add_catalog(account, fields, given.get("id")).id}
        return {"catalogs": [{"id": one.id, **one.fields, "products": len(one.products), "accepted": one.accepted,
                              "most_in_flight": one.most_in_flight} for one in self.store.catalogs.values()]}

    def control_inject(self, method, query, given):
        """A fault or a list of them; DELETE takes all away, or that of ?id=."""
        if method == "DELETE":
            self.faults.clear(int(query["id"]) if "id" in query else None)
            return {}
        return {"ids": [self.faults.add(one) for one in (given if isinstance(given, list) else [given])]}

    def control_faults(self, method, query, given):
        return {"faults": [{"id": fault.id, "do": fault.do, "met": fault.met} for fault in self.faults.list]}

    def control_state(self, method, query, given):
        """?catalog=: its products (all, or that of ?product=)."""
        products = self.store.catalogs[query["catalog"]].products
        return {"products": {query["product"]: products.get(query["product"])} if "product" in query else products}

    def control_versions(self, method, query, given):
        """What was stored of each product, in order, and every step back."""
        catalog = self.store.catalogs[query["catalog"]] if "catalog" in query else None
        versions = {} if not catalog else catalog.versions
        if "product" in query:
            versions = {query["product"]: versions.get(query["product"], [])}
        return {"names": list(self.store.settings.versions), "versions": versions, "went_back": self.store.went_back[:1000], "backs": len(self.store.went_back)}

    def control_requests(self, method, query, given):
        after = int(query.get("after", 0))
        return {"requests": [one for one in self.requests if one["number"] > after and query.get("path", one["path"]) == one["path"]]}

    def control_refusals(self, method, query, given):
        after = int(query.get("after", 0))
        return {"refusals": [one for one in self.refusals if one["request"] > after]}

    def control_counts(self, method, query, given):
        return {"counts": self.counts, "doubts": self.store.doubts, "backs": len(self.store.went_back),
                "in_flight": {one.id: one.in_flight for one in self.store.catalogs.values()}, "most_in_flight": {one.id: one.most_in_flight for one in self.store.catalogs.values()}}

    def control_release(self, method, query, given):
        """Ends every request that hangs, without an answer."""
        hanging = [connection for connection in self.connections if connection.is_hanging]
        for connection in hanging:
            connection.transport.close()
        return {"released": len(hanging)}


class Connection(asyncio.Protocol):
    """One request at a time; what comes meanwhile waits."""

    numbers = 0

    def __init__(self, simulator):
        self.simulator = simulator
        self.buffer = bytearray()
        self.is_busy = self.is_hanging = self.has_continued = False
        self.is_open = True
        self.catalog = None

    def connection_made(self, transport):
        self.transport = transport
        self.simulator.connections.add(self)

    def connection_lost(self, error):
        self.is_open = False
        self.leave()
        self.simulator.connections.discard(self)

    def data_received(self, data):
        self.buffer += data
        if not self.is_busy:
            self.take()

    def take(self):
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        lines = self.buffer[:end].decode("latin-1").split("\r\n")
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        if "transfer-encoding" in headers:
            self.send(page(411))
            self.transport.close()
            return
        length = int(headers.get("content-length", 0))
        if len(self.buffer) < end + 4 + length:
            if headers.get("expect", "").lower() == "100-continue" and not self.has_continued:
                self.has_continued = True
                self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            return
        body = bytes(self.buffer[end + 4:end + 4 + length])
        del self.buffer[:end + 4 + length]
        self.has_continued = False
        self.is_busy = True
        method, target, _ = lines[0].split(" ", 2)
        path, _, query = target.partition("?")
        if path.startswith("/_sim/"):
            self.send(self.simulator.control(method, path, dict(urllib.parse.parse_qsl(query)), body))
        elif method == "POST" and not headers.get("content-type", "").startswith("application/json"):
            self.send(page(415))
        else:
            self.begin(method, path, headers.get("api-key", ""), body)

    def begin(self, method, path, key, body):
        Connection.numbers += 1
        request = Request(Connection.numbers, method, path, key, body)
        simulator = self.simulator
        simulator.look(request)
        self.enter(request.catalog)
        settings = simulator.store.settings
        fault = simulator.faults.find(path, request.account and request.account.name, request.catalog and request.catalog.id, request.ids)
        delay_s = (fault.delay_ms if fault and fault.delay_ms else settings.answer_ms) / 1000
        if not delay_s:
            self.finish(request, fault, self.perform(request, fault))
        elif (fault.applies if fault and fault.delay_ms else settings.applies) == "end":
            asyncio.get_running_loop().call_later(delay_s, lambda: self.finish(request, fault, self.perform(request, fault)))
        else:
            done = self.perform(request, fault)
            asyncio.get_running_loop().call_later(delay_s, lambda: self.finish(request, fault, done))

    def perform(self, request, fault):
        if fault and fault.do == "missing" and not fault.stores:
            return self.perform_without(request, self.lost(fault, request.ids))
        if fault and not fault.stores:
            return None
        return self.simulator.perform(request)

    @staticmethod
    def lost(fault, ids):
        return fault.ids or set(ids[:fault.count])

    def perform_without(self, request, lost):
        """Takes effect for the others only."""
        left = [one for one in request.parsed["products"] if one.get("productId") not in lost]
        if not left:
            return 200, {"requestId": "sim", "productIds": []}
        request.parsed = {**request.parsed, "products": left}
        return self.simulator.perform(request)

    def enter(self, catalog):
        self.catalog = catalog
        if catalog:
            catalog.in_flight += 1
            catalog.most_in_flight = max(catalog.most_in_flight, catalog.in_flight)

    def leave(self):
        if self.catalog:
            self.catalog.in_flight -= 1
            self.catalog = None

    def finish(self, request, fault, done):
        """The answer as it is, or what the fault makes of it. `done` is None when the fault let nothing take effect."""
        status, answer = done or (0, None)
        # What is refused on its own account is no success that a warning could stand beside.
        is_refused = fault and fault.do == "problems" and fault.status == 200 and status >= 400
        if not fault or fault.do == "slow" or is_refused:
            self.simulator.note(request, status, answer, fault)
            return self.send(answer if isinstance(answer, bytes) else response(status, answer))
        if fault.do in ("close", "hang", "half"):
            self.simulator.note(request, 0, None, fault)
            if fault.do == "half":
                self.write(response(200, {"requestId": "half", "productIds": request.ids})[:-10])
            self.is_hanging = fault.do == "hang"
            if fault.do != "hang":
                self.transport.close()
            return None
        if fault.do == "missing":
            if isinstance(answer, dict) and "productIds" in answer:
                lost = self.lost(fault, request.ids)
                answer["productIds"] = [one for one in answer["productIds"] if one not in lost]
            self.simulator.note(request, status, answer, fault)
            return self.send(answer if isinstance(answer, bytes) else response(status, answer))
        status = fault.status if fault.do in ("status", "problems") else 200
        if fault.do == "problems":
            answer = answer_of(self.simulator.store.settings, fault.problems)
            if status == 200:  # beside what a success says
                answer = {"requestId": "sim", "productIds": request.ids, "problems": [{"reasonCode": code, "message": text} for code, text in fault.problems]}
            sent = response(status, answer)
        else:
            answer = None
            sent = page(status, fault.headers, fault.body) if fault.do == "status" else response(200, {} if fault.do == "empty" else b"{\"requestId\": \"1")
        self.simulator.note(request, status, answer, fault)
        return self.send(sent)

    def write(self, data):
        if self.is_open:
            self.transport.write(data)

    def send(self, data):
        self.leave()
        self.write(data)
        self.is_busy = False
        if self.buffer and self.is_open:
            self.take()
