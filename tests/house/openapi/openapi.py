"""docs/openapi.yaml and the routes in the code name the same methods and paths. --self-test: that a difference would be found."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
ROOMS = ["registry", "producer", "dispatcher", "history", "retry", "replay", "salesmanago", "cli"]
# Both ways a struct hb_http_route is written: by place, and by the members' names in either order.
ROUTES = [re.compile(r'\{\s*"(?P<method>[A-Z]+)"\s*,\s*"(?P<path>/[^"]*)"'),
          re.compile(r'\.method\s*=\s*"(?P<method>[A-Z]+)"\s*,\s*\.pattern\s*=\s*"(?P<path>/[^"]*)"'),
          re.compile(r'\.pattern\s*=\s*"(?P<path>/[^"]*)"\s*,\s*\.method\s*=\s*"(?P<method>[A-Z]+)"')]
PATTERN = re.compile(r'\.pattern\s*=')


def routes_of(text):
    return {(match["method"], match["path"]) for route in ROUTES for match in route.finditer(text)}


def unread_in(text):
    """Patterns given by name that none of the forms above reads: such a route would be missed without a word."""
    return len(PATTERN.findall(text)) - sum(len(route.findall(text)) for route in ROUTES[1:])


def documented_in(text):
    """Paths stand at two spaces below `paths:`, methods at four."""
    found, path, inside = set(), None, False
    for line in text.splitlines():
        if re.match(r"\S", line):
            inside = line.startswith("paths:")
        elif inside and (match := re.match(r"  (/\S*):", line)):
            path = match[1]
        elif inside and (match := re.match(r"    (get|post|put|patch|delete):", line)):
            found.add((match[1].upper(), path))
    return found


def complaints(code, document):
    for method, path in sorted(code - document):
        yield f"docs/openapi.yaml lacks {method} {path}"
    for method, path in sorted(document - code):
        yield f"docs/openapi.yaml has {method} {path}, but no such route is in {', '.join(ROOMS)}"


def self_test():
    code = routes_of('x = {"GET", "/a/{b}", f, NULL}, {"POST", "/a", g, NULL};')
    assert code == {("GET", "/a/{b}"), ("POST", "/a")}
    named = '.method = "PUT", .pattern = "/c"} {.pattern = "/d",\n .method = "GET"} {.pattern = "/e", .user = x, .method = "GET"}'
    assert routes_of(named) == {("PUT", "/c"), ("GET", "/d")} and unread_in(named) == 1
    document = documented_in("paths:\n  /a:\n    post:\n      summary: s\n    get:\ncomponents:\n  /c:\n    get:\n")
    assert document == {("POST", "/a"), ("GET", "/a")}
    assert len(list(complaints(code, document))) == 2


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    code = set()
    for room in ROOMS:
        for file in sorted((ROOT / room).rglob("*.c")):
            text = file.read_text()
            code |= routes_of(text)
            assert unread_in(text) <= 0, f"{file}: a route is written in a form that this test does not read"
    found = list(complaints(code, documented_in((ROOT / "docs/openapi.yaml").read_text())))
    assert len(code) > 20, "the routes could not be found in the code"
    print("\n".join(found) or f"{len(code)} routes, all documented")
    return 1 if found else 0


sys.exit(main())
