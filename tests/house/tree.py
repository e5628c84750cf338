"""What the house checks share: the files of the tree, C without its comments and strings, reporting, the self-test frame."""
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
NOT_ROOMS = ("tests", "examples")  # C that is no part of the program


def rooms_of_build():
    """The rooms in the order in which an include may point down, as the build has them: HB_ROOMS in CMakeLists.txt."""
    text = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
    return tuple(re.search(r"^set\(HB_ROOMS\s([^)]*)\)", text, re.M).group(1).split())


ROOMS = rooms_of_build()


def room_of(path):
    """The folder a file belongs to: its first, and in platform/ the wrapper's."""
    parts = str(path).split("/")
    return "/".join(parts[:2]) if parts[0] == "platform" and len(parts) > 2 else parts[0]


def c_files(root):
    """The C files of the program, sorted, as paths relative to root. One in a folder that is no room is among them."""
    return [p for p in tracked_files(root) if p.suffix in (".c", ".h", ".def") and p.parts[0] not in NOT_ROOMS]


def tracked_files(root):
    """What git knows or would take; the whole folder, but for what is made, where there is no repository (self-tests, an unpacked archive)."""
    if not (root / ".git").exists():
        found = (p.relative_to(root) for p in root.rglob("*") if p.is_file())
        return sorted(p for p in found if p.parts[0] not in ("build", ".local"))
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=root, check=True,
                            capture_output=True).stdout
    return sorted(pathlib.Path(n) for n in listed.decode().split("\0") if n and (root / n).is_file())


TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def without_comments_and_strings(text):
    """The same number of lines, but only code. Include lines keep their file names."""
    def blank(match):
        token = match.group(0)
        line_start = text.rfind("\n", 0, match.start()) + 1
        if token[0] == '"' and re.match(r"\s*#\s*include\s*$", text[line_start:match.start()]):
            return token
        return re.sub(r"[^\n]", " ", token)
    return TOKEN.sub(blank, text)


INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]', re.M)


def includes(root, path):
    """(line, is_system_form, name) of each include of a file."""
    code = without_comments_and_strings((root / path).read_text(encoding="utf-8"))
    return [(code.count("\n", 0, m.start(1)) + 1, m.group(1) == "<", m.group(2)) for m in INCLUDE.finditer(code)]


def run(check, bad_tree, good_tree=None):
    """Runs `check(root)`, which returns complaints, on the tree; with --self-test on a tree that must be complained about.
    bad_tree: {path: (text, how many complaints)}; good_tree: {path: text} must pass beside it."""
    if "--self-test" in sys.argv:
        sys.exit(self_test(check, bad_tree, good_tree or {}))
    complaints = check(ROOT)
    for complaint in complaints:
        print(complaint)
    sys.exit(1 if complaints else 0)


def write_tree(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def self_test(check, bad_tree, good_tree):
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        write_tree(root, good_tree)
        unexpected = check(root)
        if unexpected:
            print("complained about a good tree:", *unexpected, sep="\n  ")
            return 1
        write_tree(root, {name: text for name, (text, _) in bad_tree.items()})
        complaints = check(root)
    failed = False
    for name, (_, wanted) in bad_tree.items():
        count = sum(1 for c in complaints if c.startswith(name + ":"))
        if count != wanted:
            failed = True
            print(f"{name}: {count} complaints instead of {wanted}")
    if failed:
        print(*complaints, sep="\n")
    return 1 if failed else 0
