"""An include points down only: include <- core <- platform <- registry, records <- rooms <- cli. Rooms do not include each other;
of the wrappers in platform/ only those in the table below include another. And no file includes itself through others."""
import tree

# What may be included from where. A folder may always include itself. Rooms: nothing here lets one include another.
FOUNDATIONS = {"include", "core"}
PLATFORM = {room for room in tree.ROOMS if room.startswith("platform/")}
WRAPPERS_OVER_WRAPPERS = {
    "platform/kafka": {"platform/loop"},
    "platform/redis": {"platform/loop"},
    "platform/resolver": {"platform/loop"},
    "platform/http_client": {"platform/loop", "platform/resolver"},
    "platform/http_server": {"platform/json", "platform/loop"},
}
BELOW_THE_ROOMS = {"registry", "records"}
ROOMS = set(tree.ROOMS) - FOUNDATIONS - PLATFORM - BELOW_THE_ROOMS - {"cli"}
ALLOWED = {"include": {"core/tables"}, "core": {"include"}}
ALLOWED.update({wrapper: FOUNDATIONS | WRAPPERS_OVER_WRAPPERS.get(wrapper, set()) for wrapper in PLATFORM})
ALLOWED.update({low: FOUNDATIONS | PLATFORM for low in BELOW_THE_ROOMS})
ALLOWED.update({room: FOUNDATIONS | PLATFORM | BELOW_THE_ROOMS for room in ROOMS})
ALLOWED["cli"] = FOUNDATIONS | PLATFORM | BELOW_THE_ROOMS | ROOMS


def target_of(root, name):
    """The file of the tree an include names, or None if it is somebody else's."""
    for candidate in (name, "include/" + name):
        if (root / candidate).is_file():
            return candidate
    return None


def may_include(path, target):
    own, other = tree.room_of(path), tree.room_of(target)
    if own == other:
        return True
    allowed = ALLOWED.get(own, set())
    return other in allowed or any(target.startswith(folder + "/") for folder in allowed)


def circles(graph):
    """One complaint for each file that reaches itself."""
    complaints = []
    for start in sorted(graph):
        seen, waiting = set(), list(graph[start])
        while waiting:
            at = waiting.pop()
            if at == start:
                complaints.append(f"{start}: includes itself through other files")
                break
            if at not in seen:
                seen.add(at)
                waiting += graph.get(at, ())
    return complaints


def check(root):
    complaints, graph = [], {}
    for path in tree.c_files(root):
        if tree.room_of(path) not in tree.ROOMS:
            complaints.append(f"{path}: its folder is no room of the build (HB_ROOMS in CMakeLists.txt)")
        for line, is_system, name in tree.includes(root, path):
            target = None if is_system else target_of(root, name)
            if not is_system and target is None:
                complaints.append(f"{path}:{line}: \"{name}\" is no file of the tree (write paths from its root)")
            if target is None:
                continue
            graph.setdefault(str(path), set()).add(target)
            if not may_include(path, target):
                complaints.append(f"{path}:{line}: {tree.room_of(path)} may not include {target}")
    return complaints + circles(graph)


GOOD = {
    "include/hookbus/a.h": '#include "core/tables/t.def"\n#include <stdint.h>\n',
    "core/tables/t.def": "ROW(1)\n",
    "core/a.h": '#include "hookbus/a.h"\n',
    "platform/loop/loop.h": '#include "hookbus/a.h"\n',
    "platform/kafka/kafka.c": '#include "platform/loop/loop.h"\n/* #include "cli/main.h" */\n',
    "registry/r.h": '#include "platform/kafka/k.h"\n',
    "platform/kafka/k.h": "",
    "producer/p.h": '#include "registry/r.h"\n',
    "cli/main.c": '#include "producer/p.h"\n',
    "cli/main.h": "",
}
BAD = {
    "core/b.c": ('#include "platform/loop/loop.h"\n', 1),
    "include/hookbus/b.h": ('#include "core/a.h"\n', 1),
    "platform/json/j.c": ('#include "platform/loop/loop.h"\n#include "registry/r.h"\n', 2),
    "dispatcher/d.c": ('#include "core/a.h"\n#include "producer/p.h"\n', 1),
    "registry/x.c": ('#include "cli/main.h"\n', 1),
    "cli/missing.c": ('#include "no_such.h"\n', 1),
    "core/c1.h": ('#include "core/c2.h"\n', 1),
    "core/c2.h": ('#include "core/c1.h"\n', 1),
    "platform/other/o.c": ("", 1),
    "unlisted/u.c": ("", 1),
}

if __name__ == "__main__":
    tree.run(check, BAD, GOOD)
