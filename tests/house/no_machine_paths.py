"""No tracked file holds a path of the machine it was written on: a clone must work anywhere."""
import re

import tree

# Written in two pieces, so that this file does not complain about itself.
PATTERNS = ["/" + "work/", "/" + "root/", "/" + r"home/[a-z]+/", "C:" + r"\\\\Users"]
PATTERN = re.compile(r"(?<![\w.*/-])(?:" + "|".join(PATTERNS) + ")")
TEXT_MAX_BYTES = 2_000_000


def check(root):
    complaints = []
    for path in tree.tracked_files(root):
        raw = (root / path).read_bytes()
        if b"\0" in raw[:4096] or len(raw) > TEXT_MAX_BYTES:
            continue
        for number, line in enumerate(raw.decode("utf-8", "replace").splitlines(), 1):
            if PATTERN.search(line):
                complaints.append(f"{path}:{number}: a path of one machine: {line.strip()[:100]}")
    return complaints


BAD = {"docs/a.md": ("first\nsee /" + "work/main/x\n", 1), "deploy/b.sh": ("cd /" + "home/anna/x\nls \"/" + "root/y\"\n", 2)}
GOOD = {"docs/ok.md": "network/ homework/ /tmp/x /etc/hookbus.yaml build/work/x\n"}

if __name__ == "__main__":
    tree.run(check, BAD, GOOD)
