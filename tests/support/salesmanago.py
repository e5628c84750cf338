"""The simulator of SALESmanago as a test uses it: started, turned, and asked what it holds."""
import http.client
import json
import os
import subprocess
import sys
import threading
import urllib.parse

from harness import ROOT, die_with_parent


class Simulator:
    def __init__(self, *arguments, key="key1", catalog="catalog-1"):
        given = [*(["--key", key] if key else []), *(["--catalog", catalog] if catalog else []), *arguments]
        self.child = subprocess.Popen([sys.executable, "-B", os.path.join(ROOT, "tests/simulators/salesmanago"), *given], stdout=subprocess.PIPE,
                                      stdin=subprocess.DEVNULL, preexec_fn=die_with_parent)
        line = self.child.stdout.readline().split()
        assert line[:1] == [b"ready"], "the simulator did not start"
        self.port = int(line[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self.key, self.catalog = key, catalog
        self.lock = threading.Lock()

    def close(self):
        self.child.kill()
        self.child.wait()
        self.child.stdout.close()

    def call(self, method, path, body=None, headers=None, timeout=60):
        """(status, headers, JSON or bytes) of any request."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            given = {"Content-Type": "application/json", **(headers or {})} if body is not None else headers or {}
            connection.request(method, path, body if body is None or isinstance(body, bytes) else json.dumps(body), given)
            answer = connection.getresponse()
            data = answer.read()
            try:
                parsed = json.loads(data)
            except ValueError:
                parsed = data
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, parsed
        finally:
            connection.close()

    def post(self, path, body, key=None, **more):
        return self.call("POST", f"/v3/product/{path}", body, {"API-KEY": key or self.key}, **more)

    def sim(self, name, body=None, method=None, **query):
        path = f"/_sim/{name}" + ("?" + urllib.parse.urlencode(query) if query else "")
        status, _, answer = self.call(method or ("GET" if body is None else "POST"), path, body)
        assert status == 200, answer
        return answer

    def settings(self, **given):
        return self.sim("settings", given)

    def inject(self, do, **given):
        return self.sim("inject", {"do": do, **given})["ids"][0]

    def heal(self, fault=None):
        """Takes faults away; without a number all of them."""
        return self.sim("inject", method="DELETE", **({"id": fault} if fault else {}))

    def products(self, catalog=None):
        """Product id to its stored form."""
        return self.sim("state", catalog=catalog or self.catalog)["products"]

    def product(self, product, catalog=None):
        return self.sim("state", catalog=catalog or self.catalog, product=product)["products"][product]

    def versions(self, product=None, catalog=None):
        query = {"product": product} if product else {}
        return self.sim("versions", catalog=catalog or self.catalog, **query)["versions"]

    def backs(self):
        """Every step back from a newer version to an older one."""
        return self.sim("versions")["went_back"]

    def requests(self, after=0, path="/v3/product/upsert"):
        return self.sim("requests", after=after, path=path)["requests"]

    def last_number(self):
        numbers = [one["number"] for one in self.sim("requests")["requests"]]
        return max(numbers, default=0)

    def refusals(self, after=0):
        return self.sim("refusals", after=after)["refusals"]

    def counts(self):
        return self.sim("counts")["counts"]

    def doubts(self):
        return self.sim("counts")["doubts"]

    def most_in_flight(self, catalog=None):
        return self.sim("counts")["most_in_flight"][catalog or self.catalog]

    def in_flight(self, catalog=None):
        return self.sim("counts")["in_flight"][catalog or self.catalog]

    def add_key(self, key, account="default", **more):
        return self.sim("keys", {"key": key, "account": account, **more})

    def add_catalog(self, account="default", **more):
        return self.sim("catalogs", {"account": account, **more})["id"]

    def revoke(self, key, revoked=True):
        return self.sim("revoke", {"key": key, "revoked": revoked})

    def release(self):
        return self.sim("release", {})["released"]
