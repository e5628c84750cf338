"""Our validator and Python's jsonschema agree: on the schemas' examples, on deploy/samples, and on a few thousand spoiled copies of
both. Formats are left to our own table: jsonschema checks most of them only with more packages. SEED=n repeats a run."""
import copy
import json
import os
import pathlib
import random
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
SKIPPED = 77
ODD_VALUES = (None, True, 0, -1, 17, 1.0, 1.5, 1e2, "", "x", "19.90", "1.1234567", "-0", "-0.10", "PLN", "pln", "paid", "Zażółć", "x" * 255, "x" * 256,
              "ą" * 255, "😀" * 255, "😀" * 256, [], {}, [1], ["a"], ["a", 1], {"a": "b"}, {"a": 1}, {"price": "1"}, {"available": True}, "2026-01-31T12:00:00Z",
              {"url": "https://e.x/"}, {"EUR": {"price": "1.00"}}, {"EU": {"price": "1.00"}}, {"pl-PL": {}}, {"1": {}}, 123456789012345678901234567890)
FORMATS = ("email", "uri", "date", "date-time")


def places(value, path=()):
    yield path
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(inner, path + (key,))


def spoil(random_, document):
    """A copy with one to three changes anywhere: a value replaced, taken away, or added."""
    made = copy.deepcopy(document)
    for _ in range(random_.randint(1, 3)):
        paths = [path for path in places(made) if path]
        if not paths:
            break
        *up, last = random_.choice(paths)
        parent = made
        for key in up:
            parent = parent[key]
        action = random_.random()
        if action < 0.3:
            del parent[last]
        elif action < 0.9 or not isinstance(parent, dict):
            parent[last] = copy.deepcopy(random_.choice(ODD_VALUES))
        else:
            parent[random_.choice(("extra", "note", "currency", "status", "EUR", "pl"))] = copy.deepcopy(random_.choice(ODD_VALUES))
    return made


def without_formats(schema):
    if isinstance(schema, dict):
        return {k: without_formats(v) for k, v in schema.items() if not (k == "format" and v in FORMATS)}
    return [without_formats(v) for v in schema] if isinstance(schema, list) else schema


def documents(random_, schemas):
    for family, schema in schemas.items():
        whole = schema["examples"] + [json.loads(p.read_text()) for p in sorted((ROOT / "deploy/samples").glob(f"{family}.*.json"))]
        assert len(whole) > 1, family
        yield from ((family, True, document) for document in whole)
        for _ in range(800):
            yield family, False, spoil(random_, random_.choice(whole))


def main():
    try:
        from jsonschema import Draft202012Validator
    except ImportError:
        print("skipped: no jsonschema (apt-get install python3-jsonschema)")
        return SKIPPED
    seed = int(os.environ.get("SEED", random.randrange(1 << 30)))
    schemas = {f: json.loads((ROOT / f"docs/schemas/{f}.schema.json").read_text()) for f in ("order", "product", "customer", "inventory")}
    validators = {f: Draft202012Validator(without_formats(s)) for f, s in schemas.items()}
    rows = list(documents(random.Random(seed), schemas))
    lines = "".join(f"{family}.updated\t{json.dumps(d, ensure_ascii=i % 2 == 0)}\n" for i, (family, _, d) in enumerate(rows))
    done = subprocess.run([sys.argv[1]], input=lines.encode(), capture_output=True, check=True)
    ours = done.stdout.decode().splitlines()
    assert len(ours) == len(rows), (len(ours), len(rows), done.stderr)
    wrong, fitting, of_format = 0, 0, 0
    for (family, is_whole, document), answer in zip(rows, ours):
        errors = list(validators[family].iter_errors(document))
        is_ours = answer == "fits"
        # What only a format of ours refuses cannot be held against a validator without formats.
        is_format = not is_ours and not errors and answer.split("\t")[1].split(" such as")[0] in (
            "a date", "an RFC 3339 time", "an e-mail address", "an absolute URI")
        fitting += is_ours
        of_format += is_format
        if is_ours == bool(errors) and not is_format or is_whole and not is_ours:
            wrong += 1
            print(f"{family}: ours: {answer}; jsonschema: {[e.message for e in errors][:2]}\n  {json.dumps(document)[:600]}")
    print(f"{len(rows)} documents, {fitting} fit, {of_format} refused for a format alone, {wrong} differ (SEED={seed})")
    assert 100 < fitting < len(rows) - 100
    return 1 if wrong else 0


sys.exit(main())
