"""docs/generated is what the tables say now. First argument: the house_docs program. Fix: build the `docs` target."""
import pathlib
import subprocess
import sys
import tempfile

import tree


def check(generator, folder):
    complaints = []
    with tempfile.TemporaryDirectory() as fresh:
        subprocess.run([generator, fresh], check=True)
        names = {p.name for p in pathlib.Path(fresh).iterdir()}
        kept = {p.name for p in folder.iterdir()} if folder.is_dir() else set()
        for name in sorted(names | kept):
            if name not in kept:
                complaints.append(f"docs/generated/{name} is missing")
            elif name not in names:
                complaints.append(f"docs/generated/{name} is made by nothing")
            elif (pathlib.Path(fresh) / name).read_bytes() != (folder / name).read_bytes():
                complaints.append(f"docs/generated/{name} is not what the tables say")
    return complaints


def self_test(generator):
    """A changed, a missing and a foreign file must each be noticed."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        subprocess.run([generator, name], check=True)
        if check(generator, folder):
            return 1
        with (folder / "config.md").open("a") as file:
            file.write("x")
        (folder / "metrics.md").unlink()
        (folder / "old.md").write_text("x")
        return 0 if len(check(generator, folder)) == 3 else 1


if __name__ == "__main__":
    if "--self-test" in sys.argv:
        sys.exit(self_test(sys.argv[1]))
    found = check(sys.argv[1], tree.ROOT / "docs" / "generated")
    print(*found, *(["build the target `docs` and commit"] if found else []), sep="\n")
    sys.exit(1 if found else 0)
