"""Every test that docs/faults.md names exists and is run by ctest; every row names one. --self-test: that a missing one would be found."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| (\d+\w?) \| .* \| (.*) \|$", re.M)
TEST = re.compile(r"`(tests/[\w/]+\.(?:py|c))::(\w+)`")


def is_run(path, lists):
    """Its folder's CMakeLists.txt names the file: with test_ and .c taken off, if it builds it from a list of names."""
    words = set(re.findall(r"[\w.]+", lists.get(path.rpartition("/")[0], "")))
    stem = path.rpartition("/")[2].rpartition(".")[0]
    return bool(words & {stem, stem.removeprefix("test_"), path.rpartition("/")[2]})


def complaints(document, files, lists):
    rows = ROW.findall(document)
    if not rows:
        yield "docs/faults.md has no rows"
    for number, cell in rows:
        tests = TEST.findall(cell)
        if not tests:
            yield f"row {number} names no test"
        for path, name in tests:
            wanted = rf"def {name}\(self" if path.endswith(".py") else rf"cmocka_unit_test\w*\(\s*{name}\b"
            if not re.search(wanted, files.get(path, "")):
                yield f"row {number}: {path} has no test {name}"
            elif not is_run(path, lists):
                yield f"row {number}: {path} is in no CMakeLists.txt, so nobody runs it"


def self_test():
    document = "| 1 | `a` | `tests/a/x.py::test_a`, `tests/a/test_y.c::b` |\n| 2b | `c` | nothing |\n| 3 | `d` | `tests/a/x.py::test_gone`, `tests/z/x.py::test_a` |\n"
    files = {"tests/a/x.py": "def test_a(self):", "tests/a/test_y.c": "cmocka_unit_test(b),", "tests/z/x.py": "def test_a(self):"}
    found = list(complaints(document, files, {"tests/a": "foreach(name x y)"}))
    assert len(found) == 3 and "2b" in found[0] and "test_gone" in found[1] and "nobody runs" in found[2], found


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    document = (ROOT / "docs/faults.md").read_text()
    paths = {path for path, _ in TEST.findall(document)}
    files = {path: (ROOT / path).read_text() for path in paths if (ROOT / path).is_file()}
    lists = {str(file.parent.relative_to(ROOT)): file.read_text() for file in (ROOT / "tests").rglob("CMakeLists.txt")}
    found = list(complaints(document, files, lists))
    print("\n".join(found) or f"{len(ROW.findall(document))} rows, {len(TEST.findall(document))} tests, all there")
    return 1 if found else 0


sys.exit(main())
