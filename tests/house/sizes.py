"""A report, not a rule: how large files and functions are. A number chased makes worse code than a number looked at."""
import re

import tree

FUNCTION_END = re.compile(r"^}\s*$")


def functions(text):
    """(name, lines) of each function, by our layout: the opening brace stands alone in the first column."""
    lines = tree.without_comments_and_strings(text).splitlines()
    found, start = [], None
    for number, line in enumerate(lines):
        if line.startswith("{"):
            start = number
        elif start is not None and FUNCTION_END.match(line):
            head = next((lines[i] for i in range(start - 1, max(start - 6, -1), -1) if re.match(r"\w", lines[i])), "?")
            name = re.search(r"(\w+)\s*\(", head)
            found.append((name.group(1) if name else "?", number - start + 1))
            start = None
    return found


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else 0


def main():
    files, all_functions = [], []
    for path in tree.c_files(tree.ROOT):
        text = (tree.ROOT / path).read_text(encoding="utf-8")
        if path.suffix == ".c":
            files.append((len(text.splitlines()), str(path)))
            all_functions += [(lines, f"{path}: {name}") for name, lines in functions(text)]
    sizes, lengths = [n for n, _ in files], [n for n, _ in all_functions]
    tests = sum(len(p.read_text(encoding="utf-8").splitlines()) for p in (tree.ROOT / "tests").rglob("*.c"))
    print(f"{len(files)} .c files, lines: median {percentile(sizes, .5)}, p90 {percentile(sizes, .9)}, most {max(sizes, default=0)}")
    print(f"{len(lengths)} functions, lines: median {percentile(lengths, .5)}, p90 {percentile(lengths, .9)}, most {max(lengths, default=0)}")
    print(f"test lines to source lines: {tests / max(1, sum(sizes)):.2f}")
    for title, rows, limit in (("files over 400 lines", files, 400), ("functions over 60 lines", all_functions, 60)):
        over = sorted((r for r in rows if r[0] > limit), reverse=True)
        print(f"{title}: {len(over)}", *(f"  {n:5} {name}" for n, name in over), sep="\n")


if __name__ == "__main__":
    main()
